"""Local days, weeks, months and years, and streaks of them."""

from decimal import Decimal

from badges.conditions import facts
from badges.conditions.completions import numbered
from badges.conditions.query import Binder
from badges.conditions.tree import Calendar, Period, Streak

# A Monday, and the first day that Python knows.
_FIRST_MONDAY = "date '0001-01-01'"


def period(binder: Binder, window: Calendar) -> str:
    """An expression for the local period that an activity `a` falls into."""
    return period_of(binder, window, "a.occurred_at")


def period_of(binder: Binder, window: Calendar, moment: str) -> str:
    local = f"{moment} AT TIME ZONE {facts.zone_name(binder, window.zone)}"
    if window.period is Period.DAY:
        return f"({local})::date"
    return f"date_trunc('{window.period}', {local})::date"


def nth_in_each_period(binder: Binder, days: str, target: int, also: str = "") -> str:
    """`member_id, period, t` of the `target`-th of the rows `member_id, period, t`.

    `also` is a column that is the same in all rows of a member.
    """
    more = f", {also}" if also else ""
    if target == 1:
        return f"""
            SELECT member_id, period{more}, min(t) AS t FROM ({days}) day
             GROUP BY member_id, period{more}"""
    return f"""
        SELECT member_id, period{more}, t
          FROM (SELECT member_id, period{more}, t,
                       row_number() OVER (PARTITION BY member_id, period ORDER BY t) AS n
                  FROM ({days}) day) numbered
         WHERE n = {binder.bind(target, "bigint")}"""


def total_in_each_period(binder: Binder, days: str, target: Decimal) -> str:
    """`member_id, t` where the sum of `c` in the period reached the target."""
    aim = binder.bind(target, "numeric")
    return f"""
        SELECT member_id, t
          FROM (SELECT member_id, t, c,
                       sum(c) OVER (PARTITION BY member_id, period ORDER BY t
                                    ROWS UNBOUNDED PRECEDING) AS total
                  FROM ({days}) day) summed
         WHERE total >= {aim} AND total - c < {aim}"""


def streaks(binder: Binder, leaf: Streak) -> str:
    """Each `target` periods in a row, within a run that goes on, are one completion."""
    runs = done_periods(binder, leaf)
    if binder.scope.most == 1:
        # Periods are numbers that grow: so many in a row are so many numbers apart.
        back = binder.bind(leaf.target - 1, "int")
        found = f"""
            SELECT member_id, t
              FROM (SELECT member_id, t, period - lag(period, {back}) OVER (
                           PARTITION BY member_id ORDER BY period) AS apart
                      FROM ({runs}) done) compared
             WHERE apart = {back}"""
    else:
        target = binder.bind(leaf.target, "int")
        found = f"""
            SELECT member_id, t FROM ({with_place_in_run(runs)}) placed
             WHERE place %% {target} = 0"""
    return facts.for_each(binder, numbered(binder, found), zone=leaf.zone)


def done_periods(binder: Binder, leaf: Streak, today: str = "") -> str:
    """`member_id, period, t`: the numbers of the periods in which enough happened, and when.

    `today` is a further column of that name, from an activity `a`.
    """
    columns = f"{number_of(binder, leaf, 'a.occurred_at')} AS period"
    each = facts.activity(
        binder,
        leaf.event,
        ", ".join(filter(None, (columns, today))),
        filters=leaf.filters,
        zone=leaf.zone,
    )
    return nth_in_each_period(binder, each, leaf.per_period, "today" if today else "")


def number_of(binder: Binder, leaf: Streak, moment: str) -> str:
    """An expression for the number of the local day or week in which the moment is."""
    local = f"({moment} AT TIME ZONE {facts.zone_name(binder, leaf.zone)})::date"
    number = f"({local} - {_FIRST_MONDAY})"
    return f"{number} / 7" if leaf.unit is Period.WEEK else number


def with_place_in_run(done: str) -> str:
    """The same rows, and which period of its run each is (`place`), from 1."""
    return f"""
        SELECT run.*, period + 1 - max(period) FILTER (WHERE begins) OVER (
                   PARTITION BY member_id ORDER BY period) AS place
          FROM (SELECT done.*, lag(period) OVER (PARTITION BY member_id ORDER BY period)
                       IS DISTINCT FROM period - 1 AS begins
                  FROM ({done}) done) run"""
