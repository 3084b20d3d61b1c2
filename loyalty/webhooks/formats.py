"""The three forms in which a message leaves: its body and the headers that sign it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from yarl import URL

from loyalty.webhooks.messages import OPEN_LOYALTY, STANDARD, WIX, Message, Request
from loyalty.webhooks.signing import (
    Key,
    open_loyalty_signature,
    standard_signature,
    wix_token,
)

_JSON = "application/json"
# How long a Wix token is good for; receivers check it when they read it.
_TOKEN_LIFE = timedelta(hours=1)


def request_for(message: Message, request_id: UUID, now: datetime) -> Request:
    """The attempt of that id, signed as of now with the keys that are live then."""
    body = body_of(message, request_id, now)
    headers = {
        **dict(message.endpoint.headers),
        "Content-Type": "text/plain" if message.endpoint.format == WIX else _JSON,
        "User-Agent": "Rosette-Webhooks/1.0",
        "Accept": "*/*",
        "Accept-Encoding": "identity",
        **_signatures(message, request_id, now, body),
    }
    return Request(request_id, headers, body)


def body_of(message: Message, request_id: UUID, now: datetime) -> bytes:
    if message.endpoint.format == WIX:
        return _wix_body(message, now)
    return orjson.dumps(payload_of(message, request_id))


def payload_of(message: Message, request_id: UUID) -> dict[str, Any]:
    """What the receiver reads, once it has unwrapped and verified it."""
    match message.endpoint.format:
        case "open_loyalty":
            return {
                "messageId": message.id,
                "requestId": request_id,
                "eventName": message.type,
                "storeCode": message.endpoint.store_code,
                "createdAt": message.happened_at,
                "data": message.data,
            }
        case "standard":
            return {"type": message.type, "timestamp": message.happened_at, "data": message.data}
        case _:
            return _wix_event(message)


def live_keys(keys: Sequence[Key], now: datetime) -> list[Key]:
    return [key for key in keys if key.until is None or key.until > now]


def _signatures(message: Message, request_id: UUID, now: datetime, body: bytes) -> dict[str, str]:
    timestamp, live = int(now.timestamp()), live_keys(message.endpoint.keys, now)
    if message.endpoint.format == STANDARD:
        signed = (standard_signature(key, str(message.id), timestamp, body) for key in live)
        return {
            "webhook-id": str(message.id),
            "webhook-timestamp": str(timestamp),
            "webhook-signature": " ".join(signed),
        }
    if message.endpoint.format != OPEN_LOYALTY:
        return {}
    url = URL(message.endpoint.url)

    def signature(key: Key) -> str:
        return open_loyalty_signature(
            key, host=host_header(url), path=url.raw_path_qs, body=body, timestamp=timestamp,
            request_id=str(request_id),
        )  # fmt: skip

    *older, newest = live
    headers = {
        "X-Webhook-Signature": signature(newest),
        "X-Webhook-Signature-Algorithm": "hmac-sha256",
        "X-Webhook-Signature-Version": str(newest.version),
        "X-Webhook-Timestamp": str(timestamp),
        "X-Webhook-Request-Id": str(request_id),
    }
    if older:  # The receiver may not know the new secret yet.
        headers["X-Webhook-Previous-Signature"] = signature(older[-1])
        headers["X-Webhook-Previous-Signature-Version"] = str(older[-1].version)
    return headers


def host_header(url: URL) -> str:
    """As it is sent: without the port that the scheme implies."""
    host = f"[{url.raw_host}]" if ":" in (url.raw_host or "") else url.raw_host or ""
    return host if url.is_default_port() else f"{host}:{url.port}"


# --- Wix ----------------------------------------------------------------------------------------


def _wix_event(message: Message) -> dict[str, Any]:
    fqdn, slug = split_wix_type(message.type)
    return {
        "id": str(message.id),
        "entityFqdn": fqdn,
        "slug": slug,
        "eventTime": message.happened_at,
        "triggeredByAnonymizeRequest": False,
        **message.data,
    }


def split_wix_type(event_type: str) -> tuple[str, str]:
    """`wix.badges.v3.badge_badge_assigned` is what `wix.badges.v3.badge` tells as
    `badge_assigned`."""
    for slug in ("badge_assigned", "badge_unassigned", "created", "updated", "deleted"):
        if event_type.endswith(f"_{slug}"):
            return event_type.removesuffix(f"_{slug}"), slug
    return event_type, event_type


def _wix_body(message: Message, now: datetime) -> bytes:
    """Three levels of JSON in JSON, signed with the oldest live key.

    A receiver knows one key.  It is told the new one at the rotation, and has the overlap to
    put it in place; the token names the key that signed it.
    """
    instance = str(message.endpoint.store_id)
    event = {
        "eventType": message.type,
        "instanceId": instance,
        "data": orjson.dumps(_wix_event(message)).decode(),
        "identity": orjson.dumps({"identityType": "APP", "appId": instance}).decode(),
        "accountInfo": {"accountId": instance, "siteId": instance},
    }
    claims = {
        "data": orjson.dumps(event).decode(),
        "iat": int(now.timestamp()),
        "exp": int((now + _TOKEN_LIFE).timestamp()),
    }
    return wix_token(live_keys(message.endpoint.keys, now)[0], claims).encode()
