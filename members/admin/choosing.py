"""A form that says which members are meant: the friendly face of the member list's filters."""

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import QuerySet

from loyalty.admin.widgets import DateInput, Select, TextInput
from loyalty.models import Store
from members.models import Member
from members.selectors.members import members

_EITHER = [("", "Whether or not"), ("yes", "Yes"), ("no", "No")]
_LAST_DAY = date(9990, 1, 1)


def _text(label: str, **attrs: Any) -> forms.CharField:
    widget = TextInput(autocomplete="off", **attrs)
    return forms.CharField(label=label, required=False, max_length=255, widget=widget)


def _either(label: str) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, required=False, choices=_EITHER, widget=Select())


class MemberChoice(forms.Form):
    """Each field that is filled in narrows the choice; what is left empty does not.

    They mean what the member list's parameters mean.  Anonymised members are never chosen: there
    is nobody left to hold anything.
    """

    label_key = _text("Label", placeholder="tier")
    label_value = _text("Value of the label", placeholder="any")
    active = _either("Is active")
    registered_from = forms.DateField(label="Registered from", required=False, widget=DateInput())
    registered_until = forms.DateField(label="Registered until", required=False, widget=DateInput())
    first_name = _text("First name contains")
    last_name = _text("Last name contains")
    has_email = _either("Has an e-mail address")
    has_phone = _either("Has a phone number")
    has_card = _either("Has a loyalty card")

    def clean(self) -> dict[str, Any]:
        values = self.cleaned_data
        if values.get("label_value") and not values.get("label_key"):
            self.add_error("label_key", "Of which label is that the value?")
        days = values.get("registered_from"), values.get("registered_until")
        if days[0] and days[1] and days[1] < days[0]:
            self.add_error("registered_until", "This is before the first day.")
        for name, day in zip(("registered_from", "registered_until"), days, strict=True):
            if day and day > _LAST_DAY:
                self.add_error(name, "This is too far away.")
        return values

    def chosen(self, store: Store) -> QuerySet[Member]:
        """The members of the store that the cleaned values describe."""
        given = self.cleaned_data
        rows = members(store).filter(anonymized=False)
        if given["label_key"]:
            label = {"key": given["label_key"]}
            if given["label_value"]:
                label["value"] = given["label_value"]
            rows = rows.filter(labels__contains=[label])
        for field, column in (("has_email", "email"), ("has_phone", "phone"),
                              ("has_card", "loyalty_card_number")):  # fmt: skip
            if given[field]:
                rows = rows.filter(**{f"{column}__isnull": given[field] == "no"})
        if given["active"]:
            rows = rows.filter(active=given["active"] == "yes")
        for column in ("first_name", "last_name"):
            if given[column]:
                rows = rows.filter(**{f"{column}__icontains": given[column]})
        if given["registered_from"]:
            rows = rows.filter(registered_at__gte=_midnight(store, given["registered_from"]))
        if given["registered_until"]:
            after = given["registered_until"] + timedelta(days=1)
            rows = rows.filter(registered_at__lt=_midnight(store, after))
        return rows


def _midnight(store: Store, day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(store.timezone))
