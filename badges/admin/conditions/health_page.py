"""Badges that nobody earns, rules that hear nothing, and whether evaluation keeps up."""

from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from badges.admin.drawing import badge_name, badge_tile
from badges.conditions.tree import CONFIRMATION_EVENT, RULE_EVENT
from badges.selectors.badge_types import badge_types
from badges.selectors.condition_health import Health, health
from badges.selectors.condition_names import event_labels
from loyalty.admin.pages import Pages
from loyalty.admin.staff import chosen_store, staff_of
from loyalty.models import Access, Resource, Store


def health_page(admin: Pages, request: HttpRequest) -> HttpResponse:
    store = chosen_store(request)
    if store is None or not staff_of(request).may(Access.VIEW, store.id, Resource.BADGE):
        raise PermissionDenied
    found = health(store, now=timezone.now())
    badges = _badges(store, found)
    events = event_labels(store, [one.event for one in found.unheard])
    return admin.show(
        request,
        "badges/admin/conditions/health.html",
        {
            "title": "Health of badges",
            "store": store,
            "health": found,
            "unearned": [
                {**badges[one.badge_type_id], "since": one.last_earned_at} for one in found.unearned
            ],
            "unheard": [
                {
                    **badges[one.badge_type_id],
                    "event": heard(one.event, events),
                    "since": one.last_seen_at,
                }
                for one in found.unheard
            ],
            "common": [
                {
                    **badges[one.badge_type_id],
                    "percent": int(one.share * 100),
                    "holders": f"{one.holders:,}",
                }
                for one in found.common
            ],
            "waiting": f"{found.queue.waiting:,}",
        },
    )


def heard(event: str, labels: dict[str, str]) -> str:
    """What a type of activity is called, those included that rules and confirmations leave."""
    if event.startswith(CONFIRMATION_EVENT):
        return f"a confirmation “{event.removeprefix(CONFIRMATION_EVENT)}”"
    if event.startswith(RULE_EVENT):
        return "a rule that another system confirms"
    return f"“{labels.get(event, event)}”"


def _badges(store: Store, found: Health) -> dict[UUID, dict[str, Any]]:
    named = {one.badge_type_id for one in found.unearned}
    named |= {one.badge_type_id for one in found.unheard}
    named |= {one.badge_type_id for one in found.common}
    rows = badge_types(store).filter(id__in=named)
    return {
        row.id: {
            "name": badge_name(row),
            "tile": badge_tile(row),
            "url": reverse("admin:badges_badgetype_how_earned", args=[row.id]),
        }
        for row in rows.select_related("store")
    }
