"""What waited for too long is given up; the log of what is over is kept for thirty days."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from loyalty.services.rounds import register_round
from loyalty.webhooks.schedule import give_up_after

KEEP = timedelta(days=30)
_BATCH, _MOST_BATCHES = 5_000, 10

# Only what an endpoint in trouble, or one that is off, has in its queue gets so old.
_GIVE_UP = """
UPDATE loyalty_delivery SET state = 'dead', finished_at = %(now)s
 WHERE id = ANY (ARRAY(
       SELECT d.id FROM loyalty_subscription s CROSS JOIN LATERAL (
              SELECT d.id FROM loyalty_delivery d
               WHERE d.store_id = s.store_id AND d.subscription_id = s.id
                 AND d.queued_at < %(before)s AND d.state = 'queued'
               LIMIT %(batch)s FOR UPDATE SKIP LOCKED) d
        WHERE s.failures > 0 OR NOT s.active
        LIMIT %(batch)s))
   AND store_id IS NOT NULL
"""
_FORGET_ATTEMPTS = """
DELETE FROM loyalty_deliveryattempt WHERE id = ANY (ARRAY(
       SELECT id FROM loyalty_deliveryattempt
        WHERE at < %(before)s AND store_id IS NOT NULL ORDER BY at LIMIT %(batch)s))
"""
_FORGET_DELIVERIES = """
DELETE FROM loyalty_delivery WHERE store_id IS NOT NULL AND id = ANY (ARRAY(
       SELECT id FROM loyalty_delivery
        WHERE state <> 'queued' AND finished_at < %(before)s AND store_id IS NOT NULL
        ORDER BY finished_at LIMIT %(batch)s FOR UPDATE SKIP LOCKED))
"""


def register_webhook_tidying() -> None:
    register_round("webhooks", timedelta(minutes=1), lambda now: tidy_webhooks(now=now))


def tidy_webhooks(*, now: datetime) -> None:
    """May run at any time, in any number of processes; the next call goes on."""
    _in_batches(_GIVE_UP, now=now, before=now - give_up_after())
    _in_batches(_FORGET_ATTEMPTS, before=now - KEEP)
    _in_batches(_FORGET_DELIVERIES, before=now - KEEP)


def _in_batches(statement: str, **values: Any) -> None:
    with connection.cursor() as cursor:
        for _ in range(_MOST_BATCHES):
            cursor.execute(statement, {**values, "batch": _BATCH})
            if cursor.rowcount < _BATCH:
                return
