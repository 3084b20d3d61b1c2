"""From a tree to its JSON."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from badges.conditions.tree import (
    AttributeFilter,
    Between,
    Calendar,
    Combination,
    Count,
    External,
    Held,
    Listed,
    Node,
    Points,
    Rolling,
    RuleGroupLeaf,
    RuleLeaf,
    Scalar,
    Streak,
    Sum,
    Threshold,
    Window,
)


def written(node: Node) -> dict[str, Any]:
    """The node as `parse` reads it, ids filled in, and defaults left out."""
    common = {"type": type_of(node), "id": node.id}
    if node.description:
        common["description"] = node.description
    return {name: value for name, value in (common | _own(node)).items() if value is not None}


def type_of(node: Node) -> str:
    return str(node.combination) if isinstance(node, Threshold) else _TYPES[type(node)]


_TYPES: dict[type, str] = {
    Count: "count", Sum: "sum", Streak: "streak", Points: "points", Held: "badge",
    RuleLeaf: "rule", RuleGroupLeaf: "ruleGroup", External: "external", Listed: "listed",
}  # fmt: skip


def _own(node: Node) -> dict[str, Any]:
    match node:
        case Threshold():
            count = node.count if node.combination is Combination.AT_LEAST else None
            return {"count": count, "conditions": [written(each) for each in node.conditions]}
        case Count():
            return {
                "event": node.event,
                "target": node.target,
                "filters": _filters(node.filters),
                "distinct": node.distinct or None,
                "window": _window(node.window),
            }
        case Sum():
            return {
                "event": node.event,
                "target": number(node.target),
                "filters": _filters(node.filters),
                "window": _window(node.window),
            }
        case Streak():
            return {
                "event": node.event,
                "target": node.target,
                "unit": str(node.unit),
                "perPeriod": node.per_period,
                "filters": _filters(node.filters),
                "zone": str(node.zone),
            }
        case Points():
            target = number(node.target)
            return {"wallet": node.wallet, "target": target, "basis": str(node.basis)}
        case Held(badge_type_id=None):
            return {"systemCode": node.system_code, "times": node.times}
        case Held():
            return {"badgeTypeId": str(node.badge_type_id), "times": node.times}
        case RuleLeaf():
            return {"ruleId": str(node.rule_id), "times": node.times}
        case RuleGroupLeaf():
            return {"ruleGroupId": str(node.rule_group_id), "count": node.count}
        case External():
            return {"key": node.key}
        case Listed():
            return {"listId": str(node.list_id)}


def _window(window: Window | None) -> dict[str, Any] | None:
    match window:
        case Rolling(days=True):
            return {"type": "rolling", "days": window.hours // 24}
        case Rolling():
            return {"type": "rolling", "hours": window.hours}
        case Calendar():
            period, zone = str(window.period), str(window.zone)
            return {"type": "calendar", "period": period, "zone": zone}
        case Between():
            since, until = moment(window.since), moment(window.until)
            return {"type": "between", "from": since, "to": until}
        case None:
            return None


def _filters(filters: tuple[AttributeFilter, ...]) -> list[dict[str, Any]] | None:
    return [written_filter(each) for each in filters] or None


def written_filter(each: AttributeFilter) -> dict[str, Any]:
    value = each.value
    plain = [scalar(one) for one in value] if isinstance(value, tuple) else scalar(value)
    return {"attribute": each.attribute, "operator": str(each.operator), "value": plain}


def scalar(value: Scalar) -> str | bool | int | float:
    return number(value) if isinstance(value, Decimal) else value


def number(value: Decimal) -> int | float:
    """As JSON has it.  `Decimal(repr(...))` of a float gives the same decimals again."""
    return int(value) if value == value.to_integral_value() else float(value)


def moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
