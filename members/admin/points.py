"""Points in the admin: the ledger to read, and a member's wallets."""

import secrets
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString

from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.drawing import link, moment, pill, two_lines
from loyalty.admin.forms import PageForm
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import chosen_store
from loyalty.admin.widgets import NumberInput, Select, Textarea
from loyalty.models import Resource, Store
from members.admin.finding import contact_of, find_members, full_name
from members.models import DEFAULT_WALLET, Member, PointsEntry, PointsKind
from members.selectors.points import wallet_types, wallets
from members.services.booking import Transfer
from members.services.points import book_transfer

_TONES = {
    PointsKind.ADDING: "good",
    PointsKind.SPENDING: "warm",
    PointsKind.EXPIRED: "quiet",
    PointsKind.CANCELLING: "bad",
}
_ADD, _TAKE = "add", "take"


def _new_key() -> str:
    return secrets.token_hex(12)


class MovePointsForm(PageForm):
    """`subject` is the member; `once` names this page, so that a double click counts once."""

    what = forms.ChoiceField(
        label="Add or take", choices=[(_ADD, "Add points"), (_TAKE, "Take points")], widget=Select()
    )
    points = forms.DecimalField(
        max_digits=15, decimal_places=2, min_value=Decimal("0.01"), widget=NumberInput(step="0.01")
    )
    wallet = forms.ChoiceField(initial=DEFAULT_WALLET, widget=Select())
    once = forms.RegexField(r"^[0-9a-f]{24}\Z", initial=_new_key, widget=forms.HiddenInput())
    comment = forms.CharField(
        label="Reason",
        max_length=1024,
        help_text="The ledger keeps it, with your name.",
        widget=Textarea(rows=2),
    )
    paths = {"walletCode": "wallet"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rows = wallet_types(self.subject.store).filter(active=True).order_by("created_at")
        self.fields["wallet"].choices = [(row.code, row.name) for row in rows]  # type: ignore[attr-defined]

    def write(self, values: dict[str, Any]) -> None:
        member: Member = self.subject
        transfer = Transfer(
            PointsKind.ADDING if values["what"] == _ADD else PointsKind.SPENDING,
            member.id,
            values["points"],
            wallet=values["wallet"],
            external_id=f"admin:{values['once']}",
            comment=values["comment"],
        )
        book_transfer(
            member.store, transfer=transfer, actor=self.staff.actor, now=timezone.now()
        )  # fmt: skip


def wallets_shown(member: Member) -> list[dict[str, Any]]:
    """The wallets that the member ever had anything in, and the default one."""
    rows = wallets(member.store, member, now=timezone.now()).order_by("created_at")
    return [
        {"wallet": row, "ledger_url": ledger_url(member)}
        for row in rows
        if vars(row)["opened_at"] or row.code == DEFAULT_WALLET
    ]


def ledger_url(member: Member) -> str:
    url = reverse("admin:members_pointsentry_changelist")
    return f"{url}?store={member.store.code}&q={member.id}"


@admin.register(PointsEntry)
class PointsEntryAdmin(ReadOnlyAdmin):
    """Names people and what they have, so it asks for both."""

    resources = (Resource.POINT_TRANSFER, Resource.CUSTOMER)
    list_title = "Points"
    paginator = CappedPaginator
    list_display = ("when", "what", "who", "wallet", "change", "by", "why")
    list_filter = ("kind", "source", "recorded_at")
    search_fields = ("member",)
    search_help_text = "A member's e-mail, phone, card number or name"
    ordering = ("-recorded_at", "-id")
    facts = (
        (None, {"fields": ("what", "change", "who", "wallet", "why")}),
        (
            "Who and when",
            {
                "fields": (
                    "by", "occurred_at", "recorded_at", "expires_at", "cancelled_at",
                    "external_id",
                )
            },
        ),
    )  # fmt: skip

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        return super().rows_of(request, store).select_related("store", "member")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        store = chosen_store(request)
        if not search_term or store is None:
            return queryset, False
        found = Q(member__in=[member.id for member in find_members(store, search_term)])
        return queryset.filter(found), False

    @admin.display(description="Recorded", ordering="recorded_at")
    def when(self, row: PointsEntry) -> SafeString:
        return moment(row.recorded_at)

    @admin.display(description="What", ordering="kind")
    def what(self, row: PointsEntry) -> SafeString:
        said = row.get_kind_display()
        return pill(f"{said}, since cancelled" if row.cancelled_at else said, _TONES[row.kind])  # type: ignore[index]

    @admin.display(description="Member")
    def who(self, row: PointsEntry) -> SafeString:
        url = reverse("admin:members_member_change", args=[row.member_id])
        return link(url, two_lines(full_name(row.member), contact_of(row.member)))

    @admin.display(description="Points", ordering="amount")
    def change(self, row: PointsEntry) -> str:
        return f"{row.amount:+,.2f}".replace("-", "\N{MINUS SIGN}")

    @admin.display(description="By")
    def by(self, row: PointsEntry) -> SafeString:
        return two_lines(row.actor_label or row.actor_kind, row.get_source_display())

    @admin.display(description="Comment", empty_value="—")
    def why(self, row: PointsEntry) -> str | None:
        return row.comment or None
