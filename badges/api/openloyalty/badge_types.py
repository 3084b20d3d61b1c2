"""Badge type endpoints: Open Loyalty's own five operations, and ours beside them."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from badges.api.openloyalty.search import BadgeTypeSearch, CountSearch, HolderSearch
from badges.api.openloyalty.serializers import (
    BADGE_TYPE_COLUMNS,
    COUNT_COLUMNS,
    HOLDER_COLUMNS,
    ActiveWrite,
    AttributesBody,
    AttributesEnvelope,
    BadgeTypeCountRead,
    BadgeTypeCreateBody,
    BadgeTypeIdRead,
    BadgeTypeRead,
    BadgeTypeUpdateBody,
    HolderRead,
    badge_type_read,
    count_read,
    holder_read,
)
from badges.models import BadgeType
from badges.selectors.badge_types import get_badge_type, named_badge_type_row, named_badge_types
from badges.selectors.holdings import counts_per_badge_type, holders
from badges.services.badge_types import (
    create_badge_type,
    delete_badge_type,
    set_badge_type_active,
    update_badge_type,
)
from loyalty.api.listing import answer_page, read_list_query, read_locale
from loyalty.api.operations import Need, operation
from loyalty.api.views import StoreViewSet
from loyalty.identifiers import Identifier
from loyalty.models import Access, Resource

VIEW, MODIFY = Need(Resource.BADGE), Need(Resource.BADGE, Access.MODIFY)
VIEW_MEMBERS = Need(Resource.CUSTOMER)

_ATTRIBUTES = {
    "backgroundColor": "background_color",
    "textColor": "text_color",
    "icon": "icon",
    "displayRank": "display_rank",
    "validity": "validity",
    "validUntil": "valid_until",
    "validDays": "valid_days",
}


class BadgeTypesViewSet(StoreViewSet):
    @operation(
        "_getBadgeTypeList", "Return Badge types list", VIEW,
        answer=BadgeTypeRead, many=True, search=BadgeTypeSearch, tag="Badge",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, BadgeTypeSearch, self.store)
        return Response(
            answer_page(
                query,
                named_badge_types(self.store, query.locale),
                columns=BADGE_TYPE_COLUMNS,
                render=badge_type_read,
                default_order=["display_rank"],
            )
        )

    @operation(
        "_badgeTypePost", "Create badge type", MODIFY,
        body=BadgeTypeCreateBody, answer=BadgeTypeIdRead, tag="Badge",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        given = self.body()
        badge_type = create_badge_type(
            self.store,
            system_code=given["systemCode"],
            translations=given["translations"],
            active=given.get("active", True),
            actor=self.actor,
        )
        return Response({"badgeTypeId": badge_type.id})

    @operation("_getBadgeType", "Return Badge type", VIEW, answer=BadgeTypeRead, tag="Badge")
    def retrieve(self, request: Request, badge_type: Identifier) -> Response:
        locale = read_locale(request.query_params)
        return Response(badge_type_read(named_badge_type_row(self.store, badge_type, locale)))

    @operation(
        "_badgeTypePut", "Update badge type", MODIFY,
        body=BadgeTypeUpdateBody, status=204, tag="Badge",
    )  # fmt: skip
    def update(self, request: Request, badge_type: Identifier) -> Response:
        found = get_badge_type(self.store, badge_type)
        update_badge_type(self.store, badge_type=found, **self.body(), actor=self.actor)
        return Response(status=204)

    @operation(
        "_badgeTypeActivePost", "Change badge type activity", MODIFY,
        body=ActiveWrite, status=204, tag="Badge",
    )  # fmt: skip
    def activity(self, request: Request, badge_type: Identifier) -> Response:
        found = get_badge_type(self.store, badge_type)
        set_badge_type_active(
            self.store, badge_type=found, active=self.body()["active"], actor=self.actor
        )
        return Response(status=204)

    @operation(
        "badgeTypeDelete", "Delete badge type; the ledger keeps what was earned", MODIFY,
        status=204, tag="Badge (Rosette)",
    )  # fmt: skip
    def destroy(self, request: Request, badge_type: Identifier) -> Response:
        found = get_badge_type(self.store, badge_type)
        delete_badge_type(self.store, badge_type=found, actor=self.actor, now=timezone.now())
        return Response(status=204)

    @operation(
        "badgeTypeGetAttributes", "Return a badge type's colours, icon, rank and validity", VIEW,
        answer=AttributesEnvelope, tag="Badge (Rosette)",
    )  # fmt: skip
    def attributes(self, request: Request, badge_type: Identifier) -> Response:
        return Response(_attributes_read(get_badge_type(self.store, badge_type), request))

    @operation(
        "badgeTypePatchAttributes", "Change a badge type's colours, icon, rank, validity", MODIFY,
        body=AttributesBody, answer=AttributesEnvelope, tag="Badge (Rosette)",
    )  # fmt: skip
    def change_attributes(self, request: Request, badge_type: Identifier) -> Response:
        found = get_badge_type(self.store, badge_type)
        changes = {_ATTRIBUTES[name]: value for name, value in self.body().items()}
        changed = update_badge_type(self.store, badge_type=found, **changes, actor=self.actor)
        return Response(_attributes_read(changed, request))

    @operation(
        "badgeTypeGetMembers", "Return the members who hold a badge", VIEW_MEMBERS,
        answer=HolderRead, many=True, search=HolderSearch, tag="Badge (Rosette)",
    )  # fmt: skip
    def members(self, request: Request, badge_type: Identifier) -> Response:
        query = read_list_query(request.query_params, HolderSearch, self.store)
        found = get_badge_type(self.store, badge_type)
        return Response(
            answer_page(
                query,
                holders(self.store, found),
                columns=HOLDER_COLUMNS,
                render=holder_read,
                default_order=["first_earned_at"],
            )
        )

    @operation(
        "badgeTypeGetCounts", "Return how many members hold each badge type", VIEW,
        answer=BadgeTypeCountRead, many=True, search=CountSearch, tag="Badge (Rosette)",
    )  # fmt: skip
    def counts(self, request: Request) -> Response:
        query = read_list_query(request.query_params, CountSearch, self.store)
        return Response(
            answer_page(
                query,
                counts_per_badge_type(self.store),
                columns=COUNT_COLUMNS,
                render=count_read,
                default_order=["display_rank"],
            )
        )


def _attributes_read(badge_type: BadgeType, request: Request) -> dict[str, Any]:
    icon = badge_type.icon
    return {
        "attributes": {
            "backgroundColor": badge_type.background_color,
            "textColor": badge_type.text_color,
            "icon": request.build_absolute_uri(icon) if icon else "",
            "displayRank": badge_type.display_rank,
            "validity": badge_type.validity,
            "validUntil": badge_type.valid_until,
            "validDays": badge_type.valid_days,
            "permissionsEnabled": badge_type.permissions_enabled,
            "slug": badge_type.slug,
            "revision": badge_type.revision,
        }
    }
