"""Stop jobs and let them go on.  A chunk that is under way is finished first."""

from collections.abc import Collection
from datetime import datetime

from loyalty.actors import Actor
from loyalty.errors import Conflict, NotFound
from loyalty.models import EventName, Job, JobState, Store
from loyalty.services.events import record
from loyalty.services.hints import wake_workers
from loyalty.transactions import writes


@writes
def pause_job(store: Store, *, job: Job, actor: Actor) -> None:
    """Stop after the chunk that is under way, until somebody resumes it."""
    job = _locked(store, job, {JobState.QUEUED, JobState.RUNNING}, "paused")
    job.state = JobState.PAUSED
    job.save(update_fields=["state"])
    _record(store, EventName.JOB_PAUSED, job, actor)


@writes
def resume_job(store: Store, *, job: Job, actor: Actor) -> None:
    """Go on where a paused or failed job stopped.

    Raises `Conflict` for a job that was undone: what it did from now on would not be undone.
    """
    job = _locked(store, job, {JobState.PAUSED, JobState.FAILED}, "resumed")
    if is_undone(store, job):
        raise Conflict("A job that was undone cannot be resumed.")
    job.state, job.finished_at, job.failures = JobState.QUEUED, None, 0
    job.save(update_fields=["state", "finished_at", "failures"])
    _record(store, EventName.JOB_RESUMED, job, actor)
    wake_workers()


@writes
def cancel_job(store: Store, *, job: Job, actor: Actor, now: datetime) -> None:
    """Stop for good.  What was done stays done; `undo` is another job."""
    states = {JobState.QUEUED, JobState.RUNNING, JobState.PAUSED, JobState.FAILED}
    job = _locked(store, job, states, "cancelled")
    job.state, job.finished_at = JobState.CANCELLED, now
    job.save(update_fields=["state", "finished_at"])
    _record(store, EventName.JOB_CANCELLED, job, actor)


def is_undone(store: Store, job: Job) -> bool:
    """Whether a job that undoes this one was made, and was not cancelled."""
    return Job.for_store(store).filter(undoes=job).exclude(state=JobState.CANCELLED).exists()


def _locked(store: Store, job: Job, states: Collection[str], verb: str) -> Job:
    found = Job.for_store(store).select_for_update(no_key=True).filter(id=job.id).first()
    if found is None:
        raise NotFound
    if found.state not in states:
        raise Conflict(f"A job that is {found.state} cannot be {verb}.")
    return found


def _record(store: Store, name: EventName, job: Job, actor: Actor) -> None:
    data = {"kind": job.kind, "processed": job.processed, "total": job.total}
    record(store, name, subject_kind="job", subject_id=job.id, actor=actor, data=data)
