"""Find imports, of members or onto lists: each is a job, each of its lines a row of the job."""

from uuid import UUID

from django.db.models import Case, CharField, F, QuerySet, Value, When

from loyalty.models import Job, JobRow, JobState, Store
from loyalty.selectors.jobs import get_job, jobs

MEMBER_IMPORT, LIST_MEMBERS = "member_import", "list_members"
_KINDS = (MEMBER_IMPORT, LIST_MEMBERS)

# Open Loyalty's words (notes, section 3).
_QUEUED, _IN_PROGRESS, _SUCCEED, _ERROR, _FAILED = (
    Value(word) for word in ("queued", "inprogress", "succeed", "error", "failed")
)


def imports(store: Store) -> QuerySet[Job]:
    """With `status`: "error" if it is done and some lines were rejected, "failed" if it stopped."""
    return jobs(store, _KINDS).annotate(
        status=Case(
            When(state=JobState.QUEUED, then=_QUEUED),
            When(state__in=[JobState.RUNNING, JobState.PAUSED], then=_IN_PROGRESS),
            When(state=JobState.DONE, rejected=0, then=_SUCCEED),
            When(state=JobState.DONE, then=_ERROR),
            default=_FAILED,
            output_field=CharField(),
        )
    )


def get_import(store: Store, import_id: UUID | str) -> Job:
    return get_job(store, import_id, _KINDS)


def import_rows(job: Job) -> QuerySet[JobRow]:
    """With `status`: "failed" if the import stopped before it came to the line."""
    return JobRow.for_job(job).annotate(
        message=F("problem"),
        status=Case(
            When(member_id__isnull=False, then=_SUCCEED),
            When(problem="", then=_FAILED if job.is_finished else _QUEUED),
            default=_ERROR,
            output_field=CharField(),
        ),
    )
