"""Roles: a table of what may be done, and the stores in which it holds."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from loyalty.admin.base import ServiceAdmin
from loyalty.admin.drawing import pill
from loyalty.admin.forms import PageForm, ServiceForm
from loyalty.admin.pages import Page
from loyalty.admin.staff import staff_of
from loyalty.admin.widgets import Checkboxes, Switch, TextInput
from loyalty.models import Access, Resource, Role
from loyalty.selectors.access import reach_of_roles, roles_seen_by
from loyalty.services.roles import create_role, delete_role, update_role

NONE = ""
_LEVELS = [(NONE, "None"), (Access.VIEW.value, "View"), (Access.MODIFY.value, "Modify")]


class RoleForm(ServiceForm):
    name = forms.CharField(max_length=255, widget=TextInput())
    is_default = forms.BooleanField(
        label="Given to new administrators",
        required=False,
        help_text="Whoever is added without a role gets this one.",
        widget=Switch(),
    )
    stores = forms.MultipleChoiceField(required=False, widget=Checkboxes())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stores = self.staff.stores().values_list("code", "name")
        self.fields["stores"].choices = [  # type: ignore[attr-defined]
            (code, f"{name} ({code})") for code, name in stores
        ]
        for resource in Resource:
            self.fields[f"on_{resource}"] = forms.ChoiceField(
                label=resource.label, choices=_LEVELS, required=False, widget=forms.RadioSelect()
            )
        if self._is_master():
            for name in list(self.fields):
                if name not in {"name", "is_default"}:
                    del self.fields[name]
        elif not self.instance._state.adding:
            self.initial = {**self.initial, **self._stored_permissions()}

    def _is_master(self) -> bool:
        return bool(self.instance.is_master)

    def _stored_permissions(self) -> dict[str, Any]:
        held: dict[str, Any] = {}
        for permission in self.instance.permissions.all():
            name = f"on_{permission.resource}"
            if held.get(name) != Access.MODIFY:
                held[name] = permission.access
        stores = [store.code for store in self.instance.stores.all()]
        return {**held, "stores": stores}

    def stored(self, row: Role) -> dict[str, Any]:
        return {"name": row.name, "is_default": row.is_default}

    def matrix(self) -> list[Any]:
        """One line for each resource, for the page to lay out as a table."""
        return [self[name] for name in self.fields if name.startswith("on_")]

    def levels(self) -> list[str]:
        return [str(label) for _, label in _LEVELS]

    def write(self, values: dict[str, Any]) -> Role:
        permissions = [
            (resource.value, values[f"on_{resource}"])
            for resource in Resource
            if values.get(f"on_{resource}")
        ]
        details: dict[str, Any] = {
            "name": values["name"],
            "is_default": values["is_default"],
            "permissions": permissions,
            "store_codes": values.get("stores", []),
            "actor": self.staff.actor,
            "reach": self.staff.reach,
        }
        if self.instance._state.adding:
            return create_role(**details)
        return update_role(role_id=self.instance.pk, **details)


class DeleteRoleForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        delete_role(role_id=self.subject.pk, actor=self.staff.actor, reach=self.staff.reach)


@admin.register(Role)
class RoleAdmin(ServiceAdmin):
    list_title = "Roles"
    event_subject = "role"
    can_add = can_change = can_delete = True
    form = RoleForm
    facts = ((None, {"fields": ("name", "is_default", "reaches", "allows")}),)
    change_form_template = "loyalty/admin/role.html"
    list_display = ("role", "reaches", "allows", "people")
    list_display_links = ("role",)
    search_fields = ("name",)
    ordering = ("id",)

    def may(self, request: HttpRequest, access: Access, row: Role | None = None) -> bool:
        staff = staff_of(request)
        if not staff.may_somewhere(access, Resource.ACL):
            return False
        return row is None or access == Access.VIEW or staff.reach.covers(reach_of_roles([row]))

    def has_delete_permission(self, request: HttpRequest, obj: Role | None = None) -> bool:
        is_master = obj is not None and obj.is_master
        return not is_master and super().has_delete_permission(request, obj)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        seen = roles_seen_by(staff_of(request).id)
        return seen.annotate(holders=Count("administrators")).prefetch_related(
            "stores", "permissions"
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return ()
        return super().get_fieldsets(request, obj)

    @admin.display(description="Role", ordering="name")
    def role(self, row: Role) -> str:
        return row.name

    @admin.display(description="Stores")
    def reaches(self, row: Role) -> SafeString | str:
        if row.is_master:
            return pill("Every store", "brand")
        names = [store.name for store in row.stores.all()]
        more = f" and {len(names) - 3} more" if len(names) > 3 else ""
        return ", ".join(names[:3]) + more or "—"

    @admin.display(description="Allows")
    def allows(self, row: Role) -> SafeString | str:
        if row.is_master:
            return pill("Everything", "brand")
        modify = sorted({p.resource for p in row.permissions.all() if p.access == Access.MODIFY})
        view = sorted({p.resource for p in row.permissions.all()} - set(modify))
        parts = [
            f"{verb} {', '.join(Resource(name).label.lower() for name in names)}"
            for verb, names in (("modify", modify), ("view", view))
            if names
        ]
        return "; ".join(parts).capitalize() or "Nothing"

    @admin.display(description="People", ordering="holders")
    def people(self, row: Any) -> int:
        return int(row.holders)

    def delete_page(self, request: HttpRequest, row: Any) -> HttpResponse:
        effect = f"{row.holders} administrators hold it and lose what it allows at once."
        return self.ask(
            request,
            row,
            DeleteRoleForm,
            Page(f"Delete the role {row.name}", "Delete the role", effect, danger=True),
            done=f"The role {row.name} was deleted.",
            to=self.list_url(),
        )
