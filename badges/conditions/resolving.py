"""Write rules and rule groups out, and find badges by their codes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from badges.conditions.parsing import MAX_NODES
from badges.conditions.parsing_filters import parse_filters
from badges.conditions.tree import (
    RULE_EVENT,
    AttributeFilter,
    Combination,
    Count,
    Held,
    Node,
    RuleGroupLeaf,
    RuleLeaf,
    Threshold,
    walk,
)
from loyalty.errors import Code, Invalid, Violation


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What a condition must know of a rule.  `event_type` is empty if it is external."""

    id: UUID
    name: str
    event_type: str = ""
    filters: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class GroupFacts:
    id: UUID
    name: str
    rule_ids: Sequence[UUID]
    required_count: int | None = None


def rule_ids(node: Node) -> set[UUID]:
    """The rules that the tree names itself."""
    return {each.rule_id for each in walk(node) if isinstance(each, RuleLeaf)}


def rule_group_ids(node: Node) -> set[UUID]:
    return {each.rule_group_id for each in walk(node) if isinstance(each, RuleGroupLeaf)}


def system_codes(node: Node) -> set[str]:
    """The codes of badge types whose ids the tree does not know."""
    held = (each for each in walk(node) if isinstance(each, Held))
    return {each.system_code for each in held if each.badge_type_id is None}


def badge_type_ids(node: Node) -> set[UUID]:
    held = (each for each in walk(node) if isinstance(each, Held))
    return {each.badge_type_id for each in held if each.badge_type_id is not None}


def with_badge_ids(node: Node, ids: Mapping[str, UUID], *, path: str = "tree") -> Node:
    """The tree with the ids of badge types in place of their codes; raises `Invalid`."""
    violations: list[Violation] = []

    def named(each: Node, path: str) -> Node:
        if not isinstance(each, Held) or each.badge_type_id is not None:
            return each
        if each.system_code not in ids:
            violations.append(_unknown(f"{path}.systemCode", "badge type"))
            return each
        return replace(each, badge_type_id=ids[each.system_code], system_code="")

    return _checked(_mapped(node, path, named), violations)


def resolve(
    node: Node,
    rules: Mapping[UUID, RuleFacts],
    groups: Mapping[UUID, GroupFacts],
    *,
    path: str = "tree",
) -> Node:
    """The tree with each rule and group written out as what it listens to; raises `Invalid`.

    `rules` has the tree's own rules and those of its groups.  Ids and descriptions stay, and a
    leaf without a description gets the name of its rule or group.
    """
    taken = {each.id for each in walk(node)}
    violations: list[Violation] = []

    def resolved(each: Node, path: str) -> Node:
        if isinstance(each, RuleLeaf):
            rule = rules.get(each.rule_id)
            if rule is None:
                violations.append(_unknown(f"{path}.ruleId", "rule"))
                return each
            return _rule(rule, each.id, each.times, each.description)
        if isinstance(each, RuleGroupLeaf):
            try:
                return _group(each, groups, rules, path, taken)
            except Invalid as refusal:
                violations.extend(refusal.violations)
        return each

    found = _checked(_mapped(node, path, resolved), violations)
    if sum(1 for _ in walk(found)) > MAX_NODES:
        message = f"With its rule groups written out, a tree should have {MAX_NODES} nodes or less."
        raise Invalid(Violation(Code.TOO_LONG, path, message, {"limit": MAX_NODES}))
    return found


def _group(
    leaf: RuleGroupLeaf,
    groups: Mapping[UUID, GroupFacts],
    rules: Mapping[UUID, RuleFacts],
    path: str,
    taken: set[str],
) -> Node:
    group = groups.get(leaf.rule_group_id)
    if group is None:
        raise Invalid(_unknown(f"{path}.ruleGroupId", "rule group"))
    members = [rules[each] for each in group.rule_ids if each in rules]
    if not members:
        message = "This rule group has no rules."
        raise Invalid(Violation(Code.NOT_ALLOWED, f"{path}.ruleGroupId", message))
    # Rules that are gone cannot be completed any more: of what is left, all may be asked for.
    needed = leaf.count or min(group.required_count or len(members), len(members))
    if needed > len(members):
        message = f"This rule group has {len(members)} rules."
        limit = {"limit": len(members)}
        raise Invalid(Violation(Code.TOO_HIGH, f"{path}.count", message, limit))
    ids = _new_ids(leaf.id, taken)
    return Threshold(
        id=leaf.id,
        description=leaf.description or group.name,
        combination=Combination.AT_LEAST,
        count=needed,
        conditions=tuple(_rule(rule, next(ids), 1, "") for rule in members),
    )


def _rule(rule: RuleFacts, node_id: str, times: int, description: str) -> Count:
    filters: tuple[AttributeFilter, ...] = ()
    if rule.event_type:
        filters = parse_filters(list(rule.filters))
    return Count(
        id=node_id,
        description=description or rule.name,
        event=rule.event_type or f"{RULE_EVENT}{rule.id}",
        target=times,
        filters=filters,
    )


def _new_ids(parent: str, taken: set[str]) -> Iterator[str]:
    """Ids that nobody has, made of the parent's."""
    number = 0
    while True:
        number += 1
        made = f"{parent[:58]}-{number}"
        if made not in taken:
            taken.add(made)
            yield made


def _mapped(node: Node, path: str, change: Any) -> Node:
    if not isinstance(node, Threshold):
        changed: Node = change(node, path)
        return changed
    children = (
        _mapped(child, f"{path}.conditions[{place}]", change)
        for place, child in enumerate(node.conditions)
    )
    return replace(node, conditions=tuple(children))


def _checked(node: Node, violations: Sequence[Violation]) -> Node:
    if violations:
        raise Invalid(*violations)
    return node


def _unknown(path: str, what: str) -> Violation:
    return Violation(Code.NOT_ALLOWED, path, f"There is no such {what}.")
