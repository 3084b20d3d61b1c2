"""Subscriptions (Open Loyalty notes, section 8), with formats, secrets and a switch beside it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    IntegerField,
    ListField,
    Serializer,
    UUIDField,
)

from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.search import choice, flag, moment, search, text
from loyalty.api.serializers import Choice, Count, Flag, Items, StrictSerializer, Text, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Access, DisabledReason, Resource, Subscription, WebhookFormat
from loyalty.selectors.webhooks import (
    EVENT_NAMES,
    get_subscription,
    headers_of,
    keys_of,
    listed_subscriptions,
)
from loyalty.services.webhooks.message_types import wix_message_types
from loyalty.services.webhooks.subscriptions import (
    LONGEST_OVERLAP,
    MASK,
    OVERLAP,
    create_subscription,
    delete_subscription,
    rotate_secret,
    set_subscription_active,
    update_subscription,
)
from loyalty.webhooks.addresses import MAX_URL
from loyalty.webhooks.formats import live_keys
from loyalty.webhooks.signing import Key, key_id, public_key

WEBHOOKS, TAG = Resource.WEBHOOK_SUBSCRIPTION, "Webhook"
FORMATS = {
    "openLoyalty": WebhookFormat.OPEN_LOYALTY,
    "standard": WebhookFormat.STANDARD,
    "wix": WebhookFormat.WIX,
}
_FORMAT_NAMES = {stored: name for name, stored in FORMATS.items()}
_REASONS = {
    DisabledReason.BY_HAND: "byHand", DisabledReason.GONE: "gone",
    DisabledReason.FAILING: "failing",
}  # fmt: skip


class CustomHeaderWrite(StrictSerializer):
    headerName = Text(max_length=64)
    headerValue = Text(max_length=1024, allow_blank=True)


class SubscriptionChange(StrictSerializer):
    """`headerName` and `headerValue` are the one header that Open Loyalty had before `headers`."""

    url = Text(max_length=MAX_URL)
    eventName = Text(required=False, max_length=64)
    destinationType = Choice(choices=["rest"], required=False)
    headers = Items(child=CustomHeaderWrite(), required=False, max_length=20)
    headerName = Text(required=False, allow_null=True, max_length=64)
    headerValue = Text(required=False, allow_null=True, allow_blank=True, max_length=1024)
    includeSilent = Flag(required=False)


class SubscriptionWrite(SubscriptionChange):
    """`eventNames` is for several; `format` is openLoyalty, standard or wix."""

    eventNames = Items(child=Text(max_length=64), required=False, max_length=100)
    format = Choice(choices=list(FORMATS), required=False)


class RotationWrite(StrictSerializer):
    """For how long the secret before goes on signing beside the new one."""

    overlapHours = Count(required=False, max_value=LONGEST_OVERLAP // timedelta(hours=1))


class SubscriptionActiveWrite(StrictSerializer):
    active = Flag()


SubscriptionBody = wrapped("webhookSubscription", SubscriptionWrite)
SubscriptionChangeBody = wrapped("webhookSubscription", SubscriptionChange)
RotationBody = wrapped("rotation", RotationWrite)


class SubscriptionMadeRead(Serializer[Any]):
    """`secret` is shown here and never again; Wix's format has a public key instead."""

    webhookSubscriptionId = UUIDField()
    secret = CharField(allow_null=True)
    publicKey = CharField(allow_null=True)


class SecretRead(Serializer[Any]):
    secret = CharField(allow_null=True)
    publicKey = CharField(allow_null=True)
    version = IntegerField()


class CustomHeaderRead(Serializer[Any]):
    headerName = CharField()
    headerValue = CharField()


class PublicKeyRead(Serializer[Any]):
    keyId = CharField()
    publicKey = CharField()
    until = DateTimeField(allow_null=True)


class SubscriptionItemRead(Serializer[Any]):
    webhookSubscriptionId = UUIDField()
    eventName = CharField()
    url = CharField()
    headerName = CharField(allow_null=True)
    headerValue = CharField(allow_null=True)
    legacy = BooleanField()
    createdAt = DateTimeField()
    destinationType = CharField()
    eventNames = ListField(child=CharField())
    format = CharField()
    includeSilent = BooleanField()
    active = BooleanField()
    disabledReason = CharField(allow_null=True)
    disabledAt = DateTimeField(allow_null=True)
    failingSince = DateTimeField(allow_null=True)


class SubscriptionRead(SubscriptionItemRead):
    """The values of headers are credentials, and are not shown."""

    headers = CustomHeaderRead(many=True)
    publicKeys = PublicKeyRead(many=True)


class EventNamesRead(Serializer[Any]):
    """`wixItems` are the names for subscriptions in Wix's format."""

    items = ListField(child=CharField())
    wixItems = ListField(child=CharField())


SubscriptionSearch = search(
    "SubscriptionSearch",
    {
        "url": text("url"),
        "legacy": flag("legacy"),
        "eventName": text("event_name"),
        "createdAt": moment("created_at"),
        "format": choice("format"),
        "active": flag("active"),
    },
)
_COLUMNS = (
    "id", "event_name", "event_names", "url", "format", "include_silent", "legacy", "active",
    "disabled_reason", "disabled_at", "failing_since", "created_at",
)  # fmt: skip


def subscription_item(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "webhookSubscriptionId": row["id"],
        "eventName": row["event_name"],
        "url": row["url"],
        "headerName": None,
        "headerValue": None,
        "legacy": row["legacy"],
        "createdAt": row["created_at"],
        "destinationType": "rest",
        "eventNames": row["event_names"],
        "format": _FORMAT_NAMES[row["format"]],
        "includeSilent": row["include_silent"],
        "active": row["active"],
        "disabledReason": _REASONS.get(row["disabled_reason"]),
        "disabledAt": row["disabled_at"],
        "failingSince": row["failing_since"],
    }


class WebhookSubscriptionsViewSet(StoreViewSet):
    @operation(
        "webhookSubscriptionGetList", "List subscriptions", Need(WEBHOOKS),
        answer=SubscriptionItemRead, many=True, search=SubscriptionSearch, tag=TAG,
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, SubscriptionSearch, self.store)
        return Response(
            answer_page(
                query, listed_subscriptions(self.store), columns=_COLUMNS,
                render=subscription_item, default_order=["created_at"],
            )
        )  # fmt: skip

    @operation(
        "webhookSubscriptionPost", "Subscribe an address to events",
        Need(WEBHOOKS, Access.MODIFY), body=SubscriptionBody, answer=SubscriptionMadeRead, tag=TAG,
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        given = self.body()
        subscription, key = create_subscription(
            self.store,
            event_names=_event_names(given),
            webhook_format=FORMATS[given.get("format", "openLoyalty")],
            actor=self.actor,
            now=timezone.now(),
            **_details(given),
        )
        shown = _shown(subscription, key)
        return Response({"webhookSubscriptionId": subscription.id, **shown})

    @operation(
        "webhookSubscriptionGet", "Read a subscription", Need(WEBHOOKS),
        answer=SubscriptionRead, tag=TAG,
    )  # fmt: skip
    def retrieve(self, request: Request, subscription_id: str) -> Response:
        row = get_subscription(self.store, UUID(subscription_id))
        listed = listed_subscriptions(self.store).filter(id=row.id).values(*_COLUMNS).get()
        headers = [
            {"headerName": name, "headerValue": MASK if value else ""}
            for name, value in headers_of(row)
        ]
        return Response(
            {**subscription_item(listed), "headers": headers, "publicKeys": public_keys(row)}
        )

    @operation(
        "webhookSubscriptionPut", "Change a subscription", Need(WEBHOOKS, Access.MODIFY),
        body=SubscriptionChangeBody, status=204, tag=TAG,
    )  # fmt: skip
    def update(self, request: Request, subscription_id: str) -> Response:
        """What it is told stays: `eventName` is taken if it is the same."""
        row, given = get_subscription(self.store, UUID(subscription_id)), self.body()
        if given.get("eventName", row.event_names[0]) not in row.event_names:
            message = "The event of a subscription cannot be changed."
            raise Invalid(Violation(Code.NOT_ALLOWED, "eventName", message))
        update_subscription(
            self.store, subscription_id=row.id, actor=self.actor, now=timezone.now(),
            **_details(given),
        )  # fmt: skip
        return Response(status=204)

    @operation(
        "webhookSubscriptionDelete", "Delete a subscription", Need(WEBHOOKS, Access.MODIFY),
        status=204, tag=TAG,
    )  # fmt: skip
    def destroy(self, request: Request, subscription_id: str) -> Response:
        delete_subscription(self.store, subscription_id=UUID(subscription_id), actor=self.actor)
        return Response(status=204)

    @operation(
        "webhookSubscriptionActivePost", "Switch a subscription on or off",
        Need(WEBHOOKS, Access.MODIFY), body=SubscriptionActiveWrite, status=204, tag=TAG,
    )  # fmt: skip
    def active(self, request: Request, subscription_id: str) -> Response:
        set_subscription_active(
            self.store, subscription_id=UUID(subscription_id), active=self.body()["active"],
            actor=self.actor, now=timezone.now(),
        )  # fmt: skip
        return Response(status=204)

    @operation(
        "webhookSubscriptionPostSecret", "Give a subscription a new secret",
        Need(WEBHOOKS, Access.MODIFY), body=RotationBody, answer=SecretRead, tag=TAG,
    )  # fmt: skip
    def rotate(self, request: Request, subscription_id: str) -> Response:
        row, given = get_subscription(self.store, UUID(subscription_id)), self.body()
        hours = given.get("overlapHours")
        key = rotate_secret(
            self.store, subscription_id=row.id, actor=self.actor, now=timezone.now(),
            overlap=OVERLAP if hours is None else timedelta(hours=hours),
        )  # fmt: skip
        return Response({**_shown(row, key), "version": key.version})

    @operation(
        "webhookEventGetList", "The events that there are", Need(WEBHOOKS),
        answer=EventNamesRead, tag=TAG,
    )  # fmt: skip
    def events(self, request: Request) -> Response:
        return Response({"items": EVENT_NAMES, "wixItems": sorted(wix_message_types())})


def public_keys(row: Subscription) -> list[dict[str, Any]]:
    """Those that sign now or will soon; none, unless the format is Wix's."""
    if row.format != WebhookFormat.WIX:
        return []
    return [
        {
            "keyId": key_id(key.version),
            "publicKey": public_key(key.secret),
            "until": key.until,
        }
        for key in live_keys(keys_of(row), timezone.now())
    ]


def _event_names(given: Mapping[str, Any]) -> Any:
    names = [given["eventName"]] if "eventName" in given else []
    names += given.get("eventNames", [])
    if not names:
        raise Invalid(Violation(Code.MISSING, "eventName", "This field is missing."))
    return names


def _details(given: Mapping[str, Any]) -> dict[str, Any]:
    details: dict[str, Any] = {"url": given["url"]}
    if "includeSilent" in given:
        details["include_silent"] = given["includeSilent"]
    if "headers" in given:
        details["headers"] = [
            (header["headerName"], header["headerValue"]) for header in given["headers"]
        ]
    elif given.get("headerName"):
        details["headers"] = [(given["headerName"], given.get("headerValue") or "")]
    return details


def _shown(row: Subscription, key: Key) -> dict[str, Any]:
    if row.format == WebhookFormat.WIX:
        return {"secret": None, "publicKey": public_key(key.secret)}
    return {"secret": key.secret, "publicKey": None}
