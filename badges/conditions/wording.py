"""A tree in plain English, for people who read it in the admin or in an explanation."""

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TypeAlias
from uuid import UUID

from badges.conditions.tree import (
    OWN_VALUE,
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
    Scalar,
    Streak,
    Sum,
    Threshold,
    Window,
    Zone,
)
from members.models.activity import PURCHASE, RETURN

Names: TypeAlias = Mapping[str | UUID, str]
"""What people call badge types, lists, rules and groups, by id, and wallets by code."""

NO_NAMES: Names = MappingProxyType({})

_OPERATORS = {
    Operator.EQ: "is", Operator.NEQ: "is not", Operator.GT: "is more than",
    Operator.GTE: "is at least", Operator.LT: "is less than", Operator.LTE: "is at most",
    Operator.CONTAINS: "contains", Operator.STARTS_WITH: "starts with",
    Operator.ENDS_WITH: "ends with", Operator.IN: "is one of", Operator.NOT_IN: "is none of",
}  # fmt: skip


_KNOWN = {PURCHASE: ("purchase", "purchases"), RETURN: ("return", "returns")}


def sentence(node: Node, names: Names = NO_NAMES) -> str:
    """The node in one sentence, such as “10 purchases of at least 5 within 30 days”.

    A node that people described says what they said.
    """
    return node.description or _own_words(node, names)


def _own_words(node: Node, names: Names) -> str:
    match node:
        case Threshold():
            return _threshold(node, names)
        case Count():
            return _count(node)
        case Sum():
            what = f"a total of {plain(node.target)} from {_many(node.event)}"
            return what + _where(node.event, node.filters) + _when(node.window)
        case Streak():
            return _streak(node)
        case Points():
            wallet = names.get(node.wallet, node.wallet)
            of_wallet = "" if node.wallet == "default" else f" in the wallet {quoted(wallet)}"
            if node.basis is Basis.BALANCE:
                return f"a balance of {plain(node.target)} points{of_wallet}"
            return f"{plain(node.target)} points earned{of_wallet}"
        case Held():
            badge = names.get(node.badge_type_id or node.system_code, "")
            what = f"the badge {quoted(badge or node.system_code or str(node.badge_type_id))}"
            return what if node.times == 1 else f"{what} {node.times} times"
        case RuleLeaf():
            rule = quoted(names.get(node.rule_id, str(node.rule_id)))
            return f"the rule {rule} completed{_times(node.times)}"
        case RuleGroupLeaf():
            group = quoted(names.get(node.rule_group_id, str(node.rule_group_id)))
            many = "the rules" if node.count is None else f"at least {node.count} of the rules"
            return f"{many} of the group {group}"
        case External():
            return f"confirmed by another system as {quoted(node.key)}"
        case Listed():
            return f"on the list {quoted(names.get(node.list_id, str(node.list_id)))}"


def _threshold(node: Threshold, names: Names) -> str:
    parts = [_part(each, names) for each in node.conditions]
    if len(parts) == 1:
        return parts[0]
    if node.combination is Combination.ALL:
        return _listing(parts, "and")
    if node.combination is Combination.ANY:
        return _listing(parts, "or")
    return f"at least {node.count} of: {_listing(parts, 'and')}"


def _part(node: Node, names: Names) -> str:
    text = sentence(node, names)
    inner = isinstance(node, Threshold) and len(node.conditions) > 1 and not node.description
    return f"({text})" if inner else text


def _count(node: Count) -> str:
    where, when = _where(node.event, node.filters), _when(node.window)
    if node.distinct:
        what = f"{node.target} different values of {quoted(node.distinct)}"
        return f"{what} in {_many(node.event)}{where}{when}"
    return f"{_so_many(node.event, node.target)}{where}{when}"


def _streak(node: Streak) -> str:
    what = _so_many(node.event, node.per_period) + _where(node.event, node.filters)
    clock = " (by the store's clock)" if node.zone is Zone.STORE else ""
    if node.target == 1:
        return f"{what} in one calendar {node.unit}{clock}"
    return f"{what} in each of {node.target} {node.unit}s in a row{clock}"


def _many(event: str) -> str:
    return _KNOWN[event][1] if event in _KNOWN else quoted(event)


def _so_many(event: str, times: int) -> str:
    if event in _KNOWN:
        one, many = _KNOWN[event]
        return f"a {one}" if times == 1 else f"{plain(times)} {many}"
    return f"{quoted(event)} once" if times == 1 else f"{quoted(event)} {plain(times)} times"


def _where(event: str, filters: tuple[AttributeFilter, ...]) -> str:
    """“of at least 5” for what a purchase is worth, “where …” for the rest."""
    worth = [each for each in filters if _is_worth(event, each)]
    rest = [filter_words(each) for each in filters if each not in worth]
    # "the value is at least 5" without its subject and verb.
    of = [filter_words(each).removeprefix("the value is ") for each in worth]
    first = f" of {_listing(of, 'and')}" if of else ""
    return f"{first} where {_listing(rest, 'and')}" if rest else first


def _is_worth(event: str, each: AttributeFilter) -> bool:
    compares = each.operator in {Operator.GT, Operator.GTE, Operator.LT, Operator.LTE}
    return event in _KNOWN and each.attribute == OWN_VALUE and compares


def filter_words(each: AttributeFilter) -> str:
    """A filter in words, such as “category is one of "tea", "coffee"”."""
    name = "the value" if each.attribute == OWN_VALUE else each.attribute
    if each.operator is Operator.EXISTS:
        return f"{name} is there" if each.value else f"{name} is not there"
    given = each.value if isinstance(each.value, tuple) else (each.value,)
    return f"{name} {_OPERATORS[each.operator]} {', '.join(map(scalar_words, given))}"


def scalar_words(value: Scalar) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value) if isinstance(value, Decimal) else quoted(value)


def _when(window: Window | None) -> str:
    match window:
        case Rolling(days=True):
            days = window.hours // 24
            return f" within {days} days" if days > 1 else " within 24 hours"
        case Rolling():
            return f" within {window.hours} hours" if window.hours > 1 else " within an hour"
        case Calendar():
            clock = " (by the store's clock)" if window.zone is Zone.STORE else ""
            return f" in one calendar {window.period}{clock}"
        case Between():
            return f" from {_moment(window.since)} until {_moment(window.until)}"
        case None:
            return ""


def _moment(moment: object) -> str:
    text = f"{moment:%Y-%m-%d %H:%M} UTC"
    return text.replace(" 00:00 UTC", "")


def _times(times: int) -> str:
    return "" if times == 1 else f" {times} times"


def quoted(text: str) -> str:
    return f"“{text}”"


def plain(number: Decimal | int) -> str:
    """Without an exponent and needless zeros, with commas between thousands."""
    text = f"{Decimal(number):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _listing(parts: list[str], last: str) -> str:
    if len(parts) == 1:
        return parts[0]
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
