"""Work on jobs, a chunk at a time.

Any number of processes may do this at once: whoever has locked a job's row has its next chunk.
The lock goes with the connection, so a worker that is killed holds nothing up, and there is no
lease to wait for.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet

from loyalty.actors import Actor, ActorKind, Source
from loyalty.errors import DomainError
from loyalty.models import EventName, Job, JobRow, JobState
from loyalty.services.events import record
from loyalty.services.jobs.kinds import (
    Outcome,
    Row,
    kind_named,
    kinds_one_at_a_time,
    known_kinds,
)

log = logging.getLogger(__name__)

# A key for PostgreSQL's advisory locks: one process at a time decides which jobs start.
_STARTING = 7_305_411
# The same for the kinds of which one chunk at a time is worked on, in all stores together.
_ONE_AT_A_TIME = 7_305_412

# The outer `state` is asked again where the row was changed meanwhile: a job that was cancelled
# at this very moment stays so.
_START = """
UPDATE loyalty_job SET state = 'running', started_at = coalesce(started_at, %(now)s)
 WHERE state = 'queued' AND id IN (
       SELECT id FROM (
              SELECT queued.id,
                     row_number() OVER (PARTITION BY queued.store_id
                                        ORDER BY queued.created_at, queued.id)
                     + (SELECT count(*) FROM loyalty_job running
                         WHERE running.store_id = queued.store_id AND running.state = 'running')
                     AS place
                FROM loyalty_job queued WHERE queued.state = 'queued') waiting
        WHERE place <= %(most)s)
"""


def start_queued_jobs(*, now: datetime) -> None:
    """Start jobs in the order they came, at most so many at once in one store."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_STARTING])
        if cursor.fetchone()[0]:
            cursor.execute(_START, {"now": now, "most": settings.JOBS_AT_ONCE_IN_A_STORE})


def there_is_work() -> bool:
    return Job.across_stores.filter(state__in=[JobState.QUEUED, JobState.RUNNING]).exists()


def work_one_chunk(*, now: datetime, job_id: UUID | None = None) -> bool:
    """Do the next chunk of the job that has waited longest, or of the one that is named.

    False: there is nothing to do that nobody else is doing.  A chunk that fails is tried again
    in smaller pieces, until the row that makes it fail is alone; that row is rejected.  Raises
    `OperationalError` or `InterfaceError` when the database is in trouble: try again later.
    """
    chunk: _Chunk | None = None
    try:
        with transaction.atomic(durable=True):
            job = _claim(job_id)
            if job is None:
                return False
            chunk = _Chunk(job.id, job.cursor, job.chunk_size)
            _do_chunk(job, now)
    except DomainError as error:
        if chunk is None:
            raise
        _fail(chunk, str(error) or type(error).__name__, now)
    except Exception as error:
        if chunk is None or is_trouble_of_the_database(error):
            raise
        log.exception("A chunk of job %s failed.", chunk.job_id)
        _shrink(chunk, error)
    return True


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Which chunk was tried: where its job stood, and how many rows it was to be."""

    job_id: UUID
    cursor: int
    size: int


# PostgreSQL's words for a statement that asks for too much, and for one that takes too long.
_TOO_MUCH, _TOO_LONG = "54", "57014"


def is_trouble_of_the_database(error: Exception) -> bool:
    """Not the chunk's fault, so that it would be wrong to give up rows of it."""
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = getattr(error.__cause__, "sqlstate", None) or ""
    return not state.startswith(_TOO_MUCH) and state != _TOO_LONG


def _claim(job_id: UUID | None) -> Job | None:
    # During a deployment there may be jobs of a kind that only newer workers know.
    jobs = Job.across_stores.filter(state=JobState.RUNNING, kind__in=known_kinds())
    if job_id is not None:
        jobs = jobs.filter(id=job_id)
    alone = kinds_one_at_a_time()
    job = _longest_waiting(jobs)
    if job is not None and job.kind in alone and not _is_the_only_one():
        job = _longest_waiting(jobs.exclude(kind__in=alone))
    return job


def _longest_waiting(jobs: QuerySet[Job]) -> Job | None:
    return (
        jobs.order_by(F("worked_at").asc(nulls_first=True), "id")
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("store")
        .first()
    )


def _is_the_only_one() -> bool:
    """Whether nobody else works on such a job, until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
        return bool(cursor.fetchone()[0])


def _do_chunk(job: Job, now: datetime) -> None:
    kind = kind_named(job.kind)
    rows = _next_rows(job)
    outcome = kind.work(job.store, job, rows, now) if rows else Outcome()
    _report(job, outcome)
    job.cursor = rows[-1].line if rows else job.cursor
    job.processed += len(rows)
    job.changed += outcome.changed
    job.unchanged += outcome.unchanged
    job.rejected += len(outcome.problems)
    job.worked_at, job.failures, job.last_error = now, 0, ""
    if outcome.result is not None:
        job.result = dict(outcome.result)
    is_last = len(rows) < job.chunk_size
    job.chunk_size = min(job.chunk_size * 2, kind.chunk_size)
    if is_last:
        job.state, job.finished_at = JobState.DONE, now
        _record(job, EventName.JOB_FINISHED)
    job.save()


def _next_rows(job: Job) -> Sequence[Row]:
    rows = (
        JobRow.for_job(job)
        .filter(line__gt=job.cursor, problem="")
        .order_by("line")
        .values_list("line", "identifier_key", "identifier", "data")[: job.chunk_size]
    )
    return [Row(line, key, identifier, data or {}) for line, key, identifier, data in rows]


def _report(job: Job, outcome: Outcome) -> None:
    touched = sorted({*outcome.problems, *outcome.members})
    if not touched:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE loyalty_jobrow r SET problem = v.problem, member_id = v.member_id
              FROM unnest(%s::int[], %s::text[], %s::uuid[]) AS v (line, problem, member_id)
             WHERE r.job_id = %s AND r.line = v.line
            """,
            [
                touched,
                [outcome.problems.get(line, "")[:255] for line in touched],
                [outcome.members.get(line) for line in touched],
                job.id,
            ],
        )


def _fail(failed: _Chunk, message: str, now: datetime) -> None:
    """The job makes no sense any more.  What was done stays; it can be resumed, or undone."""
    with transaction.atomic(durable=True):
        job = _relocked(failed)
        if job is None:
            return
        job.state, job.last_error, job.finished_at = JobState.FAILED, message[:1024], now
        job.save(update_fields=["state", "last_error", "finished_at"])
        _record(job, EventName.JOB_FAILED)


def _shrink(failed: _Chunk, error: Exception) -> None:
    with transaction.atomic(durable=True):
        job = _relocked(failed)
        if job is None:
            return
        job.failures += 1
        job.last_error = f"{type(error).__name__}: {error}"[:1024]
        if job.chunk_size == 1:
            _give_up_row(job)
        job.chunk_size = max(1, job.chunk_size // 4)
        job.save()


def _relocked(failed: _Chunk) -> Job | None:
    """The job, if it still stands where it failed.

    Somebody else may have done the chunk since, or have made it smaller: what failed was then
    more than the next chunk will be, and says nothing about it.
    """
    return (
        Job.across_stores.select_for_update(no_key=True, of=("self",))
        .select_related("store")
        .filter(
            id=failed.job_id,
            state=JobState.RUNNING,
            cursor=failed.cursor,
            chunk_size=failed.size,
        )
        .first()
    )


def _give_up_row(job: Job) -> None:
    rows = _next_rows(job)
    if rows:
        _report(job, Outcome(problems={rows[0].line: "This line made the server fail."}))
        job.cursor = rows[0].line
        job.processed += 1
        job.rejected += 1
        job.failures = 0


def _record(job: Job, name: EventName) -> None:
    actor = Actor(ActorKind(job.actor_kind), job.actor_id, job.actor_label, Source(job.source))
    data = {
        "kind": job.kind,
        "total": job.total,
        "changed": job.changed,
        "unchanged": job.unchanged,
        "rejected": job.rejected,
        "error": job.last_error,
    }
    record(job.store, name, subject_kind="job", subject_id=job.id, actor=actor, data=data)
