"""Write lines into the badge ledger.

The only code that touches `BadgeEntry` and `MemberBadge`.  It works on sets: one badge for one
member and one badge for five thousand are the same statement.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from badges.models import BadgeType, EntryKind
from loyalty.actors import Actor
from loyalty.errors import NotFound
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id
from loyalty.services.events import record_for_members
from members.models import Member


@dataclass(frozen=True, slots=True)
class Line:
    """One line to write.  Without an occurrence key of its own, it is an occurrence by itself."""

    member_id: UUID
    badge_type_id: UUID
    kind: EntryKind
    delta: int
    occurred_at: datetime
    reason: str = ""
    source_id: str = ""
    occurrence_key: str = ""
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Change:
    """What lines did to one member's count of one badge."""

    member_id: UUID
    badge_type_id: UUID
    before: int
    after: int


# `posted` leaves out lines whose occurrence is in the ledger already; the count follows only
# from what was really posted.  A count that falls to 0 takes its row along.
#
# `b`: the arrays go over in binary.  As text, each element would be searched for what has to be
# quoted.
#
# PostgreSQL knows no figures of a new store or a new badge type and takes either for rare.  It
# would then read all that a job has written so far again for each member, so it may not choose:
# the store is `change.store_id`, not a constant whose figures it looks up, and `OFFSET 0` keeps
# it from beginning with the badge type.
_POST = """
WITH posted AS (
    INSERT INTO badges_badgeentry
           (id, store_id, member_id, badge_type_id, kind, delta, occurrence_key, reason,
            actor_kind, actor_id, actor_label, source, source_id, occurred_at, recorded_at)
    SELECT line.id, %(store)s, line.member_id, line.badge_type_id, line.kind, line.delta,
           line.occurrence_key, line.reason, %(actor_kind)s, %(actor_id)s, %(actor_label)s,
           %(source)s, line.source_id, line.occurred_at, %(now)s
      FROM unnest(%(ids)b::uuid[], %(members)b::uuid[], %(badge_types)b::uuid[],
                  %(kinds)b::text[], %(deltas)b::int[], %(occurrences)b::text[],
                  %(reasons)b::text[], %(source_ids)b::text[], %(moments)b::timestamptz[])
           AS line (id, member_id, badge_type_id, kind, delta, occurrence_key, reason,
                    source_id, occurred_at)
    ON CONFLICT (store_id, occurrence_key) DO NOTHING
    RETURNING id, store_id, member_id, badge_type_id, delta, occurred_at
), change AS (
    SELECT (array_agg(id))[1] AS id, store_id, member_id, badge_type_id, sum(delta)::int AS delta,
           min(occurred_at) FILTER (WHERE delta > 0) AS first_earned_at,
           max(occurred_at) FILTER (WHERE delta > 0) AS last_earned_at
      FROM posted GROUP BY store_id, member_id, badge_type_id
), raised AS (
    INSERT INTO badges_memberbadge AS held
           (id, store_id, member_id, badge_type_id, completed_count, first_earned_at,
            last_earned_at, updated_at)
    SELECT change.id, %(store)s, change.member_id, change.badge_type_id, change.delta,
           least(change.first_earned_at, earlier.first_earned_at),
           greatest(change.last_earned_at, earlier.last_earned_at), %(now)s
      FROM change
      LEFT JOIN LATERAL (
           SELECT min(occurred_at) AS first_earned_at, max(occurred_at) AS last_earned_at
             FROM (SELECT badge_type_id, delta, occurred_at FROM badges_badgeentry entry
                    WHERE entry.store_id = change.store_id AND entry.member_id = change.member_id
                   OFFSET 0) of_the_member
            WHERE badge_type_id = change.badge_type_id AND delta > 0) earlier ON true
     WHERE change.delta > 0
    ON CONFLICT (store_id, member_id, badge_type_id) DO UPDATE
       SET completed_count = held.completed_count + excluded.completed_count,
           first_earned_at = least(held.first_earned_at, excluded.first_earned_at),
           last_earned_at = greatest(held.last_earned_at, excluded.last_earned_at),
           updated_at = excluded.updated_at
    RETURNING member_id, badge_type_id, completed_count
), lowered AS (
    UPDATE badges_memberbadge held
       SET completed_count = held.completed_count + change.delta, updated_at = %(now)s
      FROM change
     WHERE held.store_id = change.store_id AND held.member_id = change.member_id
       AND held.badge_type_id = change.badge_type_id
       AND change.delta < 0 AND held.completed_count + change.delta > 0
    RETURNING held.member_id, held.badge_type_id, held.completed_count
), removed AS (
    DELETE FROM badges_memberbadge held USING change
     WHERE held.store_id = change.store_id AND held.member_id = change.member_id
       AND held.badge_type_id = change.badge_type_id
       AND change.delta < 0 AND held.completed_count + change.delta = 0
    RETURNING held.member_id, held.badge_type_id, 0
), counted AS (
    SELECT * FROM raised UNION ALL SELECT * FROM lowered UNION ALL SELECT * FROM removed
)
SELECT change.member_id, change.badge_type_id, counted.completed_count - change.delta,
       counted.completed_count
  FROM change LEFT JOIN counted USING (member_id, badge_type_id)
"""


_LOCK = """
SELECT id FROM members_member WHERE store_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""


def lock_members(store: Store, member_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the members that there are, locked until the transaction ends.

    Everything that happens to a member's badges happens one after the other, in this lock.
    Locks are taken in the order of ids, so two services never wait for each other in a ring.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [store.id, list(member_ids)])
        return {member_id for (member_id,) in cursor.fetchall()}


def lock_member(store: Store, member: Member) -> None:
    if not lock_members(store, [member.id]):
        raise NotFound


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
        "reasons": [line.reason for line in lines],
        "source_ids": [line.source_id for line in lines],
        "moments": [line.occurred_at for line in lines],
    }
    with connection.cursor() as cursor:
        cursor.execute(_POST, values)
        rows = cursor.fetchall()
    if any(after is None for *_, after in rows):
        raise RuntimeError("A badge count would have fallen below 0.")
    return [Change(*row) for row in rows]


def record_changes(
    store: Store,
    changes: Sequence[Change],
    *,
    badge_type: BadgeType,
    actor: Actor,
    corrected: bool,
) -> None:
    """The events that tell of the changes, in Open Loyalty's words (notes, section 6.2)."""
    common: dict[str, object] = {
        "badgeTypeId": str(badge_type.id),
        "badgeName": badge_type.name_in(store.default_locale, store.default_locale),
    }
    if corrected:
        common |= {"adminId": actor.id and str(actor.id), "manuallyEdited": True}
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
