"""How far members are, leaf by leaf: the SQL."""

from datetime import datetime, timedelta
from decimal import Decimal

from badges.conditions import facts
from badges.conditions.compiler import leaf_sql
from badges.conditions.completions import with_total
from badges.conditions.leaves_activity import added, countable, first_of_each
from badges.conditions.periods import done_periods, number_of, period_of, with_place_in_run
from badges.conditions.query import Binder, Query, Scope
from badges.conditions.tree import (
    Basis,
    Between,
    Calendar,
    Count,
    External,
    Held,
    Leaf,
    Listed,
    Node,
    Period,
    Points,
    Rolling,
    Streak,
    Sum,
    is_steady,
    leaves,
)


def values(node: Node, scope: Scope, *, now: datetime, prefix: str = "v") -> Query:
    """What each leaf of the resolved tree has to show for each member who has anything to show.

    Columns: `node_id text, member_id uuid, value numeric, met int, reached_at timestamptz`.
    `met` is how often the leaf was met, up to the scope's limit, and `reached_at` when that limit
    was reached, else NULL; a leaf that is met but once reaches it with that.  `value` is what there
    is now: of a leaf without a window, in all; of a rolling window, since the last time it was met
    and within the window that ends `now`; of a calendar, in the period of `now`, or 0 if that has
    done its part; of a streak, the length of the run that goes on, counted from its last
    completion.
    """
    binder = Binder(scope, prefix)
    found = [
        f"""
        SELECT {binder.bind(leaf.id, "text")} AS node_id, member_id, value, met, reached_at
          FROM ({value_and_met(leaf, binder, now)}) leaf"""
        for leaf in leaves(node)
    ]
    return binder.query(" UNION ALL ".join(found))


def value_and_met(leaf: Leaf, binder: Binder, now: datetime) -> str:
    """`member_id, value, met, reached_at` of one leaf."""
    match leaf:
        case Count(window=Rolling() as window) | Sum(window=Rolling() as window):
            return _in_rolling_window(leaf, window, binder, now)
        case Count(window=Calendar() as window) | Sum(window=Calendar() as window):
            return _joined(binder, _in_calendar(leaf, window, binder, now), leaf)
        case Count() if leaf.distinct:
            return _distinct(leaf, binder)
        case Count():
            return _joined(binder, _each(binder, "count(*)", countable(binder, leaf)), leaf)
        case Sum():
            return _growing(binder, countable(binder, leaf), leaf.target)
        case Streak():
            return _streak(leaf, binder, now)
        case Points(basis=Basis.LIFETIME):
            return _growing(binder, added(binder, leaf), leaf.target)
        case Points():
            balance = _each(binder, "sum(amount)", facts.points(binder, leaf.wallet))
            return _joined(binder, balance, leaf)
        case External():
            return _joined(binder, _each(binder, "1", facts.activity(binder, leaf.event)), leaf)
        case Held():
            lines = facts.ledger(binder, leaf.badge_type_id)
            return _joined(binder, _each(binder, "sum(delta)", lines), leaf)
        case Listed():
            return _joined(binder, _each(binder, "1", facts.listed(binder, leaf.list_id)), leaf)


def _met(binder: Binder, leaf: Leaf) -> str:
    """How often, and when for the last time that the limit allows."""
    last = binder.bind(1 if is_steady(leaf) else binder.scope.most, "int")
    return f"""
        SELECT member_id, max(k) AS met, max(reached_at) FILTER (WHERE k = {last}) AS reached_at,
               max(reached_at) AS latest
          FROM ({leaf_sql(leaf, binder)}) completion GROUP BY member_id"""


def _joined(binder: Binder, value: str, leaf: Leaf) -> str:
    return f"""
        SELECT member_id, coalesce(value, 0)::numeric AS value, coalesce(met, 0) AS met, reached_at
          FROM ({value}) what_there_is FULL JOIN ({_met(binder, leaf)}) met USING (member_id)"""


def _each(binder: Binder, total: str, found: str) -> str:
    totals = f"SELECT member_id, {total} AS value FROM ({found}) fact GROUP BY member_id"
    return facts.for_each(binder, totals)


def _growing(binder: Binder, amounts: str, target: Decimal) -> str:
    """The sum of `c`, in one go."""
    most, aim = binder.scope.most, binder.bind(target, "numeric")
    times = f"least(div(max(total), {aim}), {binder.bind(most, 'numeric')})"
    core = f"""
        SELECT member_id, max(total) AS value, {times}::int AS met,
               min(t) FILTER (WHERE total >= {binder.bind(target * most, "numeric")}) AS reached_at
          FROM ({with_total(amounts)}) summed GROUP BY member_id"""
    return facts.for_each(binder, core)


def _distinct(leaf: Count, binder: Binder) -> str:
    """Different values, in one go."""
    most = binder.scope.most
    times = f"least(count(*) / {binder.bind(leaf.target, 'bigint')}, {binder.bind(most, 'bigint')})"
    # No array has more elements than that.
    last = binder.bind(min(leaf.target * most, 2**31 - 1), "int")
    core = f"""
        SELECT member_id, count(*)::numeric AS value, {times}::int AS met,
               (array_agg(t ORDER BY t))[{last}] AS reached_at
          FROM ({first_of_each(countable(binder, leaf))}) element GROUP BY member_id"""
    return facts.for_each(binder, core)


def _in_rolling_window(leaf: Count | Sum, window: Rolling, binder: Binder, now: datetime) -> str:
    # Both ends belong to it.
    within = Between(now - timedelta(hours=window.hours), now + timedelta(microseconds=1))
    recent = f"""
        SELECT fact.* FROM ({facts.for_each(binder, countable(binder, leaf, within=within))}) fact
          LEFT JOIN met USING (member_id)
         WHERE met.latest IS NULL OR fact.t > met.latest"""
    value = f"SELECT member_id, {_total(leaf)} AS value FROM ({recent}) fact GROUP BY member_id"
    return f"""
        WITH met AS ({_met(binder, leaf)})
        SELECT member_id, coalesce(value, 0)::numeric AS value, coalesce(met, 0) AS met, reached_at
          FROM ({value}) what_there_is FULL JOIN met USING (member_id)"""


def _total(leaf: Count | Sum) -> str:
    if isinstance(leaf, Sum):
        return "sum(c)"
    return "count(DISTINCT element)" if leaf.distinct else "count(*)"


# As long as a period can be, and a day more on each side for the zone.
_LONGEST = {Period.DAY: 3, Period.WEEK: 9, Period.MONTH: 33, Period.YEAR: 368}


def _in_calendar(leaf: Count | Sum, window: Calendar, binder: Binder, now: datetime) -> str:
    reach = timedelta(days=_LONGEST[window.period])
    within = Between(now - reach, now + reach)
    today = period_of(binder, window, binder.bind(now, "timestamptz"))
    found = countable(binder, leaf, f"{today} AS today", within=within)
    target, total = binder.bind(leaf.target, "numeric"), _total(leaf)
    core = f"""
        SELECT member_id, CASE WHEN {total} >= {target} THEN 0 ELSE {total} END AS value
          FROM ({found}) fact WHERE period = today GROUP BY member_id"""
    return facts.for_each(binder, core, zone=window.zone)


def _streak(leaf: Streak, binder: Binder, now: datetime) -> str:
    """In one go.  A run goes on as long as its next period is not over."""
    today = number_of(binder, leaf, binder.bind(now, "timestamptz"))
    runs = with_place_in_run(done_periods(binder, leaf, f"{today} AS today"))
    target, most = binder.bind(leaf.target, "int"), binder.bind(binder.scope.most, "int")
    core = f"""
        SELECT member_id, least(count(*) FILTER (WHERE full_run), {most})::int AS met,
               (array_agg(t ORDER BY t) FILTER (WHERE full_run))[{most}] AS reached_at,
               (array_agg(value ORDER BY period DESC))[1]::numeric AS value
          FROM (SELECT run.*, place %% {target} = 0 AS full_run,
                       CASE WHEN period >= today - 1 THEN place %% {target} ELSE 0 END AS value
                  FROM ({runs}) run) run GROUP BY member_id"""
    return facts.for_each(binder, core, zone=leaf.zone)
