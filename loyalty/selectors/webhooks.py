"""Find subscriptions, what they were told, and how that went."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet, Value

from loyalty.errors import NotFound
from loyalty.models import (
    Delivery,
    DeliveryAttempt,
    DisabledReason,
    Event,
    EventName,
    Store,
    Subscription,
)
from loyalty.sealing import unseal
from loyalty.webhooks.messages import Endpoint, Message
from loyalty.webhooks.signing import Key

# What belongs to no store is nobody's to be told.
_OF_NO_STORE = {
    EventName.ADMINISTRATOR_CREATED, EventName.ADMINISTRATOR_UPDATED,
    EventName.ADMINISTRATOR_PASSWORD_CHANGED, EventName.API_KEY_CREATED,
    EventName.API_KEY_UPDATED, EventName.API_KEY_REVOKED, EventName.ROLE_CREATED,
    EventName.ROLE_UPDATED, EventName.ROLE_DELETED,
}  # fmt: skip
EVENT_NAMES: Sequence[str] = tuple(
    sorted(str(name) for name in EventName if name not in _OF_NO_STORE)
)


def get_subscription(store: Store, subscription_id: UUID) -> Subscription:
    """Raises `NotFound`."""
    found = Subscription.for_store(store).filter(id=subscription_id).first()
    if found is None:
        raise NotFound
    return found


def listed_subscriptions(store: Store) -> QuerySet[Any]:
    """With `event_name`, the first of the names, by which Open Loyalty knows a subscription."""
    return Subscription.for_store(store).annotate(
        event_name=F("event_names__0"), legacy=Value(False)
    )


def switched_off_by_failures(stores: QuerySet[Store]) -> QuerySet[Subscription]:
    """Those that somebody should look at, with their stores."""
    found = Subscription.across_stores.filter(store__in=stores, active=False)
    return found.exclude(disabled_reason=DisabledReason.BY_HAND).select_related("store")


def deliveries_of(store: Store, subscription: Subscription) -> QuerySet[Delivery]:
    return Delivery.for_store(store).filter(subscription_id=subscription.id)


def get_delivery(store: Store, subscription: Subscription, delivery_id: UUID) -> Delivery:
    """Raises `NotFound`."""
    found = deliveries_of(store, subscription).filter(id=delivery_id).first()
    if found is None:
        raise NotFound
    return found


def attempts_at(delivery: Delivery) -> QuerySet[DeliveryAttempt]:
    """The latest first."""
    return DeliveryAttempt.for_delivery(delivery).order_by("-at")


def keys_of(subscription: Subscription) -> list[Key]:
    """Every secret that it has, the newest last."""
    return [
        Key(
            each["version"],
            each["secret"],
            datetime.fromisoformat(each["until"]) if each["until"] else None,
        )
        for each in json.loads(unseal(bytes(subscription.sealed_keys)))
    ]


def headers_of(subscription: Subscription) -> list[tuple[str, str]]:
    return [(name, value) for name, value in json.loads(unseal(bytes(subscription.sealed_headers)))]


def endpoint_of(subscription: Subscription, store_code: str) -> Endpoint:
    return Endpoint(
        subscription.id, subscription.store_id, store_code, subscription.url, subscription.format,
        headers_of(subscription), keys_of(subscription),
    )  # fmt: skip


def data_of(event: Event) -> dict[str, Any]:
    """What is told of an event.  Of persons there is the id, as in the log."""
    data: dict[str, Any] = {
        **event.data,
        "event": {
            "eventId": str(event.id),
            "sequence": event.sequence,
            "subjectType": event.subject_kind,
            "subjectId": event.subject_id,
            "actorType": event.actor_kind,
            "source": event.source,
        },
    }
    if event.member_id is not None:
        data["member"] = {"customerId": str(event.member_id)}
    return data


def message_of(store: Store, delivery: Delivery, subscription: Subscription) -> Message:
    """As it is sent; for whoever wants to see it."""
    event = Event.for_store(store).filter(sequence=delivery.event_sequence or 0).first()
    data = delivery.payload if event is None or delivery.payload is not None else data_of(event)
    return Message(
        delivery.id, endpoint_of(subscription, store.code), delivery.message_type,
        delivery.happened_at, data or {},
    )  # fmt: skip
