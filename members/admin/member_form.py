"""The form of a member."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone

from loyalty.admin.forms import PageForm, ServiceForm
from loyalty.admin.widgets import (
    DateInput,
    EmailInput,
    PasswordInput,
    Select,
    Switch,
    Textarea,
    TextInput,
)
from loyalty.models import Store
from members.models import CARD_NUMBER, COUNTRY, PHONE, Gender, Member
from members.services.members import (
    anonymize_member,
    delete_member,
    register_member,
    set_member_active,
    set_member_password,
    update_member,
)

_ADDRESS = ("street", "postal", "city", "province", "country")
_IDENTIFIERS = ("email", "phone", "loyalty_card_number")


class MemberForm(ServiceForm):
    """An identifier left empty is one that the member does not have."""

    store: Store

    email = forms.EmailField(
        label="E-mail address", required=False, max_length=255, widget=EmailInput()
    )
    phone = forms.RegexField(
        rf"^{PHONE}\Z",
        required=False,
        max_length=32,
        error_messages={"invalid": "Only digits and a leading plus sign."},
        widget=TextInput(placeholder="+48600100200"),
    )
    loyalty_card_number = forms.RegexField(
        rf"^{CARD_NUMBER}\Z",
        required=False,
        max_length=255,
        error_messages={"invalid": "Only letters, digits, dots, hyphens and underscores."},
        widget=TextInput(),
    )
    first_name = forms.CharField(required=False, max_length=255, widget=TextInput())
    last_name = forms.CharField(required=False, max_length=255, widget=TextInput())
    gender = forms.ChoiceField(
        choices=Gender.choices, initial=Gender.NOT_DISCLOSED, widget=Select()
    )
    birth_date = forms.DateField(required=False, widget=DateInput())
    locale = forms.ChoiceField(label="Language", required=False, widget=Select())
    timezone = forms.ChoiceField(label="Time zone", required=False, widget=Select())
    street = forms.CharField(required=False, max_length=255, widget=TextInput())
    postal = forms.CharField(
        label="Postal code", required=False, max_length=255, widget=TextInput()
    )
    city = forms.CharField(required=False, max_length=255, widget=TextInput())
    province = forms.CharField(required=False, max_length=255, widget=TextInput())
    country = forms.RegexField(
        rf"^{COUNTRY}\Z",
        required=False,
        error_messages={"invalid": "Two capital letters, for example PL."},
        widget=TextInput(placeholder="PL", maxlength=2),
    )
    agreement1 = forms.BooleanField(label="Accepts the terms", required=False, widget=Switch())
    agreement2 = forms.BooleanField(label="Wants marketing", required=False, widget=Switch())
    agreement3 = forms.BooleanField(
        label="Agrees to data processing", required=False, widget=Switch()
    )
    labels = forms.CharField(
        required=False,
        max_length=10_000,
        help_text="One a line, as key: value.",
        widget=Textarea(rows=3, placeholder="favourite: espresso"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        used = {*self.store.locales, self.initial.get("locale") or self.store.default_locale}
        languages = [(locale, locale) for locale in sorted(used)]
        default = ("", f"The store's own ({self.store.default_locale})")
        self.fields["locale"].choices = [default, *languages]  # type: ignore[attr-defined]
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
        default = ("", f"The store's own ({self.store.timezone})")
        self.fields["timezone"].choices = [default, *zones]  # type: ignore[attr-defined]

    def stored(self, row: Member) -> dict[str, Any]:
        address = {name: row.address.get(name, "") for name in _ADDRESS}
        labels = "\n".join(f"{label['key']}: {label['value']}" for label in row.labels)
        return {**super().stored(row), **address, "labels": labels}

    def clean_labels(self) -> list[dict[str, str]]:
        labels: dict[str, str] = {}
        for line in self.cleaned_data["labels"].splitlines():
            key, colon, value = line.partition(":")
            if not line.strip():
                continue
            if not colon or not key.strip():
                raise forms.ValidationError(f"“{line.strip()}” is not a key, a colon and a value.")
            labels[key.strip()] = value.strip()
        return [{"key": key, "value": value} for key, value in labels.items()]

    def write(self, values: dict[str, Any]) -> Member:
        row: Member = self.instance
        address = {name: values.pop(name) for name in _ADDRESS}
        values["address"] = {
            **{name: value for name, value in row.address.items() if name not in _ADDRESS},
            **{name: value for name, value in address.items() if value},
        }
        for name in _IDENTIFIERS:
            values[name] = values[name] or None
        if row._state.adding:
            now = timezone.now()
            return register_member(self.store, actor=self.staff.actor, now=now, **values)
        return update_member(self.store, member=row, actor=self.staff.actor, **values)


class ActivateForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        member: Member = self.subject
        set_member_active(member.store, member=member, active=True, actor=self.staff.actor)


class DeactivateForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        member: Member = self.subject
        set_member_active(member.store, member=member, active=False, actor=self.staff.actor)


class _NoWayBackForm(PageForm):
    """Asks for one word, so that it is not done by a slip of the hand."""

    word = ""
    typed = forms.CharField(
        label="To go on, type the word", max_length=20, widget=TextInput(autocomplete="off")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["typed"].label = f"To go on, type “{self.word}”"

    def clean_typed(self) -> str:
        typed: str = self.cleaned_data["typed"]
        if typed.strip().lower() != self.word:
            raise forms.ValidationError(f"Type “{self.word}”.")
        return typed


class AnonymiseForm(_NoWayBackForm):
    word = "forget"

    def write(self, values: dict[str, Any]) -> None:
        anonymize_member(self.subject.store, member=self.subject, actor=self.staff.actor)


class DeleteForm(_NoWayBackForm):
    word = "delete"

    def write(self, values: dict[str, Any]) -> None:
        delete_member(self.subject.store, member=self.subject, actor=self.staff.actor)


class PasswordForm(PageForm):
    password = forms.CharField(
        label="New password",
        strip=False,
        help_text="At least 12 characters. Tell it to the member in person, not by e-mail.",
        widget=PasswordInput(autocomplete="new-password", autofocus=True),
    )
    paths = {"plainPassword": "password"}

    def write(self, values: dict[str, Any]) -> None:
        member: Member = self.subject
        set_member_password(
            member.store, member=member, password=values["password"], actor=self.staff.actor
        )
