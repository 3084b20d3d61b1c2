"""Rosette as the fault tests start it: the product, and what a test adds from outside.

    celery --app tests.faults.rehearsed worker ...     a worker
    python -m tests.faults.rehearsed dispatch          any management command

The environment says what is added.  FAULTS_CHUNK: rows in a chunk, so that a small job has many.
FAULTS_PAUSE: seconds that each chunk lasts longer, inside its transaction.  FAULTS_CURSOR_FIRST:
the positive control, a worker that commits the cursor before the effects.  FAULTS_BATCH: rows of
touched members in a batch.  FAULTS_DELETE_FIRST: the positive control, an evaluator that empties
the queue in a transaction of its own before it evaluates.  The product knows nothing of all this.
"""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import django
from celery.signals import worker_process_init
from django.core.management import execute_from_command_line
from django.db import transaction

from config.celery import app as app

django.setup()

from badges.services import evaluation_queue  # noqa: E402
from loyalty.models import Job, JobState, Store  # noqa: E402
from loyalty.services.jobs import kinds, sources, turns, working  # noqa: E402
from loyalty.services.jobs.kinds import JobKind, Outcome, Row  # noqa: E402
from loyalty.services.jobs.sources import WorkSource  # noqa: E402
from members.models import TouchedMember  # noqa: E402


@worker_process_init.connect
def _sign_connections(**_: Any) -> None:
    """So that PostgreSQL can say which process is in a transaction."""
    os.environ["PGAPPNAME"] = f"pid-{os.getpid()}"


def _slowed(kind: JobKind, chunk_size: int, pause: float) -> JobKind:
    def work(store: Store, job: Job, rows: Sequence[Row], now: datetime) -> Outcome:
        outcome = kind.work(store, job, rows, now)
        time.sleep(pause)
        return outcome

    return replace(kind, work=work, chunk_size=chunk_size or kind.chunk_size)


def _work_one_chunk_cursor_first(*, now: datetime, job_id: UUID | None = None) -> bool:
    with transaction.atomic():
        job = working._claim(job_id)
        if job is None:
            return False
        rows = working._next_rows(job)
        if not rows:
            job.state, job.finished_at = JobState.DONE, now
        else:
            job.cursor, job.processed = rows[-1].line, job.processed + len(rows)
        job.worked_at = now
        job.save()
    with transaction.atomic():
        if rows:
            kinds.kind_named(job.kind).work(job.store, job, rows, now)
    return True


def _evaluate_some_delete_first(now: datetime) -> bool:
    with transaction.atomic():
        store = evaluation_queue._next_store(now)
        if store is None:
            return False
        rows = evaluation_queue._claim(store, now)
        touched = TouchedMember.across_stores.filter(id__in=rows)
        kept = list(touched.values())
        touched.delete()
    _pause()
    with transaction.atomic():
        TouchedMember.across_stores.bulk_create(TouchedMember(**row) for row in kept)
        evaluation_queue._evaluate_rows(store, rows, now)
    return True


def _pause() -> None:
    time.sleep(float(os.environ.get("FAULTS_PAUSE", "0")))


def _slow_evaluation(
    evaluate: Callable[[Store, dict[int, UUID], datetime], None],
) -> Callable[[Store, dict[int, UUID], datetime], None]:
    def evaluate_rows(store: Store, rows: dict[int, UUID], now: datetime) -> None:
        evaluate(store, rows, now)
        _pause()

    return evaluate_rows


for _kind in list(kinds._KINDS.values()):
    kinds.register(
        _slowed(
            _kind,
            int(os.environ.get("FAULTS_CHUNK", "0")),
            float(os.environ.get("FAULTS_PAUSE", "0")),
        )
    )
if "FAULTS_CURSOR_FIRST" in os.environ:
    vars(turns)["work_one_chunk"] = _work_one_chunk_cursor_first

vars(evaluation_queue)["_evaluate_rows"] = _slow_evaluation(evaluation_queue._evaluate_rows)
if "FAULTS_BATCH" in os.environ:
    vars(evaluation_queue)["BATCH"] = int(os.environ["FAULTS_BATCH"])
if "FAULTS_DELETE_FIRST" in os.environ:
    sources.register_source(
        WorkSource("conditions", _evaluate_some_delete_first, evaluation_queue.waiting_since)
    )

if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        _sign_connections()
    execute_from_command_line(["manage.py", *sys.argv[1:]])
