"""A member's page with their badges on it: give one, correct a count, see how it came about."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from badges.admin.conditions.choosing import choose_badge_page, why_url
from badges.admin.conditions.explaining import explanation_page
from badges.admin.drawing import badge_name, badge_tile
from badges.admin.hand_out import give, new_key
from badges.admin.hand_out_many import chosen_members_page, may_work_on_many
from badges.models import BadgeType, MemberBadge
from badges.selectors.badge_types import badge_types
from badges.selectors.holdings import entries_of_member, held_badges
from badges.services.grants import set_completed_count
from loyalty.admin.drawing import delta
from loyalty.admin.forms import PageForm
from loyalty.admin.pages import Page, action
from loyalty.admin.staff import chosen_store, staff_of
from loyalty.admin.widgets import NumberInput, Textarea
from loyalty.models import Access, Resource, Store
from members.admin.finding import full_name
from members.admin.members import MemberAdmin
from members.models import Member

_SHOWN_IN_LIST = 6
_SHOWN_ON_PAGE = 60
_LATEST_LINES = 10
_MOST_TO_CHOOSE_FROM = 200
_MOST_COMPLETIONS = 2_147_483_647
_TIMES = " \N{MULTIPLICATION SIGN} "


class GiveBadgeForm(PageForm):
    """`once` names this page, so that a double click gives one badge."""

    badge = forms.ChoiceField(widget=forms.RadioSelect())
    once = forms.RegexField(r"^[0-9a-f]{24}\Z", initial=new_key, widget=forms.HiddenInput())
    reason = forms.CharField(
        label="Reason (optional)",
        required=False,
        max_length=1024,
        help_text="The ledger keeps it, with your name.",
        widget=Textarea(rows=2),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        member: Member = self.subject
        rows = badge_types(member.store).filter(active=True).select_related("store")
        ordered = rows.order_by("display_rank", "id")[:_MOST_TO_CHOOSE_FROM]
        self.types = {str(row.id): row for row in ordered}
        self.held = dict(
            held_badges(member.store)
            .filter(member=member)
            .values_list("badge_type_id", "completed_count")
        )
        self.fields["badge"].choices = [  # type: ignore[attr-defined]
            (key, badge_name(row)) for key, row in self.types.items()
        ]

    def tiles(self) -> list[dict[str, Any]]:
        chosen = self["badge"].value()
        return [
            {
                "id": key,
                "name": badge_name(row),
                "tile": badge_tile(row, size="lg"),
                "held": self.held.get(row.id, 0),
                "chosen": key == chosen,
            }
            for key, row in self.types.items()
        ]

    def write(self, values: dict[str, Any]) -> None:
        give(self, self.subject, self.types[values["badge"]], values)


class CorrectForm(PageForm):
    """`subject` is the holding."""

    completed_count = forms.IntegerField(
        label="Times completed",
        min_value=0,
        max_value=_MOST_COMPLETIONS,
        help_text="0 takes the badge away.",
        widget=NumberInput(autofocus=True),
    )
    reason = forms.CharField(
        label="Reason (optional)",
        required=False,
        max_length=1024,
        help_text="The ledger keeps it, with your name.",
        widget=Textarea(rows=2),
    )

    def write(self, values: dict[str, Any]) -> None:
        held: MemberBadge = self.subject
        set_completed_count(
            held.store,
            member=held.member,
            badge_type=held.badge_type,
            completed_count=values["completed_count"],
            actor=self.staff.actor,
            now=timezone.now(),
            reason=values["reason"],
        )


@admin.register(Member)
class HolderAdmin(MemberAdmin):
    list_display = (
        "person", "badges_held", "phone", "loyalty_card_number", "is_active", "registered",
    )  # fmt: skip
    actions_detail = ("give_badge", *MemberAdmin.actions_detail)
    change_form_template = "badges/admin/member.html"

    # --- The list -----------------------------------------------------------------------------

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        rows = super().rows_of(request, store)
        if store is None or not self._sees_badges(request, store.id):
            return rows
        held = (
            held_badges(store)
            .filter(badge_type__deleted_at=None)
            .select_related("badge_type", "badge_type__store")
            .order_by("badge_type__display_rank", "badge_type_id")
        )
        return rows.prefetch_related(Prefetch("badges", queryset=held, to_attr="held"))

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        return [
            name
            for name in shown
            if name != "badges_held" or self._sees_badges(request, self._store_id(request, None))
        ]

    @admin.display(description="Badges", empty_value="—")
    def badges_held(self, row: Any) -> SafeString | None:
        held: list[MemberBadge] = row.held
        if not held:
            return None
        tiles = format_html_join(
            "",
            "{}",
            (
                [badge_tile(one.badge_type, size="sm", title=badge_name(one.badge_type))]
                for one in held[:_SHOWN_IN_LIST]
            ),
        )
        more = len(held) - _SHOWN_IN_LIST
        rest = format_html('<span class="rs-more">+{}</span>', more) if more > 0 else ""
        return format_html('<span class="rs-stack">{}{}</span>', tiles, rest)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The one thing that is done to many at once; it asks before anything happens."""
        store = chosen_store(request)
        if store is None or not may_work_on_many(staff_of(request), store):
            return {}
        name = "badge_for_many"
        return {name: (type(self).badge_for_many, name, "Give a badge…")}

    def badge_for_many(self, request: HttpRequest, chosen: QuerySet[Member]) -> HttpResponse:
        return chosen_members_page(self, request, chosen)

    # --- One member ---------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        url = path(
            "<path:object_id>/badges/<uuid:badge_type_id>/",
            self._wrapped(self.correct_view),
            name="members_member_correct",
        )
        why = path("<path:object_id>/why/", self._wrapped(self.why_view), name="members_member_why")
        why_badge = path(
            "<path:object_id>/why/<uuid:badge_type_id>/",
            self._wrapped(self.why_badge_view),
            name="members_member_why_badge",
        )
        return [url, why, why_badge, *super().get_urls()]

    def why_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Choose the badge that somebody asks about."""
        return choose_badge_page(self, request, self._open_to_explain(request, object_id))

    def why_badge_view(
        self, request: HttpRequest, object_id: str, badge_type_id: UUID
    ) -> HttpResponse:
        """Why the member has the badge, or what is missing."""
        row = self._open_to_explain(request, object_id)
        found = badge_types(row.store).filter(id=badge_type_id).select_related("store").first()
        if found is None:
            raise Http404
        return explanation_page(self, request, row, found)

    def _wrapped(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return update_wrapper(self.admin_site.admin_view(view), view)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        row: Member | None = context.get("original")
        if row is not None and self._sees_badges(request, row.store_id):
            context["shows_badges"] = True
            context["may_correct"] = self._changes_badges(request, row)
            context["held"] = self._held(row)
            context["why_url"] = reverse("admin:members_member_why", args=[row.id])
            context["entries"] = self._latest_lines(row)
            ledger = reverse("admin:badges_badgeentry_changelist")
            context["ledger_url"] = f"{ledger}?store={row.store.code}&q={row.id}"
        return super().render_change_form(request, context, *args, **kwargs)

    def _held(self, member: Member) -> list[dict[str, Any]]:
        rows = (
            held_badges(member.store)
            .filter(member=member, badge_type__deleted_at=None)
            .select_related("badge_type", "badge_type__store")
            .order_by("badge_type__display_rank", "badge_type_id")
        )
        return [
            {
                "held": row,
                "name": badge_name(row.badge_type),
                "tile": badge_tile(row.badge_type, size="lg"),
                "url": reverse("admin:members_member_correct", args=[member.id, row.badge_type_id]),
                "why_url": why_url(member, row.badge_type_id),
            }
            for row in rows[:_SHOWN_ON_PAGE]
        ]

    def _latest_lines(self, member: Member) -> list[dict[str, Any]]:
        rows = (
            entries_of_member(member.store, member)
            .select_related("badge_type", "badge_type__store")
            .order_by("-recorded_at", "-id")[:_LATEST_LINES]
        )
        return [
            {"entry": row, "name": badge_name(row.badge_type), "change": delta(row.delta)}
            for row in rows
        ]

    def _sees_badges(self, request: HttpRequest, store_id: UUID | None) -> bool:
        staff = staff_of(request)
        return store_id is not None and staff.may(Access.VIEW, store_id, Resource.BADGE)

    def _changes_badges(self, request: HttpRequest, row: Member) -> bool:
        return staff_of(request).may(Access.MODIFY, row.store_id, Resource.BADGE)

    def _open_to_explain(self, request: HttpRequest, object_id: str) -> Member:
        row: Member = self.open_row(request, object_id, Access.VIEW)
        if not self._sees_badges(request, row.store_id):
            raise PermissionDenied
        return row

    def _open_for_badges(self, request: HttpRequest, object_id: str) -> Member:
        row: Member = self.open_row(request, object_id, Access.VIEW)
        if not self._changes_badges(request, row):
            raise PermissionDenied
        return row

    # --- Their badges -------------------------------------------------------------------------

    def offers(self, request: HttpRequest, action: str, row: Member) -> bool:
        if action == "give_badge":
            return self._changes_badges(request, row)
        return super().offers(request, action, row)

    @action("Give a badge", path="give-badge", icon="redeem", variant="primary")
    def give_badge(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._open_for_badges(request, object_id)
        page = Page(
            f"Give {full_name(row)} a badge",
            "Give the badge",
            "The member's count of the chosen badge goes up by one.",
            template="badges/admin/give_badge.html",
        )
        return self.ask(request, row, GiveBadgeForm, page, done="The badge was given.")

    def correct_view(
        self, request: HttpRequest, object_id: str, badge_type_id: UUID
    ) -> HttpResponse:
        """Correct how often the member completed a badge that they hold."""
        row = self._open_for_badges(request, object_id)
        held = (
            held_badges(row.store)
            .filter(member=row, badge_type_id=badge_type_id, badge_type__deleted_at=None)
            .select_related("store", "member", "badge_type", "badge_type__store")
            .first()
        )
        if held is None:
            raise Http404
        badge_type: BadgeType = held.badge_type
        name, who = badge_name(badge_type), full_name(row)
        page = Page(
            f"Correct {name}",
            "Correct the count",
            f"{who} holds {name}{_TIMES}{held.completed_count}. The ledger gets the difference.",
            context={"tile": badge_tile(badge_type, size="lg"), "back": self.url_of(row)},
        )

        def done(form: PageForm) -> str:
            count = form.cleaned_data["completed_count"]
            return f"{who} now holds {name}{_TIMES}{count}." if count else f"{name} was taken away."

        return self.ask(
            request,
            held,
            CorrectForm,
            page,
            done=done,
            to=self.url_of(row),
            initial={"completed_count": held.completed_count},
        )
