"""The store's events, in order: as a feed to pull, and as a stream for a live page."""

from collections.abc import Mapping
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    ChoiceField,
    DateTimeField,
    DictField,
    IntegerField,
    Serializer,
    UUIDField,
)

from loyalty.api.operations import Need, operation
from loyalty.api.serializers import StrictSerializer
from loyalty.api.streaming import EventStream
from loyalty.api.views import StoreViewSet
from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Event, Resource, Store
from loyalty.selectors.events import event_horizon, settled_page
from loyalty.selectors.webhooks import EVENT_NAMES, data_of

VIEW = Need(Resource.EVENT)
TAG = "Event (Rosette)"
MAX_SEQUENCE = 2**63 - 1
LIMIT, MAX_LIMIT = 100, 1000


class FeedQuery(StrictSerializer):
    after = IntegerField(min_value=0, max_value=MAX_SEQUENCE, required=False)
    name = ChoiceField(choices=EVENT_NAMES, required=False)
    limit = IntegerField(min_value=1, max_value=MAX_LIMIT, default=LIMIT)


class StreamQuery(StrictSerializer):
    after = IntegerField(min_value=0, max_value=MAX_SEQUENCE, required=False)
    name = ChoiceField(choices=EVENT_NAMES, required=False)


class EventRead(Serializer[Any]):
    """`data` is what webhooks say, too."""

    sequence = IntegerField()
    eventId = UUIDField()
    eventName = CharField()
    storeCode = CharField()
    createdAt = DateTimeField()
    data = DictField()  # type: ignore[assignment]


class FeedRead(Serializer[Any]):
    """`next`: the `after` of the next call, which may come at once if there are `limit` items."""

    items = EventRead(many=True)
    next = IntegerField()


def event_read(event: Event, store: Store) -> Mapping[str, Any]:
    return {
        "sequence": event.sequence,
        "eventId": event.id,
        "eventName": event.name,
        "storeCode": store.code,
        "createdAt": event.recorded_at,
        "data": data_of(event),
    }


class FeedViewSet(StoreViewSet):
    @operation(
        "eventGetFeed", "Return what happened after a sequence, in order and without gaps", VIEW,
        query=FeedQuery, answer=FeedRead, tag=TAG,
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        asked = self.query()
        page = settled_page(
            self.store, after=asked.get("after", 0), name=asked.get("name"), limit=asked["limit"]
        )
        items = [event_read(event, self.store) for event in page.events]
        return Response({"items": items, "next": page.next})

    @operation(
        "eventGetStream", "Follow what happens, as server-sent events", VIEW,
        query=StreamQuery, file_type="text/event-stream", is_stream=True, tag=TAG,
    )  # fmt: skip
    def stream(self, request: Request) -> StreamingHttpResponse:
        """From `Last-Event-ID` or `after` on, or from now if neither is given."""
        asked = self.query()
        after = _last_seen(request)
        if after is None:
            after = asked.get("after")
        stream = EventStream(
            self.store,
            after=event_horizon() if after is None else after,
            name=asked.get("name"),
            render=lambda event: event_read(event, self.store),
        )
        return StreamingHttpResponse(
            stream,
            content_type="text/event-stream; charset=utf-8",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )


def _last_seen(request: Request) -> int | None:
    """What a browser sends by itself when it connects again."""
    given = request.headers.get("Last-Event-ID")
    if not given:
        return None
    if not (given.isascii() and given.isdigit() and len(given) < 20 and int(given) <= MAX_SEQUENCE):
        raise Invalid(Violation(Code.TYPE, "Last-Event-ID", "This value should be of type int."))
    return int(given)
