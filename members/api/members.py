"""The member endpoints (Open Loyalty notes, section 3)."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.api import scrolling
from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.scrolling import answer_scroll
from loyalty.errors import Forbidden
from loyalty.identifiers import Identifier
from loyalty.models import Access, Resource
from members.api.search import HistorySearch, MemberSearch
from members.api.serializers import (
    READ_COLUMNS,
    CustomAttributesDelete,
    CustomAttributesWrite,
    HistoryRead,
    MemberBody,
    MemberCreatedRead,
    MemberIdRead,
    MemberRead,
    NewPasswordWrite,
    OwnPasswordWrite,
    member_fields,
    member_read,
)
from members.api.views import MemberViewSet
from members.selectors.members import history_of, members
from members.selectors.sessions import MemberCaller
from members.services.login import count_password_attempt
from members.services.members import (
    anonymize_member,
    change_labels,
    change_own_member_password,
    delete_member,
    register_member,
    set_member_active,
    set_member_password,
    update_member,
)

VIEW = Need(Resource.CUSTOMER)
VIEW_OWN = Need(Resource.CUSTOMER, own_member=True)
MODIFY = Need(Resource.CUSTOMER, Access.MODIFY)


class MembersViewSet(MemberViewSet):
    @operation(
        "memberGetList", "List members", VIEW,
        answer=MemberRead, many=True, search=MemberSearch, tag="Member",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(
            request.query_params, MemberSearch, self.store, also=[scrolling.PARAMETER]
        )
        token = request.query_params.get(scrolling.PARAMETER)
        rows, store = members(self.store), self.store
        shape: dict[str, Any] = {
            "columns": READ_COLUMNS,
            "render": lambda row: member_read(row, store),
        }
        if token is not None:
            return Response(answer_scroll(query, token, rows, **shape))
        return Response(answer_page(query, rows, **shape, default_order=["created_at"]))

    @operation(
        "memberPost", "Register a member", MODIFY,
        body=MemberBody, answer=MemberCreatedRead, tag="Member",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        member = register_member(
            self.store, **member_fields(self.body()), actor=self.actor, now=timezone.now()
        )
        return Response({"customerId": member.id, "email": member.email})

    @operation("memberGet", "Read a member", VIEW_OWN, answer=MemberRead, tag="Member")
    def retrieve(self, request: Request, member: Identifier) -> Response:
        return Response(member_read(self.member(member), self.store))

    @operation(
        "memberPut", "Change a member; only what is sent is changed", MODIFY,
        body=MemberBody, answer=MemberIdRead, tag="Member",
    )  # fmt: skip
    def update(self, request: Request, member: Identifier) -> Response:
        changed = update_member(
            self.store,
            member=self.member(member),
            **member_fields(self.body()),
            actor=self.actor,
        )
        return Response({"customerId": changed.id})

    @operation(
        "memberDelete", "Delete a member with all their data", MODIFY, status=204, tag="Member"
    )  # fmt: skip
    def destroy(self, request: Request, member: Identifier) -> Response:
        delete_member(self.store, member=self.member(member), actor=self.actor)
        return Response(status=204)

    @operation(
        "memberAnonymize", "Forget the person, keep the figures", MODIFY, status=204, tag="Member"
    )  # fmt: skip
    def anonymize(self, request: Request, member: Identifier) -> Response:
        anonymize_member(self.store, member=self.member(member), actor=self.actor)
        return Response(status=204)

    @operation("memberActivate", "Activate a member", MODIFY, status=204, tag="Member")
    def activate(self, request: Request, member: Identifier) -> Response:
        set_member_active(self.store, member=self.member(member), active=True, actor=self.actor)
        return Response(status=204)

    @operation("memberDeactivate", "Deactivate a member", MODIFY, status=204, tag="Member")
    def deactivate(self, request: Request, member: Identifier) -> Response:
        set_member_active(self.store, member=self.member(member), active=False, actor=self.actor)
        return Response(status=204)

    @operation(
        "memberPutCustomAttribute", "Set labels of a member", MODIFY,
        body=CustomAttributesWrite, status=204, tag="Member",
    )  # fmt: skip
    def put_labels(self, request: Request, member: Identifier) -> Response:
        labels = self.body()["customAttributes"]
        change_labels(self.store, member=self.member(member), put=labels, actor=self.actor)
        return Response(status=204)

    @operation(
        "memberDeleteCustomAttribute", "Take labels from a member", MODIFY,
        body=CustomAttributesDelete, status=204, tag="Member",
    )  # fmt: skip
    def delete_labels(self, request: Request, member: Identifier) -> Response:
        keys = [label["key"] for label in self.body()["customAttributes"]]
        change_labels(self.store, member=self.member(member), remove=keys, actor=self.actor)
        return Response(status=204)

    @operation(
        "memberPostPassword", "Give a member a password", MODIFY,
        body=NewPasswordWrite, status=204, tag="Member",
    )  # fmt: skip
    def set_password(self, request: Request, member: Identifier) -> Response:
        password = self.body()["plainPassword"]
        set_member_password(
            self.store, member=self.member(member), password=password, actor=self.actor
        )
        return Response(status=204)

    @operation(
        "memberGetHistory", "What happened to a member", VIEW_OWN,
        answer=HistoryRead, many=True, search=HistorySearch, tag="Member",
    )  # fmt: skip
    def history(self, request: Request, member: Identifier) -> Response:
        query = read_list_query(request.query_params, HistorySearch, self.store)
        found = self.member(member)
        return Response(
            answer_page(
                query,
                history_of(self.store, found),
                columns=("member_id", "name", "recorded_at", "data"),
                render=_history_read,
                default_order=["-sequence"],
            )
        )


class OwnPasswordViewSet(MemberViewSet):
    """The URL names no member: it is whoever calls."""

    names_member = False

    @operation(
        "memberPutPassword", "Change one's own password", Need(None, own_member=True),
        body=OwnPasswordWrite, status=204, tag="Member", checks_password=True,
    )  # fmt: skip
    def update(self, request: Request) -> Response:
        if not isinstance(self.caller, MemberCaller):
            raise Forbidden
        given, member = self.body(), self.caller.member
        attempt = count_password_attempt(self.store, member, actor=self.actor, now=timezone.now())
        change_own_member_password(
            self.store,
            member=member,
            current_password=given["currentPassword"],
            new_password=given["plainPassword"],
            actor=self.actor,
        )
        attempt.fitted()
        return Response(status=204)


def _history_read(row: Any) -> dict[str, Any]:
    return {
        "customerId": row["member_id"],
        "type": row["name"],
        "createdAt": row["recorded_at"],
        "flatVariables": row["data"],
    }
