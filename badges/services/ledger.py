"""Write lines into the badge ledger.

The only code that touches `BadgeEntry` and `MemberBadge`.  It works on sets: one badge for one
member and one badge for five thousand are the same statement.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.db import connection

from badges.models import BadgeType, EntryKind
from badges.services.ledger_statements import POST, RESTATE
from loyalty.actors import Actor
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id
from loyalty.services.events import record_for_members
from loyalty.services.hints import wake_workers


@dataclass(frozen=True, slots=True)
class Line:
    """One line to write.  Without an occurrence key of its own, it is an occurrence by itself.

    `version_id` and `completion` are those of a line that is about a completion of a condition,
    as in `BadgeEntry`.
    """

    member_id: UUID
    badge_type_id: UUID
    kind: EntryKind
    delta: int
    occurred_at: datetime
    reason: str = ""
    source_id: str = ""
    occurrence_key: str = ""
    version_id: UUID | None = None
    completion: int | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Change:
    """What lines did to one member's count of one badge."""

    member_id: UUID
    badge_type_id: UUID
    before: int
    after: int


def post(store: Store, lines: Sequence[Line], *, actor: Actor, now: datetime) -> list[Change]:
    """Write the lines, except those whose occurrence is known, and bring the counts up to date.

    The caller holds the members' locks.  A count can never fall below 0: that would be a defect
    of the caller, and nothing is written.
    """
    values: dict[str, Any] = {
        "store": store.id,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label,
        "source": actor.source,
        "now": now,
        "ids": [line.id for line in lines],
        "members": [line.member_id for line in lines],
        "badge_types": [line.badge_type_id for line in lines],
        "kinds": [str(line.kind) for line in lines],
        "deltas": [line.delta for line in lines],
        "occurrences": [line.occurrence_key or f"entry:{line.id}" for line in lines],
        "versions": [line.version_id for line in lines],
        "completions": [line.completion for line in lines],
        "reasons": [line.reason for line in lines],
        "source_ids": [line.source_id for line in lines],
        "moments": [line.occurred_at for line in lines],
    }
    with connection.cursor() as cursor:
        cursor.execute(POST, values)
        rows = cursor.fetchall()
        if any(after is None for *_, after, _ in rows):
            raise RuntimeError("A badge count would have fallen below 0.")
        # Such lines can change at what moments the badge counts as earned.
        moved = [line for line in lines if line.completion and line.kind != EntryKind.GRANT]
        if moved:
            values["members"] = [line.member_id for line in moved]
            values["badge_types"] = [line.badge_type_id for line in moved]
            cursor.execute(RESTATE, values)
    if any(is_heard for *_, is_heard in rows):
        wake_workers()
    return [Change(*row) for *row, _ in rows]


def record_changes(
    store: Store,
    changes: Sequence[Change],
    *,
    badge_type: BadgeType,
    actor: Actor,
    corrected: bool,
    more: Mapping[str, object] = MappingProxyType({}),
) -> None:
    """The events that tell of the changes, in Open Loyalty's words (notes, section 6.2).

    `more` is data of the caller's own, and has the last word.
    """
    common: dict[str, object] = {
        "badgeTypeId": str(badge_type.id),
        "badgeName": badge_type.name_in(store.default_locale, store.default_locale),
    }
    if corrected:
        common |= {"adminId": actor.id and str(actor.id), "manuallyEdited": True}
    common |= more
    record_for_members(
        store,
        EventName.BADGE_COUNT_CHANGED if corrected else EventName.BADGE_COMPLETED,
        subject_kind="badgeType",
        subject_id=badge_type.id,
        actor=actor,
        data={
            change.member_id: {
                **common,
                "previousCompletedCount": change.before,
                "currentCompletedCount": change.after,
            }
            for change in changes
        },
    )
