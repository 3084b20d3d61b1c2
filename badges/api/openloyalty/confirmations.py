"""What other systems say that a member did (Rosette's own)."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BooleanField, CharField, Serializer, UUIDField

from badges.selectors.rules import get_rule
from badges.services.confirmations import (
    MAX_COMPLETION_ID,
    complete_rule,
    confirm,
    withdraw_completion,
    withdraw_confirmation,
)
from loyalty.api.operations import Need, operation
from loyalty.api.serializers import Email, Moment, Pattern, StrictSerializer, Text, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.errors import Code, Invalid, NotFound, Violation
from loyalty.identifiers import UUID_PATTERN, Identifier
from loyalty.models import Access, Resource
from members.models import Member
from members.selectors.identifiers import member_ids
from members.selectors.members import get_member

TELL = Need(Resource.CUSTOM_EVENT, Access.MODIFY)
TAG = "Confirmation (Rosette)"

MAX_KEY = 200  # As long as the key of a condition.
_COMPLETION = rf"^[A-Za-z0-9._:-]{{1,{MAX_COMPLETION_ID}}}\Z"


class ToldOfWrite(StrictSerializer):
    """Any of these; the first that is given, in this order, names the member."""

    customerId = Pattern(rf"^{UUID_PATTERN}\Z", required=False)
    email = Email(required=False)
    phone = Pattern(r"^[0-9+]{1,32}\Z", required=False)
    loyaltyCardNumber = Pattern(r"^[0-9a-zA-Z._-]{1,255}\Z", required=False)
    walletAddress = Pattern(r"^[!-~]+\Z", required=False)

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        if not attrs:
            raise Invalid(Violation(Code.MISSING, "customerData", "Say who the member is."))
        return attrs


class CompletionWrite(StrictSerializer):
    """A `completionId` counts once for the rule, for ever."""

    customerData = ToldOfWrite()
    completedAt = Moment(required=False)
    completionId = Pattern(_COMPLETION, required=False)


class CompletionNamed(StrictSerializer):
    completionId = Pattern(_COMPLETION)


class ConfirmationWrite(StrictSerializer):
    key = Text(max_length=MAX_KEY)
    customerData = ToldOfWrite()
    confirmedAt = Moment(required=False)


class ConfirmationNamed(StrictSerializer):
    key = Text(max_length=MAX_KEY)
    customerData = ToldOfWrite()


CompletionBody = wrapped("completion", CompletionWrite)
CompletionNamedBody = wrapped("completion", CompletionNamed)
ConfirmationBody = wrapped("confirmation", ConfirmationWrite)
ConfirmationNamedBody = wrapped("confirmation", ConfirmationNamed)


class CompletionRead(Serializer[Any]):
    """`isNew` is false if this was said before."""

    completionId = CharField()
    activityId = UUIDField()
    isNew = BooleanField()


class ConfirmationRead(Serializer[Any]):
    """`isNew` is false if it stood confirmed before."""

    activityId = UUIDField()
    isNew = BooleanField()


class _Telling(StoreViewSet):
    def _member(self, given: Mapping[str, str]) -> Member:
        """Raises `NotFound` if nobody is called so."""
        key, value = next(iter(given.items()))
        named = ("id" if key == "customerId" else key, value)
        found = member_ids(self.store, [named]).get(named)
        if found is None:
            raise NotFound
        return get_member(self.store, Identifier("id", str(found)))


class CompletionsViewSet(_Telling):
    @operation(
        "rulePostComplete", "Say that a member has completed a rule", TELL,
        body=CompletionBody, answer=CompletionRead, tag=TAG,
    )  # fmt: skip
    def complete(self, request: Request, rule_id: str) -> Response:
        given = self.body()
        said = complete_rule(
            self.store,
            rule=get_rule(self.store, rule_id),
            member=self._member(given["customerData"]),
            completed_at=given.get("completedAt"),
            completion_id=given.get("completionId", ""),
            actor=self.actor,
            now=timezone.now(),
        )
        completion_id = said.external_id.partition(":")[2]
        return Response(
            {"completionId": completion_id, "activityId": said.activity_id, "isNew": said.is_new}
        )

    @operation(
        "rulePostWithdraw", "Take a completion of a rule back", TELL,
        body=CompletionNamedBody, status=204, tag=TAG,
    )  # fmt: skip
    def withdraw(self, request: Request, rule_id: str) -> Response:
        withdraw_completion(
            self.store,
            rule=get_rule(self.store, rule_id),
            completion_id=self.body()["completionId"],
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)


class ConfirmationsViewSet(_Telling):
    @operation(
        "confirmationPost", "Confirm something about a member", TELL,
        body=ConfirmationBody, answer=ConfirmationRead, tag=TAG,
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        given = self.body()
        said = confirm(
            self.store,
            key=given["key"],
            member=self._member(given["customerData"]),
            confirmed_at=given.get("confirmedAt"),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"activityId": said.activity_id, "isNew": said.is_new})

    @operation(
        "confirmationPostWithdraw", "Take a confirmation back", TELL,
        body=ConfirmationNamedBody, status=204, tag=TAG,
    )  # fmt: skip
    def withdraw(self, request: Request) -> Response:
        given = self.body()
        withdraw_confirmation(
            self.store,
            key=given["key"],
            member=self._member(given["customerData"]),
            actor=self.actor,
            now=timezone.now(),
        )
        return Response(status=204)
