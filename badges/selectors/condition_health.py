"""Whether badges award themselves as people expect: what hears nothing, and what everybody has."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.models import Store

QUIET_AFTER = timedelta(days=30)
EVERYBODY = 0.9
STUCK_AFTER = timedelta(minutes=1)
_COUNTED_UP_TO = 100_000


@dataclass(frozen=True, slots=True)
class Unearned:
    """A badge that nobody has earned for a while; `last_earned_at` None: nobody ever has."""

    badge_type_id: UUID
    system_code: str
    last_earned_at: datetime | None


@dataclass(frozen=True, slots=True)
class Unheard:
    """A condition that waits for activity which does not come; `last_seen_at` None: never did."""

    badge_type_id: UUID
    system_code: str
    event: str
    last_seen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Common:
    """A badge that nearly everybody has, and that tells nobody apart."""

    badge_type_id: UUID
    system_code: str
    holders: int
    members: int

    @property
    def share(self) -> float:
        return self.holders / self.members


@dataclass(frozen=True, slots=True)
class Queue:
    """What was learned about members and waits to be looked at; counted up to 100,000.

    `failing` of these made evaluation fail, and are tried again later and later.
    """

    waiting: int
    failing: int
    oldest_at: datetime | None
    is_stuck: bool


@dataclass(frozen=True, slots=True)
class Health:
    days: int
    unearned: list[Unearned]
    unheard: list[Unheard]
    common: list[Common]
    queue: Queue


def health(store: Store, *, now: datetime, quiet_after: timedelta = QUIET_AFTER) -> Health:
    """Of the badges whose condition is in force and that are active.

    One that was published for the first time less than `quiet_after` ago is not called unearned.
    """
    values = {"store": store.id, "since": now - quiet_after, "everybody": EVERYBODY}
    waiting, failing, oldest_at = _rows(_QUEUE, {**values, "most": _COUNTED_UP_TO})[0]
    stuck = oldest_at is not None and oldest_at < now - STUCK_AFTER
    return Health(
        days=quiet_after.days,
        unearned=[Unearned(*row) for row in _rows(_UNEARNED, values)],
        unheard=[Unheard(*row) for row in _rows(_UNHEARD, values)],
        common=[Common(*row) for row in _rows(_COMMON, values)],
        queue=Queue(waiting, failing, oldest_at, stuck),
    )


def _rows(statement: str, values: Mapping[str, Any]) -> Sequence[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        rows: Sequence[tuple[Any, ...]] = cursor.fetchall()
    return rows


# Each badge's last line and each event's last activity are found from the end of an index.
_UNEARNED = """
SELECT t.id, t.system_code, earned.recorded_at
  FROM badges_badgetype t
  LEFT JOIN LATERAL (SELECT e.recorded_at FROM badges_badgeentry e
                      WHERE e.store_id = t.store_id AND e.badge_type_id = t.id AND e.delta > 0
                      ORDER BY e.recorded_at DESC LIMIT 1) earned ON true
 WHERE t.store_id = %(store)s AND t.deleted_at IS NULL AND t.active
   AND EXISTS (SELECT FROM badges_conditionversion v
                WHERE v.store_id = t.store_id AND v.badge_type_id = t.id AND v.state = 'current')
   AND (SELECT min(v.published_at) FROM badges_conditionversion v
         WHERE v.store_id = t.store_id AND v.badge_type_id = t.id) < %(since)s
   AND (earned.recorded_at IS NULL OR earned.recorded_at < %(since)s)
 ORDER BY earned.recorded_at NULLS FIRST, t.system_code
"""
_UNHEARD = """
SELECT t.id, t.system_code, heard.event, seen.occurred_at
  FROM (SELECT i.store_id, i.badge_type_id, substr(i.input, 10) AS event
          FROM badges_conditioninput i
         WHERE i.store_id = %(store)s AND i.input LIKE 'activity:%%') heard
  JOIN badges_badgetype t ON t.store_id = heard.store_id AND t.id = heard.badge_type_id
  LEFT JOIN LATERAL (SELECT a.occurred_at FROM members_activity a
                      WHERE a.store_id = heard.store_id AND a.type = heard.event
                      ORDER BY a.occurred_at DESC LIMIT 1) seen ON true
 WHERE t.active AND t.deleted_at IS NULL
   AND (seen.occurred_at IS NULL OR seen.occurred_at < %(since)s)
 ORDER BY seen.occurred_at NULLS FIRST, heard.event, t.system_code
"""
_COMMON = """
SELECT t.id, t.system_code, held.holders, everybody.members
  FROM (SELECT h.badge_type_id, count(*) AS holders FROM badges_memberbadge h
         WHERE h.store_id = %(store)s GROUP BY h.badge_type_id) held
  JOIN badges_badgetype t ON t.store_id = %(store)s AND t.id = held.badge_type_id
 CROSS JOIN (SELECT count(*) AS members FROM members_member m
              WHERE m.store_id = %(store)s AND NOT m.anonymized) everybody
 WHERE t.active AND t.deleted_at IS NULL
   AND EXISTS (SELECT FROM badges_conditionversion v
                WHERE v.store_id = t.store_id AND v.badge_type_id = t.id AND v.state = 'current')
   AND held.holders > everybody.members * %(everybody)s::float8
 ORDER BY t.system_code
"""
_QUEUE = """
SELECT count(*), count(*) FILTER (WHERE failures > 0),
       min(touched_at) FILTER (WHERE failures = 0)
  FROM (SELECT touched_at, failures FROM members_touchedmember
         WHERE store_id = %(store)s ORDER BY id LIMIT %(most)s) waiting
"""
