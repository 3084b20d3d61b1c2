"""What a subscription was told, and telling it again."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    DictField,
    IntegerField,
    Serializer,
    UUIDField,
)

from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.resources.webhooks import TAG, WEBHOOKS
from loyalty.api.search import choice, moment, number, search, text
from loyalty.api.serializers import Flag, Moment, StrictSerializer, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.models import Access, Delivery, DeliveryAttempt, Subscription
from loyalty.selectors.webhooks import (
    attempts_at,
    deliveries_of,
    get_delivery,
    get_subscription,
    message_of,
)
from loyalty.services.webhooks.redelivery import redeliver, redeliver_range, send_test


class RangeWrite(StrictSerializer):
    """What happened from `from` until before `to`; `onlyDead`: of that what was given up."""

    to = Moment()
    onlyDead = Flag(required=False)

    def get_fields(self) -> dict[str, Any]:
        return {"from": Moment(), **super().get_fields()}


RangeBody = wrapped("redelivery", RangeWrite)


class DeliveryItemRead(Serializer[Any]):
    """`state` is queued, delivered or dead; a message that is queued has a next attempt."""

    messageId = UUIDField()
    eventName = CharField()
    sequence = IntegerField(allow_null=True)
    state = CharField()
    attempts = IntegerField()
    lastStatus = IntegerField(allow_null=True)
    createdAt = DateTimeField()
    queuedAt = DateTimeField()
    nextAttemptAt = DateTimeField(allow_null=True)
    finishedAt = DateTimeField(allow_null=True)


class AttemptRead(Serializer[Any]):
    """`response` is the beginning of what the receiver answered."""

    requestId = UUIDField()
    createdAt = DateTimeField()
    milliseconds = IntegerField()
    status = IntegerField(allow_null=True)
    error = CharField(allow_null=True)
    response = CharField(allow_blank=True)


class DeliveryRead(DeliveryItemRead):
    """`payload` is what the message says."""

    payload = DictField()
    log = AttemptRead(many=True)


class QueuedRead(Serializer[Any]):
    queued = IntegerField()


class TestRead(Serializer[Any]):
    messageId = UUIDField()


DeliverySearch = search(
    "DeliverySearch",
    {
        "eventName": text("message_type"),
        "state": choice("state"),
        "createdAt": moment("happened_at"),
        "queuedAt": moment("queued_at"),
        "lastStatus": number("last_status"),
    },
)
_COLUMNS = (
    "id", "message_type", "event_sequence", "state", "attempts", "last_status", "happened_at",
    "queued_at", "next_attempt_at", "finished_at",
)  # fmt: skip


def delivery_item(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "messageId": row["id"],
        "eventName": row["message_type"],
        "sequence": row["event_sequence"],
        "state": row["state"],
        "attempts": row["attempts"],
        "lastStatus": row["last_status"],
        "createdAt": row["happened_at"],
        "queuedAt": row["queued_at"],
        "nextAttemptAt": row["next_attempt_at"] if row["state"] == "queued" else None,
        "finishedAt": row["finished_at"],
    }


def attempt_read(row: DeliveryAttempt) -> dict[str, Any]:
    return {
        "requestId": row.id,
        "createdAt": row.at,
        "milliseconds": row.milliseconds,
        "status": row.status,
        "error": row.error or None,
        "response": row.answer,
    }


class WebhookDeliveriesViewSet(StoreViewSet):
    @operation(
        "webhookDeliveryGetList", "List what a subscription was told", Need(WEBHOOKS),
        answer=DeliveryItemRead, many=True, search=DeliverySearch, tag=TAG,
    )  # fmt: skip
    def list(self, request: Request, subscription_id: str) -> Response:
        query = read_list_query(request.query_params, DeliverySearch, self.store)
        rows = deliveries_of(self.store, self._subscription(subscription_id))
        return Response(
            answer_page(
                query, rows, columns=_COLUMNS, render=delivery_item, default_order=["-queued_at"]
            )
        )

    @operation(
        "webhookDeliveryGet", "Read a message and its attempts", Need(WEBHOOKS),
        answer=DeliveryRead, tag=TAG,
    )  # fmt: skip
    def retrieve(self, request: Request, subscription_id: str, message_id: str) -> Response:
        subscription = self._subscription(subscription_id)
        delivery = self._delivery(subscription, message_id)
        return Response(
            {
                **delivery_item({name: getattr(delivery, name) for name in _COLUMNS}),
                "payload": message_of(self.store, delivery, subscription).data,
                "log": [attempt_read(row) for row in attempts_at(delivery)[:100]],
            }
        )

    @operation(
        "webhookDeliveryPostRedeliver", "Send a message again",
        Need(WEBHOOKS, Access.MODIFY), status=204, tag=TAG,
    )  # fmt: skip
    def redeliver_one(self, request: Request, subscription_id: str, message_id: str) -> Response:
        delivery = self._delivery(self._subscription(subscription_id), message_id)
        redeliver(self.store, delivery=delivery, actor=self.actor)
        return Response(status=204)

    @operation(
        "webhookSubscriptionPostRedeliver", "Send what happened in a time, again or at last",
        Need(WEBHOOKS, Access.MODIFY), body=RangeBody, answer=QueuedRead, tag=TAG,
    )  # fmt: skip
    def redeliver_range(self, request: Request, subscription_id: str) -> Response:
        subscription, given = self._subscription(subscription_id), self.body()
        queued = redeliver_range(
            self.store, subscription_id=subscription.id, begin=given["from"], end=given["to"],
            only_dead=given.get("onlyDead", False), actor=self.actor,
        )  # fmt: skip
        return Response({"queued": queued})

    @operation(
        "webhookSubscriptionPostTest", "Send a message that is only a test",
        Need(WEBHOOKS, Access.MODIFY), answer=TestRead, tag=TAG,
    )  # fmt: skip
    def test(self, request: Request, subscription_id: str) -> Response:
        delivery = send_test(
            self.store, subscription_id=self._subscription(subscription_id).id, actor=self.actor,
            now=timezone.now(),
        )  # fmt: skip
        return Response({"messageId": delivery.id})

    def _subscription(self, subscription_id: str) -> Subscription:
        return get_subscription(self.store, UUID(subscription_id))

    def _delivery(self, subscription: Subscription, message_id: str) -> Delivery:
        return get_delivery(self.store, subscription, UUID(message_id))
