"""The leaves that count and sum activity."""

from badges.conditions import facts
from badges.conditions.completions import every_nth, numbered, running_total
from badges.conditions.elements import elements
from badges.conditions.periods import nth_in_each_period, period, total_in_each_period
from badges.conditions.query import Binder
from badges.conditions.rolling import rolling_count, rolling_total
from badges.conditions.rolling_distinct import rolling_distinct
from badges.conditions.tree import (
    Between,
    Calendar,
    Count,
    Points,
    Rolling,
    Sum,
    zone_of,
)

CONTRIBUTION = "a.value - a.returned AS c"


def counted(binder: Binder, leaf: Count) -> str:
    window, target = leaf.window, leaf.target
    if isinstance(window, Rolling):
        if leaf.distinct:
            found = rolling_distinct(binder, countable(binder, leaf, "a.id"), target, window)
        else:
            found = rolling_count(binder, countable(binder, leaf), target, window)
    elif isinstance(window, Calendar):
        days = countable(binder, leaf)
        if leaf.distinct:
            days = first_of_each(days, "period")
        found = numbered(binder, nth_in_each_period(binder, days, target))
    else:
        each = countable(binder, leaf)
        found = every_nth(binder, first_of_each(each) if leaf.distinct else each, target)
    return facts.for_each(binder, found, zone=zone_of(leaf))


def summed(binder: Binder, leaf: Sum) -> str:
    window, target = leaf.window, leaf.target
    if isinstance(window, Rolling):
        found = rolling_total(binder, countable(binder, leaf, "a.id"), target, window)
    elif isinstance(window, Calendar):
        days = countable(binder, leaf)
        found = numbered(binder, total_in_each_period(binder, days, target))
    else:
        found = running_total(binder, countable(binder, leaf), target)
    return facts.for_each(binder, found, zone=zone_of(leaf))


def lifetime(binder: Binder, leaf: Points) -> str:
    return facts.for_each(binder, running_total(binder, added(binder, leaf), leaf.target))


def added(binder: Binder, leaf: Points) -> str:
    """Points that were added: `member_id`, `t` and how many (`c`)."""
    return f"""
        SELECT member_id, t, amount AS c FROM ({facts.points(binder, leaf.wallet)}) entry
         WHERE adds"""


def countable(
    binder: Binder, leaf: Count | Sum, *columns: str, within: Between | None = None
) -> str:
    """The leaf's facts: `member_id`, `t`, and of a sum its contribution `c`, of a distinct count
    the `element`, of a calendar the `period`, and `columns`.  `within` is for a leaf whose window
    has no ends of its own.
    """
    more = list(columns)
    if isinstance(leaf.window, Calendar):
        more.append(f"{period(binder, leaf.window)} AS period")
    if isinstance(leaf, Sum):
        more.append(CONTRIBUTION)
    if isinstance(leaf, Count) and leaf.distinct:
        return " UNION ALL ".join(
            _activity(binder, leaf, [*more, f"{found} AS element"], within, where)
            for found, where in elements(binder, leaf.distinct)
        )
    return _activity(binder, leaf, more, within)


def _activity(
    binder: Binder, leaf: Count | Sum, columns: list[str], within: Between | None, where: str = ""
) -> str:
    return facts.activity(
        binder,
        leaf.event,
        ", ".join(columns),
        filters=leaf.filters,
        between=leaf.window if isinstance(leaf.window, Between) else within,
        zone=zone_of(leaf),
        where=where,
    )


def first_of_each(elements: str, *also: str) -> str:
    """When each value came first, in each of the periods if there are any."""
    columns = ", ".join(("member_id", *also))
    return f"""
        SELECT {columns}, min(t) AS t FROM ({elements}) elements GROUP BY {columns}, element"""
