"""The audit log: every change, by whom, through which door."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString

from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.drawing import moment, pill, two_lines
from loyalty.admin.history import change_lines, words
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store, staff_of
from loyalty.models import Event, EventName, Resource, Store

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


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    resources = (Resource.AUDIT,)
    list_title = "Audit log"
    paginator = CappedPaginator
    list_display = ("when", "what", "subject", "by", "details")
    list_filter = (WhereFilter, NameFilter, "source", "actor_kind", "recorded_at")
    ordering = ("-sequence",)
    facts = (
        (None, {"fields": ("what", "subject", "data")}),
        ("Who and when", {"fields": ("by", "address", "recorded_at", "sequence")}),
    )

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Event]:
        """Narrowed to one store, or to none, by the filter."""
        if store is None:
            return Event.across_stores.none()
        if staff_of(request).is_master:
            return Event.across_stores.all()
        return Event.for_store(store)

    @admin.display(description="When", ordering="sequence")
    def when(self, row: Event) -> SafeString:
        return moment(row.recorded_at)

    @admin.display(description="Event")
    def what(self, row: Event) -> SafeString:
        return pill(words(row.name))

    @admin.display(description="About")
    def subject(self, row: Event) -> SafeString:
        return two_lines(
            words(row.subject_kind), (row.member_id and str(row.member_id)) or row.subject_id
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
