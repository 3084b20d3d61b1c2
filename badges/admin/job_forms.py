"""The forms of jobs: whom and what, and the words that stop, resume, cancel and undo them."""

from typing import Any

from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from badges.models import BadgeType
from badges.selectors.holdings import held_badges
from badges.services.backfills import undo_backfill
from badges.services.evaluation_job import EVALUATE
from badges.services.job_creation import (
    draft_badge_job,
    stage_chosen,
    start_badge_job,
    undo_job,
)
from badges.services.job_lists import stage_list
from badges.services.job_tables import stage_table
from badges.services.jobs import ASSIGN, MAX_COUNT, REVOKE, SET_COUNT
from loyalty.admin.forms import PageForm
from loyalty.admin.widgets import FileInput, NumberInput, Select, Textarea
from loyalty.models import Job
from loyalty.services.jobs.control import cancel_job, pause_job, resume_job
from loyalty.services.jobs.creation import Stage
from loyalty.services.jobs.drafts import discard_draft
from loyalty.services.jobs.lines import MAX_FILE
from members.admin.choosing import MemberChoice
from members.models import Member

EVERYBODY, LIST, FILE = "everybody", "list", "file"

_WHAT = [
    (ASSIGN, "Assign it"),
    (REVOKE, "Take it away"),
    (SET_COUNT, "Set the count"),
]
_WHOM = [
    (EVERYBODY, "Everybody who matches"),
    (LIST, "A list"),
    (FILE, "A CSV file"),
]
_HOLDING = [
    ("", "Whether or not"),
    ("no", "Only who does not hold it yet"),
    ("yes", "Only who holds it"),
]


class WorkForm(PageForm):
    """What is to be done.  Makes a draft, which is looked at before it becomes a job."""

    draft: Job

    kind = forms.ChoiceField(
        label="What", choices=_WHAT, initial=ASSIGN, widget=forms.RadioSelect()
    )
    count = forms.IntegerField(
        label="How often",
        required=False,
        min_value=0,
        max_value=MAX_COUNT,
        help_text="Left empty: once to assign; all of it to take away.",
        widget=NumberInput(min=0),
    )
    reason = forms.CharField(
        label="Reason (optional)",
        required=False,
        max_length=1024,
        help_text="The ledger keeps it with each line, and your name.",
        widget=Textarea(rows=2),
    )
    paths = {"badgeType": "kind"}

    def clean_count(self) -> int | None:
        count: int | None = self.cleaned_data["count"]
        if count == 0 and self.cleaned_data.get("kind") != SET_COUNT:
            raise forms.ValidationError("At least 1.")
        return count

    def check_count(self, values: dict[str, Any]) -> None:
        """Only a file can say a count for each."""
        if values.get("kind") == SET_COUNT and values.get("count") is None:
            self.add_error("count", "To which count?")

    def make_draft(self, badge_type: BadgeType, values: dict[str, Any], stage: Stage) -> None:
        self.draft = draft_badge_job(
            badge_type.store,
            kind=values["kind"],
            badge_type=badge_type,
            stage=stage,
            actor=self.staff.actor,
            count=values["count"],
            reason=values["reason"],
        )


class HandOutManyForm(MemberChoice, WorkForm):
    """The same for one badge type (the subject), with three ways to say for whom."""

    field_order = ("kind", "count", "reason", "whom")

    whom = forms.ChoiceField(
        label="For whom", choices=_WHOM, initial=EVERYBODY, widget=forms.RadioSelect()
    )
    holding = forms.ChoiceField(
        label="Holds the badge", required=False, choices=_HOLDING, widget=Select()
    )
    names = forms.CharField(
        label="One member a line",
        required=False,
        max_length=900_000,
        help_text="E-mail address, UUID, card number or phone number, also mixed. Where it could be"
        " taken for something else, say what it is: phone=600100200.",
        widget=Textarea(
            rows=8,
            spellcheck="false",
            placeholder="anna@example.com\n+48600100200\nloyaltyCardNumber=CARD-1",
        ),
    )
    file = forms.FileField(
        label="CSV file",
        required=False,
        allow_empty_file=True,
        help_text="The first line names the columns: email, phone, loyaltyCardNumber, memberId or"
        " walletAddress; and, if you like, count, reason and earnedAt. What a line says goes"
        " before what stands above.",
        widget=FileInput(accept=".csv,.txt,text/csv"),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean()
        if values.get("whom") != FILE:
            self.check_count(values)
        elif not values.get("file") and "file" not in self.errors:
            self.add_error("file", "Choose a file.")
        elif values.get("file") and values["file"].size > MAX_FILE:
            self.add_error("file", f"The file is larger than {MAX_FILE // 1024**2} MB. Split it.")
        return values

    def write(self, values: dict[str, Any]) -> None:
        self.make_draft(self.subject, values, self._stage(values))

    def _stage(self, values: dict[str, Any]) -> Stage:
        store = self.subject.store
        match values["whom"]:
            case "everybody":
                return stage_chosen(self._everybody(values))
            case "list":
                return stage_list(store, values["names"])
            case _:
                return stage_table(
                    store,
                    values["file"],
                    kind=values["kind"],
                    count=values["count"],
                    now=timezone.now(),
                )

    def _everybody(self, values: dict[str, Any]) -> QuerySet[Member]:
        badge_type: BadgeType = self.subject
        chosen = self.chosen(badge_type.store)
        if not values["holding"]:
            return chosen
        held = held_badges(badge_type.store).filter(badge_type=badge_type, member_id=OuterRef("id"))
        holds = Exists(held)
        return chosen.filter(holds if values["holding"] == "yes" else ~holds)


class _JobForm(PageForm):
    """Does one thing to a job."""

    subject: Job


class StartForm(_JobForm):
    def write(self, values: dict[str, Any]) -> None:
        job, actor = self.subject, self.staff.actor
        start_badge_job(job.store, job=job, actor=actor, now=timezone.now())


class DiscardForm(_JobForm):
    def write(self, values: dict[str, Any]) -> None:
        discard_draft(self.subject.store, job=self.subject)


class PauseForm(_JobForm):
    def write(self, values: dict[str, Any]) -> None:
        pause_job(self.subject.store, job=self.subject, actor=self.staff.actor)


class ResumeForm(_JobForm):
    def write(self, values: dict[str, Any]) -> None:
        resume_job(self.subject.store, job=self.subject, actor=self.staff.actor)


class CancelForm(_JobForm):
    def write(self, values: dict[str, Any]) -> None:
        job, actor = self.subject, self.staff.actor
        cancel_job(job.store, job=job, actor=actor, now=timezone.now())


class UndoForm(_JobForm):
    made: Job

    def write(self, values: dict[str, Any]) -> None:
        job, actor = self.subject, self.staff.actor
        if job.kind == EVALUATE:
            self.made = undo_backfill(job.store, job=job, actor=actor, now=timezone.now())
        else:
            self.made = undo_job(job.store, job=job, actor=actor)
