"""Define rules: named filters over activity, and things that other systems confirm."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from badges.conditions.parsing import parse
from badges.models import Rule, RuleKind
from badges.selectors.rules import badge_codes_that_use, groups_with
from badges.services.condition_locks import change_conditions
from badges.services.event_types import check_event_type
from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, NotFound, Violation
from loyalty.models import EventName, Store
from loyalty.services.events import record
from loyalty.transactions import writes


@writes
def create_rule(
    store: Store,
    *,
    name: str,
    kind: RuleKind,
    actor: Actor,
    description: str = "",
    event_type: str = "",
    filters: Sequence[Mapping[str, Any]] = (),
) -> Rule:
    """Add a rule.  What it hears is fixed from now on; its words are not.

    One of the kind ACTIVITY needs the type of its activity, and may filter it as a condition
    does; one that is EXTERNAL has neither.  Raises `Invalid` that names what is wrong.
    """
    if kind == RuleKind.EXTERNAL:
        _check_external(event_type, filters)
    else:
        _check_activity(store, event_type, filters)
    rule = Rule(
        store=store, name=name, description=description, kind=kind, event_type=event_type,
        filters=list(filters),
    )  # fmt: skip
    rule.save(force_insert=True)
    _record(store, EventName.RULE_CREATED, rule, actor, kind=kind, eventType=event_type)
    return rule


@writes
def update_rule(
    store: Store,
    *,
    rule: Rule,
    actor: Actor,
    name: str | None = None,
    description: str | None = None,
) -> Rule:
    """Change the rule's words."""
    rule = _locked(store, rule)
    given = {"name": name, "description": description}
    changes = {field: value for field, value in given.items() if value is not None}
    changed = sorted(field for field, value in changes.items() if getattr(rule, field) != value)
    if not changed:
        return rule
    before = {field: getattr(rule, field) for field in changed}
    for field in changed:
        setattr(rule, field, changes[field])
    rule.save(update_fields=[*changed, "updated_at"])
    after = {field: getattr(rule, field) for field in changed}
    _record(store, EventName.RULE_UPDATED, rule, actor, before=before, after=after)
    return rule


@writes
def delete_rule(store: Store, *, rule: Rule, actor: Actor, now: datetime) -> None:
    """Take the rule out of sight.  Raises `Conflict` while a badge or a rule group needs it."""
    change_conditions(store)
    rule = _locked(store, rule)
    if codes := badge_codes_that_use(store, key="ruleId", row_id=rule.id):
        raise Conflict(f"The rule awards badges: {', '.join(codes)}.")
    if groups := groups_with(store, rule):
        raise Conflict(f"The rule is in rule groups: {', '.join(map(str, groups))}.")
    rule.deleted_at = now
    rule.save(update_fields=["deleted_at", "updated_at"])
    _record(store, EventName.RULE_DELETED, rule, actor)


def _check_external(event_type: str, filters: Sequence[Mapping[str, Any]]) -> None:
    message = "A rule that another system confirms hears no activity."
    given = {"eventType": event_type, "filters": filters}
    wrong = [Violation(Code.NOT_ALLOWED, path, message) for path, value in given.items() if value]
    if wrong:
        raise Invalid(*wrong)


def _check_activity(store: Store, event_type: str, filters: Sequence[Mapping[str, Any]]) -> None:
    if not event_type:
        raise Invalid(Violation(Code.MISSING, "eventType", "This field is missing."))
    leaf = {"type": "count", "event": event_type, "target": 1, "filters": list(filters)}
    try:
        parse(leaf, path="")
    except Invalid as error:
        raise Invalid(*map(_in_words_of_a_rule, error.violations)) from None
    check_event_type(store, event_type, path="eventType")


def _in_words_of_a_rule(violation: Violation) -> Violation:
    """A leaf's `event` is a rule's `eventType`, and the leaf itself is nowhere to be seen."""
    path = violation.path.removeprefix(".")
    path = "eventType" if path == "event" else path
    return Violation(violation.code, path, violation.message, violation.parameters)


def _locked(store: Store, rule: Rule) -> Rule:
    found = (
        Rule.for_store(store)
        .select_for_update(no_key=True)
        .filter(id=rule.id, deleted_at=None)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _record(store: Store, name: EventName, rule: Rule, actor: Actor, **data: object) -> None:
    record(
        store, name, subject_kind="rule", subject_id=rule.id, actor=actor,
        data={"name": rule.name, **data},
    )  # fmt: skip
