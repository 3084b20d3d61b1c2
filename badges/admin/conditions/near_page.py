"""Members who are nearly there: a list, and the same as CSV."""

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
from badges.selectors.near_csv import near_lines
from badges.selectors.near_members import Near, near_members, with_names
from loyalty.admin.pages import Pages
from loyalty.errors import Conflict
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
        near_lines(with_names(store, near), with_people=True),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
    found: HttpResponse = answer
    return found


def _steps(request: HttpRequest) -> int:
    asked = request.GET.get("steps", "1")
    return int(asked) if asked in {str(one) for one in _STEPS} else 1
