"""Points on the wire (Open Loyalty notes, section 7.6)."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    FloatField,
    IntegerField,
    Serializer,
    UUIDField,
)

from loyalty.api.errors import open_loyalty_body, refusal_for
from loyalty.api.serializers import Choice, Count, Items, Moment, StrictSerializer, Text, wrapped
from loyalty.errors import Code, Invalid, NotFound, Violation
from loyalty.identifiers import Identifier
from members.api.identifiers import MemberConverter
from members.models import DEFAULT_WALLET, PointsKind
from members.services.booking import LONGEST_VALIDITY

_MEMBER = re.compile(rf"(?:{MemberConverter.regex}|walletAddress=.{{1,255}})\Z")
MAX_BATCH = 1000


class MemberName(Text):
    """A member as URLs name them: a UUID, `email=…`, `phone=…`, `loyaltyCardNumber=…`; or
    `walletAddress=…`.  Read as an `Identifier`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=300, **kwargs)

    def run_validation(self, data: Any = serializers.empty) -> Any:
        text = super().run_validation(data)
        if not _MEMBER.match(text):
            raise ValidationError("This value is not valid.", Code.PATTERN)
        return Identifier.parse(text)


@extend_schema_field(OpenApiTypes.NUMBER)
class Points(serializers.Field[Decimal, Any, Any, Any]):
    """A number of points, exactly as it is written."""

    default_error_messages = {
        "required": "This field is missing.",
        "null": "This value should not be null.",
        "invalid": "This value should be of type float.",
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, int | float) or isinstance(data, bool):
            self.fail("invalid")
        return Decimal(str(data))


class NoLock(Count):
    """Points that do not count at first do not exist here: 0 days, or a refusal."""

    default_error_messages = {
        **Count.default_error_messages,
        "max_value": "Points cannot be locked: they count from the moment that they are added.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_value=0, **kwargs)


class SpendWrite(StrictSerializer):
    """`requestedAt` is when it happened, by default now."""

    customer = MemberName()
    points = Points()
    walletCode = Text(required=False, max_length=64)
    comment = Text(required=False, allow_blank=True, max_length=1024)
    externalTransferId = Text(required=False)
    requestedAt = Moment(required=False)


class AddWrite(SpendWrite):
    """Without `expiresInDays` the points never expire.  A day has 24 hours."""

    expiresInDays = Count(required=False, min_value=1, max_value=LONGEST_VALIDITY)
    lockedUntilDays = NoLock(required=False)


AddBody = wrapped("transfer", AddWrite)
SpendBody = wrapped("transfer", SpendWrite)


class TransferWrite(AddWrite):
    """One of many; only what is added may expire."""

    type = Choice(choices=[PointsKind.ADDING, PointsKind.SPENDING])

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        wrong = [name for name in ("expiresInDays", "lockedUntilDays") if name in attrs]
        if attrs["type"] == PointsKind.SPENDING and wrong:
            message = "This form should not contain extra fields."
            raise ValidationError(
                {name: [ErrorDetail(message, Code.UNKNOWN_FIELD)] for name in wrong}
            )
        return attrs


class EachAlone(Items):
    """A list whose elements are judged one by one: in place of a bad one stands its error."""

    def run_child_validation(self, data: Any) -> list[Any]:
        return [self._judged(item) for item in data]

    def _judged(self, item: Any) -> Any:
        assert self.child is not None  # noqa: S101 (it is given where the list is declared)
        try:
            return self.child.run_validation(item)
        except ValidationError as error:
            return error


class BatchWrite(StrictSerializer):
    """What cannot be booked is answered with its errors, and keeps nothing else from it."""

    transfers = EachAlone(child=TransferWrite(), max_length=MAX_BATCH)


class TransferIdRead(Serializer[Any]):
    transferId = UUIDField()


class ErrorRead(Serializer[Any]):
    message = CharField()
    parameters = serializers.DictField()
    plural = IntegerField(allow_null=True)
    code = CharField()
    path = CharField()


# `errors` is also the name of something that serializers have, so no class statement can say it.
BookedRead = type(
    "BookedRead",
    (Serializer,),
    {
        "index": IntegerField(),
        "transferId": UUIDField(required=False),
        "errors": ErrorRead(many=True, required=False),
        "__doc__": "Either `transferId` or `errors`; `index` is the place in the list that was"
        " sent, from 0.",
    },
)


class BatchRead(Serializer[Any]):
    transfers = BookedRead(many=True)


class TransferRead(Serializer[Any]):
    """`value` has no sign; `amount` is what it does to the balance.

    `createdAt` is when we learned of it, `requestedAt` when it happened, and `undoes` the transfer
    that a line of type `cancelling` or `expired` takes back.
    """

    transferId = UUIDField()
    type = CharField()
    value = FloatField()
    amount = FloatField()
    customerId = UUIDField()
    walletCode = CharField()
    comment = CharField()
    externalTransferId = CharField(allow_null=True)
    cancelled = BooleanField()
    pending = BooleanField()
    createdAt = DateTimeField()
    requestedAt = DateTimeField()
    expiresAt = DateTimeField(allow_null=True)
    undoes = UUIDField(allow_null=True)
    createdBy = CharField()


TRANSFER_COLUMNS = (
    "id", "kind", "value", "amount", "member_id", "wallet", "comment", "external_id",
    "cancelled", "recorded_at", "occurred_at", "expires_at", "undoes_id", "actor_label",
)  # fmt: skip


def transfer_read(row: Mapping[str, Any]) -> dict[str, Any]:
    """`row` holds `TRANSFER_COLUMNS`."""
    return {
        "transferId": row["id"],
        "type": row["kind"],
        "value": number(row["value"]),
        "amount": number(row["amount"]),
        "customerId": row["member_id"],
        "walletCode": row["wallet"],
        "comment": row["comment"],
        "externalTransferId": row["external_id"],
        "cancelled": row["cancelled"],
        "pending": False,
        "createdAt": row["recorded_at"],
        "requestedAt": row["occurred_at"],
        "expiresAt": row["expires_at"],
        "undoes": row["undoes_id"],
        "createdBy": row["actor_label"],
    }


def number(amount: Decimal) -> int | float:
    """As JSON has numbers; whole ones without a point."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def errors_read(error: ValidationError | Invalid | NotFound) -> list[dict[str, Any]]:
    """The errors of one element, as they would be if it had been sent alone."""
    if isinstance(error, NotFound):
        error = Invalid(Violation(Code.CHOICE, "customer", "There is no such member."))
    errors: list[dict[str, Any]] = open_loyalty_body(refusal_for(error))["errors"]
    return errors


def wallet_code(given: Mapping[str, Any]) -> str:
    return str(given.get("walletCode", DEFAULT_WALLET))
