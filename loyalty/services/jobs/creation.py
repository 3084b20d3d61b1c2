"""Make a job."""

from collections.abc import Callable, Mapping
from typing import Any

from loyalty.actors import Actor
from loyalty.models import EventName, Job, JobState, Store
from loyalty.services.events import record
from loyalty.services.hints import wake_workers
from loyalty.services.jobs.kinds import kind_named
from loyalty.services.jobs.staging import Staged
from loyalty.transactions import writes

Stage = Callable[[Job], Staged]


@writes
def create_job(
    store: Store,
    *,
    kind: str,
    parameters: Mapping[str, Any],
    stage: Stage,
    actor: Actor,
    undoes: Job | None = None,
) -> Job:
    """Write the job and all of its input in one transaction, and tell the workers.

    `stage` puts the input in (see `staging`).  If it refuses the input as a whole, by raising,
    there is no job.
    """
    job = staged_job(
        store, JobState.QUEUED, kind=kind, parameters=parameters, stage=stage, actor=actor,
        undoes=undoes,
    )  # fmt: skip
    announce(store, job, actor)
    return job


def staged_job(
    store: Store,
    state: JobState,
    *,
    kind: str,
    parameters: Mapping[str, Any],
    stage: Stage,
    actor: Actor,
    undoes: Job | None = None,
) -> Job:
    """The row and its input, in the transaction under way."""
    job = Job(
        store=store,
        kind=kind,
        state=state,
        parameters=dict(parameters),
        chunk_size=kind_named(kind).chunk_size,
        undoes=undoes,
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
        source=actor.source,
    )
    job.save(force_insert=True)
    staged = stage(job)
    job.total = staged.total
    job.processed = job.rejected = staged.rejected
    job.save(update_fields=["total", "processed", "rejected"])
    return job


def announce(store: Store, job: Job, actor: Actor) -> None:
    """There is a job from now on: note it, and tell the workers."""
    record(
        store, EventName.JOB_CREATED, subject_kind="job", subject_id=job.id, actor=actor,
        data={"kind": job.kind, "total": job.total},
    )  # fmt: skip
    wake_workers()
