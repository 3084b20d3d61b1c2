"""Activity on its way in: what is common to custom events and transactions."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from rest_framework.request import Request
from rest_framework.serializers import CharField, IntegerField, Serializer, UUIDField

from loyalty.api.errors import violation_body
from loyalty.api.openapi import ViolationRead
from loyalty.api.reading import Reading, Shape, email, read_many, read_one, text, uuid
from loyalty.api.serializers import Email, Pattern, StrictSerializer
from loyalty.errors import Invalid
from loyalty.models import Store
from members.models import CARD_NUMBER, PHONE
from members.services.custom_events import Taken

Given = TypeVar("Given")
Read = Callable[[Reading, Any, str], Given | None]
Take = Callable[[Sequence[Given]], Sequence[Taken]]

MAX_BATCH = 1000

IDENTIFIERS = {
    "customerId": uuid,
    "email": email,
    "phone": text(most=32, pattern=PHONE),
    "loyaltyCardNumber": text(pattern=CARD_NUMBER),
}
customer = Shape(IDENTIFIERS, nullable=[*IDENTIFIERS])


class CustomerDataWrite(StrictSerializer):
    """The first that names a member counts.  If none does, the activity waits for its member."""

    customerId = Pattern(r"^[0-9a-fA-F-]{36}\Z", required=False, allow_null=True)
    email = Email(required=False, allow_null=True)
    phone = Pattern(rf"^{PHONE}\Z", required=False, allow_null=True, max_length=32)
    loyaltyCardNumber = Pattern(rf"^{CARD_NUMBER}\Z", required=False, allow_null=True)


class CustomerDataRead(Serializer[Any]):
    """Of an activity that waits for its member, what was sent."""

    customerId = CharField(required=False)
    email = CharField(required=False)
    phone = CharField(required=False)
    loyaltyCardNumber = CharField(required=False)


def batch_read(name: str, wrapper: str, key: str) -> type[Serializer[Any]]:
    """The answer to a batch: one element for each that was sent, in their order."""
    item = type(
        f"{name}TakenRead",
        (Serializer,),
        {
            "index": IntegerField(),
            key: UUIDField(required=False),
            "errors": ViolationRead(many=True, required=False),
            "__doc__": f"Either `{key}` or `errors`; `index` is the place in the list that was"
            " sent, from 0, and paths of errors begin at the element.",
        },
    )
    return type(f"{name}BatchRead", (Serializer,), {wrapper: item(many=True)})


def identifiers_of(given: Mapping[str, Any]) -> dict[str, str]:
    return {key: str(given[key]) for key in IDENTIFIERS if given.get(key)}


def take_one(
    request: Request, store: Store, *, wrapper: str, read: Read[Given], take: Take[Given]
) -> UUID:
    """The id of the thing in the body; raises `Invalid` if it is refused."""
    given = read_one(request.data, wrapper, read, ZoneInfo(store.timezone))
    assert given is not None, "What is not read leaves a fault."  # noqa: S101
    (taken,) = take([given])
    if taken.id is None:
        raise Invalid(*(fault.below(wrapper) for fault in taken.faults))
    return taken.id


def take_many(
    request: Request, store: Store, *, wrapper: str, read: Read[Given], take: Take[Given], key: str
) -> dict[str, Any]:
    """What became of each thing in the body.  Those that are good are taken, whatever others are.

    Raises `Invalid` if the body is not a list of things at all.
    """
    zone = ZoneInfo(store.timezone)
    found = read_many(request.data, wrapper, read, zone, most=MAX_BATCH)
    good = {index: each for index, each in enumerate(found) if not isinstance(each, list)}
    taken = dict(zip(good, take([each for each in good.values() if each is not None]), strict=True))
    return {wrapper: [_taken_read(index, key, taken.get(index, each))
                      for index, each in enumerate(found)]}  # fmt: skip


def _taken_read(index: int, key: str, answer: Any) -> dict[str, Any]:
    if isinstance(answer, Taken) and answer.id is not None:
        return {"index": index, key: answer.id}
    faults = answer.faults if isinstance(answer, Taken) else answer
    return {"index": index, "errors": [violation_body(fault) for fault in faults]}
