"""How many steps members are away from meeting a tree: the SQL."""

from collections.abc import Iterator
from datetime import datetime

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
    Threshold,
    is_steady,
    leaves,
)
from badges.conditions.values import value_and_met

NEARLY = "0.8"
"""From this share of its target on, a sum is one step away, and before that two."""


def remaining(
    node: Node,
    scope: Scope,
    *,
    now: datetime,
    granted: Query | None = None,
    prefix: str = "r",
) -> Query:
    """How far members are from meeting the resolved tree for the next time.

    Columns: `member_id uuid, steps int`; 0 is met.  A step is one more activity, day of a streak or
    badge, a confirmation, or an entry on a list; a sum and points take one step when nearly there,
    and two before.  Of `all`, the steps add up; of the others, the shortest way counts.

    Members for whom no leaf has anything to show are left out.  `granted` has rows
    `member_id, granted`: how often each was awarded already; without it, and for others, 0.
    """
    binder = Binder(scope, prefix)
    every = leaves(node)
    parts = " UNION ALL ".join(_steps_of(leaf, n, binder, now) for n, leaf in enumerate(every))
    full = [binder.bind(_full(leaf), "bigint") for leaf in every]
    columns = ", ".join(
        f"coalesce(min(steps) FILTER (WHERE leaf = {n}), {steps}) AS l{n}"
        for n, steps in enumerate(full)
    )
    names = iter(range(len(every)))
    before = "SELECT NULL::uuid AS member_id, 0::bigint AS granted WHERE false"
    if granted is not None:
        before = granted.sql
        binder.params |= granted.params
    return binder.query(f"""
        WITH granted AS ({before}), parts AS ({parts})
        SELECT member_id, {_steps(node, binder, names)}::int AS steps
          FROM (SELECT member_id, {columns} FROM parts
                 GROUP BY member_id HAVING bool_or(shows)) member""")


def _steps(node: Node, binder: Binder, names: Iterator[int]) -> str:
    if not isinstance(node, Threshold):
        return f"l{next(names)}"
    children = [_steps(child, binder, names) for child in node.conditions]
    if node.needed == len(children):
        return f"({' + '.join(children)})"
    if node.needed == 1:
        return f"least({', '.join(children)})"
    return f"""(SELECT sum(way) FROM (
        SELECT way FROM unnest(ARRAY[{", ".join(children)}]) AS way
         ORDER BY way LIMIT {binder.bind(node.needed, "int")}) AS shortest)"""


def _steps_of(leaf: Leaf, number: int, binder: Binder, now: datetime) -> str:
    time = "1" if is_steady(leaf) else "coalesce(granted.granted, 0) + 1"
    return f"""
        SELECT {number} AS leaf, member_id, value > 0 OR met > 0 AS shows,
               CASE WHEN met >= {time} THEN 0
                    ELSE {_away(leaf, binder, time)} END::bigint AS steps
          FROM ({value_and_met(leaf, binder, now)}) leaf LEFT JOIN granted USING (member_id)"""


def _away(leaf: Leaf, binder: Binder, time: str) -> str:
    """At least 1, because the leaf is not met for this time."""
    if isinstance(leaf, External | Listed):
        return "1"
    target = binder.bind(leaf.times if isinstance(leaf, Held) else leaf.target, "numeric")
    current = f"value - ({time} - 1) * {target}" if is_running(leaf) else "value"
    if isinstance(leaf, Sum | Points):
        return f"CASE WHEN {current} >= {target} * {NEARLY} THEN 1 ELSE 2 END"
    return f"greatest(1, {target} - greatest(0, {current}))"


def is_running(leaf: Leaf) -> bool:
    """Whether the value goes on growing over all the times that the leaf is met."""
    if isinstance(leaf, Count | Sum):
        return not isinstance(leaf.window, Rolling | Calendar)
    return isinstance(leaf, Points) and leaf.basis is Basis.LIFETIME


def _full(leaf: Leaf) -> int:
    match leaf:
        case Count() | Streak():
            return leaf.target
        case Held():
            return leaf.times
        case Sum() | Points():
            return 2
        case _:
            return 1
