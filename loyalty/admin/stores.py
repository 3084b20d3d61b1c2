"""Stores and their settings."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.safestring import SafeString

from loyalty.admin.base import ServiceAdmin
from loyalty.admin.drawing import moment, state, two_lines
from loyalty.admin.forms import ServiceForm
from loyalty.admin.staff import staff_of
from loyalty.admin.widgets import Select, Switch, TextInput
from loyalty.models import Access, IdentificationMethod, Resource, Store
from loyalty.services.stores import create_store, update_store

_STORE = ("name", "currency", "active")
_SETTINGS = ("timezone", "locales", "default_locale", "identification_method")


class StoreForm(ServiceForm):
    name = forms.CharField(max_length=255, widget=TextInput())
    code = forms.CharField(
        max_length=64,
        required=False,
        help_text="Stands in the URLs of the API, and stays as it is for good. Empty: made from"
        " the name.",
        widget=TextInput(spellcheck="false"),
    )
    currency = forms.CharField(
        max_length=3, initial="EUR", help_text="ISO 4217", widget=TextInput(maxlength=3)
    )
    active = forms.BooleanField(required=False, initial=True, widget=Switch())
    timezone = forms.ChoiceField(initial="UTC", widget=Select())
    locales = forms.CharField(
        label="Languages",
        initial="en",
        max_length=500,
        help_text="Codes with commas between them: en, pl, pt-BR. Badges have a text in each.",
        widget=TextInput(spellcheck="false"),
    )
    default_locale = forms.CharField(
        label="Main language",
        initial="en",
        max_length=16,
        help_text="One of the languages above. Each badge has a name in it.",
        widget=TextInput(spellcheck="false"),
    )
    identification_method = forms.ChoiceField(
        label="Members are identified by",
        choices=IdentificationMethod.choices,
        initial=IdentificationMethod.EMAIL,
        widget=Select(),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zones = [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones())]
        self.fields["timezone"].choices = zones  # type: ignore[attr-defined]
        if self.instance._state.adding:
            del self.fields["identification_method"]
            return
        del self.fields["code"]
        for resource, names in ((Resource.STORES, _STORE), (Resource.SETTINGS, _SETTINGS)):
            if not self.staff.may(Access.MODIFY, self.instance.id, resource):
                for name in names:
                    self.fields[name].disabled = True

    def stored(self, row: Store) -> dict[str, Any]:
        return {**super().stored(row), "locales": ", ".join(row.locales)}

    def clean_currency(self) -> str:
        return str(self.cleaned_data["currency"]).upper()

    def clean_locales(self) -> list[str]:
        given = self.cleaned_data["locales"].split(",")
        return list(dict.fromkeys(code.strip() for code in given if code.strip()))

    def write(self, values: dict[str, Any]) -> Store:
        actor = self.staff.actor
        if self.instance._state.adding:
            values["code"] = values["code"] or None
            return create_store(**values, actor=actor)
        open_fields = {name: values[name] for name in values if not self.fields[name].disabled}
        return update_store(self.instance, actor=actor, **open_fields)


@admin.register(Store)
class StoreAdmin(ServiceAdmin):
    """A store is two things: itself (STORES) and its settings (SETTINGS)."""

    list_title = "Stores"
    event_subject = "store"
    can_add = can_change = True
    form = StoreForm
    fieldsets = (
        ("Store", {"fields": _STORE}),
        ("Settings", {"fields": _SETTINGS}),
    )
    add_fieldsets = (
        ("Store", {"fields": ("name", "code", "currency", "active")}),
        ("Settings", {"fields": ("timezone", "locales", "default_locale")}),
    )
    facts = (
        ("Store", {"fields": ("name", "code", "currency", "active")}),
        ("Settings", {"fields": ("timezone", "languages", "identification_method")}),
    )
    list_display = ("store", "currency", "languages", "timezone", "is_active", "opened")
    list_display_links = ("store",)
    search_fields = ("name", "code")
    ordering = ("code",)

    def may(self, request: HttpRequest, access: Access, row: Store | None = None) -> bool:
        staff = staff_of(request)
        if row is None:
            return staff.may_somewhere(access, Resource.STORES) or (
                staff.may_somewhere(access, Resource.SETTINGS)
            )
        return staff.may(access, row.id, Resource.STORES) or (
            staff.may(access, row.id, Resource.SETTINGS)
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return staff_of(request).may_somewhere(Access.MODIFY, Resource.STORES)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Store]:
        return staff_of(request).stores()

    def response_add(
        self, request: HttpRequest, obj: Store, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Back to the list: only a role that covers the new store lets anybody into it."""
        text = f"{obj.name} is open. Add it to a role, so that its staff can enter it."
        self.message_user(request, text)
        return HttpResponseRedirect(self.list_url())

    @admin.display(description="Store", ordering="name")
    def store(self, row: Store) -> SafeString:
        return two_lines(row.name, row.code)

    @admin.display(description="Languages")
    def languages(self, row: Store) -> str:
        return ", ".join(row.locales)

    @admin.display(description="Opened", ordering="created_at")
    def opened(self, row: Store) -> SafeString:
        return moment(row.created_at)

    @admin.display(description="State", ordering="active")
    def is_active(self, row: Store) -> SafeString:
        return state(row.active)
