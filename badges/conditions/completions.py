"""From moments at which something was completed to the rows `(member_id, k, reached_at)`."""

from badges.conditions.query import Binder


def numbered(binder: Binder, completions: str) -> str:
    """`completions` has one row `member_id, t` for each time."""
    if binder.scope.most == 1:
        return first(binder, completions)
    return f"""
        SELECT member_id, k::int, t AS reached_at
          FROM (SELECT member_id, t, row_number() OVER (PARTITION BY member_id ORDER BY t) AS k
                  FROM ({completions}) completion) numbered
         WHERE k <= {binder.bind(binder.scope.most, "bigint")}"""


def every_nth(binder: Binder, facts: str, target: int) -> str:
    """Each `target` rows `member_id, t` of `facts` are one completion."""
    most = target * binder.scope.most
    if most == 1:
        return first(binder, facts)
    # The bound lets PostgreSQL stop numbering where nothing more can count.
    return f"""
        SELECT member_id, (n / {binder.bind(target, "bigint")})::int AS k, t AS reached_at
          FROM (SELECT member_id, t, row_number() OVER (PARTITION BY member_id ORDER BY t) AS n
                  FROM ({facts}) fact) numbered
         WHERE n <= {binder.bind(most, "bigint")} AND n %% {binder.bind(target, "bigint")} = 0"""


def first(binder: Binder, facts: str) -> str:
    """One completion, at the first of the rows `member_id, t`."""
    if binder.scope.members is None:
        return f"""
            SELECT member_id, 1 AS k, min(t) AS reached_at FROM ({facts}) fact GROUP BY member_id"""
    # Of one member the rows mostly come in the order of time, and one is enough.
    return f"""
        SELECT member_id, 1 AS k, t AS reached_at FROM ({facts}) fact ORDER BY t LIMIT 1"""


def running_total(binder: Binder, facts: str, target: object) -> str:
    """One completion each time the sum of `c` over `member_id, t, c` has grown by `target`.

    `c` is never negative.  `div` is exact, while a quotient is rounded.
    """
    aim, most = binder.bind(target, "numeric"), binder.scope.most
    summed = with_total(facts)
    # Of one member, there is nothing to be read behind the last row.
    enough = "" if binder.scope.members is None else f"ORDER BY t LIMIT {binder.bind(most, 'int')}"
    if most == 1:
        return f"""
            SELECT member_id, 1 AS k, t AS reached_at FROM ({summed}) summed
             WHERE total >= {aim} AND total - c < {aim} {enough}"""
    last = binder.bind(most, "bigint")
    return f"""
        SELECT member_id, k::int, t AS reached_at FROM ({summed}) summed
         CROSS JOIN LATERAL generate_series(
               least(div(total - c, {aim}), {last})::bigint + 1,
               least(div(total, {aim}), {last})::bigint) AS k
         WHERE div(total, {aim}) > div(total - c, {aim}) AND div(total - c, {aim}) < {last}
         {enough}"""


def with_total(facts: str) -> str:
    """The rows `member_id, t, c` with the `total` of `c` so far."""
    return f"""
        SELECT member_id, t, c, sum(c) OVER (PARTITION BY member_id ORDER BY t
                                             ROWS UNBOUNDED PRECEDING) AS total
          FROM ({facts}) fact"""
