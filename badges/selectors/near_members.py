"""Members who are nearly there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection

from badges.conditions.query import Query, Scope
from badges.conditions.remaining import remaining
from badges.models import BadgeType
from badges.selectors.comparison import condition_of
from badges.selectors.conditions import get_current
from loyalty.models import Store
from loyalty.selectors.time_limits import at_most
from members.models import Member

MAX_STEPS = 100
_NAMES_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class NearMember:
    member: Member
    steps: int


Near = tuple[UUID, int]
"""A member's id, and the steps to the next completion."""


def near_members(
    store: Store, badge_type: BadgeType, *, steps: int, now: datetime
) -> Sequence[Near]:
    """Members who are 1 to `steps` steps away from the badge's next completion, nearest first.

    A step is one more activity, day of a streak, badge, confirmation, or entry on a list.  Nobody
    who has the badge as often as it can be earned, and nobody who was anonymised.  Raises
    `NotFound` without a condition in force, and `TookTooLong`.
    """
    version = get_current(store, badge_type)
    assert version.counting_from is not None  # noqa: S101 (it was published)
    granted = Query(_GRANTED, {"series": version.series, "badge_type": badge_type.id})
    scope = Scope(store, version.counting_from, version.repeat_limit, None)
    query = remaining(condition_of(version), scope, now=now, granted=granted)
    asked = {**query.params, "steps": steps, "most": version.repeat_limit}
    with at_most(settings.NEAR_MEMBERS_SECONDS, "The list"), connection.cursor() as cursor:
        cursor.execute(_NEAR.replace("{remaining}", query.sql), asked)
        return [(member_id, steps) for member_id, steps in cursor.fetchall()]


def with_names(store: Store, near: Sequence[Near]) -> Iterator[NearMember]:
    """In the same order, a thousand at a time; those who left since are left out."""
    for begin in range(0, len(near), _NAMES_AT_ONCE):
        some = near[begin : begin + _NAMES_AT_ONCE]
        found = Member.for_store(store).in_bulk([member_id for member_id, _ in some])
        for member_id, steps in some:
            if member_id in found:
                yield NearMember(found[member_id], steps)


_GRANTED = """
SELECT e.member_id, sum(e.delta) AS granted
  FROM badges_badgeentry e
  JOIN badges_conditionversion by ON by.store_id = e.store_id AND by.id = e.version_id
 WHERE e.store_id = %(store)s::uuid AND e.badge_type_id = %(badge_type)s::uuid
   AND e.completion IS NOT NULL AND by.series = %(series)s::uuid
 GROUP BY e.member_id
"""
_NEAR = """
SELECT near.member_id, near.steps
  FROM ({remaining}) near
  JOIN members_member m ON m.store_id = %(store)s::uuid AND m.id = near.member_id
  LEFT JOIN (SELECT e.member_id, sum(e.delta) AS times FROM badges_badgeentry e
              WHERE e.store_id = %(store)s::uuid AND e.badge_type_id = %(badge_type)s::uuid
                AND e.completion IS NOT NULL
              GROUP BY e.member_id) earned ON earned.member_id = near.member_id
 WHERE near.steps BETWEEN 1 AND %(steps)s::int AND NOT m.anonymized
   AND (%(most)s::int IS NULL OR coalesce(earned.times, 0) < %(most)s::int)
 ORDER BY near.steps, near.member_id
"""
