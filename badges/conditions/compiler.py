"""From a tree to one SQL query.

The query says of each member when the tree was met for the first time, the second, and so on:
`member_id uuid, k int, reached_at timestamptz`, k = 1 to the limit.  It reads nothing but the logs.
"""

from badges.conditions.leaves_activity import counted, lifetime, summed
from badges.conditions.leaves_steady import balance, confirmed, held, listed
from badges.conditions.periods import streaks
from badges.conditions.query import Binder, Query, Scope
from badges.conditions.thresholds import at_least
from badges.conditions.tree import (
    Basis,
    Count,
    External,
    Held,
    Leaf,
    Listed,
    Node,
    Points,
    Streak,
    Sum,
    Threshold,
    checked_leaf,
    is_steady,
)

__all__ = ["Query", "Scope", "reached"]


def reached(node: Node, scope: Scope, *, prefix: str = "c") -> Query:
    """When each member met the resolved tree.

    A statement that takes in several queries gives each a prefix of its own.
    """
    binder = Binder(scope, prefix)
    ctes: list[str] = []
    last = _write(node, binder, ctes)
    return binder.query(f"WITH {', '.join(ctes)} SELECT member_id, k, reached_at FROM {last}")


def _write(node: Node, binder: Binder, ctes: list[str]) -> str:
    """Write the node and what is below it; gives the name of its CTE."""
    if isinstance(node, Threshold):
        counting, steady = list[str](), list[str]()
        for child in node.conditions:
            (steady if is_steady(child) else counting).append(_write(child, binder, ctes))
        sql = at_least(binder, node.needed, counting, steady)
    else:
        sql = leaf_sql(checked_leaf(node), binder)
    name = f"{binder.prefix}_node{len(ctes) + 1}"
    ctes.append(f"{name} AS ({sql})")
    return name


def leaf_sql(leaf: Leaf, binder: Binder) -> str:
    """`member_id, k, reached_at` of a leaf."""
    match leaf:
        case Count():
            return counted(binder, leaf)
        case Sum():
            return summed(binder, leaf)
        case Streak():
            return streaks(binder, leaf)
        case Points(basis=Basis.LIFETIME):
            return lifetime(binder, leaf)
        case Points():
            return balance(binder, leaf.wallet, leaf.target)
        case Held():
            return held(binder, leaf)
        case External():
            return confirmed(binder, leaf)
        case Listed():
            return listed(binder, leaf)
