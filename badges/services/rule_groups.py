"""Put rules together."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from badges.models import RuleGroup
from badges.selectors.rules import badge_codes_that_use, rules
from badges.services.condition_locks import change_conditions
from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, NotFound, Violation
from loyalty.models import EventName, Store
from loyalty.services.events import differences, record
from loyalty.transactions import writes

MAX_RULES = 50


@writes
def create_rule_group(
    store: Store,
    *,
    name: str,
    rule_ids: Sequence[UUID],
    actor: Actor,
    required_count: int | None = None,
) -> RuleGroup:
    """Add a group of 1 to 50 different rules, of which `required_count` are needed (None: all).

    Raises `Invalid` that names what is wrong.
    """
    change_conditions(store)
    group = RuleGroup(store=store)
    _fill(store, group, name, rule_ids, required_count)
    group.save(force_insert=True)
    _record(store, EventName.RULE_GROUP_CREATED, group, actor)
    return group


@writes
def update_rule_group(
    store: Store,
    *,
    group: RuleGroup,
    name: str,
    rule_ids: Sequence[UUID],
    actor: Actor,
    required_count: int | None = None,
) -> RuleGroup:
    """Set the whole group anew.  A published condition keeps it as it was; publish again."""
    change_conditions(store)
    group = _locked(store, group)
    before = _state(group)
    _fill(store, group, name, rule_ids, required_count)
    group.save()
    changed = differences(before, _state(group))
    _record(store, EventName.RULE_GROUP_UPDATED, group, actor, **changed)
    return group


@writes
def delete_rule_group(store: Store, *, group: RuleGroup, actor: Actor, now: datetime) -> None:
    """Take the group out of sight.  Raises `Conflict` while a badge needs it."""
    change_conditions(store)
    group = _locked(store, group)
    if codes := badge_codes_that_use(store, key="ruleGroupId", row_id=group.id):
        raise Conflict(f"The rule group awards badges: {', '.join(codes)}.")
    group.deleted_at = now
    group.save(update_fields=["deleted_at", "updated_at"])
    _record(store, EventName.RULE_GROUP_DELETED, group, actor)


def _fill(
    store: Store,
    group: RuleGroup,
    name: str,
    rule_ids: Sequence[UUID],
    required_count: int | None,
) -> None:
    found = set(rules(store).filter(id__in=rule_ids).values_list("id", flat=True))
    wrong = [
        Violation(Code.NOT_ALLOWED, f"ruleIds.{position}", "There is no such rule.")
        for position, rule_id in enumerate(rule_ids)
        if rule_id not in found
    ]
    if len(set(rule_ids)) < len(rule_ids):
        wrong.append(Violation(Code.NOT_ALLOWED, "ruleIds", "Each rule may be named once."))
    if not 1 <= len(rule_ids) <= MAX_RULES:
        code = Code.TOO_SHORT if not rule_ids else Code.TOO_LONG
        message = f"A rule group has 1 to {MAX_RULES} rules."
        wrong.append(Violation(code, "ruleIds", message))
    if required_count is not None and not 1 <= required_count <= len(rule_ids):
        code = Code.TOO_LOW if required_count < 1 else Code.TOO_HIGH
        message = "This value should be between 1 and the number of rules."
        wrong.append(Violation(code, "requiredCount", message))
    if wrong:
        raise Invalid(*wrong)
    group.name, group.required_count = name, required_count
    group.rule_ids = [str(rule_id) for rule_id in rule_ids]


def _locked(store: Store, group: RuleGroup) -> RuleGroup:
    found = (
        RuleGroup.for_store(store)
        .select_for_update(no_key=True)
        .filter(id=group.id, deleted_at=None)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _state(group: RuleGroup) -> dict[str, object]:
    return {
        "name": group.name,
        "ruleIds": group.rule_ids,
        "requiredCount": group.required_count,
    }


def _record(
    store: Store, name: EventName, group: RuleGroup, actor: Actor, **changed: object
) -> None:
    record(
        store, name, subject_kind="ruleGroup", subject_id=group.id, actor=actor,
        data={**_state(group), **changed},
    )  # fmt: skip
