"""Which activity counted for a leaf: the SQL, and what its flags mean."""

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import Any, TypeAlias

from badges.conditions import facts, reasons
from badges.conditions.compiler import leaf_sql
from badges.conditions.elements import elements
from badges.conditions.periods import done_periods, number_of, period_of, with_place_in_run
from badges.conditions.query import Binder
from badges.conditions.reasons import Why
from badges.conditions.tree import (
    AttributeFilter,
    Between,
    Calendar,
    Count,
    External,
    Rolling,
    Streak,
    Sum,
    Window,
    zone_of,
)

ActivityLeaf: TypeAlias = Count | Sum | Streak | External

Told: TypeAlias = Why | AttributeFilter
"""What a flag that is false says; a filter says more when it knows the activity."""


def explained_activity(
    leaf: ActivityLeaf, binder: Binder, now: datetime, latest: int
) -> tuple[str, list[Told]]:
    """SQL for the latest activity that counted and that did not; and of each flag, what it says.

    Columns: whether it counts, how many there are of these, id, type, moment, value, returned and
    attributes, and a flag for each thing that must be true of what counts.
    """
    tests = _tests(leaf, binder)
    named = ", ".join(f"{sql} AS f{place}" for place, (sql, _) in enumerate(tests))
    told = [each for _, each in tests]
    found = f"""
        SELECT a.id, a.member_id, a.occurred_at AS t{_more(leaf, binder)}, {named}
          FROM members_activity a
         WHERE a.store_id = person.store_id AND a.member_id = person.member_id
           AND a.type = {binder.bind(leaf.event, "text")}"""
    ctes = [f"fact AS MATERIALIZED ({facts.for_each(binder, found, zone=zone_of(leaf))})"]
    inside = _inside(leaf, binder)
    good = " AND ".join(f"f{place}" for place in range(len(tests)))
    flags = [f"f{place}" for place in range(len(tests))]
    if inside is not None:
        ctes += [
            f"met AS ({_met(leaf, binder, now)})",
            f"fact_in_window AS (SELECT fact.*, {inside} AS inside FROM fact CROSS JOIN met)",
        ]
        flags.append("inside")
        good += " AND inside"
        told.append(reasons.outside(leaf))
    source = "fact" if inside is None else "fact_in_window"
    if isinstance(leaf, Count) and leaf.distinct:
        attribute = leaf.distinct
        ctes.append(f"fact_with_values AS ({_with_values(source, good)})")
        source = "fact_with_values"
        flags += ["has_value", "has_new_value"]
        good += " AND has_value AND has_new_value"
        told.append(reasons.lacks(attribute))
        told.append(reasons.seen_before(attribute))
    names = ", ".join(flags)
    sql = f"""
        WITH {", ".join(ctes)},
        judged AS MATERIALIZED (SELECT id, t, ({good}) AS counts, {names} FROM {source}),
        totals AS (SELECT counts, count(*) AS total FROM judged GROUP BY counts),
        latest AS (({_latest(binder, "counts", latest)}) UNION ALL
                   ({_latest(binder, "NOT counts", latest)}))
        SELECT counts, total, a.id, a.type, a.occurred_at, a.value, a.returned, a.attributes::text,
               {names}
          FROM latest JOIN totals USING (counts) CROSS JOIN LATERAL (
               SELECT a.* FROM members_activity a
                WHERE a.store_id = %(store)s::uuid AND a.id = latest.id OFFSET 0) a
         ORDER BY t DESC, id DESC"""
    return sql, told


def reasons_of(
    told: Sequence[Told],
    flags: Sequence[bool],
    value: Decimal,
    attributes: dict[str, Any],
    zone: tzinfo,
) -> Iterator[Why]:
    """Everything that speaks against it, with moments on the zone's clock."""
    for each, good in zip(told, flags, strict=True):
        if not good:
            if isinstance(each, AttributeFilter):
                yield reasons.filtered(each, value, attributes, zone)
            else:
                yield each


def _tests(leaf: ActivityLeaf, binder: Binder) -> list[tuple[str, Told]]:
    filters = () if isinstance(leaf, External) else leaf.filters
    window = _window(leaf)
    between = window if isinstance(window, Between) else None
    since, zone = binder.scope.counting_from, binder.scope.zone
    told: list[Told] = [reasons.taken_back(), reasons.too_old(since, zone)]
    if between is not None:
        told += [reasons.too_early(between, zone), reasons.too_late(between, zone)]
    told += filters
    predicates = facts.predicates(binder, filters, between)
    return list(zip(predicates, told, strict=True))


def _window(leaf: ActivityLeaf) -> Window | None:
    return leaf.window if isinstance(leaf, Count | Sum) else None


def _more(leaf: ActivityLeaf, binder: Binder) -> str:
    """The columns that the window and the values are looked up in."""
    more = []
    if isinstance(leaf, Streak):
        more.append(f"{number_of(binder, leaf, 'a.occurred_at')} AS period")
    window = _window(leaf)
    if isinstance(window, Calendar):
        more.append(f"{period_of(binder, window, 'a.occurred_at')} AS period")
    if isinstance(leaf, Count) and leaf.distinct:
        ((each, _),) = elements(binder, leaf.distinct)  # Of given members there is one way.
        more.append(f"ARRAY(SELECT {each}) AS elements")
    return "".join(f", {column}" for column in more)


def _met(leaf: ActivityLeaf, binder: Binder, now: datetime) -> str:
    """One row: when the window ends (`anchor`), after which moment it begins (`earlier`), and of a
    calendar and a streak the period of the anchor (`period`) and the first of the run (`first`).
    """
    time = binder.bind(binder.scope.most, "int")
    anchor = f"""
        SELECT coalesce(max(reached_at) FILTER (WHERE k = {time}),
                        {binder.bind(now, "timestamptz")}) AS anchor,
               max(reached_at) FILTER (WHERE k < {time}) AS earlier
          FROM ({leaf_sql(leaf, binder)}) completion"""
    window = _window(leaf)
    if isinstance(leaf, Streak):
        here = number_of(binder, leaf, "anchor")
    elif isinstance(window, Calendar):
        here = period_of(binder, window, "anchor")
    else:
        return anchor
    placed = f"SELECT anchor, earlier, {here} AS period FROM ({anchor}) anchored, person"
    person = _person(binder)
    if not isinstance(leaf, Streak):
        return f"WITH person AS ({person}) {placed}"
    done = facts.for_each(binder, with_place_in_run(done_periods(binder, leaf)), zone=leaf.zone)
    return f"""
        WITH person AS ({person}), anchored AS ({placed})
        SELECT anchor, earlier, period, coalesce((
               SELECT done.period - done.place + 1 FROM ({done}) done
                WHERE done.period BETWEEN anchored.period - 1 AND anchored.period
                ORDER BY done.period DESC LIMIT 1), period) AS first FROM anchored"""


def _person(binder: Binder) -> str:
    return f"""
        SELECT p.timezone FROM members_member p
         WHERE p.store_id = %(store)s::uuid AND p.id = ANY({binder.members()})"""


def _inside(leaf: ActivityLeaf, binder: Binder) -> str | None:
    window = _window(leaf)
    if isinstance(leaf, Streak):
        return "fact.period BETWEEN met.first AND met.period"
    if isinstance(window, Calendar):
        return "fact.period = met.period"
    if isinstance(window, Rolling):
        reach = f"make_interval(hours => {binder.bind(window.hours, 'int')})"
        return f"""(fact.t BETWEEN met.anchor - {reach} AND met.anchor
                    AND (met.earlier IS NULL OR fact.t > met.earlier))"""
    return None


def _with_values(source: str, good: str) -> str:
    """`has_new_value`: it is the first of those that count otherwise to bring some value.

    Of others that is not asked.
    """
    return f"""
        WITH fact AS MATERIALIZED (
             SELECT fact.*, ({good}) AS good, row_number() OVER (ORDER BY t, id) AS place
               FROM {source} fact)
        SELECT fact.*, cardinality(elements) > 0 AS has_value,
               NOT good OR cardinality(elements) = 0 OR place IN (
                   SELECT min(place) FROM (SELECT place, unnest(elements) AS element FROM fact
                                            WHERE good) seen GROUP BY element) AS has_new_value
          FROM fact"""


def _latest(binder: Binder, which: str, latest: int) -> str:
    most = binder.bind(latest, "int")
    return f"SELECT * FROM judged WHERE {which} ORDER BY t DESC, id DESC LIMIT {most}"
