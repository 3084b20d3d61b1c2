"""What happens by the clock: old input is forgotten, and deaf workers are told from others."""

import socket
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from loyalty.models import Job, JobRow, JobState, Store, WorkerHeartbeat
from loyalty.services import tidying
from loyalty.services.heartbeats import mark_heard
from loyalty.services.jobs.staging import StagedRow, stage_rows
from loyalty.services.tidying import tidy
from tests.builders import TESTER

NOW = timezone.now()


def make_job(store: Store, state: JobState, days_ago: int) -> Job:
    finished_at = NOW - timedelta(days=days_ago)
    job = Job.for_store(store).create(
        store=store, kind="assign", state=state, chunk_size=10, finished_at=finished_at,
        actor_kind=TESTER.kind, actor_label=TESTER.label, source=TESTER.source,
    )  # fmt: skip
    stage_rows(job, [StagedRow(line) for line in range(1, 6)])
    return job


def rows_of(job: Job) -> int:
    return JobRow.for_job(job).count()


def test_the_lines_of_old_jobs_are_forgotten_and_their_figures_kept(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "_BATCH", 2)
    old = [make_job(store, state, 31) for state in (JobState.DONE, JobState.CANCELLED)]
    kept = [make_job(store, JobState.DONE, 29), make_job(store, JobState.FAILED, 31)]

    tidy(now=NOW)

    assert [rows_of(job) for job in old] == [0, 0]
    assert [rows_of(job) for job in kept] == [5, 5]
    assert Job.for_store(store).count() == 4


@pytest.mark.django_db
def test_the_health_of_a_worker_is_when_it_last_heard(capsys: pytest.CaptureFixture[str]) -> None:
    name = f"celery@{socket.gethostname()}"
    with pytest.raises(CommandError, match="has never heard"):
        call_command("worker_health")

    mark_heard(name, now=timezone.now() - timedelta(seconds=90))
    with pytest.raises(CommandError, match="has heard no message for 90 s"):
        call_command("worker_health")
    mark_heard("other@host", now=timezone.now())
    with pytest.raises(CommandError):
        call_command("worker_health")

    mark_heard(name, now=timezone.now())
    call_command("worker_health")
    assert "heard a message 0 s ago" in capsys.readouterr().out


@pytest.mark.django_db
def test_workers_that_are_no_more_are_forgotten() -> None:
    mark_heard("old@host", now=NOW - timedelta(days=2))
    mark_heard("new@host", now=NOW)

    tidy(now=NOW)

    assert list(WorkerHeartbeat.objects.values_list("worker", flat=True)) == ["new@host"]
