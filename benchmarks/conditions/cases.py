"""Each kind of leaf, and the SQL that somebody would write who has only this one question.

The hand-written SQL says `member_id`, and the moment as `t`.
"""

from dataclasses import dataclass
from typing import Any

from benchmarks.conditions.scene import BADGE, LIST

_VISITS = """members_activity a
    WHERE a.store_id = %(store)s AND a.type = 'visit' AND a.member_id IS NOT NULL
      AND a.reversed_at IS NULL AND a.occurred_at >= %(since)s"""
_ZONE = "coalesce(nullif(m.timezone, ''), 'UTC')"
_VISITS_OF_PEOPLE = """members_activity a
    JOIN members_member m ON m.store_id = a.store_id AND m.id = a.member_id
    WHERE a.store_id = %(store)s AND a.type = 'visit' AND a.reversed_at IS NULL
      AND a.occurred_at >= %(since)s"""


@dataclass(frozen=True, slots=True)
class Case:
    title: str
    tree: dict[str, Any]
    by_hand: str
    limit: int = 1


def _count(**more: Any) -> dict[str, Any]:
    return {"type": "count", "event": "visit", "target": 10, **more}


def _nth(rows: str, target: int, partition: str = "member_id") -> str:
    return f"""
        SELECT member_id, t FROM (
            SELECT member_id, t, row_number() OVER (PARTITION BY {partition} ORDER BY t) AS n
              FROM ({rows}) fact) numbered WHERE n = {target}"""


def _filtered(*filters: Any) -> list[dict[str, Any]]:
    return [dict(zip(("attribute", "operator", "value"), each, strict=True)) for each in filters]


_SELECT = "SELECT a.member_id, a.occurred_at AS t"

CASES = [
    Case("count", _count(), _nth(f"{_SELECT} FROM {_VISITS}", 10)),
    Case("count, first", _count(target=1),
         f"SELECT a.member_id, min(a.occurred_at) AS t FROM {_VISITS} GROUP BY a.member_id"),
    Case("count, 5 times", _count(), limit=5, by_hand=f"""
        SELECT member_id, t FROM (
            SELECT a.member_id, a.occurred_at AS t,
                   row_number() OVER (PARTITION BY a.member_id ORDER BY a.occurred_at) AS n
              FROM {_VISITS}) numbered WHERE n <= 50 AND n %% 10 = 0"""),
    Case("count, text filter",
         _count(target=5, filters=_filtered(("category", "eq", "tea"))),
         _nth(f"{_SELECT} FROM {_VISITS} AND a.attributes ->> 'category' = 'tea'", 5)),
    Case("count, three filters",
         _count(target=5, filters=_filtered(("category", "in", ["tea", "coffee"]),
                                            ("till", "lt", 5), ("value", "gte", 5))),
         _nth(f"""{_SELECT} FROM {_VISITS}
              AND a.attributes ->> 'category' IN ('tea', 'coffee')
              AND (a.attributes ->> 'till')::numeric < 5 AND a.value >= 5""", 5)),
    Case("count, between", _count(target=3, window={
            "type": "between", "from": "2024-03-01", "to": "2024-06-01"}),
         _nth(f"""{_SELECT} FROM {_VISITS} AND a.occurred_at >= '2024-03-01 00:00+00'
              AND a.occurred_at < '2024-06-01 00:00+00'""", 3)),
    Case("distinct", _count(distinct="shop"),
         _nth(f"""SELECT a.member_id, min(a.occurred_at) AS t FROM {_VISITS}
              GROUP BY a.member_id, a.attributes ->> 'shop'""", 10)),
    Case("count, rolling", _count(target=5, window={"type": "rolling", "days": 30}), f"""
        SELECT member_id, min(t) AS t FROM (
            SELECT a.member_id, a.occurred_at AS t, lag(a.occurred_at, 4) OVER (
                   PARTITION BY a.member_id ORDER BY a.occurred_at) AS fifth
              FROM {_VISITS}) looked_back
         WHERE fifth >= t - interval '720 hours' GROUP BY member_id"""),
    Case("count, calendar",
         _count(target=6, window={"type": "calendar", "period": "month", "zone": "store"}), f"""
        SELECT member_id, min(t) AS t FROM ({_nth(f'''
            {_SELECT}, date_trunc('month', a.occurred_at AT TIME ZONE 'UTC') AS month
              FROM {_VISITS}''', 6, "member_id, month")}) done GROUP BY member_id"""),
    Case("sum", {"type": "sum", "event": "visit", "target": 400}, f"""
        SELECT member_id, t FROM (
            SELECT a.member_id, a.occurred_at AS t, a.value - a.returned AS c,
                   sum(a.value - a.returned) OVER (PARTITION BY a.member_id ORDER BY a.occurred_at
                                                   ROWS UNBOUNDED PRECEDING) AS total
              FROM {_VISITS}) summed WHERE total >= 400 AND total - c < 400"""),
    Case("sum, 5 times", {"type": "sum", "event": "visit", "target": 200}, limit=5, by_hand=f"""
        SELECT member_id, t FROM (
            SELECT a.member_id, a.occurred_at AS t, a.value - a.returned AS c,
                   sum(a.value - a.returned) OVER (PARTITION BY a.member_id ORDER BY a.occurred_at
                                                   ROWS UNBOUNDED PRECEDING) AS total
              FROM {_VISITS}) summed
         WHERE floor(total / 200) > floor((total - c) / 200) AND total - c < 1000"""),
    Case("sum, rolling",
         {"type": "sum", "event": "visit", "target": 150,
          "window": {"type": "rolling", "days": 30}},
         f"""
        SELECT member_id, min(t) AS t FROM (
            SELECT a.member_id, a.occurred_at AS t, sum(a.value - a.returned) OVER (
                   PARTITION BY a.member_id ORDER BY a.occurred_at
                   RANGE BETWEEN interval '720 hours' PRECEDING AND CURRENT ROW) AS total
              FROM {_VISITS}) summed WHERE total >= 150 GROUP BY member_id"""),
    Case("streak of days", {"type": "streak", "event": "visit", "target": 2, "unit": "day"}, f"""
        SELECT member_id, min(t) AS t FROM (
            SELECT member_id, t, day - lag(day) OVER (PARTITION BY member_id ORDER BY day) AS apart
              FROM (SELECT a.member_id, (a.occurred_at AT TIME ZONE {_ZONE})::date AS day,
                           min(a.occurred_at) AS t FROM {_VISITS_OF_PEOPLE} GROUP BY 1, 2) days) d
         WHERE apart = 1 GROUP BY member_id"""),
    Case("points, lifetime", {"type": "points", "target": 100}, """
        SELECT member_id, t FROM (
            SELECT e.member_id, e.occurred_at AS t, e.amount, sum(e.amount) OVER (
                   PARTITION BY e.member_id ORDER BY e.occurred_at ROWS UNBOUNDED PRECEDING)
                   AS total
              FROM members_pointsentry e
             WHERE e.store_id = %(store)s AND e.wallet = 'default' AND e.kind = 'adding'
               AND e.cancelled_at IS NULL AND e.occurred_at >= %(since)s) summed
         WHERE total >= 100 AND total - amount < 100"""),
    Case("points, balance", {"type": "points", "target": 100, "basis": "balance"}, """
        SELECT member_id, greatest(min(t), %(since)s) AS t FROM (
            SELECT e.member_id, e.occurred_at AS t,
                   sum(e.amount) OVER (PARTITION BY e.member_id ORDER BY e.occurred_at) AS balance,
                   lead(e.occurred_at) OVER (PARTITION BY e.member_id ORDER BY e.occurred_at)
                   AS next
              FROM members_pointsentry e
             WHERE e.store_id = %(store)s AND e.wallet = 'default') balances
         WHERE balance >= 100 AND (t >= %(since)s OR next > %(since)s OR next IS NULL)
         GROUP BY member_id"""),
    Case("badge, twice", {"type": "badge", "badgeTypeId": str(BADGE), "times": 2}, f"""
        SELECT member_id, greatest(min(t), %(since)s) AS t FROM (
            SELECT e.member_id, e.occurred_at AS t,
                   sum(e.delta) OVER (PARTITION BY e.member_id ORDER BY e.occurred_at) AS held,
                   sum(e.delta) OVER (PARTITION BY e.member_id) AS held_now
              FROM badges_badgeentry e
             WHERE e.store_id = %(store)s AND e.badge_type_id = '{BADGE}'
               AND e.kind <> 'expiry') held
         WHERE held >= 2 AND held_now >= 2 GROUP BY member_id"""),
    Case("listed", {"type": "listed", "listId": str(LIST)}, f"""
        SELECT l.member_id, greatest(l.listed_at, %(since)s) AS t FROM members_listedmember l
         WHERE l.store_id = %(store)s AND l.list_id = '{LIST}'"""),
    Case("all of three", {"type": "all", "conditions": [
            _count(), {"type": "points", "target": 100},
            {"type": "listed", "listId": str(LIST)}]}, f"""
        SELECT v.member_id, greatest(v.t, p.t, l.listed_at, %(since)s) AS t
          FROM ({_nth(f"{_SELECT} FROM {_VISITS}", 10)}) v
          JOIN (SELECT member_id, t FROM (
                SELECT e.member_id, e.occurred_at AS t, e.amount, sum(e.amount) OVER (
                       PARTITION BY e.member_id ORDER BY e.occurred_at ROWS UNBOUNDED PRECEDING)
                       AS total
                  FROM members_pointsentry e
                 WHERE e.store_id = %(store)s AND e.wallet = 'default' AND e.kind = 'adding'
                   AND e.cancelled_at IS NULL AND e.occurred_at >= %(since)s) summed
                 WHERE total >= 100 AND total - amount < 100) p USING (member_id)
          JOIN members_listedmember l ON l.store_id = %(store)s AND l.list_id = '{LIST}'
           AND l.member_id = v.member_id"""),
]  # fmt: skip
