"""Put versions of conditions into force and out of it: what publishing and backfilling share."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Max

from badges.conditions.parsing import parse
from badges.conditions.tree import inputs
from badges.models import (
    BadgeType,
    ConditionInput,
    ConditionVersion,
    PublishPolicy,
    VersionState,
)
from badges.selectors.conditions import (
    default_counting_from,
    find_current,
    find_draft,
    find_latest,
    versions_of,
)
from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, NotFound, Violation
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id
from loyalty.services.events import record
from members.services.activity_times import EARLIEST


@dataclass(frozen=True, slots=True)
class Terms:
    """How a version is put into force."""

    policy: PublishPolicy
    counting_from: datetime
    carries_on: ConditionVersion | None
    """The version whose series it belongs to; None: its completions are numbered anew."""


def terms_for(
    store: Store,
    badge_type: BadgeType,
    policy: PublishPolicy | None,
    counting_from: datetime | None,
    now: datetime,
) -> Terms:
    """What a policy means for the badge type's next version, if it is put into force at `now`.

    A first version counts from a day before the badge type was made, whatever the policy.  A later
    one either begins at `now`, with completions of its own, or carries on the one before it.
    Raises `Invalid` for a moment that does not go with the policy, or has not come yet.
    """
    former = find_latest(store, badge_type)
    check_counting_from(counting_from, now)
    if former is None:
        chosen = policy or PublishPolicy.ONLY_ADD
        return Terms(chosen, counting_from or default_counting_from(badge_type), None)
    if policy is None:
        message = "Say what becomes of what was earned so far."
        raise Invalid(Violation(Code.MISSING, "policy", message))
    if policy == PublishPolicy.FROM_NOW_ON:
        if counting_from is not None:
            message = "With this policy, what happens from now on counts."
            raise Invalid(Violation(Code.NOT_ALLOWED, "countingFrom", message))
        return Terms(policy, now, None)
    assert former.counting_from is not None  # noqa: S101 (it was published)
    return Terms(policy, counting_from or former.counting_from, former)


def check_counting_from(counting_from: datetime | None, now: datetime) -> None:
    """Raises `Invalid`; None, which leaves it to the policy, will do."""
    if counting_from is None:
        return
    if counting_from > now:
        message = "This moment has not come yet."
        raise Invalid(Violation(Code.TOO_HIGH, "countingFrom", message))
    if counting_from < EARLIEST:
        message = "This moment is before 1970."
        raise Invalid(Violation(Code.TOO_LOW, "countingFrom", message))


def put_in_force(
    store: Store,
    version: ConditionVersion,
    terms: Terms,
    *,
    resolved: Mapping[str, Any],
    actor: Actor,
    now: datetime,
) -> None:
    """Make a draft, or a version not yet saved, the current one of its badge type.

    The caller holds the lock of the store's conditions.
    """
    before = end_current(store, version.badge_type, VersionState.SUPERSEDED, now)
    if versions_of(store, version.badge_type).filter(number__gt=version.number).exists():
        version.number = next_number(store, version.badge_type)  # A draft that was overtaken.
    version.state, version.policy = VersionState.CURRENT, terms.policy
    version.series = terms.carries_on.series if terms.carries_on else new_id()
    version.counting_from, version.resolved = terms.counting_from, dict(resolved)
    version.published_at = now
    version.actor_kind, version.actor_id = actor.kind, actor.id
    version.actor_label, version.source = actor.label, actor.source
    version.save()
    _listen(store, version.badge_type, resolved)
    record_about(
        store, EventName.CONDITION_PUBLISHED, version, actor,
        policy=version.policy, countingFrom=terms.counting_from.isoformat(),
        repeatLimit=version.repeat_limit, previousVersionId=before and str(before.id),
    )  # fmt: skip


def end_current(
    store: Store, badge_type: BadgeType, state: VersionState, now: datetime
) -> ConditionVersion | None:
    """Take the current version out of force; the badge type hears nothing then."""
    current = find_current(store, badge_type)
    if current is not None:
        current.state, current.ended_at = state, now
        current.save(update_fields=["state", "ended_at", "updated_at"])
    ConditionInput.for_store(store).filter(badge_type=badge_type).delete()
    return current


def forget_condition(store: Store, badge_type: BadgeType, *, actor: Actor, now: datetime) -> None:
    """Of a badge type that is to be deleted: nothing awards it any more, and its draft goes."""
    retired = end_current(store, badge_type, VersionState.RETIRED, now)
    if retired is not None:
        record_about(store, EventName.CONDITION_RETIRED, retired, actor)
    draft = find_draft(store, badge_type)
    if draft is not None:
        draft.delete()


def record_about(
    store: Store, name: EventName, version: ConditionVersion, actor: Actor, **data: object
) -> None:
    record(
        store, name, subject_kind="badgeType", subject_id=version.badge_type_id, actor=actor,
        data={
            "systemCode": version.badge_type.system_code,
            "versionId": str(version.id),
            "number": version.number,
            **data,
        },
    )  # fmt: skip


def next_number(store: Store, badge_type: BadgeType) -> int:
    numbers = ConditionVersion.for_store(store).filter(badge_type=badge_type)
    last: int | None = numbers.aggregate(last=Max("number"))["last"]
    return (last or 0) + 1


def locked_badge_type(store: Store, badge_type: BadgeType) -> BadgeType:
    """The badge type as it is now; raises `NotFound` if it was deleted meanwhile."""
    found = (
        BadgeType.for_store(store)
        .select_for_update(no_key=True)
        .filter(id=badge_type.id, deleted_at=None)
        .first()
    )
    if found is None:
        raise NotFound
    return found


def _listen(store: Store, badge_type: BadgeType, resolved: Mapping[str, Any]) -> None:
    heard = sorted(inputs(parse(dict(resolved))))
    ConditionInput.for_store(store).bulk_create(
        ConditionInput(store=store, badge_type=badge_type, input=each) for each in heard
    )


MAX_REPEAT_LIMIT = 10_000


def check_repeat_limit(repeat_limit: int | None) -> None:
    """Raises `Invalid`; None, which is without end, will do."""
    if repeat_limit is not None:
        check_between("repeatLimit", repeat_limit, 1, MAX_REPEAT_LIMIT)


def check_between(path: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        code = Code.TOO_LOW if value < least else Code.TOO_HIGH
        message = f"This value should be between {least} and {most}."
        raise Invalid(Violation(code, path, message))
