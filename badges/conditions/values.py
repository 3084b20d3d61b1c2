"""How far members are, leaf by leaf: the SQL."""

from datetime import datetime

from badges.conditions import facts
from badges.conditions.compiler import leaf_sql
from badges.conditions.leaves_activity import countable
from badges.conditions.periods import done_periods, number_of, period_of, with_place_in_run
from badges.conditions.query import Binder, Query, Scope
from badges.conditions.tree import (
    Basis,
    Calendar,
    Count,
    External,
    Held,
    Leaf,
    Listed,
    Node,
    Points,
    Rolling,
    Streak,
    Sum,
    leaves,
    zone_of,
)


def values(node: Node, scope: Scope, *, now: datetime, prefix: str = "v") -> Query:
    """What each leaf of the resolved tree has to show for each member who has anything to show.

    Columns: `node_id text, member_id uuid, value numeric, met int, reached_at timestamptz`.
    `met` is how often the leaf was met, up to the scope's limit, and `reached_at` when it was met
    last.  `value` is what there is now: of a leaf without a window, in all; of a rolling window,
    since the last time it was met and within the window that ends `now`; of a calendar, in the
    period of `now`, or 0 if that has done its part; of a streak, the length of the run that goes
    on, counted from its last completion.
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
    met = f"""
        SELECT member_id, max(k) AS met, max(reached_at) AS reached_at
          FROM ({leaf_sql(leaf, binder)}) completion GROUP BY member_id"""
    if isinstance(leaf, Count | Sum) and isinstance(leaf.window, Rolling):
        return _in_rolling_window(leaf, leaf.window, binder, met, now)
    return _joined(_value(leaf, binder, now), met)


def _joined(value: str, met: str) -> str:
    return f"""
        SELECT member_id, coalesce(value, 0)::numeric AS value, coalesce(met, 0) AS met, reached_at
          FROM ({value}) what_there_is FULL JOIN ({met}) met USING (member_id)"""


def _value(leaf: Leaf, binder: Binder, now: datetime) -> str:
    match leaf:
        case Streak():
            return _streak(leaf, binder, now)
        case Count(window=Calendar()) | Sum(window=Calendar()):
            return _in_calendar(leaf, binder, now)
        case Count() | Sum():
            return _each(binder, _total(leaf), countable(binder, leaf))
        case External():
            return _each(binder, "1", facts.activity(binder, leaf.event))
        case Points():
            entries = facts.points(binder, leaf.wallet)
            adds = " FILTER (WHERE adds)" if leaf.basis is Basis.LIFETIME else ""
            return _each(binder, f"sum(amount){adds}", entries)
        case Held():
            return _each(binder, "sum(delta)", facts.ledger(binder, leaf.badge_type_id))
        case Listed():
            return _each(binder, "1", facts.listed(binder, leaf.list_id))


def _each(binder: Binder, total: str, found: str) -> str:
    totals = f"SELECT member_id, {total} AS value FROM ({found}) fact GROUP BY member_id"
    return facts.for_each(binder, totals)


def _total(leaf: Count | Sum) -> str:
    if isinstance(leaf, Sum):
        return "sum(c)"
    return "count(DISTINCT element)" if leaf.distinct else "count(*)"


def _in_rolling_window(
    leaf: Count | Sum, window: Rolling, binder: Binder, met: str, now: datetime
) -> str:
    moment = binder.bind(now, "timestamptz")
    opens = f"{moment} - make_interval(hours => {binder.bind(window.hours, 'int')})"
    everything = facts.for_each(binder, countable(binder, leaf))
    recent = f"""
        SELECT fact.* FROM ({everything}) fact LEFT JOIN met USING (member_id)
         WHERE fact.t >= {opens} AND fact.t <= {moment}
           AND (met.reached_at IS NULL OR fact.t > met.reached_at)"""
    value = f"SELECT member_id, {_total(leaf)} AS value FROM ({recent}) fact GROUP BY member_id"
    return f"WITH met AS ({met}) {_joined(value, 'SELECT * FROM met')}"


def _in_calendar(leaf: Count | Sum, binder: Binder, now: datetime) -> str:
    if not isinstance(leaf.window, Calendar):
        raise TypeError(f"{leaf.id} has no calendar.")
    today = period_of(binder, leaf.window, binder.bind(now, "timestamptz"))
    target = binder.bind(leaf.target, "numeric")
    total = _total(leaf)
    core = f"""
        SELECT member_id, CASE WHEN {total} >= {target} THEN 0 ELSE {total} END AS value
          FROM ({countable(binder, leaf, f"{today} AS today")}) fact
         WHERE period = today GROUP BY member_id"""
    return facts.for_each(binder, core, zone=zone_of(leaf))


def _streak(leaf: Streak, binder: Binder, now: datetime) -> str:
    """A run goes on as long as its next period is not over."""
    today = number_of(binder, leaf, binder.bind(now, "timestamptz"))
    target = binder.bind(leaf.target, "int")
    runs = with_place_in_run(done_periods(binder, leaf, f"{today} AS today"))
    core = f"""
        SELECT DISTINCT ON (member_id) member_id,
               CASE WHEN period >= today - 1 THEN place %% {target} ELSE 0 END AS value
          FROM ({runs}) run ORDER BY member_id, period DESC"""
    return facts.for_each(binder, core, zone=leaf.zone)
