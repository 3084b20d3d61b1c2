"""The forms that put a condition into force, look back, and take it out of force."""

from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone

from badges.models import PublishPolicy
from badges.services.backfills import backfill
from badges.services.conditions import discard_draft, publish_condition, retire_condition
from badges.services.dry_runs import start_dry_run
from loyalty.admin.forms import PageForm
from loyalty.admin.widgets import DateInput, Switch
from loyalty.models import Job

_COUNTS = "What members did so far counts."
_BY_HAND = "What was given by hand stays."
POLICIES: dict[str, tuple[str, str]] = {
    PublishPolicy.FROM_NOW_ON: (
        "From now on",
        "What members did so far does not count. Whoever has the badge keeps it.",
    ),
    PublishPolicy.ONLY_ADD: (
        "Look again, and only add",
        f"{_COUNTS} Whoever has the badge keeps it, even without meeting this.",
    ),
    PublishPolicy.TAKE_AWAY: (
        "Look again, and take away",
        f"{_COUNTS} Whoever earned the badge and does not meet this loses it. {_BY_HAND}",
    ),
}
_YEARS = range(1970, 9000)


class PublishForm(PageForm):
    """`subject` is the badge type.  A first version has no policy: there is nothing to keep."""

    job: Job
    is_first: bool
    """Set by the page, on a subclass."""
    paths = {"countingFrom": "count_from"}

    policy = forms.ChoiceField(
        label="What about what happened so far?",
        choices=[(policy, words[0]) for policy, words in POLICIES.items()],
        widget=forms.RadioSelect(),
        required=False,
    )
    count_from = forms.DateField(
        label="Count from",
        required=False,
        widget=DateInput(),
    )
    announce = forms.BooleanField(
        label="Announce what is earned at once",
        required=False,
        initial=True,
        help_text="Off: badges for what is past are given silently, so that nobody is congratulated"
        " for it by your other systems.",
        widget=Switch(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.is_first:
            del self.fields["policy"]
        else:
            self.fields["policy"].required = True

    def clean_count_from(self) -> date | None:
        return possible_day(self.cleaned_data["count_from"])

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = self.cleaned_data
        if values.get("policy") == PublishPolicy.FROM_NOW_ON:
            values["count_from"] = None
        return values

    def write(self, values: dict[str, Any]) -> None:
        policy = values.get("policy")
        self.job = publish_condition(
            self.subject.store,
            badge_type=self.subject,
            policy=PublishPolicy(policy) if policy else None,
            counting_from=beginning_of(values["count_from"], self.subject.store.timezone),
            announce=values["announce"],
            actor=self.staff.actor,
            now=timezone.now(),
        ).job


class TryForm(PageForm):
    """Tries the draft, else what is in force.  `subject` is the badge type."""

    job: Job
    paths = {"countingFrom": "count_from"}

    count_from = forms.DateField(
        label="Look back until",
        required=False,
        help_text="Left empty: as far as the badge counts.",
        widget=DateInput(),
    )

    def clean_count_from(self) -> date | None:
        return possible_day(self.cleaned_data["count_from"])

    def write(self, values: dict[str, Any]) -> None:
        store = self.subject.store
        self.job = start_dry_run(
            store,
            badge_type=self.subject,
            counting_from=beginning_of(values["count_from"], store.timezone),
            actor=self.staff.actor,
            now=timezone.now(),
        )


class BackfillForm(PageForm):
    """Gives what a dry run has shown.  `subject` is the badge type."""

    job: Job
    dry_run: Job
    """Set by the page, on a subclass."""

    announce = forms.BooleanField(
        label="Announce each badge",
        required=False,
        help_text="Off: they are given silently, so that nobody is congratulated for what is long"
        " past.",
        widget=Switch(),
    )

    def write(self, values: dict[str, Any]) -> None:
        self.job = backfill(
            self.subject.store,
            badge_type=self.subject,
            dry_run=self.dry_run,
            silent=not values["announce"],
            actor=self.staff.actor,
            now=timezone.now(),
        ).job


class DiscardForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        discard_draft(self.subject.store, badge_type=self.subject, actor=self.staff.actor)


class RetireForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        retire_condition(
            self.subject.store, badge_type=self.subject, actor=self.staff.actor,
            now=timezone.now(),
        )  # fmt: skip


def possible_day(day: date | None) -> date | None:
    if day is not None and day.year not in _YEARS:
        raise forms.ValidationError("Enter a day since 1970.")
    return day


def beginning_of(day: date | None, zone: str) -> datetime | None:
    """The first moment of the day on that clock."""
    if day is None:
        return None
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(zone))
