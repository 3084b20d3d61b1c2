"""The names that other systems have for a member (Rosette's own)."""

from collections.abc import Mapping
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, Serializer

from loyalty.api.operations import operation
from loyalty.api.serializers import Choice, Items, Pattern, StrictSerializer
from loyalty.errors import Code, Invalid, Violation
from loyalty.identifiers import Identifier
from members.api.members import MODIFY, VIEW_OWN
from members.api.views import MemberViewSet
from members.models import ExternalKind
from members.selectors.identifiers import external_identifiers
from members.services.external_identifiers import replace_external_identifiers


class ExternalIdentifierWrite(StrictSerializer):
    kind = Choice(choices=ExternalKind.choices)
    value = Pattern(r"^[!-~]+\Z")


class ExternalIdentifiersWrite(StrictSerializer):
    """All that the member is to have: what is not named is taken away."""

    externalIdentifiers = Items(child=ExternalIdentifierWrite())

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        kinds = [given["kind"] for given in attrs["externalIdentifiers"]]
        if len(set(kinds)) < len(kinds):
            message = "A member has one identifier of each kind."
            raise Invalid(Violation(Code.NOT_ALLOWED, "externalIdentifiers", message))
        return attrs


class ExternalIdentifierRead(Serializer[Any]):
    kind = CharField()
    value = CharField()


class ExternalIdentifiersRead(Serializer[Any]):
    externalIdentifiers = ExternalIdentifierRead(many=True)


class ExternalIdentifiersViewSet(MemberViewSet):
    @operation(
        "memberGetExternalIdentifier", "Read what other systems call a member", VIEW_OWN,
        answer=ExternalIdentifiersRead, tag="Member",
    )  # fmt: skip
    def retrieve(self, request: Request, member: Identifier) -> Response:
        found = external_identifiers(self.store, self.member(member))
        return Response({"externalIdentifiers": list(found.values("kind", "value"))})

    @operation(
        "memberPutExternalIdentifier", "Set what other systems call a member", MODIFY,
        body=ExternalIdentifiersWrite, status=204, tag="Member",
    )  # fmt: skip
    def update(self, request: Request, member: Identifier) -> Response:
        given = self.body()["externalIdentifiers"]
        replace_external_identifiers(
            self.store,
            member=self.member(member),
            identifiers={ExternalKind(each["kind"]): each["value"] for each in given},
            actor=self.actor,
        )
        return Response(status=204)
