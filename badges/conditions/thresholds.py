"""`all`, `any` and `atLeast`: at least n of the children.

Counting children are met again and again; steady ones are met once, and hold from then on.  See
docs/conditions.md for what that means for the second time and those after it.
"""

from badges.conditions.query import Binder


def at_least(binder: Binder, needed: int, counting: list[str], steady: list[str]) -> str:
    """The children are names of CTEs with `member_id, k, reached_at`."""
    if not counting or not steady or binder.scope.most == 1:
        reached, enough = _nth(binder, needed, len(counting) + len(steady))
        return f"""
            SELECT member_id, k, {reached} AS reached_at
              FROM ({_together(counting + steady)}) child
             GROUP BY member_id, k HAVING {enough}"""
    # A later time needs a counting child that is met so often; then a steady one counts as well,
    # but brings no date later than its own.
    reached, enough = _nth(binder, needed, len(counting) + len(steady))
    return f"""
        SELECT member_id, k,
               CASE WHEN k = 1 THEN {reached}
                    ELSE greatest({reached}, min(reached_at) FILTER (WHERE counts)) END
               AS reached_at
          FROM (SELECT member_id, k, reached_at, true AS counts
                  FROM ({_together(counting)}) counting
                 UNION ALL
                SELECT member_id, 1, reached_at, false FROM ({_together(steady)}) steady
                 UNION ALL
                SELECT member_id, later.k, steady.reached_at, false
                  FROM ({_together(steady)}) steady
                  JOIN (SELECT DISTINCT member_id, k FROM ({_together(counting)}) again
                         WHERE k > 1) later USING (member_id)) child
         GROUP BY member_id, k HAVING {enough}"""


def _together(children: list[str]) -> str:
    return " UNION ALL ".join(f"SELECT member_id, k, reached_at FROM {name}" for name in children)


def _nth(binder: Binder, needed: int, children: int) -> tuple[str, str]:
    """The `needed`-th smallest moment of a group, and the condition that there is one."""
    if needed == 1:
        return "min(reached_at)", "true"
    number = binder.bind(needed, "int")
    if needed == children:
        return "max(reached_at)", f"count(*) = {number}"
    return f"(array_agg(reached_at ORDER BY reached_at))[{number}]", f"count(*) >= {number}"
