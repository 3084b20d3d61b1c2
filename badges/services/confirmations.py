"""What other systems say that a member did: a rule completed, or a fact confirmed.

Both are activity, and count like any other.  What was said may be taken back, and then counts no
more; saying it again counts anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from badges.models import Rule, RuleKind
from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, NotFound, Violation
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id
from loyalty.transactions import writes
from members.models import Activity, ActivitySource, Member
from members.services.activity_rows import ActivityRow, record_activities
from members.services.activity_times import fault_of
from members.services.locking import lock_member
from members.services.touching import Touch, activity_input, touch

MAX_COMPLETION_ID = 200
WITHDRAWAL = "withdrawal"
"""The type of the activity that takes another one back."""


def rule_activity(rule_id: UUID | str) -> str:
    """The type of the activity that is a completion of the rule."""
    return f"rule:{rule_id}"


def confirmation_activity(key: str) -> str:
    return f"confirmation:{key}"


@dataclass(frozen=True, slots=True)
class Said:
    """`is_new` is false if the same had been said before, and nothing was written."""

    activity_id: UUID
    external_id: str
    is_new: bool


@writes
def complete_rule(
    store: Store,
    *,
    rule: Rule,
    member: Member,
    actor: Actor,
    now: datetime,
    completed_at: datetime | None = None,
    completion_id: str = "",
) -> Said:
    """The member has completed a rule that other systems confirm, once more.

    A completion id counts once for the rule, for ever, also after it was withdrawn.  Raises
    `Conflict` if it was another member's, and `Invalid` for a rule that hears activity.
    """
    if rule.kind != RuleKind.EXTERNAL:
        message = "This rule is completed by activity, not through the API."
        raise Invalid(Violation(Code.NOT_ALLOWED, "", message))
    _check_moment(completed_at, "completedAt", now)
    lock_member(store, member)
    external_id = f"{rule.id}:{completion_id or new_id()}"
    said = _say(
        store, member, rule_activity(rule.id), ActivitySource.RULE, external_id, actor,
        occurred_at=completed_at or now, now=now,
        told={"ruleId": rule.id, "completionId": completion_id},
    )  # fmt: skip
    if not said.is_new and not _is_of(store, said.activity_id, member):
        raise Conflict("This completionId was used for another member.")
    return said


@writes
def withdraw_completion(
    store: Store, *, rule: Rule, completion_id: str, actor: Actor, now: datetime
) -> None:
    """Take a completion back.  Raises `NotFound` if there is none, or it was taken back before."""
    told = Activity.for_store(store).filter(
        source=ActivitySource.RULE, external_id=f"{rule.id}:{completion_id}"
    )
    _withdraw(
        store, told.select_for_update(no_key=True).first(), actor, now,
        event=EventName.RULE_COMPLETION_WITHDRAWN,
        told={"ruleId": rule.id, "completionId": completion_id},
    )  # fmt: skip


@writes
def confirm(
    store: Store,
    *,
    key: str,
    member: Member,
    actor: Actor,
    now: datetime,
    confirmed_at: datetime | None = None,
) -> Said:
    """Whatever `key` means is true of the member, until it is withdrawn.

    Confirming what is confirmed changes nothing.
    """
    _check_moment(confirmed_at, "confirmedAt", now)
    lock_member(store, member)
    told = Activity.for_store(store).filter(member=member, type=confirmation_activity(key))
    standing = told.filter(reversed_at=None).first()
    if standing is not None:
        return Said(standing.id, standing.external_id, False)
    # Each time anew has an id of its own: that of one that was withdrawn is used up.
    external_id = f"{key}:{member.id}:{told.count() + 1}"
    return _say(
        store, member, confirmation_activity(key), ActivitySource.CONFIRMATION, external_id, actor,
        occurred_at=confirmed_at or now, now=now, told={"key": key},
    )  # fmt: skip


@writes
def withdraw_confirmation(
    store: Store, *, key: str, member: Member, actor: Actor, now: datetime
) -> None:
    """It is true no more.  Raises `NotFound` if it was not confirmed."""
    lock_member(store, member)
    standing = Activity.for_store(store).filter(
        member=member, type=confirmation_activity(key), reversed_at=None
    )
    _withdraw(
        store, standing.select_for_update(no_key=True).first(), actor, now,
        event=EventName.FACT_WITHDRAWN, told={"key": key},
    )  # fmt: skip


def _check_moment(moment: datetime | None, path: str, now: datetime) -> None:
    fault = fault_of(moment, path, now) if moment else None
    if fault is not None:
        raise Invalid(fault)


def _say(
    store: Store,
    member: Member,
    kind: str,
    source: ActivitySource,
    external_id: str,
    actor: Actor,
    *,
    occurred_at: datetime,
    now: datetime,
    told: Mapping[str, object],
) -> Said:
    row = ActivityRow(
        type=kind, source=source, external_id=external_id, occurred_at=occurred_at,
        member_id=member.id, attributes={"saidBy": actor.label}, told=told,
    )  # fmt: skip
    (recorded,) = record_activities(store, [row], actor=actor, now=now)
    return Said(recorded.id, external_id, recorded.is_new)


def _is_of(store: Store, activity_id: UUID, member: Member) -> bool:
    return Activity.for_store(store).filter(id=activity_id, member=member).exists()


def _withdraw(
    store: Store,
    said: Activity | None,
    actor: Actor,
    now: datetime,
    *,
    event: EventName,
    told: Mapping[str, object],
) -> None:
    """The log keeps what was said, and beside it who took it back and when."""
    if said is None or said.reversed_at is not None or said.member_id is None:
        raise NotFound
    row = ActivityRow(
        type=WITHDRAWAL, source=ActivitySource(said.source),
        # With a space: no completionId has one, so it is never what somebody else says.
        external_id=f"{said.external_id} withdrawn", reverses_external_id=said.external_id,
        occurred_at=now, member_id=said.member_id, attributes={"saidBy": actor.label},
        event=event, told=told,
    )  # fmt: skip
    (withdrawal,) = record_activities(store, [row], actor=actor, now=now)
    if not withdrawal.is_new:
        raise RuntimeError(f"{row.external_id!r} is there, and has not taken anything back.")
    Activity.for_store(store).filter(id=withdrawal.id).update(reverses=said)
    said.reversed_at = now
    said.save(update_fields=["reversed_at"])
    touched = Touch(said.member_id, activity_input(said.type), said.occurred_at, takes_away=True)
    touch(store, [touched], now=now)
