"""How far one member is, as plain data: each leaf's value, and what follows for the nodes above."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection

from badges.conditions.query import Scope
from badges.conditions.remaining import is_running
from badges.conditions.tree import (
    Count,
    Held,
    Leaf,
    Node,
    Points,
    Streak,
    Sum,
    Threshold,
    checked_leaf,
    is_steady,
)
from badges.conditions.values import values
from badges.conditions.wording import words_of
from badges.conditions.wording_names import NO_NAMES, Names
from badges.conditions.writing import type_of


@dataclass(frozen=True, slots=True)
class LeafValue:
    """A row of `values`, or what is true of a member who has none."""

    value: Decimal = Decimal(0)
    met: int = 0
    reached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a node is.  `current` goes from 0 to `target`; a threshold counts its children."""

    id: str
    type: str
    description: str
    current: Decimal
    target: Decimal
    percent: int
    completed: bool
    completed_at: datetime | None
    conditions: tuple["Progress", ...] = ()
    steady: bool = field(default=False, repr=False)


def leaf_values(node: Node, scope: Scope, *, now: datetime) -> dict[UUID, dict[str, LeafValue]]:
    """By member and id of the leaf; what is absent is `LeafValue()`.

    For the progress towards the k-th time, the scope's limit is k.
    """
    query = values(node, scope, now=now)
    found: dict[UUID, dict[str, LeafValue]] = {}
    with connection.cursor() as cursor:
        cursor.execute(query.sql, query.params)
        for node_id, member_id, *rest in cursor.fetchall():
            found.setdefault(member_id, {})[node_id] = LeafValue(*rest)
    return found


def progress(
    node: Node, found: Mapping[str, LeafValue], *, time: int = 1, names: Names = NO_NAMES
) -> Progress:
    """The progress of one member towards meeting the resolved tree for the `time`-th time.

    `found` was read with `time` as the limit, so `reached_at` is the date of that time.
    """
    if isinstance(node, Threshold):
        children = tuple(progress(each, found, time=time, names=names) for each in node.conditions)
        return _threshold(node, children, time, names)
    leaf = checked_leaf(node)
    return _leaf(leaf, found.get(leaf.id, LeafValue()), time, names)


def _leaf(leaf: Leaf, found: LeafValue, time: int, names: Names) -> Progress:
    steady, target = is_steady(leaf), target_of(leaf)
    completed = found.met >= (1 if steady else time)
    current = found.value - (time - 1) * target if is_running(leaf) else found.value
    current = target if completed else min(max(current, Decimal(0)), target)
    return Progress(
        id=leaf.id,
        type=type_of(leaf),
        description=words_of(leaf, names),
        current=current,
        target=target,
        percent=_percent(current / target * 100, completed=completed),
        completed=completed,
        completed_at=found.reached_at if completed else None,
        steady=steady,
    )


def _threshold(
    node: Threshold, children: tuple[Progress, ...], time: int, names: Names
) -> Progress:
    done = [each for each in children if each.completed]
    steady = all(each.steady for each in children)
    counted = [each for each in done if not each.steady]
    # A later time needs a condition that is met again; what is held is not enough for it.
    completed = len(done) >= node.needed and (time == 1 or steady or bool(counted))
    best = sorted((each.percent for each in children), reverse=True)[: node.needed]
    return Progress(
        id=node.id,
        type=type_of(node),
        description=words_of(node, names),
        current=Decimal(min(len(done), node.needed)),
        target=Decimal(node.needed),
        percent=_percent(Decimal(sum(best)) / node.needed, completed=completed),
        completed=completed,
        completed_at=_completed_at(node.needed, done, counted, time) if completed else None,
        conditions=children,
        steady=steady,
    )


def _completed_at(
    needed: int, done: list[Progress], counted: list[Progress], time: int
) -> datetime | None:
    """As the compiler has it (see thresholds.py)."""
    moments = sorted(each.completed_at for each in done if each.completed_at)
    first = min((each.completed_at for each in counted if each.completed_at), default=None)
    reached = moments[needed - 1]
    return reached if time == 1 or first is None else max(reached, first)


def target_of(leaf: Leaf) -> Decimal:
    match leaf:
        case Count() | Sum() | Streak() | Points():
            return Decimal(leaf.target)
        case Held():
            return Decimal(leaf.times)
        case _:
            return Decimal(1)


def _percent(share: Decimal, *, completed: bool) -> int:
    return 100 if completed else min(99, int(share))
