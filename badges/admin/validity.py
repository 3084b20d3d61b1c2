"""How long a badge is good for: the part of the badge type's form that says so."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms

from badges.models import Validity
from loyalty.admin.widgets import DateInput, NumberInput
from loyalty.models import Store

_MOST_DAYS = 36_500
_YEARS = range(1970, 9000)
_WORDS = [
    (Validity.UNLIMITED, "For ever"),
    (Validity.FIXED, "Until a day"),
    (Validity.RELATIVE, "For some days"),
]


class ValidityFields(forms.Form):
    """People name the last day on which the badge is good; the row has the moment after it."""

    store: Store
    instance: Any

    validity = forms.ChoiceField(
        label="How long it is good for",
        choices=_WORDS,
        initial=Validity.UNLIMITED,
        widget=forms.RadioSelect(),
        required=False,
    )
    valid_until = forms.DateField(label="The last day", required=False, widget=DateInput())
    valid_days = forms.IntegerField(
        label="Days after it was earned last",
        required=False,
        min_value=1,
        max_value=_MOST_DAYS,
        help_text="Earning it again begins the days anew, and keeps the first date.",
        widget=NumberInput(min=1),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.valid_until:
            self.initial["valid_until"] = self._last_day(self.instance.valid_until)

    def _last_day(self, end: datetime) -> Any:
        return (end.astimezone(ZoneInfo(self.store.timezone)) - timedelta(microseconds=1)).date()

    def check_validity(self) -> None:
        needed = {Validity.FIXED: "valid_until", Validity.RELATIVE: "valid_days"}
        name = needed.get(Validity(self._chosen()))
        if name and name not in self.errors and self.cleaned_data.get(name) is None:
            self.add_error(name, "Until when?" if name == "valid_until" else "How many days?")
        day = self.cleaned_data.get("valid_until")
        if day and day.year not in _YEARS:
            self.add_error("valid_until", "Enter a day from 1970 to 8999.")

    def _chosen(self) -> str:
        return str(self.cleaned_data.get("validity") or Validity.UNLIMITED)

    def validity_of(self, values: dict[str, Any]) -> dict[str, Any]:
        """The three columns, of which at most one beside the kind is filled."""
        kind, day = self._chosen(), values["valid_until"]
        return {
            "validity": kind,
            "valid_until": self._end_of(day) if kind == Validity.FIXED else None,
            "valid_days": values["valid_days"] if kind == Validity.RELATIVE else None,
        }

    def _end_of(self, day: Any) -> datetime:
        stored: datetime | None = self.instance.valid_until
        if stored and self._last_day(stored) == day:
            return stored
        next_day = day + timedelta(days=1)
        return datetime.combine(next_day, time.min, tzinfo=ZoneInfo(self.store.timezone))
