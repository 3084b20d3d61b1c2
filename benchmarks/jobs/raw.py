"""What the floor is made of: the rows that a job writes, written by SQL that knows nothing else.

It is as short as it can be: one connection, a prepared statement for each chunk, and nothing goes
to and fro but the number of the last line.  Each chunk is a transaction, as a job's is, and locks
and writes the same: the job's row, the members, the ledger, the badges and the events.
"""

import json
import time
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.db import connection

from badges.services.jobs import CHUNK
from benchmarks import data

_JOB = """
INSERT INTO loyalty_job
       (id, store_id, kind, state, parameters, total, cursor, processed, changed, unchanged,
        rejected, chunk_size, failures, last_error, actor_kind, actor_label, source, created_at)
VALUES (%(job)s, %(store)s, 'assign', 'paused', '{}', 0, 0, 0, 0, 0, 0, %(chunk)s, 0, '',
        'system', 'the benchmark', 'command', now())
"""
_ROWS = """
INSERT INTO loyalty_jobrow (store_id, job_id, line, identifier_key, identifier, raw, problem)
SELECT store_id, %(job)s, row_number() OVER (ORDER BY id), 'id', id::text, '', ''
  FROM members_member WHERE store_id = %(store)s
"""
_CHUNK = """
WITH job AS MATERIALIZED (
    SELECT id, cursor FROM loyalty_job WHERE id = %(job)s FOR NO KEY UPDATE
), rows AS MATERIALIZED (
    SELECT line, identifier::uuid AS member_id FROM loyalty_jobrow
     WHERE job_id = %(job)s AND line > (SELECT cursor FROM job) AND problem = ''
     ORDER BY line LIMIT %(chunk)s
), locked AS MATERIALIZED (
    SELECT id, uuidv7() AS entry_id FROM members_member
     WHERE store_id = %(store)s AND id = ANY (ARRAY(SELECT member_id FROM rows))
     ORDER BY id FOR NO KEY UPDATE
), posted AS (
    INSERT INTO badges_badgeentry
           (id, store_id, member_id, badge_type_id, kind, delta, occurrence_key, reason,
            actor_kind, actor_id, actor_label, source, source_id, occurred_at, recorded_at)
    SELECT entry_id, %(store)s, id, %(badge_type)s, 'grant', 1,
           %(key)s::text || id, '', 'system', NULL, 'the benchmark', 'job', %(job_text)s, now(),
           now()
      FROM locked
    ON CONFLICT (store_id, occurrence_key) DO NOTHING
    RETURNING id, member_id
), held AS (
    INSERT INTO badges_memberbadge AS held
           (id, store_id, member_id, badge_type_id, completed_count, first_earned_at,
            last_earned_at, updated_at)
    SELECT id, %(store)s, member_id, %(badge_type)s, 1, now(), now(), now() FROM posted
    ON CONFLICT (store_id, member_id, badge_type_id) DO UPDATE
       SET completed_count = held.completed_count + 1, last_earned_at = excluded.last_earned_at,
           updated_at = excluded.updated_at
    RETURNING member_id, completed_count
), told AS (
    INSERT INTO loyalty_event
           (id, store_id, name, subject_kind, subject_id, member_id, data, actor_kind, actor_id,
            actor_label, source, address, recorded_at)
    SELECT uuidv7(), %(store)s, 'BadgeCompleted', 'badgeType', %(badge_type_text)s, member_id,
           %(told)s::jsonb || jsonb_build_object('previousCompletedCount', completed_count - 1,
                                                 'currentCompletedCount', completed_count),
           'system', NULL, 'the benchmark', 'job', NULL, now()
      FROM held
)
UPDATE loyalty_job
   SET cursor = greatest(cursor, (SELECT max(line) FROM rows)), worked_at = now(),
       processed = processed + (SELECT count(*) FROM rows),
       changed = changed + (SELECT count(*) FROM held)
 WHERE id = %(job)s
RETURNING changed
"""


@dataclass(frozen=True, slots=True)
class Written:
    """Seconds for the input, and for the work on it."""

    staging: float
    working: float

    @property
    def whole(self) -> float:
        return self.staging + self.working


def assign(store: int, badge: int) -> Written:
    """Give the badge to all members of the store."""
    job, badge_type = uuid4(), UUID(data.badge_type_id(store, badge))
    values: dict[str, Any] = {
        "job": job,
        "job_text": str(job),
        "store": UUID(data.store_id(store)),
        "badge_type": badge_type,
        "badge_type_text": str(badge_type),
        "key": f"job:{job}:",
        "chunk": CHUNK,
        "told": json.dumps({"badgeTypeId": str(badge_type), "badgeName": f"Badge {badge}"}),
    }
    with connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(_JOB, values)
        cursor.execute(_ROWS, values)
        total = cursor.rowcount
        staged = time.perf_counter()
        changed = 0
        while changed < total:
            before = changed
            # Alone it is a transaction.
            cursor.execute(_CHUNK, values)
            (changed,) = cursor.fetchone()
            if changed == before:
                raise SystemExit(f"The raw SQL stopped at {changed} of {total} members.")
        return Written(staged - began, time.perf_counter() - staged)
