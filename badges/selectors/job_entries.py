"""Which lines of the ledger a job wrote.

The occurrence key of such a line is made of the job and the member, so the keys of one job stand
together in the index that makes them unique.
"""

from typing import NamedTuple
from uuid import UUID

from django.db.models import QuerySet

from badges.models import BadgeEntry
from loyalty.models import Job, Store


class Keys(NamedTuple):
    """The range of a job's occurrence keys: each is `first` and a member's id, and below `end`."""

    first: str
    end: str


def keys_of(job: Job) -> Keys:
    """However often a job is undone, what undoes a line of it has one and the same key."""
    first = undo_keys(job.undoes_id) if job.undoes_id else f"job:{job.id}:"
    # ";" follows ":": the keys of the job, and no others, lie between.
    return Keys(first, f"{first[:-1]};")


def undo_keys(undone_id: UUID) -> str:
    return f"undo:{undone_id}:"


def entries_of_job(store: Store, job: Job) -> QuerySet[BadgeEntry]:
    keys = keys_of(job)
    return BadgeEntry.for_store(store).filter(
        occurrence_key__gte=keys.first, occurrence_key__lt=keys.end, source_id=str(job.id)
    )


def entries_of_evaluation(store: Store, job: Job) -> QuerySet[BadgeEntry]:
    """The same of a job that evaluates a condition: the keys of its lines are the condition's."""
    return BadgeEntry.for_store(store).filter(source_id=str(job.id), completion__isnull=False)
