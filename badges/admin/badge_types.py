"""Badge types."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from badges.admin.badge_type_form import BadgeTypeForm
from badges.admin.conditions.pages import ConditionPages
from badges.admin.drawing import badge_name, badge_tile, badge_with_name
from badges.admin.hand_out import hand_out_page
from badges.admin.hand_out_many import hand_out_many_page, may_work_on_many
from badges.models import BadgeType
from badges.selectors.badge_types import name_expression
from badges.selectors.holdings import counts_per_badge_type, held_badges
from badges.services.badge_types import delete_badge_type
from loyalty.admin.drawing import link, state
from loyalty.admin.forms import PageForm
from loyalty.admin.pages import Page, action
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store, staff_of
from loyalty.models import Access, Resource, Store


class DeleteBadgeTypeForm(PageForm):
    def write(self, values: dict[str, Any]) -> None:
        delete_badge_type(
            self.subject.store,
            badge_type=self.subject,
            actor=self.staff.actor,
            now=timezone.now(),
        )


@admin.register(BadgeType)
class BadgeTypeAdmin(ConditionPages):
    resources = (Resource.BADGE,)
    list_title = "Badge types"
    event_subject = "badgeType"
    can_add = can_change = can_delete = True
    form = BadgeTypeForm
    facts = ((None, {"fields": ("code", "is_active", "rank")}),)
    paginator = CappedPaginator
    change_form_template = "badges/admin/badge_type.html"

    list_display = ("badge", "code", "is_active", "holders", "completions", "rank")
    list_display_links = ("badge",)
    list_filter = ("active",)
    search_fields = ("system_code",)
    search_help_text = "Name or code"
    ordering = ("display_rank", "id")
    actions_detail = ("how_earned", "hand_out", "hand_out_many")
    actions_row = ("hand_out",)

    # --- The list -----------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[BadgeType]:
        rows: QuerySet[BadgeType] = super().get_queryset(request)
        return rows.filter(deleted_at=None)

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        if store is None:
            return super().rows_of(request, store)
        rows: QuerySet[Any] = counts_per_badge_type(store)
        named: QuerySet[Any] = rows.annotate(name=name_expression(store, None))
        return named.select_related("store")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if search_term:
            found = Q(system_code__icontains=search_term)
            if "name" in queryset.query.annotations:
                found |= Q(name__icontains=search_term)
            queryset = queryset.filter(found)
        return queryset, False

    @admin.display(description="Badge", ordering="name")
    def badge(self, row: BadgeType) -> SafeString:
        others = [
            texts["name"]
            for locale, texts in sorted(row.translations.items())
            if locale != row.store.default_locale and texts.get("name")
        ]
        return badge_with_name(row, " · ".join(others))

    @admin.display(description="Code", ordering="system_code")
    def code(self, row: BadgeType) -> str:
        return row.system_code

    @admin.display(description="State", ordering="active")
    def is_active(self, row: BadgeType) -> SafeString:
        return state(row.active)

    @admin.display(description="Holders", ordering="members")
    def holders(self, row: Any) -> SafeString | int:
        if not row.members:
            return 0
        url = reverse("admin:badges_memberbadge_changelist")
        return link(f"{url}?store={row.store.code}&badge={row.system_code}", row.members)

    @admin.display(description="Times earned", ordering="completions")
    def completions(self, row: Any) -> int:
        return int(row.completions)

    @admin.display(description="Rank", ordering="display_rank")
    def rank(self, row: BadgeType) -> int:
        return row.display_rank

    # --- One badge type -----------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None or self.has_change_permission(request, obj):
            return ()
        return super().get_fieldsets(request, obj)

    def row_title(self, row: BadgeType) -> str:
        return badge_name(row)

    def add_title(self, request: HttpRequest) -> str:
        return f"New badge type in {chosen_store(request)}"

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: BadgeType | None = context.get("original")
        store = row.store if row else chosen_store(request)
        context["store"] = store
        if row is None:
            stores = staff_of(request).stores_with(Access.MODIFY, *self.resources)
            context["other_stores"] = [other for other in stores[:20] if other != store]
        else:
            context["name"] = badge_name(row)
            context["holders"] = held_badges(row.store).filter(badge_type=row).count()
        return super().render_change_form(request, context, *args, **kwargs)

    # --- What can be done to it ---------------------------------------------------------------

    def offers(self, request: HttpRequest, action: str, row: BadgeType) -> bool:
        if action == "how_earned":
            return True
        if action == "hand_out_many":
            return may_work_on_many(staff_of(request), row.store)
        return row.active and super().offers(request, action, row)

    @action("Hand out", path="hand-out", icon="redeem", variant="primary")
    def hand_out(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give the badge to one member."""
        return hand_out_page(self, request, self.open_row(request, object_id, Access.MODIFY))

    @action("Hand out to many", path="hand-out-many", icon="groups")
    def hand_out_many(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Give it to many members, take it away from them, or set their counts."""
        return hand_out_many_page(self, request, self.open_row(request, object_id, Access.MODIFY))

    def delete_page(self, request: HttpRequest, row: BadgeType) -> HttpResponse:
        holders = held_badges(row.store).filter(badge_type=row).count()
        who = "Nobody holds it." if not holders else f"{holders} members hold it."
        if holders == 1:
            who = "One member holds it."
        return self.ask(
            request,
            row,
            DeleteBadgeTypeForm,
            Page(
                title=f"Delete {badge_name(row)}",
                button="Delete the badge type",
                effect=f"{who} It disappears from every list and from members' badges. The ledger"
                f" keeps what was earned, and the code “{row.system_code}” may be used again.",
                danger=True,
                context={"tile": badge_tile(row, size="lg")},
            ),
            done=f"{badge_name(row)} was deleted.",
            to=f"{self.list_url()}?store={row.store.code}",
        )
