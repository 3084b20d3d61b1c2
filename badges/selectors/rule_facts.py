"""What conditions must know of rules and rule groups."""

from collections.abc import Iterable
from uuid import UUID

from badges.conditions.resolving import GroupFacts, RuleFacts
from badges.models import RuleKind
from badges.selectors.rules import rule_groups, rules
from loyalty.models import Store


def rule_facts(store: Store, ids: Iterable[UUID]) -> dict[UUID, RuleFacts]:
    """Those of the rules that there are."""
    return {
        rule.id: RuleFacts(
            id=rule.id,
            name=rule.name,
            event_type=rule.event_type if rule.kind == RuleKind.ACTIVITY else "",
            filters=rule.filters,
        )
        for rule in rules(store).filter(id__in=set(ids))
    }


def group_facts(store: Store, ids: Iterable[UUID]) -> dict[UUID, GroupFacts]:
    """Those of the rule groups that there are."""
    return {
        group.id: GroupFacts(
            id=group.id,
            name=group.name,
            rule_ids=[UUID(rule_id) for rule_id in group.rule_ids],
            required_count=group.required_count,
        )
        for group in rule_groups(store).filter(id__in=set(ids))
    }
