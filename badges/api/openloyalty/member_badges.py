"""Member badge endpoints: Open Loyalty's own three operations, and the ledger beside them."""

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from badges.api.openloyalty.search import EntrySearch, MemberBadgeSearch
from badges.api.openloyalty.serializers import (
    ENTRY_COLUMNS,
    AsOfQuery,
    BadgeEntryRead,
    BadgeGrantWrite,
    BadgeMemberRead,
    BadgesAsOfRead,
    BadgeTypeIdRead,
    CompletedCountBody,
    badge_as_of_read,
    badge_member_read,
    entry_read,
)
from badges.selectors.as_of import badges_as_of
from badges.selectors.badge_types import get_badge_type
from badges.selectors.holdings import (
    badges_of_member,
    chosen_badges_of_member,
    entries_of_member,
)
from badges.services.grants import grant_badge, set_completed_count
from loyalty.api.listing import answer_page, read_list_query, read_locale
from loyalty.api.operations import Need, operation
from loyalty.identifiers import Identifier
from loyalty.models import Access, Resource
from members.api.views import MemberViewSet

VIEW_OWN = Need(Resource.BADGE, own_member=True)
MODIFY = Need(Resource.BADGE, Access.MODIFY)


class MemberBadgesViewSet(MemberViewSet):
    @operation(
        "_memberGetBadgesStatus", "Return member badges status", VIEW_OWN,
        answer=BadgeMemberRead, many=True, search=MemberBadgeSearch, tag="Badge",
    )  # fmt: skip
    def list(self, request: Request, member: Identifier) -> Response:
        query = read_list_query(request.query_params, MemberBadgeSearch, self.store)
        if query.is_filtered or query.order_by:
            page = chosen_badges_of_member(
                self.store,
                member,
                locale=query.locale,
                narrow=query.narrowed,
                page=lambda rows: query.sliced(query.ordered(rows, ["first_earned_at"])),
            )
        else:
            page = badges_of_member(
                self.store, member, locale=query.locale, size=query.size, offset=query.offset
            )
        total = {"all": page.all, "filtered": page.filtered, "estimated": False}
        return Response({"items": [badge_member_read(row) for row in page.rows], "total": total})

    @operation(
        "_memberPostBadge", "Add badge to member", MODIFY,
        body=BadgeGrantWrite, answer=BadgeTypeIdRead, tag="Badge",
    )  # fmt: skip
    def grant(self, request: Request, member: Identifier) -> Response:
        system_code = self.body()["systemCode"]
        badge_type = get_badge_type(self.store, Identifier("systemCode", system_code))
        grant_badge(
            self.store,
            member=self.member(member),
            badge_type=badge_type,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"badgeTypeId": badge_type.id})

    @operation(
        "_memberBadgePut", "Update completed count for member badge; 0 removes the badge", MODIFY,
        body=CompletedCountBody, status=204, tag="Badge",
    )  # fmt: skip
    def set_count(self, request: Request, member: Identifier, badge_type: Identifier) -> Response:
        set_completed_count(
            self.store,
            member=self.member(member),
            badge_type=get_badge_type(self.store, badge_type),
            completed_count=self.body()["completedCount"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)

    @operation(
        "memberGetBadgesAsOf", "Return the badges that a member had at a moment", VIEW_OWN,
        query=AsOfQuery, answer=BadgesAsOfRead, tag="Badge (Rosette)",
    )  # fmt: skip
    def as_of(self, request: Request, member: Identifier) -> Response:
        moment = self.query().get("date") or timezone.now()
        locale = read_locale(request.query_params)
        rows = badges_as_of(self.store, self.member(member), moment, locale=locale)
        return Response({"date": moment, "items": [badge_as_of_read(row) for row in rows]})

    @operation(
        "memberGetBadgeEntries", "Return the member's badge ledger", VIEW_OWN,
        answer=BadgeEntryRead, many=True, search=EntrySearch, tag="Badge (Rosette)",
    )  # fmt: skip
    def entries(self, request: Request, member: Identifier) -> Response:
        query = read_list_query(request.query_params, EntrySearch, self.store)
        return Response(
            answer_page(
                query,
                entries_of_member(self.store, self.member(member)),
                columns=ENTRY_COLUMNS,
                render=entry_read,
                default_order=["-recorded_at"],
            )
        )
