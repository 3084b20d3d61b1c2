"""Lists of members (Rosette's own): made elsewhere, named in conditions."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    IntegerField,
    ListField,
    Serializer,
    UUIDField,
)

from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import operation
from loyalty.api.search import identifier, moment, search, text
from loyalty.api.serializers import Items, StrictSerializer, Text, wrapped
from loyalty.api.uploads import FormSerializer, Upload, UploadViewSet
from loyalty.api.views import StoreViewSet
from loyalty.identifiers import Identifier
from members.api.imports import ImportIdRead
from members.api.members import MODIFY, VIEW
from members.api.points_serializers import MemberName
from members.selectors.identifiers import member_ids
from members.selectors.member_lists import get_member_list, listed_members, member_lists
from members.services.list_files import import_listed_members
from members.services.member_lists import (
    MOST_AT_ONCE,
    create_member_list,
    delete_member_list,
    list_members,
    rename_member_list,
    unlist_members,
)

_TAG = "Member list (Rosette)"


class MemberListWrite(StrictSerializer):
    name = Text()


MemberListBody = wrapped("memberList", MemberListWrite)


class NamedMembersWrite(StrictSerializer):
    """Members as URLs name them."""

    members = Items(child=MemberName(), max_length=MOST_AT_ONCE)


class ListFileForm(FormSerializer):
    """CSV with one or more of the columns memberId, email, phone, loyaltyCardNumber and
    walletAddress."""

    file = Upload()


class MemberListIdRead(Serializer[Any]):
    memberListId = UUIDField()


class MemberListRead(Serializer[Any]):
    memberListId = UUIDField()
    name = CharField()
    createdAt = DateTimeField()


class ListedMemberRead(Serializer[Any]):
    customerId = UUIDField()
    email = CharField(allow_null=True)
    listedAt = DateTimeField()


class ListChangeRead(Serializer[Any]):
    """`unknown`: the names that nobody has."""

    changed = IntegerField()
    unchanged = IntegerField()
    unknown = ListField(child=CharField())


MemberListSearch = search(
    "MemberListSearch",
    {
        "memberListId": identifier("id"),
        "name": text("name"),
        "createdAt": moment("created_at"),
    },
)
ListedMemberSearch = search(
    "ListedMemberSearch",
    {
        "customerId": identifier("member_id"),
        "email": text("member__email"),
        "listedAt": moment("listed_at"),
    },
)


def _list_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {"memberListId": row["id"], "name": row["name"], "createdAt": row["created_at"]}


def _listed_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "customerId": row["member_id"],
        "email": row["member__email"],
        "listedAt": row["listed_at"],
    }


class MemberListsViewSet(StoreViewSet):
    @operation(
        "memberListGetList", "List lists of members", VIEW,
        answer=MemberListRead, many=True, search=MemberListSearch, tag=_TAG,
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, MemberListSearch, self.store)
        return Response(
            answer_page(
                query,
                member_lists(self.store),
                columns=("id", "name", "created_at"),
                render=_list_read,
                default_order=["name"],
            )
        )

    @operation(
        "memberListPost", "Make a list of members", MODIFY,
        body=MemberListBody, answer=MemberListIdRead, tag=_TAG,
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        made = create_member_list(self.store, name=self.body()["name"], actor=self.actor)
        return Response({"memberListId": made.id})

    @operation(
        "memberListGet", "Read a list of members", VIEW, answer=MemberListRead, tag=_TAG
    )  # fmt: skip
    def retrieve(self, request: Request, list_id: str) -> Response:
        return Response(_list_read(vars(get_member_list(self.store, list_id))))

    @operation(
        "memberListPut", "Rename a list of members", MODIFY,
        body=MemberListBody, status=204, tag=_TAG,
    )  # fmt: skip
    def update(self, request: Request, list_id: str) -> Response:
        name = self.body()["name"]
        rename_member_list(self.store, list_id=UUID(list_id), name=name, actor=self.actor)
        return Response(status=204)

    @operation("memberListDelete", "Delete a list of members", MODIFY, status=204, tag=_TAG)
    def destroy(self, request: Request, list_id: str) -> Response:
        now = timezone.now()
        delete_member_list(self.store, list_id=UUID(list_id), actor=self.actor, now=now)
        return Response(status=204)

    @operation(
        "memberListGetMembers", "List who is on a list", VIEW,
        answer=ListedMemberRead, many=True, search=ListedMemberSearch, tag=_TAG,
    )  # fmt: skip
    def members(self, request: Request, list_id: str) -> Response:
        query = read_list_query(request.query_params, ListedMemberSearch, self.store)
        return Response(
            answer_page(
                query,
                listed_members(self.store, get_member_list(self.store, list_id)),
                columns=("member_id", "member__email", "listed_at"),
                render=_listed_read,
                default_order=["member_id"],
            )
        )

    @operation(
        "memberListPostMembers", "Put up to 1,000 members on a list", MODIFY,
        body=NamedMembersWrite, answer=ListChangeRead, tag=_TAG,
    )  # fmt: skip
    def add(self, request: Request, list_id: str) -> Response:
        return self._change(list_members, list_id)

    @operation(
        "memberListDeleteMembers", "Take up to 1,000 members off a list", MODIFY,
        body=NamedMembersWrite, answer=ListChangeRead, tag=_TAG,
    )  # fmt: skip
    def remove(self, request: Request, list_id: str) -> Response:
        return self._change(unlist_members, list_id)

    def _change(self, service: Any, list_id: str) -> Response:
        names: Collection[Identifier] = self.body()["members"]
        found = member_ids(self.store, [(name.key, name.value) for name in names])
        changed: set[UUID] = service(
            self.store,
            list_id=UUID(list_id),
            members=set(found.values()),
            actor=self.actor,
            now=timezone.now(),
        )
        unknown = {str(name) for name in names if (name.key, name.value) not in found}
        return Response(
            {
                "changed": len(changed),
                "unchanged": len(set(found.values())) - len(changed),
                "unknown": sorted(unknown),
            }
        )


class ListFilesViewSet(UploadViewSet):
    @operation(
        "memberListPostCsv", "Put the members in a CSV file on a list", MODIFY,
        body=ListFileForm, answer=ImportIdRead, status=202, tag=_TAG,
    )  # fmt: skip
    def create(self, request: Request, list_id: str) -> Response:
        job = import_listed_members(
            self.store,
            member_list=get_member_list(self.store, list_id),
            file=self.body()["file"],
            actor=self.actor,
        )
        return Response({"importId": job.id}, status=202)
