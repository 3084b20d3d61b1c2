"""The tree of conditions, as plain data.

What the nodes mean is told in docs/conditions.md, and written twice: the compiler beside this
file, and the naive interpreter in tests/badges/conditions.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

RULE_EVENT = "rule:"
CONFIRMATION_EVENT = "confirmation:"
"""What the types of the activity begin with that a completed rule and a confirmation leave."""

Scalar: TypeAlias = str | bool | Decimal


class Zone(StrEnum):
    """Whose clock says when a day begins."""

    MEMBER = "member"
    STORE = "store"


class Operator(StrEnum):
    EQ = "eq"
    NEQ = "neq"
    IN = "in"
    NOT_IN = "notIn"
    GT = "gt"
    GTE = "gte"
    LT = "lt"
    LTE = "lte"
    CONTAINS = "contains"
    STARTS_WITH = "startsWith"
    ENDS_WITH = "endsWith"
    EXISTS = "exists"


@dataclass(frozen=True, slots=True)
class AttributeFilter:
    """What an activity must be like: `attribute` is a dotted path, or `value`.

    `value` is a `Scalar`; for IN and NOT_IN a tuple of them.  After GT, GTE, LT and LTE a text is
    an ISO date.
    """

    attribute: str
    operator: Operator
    value: Scalar | tuple[Scalar, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(self.attribute.split("."))


OWN_VALUE = "value"
"""The attribute that is the activity's own value, such as the amount of a purchase."""


class Period(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


@dataclass(frozen=True, slots=True)
class Rolling:
    """So many exact hours; `days` tells that people wrote them as days of 24 hours."""

    hours: int
    days: bool = False


@dataclass(frozen=True, slots=True)
class Calendar:
    period: Period
    zone: Zone = Zone.MEMBER


@dataclass(frozen=True, slots=True)
class Between:
    """From the one moment until just before the other."""

    since: datetime
    until: datetime


Window: TypeAlias = Rolling | Calendar | Between


class Basis(StrEnum):
    LIFETIME = "lifetime"
    BALANCE = "balance"


class Combination(StrEnum):
    ALL = "all"
    ANY = "any"
    AT_LEAST = "atLeast"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Node:
    id: str
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold(_Node):
    """At least `needed` of its children."""

    combination: Combination
    count: int = 0
    """Only of AT_LEAST."""
    conditions: tuple["Node", ...]

    @property
    def needed(self) -> int:
        if self.combination is Combination.ALL:
            return len(self.conditions)
        return 1 if self.combination is Combination.ANY else self.count


@dataclass(frozen=True, slots=True, kw_only=True)
class Count(_Node):
    event: str
    target: int
    filters: tuple[AttributeFilter, ...] = ()
    distinct: str = ""
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum(_Node):
    event: str
    target: Decimal
    filters: tuple[AttributeFilter, ...] = ()
    window: Window | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Streak(_Node):
    event: str
    target: int
    unit: Period
    per_period: int = 1
    filters: tuple[AttributeFilter, ...] = ()
    zone: Zone = Zone.MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class Points(_Node):
    wallet: str
    target: Decimal
    basis: Basis = Basis.LIFETIME


@dataclass(frozen=True, slots=True, kw_only=True)
class Held(_Node):
    """A badge that is held.  Until `with_badge_ids`, the type may be known by its code only."""

    badge_type_id: UUID | None
    system_code: str = ""
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class External(_Node):
    key: str

    @property
    def event(self) -> str:
        return CONFIRMATION_EVENT + self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(_Node):
    list_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleLeaf(_Node):
    rule_id: UUID
    times: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleGroupLeaf(_Node):
    rule_group_id: UUID
    count: int | None = None


Leaf: TypeAlias = Count | Sum | Streak | Points | Held | External | Listed
"""What the compiler knows."""

Node: TypeAlias = Threshold | Leaf | RuleLeaf | RuleGroupLeaf


def rule_of(event: str) -> UUID | None:
    """The rule whose completion leaves activity of this type."""
    if not event.startswith(RULE_EVENT):
        return None
    try:
        return UUID(event.removeprefix(RULE_EVENT))
    except ValueError:
        return None


def walk(node: Node) -> Iterator[Node]:
    """The node and everything below it, each node before its children."""
    yield node
    if isinstance(node, Threshold):
        for child in node.conditions:
            yield from walk(child)


def leaves(node: Node) -> list[Leaf]:
    """The leaves of a resolved tree, in its order."""
    return [checked_leaf(each) for each in walk(node) if not isinstance(each, Threshold)]


def checked_leaf(node: Node) -> Leaf:
    if isinstance(node, Threshold | RuleLeaf | RuleGroupLeaf):
        raise TypeError(f"{node.id} is no leaf of a resolved tree.")
    return node


def is_steady(node: Node) -> bool:
    """Whether it is met once and then holds, instead of being met again and again."""
    if isinstance(node, Threshold):
        return all(is_steady(child) for child in node.conditions)
    if isinstance(node, Points):
        return node.basis is Basis.BALANCE
    return isinstance(node, Held | External | Listed)


def inputs(node: Node) -> frozenset[str]:
    """What a resolved tree listens to, written as `TouchedMember.input` is."""
    return frozenset(heard for leaf in leaves(node) for heard in _heard(leaf))


def _heard(leaf: Leaf) -> Iterator[str]:
    if isinstance(leaf, Count | Sum | Streak | External):
        yield f"activity:{leaf.event}"
    elif isinstance(leaf, Points):
        yield f"points:{leaf.wallet}"
    elif isinstance(leaf, Held):
        yield f"badge:{leaf.badge_type_id}"
    else:
        yield f"list:{leaf.list_id}"
    if zone_of(leaf) is Zone.MEMBER:
        yield "member"


def zone_of(leaf: Leaf) -> Zone | None:
    """Whose calendar the leaf looks at, if any."""
    if isinstance(leaf, Streak):
        return leaf.zone
    if isinstance(leaf, Count | Sum) and isinstance(leaf.window, Calendar):
        return leaf.window.zone
    return None
