"""Rolling windows: so much within so many hours, looking back from each activity.

After a completion counting starts afresh behind the activity that completed it.  What makes that
quick: whether the window that ends with an activity holds enough does not depend on where counting
started.  So the activities that could complete something are found first, each learns which is the
first one behind it that has enough of its own, and then they are followed from one to the next.
"""

from decimal import Decimal

from badges.conditions.completions import first
from badges.conditions.query import Binder
from badges.conditions.tree import Rolling


def rolling_count(binder: Binder, facts: str, target: int, window: Rolling) -> str:
    reach = _reach(binder, window)
    back = binder.bind(target - 1, "int")
    in_time = f"lag(t, {back}) OVER mine >= t - {reach}"
    if binder.scope.most == 1:
        enough = f"""
            SELECT member_id, t
              FROM (SELECT member_id, t, {in_time} AS enough FROM ({facts}) fact
                    WINDOW mine AS (PARTITION BY member_id ORDER BY t)) looked_back
             WHERE enough"""
        return first(binder, enough)
    looked_back = f"""
        SELECT member_id, t, {in_time} AS enough, row_number() OVER mine AS amount
          FROM ({facts}) fact WINDOW mine AS (PARTITION BY member_id ORDER BY t)"""
    return _followed(binder, looked_back, binder.bind(target, "bigint"))


def rolling_total(binder: Binder, facts: str, target: Decimal, window: Rolling) -> str:
    """`facts` has `id` and the contribution `c`, which is never negative."""
    reach, aim = _reach(binder, window), binder.bind(target, "numeric")
    if binder.scope.most == 1:
        enough = f"""
            SELECT member_id, t
              FROM (SELECT member_id, t, sum(c) OVER (
                           PARTITION BY member_id ORDER BY t
                           RANGE BETWEEN {reach} PRECEDING AND CURRENT ROW) AS total
                      FROM ({facts}) fact) summed
             WHERE total >= {aim}"""
        return first(binder, enough)
    # `before` is what lies behind the window: all that is older by a microsecond more.
    looked_back = f"""
        SELECT member_id, t, amount, amount - coalesce(before, 0) >= {aim} AS enough
          FROM (SELECT member_id, t,
                       sum(c) OVER (PARTITION BY member_id ORDER BY t, id
                                    ROWS UNBOUNDED PRECEDING) AS amount,
                       sum(c) OVER (PARTITION BY member_id ORDER BY t
                                    RANGE BETWEEN UNBOUNDED PRECEDING
                                    AND {reach} + interval '1 microsecond' PRECEDING) AS before
                  FROM ({facts}) fact WHERE c > 0) summed"""
    return _followed(binder, looked_back, aim)


def _reach(binder: Binder, window: Rolling) -> str:
    """Exact hours, whatever clocks do in between."""
    return f"make_interval(hours => {binder.bind(window.hours, 'int')})"


def _followed(binder: Binder, looked_back: str, target: str) -> str:
    """From one completion to the next.

    `looked_back` has `member_id, t`, whether the window that ends here holds `enough`, and the
    running `amount`, which must have grown by `target` since the last completion.
    """
    return f"""
        SELECT member_id, path.k, moments[path.place] AS reached_at
          FROM (SELECT member_id, array_agg(t ORDER BY place) AS moments,
                       array_agg(next ORDER BY place) AS nexts
                  FROM (SELECT member_id, t, place,
                               coalesce(first_value(place) OVER (
                                   PARTITION BY member_id ORDER BY amount
                                   RANGE BETWEEN {target} FOLLOWING AND UNBOUNDED FOLLOWING), 0)
                               AS next
                          FROM (SELECT member_id, t, amount, row_number() OVER (
                                       PARTITION BY member_id ORDER BY amount) AS place
                                  FROM ({looked_back}) looked_back WHERE enough) candidate) linked
                 GROUP BY member_id) candidates
         CROSS JOIN LATERAL (
               WITH RECURSIVE path AS (
                   SELECT 1 AS k, 1::bigint AS place
                    UNION ALL
                   SELECT k + 1, nexts[place] FROM path
                    WHERE nexts[place] > 0 AND k < {binder.bind(binder.scope.most, "int")})
               SELECT k, place FROM path) path"""
