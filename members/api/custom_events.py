"""Custom events (Open Loyalty notes, section 7.4); batches are Rosette's own."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    DictField,
    FloatField,
    Serializer,
    UUIDField,
)

from loyalty.api import scrolling
from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.reading import Reading, Shape, mapping, moment, text
from loyalty.api.scrolling import answer_scroll
from loyalty.api.serializers import Items, Moment, StrictSerializer, Text, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.models import Access, Resource
from members.api.activity_reading import (
    MAX_BATCH,
    CustomerDataRead,
    CustomerDataWrite,
    batch_read,
    customer,
    identifiers_of,
    take_many,
    take_one,
)
from members.api.activity_search import CustomEventSearch
from members.selectors.activity import (
    CUSTOMER_COLUMNS,
    custom_events,
    customer_of,
    get_custom_event,
)
from members.services.custom_events import GivenEvent, take_custom_events

VIEW = Need(Resource.CUSTOM_EVENT)
MODIFY = Need(Resource.CUSTOM_EVENT, Access.MODIFY)


class EventWrite(StrictSerializer):
    """`body` is held against the schema of the type.  An `eventId` is taken once, for ever."""

    type = Text()
    eventDate = Moment()
    customerData = CustomerDataWrite(required=False, allow_null=True)
    body = DictField(required=False, allow_null=True)
    eventId = Text(required=False, allow_null=True)


EventBody = wrapped("event", EventWrite)


class EventBatchBody(StrictSerializer):
    events = Items(child=EventWrite(), max_length=MAX_BATCH, min_length=1)


# What the two above describe, read fast.
EVENT = Shape(
    {
        "type": text(),
        "eventDate": moment,
        "customerData": customer,
        "body": mapping,
        "eventId": text(),
    },
    required=["type", "eventDate"],
    nullable=["customerData", "body", "eventId"],
)


def read_event(reading: Reading, value: Any, path: str) -> GivenEvent | None:
    given = EVENT(reading, value, path)
    if given is None:
        return None
    return GivenEvent(
        type=given["type"],
        occurred_at=given["eventDate"],
        identifiers=identifiers_of(given.get("customerData", {})),
        body=given.get("body", {}),
        event_id=given.get("eventId", ""),
    )


class CustomEventIdRead(Serializer[Any]):
    customEventId = UUIDField()


CustomEventBatchRead = batch_read("CustomEvent", "events", "customEventId")


class CustomEventRead(Serializer[Any]):
    """`value` is what sums of this activity are made of."""

    customEventId = UUIDField()
    customerId = UUIDField(allow_null=True)
    type = CharField()
    eventName = CharField(allow_null=True)
    customerData = CustomerDataRead()
    body = DictField()
    value = FloatField()
    eventDate = DateTimeField()
    createdAt = DateTimeField()
    eventId = CharField(allow_null=True)


class CustomEventsViewSet(StoreViewSet):
    @operation(
        "customEventGetList", "List custom events", VIEW,
        answer=CustomEventRead, many=True, search=CustomEventSearch, tag="Custom Event",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(
            request.query_params, CustomEventSearch, self.store, also=[scrolling.PARAMETER]
        )
        token, rows = request.query_params.get(scrolling.PARAMETER), custom_events(self.store)
        shape: dict[str, Any] = {"columns": _COLUMNS, "render": _event_read}
        if token is not None:
            return Response(answer_scroll(query, token, rows, moment="received_at", **shape))
        return Response(answer_page(query, rows, default_order=["-received_at"], **shape))

    @operation(
        "customEventPost", "Add a custom event", MODIFY,
        body=EventBody, answer=CustomEventIdRead, tag="Custom Event",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        taken = take_one(request, self.store, wrapper="event", read=read_event, take=self._take)
        return Response({"customEventId": taken})

    @operation(
        "customEventPostBatch", f"Add up to {MAX_BATCH} custom events; those that are good", MODIFY,
        body=EventBatchBody, answer=CustomEventBatchRead, tag="Custom Event",
    )  # fmt: skip
    def create_many(self, request: Request) -> Response:
        return Response(
            take_many(
                request, self.store, wrapper="events", read=read_event, take=self._take,
                key="customEventId",
            )
        )  # fmt: skip

    @operation(
        "customEventGet", "Read a custom event", VIEW, answer=CustomEventRead, tag="Custom Event"
    )
    def retrieve(self, request: Request, custom_event_id: str) -> Response:
        return Response(_event_read(get_custom_event(self.store, custom_event_id, _COLUMNS)))

    def _take(self, events: Any) -> Any:
        return take_custom_events(self.store, events=events, actor=self.actor, now=timezone.now())


_COLUMNS = (
    "id", "type", "event_name", "attributes", "value", "occurred_at", "received_at",
    "external_id", *CUSTOMER_COLUMNS,
)  # fmt: skip


def _event_read(row: Mapping[str, Any]) -> dict[str, Any]:
    own_id = str(row["id"])
    return {
        "customEventId": own_id,
        "customerId": row["member_id"],
        "type": row["type"],
        "eventName": row["event_name"],
        "customerData": customer_of(row),
        "body": row["attributes"],
        "value": float(row["value"]),
        "eventDate": row["occurred_at"],
        "createdAt": row["received_at"],
        # One that was sent without an id has its own in its place.
        "eventId": None if row["external_id"] == own_id else row["external_id"],
    }
