"""Tell again: one message, those of a time, or one that is only a test."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, NotFound, Violation
from loyalty.models import Delivery, EventName, Store, Subscription, WebhookFormat
from loyalty.models.keys import new_id
from loyalty.selectors.events import event_horizon
from loyalty.selectors.webhooks import get_subscription
from loyalty.services.events import record
from loyalty.services.webhooks.fan_out import INSERT, LISTENING, listening_values
from loyalty.transactions import writes
from loyalty.webhooks.formats import split_wix_type

MAX_MESSAGES = 100_000

# A message that waits already is left in peace.
_AGAIN = """
ON CONFLICT (id) DO UPDATE
   SET state = 'queued', next_attempt_at = now(), step = 0, queued_at = now(), finished_at = NULL
"""
_TELL_AGAIN = f"""
WITH happened AS MATERIALIZED (
    SELECT e.sequence, e.id, e.name, e.data, e.recorded_at FROM loyalty_event e
     WHERE e.store_id = %(store)s AND e.sequence <= %(horizon)s
       AND e.name = ANY (%(listened)s::text[])
       AND e.recorded_at >= %(begin)s AND e.recorded_at < %(end)s
     LIMIT %(most)s + 1),
listening AS MATERIALIZED ({LISTENING} AND s.id = %(subscription)s),
again AS ({INSERT} {_AGAIN} WHERE loyalty_delivery.state <> 'queued' RETURNING 1)
SELECT (SELECT count(*) FROM happened), (SELECT count(*) FROM again)
"""  # noqa: S608 (constants of this file)
_REVIVE = """
UPDATE loyalty_delivery
   SET state = 'queued', next_attempt_at = now(), step = 0, queued_at = now(), finished_at = NULL
 WHERE id IN (SELECT d.id FROM loyalty_delivery d
               WHERE d.store_id = %(store)s AND d.subscription_id = %(subscription)s
                 AND d.state = 'dead' AND d.happened_at >= %(begin)s AND d.happened_at < %(end)s
               LIMIT %(most)s + 1)
"""


@writes
def redeliver(store: Store, *, delivery: Delivery, actor: Actor) -> None:
    """Send the message again, with a schedule of its own; it keeps its id."""
    values = {"store": store.id, "id": delivery.id}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE loyalty_delivery
               SET state = 'queued', next_attempt_at = now(), step = 0, queued_at = now(),
                   finished_at = NULL
             WHERE store_id = %(store)s AND id = %(id)s
            """,
            values,
        )
        if not cursor.rowcount:
            raise NotFound
    _record(store, delivery.subscription_id, actor, {"deliveryId": str(delivery.id), "count": 1})


@writes
def redeliver_range(
    store: Store,
    *,
    subscription_id: UUID,
    begin: datetime,
    end: datetime,
    actor: Actor,
    only_dead: bool = False,
) -> int:
    """Send what happened from `begin` until before `end`; returns how many messages.

    That is everything that the subscription listens to, whether it was sent, given up or never
    queued, because the subscription was off or not there yet.  `only_dead`: what was given up.
    Raises `Invalid` if it is more than 100,000 messages.
    """
    # Not locked: senders settle a message first and then its subscription, and nothing of the
    # subscription is written here.
    subscription = get_subscription(store, subscription_id)
    if begin >= end:
        raise Invalid(Violation(Code.TOO_LOW, "to", "This value should be later than from."))
    values: dict[str, Any] = {
        "store": store.id, "subscription": subscription.id, "begin": begin, "end": end,
        "most": MAX_MESSAGES, "horizon": event_horizon(), **listening_values(),
    }  # fmt: skip
    with connection.cursor() as cursor:
        if only_dead:
            cursor.execute(_REVIVE, values)
            found = count = cursor.rowcount
        else:
            cursor.execute(_TELL_AGAIN, {**values, "listened": _listened(subscription, values)})
            found, count = cursor.fetchone()
    if found > MAX_MESSAGES:
        message = f"These are more than {MAX_MESSAGES} messages: ask for a shorter time."
        raise Invalid(Violation(Code.TOO_HIGH, "to", message))
    _record(
        store, subscription.id, actor,
        {"from": begin.isoformat(), "to": end.isoformat(), "count": count},
    )  # fmt: skip
    return int(count)


@writes
def send_test(store: Store, *, subscription_id: UUID, actor: Actor, now: datetime) -> Delivery:
    """Queue a message that speaks of nothing.  A subscription that is off takes none."""
    subscription = _locked(store, subscription_id)
    if not subscription.active:
        raise Conflict("The subscription is switched off.")
    message_type = subscription.event_names[0]
    delivery = Delivery(
        id=new_id(), store=store, subscription=subscription, message_type=message_type,
        payload=_test_payload(subscription.format, message_type), happened_at=now,
        next_attempt_at=now, queued_at=now,
    )  # fmt: skip
    delivery.save(force_insert=True)
    record(
        store, EventName.WEBHOOK_TESTED, subject_kind="webhookSubscription",
        subject_id=subscription.id, actor=actor, data={"deliveryId": str(delivery.id)},
    )  # fmt: skip
    return delivery


def _test_payload(webhook_format: str, message_type: str) -> dict[str, Any]:
    if webhook_format != WebhookFormat.WIX:
        return {"test": True}
    nothing = "00000000-0000-0000-0000-000000000000"
    parts: dict[str, dict[str, Any]] = {
        "created": {"createdEvent": {"entity": {"id": nothing}}},
        "updated": {"updatedEvent": {"currentEntity": {"id": nothing}}},
        "deleted": {"deletedEvent": {}},
    }
    action = {"actionEvent": {"body": {"memberId": nothing}}}
    return {"entityId": nothing, **parts.get(split_wix_type(message_type)[1], action)}


def _listened(subscription: Subscription, values: Mapping[str, Any]) -> list[str]:
    """The events that its messages are made of."""
    if subscription.format != WebhookFormat.WIX:
        return list(subscription.event_names)
    pairs = zip(values["types"], values["names"], strict=True)
    return [name for made, name in pairs if made in subscription.event_names]


def _locked(store: Store, subscription_id: UUID) -> Subscription:
    rows = Subscription.for_store(store).select_for_update(no_key=True)
    found = rows.filter(id=subscription_id).first()
    if found is None:
        raise NotFound
    return found


def _record(store: Store, subscription_id: UUID, actor: Actor, data: Mapping[str, object]) -> None:
    record(
        store, EventName.WEBHOOK_REDELIVERED, subject_kind="webhookSubscription",
        subject_id=subscription_id, actor=actor, data=data,
    )  # fmt: skip
