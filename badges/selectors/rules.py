"""Find rules and rule groups, and say what needs them."""

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from badges.models import ConditionVersion, Rule, RuleGroup, VersionState
from loyalty.errors import NotFound
from loyalty.models import Store


def rules(store: Store) -> QuerySet[Rule]:
    """The rules of the store, without those that were deleted."""
    return Rule.for_store(store).filter(deleted_at=None)


def get_rule(store: Store, rule_id: UUID | str) -> Rule:
    found = rules(store).filter(id=rule_id).first()
    if found is None:
        raise NotFound
    return found


def rule_groups(store: Store) -> QuerySet[RuleGroup]:
    """The rule groups of the store, without those that were deleted."""
    return RuleGroup.for_store(store).filter(deleted_at=None)


def get_rule_group(store: Store, group_id: UUID | str) -> RuleGroup:
    found = rule_groups(store).filter(id=group_id).first()
    if found is None:
        raise NotFound
    return found


def groups_with(store: Store, rule: Rule) -> list[RuleGroup]:
    return list(rule_groups(store).filter(rule_ids__contains=[str(rule.id)]).order_by("name"))


def badge_codes_that_use(store: Store, *, key: str, row_id: UUID) -> list[str]:
    """System codes of the badge types whose current condition names the row.

    `key` is what leaves name it by, such as "ruleId".
    """
    current = ConditionVersion.for_store(store).filter(state=VersionState.CURRENT)
    trees = current.order_by("badge_type__system_code").values_list(
        "badge_type__system_code", "tree"
    )
    return [code for code, tree in trees if str(row_id) in _named(tree, key)]


def _named(tree: Any, key: str) -> Iterator[str]:
    if key in tree:
        yield tree[key]
    for child in tree.get("conditions", ()):
        yield from _named(child, key)
