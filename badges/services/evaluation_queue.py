"""Evaluate conditions for the members about whom something was learned.

The queue is `TouchedMember`: written in the transaction that wrote the fact, deleted in the one
that evaluated it.  A process that is killed therefore loses nothing and doubles nothing, and there
is no message to be lost.

What fails is tried again by ever fewer members, until those that make it fail are alone.  Their
rows stay, with the reason, and are tried again later and later; nobody waits for them.
"""

import logging
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from badges.models import ConditionVersion, VersionState
from badges.services.condition_locks import hold_conditions
from badges.services.evaluation import evaluate
from loyalty.actors import Actor, ActorKind, Source
from loyalty.models import Store
from loyalty.services.jobs.sources import WorkSource, register_source
from loyalty.services.jobs.working import is_trouble_of_the_database
from members.services.locking import lock_members

log = logging.getLogger(__name__)

CONDITIONS = Actor(ActorKind.SYSTEM, None, "conditions", Source.RULE)
BATCH = 2000
# If so many members of a batch fail one by one, the condition is broken and not they.
_MOST_ALONE = 10
_FIRST_RETRY, _LAST_RETRY = timedelta(seconds=30), timedelta(hours=1)

# Stores take turns: a process goes on with the store after the one that it served last.
_NEXT_STORE = """
SELECT store_id FROM members_touchedmember
 WHERE store_id > %(after)s AND (retry_at IS NULL OR retry_at <= %(now)s)
 ORDER BY store_id, id LIMIT 1
"""

# Rows whose member somebody else is at work on are left to the next batch, unless there are no
# others: two processes share a store's members, and neither waits for the other.
_CLAIM = """
SELECT id, member_id FROM members_touchedmember
 WHERE store_id = %(store)s AND (retry_at IS NULL OR retry_at <= %(now)s)
 ORDER BY id LIMIT %(batch)s FOR UPDATE SKIP LOCKED
"""
_FREE_MEMBERS = """
SELECT id FROM members_member WHERE store_id = %(store)s AND id = ANY(%(members)s)
 ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""

# Which badge types hear of which members.  Completions depend on what happened before them and on
# nothing else, so what is learned about a later time than that of a member's last completion can
# only bring further ones; whoever has as many as there can be needs no look.
_HEARD = """
WITH touched AS MATERIALIZED (
    SELECT store_id, member_id, input, min(since) AS since,
           bool_or(takes_away OR input = 'member') AS takes_away
      FROM members_touchedmember WHERE store_id = %(store)s AND id = ANY(%(rows)s)
     GROUP BY 1, 2, 3
), heard AS MATERIALIZED (
    SELECT touched.store_id, touched.member_id, hears.badge_type_id, version.repeat_limit,
           min(touched.since) AS since, bool_or(touched.takes_away) AS takes_away
      FROM touched
      JOIN badges_conditioninput hears
        ON hears.store_id = touched.store_id AND hears.input = touched.input
      JOIN badges_conditionversion version
        ON version.store_id = hears.store_id AND version.badge_type_id = hears.badge_type_id
       AND version.state = 'current'
     GROUP BY 1, 2, 3, 4
), held AS MATERIALIZED (
    SELECT given.member_id, entry.badge_type_id, sum(entry.delta) AS net,
           max(entry.occurred_at) AS last_at
      FROM (SELECT DISTINCT store_id, member_id FROM heard WHERE NOT takes_away) given
     CROSS JOIN LATERAL (
           SELECT badge_type_id, delta, completion, occurred_at FROM badges_badgeentry known
            WHERE known.store_id = given.store_id AND known.member_id = given.member_id
           OFFSET 0) entry
     WHERE entry.completion IS NOT NULL
     GROUP BY 1, 2
)
SELECT heard.badge_type_id, array_agg(heard.member_id)
  FROM heard LEFT JOIN held USING (member_id, badge_type_id)
 WHERE heard.takes_away OR heard.repeat_limit IS NULL OR held.net IS NULL
    OR held.net < heard.repeat_limit OR heard.since <= held.last_at
 GROUP BY 1
"""

_DONE = "DELETE FROM members_touchedmember WHERE store_id = %(store)s AND id = ANY(%(rows)s)"
_FAILED = """
UPDATE members_touchedmember
   SET failures = failures + 1, problem = %(problem)s,
       retry_at = %(now)s::timestamptz
           + least(%(first)s::interval * (2 ^ least(failures, 20)), %(last)s::interval)
 WHERE store_id = %(store)s AND id = ANY(%(rows)s)
"""

_OLDEST = """
SELECT touched_at FROM members_touchedmember
 WHERE retry_at IS NULL OR retry_at <= %(now)s ORDER BY id LIMIT 1
"""

_last_store = UUID(int=0)


def register_queue() -> None:
    register_source(WorkSource("conditions", evaluate_some, waiting_since))


def evaluate_some(now: datetime) -> bool:
    """Evaluate the oldest rows of one store; false if there are none that nobody is at work on."""
    with transaction.atomic(durable=True):
        store = _next_store(now)
        if store is None:
            return False
        # Before any member's lock, as jobs do: else those who wait for each other form a ring.
        hold_conditions(store)
        rows = _claim(store, now)
        if rows:
            _evaluate_rows(store, rows, now)
        return bool(rows)


def waiting_since(now: datetime) -> datetime | None:
    with connection.cursor() as cursor:
        cursor.execute(_OLDEST, {"now": now})
        row = cursor.fetchone()
    return row[0] if row else None


def _next_store(now: datetime) -> Store | None:
    global _last_store
    with connection.cursor() as cursor:
        for after in (_last_store, UUID(int=0)):
            cursor.execute(_NEXT_STORE, {"after": after, "now": now})
            row = cursor.fetchone()
            if row:
                _last_store = row[0]
                return Store.objects.get(id=row[0])
    return None


def _claim(store: Store, now: datetime) -> dict[int, UUID]:
    """Rows with their members, all of them locked."""
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"store": store.id, "now": now, "batch": BATCH})
        claimed: dict[int, UUID] = dict(cursor.fetchall())
        if not claimed:
            return {}
        members = sorted(set(claimed.values()))
        cursor.execute(_FREE_MEMBERS, {"store": store.id, "members": members})
        locked = {member_id for (member_id,) in cursor.fetchall()}
    if not locked:
        locked = lock_members(store, members)
    return {row: member_id for row, member_id in claimed.items() if member_id in locked}


@dataclass(slots=True)
class _Failures:
    """The members whose rows have to stay, and why."""

    problems: dict[UUID, str] = field(default_factory=dict)

    def note(self, members: Collection[UUID], error: Exception) -> None:
        problem = f"{type(error).__name__}: {error}"[:1024].replace("\0", "")
        self.problems.update(dict.fromkeys(members, problem))


def _evaluate_rows(store: Store, rows: dict[int, UUID], now: datetime) -> None:
    failures = _Failures()
    heard = _heard(store, rows)
    for version in _current_versions(store, heard):
        _evaluate_version(store, version, sorted(heard[version.badge_type_id]), now, failures)
    by_problem: dict[str, list[int]] = defaultdict(list)
    for row, member_id in rows.items():
        by_problem[failures.problems.get(member_id, "")].append(row)
    values: dict[str, Any] = {
        "store": store.id, "now": now, "first": _FIRST_RETRY, "last": _LAST_RETRY
    }  # fmt: skip
    with connection.cursor() as cursor:
        for problem, those in by_problem.items():
            statement = _FAILED if problem else _DONE
            cursor.execute(statement, {**values, "rows": those, "problem": problem})


def _heard(store: Store, rows: Collection[int]) -> dict[UUID, list[UUID]]:
    with connection.cursor() as cursor:
        cursor.execute(_HEARD, {"store": store.id, "rows": list(rows)})
        return dict(cursor.fetchall())


def _current_versions(store: Store, badge_types: Collection[UUID]) -> list[ConditionVersion]:
    found = ConditionVersion.for_store(store).filter(
        badge_type_id__in=list(badge_types), state=VersionState.CURRENT
    )
    return list(found.select_related("badge_type").order_by("badge_type_id"))


def _evaluate_version(
    store: Store,
    version: ConditionVersion,
    members: Sequence[UUID],
    now: datetime,
    failures: _Failures,
) -> None:
    """All at once; if that fails, by halves, down to the members at whom it fails."""
    waiting, alone = [members], 0
    while waiting:
        some = waiting.pop()
        try:
            with transaction.atomic():
                evaluate(store, version, some, actor=CONDITIONS, now=now, source_id=str(version.id))
        except Exception as error:
            if is_trouble_of_the_database(error):
                raise
            if len(some) > 1 and alone < _MOST_ALONE:
                waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
                continue
            alone += 1
            log.exception("Condition %s fails for %d members.", version.id, len(some))
            failures.note(some, error)
