"""Choose whose badge is to be explained, and which one."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from badges.admin.conditions.frame import frame
from badges.admin.drawing import badge_name, badge_tile
from badges.admin.hand_out import FindForm
from badges.models import BadgeType, MemberBadge
from badges.selectors.badge_types import badge_types
from badges.selectors.conditions import current_versions
from loyalty.admin.forms import PageForm
from loyalty.admin.pages import Pages
from loyalty.admin.staff import staff_of
from loyalty.admin.widgets import TextInput
from members.admin.finding import full_name, identifiers_of
from members.models import Member

_MOST = 200


def why_url(member: Member, badge_type_id: Any) -> str:
    return reverse("admin:members_member_why_badge", args=[member.pk, badge_type_id])


class WhoForm(FindForm):
    """`subject` is the badge type."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["who"].label = "Who is asking?"
        self.fields["who"].widget = TextInput(
            autofocus=True, autocomplete="off", placeholder="anna@example.com"
        )


def choose_member_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    """A POST: an e-mail address has no place in a URL."""
    sent = request.method == "POST"
    form: PageForm = WhoForm(staff_of(request), badge_type, *((request.POST,) if sent else ()))
    found: list[Member] = form.found if sent and form.is_valid() else []  # type: ignore[attr-defined]
    if len(found) == 1:
        return HttpResponseRedirect(why_url(found[0], badge_type.id))
    return admin.show(
        request,
        "badges/admin/conditions/choose_member.html",
        {
            **frame(request, badge_type, "explain"),
            "title": f"{badge_name(badge_type)}: why, or why not",
            "form": form,
            "choices": [
                {
                    "name": full_name(member),
                    "identifiers": identifiers_of(member),
                    "url": why_url(member, badge_type.id),
                }
                for member in found
            ],
        },
        status=422 if sent and not found else 200,
    )


def choose_badge_page(admin: Pages, request: HttpRequest, member: Member) -> HttpResponse:
    store = member.store
    held = dict(
        MemberBadge.for_store(store)
        .filter(member=member)
        .values_list("badge_type_id", "completed_count")
    )
    earned = set(current_versions(store).values_list("badge_type_id", flat=True))
    rows = badge_types(store).select_related("store").order_by("display_rank", "id")[:_MOST]
    return admin.show(
        request,
        "badges/admin/conditions/choose_badge.html",
        {
            "title": f"Badges of {full_name(member)}",
            "row": member,
            "who": full_name(member),
            "known_as": identifiers_of(member),
            "badges": [
                {
                    "name": badge_name(row),
                    "tile": badge_tile(row),
                    "note": "By a condition" if row.id in earned else "By hand",
                    "held": held.get(row.id, 0),
                    "url": why_url(member, row.id),
                }
                for row in rows
            ],
        },
    )
