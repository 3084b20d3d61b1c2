"""Open Loyalty's badge routes, below /api/."""

from django.urls import path

from badges.api.openloyalty import identifiers as _badge_type  # noqa: F401 (registers a converter)
from badges.api.openloyalty.badge_types import BadgeTypesViewSet
from badges.api.openloyalty.member_badges import MemberBadgesViewSet
from members.api.urls import MEMBER

types, held = BadgeTypesViewSet.as_view, MemberBadgesViewSet.as_view

TYPES = "<store_code:store_code>/badge-type"
TYPE = f"{TYPES}/<badge_type:badge_type>"

urlpatterns = [
    path(TYPES, types({"get": "list", "post": "create"})),
    path(f"{TYPES}/count", types({"get": "counts"})),
    path(TYPE, types({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(f"{TYPE}/active", types({"post": "activity"})),
    path(f"{TYPE}/attributes", types({"get": "attributes", "patch": "change_attributes"})),
    path(f"{TYPE}/member", types({"get": "members"})),
    path(f"{MEMBER}/badge", held({"get": "list", "post": "grant"})),
    path(f"{MEMBER}/badge/<badge_type:badge_type>", held({"put": "set_count"})),
    path(f"{MEMBER}/badge-entry", held({"get": "entries"})),
]
