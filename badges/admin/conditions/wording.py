"""A condition as a sentence: "has done “Purchase” at least 10 times within any 30 days"."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from badges.admin.conditions.vocabulary import event_labels
from badges.admin.drawing import badge_name
from badges.conditions.parsing import parse
from badges.conditions.parsing_filters import parse_filters
from badges.conditions.tree import (
    AttributeFilter,
    Basis,
    Between,
    Calendar,
    Combination,
    Count,
    External,
    Held,
    Listed,
    Node,
    Operator,
    Points,
    Rolling,
    RuleGroupLeaf,
    RuleLeaf,
    Streak,
    Sum,
    Threshold,
    Window,
    walk,
)
from badges.models import BadgeType, Rule, RuleGroup
from loyalty.models import Store
from members.models import MemberList, WalletType

_GONE = "something that was deleted"
_OPERATORS = {
    Operator.EQ: "is",
    Operator.NEQ: "is not",
    Operator.IN: "is one of",
    Operator.NOT_IN: "is none of",
    Operator.GT: "is more than",
    Operator.GTE: "is at least",
    Operator.LT: "is less than",
    Operator.LTE: "is at most",
    Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "begins with",
    Operator.ENDS_WITH: "ends with",
}
# Of dates.
_MOMENTS = {
    Operator.GT: "is after",
    Operator.GTE: "is on or after",
    Operator.LT: "is before",
    Operator.LTE: "is on or before",
}


@dataclass(frozen=True, slots=True)
class Names:
    """What people call the things that a tree names."""

    events: Mapping[str, str]
    wallets: Mapping[str, str]
    rows: Mapping[UUID, str]
    """Badge types, rules, rule groups and lists; those that were deleted, too."""
    zone: ZoneInfo

    def event(self, event: str) -> str:
        return f"“{self.events.get(event, event)}”"

    def row(self, row_id: UUID | None) -> str:
        name = self.rows.get(row_id) if row_id else None
        return _GONE if name is None else f"“{name}”"


def said(store: Store, tree: Mapping[str, Any]) -> str:
    """The whole condition as one sentence, from its JSON."""
    node = parse(tree)
    words = words_of(node, names_in(store, node))
    return f"Earned when {'' if words.startswith('at least') else 'a member '}{words}."


def names_in(store: Store, *nodes: Node) -> Names:
    """The names of everything that the trees mention, in a handful of statements."""
    ids: set[UUID] = set()
    for node in (one for root in nodes for one in walk(root)):
        match node:
            case Held(badge_type_id=row_id) if row_id is not None:
                ids.add(row_id)
            case RuleLeaf(rule_id=row_id) | RuleGroupLeaf(rule_group_id=row_id):
                ids.add(row_id)
            case Listed(list_id=row_id):
                ids.add(row_id)
    rows: dict[UUID, str] = {}
    if ids:
        for model in (Rule, RuleGroup, MemberList):
            rows |= dict(model.for_store(store).filter(id__in=ids).values_list("id", "name"))
        found = BadgeType.for_store(store).filter(id__in=ids).select_related("store")
        rows |= {row.id: badge_name(row) for row in found}
    wallets = dict(WalletType.for_store(store).values_list("code", "name"))
    return Names(event_labels(store), wallets, rows, ZoneInfo(store.timezone))


def words_of(node: Node, names: Names, *, inner: bool = False) -> str:
    """What the member has done or is, as it stands after "a member"."""
    match node:
        case Threshold():
            return _threshold(node, names, inner=inner)
        case Count():
            often = f" at least {_times(node.target)}"
            once = f", counting each different {node.distinct} once" if node.distinct else ""
            done = f"has done {names.event(node.event)}{_where(node.filters)}{often}"
            return f"{done}{_when(node.window, names)}{once}"
        case Sum():
            total = f"has reached a total of {_number(node.target)} in {names.event(node.event)}"
            return f"{total}{_where(node.filters)}{_when(node.window, names)}"
        case Streak():
            often = _times(node.per_period)
            done = f"has done {names.event(node.event)}{_where(node.filters)}"
            run = f"{node.target:,} {node.unit}{'s' if node.target > 1 else ''} in a row"
            return f"{done} at least {often} each {node.unit} for {run}"
        case Points():
            has = "has a balance of" if node.basis is Basis.BALANCE else "has collected in all"
            wallet = names.wallets.get(node.wallet) or node.wallet
            return f"{has} at least {_number(node.target)} points in the wallet “{wallet}”"
        case Held():
            return f"holds the badge {names.row(node.badge_type_id)}{_at_least(node.times)}"
        case RuleLeaf():
            return f"has completed the rule {names.row(node.rule_id)}{_at_least(node.times)}"
        case RuleGroupLeaf():
            needed = "as many rules as are asked for"
            if node.count is not None:
                needed = f"at least {node.count} rule{'s' if node.count > 1 else ''}"
            return f"has completed {needed} of the group {names.row(node.rule_group_id)}"
        case External():
            return f"was confirmed by another system as “{node.key}”"
        case Listed():
            return f"is on the list {names.row(node.list_id)}"


def filters_said(filters: Sequence[Mapping[str, Any]]) -> str:
    """The filters of a rule, from their JSON; empty where there are none."""
    return _joined([_filter(one) for one in parse_filters(list(filters))], "and")


def heading_of(node: Threshold) -> str:
    """A group, as the line above what it holds."""
    match node.combination:
        case Combination.ALL:
            return "All of these"
        case Combination.ANY:
            return "Any of these"
        case _:
            return f"At least {node.count} of these"


def _threshold(node: Threshold, names: Names, *, inner: bool) -> str:
    parts = [words_of(child, names, inner=True) for child in node.conditions]
    if node.combination is Combination.AT_LEAST and len(parts) > 1:
        verb = "is" if node.count == 1 else "are"
        return f"at least {node.count} of these {verb} true: {_joined(parts, 'or')}"
    sentence = _joined(parts, "and" if node.combination is Combination.ALL else "or")
    return f"({sentence})" if inner and len(parts) > 1 else sentence


def _joined(parts: Sequence[str], word: str) -> str:
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def _where(filters: Sequence[AttributeFilter]) -> str:
    return f" (where {_joined([_filter(one) for one in filters], 'and')})" if filters else ""


def _filter(one: AttributeFilter) -> str:
    if one.operator is Operator.EXISTS:
        return f"{one.attribute} is {'' if one.value else 'not '}given"
    is_moment = one.operator in _MOMENTS and isinstance(one.value, str)
    operator = _MOMENTS[one.operator] if is_moment else _OPERATORS[one.operator]
    values = one.value if isinstance(one.value, tuple) else (one.value,)
    return f"{one.attribute} {operator} {_joined([_value(value) for value in values], 'or')}"


def _value(value: str | bool | Decimal) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case Decimal():
            return _number(value)
        case _:
            return f"“{value}”"


def _when(window: Window | None, names: Names) -> str:
    match window:
        case Rolling():
            number = window.hours // 24 if window.days else window.hours
            unit = "day" if window.days else "hour"
            return f" within any {number:,} {unit}{'s' if number > 1 else ''}"
        case Calendar():
            return f" in one calendar {window.period}"
        case Between():
            ends = (moment.astimezone(names.zone) for moment in (window.since, window.until))
            since, until = (f"{end:%-d %b %Y}{f'{end:, %H:%M}' * bool(end.hour or end.minute)}"
                            for end in ends)  # fmt: skip
            return f" between {since} and {until}"
        case None:
            return ""


def _at_least(times: int) -> str:
    return "" if times == 1 else f" at least {_times(times)}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _number(value: Decimal) -> str:
    return f"{value.normalize():,f}"
