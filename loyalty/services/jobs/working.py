"""Work on jobs, a chunk at a time.

Any number of processes may do this at once: whoever has locked a job's row has its next chunk.
The lock goes with the connection, so a worker that is killed holds nothing up, and there is no
lease to wait for.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F

from loyalty.actors import Actor, ActorKind, Source
from loyalty.errors import DomainError
from loyalty.models import EventName, Job, JobRow, JobState
from loyalty.services.events import record
from loyalty.services.jobs.kinds import Outcome, Row, kind_named

log = logging.getLogger(__name__)

# A key for PostgreSQL's advisory locks: one process at a time decides which jobs start.
_STARTING = 7_305_411

_START = """
UPDATE loyalty_job SET state = 'running', started_at = coalesce(started_at, %(now)s)
 WHERE id IN (
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
    in smaller pieces, until the row that makes it fail is alone; that row is rejected.
    """
    job: Job | None = None
    try:
        with transaction.atomic(durable=True):
            job = _claim(job_id)
            if job is None:
                return False
            _do_chunk(job, now)
    except (OperationalError, InterfaceError):
        raise  # The database is in trouble, and not the job: whoever calls waits and tries again.
    except DomainError as error:
        assert job is not None  # noqa: S101 (raised by the job's own work)
        _fail(job, str(error) or type(error).__name__, now)
    except Exception as error:
        assert job is not None  # noqa: S101
        log.exception("A chunk of job %s failed.", job.id)
        _shrink(job, error)
    return True


def _claim(job_id: UUID | None) -> Job | None:
    jobs = Job.across_stores.filter(state=JobState.RUNNING)
    if job_id is not None:
        jobs = jobs.filter(id=job_id)
    return (
        jobs.order_by(F("worked_at").asc(nulls_first=True), "id")
        .select_for_update(skip_locked=True, no_key=True, of=("self",))
        .select_related("store")
        .first()
    )


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


def _fail(failed: Job, message: str, now: datetime) -> None:
    """The job makes no sense any more.  What was done stays; it can be resumed, or undone."""
    with transaction.atomic(durable=True):
        job = _relocked(failed)
        if job is None:
            return
        job.state, job.last_error, job.finished_at = JobState.FAILED, message[:1024], now
        job.save(update_fields=["state", "last_error", "finished_at"])
        _record(job, EventName.JOB_FAILED)


def _shrink(failed: Job, error: Exception) -> None:
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


def _relocked(failed: Job) -> Job | None:
    """The job, if it still stands where it failed: somebody else may have done the chunk since."""
    return (
        Job.across_stores.select_for_update(no_key=True, of=("self",))
        .select_related("store")
        .filter(id=failed.id, state=JobState.RUNNING, cursor=failed.cursor)
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
