"""The ledger, and what members hold because of it: to read."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from badges.admin.drawing import badge_with_name
from badges.admin.filters import BadgeFilter, JobFilter
from badges.models import BadgeEntry, EntryKind, MemberBadge
from badges.selectors.holdings import in_force
from loyalty.actors import Source
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.drawing import delta, link, moment, pill, two_lines
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store
from loyalty.models import Resource, Store
from members.admin.finding import contact_of, find_members, full_name

_TONES = {
    EntryKind.GRANT: "good",
    EntryKind.REINSTATEMENT: "good",
    EntryKind.CORRECTION: "warm",
    EntryKind.REVOCATION: "bad",
    EntryKind.EXPIRY: "quiet",
}


class _LedgerAdmin(ReadOnlyAdmin):
    """Names people and what they earned, so it asks for both."""

    resources = (Resource.BADGE, Resource.CUSTOMER)
    paginator = CappedPaginator
    search_fields = ("member",)
    search_help_text = "A member's e-mail, phone, card number or name"

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        rows = super().rows_of(request, store)
        return rows.select_related("store", "member", "badge_type", "badge_type__store")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        store = chosen_store(request)
        if not search_term or store is None:
            return queryset, False
        found = Q(member__in=[member.id for member in find_members(store, search_term)])
        return queryset.filter(found), False

    @admin.display(description="Member")
    def who(self, row: Any) -> SafeString:
        url = reverse("admin:members_member_change", args=[row.member_id])
        return link(url, two_lines(full_name(row.member), contact_of(row.member)))

    @admin.display(description="Badge")
    def badge(self, row: Any) -> SafeString:
        return badge_with_name(row.badge_type, row.badge_type.system_code)


@admin.register(BadgeEntry)
class BadgeEntryAdmin(_LedgerAdmin):
    list_title = "Ledger"
    list_display = ("when", "what", "who", "badge", "change", "by", "why")
    list_filter = ("kind", "source", BadgeFilter, JobFilter, "recorded_at")
    ordering = ("-recorded_at", "-id")
    facts = (
        (None, {"fields": ("what", "change", "who", "badge", "why")}),
        ("Who and when", {"fields": ("by", "occurred_at", "recorded_at", "occurrence_key")}),
    )

    @admin.display(description="Recorded", ordering="recorded_at")
    def when(self, row: BadgeEntry) -> SafeString:
        return moment(row.recorded_at)

    @admin.display(description="What", ordering="kind")
    def what(self, row: BadgeEntry) -> SafeString:
        return pill(row.get_kind_display(), _TONES[EntryKind(row.kind)])

    @admin.display(description="Change", ordering="delta")
    def change(self, row: BadgeEntry) -> SafeString:
        return delta(row.delta)

    @admin.display(description="By")
    def by(self, row: BadgeEntry) -> SafeString:
        drawn = two_lines(row.actor_label or row.actor_kind, row.get_source_display())
        if row.source == Source.JOB and row.source_id:
            return link(reverse("admin:loyalty_job_change", args=[row.source_id]), drawn)
        return drawn

    @admin.display(description="Reason", empty_value="—")
    def why(self, row: BadgeEntry) -> str | None:
        return row.reason or None


@admin.register(MemberBadge)
class MemberBadgeAdmin(_LedgerAdmin):
    list_title = "Held badges"
    list_display = ("who", "badge", "times", "first", "last")
    list_filter = (BadgeFilter, "last_earned_at")
    ordering = ("-id",)
    facts = (
        (None, {"fields": ("who", "badge", "completed_count")}),
        ("When", {"fields": ("first_earned_at", "last_earned_at", "updated_at")}),
    )

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        return super().rows_of(request, store).filter(in_force(), badge_type__deleted_at=None)

    @admin.display(description="Times", ordering="completed_count")
    def times(self, row: MemberBadge) -> int:
        return row.completed_count

    @admin.display(description="First earned", ordering="first_earned_at")
    def first(self, row: MemberBadge) -> SafeString:
        return moment(row.first_earned_at)

    @admin.display(description="Last earned", ordering="last_earned_at")
    def last(self, row: MemberBadge) -> SafeString:
        return moment(row.last_earned_at)
