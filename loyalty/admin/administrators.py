"""Administrators: the staff, and the accounts of integrations."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString

from loyalty.admin.access import administrators_below, roles_to_give
from loyalty.admin.base import ServiceAdmin
from loyalty.admin.drawing import moment, pill, state, two_lines
from loyalty.admin.forms import ServiceForm
from loyalty.admin.staff import staff_of
from loyalty.admin.widgets import Checkboxes, EmailInput, PasswordInput, Switch, TextInput
from loyalty.models import Access, Administrator, Resource
from loyalty.selectors.access import administrators_seen_by
from loyalty.services.administrators import create_administrator, update_administrator


class AdministratorForm(ServiceForm):
    email = forms.EmailField(label="E-mail address", max_length=255, widget=EmailInput())
    first_name = forms.CharField(required=False, max_length=255, widget=TextInput())
    last_name = forms.CharField(required=False, max_length=255, widget=TextInput())
    phone = forms.CharField(required=False, max_length=64, widget=TextInput())
    is_active = forms.BooleanField(
        label="Active",
        required=False,
        initial=True,
        help_text="Off: logged out everywhere at once, and every API key stops working.",
        widget=Switch(),
    )
    external = forms.BooleanField(
        label="Integration only",
        required=False,
        help_text="Has API keys and no password, and cannot open this admin.",
        widget=Switch(),
    )
    roles = forms.TypedMultipleChoiceField(coerce=int, required=False, widget=Checkboxes())
    password = forms.CharField(
        required=False,
        strip=False,
        max_length=1024,
        help_text="At least 12 characters. Whoever is given a new one is logged out everywhere.",
        widget=PasswordInput(autocomplete="new-password"),
    )
    paths = {"plainPassword": "password"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(role.id, role.name) for role in roles_to_give(self.staff)]
        self.fields["roles"].choices = choices  # type: ignore[attr-defined]
        if not self.instance._state.adding:
            self.fields["password"].label = "New password"
        if self.instance.pk == self.staff.id:
            for name in ("roles", "is_active", "external"):
                self.fields[name].disabled = True
                self.fields[name].help_text = "Only somebody else can change this for you."

    def stored(self, row: Administrator) -> dict[str, Any]:
        found = super().stored(row)
        del found["password"]
        return {**found, "roles": [role.id for role in row.roles.all()]}

    def write(self, values: dict[str, Any]) -> Administrator:
        values["role_ids"] = values.pop("roles")
        values["password"] = values["password"] or None
        given: dict[str, Any] = {
            **values,
            "actor": self.staff.actor,
            "reach": self.staff.reach,
        }
        if self.instance._state.adding:
            return create_administrator(**given)
        return update_administrator(administrator=self.instance, **given)


@admin.register(Administrator)
class AdministratorAdmin(ServiceAdmin):
    list_title = "Administrators"
    event_subject = "administrator"
    can_add = can_change = True
    form = AdministratorForm
    fieldsets = (
        ("Person", {"fields": ("email", "first_name", "last_name", "phone")}),
        ("Access", {"fields": ("roles", "is_active", "external", "password")}),
    )
    facts = (
        ("Person", {"fields": ("username", "email", "first_name", "last_name", "phone")}),
        ("Access", {"fields": ("role_names", "is_active", "external", "last_login")}),
    )
    list_display = ("person", "role_names", "kind", "is_enabled", "seen")
    list_display_links = ("person",)
    list_filter = ("is_active", "external")
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)

    def may(self, request: HttpRequest, access: Access, row: Administrator | None = None) -> bool:
        staff = staff_of(request)
        if not staff.may_somewhere(access, Resource.ADMIN):
            return False
        if row is None or access == Access.VIEW:
            return True
        return administrators_below(staff).filter(id=row.id).exists()

    def get_queryset(self, request: HttpRequest) -> QuerySet[Administrator]:
        return administrators_seen_by(staff_of(request).id).prefetch_related("roles")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        found, _ = super().get_search_results(request, queryset, search_term)
        return found, False

    def row_title(self, row: Administrator) -> str:
        return row.username

    @admin.display(description="Administrator", ordering="username")
    def person(self, row: Administrator) -> SafeString:
        name = f"{row.first_name} {row.last_name}".strip()
        return two_lines(name or row.username, row.email)

    @admin.display(description="Roles")
    def role_names(self, row: Administrator) -> str:
        return ", ".join(role.name for role in row.roles.all()) or "—"

    @admin.display(description="Kind", ordering="external")
    def kind(self, row: Administrator) -> SafeString:
        return pill("Integration", "warm") if row.external else pill("Person")

    @admin.display(description="Last login", ordering="last_login")
    def seen(self, row: Administrator) -> SafeString | str:
        return moment(row.last_login) if row.last_login else "Never"

    @admin.display(description="State", ordering="is_active")
    def is_enabled(self, row: Administrator) -> SafeString:
        return state(row.is_active)
