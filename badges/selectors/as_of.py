"""A member's badges on some day, as the ledger knows it now."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.models import Store
from members.models import Member


@dataclass(frozen=True, slots=True)
class BadgeAsOf:
    """`valid_until` is None for a badge that is good for ever."""

    badge_type_id: UUID
    system_code: str
    name: str
    completed_count: int
    first_earned_at: datetime
    last_earned_at: datetime
    valid_until: datetime | None


# As everywhere, a badge is earned at the moments at which the lines about it add up to something.
_AS_OF = """
WITH line AS MATERIALIZED (
    SELECT badge_type_id, delta, version_id, completion, occurred_at
      FROM badges_badgeentry
     WHERE store_id = %(store)s AND member_id = %(member)s AND occurred_at <= %(moment)s
), summed AS (
    SELECT badge_type_id, sum(delta)::int AS total FROM line GROUP BY 1
), earned AS (
    SELECT badge_type_id, min(occurred_at) AS first_at, max(occurred_at) AS last_at
      FROM (SELECT badge_type_id, occurred_at FROM line
             WHERE delta > 0 OR completion IS NOT NULL
             GROUP BY 1, 2, version_id, completion HAVING sum(delta) > 0) moments
     GROUP BY 1
), held AS (
    SELECT type.id, type.system_code, type.display_rank,
           coalesce(type.translations #>> ARRAY[%(locale)s, 'name'],
                    type.translations #>> ARRAY[%(default_locale)s, 'name'],
                    type.system_code) AS name,
           summed.total, earned.first_at, earned.last_at,
           CASE type.validity WHEN 'fixed' THEN type.valid_until
                WHEN 'relative' THEN earned.last_at + type.valid_days * interval '1 day' END
               AS valid_until
      FROM summed JOIN earned USING (badge_type_id)
      JOIN badges_badgetype type
        ON type.store_id = %(store)s AND type.id = summed.badge_type_id
     WHERE summed.total > 0 AND type.deleted_at IS NULL
)
SELECT id, system_code, name, total, first_at, last_at, valid_until
  FROM held WHERE coalesce(valid_until, 'infinity') > %(moment)s
 ORDER BY first_at, id
"""


def badges_as_of(
    store: Store, member: Member, moment: datetime, *, locale: str | None = None
) -> list[BadgeAsOf]:
    """What the member held then, by the dates at which things were earned, taken and expired.

    What was learned later is part of it: a purchase that arrived a week late counts on its own
    day.  How long badges are good for is what their types say today.
    """
    values: dict[str, Any] = {
        "store": store.id,
        "member": member.id,
        "moment": moment,
        "locale": locale or store.default_locale,
        "default_locale": store.default_locale,
    }
    with connection.cursor() as cursor:
        cursor.execute(_AS_OF, values)
        return [BadgeAsOf(*row) for row in cursor.fetchall()]
