"""How jobs are worked on: in which order, by whom, and what happens to a chunk that fails."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.utils import timezone

from loyalty.errors import Conflict, DomainError
from loyalty.models import Event, Job, JobRow, Store
from loyalty.services.jobs import kinds, working
from loyalty.services.jobs.control import cancel_job, pause_job, resume_job
from loyalty.services.jobs.creation import create_job
from loyalty.services.jobs.kinds import JobKind, Outcome, Row
from loyalty.services.jobs.staging import StagedRow, stage_rows
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from tests.builders import TESTER

PATIENCE = 10


@dataclass
class Stage:
    """A kind of job that only notes which rows it was given, and what a test adds to that."""

    chunks: list[tuple[Job, list[int]]] = field(default_factory=list)
    also: Callable[[Sequence[Row]], object] = lambda _: None
    result: dict[str, Any] | None = None

    def work(self, store: Store, job: Job, rows: Sequence[Row], now: datetime) -> Outcome:
        self.also(rows)
        self.chunks.append((job, [row.line for row in rows]))
        return Outcome(changed=len(rows), result=self.result)

    @property
    def lines(self) -> list[int]:
        return [line for _, lines in self.chunks for line in lines]


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    monkeypatch.setitem(kinds._KINDS, "test", JobKind("test", "A test", 16, stage.work))
    return stage


def make_job(store: Store, rows: int = 40) -> Job:
    staged = [StagedRow(line) for line in range(1, rows + 1)]
    return create_job(
        store, kind="test", parameters={}, actor=TESTER, stage=lambda job: stage_rows(job, staged)
    )


def start() -> None:
    start_queued_jobs(now=timezone.now())


def work(times: int = 1000) -> int:
    """Do so many chunks, or as many as there are; returns how many."""
    for done in range(times):
        start()
        if not work_one_chunk(now=timezone.now()):
            return done
    return times


def states(*jobs: Job) -> list[str]:
    for job in jobs:
        job.refresh_from_db()
    return [job.state for job in jobs]


# --- Order and fairness -----------------------------------------------------------------------


def test_jobs_start_in_the_order_they_came_and_two_at_once_in_a_store(
    stage: Stage, store: Store, other_store: Store
) -> None:
    jobs = [make_job(store) for _ in range(4)]
    other = make_job(other_store)

    start()
    assert states(*jobs, other) == ["running", "running", "queued", "queued", "running"]

    cancel_job(store, job=jobs[0], actor=TESTER, now=timezone.now())
    start()
    assert states(*jobs, other) == ["cancelled", "running", "running", "queued", "running"]


def test_a_store_with_many_jobs_does_not_keep_another_waiting(
    stage: Stage, store: Store, other_store: Store
) -> None:
    many = [make_job(store, rows=160) for _ in range(5)]
    other = make_job(other_store, rows=40)

    work(times=9)

    turns = [position for position, (job, _) in enumerate(stage.chunks) if job == other]
    assert len(turns) == 3
    assert all(later - earlier == 3 for earlier, later in pairwise(turns))
    assert states(other, *many) == ["done", "running", "running", "queued", "queued", "queued"]


def test_a_job_of_an_unknown_kind_waits_for_a_worker_that_knows_it(
    stage: Stage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(store)
    with monkeypatch.context() as older_version:
        older_version.delitem(kinds._KINDS, "test")
        assert work() == 0

    assert work() == 3
    assert states(job) == ["done"]
    assert job.changed == 40


def test_what_a_job_found_out_is_kept_with_it(stage: Stage, store: Store) -> None:
    job = make_job(store, rows=17)
    stage.result = {"members": 7}
    work(times=1)
    stage.result = None
    work()

    assert states(job) == ["done"]
    assert job.result == {"members": 7}


# --- What fails -------------------------------------------------------------------------------


def test_a_row_that_makes_the_server_fail_is_left_alone_and_the_others_are_done(
    stage: Stage, store: Store
) -> None:
    def choke(rows: Sequence[Row]) -> None:
        if any(row.line == 17 for row in rows):
            raise ValueError("17 is too much")

    stage.also = choke
    job = make_job(store)

    work()

    assert states(job) == ["done"]
    assert (job.total, job.processed, job.changed, job.rejected) == (40, 40, 39, 1)
    assert stage.lines == [line for line in range(1, 41) if line != 17]
    problems = JobRow.for_job(job).exclude(problem="").values_list("line", "problem")
    assert list(problems) == [(17, "This line made the server fail.")]


def test_two_workers_who_fail_at_one_chunk_make_it_smaller_once(
    stage: Stage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise the second would give up the first row of a chunk that nobody tried alone."""
    shrink = working._shrink

    def twice(*failure: Any) -> None:
        shrink(*failure)
        shrink(*failure)

    def choke(rows: Sequence[Row]) -> None:
        if any(row.line == 3 for row in rows):
            raise ValueError("3 is too much")

    monkeypatch.setattr(working, "_shrink", twice)
    stage.also = choke
    job = make_job(store, rows=4)

    work()

    assert states(job) == ["done"]
    assert stage.lines == [1, 2, 4]


def test_a_failure_after_the_work_makes_the_chunk_smaller_too(
    stage: Stage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = make_job(store, rows=8)
    save = Job.save

    def choke(job: Job, **how: Any) -> None:
        if not job.failures and len(stage.chunks[-1][1]) > 4:
            raise ValueError("too many at once")
        save(job, **how)

    monkeypatch.setattr(Job, "save", choke)

    work(times=10)

    assert states(job) == ["done"]
    assert (job.changed, job.rejected) == (8, 0)


def test_a_chunk_that_takes_too_long_is_made_smaller(stage: Stage, store: Store) -> None:
    def dawdle(rows: Sequence[Row]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = '100ms'")
            cursor.execute("SELECT pg_sleep(%s)", [0.3 if len(rows) > 4 else 0])
            cursor.execute("SET LOCAL statement_timeout = 0")

    stage.also = dawdle
    job = make_job(store, rows=8)

    work()

    assert states(job) == ["done"]
    assert (job.changed, job.rejected) == (8, 0)


def test_trouble_of_the_database_is_not_blamed_on_the_rows(stage: Stage, store: Store) -> None:
    def lose_the_connection(rows: Sequence[Row]) -> None:
        raise OperationalError("the connection is closed")

    stage.also = lose_the_connection
    job = make_job(store)
    start()

    with pytest.raises(OperationalError):
        work_one_chunk(now=timezone.now())

    assert states(job) == ["running"]
    assert (job.failures, job.cursor, job.chunk_size) == (0, 0, 16)


def test_a_job_that_makes_no_sense_any_more_fails_and_can_be_resumed(
    stage: Stage, store: Store
) -> None:
    class Senseless(DomainError):
        pass

    def refuse(rows: Sequence[Row]) -> None:
        if rows[0].line > 16:
            raise Senseless("The badge type was deleted.")

    stage.also = refuse
    job = make_job(store)
    work()
    assert states(job) == ["failed"]
    assert (job.processed, job.last_error) == (16, "The badge type was deleted.")

    stage.also = lambda _: None
    resume_job(store, job=job, actor=TESTER)
    work()

    assert states(job) == ["done"]
    assert stage.lines == list(range(1, 41))
    names = Event.for_store(store).filter(subject_id=str(job.id)).order_by("sequence")
    assert list(names.values_list("name", flat=True)) == [
        "JobCreated", "JobFailed", "JobResumed", "JobFinished",
    ]  # fmt: skip


# --- Stopping ---------------------------------------------------------------------------------


def test_a_paused_job_goes_on_where_it_stopped(stage: Stage, store: Store) -> None:
    job = make_job(store)
    work(times=1)
    pause_job(store, job=job, actor=TESTER)
    assert work() == 0
    assert states(job) == ["paused"]

    resume_job(store, job=job, actor=TESTER)
    work()

    assert states(job) == ["done"]
    assert stage.lines == list(range(1, 41))


def test_a_cancelled_job_keeps_what_was_done_and_is_over(stage: Stage, store: Store) -> None:
    job = make_job(store)
    work(times=1)

    cancel_job(store, job=job, actor=TESTER, now=timezone.now())

    assert work() == 0
    assert states(job) == ["cancelled"]
    assert (job.processed, job.finished_at is not None) == (16, True)
    with pytest.raises(Conflict):
        resume_job(store, job=job, actor=TESTER)
    with pytest.raises(Conflict):
        pause_job(store, job=job, actor=TESTER)


# --- At the same time -------------------------------------------------------------------------


def beside(act: Callable[[], object]) -> threading.Thread:
    """Do it in a thread with a database connection of its own."""

    def run() -> None:
        try:
            act()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


@pytest.mark.django_db(transaction=True)
def test_a_job_has_one_worker_at_a_time(stage: Stage, store: Store) -> None:
    inside, leave = threading.Event(), threading.Event()

    def linger(rows: Sequence[Row]) -> None:
        inside.set()
        assert leave.wait(PATIENCE)

    stage.also = linger
    job = make_job(store, rows=8)
    start()
    first = beside(lambda: work_one_chunk(now=timezone.now()))
    assert inside.wait(PATIENCE)
    try:
        assert not work_one_chunk(now=timezone.now())
        assert not work_one_chunk(now=timezone.now(), job_id=job.id)
    finally:
        leave.set()
        first.join(PATIENCE)

    assert states(job) == ["done"]
    assert stage.lines == list(range(1, 9))


@pytest.mark.django_db(transaction=True)
def test_a_job_that_is_cancelled_while_it_starts_stays_cancelled(
    stage: Stage, store: Store
) -> None:
    job = make_job(store)
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE loyalty_job SET state = 'cancelled' WHERE id = %s", [job.id])
        starting = beside(start)
        starting.join(0.3)  # It waits for the row by now.
        cursor.execute("COMMIT")
    starting.join(PATIENCE)

    assert states(job) == ["cancelled"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("one_at_a_time", [True, False])
def test_a_kind_with_long_chunks_leaves_the_other_workers_free(
    one_at_a_time: bool, stage: Stage, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: where a kind does not say so, the second worker takes the second long job."""
    kind = JobKind("test", "A test", 16, stage.work, one_at_a_time=one_at_a_time)
    short = JobKind("short", "A short one", 16, lambda *_: Outcome(changed=1))
    monkeypatch.setitem(kinds._KINDS, "test", kind)
    monkeypatch.setitem(kinds._KINDS, "short", short)
    inside, leave = threading.Event(), threading.Event()

    def linger(rows: Sequence[Row]) -> None:
        if not inside.is_set():
            inside.set()
            assert leave.wait(PATIENCE)

    stage.also = linger
    jobs = [make_job(store, rows=1), make_job(store, rows=1)]
    start()
    first = beside(lambda: work_one_chunk(now=timezone.now()))
    assert inside.wait(PATIENCE)
    Job.for_store(store).filter(state="queued").update(state="running")
    other = create_job(
        store, kind="short", parameters={}, actor=TESTER,
        stage=lambda job: stage_rows(job, [StagedRow(1)]),
    )  # fmt: skip
    Job.for_store(store).filter(id=other.id).update(state="running")
    try:
        assert work_one_chunk(now=timezone.now())
        expected = ["running", "done"] if one_at_a_time else ["done", "running"]
        assert [states(jobs[1])[0], states(other)[0]] == expected
    finally:
        leave.set()
        first.join(PATIENCE)

    work()
    assert states(*jobs, other) == ["done", "done", "done"]
