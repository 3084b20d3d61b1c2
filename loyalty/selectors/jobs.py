"""Find jobs."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import QuerySet

from loyalty.errors import NotFound
from loyalty.models import Job, JobRow, JobState, Store


def jobs(store: Store, kinds: Collection[str] | None = None) -> QuerySet[Job]:
    """The store's jobs, or those of the named kinds; without drafts."""
    found = Job.for_store(store).exclude(state=JobState.DRAFT)
    return found if kinds is None else found.filter(kind__in=kinds)


def get_job(store: Store, job_id: UUID | str, kinds: Collection[str] | None = None) -> Job:
    job = jobs(store, kinds).filter(id=job_id).first()
    if job is None:
        raise NotFound
    return job


def rejected_rows(job: Job) -> QuerySet[JobRow]:
    """The lines that could not be done, in their order, each with its problem."""
    return JobRow.for_job(job).exclude(problem="").order_by("line")
