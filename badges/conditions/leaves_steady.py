"""The leaves that are met once and then hold.  What held before counting began counts from then."""

from decimal import Decimal

from badges.conditions import facts
from badges.conditions.completions import first
from badges.conditions.query import Binder
from badges.conditions.tree import External, Held, Listed


def confirmed(binder: Binder, leaf: External) -> str:
    return facts.for_each(binder, first(binder, facts.activity(binder, leaf.event)))


def listed(binder: Binder, leaf: Listed) -> str:
    """A member is on a list but once."""
    since = binder.bind(binder.scope.counting_from, "timestamptz")
    return facts.for_each(
        binder,
        f"""
        SELECT member_id, 1 AS k, greatest(t, {since}) AS reached_at
          FROM ({facts.listed(binder, leaf.list_id)}) entry""",
    )


def held(binder: Binder, leaf: Held) -> str:
    """Lines of one moment count together; a count that was lost again since then does not."""
    if leaf.badge_type_id is None:
        raise TypeError(f"{leaf.id} names its badge by the code.")
    times = binder.bind(leaf.times, "bigint")
    counted = f"""
        SELECT member_id, t FROM (
               SELECT member_id, t, sum(delta) OVER (PARTITION BY member_id ORDER BY t) AS held,
                      sum(delta) OVER (PARTITION BY member_id) AS now_held
                 FROM ({facts.ledger(binder, leaf.badge_type_id)}) line) counted
         WHERE held >= {times} AND now_held >= {times}"""
    return facts.for_each(binder, _since(binder, counted))


def balance(binder: Binder, wallet: str, target: Decimal) -> str:
    """The first moment, not before counting began, at which the balance was there.

    Each balance lasts until the next entry of another moment.
    """
    since = binder.bind(binder.scope.counting_from, "timestamptz")
    lasting = f"""
        SELECT member_id, t FROM (
               SELECT member_id, t, sum(amount) OVER (PARTITION BY member_id ORDER BY t) AS balance,
                      lead(t) OVER (PARTITION BY member_id ORDER BY t) AS next
                 FROM ({facts.points(binder, wallet)}) entry) balance
         WHERE balance >= {binder.bind(target, "numeric")}
           AND (t >= {since} OR next > {since} OR next IS NULL)"""
    return facts.for_each(binder, _since(binder, lasting))


def _since(binder: Binder, found: str) -> str:
    since = binder.bind(binder.scope.counting_from, "timestamptz")
    return f"""
        SELECT member_id, 1 AS k, greatest(min(t), {since}) AS reached_at
          FROM ({found}) found GROUP BY member_id"""
