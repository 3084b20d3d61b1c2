"""From events to deliveries: each event once to each subscription that listens.

A cursor per store says how far its events have been handed out.  It moves, up to the horizon
below which the log is settled, in the statement that writes the deliveries; a delivery's id
follows from the event, so that even a cursor set back would tell nothing twice.
"""

from typing import Any
from uuid import UUID

from django.db import connection, transaction

from loyalty.selectors.events import event_horizon
from loyalty.services.webhooks.message_types import wix_message_types

_BATCH, _STORES = 5_000, 100

_BEHIND = """
SELECT c.store_id FROM loyalty_webhookcursor c
 WHERE c.sequence < %(horizon)s
   AND EXISTS (SELECT FROM loyalty_event e
                WHERE e.store_id = c.store_id AND e.sequence > c.sequence
                  AND e.sequence <= %(horizon)s)
 ORDER BY random() LIMIT %(stores)s
"""
_LOCK = """
SELECT sequence FROM loyalty_webhookcursor WHERE store_id = %(store)s FOR UPDATE SKIP LOCKED
"""

LISTENING = """
    SELECT s.id, s.since_sequence, s.include_silent, wanted.type,
           coalesce(source.event_name, wanted.type) AS event_name, source.condition
      FROM loyalty_subscription s
     CROSS JOIN unnest(s.event_names) AS wanted (type)
      LEFT JOIN unnest(%(types)s::text[], %(names)s::text[], %(conditions)s::text[])
             AS source (type, event_name, condition)
        ON s.format = 'wix' AND source.type = wanted.type
     WHERE s.store_id = %(store)s
"""
"""One line for each kind of event that a subscription is told, and what it is then called."""

INSERT = """
    INSERT INTO loyalty_delivery
           (id, store_id, subscription_id, event_sequence, message_type, happened_at, state,
            next_attempt_at, step, attempts, queued_at)
    SELECT md5(listening.id || '/' || happened.id || '/' || listening.type)::uuid, %(store)s,
           listening.id, happened.sequence, listening.type, happened.recorded_at, 'queued',
           now(), 0, 0, now()
      FROM happened JOIN listening ON listening.event_name = happened.name
     WHERE (listening.include_silent OR NOT happened.data @> '{"silent": true}')
       AND (listening.condition IS NULL OR happened.data @@ listening.condition::jsonpath)
"""

_TELL = f"""
WITH happened AS MATERIALIZED (
    SELECT e.sequence, e.id, e.name, e.data, e.recorded_at FROM loyalty_event e
     WHERE e.store_id = %(store)s AND e.sequence > %(after)s AND e.sequence <= %(horizon)s
     ORDER BY e.sequence LIMIT %(batch)s),
listening AS MATERIALIZED ({LISTENING} AND s.active),
told AS ({INSERT} AND happened.sequence > listening.since_sequence
         ON CONFLICT (id) DO NOTHING RETURNING 1)
UPDATE loyalty_webhookcursor
   SET sequence = CASE WHEN read.count < %(batch)s THEN %(horizon)s ELSE read.last END
  FROM (SELECT count(*), max(happened.sequence) AS last FROM happened) read
 WHERE store_id = %(store)s
RETURNING read.count, (SELECT count(*) FROM told)
"""  # noqa: S608 (constants of this file)


def fan_out() -> bool:
    """Hand out what is settled; whether there may be more.  Any number of processes may call it."""
    horizon = event_horizon()
    with connection.cursor() as cursor:
        cursor.execute(_BEHIND, {"horizon": horizon, "stores": _STORES})
        behind = [store_id for (store_id,) in cursor.fetchall()]
    return sum(_fan_out_store(store_id, horizon) for store_id in behind) > 0


def listening_values() -> dict[str, Any]:
    """What `LISTENING` has to be told of Wix's messages."""
    sources = [
        (each.name, str(name), condition)
        for each in wix_message_types().values()
        for name, condition in each.sources.items()
    ]
    return {
        "types": [name for name, _, _ in sources],
        "names": [name for _, name, _ in sources],
        "conditions": [condition for _, _, condition in sources],
    }


def _fan_out_store(store_id: UUID, horizon: int) -> bool:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_LOCK, {"store": store_id})
        found = cursor.fetchone()
        if found is None:
            return False
        values = {
            "store": store_id, "after": found[0], "horizon": horizon, "batch": _BATCH,
            **listening_values(),
        }  # fmt: skip
        if found[0] < horizon:
            cursor.execute(_TELL, values)
            return bool(cursor.fetchone()[0] == _BATCH)
    return False
