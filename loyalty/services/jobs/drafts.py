"""Jobs that wait for somebody to look at what they would do, and to say yes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.actors import Actor
from loyalty.errors import Conflict, NotFound
from loyalty.models import Job, JobState, Store
from loyalty.services.jobs.creation import Stage, announce, staged_job
from loyalty.transactions import writes


@writes
def draft_job(
    store: Store, *, kind: str, parameters: Mapping[str, Any], stage: Stage, actor: Actor
) -> Job:
    """Write a job's input, and let nobody work on it.

    So what is looked at is what will run, to the line, however large a file it came from.
    """
    return staged_job(
        store, JobState.DRAFT, kind=kind, parameters=parameters, stage=stage, actor=actor
    )


@writes
def start_draft(store: Store, *, job: Job, actor: Actor, now: datetime) -> Job:
    """Make a job of a draft.  It is the actor's from then on, and takes its place in the queue.

    Raises `Conflict` if it was started before, and `NotFound` if it was discarded.
    """
    draft = _locked(store, job)
    draft.state, draft.created_at = JobState.QUEUED, now
    draft.actor_kind, draft.actor_id = actor.kind, actor.id
    draft.actor_label, draft.source = actor.label, actor.source
    draft.save(
        update_fields=["state", "created_at", "actor_kind", "actor_id", "actor_label", "source"]
    )
    announce(store, draft, actor)
    return draft


@writes
def discard_draft(store: Store, *, job: Job) -> None:
    """Forget a draft with all of its input.  Nothing happened, so nothing is noted."""
    _locked(store, job).delete()


def _locked(store: Store, job: Job) -> Job:
    found = Job.for_store(store).select_for_update(no_key=True).filter(id=job.id).first()
    if found is None:
        raise NotFound
    if found.state != JobState.DRAFT:
        raise Conflict("The job was started before.")
    return found
