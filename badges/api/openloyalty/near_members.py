"""Members who are nearly there (Rosette's own)."""

from typing import Any

from django.http import StreamingHttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, IntegerField, Serializer, UUIDField

from badges.selectors.badge_types import get_badge_type
from badges.selectors.near_csv import near_lines
from badges.selectors.near_members import MAX_STEPS, NearMember, near_members, with_names
from loyalty.api.listing import read_list_query, read_whole_number
from loyalty.api.operations import Need, operation
from loyalty.api.search import search
from loyalty.api.views import StoreViewSet
from loyalty.identifiers import Identifier
from loyalty.models import Resource

VIEW_MEMBERS = Need(Resource.CUSTOMER)
TAG = "Badge (Rosette)"

NearSearch = search("NearSearch", {})


class NearMemberRead(Serializer[Any]):
    """`steps`: how many more activities, days, badges or confirmations it takes."""

    customerId = UUIDField()
    email = CharField(allow_null=True)
    phone = CharField(allow_null=True)
    loyaltyCardNumber = CharField(allow_null=True)
    steps = IntegerField()


def near_member_read(found: NearMember) -> dict[str, Any]:
    return {
        "customerId": found.member.id,
        "email": found.member.email,
        "phone": found.member.phone,
        "loyaltyCardNumber": found.member.loyalty_card_number,
        "steps": found.steps,
    }


class NearMembersViewSet(StoreViewSet):
    @operation(
        "badgeTypeGetNear", "Return the members who are so many `steps` away from a badge",
        VIEW_MEMBERS, answer=NearMemberRead, many=True, search=NearSearch, tag=TAG,
    )  # fmt: skip
    def list(self, request: Request, badge_type: Identifier) -> Response:
        query = read_list_query(request.query_params, NearSearch, self.store, also=["steps"])
        found = near_members(
            self.store,
            get_badge_type(self.store, badge_type),
            steps=_steps(request),
            now=timezone.now(),
        )
        page = found[query.offset : query.offset + query.size]
        total = {"all": len(found), "filtered": len(found), "estimated": False}
        items = [near_member_read(each) for each in with_names(self.store, page)]
        return Response({"items": items, "total": total})

    @operation(
        "badgeTypeGetNearCsv", "Download the members who are so many `steps` away, as CSV",
        VIEW_MEMBERS, file_type="text/csv", tag=TAG,
    )  # fmt: skip
    def csv(self, request: Request, badge_type: Identifier) -> StreamingHttpResponse:
        badge = get_badge_type(self.store, badge_type)
        found = near_members(self.store, badge, steps=_steps(request), now=timezone.now())
        name = f"near-{badge.system_code}.csv"
        return StreamingHttpResponse(
            near_lines(with_names(self.store, found)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


def _steps(request: Request) -> int:
    return read_whole_number(request.query_params, "steps", default=1, most=MAX_STEPS)
