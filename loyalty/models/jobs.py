"""Bulk work: what is to be done, how far it is, and what could not be done."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower

from loyalty.actors import ActorKind, Source
from loyalty.models.stores import StoreOwnedModel


class JobState(models.TextChoices):
    DRAFT = "draft", "Draft"
    QUEUED = "queued", "Queued"
    RUNNING = "running", "Running"
    PAUSED = "paused", "Paused"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"


UNFINISHED = (JobState.DRAFT, JobState.QUEUED, JobState.RUNNING, JobState.PAUSED)


class Job(StoreOwnedModel):
    """A piece of bulk work.  This row is the truth about it; messages only say "look".

    The work is done in chunks of rows.  Each chunk is one transaction, which writes its effects,
    moves `cursor` (the last line worked on) and counts; whoever works holds a lock on this row
    meanwhile.  A worker that dies therefore leaves nothing half done and nothing locked.

    `processed` lines = `changed` + `unchanged` + `rejected`.

    A draft has all of its input and waits for the word of whoever made it.  Until then it is no
    job to anybody else: it is in no list and no log, and one that was forgotten is tidied away.
    """

    kind = models.CharField(max_length=32)
    state = models.CharField(max_length=16, choices=JobState, default=JobState.QUEUED)
    parameters = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)
    cursor = models.PositiveIntegerField(default=0)
    processed = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)
    unchanged = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    chunk_size = models.PositiveIntegerField()
    failures = models.PositiveIntegerField(default=0, help_text="In a row, at this chunk.")
    last_error = models.CharField(max_length=1024, blank=True)
    result = models.JSONField(null=True, help_text="What a job found out, if that is its purpose.")
    undoes = models.ForeignKey(
        "self",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="undone_by",
    )
    actor_kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in ActorKind])
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=255)
    source = models.CharField(max_length=16, choices=[(source, source) for source in Source])
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    worked_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="job_can_be_referred_to_with_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "undoes"],
                condition=~Q(state=JobState.CANCELLED),
                name="job_is_undone_once",
            ),
        ]
        indexes = [
            models.Index(
                fields=["state", "worked_at"],
                condition=Q(state__in=[JobState.QUEUED, JobState.RUNNING]),
                name="job_to_work_on",
            ),
            models.Index(fields=["store", "-created_at"], name="job_of_a_store"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED


class JobRow(models.Model):
    """One line of a job's input, numbered as the person who sent it sees it.

    `identifier_key` and `identifier` name a member, as in a URL.  `problem` says why the line
    could not be done; `raw` keeps a line that could not even be read.
    """

    pk = models.CompositePrimaryKey("job_id", "line")
    store_id = models.UUIDField()
    job = models.ForeignKey(Job, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+")
    line = models.PositiveIntegerField()
    identifier_key = models.CharField(max_length=32, blank=True)
    identifier = models.CharField(max_length=255, blank=True)
    data = models.JSONField(null=True)
    raw = models.TextField(blank=True)
    problem = models.CharField(max_length=255, blank=True)
    member_id = models.UUIDField(null=True, help_text="The member that an import made.")

    across_stores = models.Manager[Self]()

    class Meta:
        indexes = [
            models.Index(
                fields=["job", "line"], condition=~Q(problem=""), name="job_row_with_a_problem"
            ),
            # For a member who is to be forgotten.
            models.Index(
                F("store_id"),
                Lower("identifier"),
                condition=~Q(identifier_key__in=["", "id"]),
                name="job_row_that_names_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} line {self.line}"

    @classmethod
    def for_job(cls, job: Job) -> models.QuerySet[Self]:
        return cls.across_stores.filter(store_id=job.store_id, job_id=job.id)
