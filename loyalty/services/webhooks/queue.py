"""Who sends which message now: claimed for a while, and due again if nothing is heard of it."""

import logging
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from cryptography.fernet import InvalidToken
from django.conf import settings
from django.db import connection, transaction

from loyalty.models import Event, Store, Subscription, WebhookFormat
from loyalty.selectors.webhooks import data_of, endpoint_of
from loyalty.services.webhooks.message_types import wix_message_types
from loyalty.webhooks.messages import Endpoint, Message

log = logging.getLogger(__name__)

# Which subscriptions have anything waiting is read from the index, one step for each of them, so
# that a hundred thousand messages of one do not stand in the way of the others.
_CLAIM = """
WITH RECURSIVE waiting (store_id, subscription_id) AS (
    (SELECT d.store_id, d.subscription_id FROM loyalty_delivery d
      WHERE d.state = 'queued' ORDER BY d.store_id, d.subscription_id LIMIT 1)
    UNION ALL
    SELECT further.* FROM waiting CROSS JOIN LATERAL (
        SELECT d.store_id, d.subscription_id FROM loyalty_delivery d
         WHERE d.state = 'queued'
           AND (d.store_id, d.subscription_id) > (waiting.store_id, waiting.subscription_id)
         ORDER BY d.store_id, d.subscription_id LIMIT 1) further),
ready AS MATERIALIZED (
    SELECT s.store_id, s.id, s.failures >= %(breaker)s AS broken,
           CASE WHEN s.failures >= %(breaker)s THEN 1 ELSE coalesce(known.room, %(room)s) END
             AS room
      FROM waiting CROSS JOIN LATERAL (
           SELECT s.store_id, s.id, s.failures, s.active, s.paused_until
             FROM loyalty_subscription s
            WHERE s.store_id = waiting.store_id AND s.id = waiting.subscription_id OFFSET 0) s
      LEFT JOIN unnest(%(known)s::uuid[], %(rooms)s::int[]) AS known (id, room) ON known.id = s.id
     WHERE s.active AND (s.paused_until IS NULL OR s.paused_until <= now())
       AND coalesce(known.room, 1) > 0
     ORDER BY random() LIMIT %(most)s),
due AS MATERIALIZED (
    SELECT d.id, ready.id AS subscription_id FROM ready CROSS JOIN LATERAL (
        SELECT d.id FROM loyalty_delivery d
         WHERE d.store_id = ready.store_id AND d.subscription_id = ready.id
           AND d.state = 'queued' AND d.next_attempt_at <= now()
         ORDER BY d.next_attempt_at, d.event_sequence
         LIMIT ready.room FOR UPDATE SKIP LOCKED) d),
probed AS (
    UPDATE loyalty_subscription s SET paused_until = now() + %(lease)s
      FROM ready
     WHERE ready.broken AND ready.id IN (SELECT due.subscription_id FROM due)
       AND s.store_id = ready.store_id AND s.id = ready.id),
taken AS (
    UPDATE loyalty_delivery d SET next_attempt_at = now() + %(lease)s
     WHERE d.id = ANY (ARRAY(SELECT due.id FROM due)) AND d.state = 'queued'
    RETURNING d.id, d.store_id, d.subscription_id, d.message_type, d.happened_at, d.payload,
              d.step, d.event_sequence)
SELECT taken.id, taken.store_id, taken.subscription_id, taken.message_type, taken.happened_at,
       taken.payload, taken.step, e.sequence, e.id, e.name, e.subject_kind, e.subject_id,
       e.member_id, e.data, e.actor_kind, e.actor_id, e.source, e.recorded_at
  FROM taken LEFT JOIN LATERAL (
       SELECT * FROM loyalty_event e
        WHERE e.sequence = taken.event_sequence AND e.store_id = taken.store_id OFFSET 0) e ON true
 ORDER BY taken.event_sequence
"""
_KEEP_PAYLOADS = """
UPDATE loyalty_delivery d SET payload = told.payload
  FROM unnest(%(ids)s::uuid[], %(payloads)s::jsonb[]) AS told (id, payload)
 WHERE d.id = told.id AND d.store_id = %(store)s
"""
_RELEASE = """
UPDATE loyalty_delivery SET next_attempt_at = now()
 WHERE id = ANY (%(ids)s::uuid[]) AND state = 'queued' AND store_id = ANY (%(stores)s::uuid[])
"""


class Endpoints:
    """The subscriptions that a sender knows, with their secrets, which are slow to open."""

    def __init__(self) -> None:
        self._known: dict[UUID, tuple[datetime, Endpoint]] = {}

    def find(self, ids: set[UUID]) -> Mapping[UUID, Endpoint]:
        rows = Subscription.across_stores.filter(id__in=ids).select_related("store")
        changed = dict(rows.values_list("id", "changed_at"))
        stale = {
            each for each in changed
            if each not in self._known or self._known[each][0] != changed[each]
        }  # fmt: skip
        for row in rows.filter(id__in=stale) if stale else ():
            try:
                self._known[row.id] = (row.changed_at, endpoint_of(row, row.store.code))
            except InvalidToken:  # Its messages wait for the key, and nobody else's do.
                self._known.pop(row.id, None)
                log.error("No key in SECRETS_KEY opens the secrets of webhook %s.", row.id)
        return {each: self._known[each][1] for each in changed if each in self._known}


def claim(
    endpoints: Endpoints, *, rooms: Mapping[UUID, int], room: int, most: int
) -> list[Message]:
    """Messages that are due, of each subscription as many as there is room for.

    They are the caller's until the lease ends.  Of an endpoint that keeps failing it is one, and
    the others wait for what becomes of it.
    """
    values: dict[str, Any] = {
        "known": list(rooms), "rooms": list(rooms.values()), "room": room, "most": most,
        "lease": timedelta(seconds=settings.WEBHOOKS_LEASE_SECONDS),
        "breaker": settings.WEBHOOKS_BREAKER_FAILURES,
    }  # fmt: skip
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, values)
            rows = cursor.fetchall()
        if not rows:
            return []
        known = endpoints.find({row[2] for row in rows})
        payloads = _rendered(known, rows)
    return [
        Message(row[0], known[row[2]], row[3], row[4], payloads[row[0]], row[6])
        for row in rows
        if row[2] in known and row[0] in payloads
    ]


def release(messages: Sequence[Message]) -> None:
    """Give back what was claimed and not tried."""
    with connection.cursor() as cursor:
        values = {
            "ids": [message.id for message in messages],
            "stores": list({message.endpoint.store_id for message in messages}),
        }
        cursor.execute(_RELEASE, values)


def _rendered(
    endpoints: Mapping[UUID, Endpoint], rows: Sequence[tuple[Any, ...]]
) -> dict[UUID, dict[str, Any]]:
    """What each message says, by its id; a message that cannot be told now is left out."""
    said: dict[UUID, dict[str, Any]] = {}
    to_render: dict[tuple[UUID, str], list[tuple[UUID, Event]]] = defaultdict(list)
    for row in rows:
        if row[5] is not None:
            said[row[0]] = orjson.loads(row[5]) if isinstance(row[5], str | bytes) else row[5]
        elif row[7] is not None and row[2] in endpoints:
            event = _event(row)
            if endpoints[row[2]].format == WebhookFormat.WIX:
                to_render[row[1], row[3]].append((row[0], event))
                continue
            said[row[0]] = data_of(event)
        said.setdefault(row[0], {})
    for (store_id, message_type), those in to_render.items():
        try:
            with transaction.atomic():
                said |= _keep_rendered(store_id, message_type, those)
        except Exception:  # They are due again when the lease ends, and nobody else waits.
            log.exception("Messages %s of store %s could not be told.", message_type, store_id)
    return said


def _keep_rendered(
    store_id: UUID, message_type: str, those: Sequence[tuple[UUID, Event]]
) -> dict[UUID, dict[str, Any]]:
    """What shows an entity is kept as it was the first time: each attempt says the same."""
    kind = wix_message_types().get(message_type)
    if kind is None:
        return {delivery_id: {} for delivery_id, _ in those}
    store = Store.objects.get(id=store_id)
    by_sequence = kind.render(store, [event for _, event in those])
    said = {
        delivery_id: {
            **by_sequence.get(event.sequence, {}),
            "entityEventSequence": str(event.sequence),
        }
        for delivery_id, event in those
    }
    with connection.cursor() as cursor:
        values: dict[str, Any] = {
            "ids": list(said), "store": store_id,
            "payloads": [orjson.dumps(payload).decode() for payload in said.values()],
        }  # fmt: skip
        cursor.execute(_KEEP_PAYLOADS, values)
    return said


def _event(row: tuple[Any, ...]) -> Event:
    data = orjson.loads(row[13]) if isinstance(row[13], str | bytes) else row[13]
    return Event(
        sequence=row[7], id=row[8], name=row[9], subject_kind=row[10], subject_id=row[11],
        member_id=row[12], data=data, actor_kind=row[14], actor_id=row[15], source=row[16],
        recorded_at=row[17], store_id=row[1],
    )  # fmt: skip
