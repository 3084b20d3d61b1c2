"""Which points, badges and lists counted for a leaf: the SQL, and what its flags mean."""

from badges.conditions import reasons
from badges.conditions.explanation_activity import Told
from badges.conditions.query import Binder
from badges.conditions.reasons import Reason, Why
from badges.conditions.tree import Basis, Held, Listed, Points


def explained_points(leaf: Points, binder: Binder, latest: int) -> tuple[str, list[Told]]:
    """As `explained_activity`; what is told of is lines of the wallet."""
    told: list[Told]
    if leaf.basis is Basis.BALANCE:
        flags, told = "true AS f0", [_other("")]
    else:
        since = binder.scope.counting_from
        flags = f"""
            e.kind = 'adding' AS f0, e.cancelled_at IS NULL AS f1,
            e.occurred_at >= {binder.bind(since, "timestamptz")} AS f2"""
        told = [
            _other("Only points that are added count, not those that are spent."),
            reasons.taken_back(),
            reasons.too_old(since, binder.scope.zone),
        ]
    lines = f"""
        SELECT e.id, e.kind AS what, e.occurred_at AS t, e.amount, {flags}
          FROM members_pointsentry e
         WHERE e.store_id = %(store)s::uuid AND e.member_id = ANY({binder.members()})
           AND e.wallet = {binder.bind(leaf.wallet, "text")}"""
    return _latest(binder, lines, len(told), latest), told


def explained_line(leaf: Held, binder: Binder, latest: int) -> tuple[str, list[Told]]:
    """What is told of is lines of the badge ledger."""
    lines = f"""
        SELECT e.id, e.kind AS what, e.occurred_at AS t, e.delta AS amount,
               e.kind <> 'expiry' AS f0
          FROM badges_badgeentry e
         WHERE e.store_id = %(store)s::uuid AND e.member_id = ANY({binder.members()})
           AND e.badge_type_id = {binder.bind(leaf.badge_type_id, "uuid")}"""
    told: list[Told] = [_other("A badge that has expired has been earned all the same.")]
    return _latest(binder, lines, 1, latest), told


def explained_listing(leaf: Listed, binder: Binder, latest: int) -> tuple[str, list[Told]]:
    """What is told of is since when the member is on the list."""
    lines = f"""
        SELECT e.id, 'listed' AS what, e.listed_at AS t, 1 AS amount, true AS f0
          FROM members_listedmember e
         WHERE e.store_id = %(store)s::uuid AND e.member_id = ANY({binder.members()})
           AND e.list_id = {binder.bind(leaf.list_id, "uuid")}"""
    return _latest(binder, lines, 1, latest), [_other("")]


def _other(words: str) -> Why:
    return Why(Reason.OF_ANOTHER_KIND, words)


def _latest(binder: Binder, lines: str, flags: int, latest: int) -> str:
    names = ", ".join(f"f{place}" for place in range(flags))
    good = " AND ".join(f"f{place}" for place in range(flags))
    return f"""
        SELECT counts, total, id, what, t, amount::numeric, 0::numeric, NULL::text, {names}
          FROM (SELECT judged.*, count(*) OVER (PARTITION BY counts) AS total,
                       row_number() OVER (PARTITION BY counts ORDER BY t DESC, id DESC) AS place
                  FROM (SELECT line.*, {good} AS counts FROM ({lines}) line) judged) placed
         WHERE place <= {binder.bind(latest, "int")} ORDER BY t DESC, id DESC"""
