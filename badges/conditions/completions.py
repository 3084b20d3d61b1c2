"""From moments at which something was completed to the rows `(member_id, k, reached_at)`."""

from badges.conditions.query import Binder


def numbered(binder: Binder, completions: str) -> str:
    """`completions` has one row `member_id, t` for each time."""
    if binder.scope.most == 1:
        return first(completions)
    return f"""
        SELECT member_id, k::int, t AS reached_at
          FROM (SELECT member_id, t, row_number() OVER (PARTITION BY member_id ORDER BY t) AS k
                  FROM ({completions}) completion) numbered
         WHERE k <= {binder.bind(binder.scope.most, "bigint")}"""


def every_nth(binder: Binder, facts: str, target: int) -> str:
    """Each `target` rows `member_id, t` of `facts` are one completion."""
    most = target * binder.scope.most
    if most == 1 and binder.scope.members is None:
        return first(facts)
    # The bound lets PostgreSQL stop numbering where nothing more can count.
    return f"""
        SELECT member_id, (n / {binder.bind(target, "bigint")})::int AS k, t AS reached_at
          FROM (SELECT member_id, t, row_number() OVER (PARTITION BY member_id ORDER BY t) AS n
                  FROM ({facts}) fact) numbered
         WHERE n <= {binder.bind(most, "bigint")} AND n %% {binder.bind(target, "bigint")} = 0"""


def first(facts: str) -> str:
    return f"""
        SELECT member_id, 1 AS k, min(t) AS reached_at FROM ({facts}) fact GROUP BY member_id"""


def running_total(binder: Binder, facts: str, target: object) -> str:
    """One completion each time the sum of `c` over `member_id, t, c` has grown by `target`.

    `c` is never negative.  `div` is exact, while a quotient is rounded.
    """
    aim, most = binder.bind(target, "numeric"), binder.scope.most
    summed = f"""
        SELECT member_id, t, c, sum(c) OVER (PARTITION BY member_id ORDER BY t
                                             ROWS UNBOUNDED PRECEDING) AS total
          FROM ({facts}) fact"""
    if most == 1:
        return f"""
            SELECT member_id, 1 AS k, t AS reached_at FROM ({summed}) summed
             WHERE total >= {aim} AND total - c < {aim}"""
    last = binder.bind(most, "bigint")
    return f"""
        SELECT member_id, k::int, t AS reached_at FROM ({summed}) summed
         CROSS JOIN LATERAL generate_series(
               div(total - c, {aim})::bigint + 1,
               least(div(total, {aim}), {last})::bigint) AS k
         WHERE div(total, {aim}) > div(total - c, {aim}) AND div(total - c, {aim}) < {last}"""
