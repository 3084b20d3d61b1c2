"""What members did: to read."""

from collections.abc import Iterable
from typing import Any

import orjson
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.drawing import link, moment, pill, two_lines
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store
from loyalty.models import Resource, Store
from members.admin.finding import contact_of, find_members, full_name
from members.models import PURCHASE, RETURN, Activity
from members.selectors.event_schemas import event_schemas

_OURS = [(PURCHASE, "Purchase"), (RETURN, "Return")]
_MOST = 200


class TypeFilter(SimpleListFilter):
    """One type of activity of the chosen store."""

    title = "type"
    parameter_name = "type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        store = chosen_store(request)
        if store is None:
            return []
        schemas = event_schemas(store).order_by("name").values_list("event_type", "name")
        return [*_OURS, *schemas[:_MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(type=self.value()) if self.value() else queryset


class MatchedFilter(SimpleListFilter):
    title = "member"
    parameter_name = "matched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("yes", "Known"), ("no", "Not known yet")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(member__isnull=self.value() == "no")


@admin.register(Activity)
class ActivityAdmin(ReadOnlyAdmin):
    """Names people and what they did, so it asks for all of it."""

    resources = (Resource.CUSTOM_EVENT, Resource.TRANSACTION, Resource.CUSTOMER)
    list_title = "Activity"
    paginator = CappedPaginator
    list_display = ("what", "who", "worth", "when", "arrived")
    list_display_links = ("what",)
    list_filter = (TypeFilter, "source", MatchedFilter, "occurred_at")
    search_fields = ("member",)
    search_help_text = "A member's e-mail, phone, card number or name; an event id or document"
    ordering = ("-received_at", "id")
    facts = (
        (None, {"fields": ("what", "who", "worth", "said")}),
        (
            "When, and what became of it",
            {"fields": ("occurred_at", "received_at", "external_id", "takes_back", "reversed_at")},
        ),
    )

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        return super().rows_of(request, store).select_related("store", "member")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        store = chosen_store(request)
        if not search_term or store is None:
            return queryset, False
        members = [member.id for member in find_members(store, search_term)]
        return queryset.filter(Q(member__in=members) | Q(external_id=search_term)), False

    def row_title(self, row: Activity) -> str:
        return row.type

    @admin.display(description="What", ordering="type")
    def what(self, row: Activity) -> SafeString:
        return two_lines(dict(_OURS).get(row.type, row.type), row.get_source_display())

    @admin.display(description="Member")
    def who(self, row: Activity) -> SafeString:
        if row.member is None:
            named = ", ".join(str(value) for value in row.identifiers.values())
            return two_lines("Not known yet", named)
        url = reverse("admin:members_member_change", args=[row.member_id])
        return link(url, two_lines(full_name(row.member), contact_of(row.member)))

    @admin.display(description="Value", ordering="value")
    def worth(self, row: Activity) -> SafeString:
        if row.reversed_at is not None:
            return pill("Taken back", "bad")
        if row.returned:
            return two_lines(f"{row.value:f}", f"{row.returned:f} came back")
        return format_html("{}", f"{row.value.normalize():f}" if row.value else "")

    @admin.display(description="Happened", ordering="occurred_at")
    def when(self, row: Activity) -> SafeString:
        return moment(row.occurred_at)

    @admin.display(description="Arrived", ordering="received_at")
    def arrived(self, row: Activity) -> SafeString:
        return moment(row.received_at)

    @admin.display(description="What it says")
    def said(self, row: Activity) -> SafeString:
        text = orjson.dumps(row.attributes, option=orjson.OPT_INDENT_2).decode()
        return format_html("<pre>{}</pre>", text)

    @admin.display(description="Takes back", empty_value="Nothing")
    def takes_back(self, row: Activity) -> SafeString | None:
        if not row.reverses_external_id:
            return None
        if row.reverses_id is None:
            return two_lines(row.reverses_external_id, "It has not come yet.")
        url = reverse("admin:members_activity_change", args=[row.reverses_id])
        return link(url, row.reverses_external_id)
