"""Distinct values within a rolling window."""

from badges.conditions.completions import first
from badges.conditions.query import Binder
from badges.conditions.tree import Rolling


def rolling_distinct(binder: Binder, facts: str, target: int, window: Rolling) -> str:
    """`facts` has `id` and `element`, a row for each value of each activity."""
    reach = f"make_interval(hours => {binder.bind(window.hours, 'int')})"
    if binder.scope.most == 1:
        return _first_time(binder, facts, target, reach)
    return _every_time(binder, facts, target, reach)


def _first_time(binder: Binder, facts: str, target: int, reach: str) -> str:
    """A value is in the window from when it is seen until `reach` later, or longer if it is seen
    again before that.  So many begin, so many end: what remains is how many there are.
    """
    return first(
        binder,
        f"""
        SELECT member_id, t
          FROM (SELECT member_id, t, sum(change) OVER (
                       PARTITION BY member_id ORDER BY t, change DESC ROWS UNBOUNDED PRECEDING)
                       AS present
                  FROM (SELECT member_id, t + edge.later AS t, edge.change
                          FROM (SELECT member_id, t,
                                       lag(t) OVER mine AS last, lead(t) OVER mine AS next
                                  FROM ({facts}) seen
                                WINDOW mine AS (PARTITION BY member_id, element ORDER BY t)) seen
                         CROSS JOIN LATERAL (VALUES
                               (interval '0', 1, last IS NULL OR last < t - {reach}),
                               ({reach}, -1, next IS NULL OR next > t + {reach})
                               ) AS edge (later, change, is_one)
                         WHERE edge.is_one) edges) counted
         WHERE present >= {binder.bind(target, "bigint")}""",
    )


def _every_time(binder: Binder, facts: str, target: int, reach: str) -> str:
    """Activity by activity, with the values seen since the last completion, the latest last.

    Of these no more than `target` are remembered: older ones cannot matter again.
    """
    aim, most = binder.bind(target, "int"), binder.bind(binder.scope.most, "int")
    return f"""
        SELECT member_id, step.k, moments[step.place] AS reached_at
          FROM (SELECT member_id, array_agg(t ORDER BY t, id, value) AS moments,
                       array_agg(activity ORDER BY t, id, value) AS activities,
                       array_agg(value ORDER BY t, id, value) AS elements
                  FROM (SELECT member_id, t, id,
                               dense_rank() OVER (PARTITION BY member_id ORDER BY t, id)
                               AS activity,
                               dense_rank() OVER (PARTITION BY member_id ORDER BY element)
                               AS value
                          FROM ({facts}) fact) ranked
                 GROUP BY member_id) seen
         CROSS JOIN LATERAL (
               WITH RECURSIVE step AS (
                   SELECT 0 AS place, 0 AS k, false AS met, 0::bigint AS over,
                          ARRAY[]::bigint[] AS recent, ARRAY[]::timestamptz[] AS times
                    UNION ALL
                   SELECT step.place + 1, step.k + met.now::int, met.now,
                          CASE WHEN met.now THEN here.activity ELSE step.over END,
                          CASE WHEN met.now THEN '{{}}' WHEN here.activity = step.over
                               THEN step.recent ELSE kept.recent END,
                          CASE WHEN met.now THEN '{{}}' WHEN here.activity = step.over
                               THEN step.times ELSE kept.times END
                     FROM step
                    CROSS JOIN LATERAL (
                          SELECT moments[place + 1] AS t, activities[place + 1] AS activity,
                                 elements[place + 1] AS value,
                                 array_position(recent, elements[place + 1]) AS found) here
                    CROSS JOIN LATERAL (
                          SELECT {_moved("recent", "value")} AS recent,
                                 {_moved("times", "t")} AS times OFFSET 0) moved
                    CROSS JOIN LATERAL (
                          SELECT {_latest("recent", aim)} AS recent,
                                 {_latest("times", aim)} AS times OFFSET 0) kept
                    CROSS JOIN LATERAL (
                          SELECT here.activity > step.over AND cardinality(kept.recent) = {aim}
                                 AND kept.times[1] >= here.t - {reach} AS now) met
                    WHERE step.place < cardinality(moments) AND step.k < {most})
               SELECT k, place FROM step WHERE met) step"""


def _moved(array: str, item: str) -> str:
    """The array with the item at its end, and nowhere else."""
    return f"""
        CASE WHEN found IS NULL THEN step.{array}
             ELSE step.{array}[:found - 1] || step.{array}[found + 1:] END || here.{item}"""


def _latest(array: str, aim: str) -> str:
    return f"""
        CASE WHEN cardinality(moved.{array}) > {aim} THEN moved.{array}[2:]
             ELSE moved.{array} END"""
