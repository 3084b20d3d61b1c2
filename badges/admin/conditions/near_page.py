"""Members who are nearly there: a list, and the same as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.utils import timezone

from badges.admin.conditions.choosing import why_url
from badges.admin.conditions.frame import frame, page_url, sees_members
from badges.admin.drawing import badge_name
from badges.models import BadgeType
from badges.selectors.conditions import find_current
from badges.selectors.near_members import Near, NearMember, near_members, with_names
from loyalty.admin.pages import Pages
from loyalty.errors import Conflict
from loyalty.selectors.reports import harmless
from members.admin.finding import full_name, identifiers_of

_SHOWN = 100
_STEPS = (1, 2, 3, 5)


def near_page(admin: Pages, request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    store = badge_type.store
    if not sees_members(request, store):
        raise PermissionDenied
    steps = _steps(request)
    problem, near = "", list[Near]()
    current = find_current(store, badge_type)
    if current is not None:
        try:
            near = list(near_members(store, badge_type, steps=steps, now=timezone.now()))
        except Conflict as error:
            problem = str(error)
    return admin.show(
        request,
        "badges/admin/conditions/near.html",
        {
            **frame(request, badge_type, "near"),
            "title": f"Nearly there: {badge_name(badge_type)}",
            "current": current,
            "problem": problem,
            "total": f"{len(near):,}",
            "more": f"{len(near) - _SHOWN:,}" if len(near) > _SHOWN else "",
            "people": [
                {
                    "name": full_name(one.member),
                    "identifiers": identifiers_of(one.member),
                    "steps": one.steps,
                    "url": why_url(one.member, badge_type.id),
                }
                for one in with_names(store, near[:_SHOWN])
            ],
            "choices": [{"steps": one, "current": one == steps} for one in _STEPS],
            "csv_url": f"{page_url(badge_type, 'near_csv')}?steps={steps}",
        },
    )


def near_csv(request: HttpRequest, badge_type: BadgeType) -> HttpResponse:
    """All of them: id, e-mail address, phone, card number, names, and the steps that are left."""
    store = badge_type.store
    if not sees_members(request, store):
        raise PermissionDenied
    if find_current(store, badge_type) is None:
        raise Http404
    steps = _steps(request)
    try:
        near = near_members(store, badge_type, steps=steps, now=timezone.now())
    except Conflict:
        return HttpResponseRedirect(f"{page_url(badge_type, 'near')}?steps={steps}")
    name = f"nearly-there-{badge_type.system_code}.csv"
    answer: Any = StreamingHttpResponse(
        _lines(with_names(store, near)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    found: HttpResponse = answer
    return found


def _lines(near: Iterable[NearMember]) -> Iterator[str]:
    """Line by line, and safe to open in a spreadsheet."""
    yield _line("memberId", "email", "phone", "loyaltyCardNumber", "firstName", "lastName", "steps")
    for one in near:
        who = one.member
        texts = (who.email, who.phone, who.loyalty_card_number, who.first_name, who.last_name)
        yield _line(str(who.id), *(text or "" for text in texts), str(one.steps))


def _line(*cells: str) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([harmless(cell) for cell in cells])
    return line.getvalue()


def _steps(request: HttpRequest) -> int:
    asked = request.GET.get("steps", "1")
    return int(asked) if asked in {str(one) for one in _STEPS} else 1
