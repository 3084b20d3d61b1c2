"""Subscriptions: made, changed, switched, given new secrets."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from yarl import URL

from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, NotFound, Violation
from loyalty.models import (
    DisabledReason,
    EventName,
    Store,
    Subscription,
    WebhookFormat,
)
from loyalty.sealing import seal
from loyalty.selectors.events import event_horizon
from loyalty.selectors.webhooks import EVENT_NAMES, headers_of, keys_of
from loyalty.services.events import record
from loyalty.services.webhooks.message_types import wix_message_types
from loyalty.transactions import writes
from loyalty.webhooks.addresses import BadUrl, check_url, rules
from loyalty.webhooks.formats import live_keys
from loyalty.webhooks.signing import Key, new_rsa_key, new_secret

MAX_SUBSCRIPTIONS, MAX_HEADERS, MAX_HEADER_VALUE = 100, 20, 1024
MASK = "••••••••"
"""Stands for a header's value that is not shown; sent back, it means the value that is stored."""
OVERLAP, LONGEST_OVERLAP = timedelta(hours=24), timedelta(days=7)
_MOST_KEYS = 5

_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}\Z")
_HEADER_VALUE = re.compile(r"[\x20-\x7e]*\Z")
_OURS = {
    "accept", "accept-encoding", "connection", "content-encoding", "content-length",
    "content-type", "cookie", "date", "expect", "host", "keep-alive", "te", "trailer",
    "transfer-encoding", "upgrade", "user-agent", "via", "forwarded",
}  # fmt: skip
_OUR_PREFIXES = ("webhook-", "x-webhook-", "proxy-", "x-forwarded-", "sec-")

Headers = Sequence[tuple[str, str]]


@writes
def create_subscription(
    store: Store,
    *,
    event_names: Sequence[str],
    url: str,
    actor: Actor,
    now: datetime,
    webhook_format: str = WebhookFormat.OPEN_LOYALTY,
    headers: Headers = (),
    include_silent: bool = False,
) -> tuple[Subscription, Key]:
    """Tell the address of these events from now on.

    The second value is what it is signed with, which nobody can read again; for Wix's format it
    is the private key, of which the public half may be shown at any time.
    """
    _check(url, headers)
    names = _checked_names(event_names, webhook_format)
    # Counted and numbered one after the other.
    Store.objects.select_for_update(no_key=True).get(id=store.id)
    if Subscription.for_store(store).count() >= MAX_SUBSCRIPTIONS:
        raise Conflict(f"A store has {MAX_SUBSCRIPTIONS} subscriptions at most.")
    key = _new_key(webhook_format, version=1)
    subscription = Subscription(
        store=store, event_names=names, url=url, format=webhook_format,
        include_silent=include_silent,
        sealed_headers=_seal_headers(headers), sealed_keys=_seal_keys([key]),
        since_sequence=event_horizon(), created_at=now, changed_at=now,
    )  # fmt: skip
    subscription.save(force_insert=True)
    _place_cursor(store, subscription.since_sequence)
    _record(store, EventName.WEBHOOK_CREATED, subscription.id, actor,
            eventNames=names, format=webhook_format)  # fmt: skip
    return subscription, key


@writes
def update_subscription(
    store: Store,
    *,
    subscription_id: UUID,
    actor: Actor,
    now: datetime,
    **changes: Any,
) -> Subscription:
    """Change `url`, `headers` or `include_silent`.  What it is told, and how, stays.

    Stored values of headers are for the host that they were given for: raises `Invalid` if one
    would go to another scheme, host or port.
    """
    subscription = _locked(store, subscription_id)
    stored = dict(headers_of(subscription))
    carried = any(stored.values())
    if "headers" in changes:
        carried = any(stored.get(name) for name, value in changes["headers"] if value == MASK)
        changes["headers"] = [
            (name, stored.get(name, value) if value == MASK else value)
            for name, value in changes["headers"]
        ]
    headers = changes.get("headers", list(stored.items()))
    url = changes.get("url", subscription.url)
    _check(url, headers)
    if carried and _origin(url) != _origin(subscription.url):
        message = "Give the values again for another host."
        raise Invalid(Violation(Code.MISSING, "headers", message))
    before = {"url": subscription.url, "include_silent": subscription.include_silent,
              "headers": list(stored.items())}  # fmt: skip
    changed = sorted(name for name, value in changes.items() if value != before[name])
    subscription.url = url
    subscription.include_silent = changes.get("include_silent", subscription.include_silent)
    subscription.sealed_headers = _seal_headers(headers)
    subscription.changed_at = now
    subscription.save()
    if changed:
        _record(store, EventName.WEBHOOK_UPDATED, subscription_id, actor, changed=changed)
    return subscription


@writes
def delete_subscription(store: Store, *, subscription_id: UUID, actor: Actor) -> None:
    """It is gone, with its log and with everything that still waited."""
    deleted, _ = Subscription.for_store(store).filter(id=subscription_id).delete()
    if not deleted:
        raise NotFound
    _record(store, EventName.WEBHOOK_DELETED, subscription_id, actor)


@writes
def set_subscription_active(
    store: Store, *, subscription_id: UUID, active: bool, actor: Actor, now: datetime
) -> None:
    """Switch it off or on.

    Off: what waits, waits on, until it is too old; what happens meanwhile is not told, and can
    be asked for later (`redeliver_range`).
    """
    subscription = _locked(store, subscription_id)
    if subscription.active == active:
        return
    if not active:
        switch_off(store, subscription, DisabledReason.BY_HAND, actor=actor, now=now)
        return
    subscription.active, subscription.disabled_reason, subscription.disabled_at = True, "", None
    subscription.failures, subscription.failing_since = 0, None
    subscription.paused_until, subscription.changed_at = None, now
    subscription.save()
    _record(store, EventName.WEBHOOK_ENABLED, subscription_id, actor)


@writes
def rotate_secret(
    store: Store,
    *,
    subscription_id: UUID,
    actor: Actor,
    now: datetime,
    overlap: timedelta = OVERLAP,
) -> Key:
    """A new secret, shown once.  For as long as the overlap those before it sign as well.

    Open Loyalty's format has room for two signatures: raises `Conflict` while two secrets are
    good, unless the overlap is 0, which ends both.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        message = "This value should be between 0 and 168."
        raise Invalid(Violation(Code.TOO_HIGH, "overlapHours", message))
    subscription = _locked(store, subscription_id)
    keys = keys_of(subscription)
    of_two = subscription.format == WebhookFormat.OPEN_LOYALTY
    if of_two and overlap and len(live_keys(keys, now)) > 1:
        raise Conflict(
            "The secret before this one is still good: wait until it is not, or rotate with an"
            " overlap of 0, which ends both at once."
        )
    until = now + overlap
    kept = [replace(key, until=min(key.until or until, until)) for key in keys]
    key = _new_key(subscription.format, version=keys[-1].version + 1)
    live = live_keys(kept, now)[-(_MOST_KEYS - 1) :]
    subscription.sealed_keys, subscription.changed_at = _seal_keys([*live, key]), now
    subscription.save(update_fields=["sealed_keys", "changed_at"])
    _record(store, EventName.WEBHOOK_SECRET_ROTATED, subscription_id, actor, version=key.version)
    return key


def switch_off(
    store: Store,
    subscription: Subscription,
    reason: DisabledReason,
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Within a transaction, the row being locked."""
    subscription.active, subscription.changed_at = False, now
    subscription.disabled_reason, subscription.disabled_at = reason, now
    subscription.save()
    _record(store, EventName.WEBHOOK_DISABLED, subscription.id, actor, reason=str(reason))


def _locked(store: Store, subscription_id: UUID) -> Subscription:
    rows = Subscription.for_store(store).select_for_update(no_key=True)
    found = rows.filter(id=subscription_id).first()
    if found is None:
        raise NotFound
    return found


def _place_cursor(store: Store, sequence: int) -> None:
    """The first subscription of a store begins here; others find a cursor that is no further."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO loyalty_webhookcursor (store_id, sequence) VALUES (%s, %s)"
            " ON CONFLICT (store_id) DO NOTHING",
            [store.id, sequence],
        )


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parsed = URL(url)
    return parsed.scheme, parsed.raw_host, parsed.port


def _check(url: str, headers: Headers) -> None:
    wrong: list[Violation] = []
    try:
        check_url(url, rules())
    except BadUrl as error:
        wrong.append(Violation(Code.URL, "url", str(error)))
    if len(headers) > MAX_HEADERS:
        message = f"This collection should contain {MAX_HEADERS} elements or less."
        wrong.append(Violation(Code.TOO_LONG, "headers", message))
    seen: set[str] = set()
    for place, (name, value) in enumerate(headers):
        lower = name.lower()
        if not _HEADER_NAME.match(name) or lower in seen:
            wrong.append(
                Violation(Code.PATTERN, f"headers.{place}.headerName", "This value is not valid.")
            )
        elif lower in _OURS or lower.startswith(_OUR_PREFIXES):
            message = "This header is ours to set."
            wrong.append(Violation(Code.NOT_ALLOWED, f"headers.{place}.headerName", message))
        if not _HEADER_VALUE.match(value) or len(value) > MAX_HEADER_VALUE or value == MASK:
            wrong.append(
                Violation(Code.PATTERN, f"headers.{place}.headerValue", "This value is not valid.")
            )
        seen.add(lower)
    if wrong:
        raise Invalid(*wrong)


def _checked_names(event_names: Sequence[str], webhook_format: str) -> list[str]:
    if webhook_format not in WebhookFormat.values:
        message = "The value you selected is not a valid choice."
        raise Invalid(Violation(Code.CHOICE, "format", message))
    known = wix_message_types().keys() if webhook_format == WebhookFormat.WIX else set(EVENT_NAMES)
    names = list(dict.fromkeys(event_names))
    if not names or not set(names) <= known:
        message = "The value you selected is not a valid choice."
        raise Invalid(Violation(Code.CHOICE, "eventName", message))
    return names


def _new_key(webhook_format: str, *, version: int) -> Key:
    return Key(version, new_rsa_key() if webhook_format == WebhookFormat.WIX else new_secret())


def _seal_keys(keys: Sequence[Key]) -> bytes:
    plain: list[Mapping[str, Any]] = [
        {"version": key.version, "secret": key.secret,
         "until": key.until.isoformat() if key.until else None}
        for key in keys
    ]  # fmt: skip
    return seal(json.dumps(plain).encode())


def _seal_headers(headers: Headers) -> bytes:
    return seal(json.dumps([list(header) for header in headers]).encode())


def _record(
    store: Store, name: EventName, subscription_id: UUID, actor: Actor, **data: object
) -> None:
    # The address may hold a token of the receiver's, so the log does not have it.
    record(
        store, name, subject_kind="webhookSubscription", subject_id=subscription_id, actor=actor,
        data=data,
    )  # fmt: skip
