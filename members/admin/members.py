"""Members."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from loyalty.admin.base import StoreScopedAdmin
from loyalty.admin.drawing import moment, pill, state, two_lines
from loyalty.admin.pages import Page, action
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store, staff_of
from loyalty.models import Access, Event, Resource
from members.admin.finding import contact_of, find_members, full_name, identifiers_of
from members.admin.member_form import (
    ActivateForm,
    AnonymiseForm,
    DeactivateForm,
    DeleteForm,
    MemberForm,
    PasswordForm,
)
from members.admin.points import MovePointsForm, wallets_shown
from members.models import Member
from members.selectors.members import history_of

_PERSON = ("email", "phone", "loyalty_card_number", "first_name", "last_name")
_MORE = ("gender", "birth_date", "locale", "timezone", "labels")
_ADDRESS = ("street", "postal", "city", "province", "country")
_AGREEMENTS = ("agreement1", "agreement2", "agreement3")


class MemberAdmin(StoreScopedAdmin):
    resources = (Resource.CUSTOMER,)
    list_title = "Members"
    event_subject = "member"
    can_add = can_change = can_delete = True
    form = MemberForm
    fieldsets = (
        ("Person", {"fields": _PERSON}),
        ("More", {"fields": _MORE, "classes": ["tab"]}),
        ("Address", {"fields": _ADDRESS, "classes": ["tab"]}),
        ("Agreements", {"fields": _AGREEMENTS, "classes": ["tab"]}),
    )
    facts = (("Person", {"fields": (*_PERSON, "gender", "birth_date", "registered_at")}),)
    paginator = CappedPaginator
    change_form_template = "members/admin/member.html"

    list_display: tuple[Any, ...] = (
        "person",
        "phone",
        "loyalty_card_number",
        "is_active",
        "registered",
    )
    list_display_links = ("person",)
    list_filter = ("active", "anonymized")
    search_fields = ("email",)
    search_help_text = "E-mail, phone, card number, UUID or name"
    ordering = ("-created_at", "-id")
    actions_detail: tuple[Any, ...] = (
        "move_points",
        {
            "title": "Account",
            "icon": "manage_accounts",
            "items": ("set_password", "activate", "deactivate", "anonymise"),
        },
    )

    # --- The list -----------------------------------------------------------------------------

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        store = chosen_store(request)
        if not search_term or store is None:
            return queryset, False
        found = Q(email__icontains=search_term) | Q(
            id__in=[member.id for member in find_members(store, search_term)]
        )
        return queryset.filter(found, store=store), False

    @admin.display(description="Member", ordering="last_name")
    def person(self, row: Member) -> SafeString:
        return two_lines(full_name(row), contact_of(row))

    @admin.display(description="Registered", ordering="registered_at")
    def registered(self, row: Member) -> SafeString:
        return moment(row.registered_at)

    @admin.display(description="State", ordering="active")
    def is_active(self, row: Member) -> SafeString:
        return pill("Anonymised") if row.anonymized else state(row.active)

    # --- One member ---------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """An anonymised member stays as it is: there is nobody left to change."""
        gone = isinstance(obj, Member) and obj.anonymized
        return not gone and super().has_change_permission(request, obj)

    def row_title(self, row: Member) -> str:
        return full_name(row)

    def add_title(self, request: HttpRequest) -> str:
        return f"New member of {chosen_store(request)}"

    def events(self, row: Member) -> QuerySet[Event]:
        return history_of(row.store, row).order_by("-sequence")

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: Member | None = context.get("original")
        if row is not None:
            context["store"] = row.store
            context["state"] = self.is_active(row)
            context["identifiers"] = identifiers_of(row)
            if staff_of(request).may(Access.VIEW, row.store_id, Resource.POINT_TRANSFER):
                context["wallets"] = wallets_shown(row)
        return super().render_change_form(request, context, *args, **kwargs)

    # --- What can be done to it ---------------------------------------------------------------

    def offers(self, request: HttpRequest, action: str, row: Member) -> bool:
        if action == "move_points":
            return not row.anonymized and self._moves_points(request, row)
        fits = {
            "activate": not row.active,
            "deactivate": row.active,
        }.get(action, True)
        return fits and not row.anonymized and super().offers(request, action, row)

    def _moves_points(self, request: HttpRequest, row: Member) -> bool:
        return staff_of(request).may(Access.MODIFY, row.store_id, Resource.POINT_TRANSFER)

    @action("Add or take points", path="points", icon="toll")
    def move_points(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.VIEW)
        if not self._moves_points(request, row):
            raise PermissionDenied
        effect = "Points that are added never expire. No more can be taken than there are."
        page = Page(f"Points of {full_name(row)}", "Book the points", effect)
        return self.ask(request, row, MovePointsForm, page, done="The points were booked.")

    @action("Set a password", path="password", icon="key")
    def set_password(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = "The member logs in with it from now on. Every session they have ends."
        page = Page(f"Set a password for {full_name(row)}", "Set the password", effect)
        return self.ask(request, row, PasswordForm, page, done="The password was set.")

    @action("Activate", path="activate", icon="check_circle")
    def activate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        name = full_name(row)
        page = Page(f"Activate {name}", "Activate", "The member can log in again.")
        return self.ask(request, row, ActivateForm, page, done=f"{name} is active again.")

    @action("Deactivate", path="deactivate", icon="block")
    def deactivate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        name = full_name(row)
        effect = (
            "The member is logged out everywhere at once and cannot log in until activated again."
            " Badges and history stay."
        )
        page = Page(f"Deactivate {name}", "Deactivate", effect, danger=True)
        return self.ask(request, row, DeactivateForm, page, done=f"{name} was deactivated.")

    @action("Anonymise", path="anonymise", icon="visibility_off", variant="danger")
    def anonymise(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = (
            "Name, e-mail, phone, card number, address and everything else about the person is"
            " erased, and the account is closed. Badges and figures stay, without a name."
            " There is no way back."
        )
        page = Page(f"Anonymise {full_name(row)}", "Anonymise for good", effect, danger=True)
        return self.ask(request, row, AnonymiseForm, page, done="The member was anonymised.")

    def delete_page(self, request: HttpRequest, row: Member) -> HttpResponse:
        effect = (
            "The member goes with everything that belongs to them: badges, their lines of the"
            " ledger, sessions. Figures of the past change with it. To keep the figures and"
            " forget the person, anonymise instead."
        )
        return self.ask(
            request,
            row,
            DeleteForm,
            Page(f"Delete {full_name(row)}", "Delete for good", effect, danger=True),
            done="The member was deleted.",
            to=f"{self.list_url()}?store={row.store.code}",
        )
