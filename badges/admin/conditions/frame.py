"""What the pages about one badge type's conditions have in common: the tabs and the heading."""

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from badges.admin.drawing import badge_name, badge_tile
from badges.models import BadgeType
from loyalty.admin.staff import staff_of
from loyalty.models import Access, Resource, Store

_TABS: tuple[tuple[str, str, tuple[Resource, ...]], ...] = (
    ("change", "The badge", ()),
    ("how_earned", "How it is earned", ()),
    ("near", "Nearly there", (Resource.CUSTOMER,)),
    ("explain", "Why, or why not", (Resource.CUSTOMER,)),
)


def page_url(badge_type: BadgeType, name: str, *more: Any) -> str:
    return reverse(f"admin:badges_badgetype_{name}", args=[badge_type.pk, *more])


def sees_members(request: HttpRequest, store: Store) -> bool:
    return staff_of(request).may(Access.VIEW, store.id, Resource.CUSTOMER)


def may_change(request: HttpRequest, store: Store) -> bool:
    return staff_of(request).may(Access.MODIFY, store.id, Resource.BADGE)


def frame(request: HttpRequest, badge_type: BadgeType, current: str) -> dict[str, Any]:
    """The context of a page; `current` is the name of the tab that it belongs to."""
    staff, store = staff_of(request), badge_type.store
    return {
        "row": badge_type,
        "store": store,
        "name": badge_name(badge_type),
        "tile": badge_tile(badge_type, size="lg"),
        "may_change": may_change(request, store),
        "sees_members": sees_members(request, store),
        "overview": page_url(badge_type, "how_earned"),
        "tabs": [
            {"label": label, "url": page_url(badge_type, name), "current": name == current}
            for name, label, resources in _TABS
            if staff.may(Access.VIEW, store.id, Resource.BADGE, *resources)
        ],
    }
