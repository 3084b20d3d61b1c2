"""A tree in plain English, the same wherever people read it.

Each node is what a member has done or is, as it stands after "a member": "has done “Visit” at
least 10 times within any 30 days, where own cup is yes".
"""

from badges.conditions.tree import (
    RULE_EVENT,
    Basis,
    Combination,
    Count,
    External,
    Held,
    Listed,
    Node,
    Points,
    RuleGroupLeaf,
    RuleLeaf,
    Streak,
    Sum,
    Threshold,
    rule_of,
)
from badges.conditions.wording_filters import attribute_words, filters_words
from badges.conditions.wording_names import NO_NAMES, Names
from badges.conditions.wording_texts import joined, plain, quoted, so_many, times
from badges.conditions.wording_windows import clock_words, window_words


def said(node: Node, names: Names) -> str:
    """The whole condition as a sentence."""
    return f"Earned when a member {own_words(node, names)}."


def words_of(node: Node, names: Names = NO_NAMES) -> str:
    """What people wrote of the node, or our own words."""
    return node.description or own_words(node, names)


def own_words(node: Node, names: Names) -> str:
    """What the node asks for, whatever people wrote of it."""
    match node:
        case Threshold():
            return _threshold(node, names)
        case Count():
            return _count(node, names)
        case Sum():
            what = f"has reached a total of {plain(node.target)} in {_event(node, names)}"
            return f"{what}{window_words(node.window, names.zone)}{_where(node, names)}"
        case Streak():
            return _streak(node, names)
        case Points():
            return _points(node, names)
        case Held(badge_type_id=None):
            return f"holds the badge {quoted(node.system_code)}{_so_often(node.times)}"
        case Held():
            return f"holds {names.row('badge', node.badge_type_id)}{_so_often(node.times)}"
        case RuleLeaf():
            return f"has completed {names.row('rule', node.rule_id)}{_so_often(node.times)}"
        case RuleGroupLeaf():
            group = names.row("group", node.rule_group_id)
            if node.count is None:
                return f"has completed as many rules of {group} as it asks for"
            return f"has completed at least {so_many(node.count, 'rule')} of {group}"
        case External():
            return f"was confirmed by another system as {quoted(node.key)}"
        case Listed():
            return f"is on {names.row('list', node.list_id)}"


def heading_of(node: Threshold) -> str:
    """As the line above what it holds."""
    match node.combination:
        case Combination.ALL:
            return "All of these"
        case Combination.ANY:
            return "Any of these"
        case Combination.AT_LEAST:
            return f"At least {node.count} of these"


def _threshold(node: Threshold, names: Names) -> str:
    parts = [_part(child, names) for child in node.conditions]
    if len(parts) == 1:
        return parts[0]
    if node.combination is Combination.AT_LEAST:
        return f"meets at least {node.count} of these: {joined(parts, 'or')}"
    return joined(parts, "and" if node.combination is Combination.ALL else "or")


def _part(node: Node, names: Names) -> str:
    words = own_words(node, names)
    while isinstance(node, Threshold) and len(node.conditions) == 1:
        node = node.conditions[0]
    return f"({words})" if isinstance(node, Threshold) else words


def _count(node: Count, names: Names) -> str:
    when, where = window_words(node.window, names.zone), _where(node, names)
    if node.event.startswith(RULE_EVENT):
        done = f"has completed {names.row('rule', rule_of(node.event))}{_so_often(node.target)}"
    else:
        done = f"has done {_event(node, names)} at least {times(node.target)}"
    once = f", counting each different {attribute_words(node.distinct)} once"
    return f"{done}{when}{once if node.distinct else ''}{where}"


def _streak(node: Streak, names: Names) -> str:
    done = f"has done {_event(node, names)} at least {times(node.per_period)}"
    run = f" in one calendar {node.unit}"
    if node.target > 1:
        run = f" each {node.unit} for {so_many(node.target, node.unit)} in a row"
    return f"{done}{run}{clock_words(node.zone)}{_where(node, names)}"


def _points(node: Points, names: Names) -> str:
    points = f"at least {so_many(node.target, 'point')}"
    has = "has a balance of" if node.basis is Basis.BALANCE else "has collected in all"
    wallet = names.wallets.get(node.wallet) or node.wallet
    return f"{has} {points} in the wallet {quoted(wallet)}"


def _event(node: Count | Sum | Streak, names: Names) -> str:
    return quoted(names.event(node.event))


def _where(node: Count | Sum | Streak, names: Names) -> str:
    return f", where {filters_words(node.filters, names.zone)}" if node.filters else ""


def _so_often(number: int) -> str:
    return "" if number == 1 else f" at least {times(number)}"
