"""Find jobs."""

from uuid import UUID

from django.db.models import QuerySet

from loyalty.errors import NotFound
from loyalty.models import Job, JobRow, Store


def jobs(store: Store) -> QuerySet[Job]:
    return Job.for_store(store)


def get_job(store: Store, job_id: UUID | str) -> Job:
    job = jobs(store).filter(id=job_id).first()
    if job is None:
        raise NotFound
    return job


def rejected_rows(job: Job) -> QuerySet[JobRow]:
    """The lines that could not be done, in their order, each with its problem."""
    return JobRow.for_job(job).exclude(problem="").order_by("line")
