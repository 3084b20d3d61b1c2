"""The audit log: every change, by whom, through which door."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.drawing import moment, pill, two_lines
from loyalty.admin.history import change_lines, changes_in, words
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store, staff_of
from loyalty.models import Access, Event, EventName, Resource, Store

_EVERYWHERE = "installation"


class WhereFilter(SimpleListFilter):
    """The chosen store, or what belongs to no store: roles, administrators, keys."""

    title = "where"
    parameter_name = "where"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        if not staff_of(request).is_master:
            return []
        return [(_EVERYWHERE, "The whole installation")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        store = chosen_store(request)
        if self.value() == _EVERYWHERE and staff_of(request).is_master:
            return queryset.filter(store=None)
        return queryset.filter(store=store)


class NameFilter(SimpleListFilter):
    title = "event"
    parameter_name = "name"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [(name, words(name)) for name in EventName]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        name = self.value()
        return queryset.filter(name=name) if name in set(EventName) else queryset


_ABOUT = {
    "activity": "Activity", "administrator": "Administrator", "apiKey": "API key",
    "badgeType": "Badge", "customEvent": "Custom event", "eventSchema": "Custom event schema",
    "job": "Job", "member": "Member", "memberList": "Member list",
    "refreshTokenFamily": "Refresh token", "role": "Role", "rule": "Rule",
    "ruleGroup": "Rule group", "store": "Store", "transaction": "Transaction",
    "transfer": "Points", "walletType": "Wallet type", "webhookSubscription": "Webhook",
}  # fmt: skip


class AboutFilter(SimpleListFilter):
    title = "about"
    parameter_name = "about"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return _ABOUT.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        kind = self.value()
        return queryset.filter(subject_kind=kind) if kind in _ABOUT else queryset


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    resources = (Resource.AUDIT,)
    list_title = "Audit log"
    paginator = CappedPaginator
    list_display = ("when", "what", "subject", "by", "details")
    list_display_links = ("what",)
    list_filter = (WhereFilter, NameFilter, AboutFilter, "source", "actor_kind", "recorded_at")
    search_fields = ("actor_label",)
    search_help_text = "A whole username; or the id of a member, or of what an entry is about"
    ordering = ("-sequence",)
    facts = (
        (None, {"fields": ("what", "subject", "changed", "said")}),
        ("Who and when", {"fields": ("by", "address", "recorded_at", "sequence")}),
    )

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Event]:
        """Narrowed to one store, or to none, by the filter."""
        if store is None:
            return Event.across_stores.none()
        if staff_of(request).is_master:
            return Event.across_stores.all()
        return Event.for_store(store)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        if staff_of(request).is_master:
            return Event.across_stores.select_related("store")
        return super().get_queryset(request)

    def may(self, request: HttpRequest, access: Access, row: Any = None) -> bool:
        if row is not None and row.store_id is None:
            return access == Access.VIEW and staff_of(request).is_master
        return super().may(request, access, row)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Whole values alone: parts of a name would mean a look at every entry there is."""
        term = search_term.strip()
        if not term:
            return queryset, False
        try:
            found = Q(member_id=UUID(term)) | Q(subject_id=str(UUID(term))) | Q(id=UUID(term))
        except ValueError:
            found = Q(actor_label=term)
        return queryset.filter(found), False

    def row_title(self, row: Event) -> str:
        return words(row.name)

    @admin.display(description="When", ordering="sequence")
    def when(self, row: Event) -> SafeString:
        return moment(row.recorded_at)

    @admin.display(description="Event")
    def what(self, row: Event) -> SafeString:
        return pill(words(row.name))

    @admin.display(description="About")
    def subject(self, row: Event) -> SafeString:
        of_another = row.member_id is not None and str(row.member_id) != row.subject_id
        return two_lines(
            _ABOUT.get(row.subject_kind, words(row.subject_kind)),
            f"{row.subject_id}, of member {row.member_id}" if of_another else row.subject_id,
        )

    @admin.display(description="By")
    def by(self, row: Event) -> SafeString:
        return two_lines(row.actor_label or row.actor_kind, row.get_source_display())

    @admin.display(description="Details", empty_value="—")
    def details(self, row: Event) -> SafeString | None:
        text = "; ".join(change_lines(row.data))
        return (
            format_html('<span class="rs-clip" title="{}">{}</span>', text, text) if text else None
        )

    @admin.display(description="Before and after", empty_value="Nothing was changed.")
    def changed(self, row: Event) -> SafeString | None:
        lines = format_html_join(
            "",
            "<tr><th>{}</th><td><s>{}</s></td><td><b>{}</b></td></tr>",
            ((name, before, after) for name, before, after in changes_in(row.data)),
        )
        return format_html('<table class="rs-changes">{}</table>', lines) if lines else None

    @admin.display(description="All that it says")
    def said(self, row: Event) -> SafeString:
        text = orjson.dumps(row.data, option=orjson.OPT_INDENT_2).decode()
        return format_html("<pre>{}</pre>", text)
