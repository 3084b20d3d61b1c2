"""Give a badge to a member: find the member, see what will happen, confirm."""

import secrets
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from badges.admin.drawing import badge_name, badge_tile
from badges.models import BadgeType
from badges.selectors.holdings import held_badges
from badges.services.grants import grant_badge
from loyalty.admin.forms import PageForm
from loyalty.admin.pages import Pages
from loyalty.admin.staff import staff_of
from loyalty.admin.widgets import Textarea, TextInput
from loyalty.models import Access, Resource, Store
from members.admin.finding import find_members, full_name, identifiers_of
from members.models import Member
from members.selectors.members import members


class FindForm(PageForm):
    who = forms.CharField(
        label="Who earned it?",
        max_length=255,
        help_text="E-mail address, phone number, card number, UUID, or a name.",
        widget=TextInput(autofocus=True, autocomplete="off", placeholder="anna@example.com"),
    )

    def write(self, values: dict[str, Any]) -> None:
        self.found = find_members(self.subject.store, values["who"])
        if not self.found:
            self.add_error("who", f"{self.subject.store} has no such member.")


def new_key() -> str:
    return secrets.token_hex(12)


class GiveForm(PageForm):
    """The last step.  `once` names this page, so that a double click gives one badge."""

    member = forms.UUIDField(widget=forms.HiddenInput())
    once = forms.RegexField(r"^[0-9a-f]{24}\Z", initial=new_key, widget=forms.HiddenInput())
    reason = forms.CharField(
        label="Reason (optional)",
        required=False,
        max_length=1024,
        help_text="The ledger keeps it, with your name.",
        widget=Textarea(rows=2),
    )

    def write(self, values: dict[str, Any]) -> None:
        self.holder = find_member_by_id(self.subject.store, values["member"])
        if self.holder is None:
            self.add_error(None, "This member is no longer there.")
            return
        give(self, self.holder, self.subject, values)


def find_member_by_id(store: Store, member_id: UUID) -> Member | None:
    return members(store).filter(id=member_id).first()


def give(form: PageForm, member: Member, badge_type: BadgeType, values: dict[str, Any]) -> None:
    grant_badge(
        badge_type.store,
        member=member,
        badge_type=badge_type,
        actor=form.staff.actor,
        now=timezone.now(),
        reason=values["reason"],
        occurrence_key=f"admin:{values['once']}",
    )


def hand_out_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    """Three steps on one address.  Each is a POST: an e-mail address has no place in a URL."""
    staff, store = staff_of(request), badge_type.store
    if not staff.may(Access.VIEW, store.id, Resource.CUSTOMER):
        raise PermissionDenied
    found: list[Member] = []
    find = FindForm(staff, badge_type)
    give_form: GiveForm | None = None
    if request.method == "POST" and "once" in request.POST:
        give_form = GiveForm(staff, badge_type, request.POST)
        if give_form.is_valid() and give_form.holder:
            said = f"{full_name(give_form.holder)} now holds {badge_name(badge_type)}."
            messages.success(request, said)
            url = reverse("admin:members_member_change", args=[give_form.holder.id])
            return HttpResponseRedirect(url)
        holder = getattr(give_form, "holder", None)
        found = [holder] if holder else []
    elif request.method == "POST" and "member" in request.POST:
        found = _one(store, request.POST["member"])
    elif request.method == "POST":
        find = FindForm(staff, badge_type, request.POST)
        found = find.found if find.is_valid() else []
    one = found[0] if len(found) == 1 else None
    if one and give_form is None:
        give_form = GiveForm(staff, badge_type, initial={"member": one.id})
    return admin.show(
        request,
        "badges/admin/hand_out.html",
        {
            "title": f"Hand out {badge_name(badge_type)}",
            "row": badge_type,
            "store": store,
            "tile": badge_tile(badge_type, size="lg"),
            "name": badge_name(badge_type),
            "find": find,
            "give": give_form,
            "choices": [_shown(member) for member in found] if not one else [],
            "one": one and {**_shown(one), **_effect(store, one, badge_type)},
            "back": admin.url_of(badge_type),
        },
        status=422 if request.method == "POST" and not found else 200,
    )


def _one(store: Store, text: str) -> list[Member]:
    try:
        member = find_member_by_id(store, UUID(text))
    except ValueError:
        member = None
    return [member] if member else []


def _shown(member: Member) -> dict[str, Any]:
    return {
        "id": member.id,
        "name": full_name(member),
        "identifiers": identifiers_of(member),
        "active": member.active,
    }


def _effect(store: Store, member: Member, badge_type: BadgeType) -> dict[str, int]:
    held = held_badges(store).filter(member=member, badge_type=badge_type).first()
    count = held.completed_count if held else 0
    return {"before": count, "after": count + 1}
