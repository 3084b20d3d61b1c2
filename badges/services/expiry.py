"""Let badges expire.

Whether a badge has expired is computed whenever it is read, from its type's validity and the day
it was earned last: nothing has to run for it.  What is written here makes the ledger say so too:
one line of the kind EXPIRY takes the whole count, dated at the end of the validity.  Whatever is
about to change a badge does this first, so a badge that is earned again begins at 1, and it makes
no difference whether the sweeper was there before.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from badges.models import BadgeType, EntryKind, Validity
from badges.selectors.badge_types import badge_types_that_expire
from badges.services.ledger import Change, Line, post
from loyalty.actors import Actor, ActorKind, Source
from loyalty.models import EventName, Store
from loyalty.services.events import record_for_members
from loyalty.services.rounds import register_round
from loyalty.transactions import writes
from members.services.locking import lock_members

CLOCK = Actor(ActorKind.SYSTEM, None, "the clock", Source.RULE)
CHUNK = 1000
# A round returns after so many chunks; the next one goes on.
_MOST_CHUNKS = 50

# A badge that was earned after its last day expires as it is earned.  `before` numbers the lines
# that say so: what is learned late can make a badge expire twice on one day.
_LAPSED = """
SELECT held.member_id, held.completed_count,
       greatest(held.last_earned_at,
                coalesce(%(valid_until)s::timestamptz,
                         held.last_earned_at + %(valid_for)s::interval)),
       (SELECT count(*)
          FROM (SELECT badge_type_id, kind FROM badges_badgeentry entry
                 WHERE entry.store_id = %(store)s AND entry.member_id = held.member_id
                OFFSET 0) entry
         WHERE entry.badge_type_id = %(badge_type)s AND entry.kind = 'expiry') AS before
  FROM unnest(%(members)b::uuid[]) AS given (id)
 CROSS JOIN LATERAL (
       SELECT member_id, badge_type_id, completed_count, last_earned_at
         FROM badges_memberbadge known
        WHERE known.store_id = %(store)s AND known.member_id = given.id OFFSET 0) held
 WHERE held.badge_type_id = %(badge_type)s
   AND coalesce(%(valid_until)s::timestamptz, held.last_earned_at + %(valid_for)s::interval)
       <= %(now)s::timestamptz
"""

# Nobody's badge expires sooner after it was earned first than after it was earned last, and the
# index knows the first.
_TO_SWEEP = """
SELECT held.member_id FROM badges_memberbadge held
 WHERE held.store_id = %(store)s AND held.badge_type_id = %(badge_type)s
   AND held.first_earned_at
       <= %(now)s::timestamptz - coalesce(%(valid_for)s::interval, interval '0')
   AND coalesce(%(valid_until)s::timestamptz, held.last_earned_at + %(valid_for)s::interval)
       <= %(now)s::timestamptz
 LIMIT %(chunk)s
"""


def expire_badge(
    store: Store,
    badge_type: BadgeType,
    member_ids: Collection[UUID],
    *,
    now: datetime,
    actor: Actor = CLOCK,
) -> list[Change]:
    """Write down that the badge has expired where it has; the caller holds the members' locks."""
    if badge_type.validity == Validity.UNLIMITED or not member_ids:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LAPSED, {**_validity(store, badge_type, now), "members": list(member_ids)})
        lapsed = cursor.fetchall()
    if not lapsed:
        return []
    lines = [
        Line(
            member_id, badge_type.id, EntryKind.EXPIRY, -count, ended_at,
            occurrence_key=f"expiry:{member_id}:{badge_type.id}:{ended_at.isoformat()}:{before}",
        )
        for member_id, count, ended_at, before in lapsed
    ]  # fmt: skip
    changes = post(store, lines, actor=actor, now=now)
    ends = {member_id: ended_at for member_id, _, ended_at, _ in lapsed}
    _record(store, badge_type, changes, ends, actor)
    return changes


@writes
def expire_some(store: Store, *, badge_type: BadgeType, actor: Actor, now: datetime) -> bool:
    """Do the next so many members whose badge has expired; whether there were any."""
    with connection.cursor() as cursor:
        cursor.execute(_TO_SWEEP, {**_validity(store, badge_type, now), "chunk": CHUNK})
        lapsed = [member_id for (member_id,) in cursor]
    locked = lock_members(store, lapsed)
    return bool(expire_badge(store, badge_type, locked, now=now, actor=actor))


def sweep(now: datetime) -> None:
    """The dispatcher's round: so much of it as fits into a turn."""
    chunks = _MOST_CHUNKS
    for badge_type in badge_types_that_expire():
        while chunks and expire_some(badge_type.store, badge_type=badge_type, actor=CLOCK, now=now):
            chunks -= 1


def register_sweeper() -> None:
    register_round("expiry of badges", timedelta(minutes=1), sweep)


def _validity(store: Store, badge_type: BadgeType, now: datetime) -> dict[str, Any]:
    is_fixed = badge_type.validity == Validity.FIXED
    return {
        "store": store.id,
        "badge_type": badge_type.id,
        "valid_until": badge_type.valid_until if is_fixed else None,
        "valid_for": None if is_fixed else timedelta(days=badge_type.valid_days or 0),
        "now": now,
    }


def _record(
    store: Store,
    badge_type: BadgeType,
    changes: Sequence[Change],
    ends: Mapping[UUID, datetime],
    actor: Actor,
) -> None:
    name = badge_type.name_in(store.default_locale, store.default_locale)
    record_for_members(
        store,
        EventName.BADGE_EXPIRED,
        subject_kind="badgeType",
        subject_id=badge_type.id,
        actor=actor,
        data={
            change.member_id: {
                "badgeTypeId": str(badge_type.id),
                "badgeName": name,
                "expiredAt": ends[change.member_id],
                "previousCompletedCount": change.before,
                "currentCompletedCount": change.after,
            }
            for change in changes
        },
    )
