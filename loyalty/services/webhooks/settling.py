"""What came of attempts: the log, when each message is tried again, and the state of endpoints."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from loyalty.actors import Actor, ActorKind, Source
from loyalty.models import DisabledReason, Store, Subscription
from loyalty.services.webhooks.subscriptions import switch_off
from loyalty.webhooks.messages import Outcome
from loyalty.webhooks.schedule import next_pause

_FAILING_FOR, _FAILING_TIMES = timedelta(days=5), 10
_GONE = 410
_SENDER = Actor(ActorKind.SYSTEM, None, "webhooks", Source.JOB)

_LOG = """
INSERT INTO loyalty_deliveryattempt
       (id, store_id, delivery_id, at, milliseconds, status, error, answer)
SELECT log.id, log.store_id, log.delivery_id, log.at, log.milliseconds, log.status, log.error,
       log.answer
  FROM unnest(%(requests)s::uuid[], %(stores)s::uuid[], %(ids)s::uuid[], %(at)s::timestamptz[],
              %(milliseconds)s::int[], %(statuses)s::int[], %(errors)s::text[],
              %(answers)s::text[])
       AS log (id, store_id, delivery_id, at, milliseconds, status, error, answer)
 CROSS JOIN LATERAL (  -- Somebody may have deleted the subscription meanwhile.
       SELECT FROM loyalty_delivery d WHERE d.id = log.delivery_id FOR KEY SHARE) there
ON CONFLICT (id) DO NOTHING
"""
# A message that was delivered stays so, whatever a sender that was slower has to say.
_SETTLE = """
UPDATE loyalty_delivery d
   SET state = told.state, attempts = d.attempts + 1, step = told.step,
       last_status = told.status, next_attempt_at = told.next_attempt_at,
       finished_at = CASE WHEN told.state = 'queued' THEN NULL ELSE now() END
  FROM unnest(%(ids)s::uuid[], %(stores)s::uuid[], %(states)s::text[], %(next)s::timestamptz[],
              %(steps)s::int[], %(statuses)s::int[])
       AS told (id, store_id, state, next_attempt_at, step, status)
 WHERE d.id = told.id AND d.id = ANY (%(ids)s::uuid[]) AND d.store_id = told.store_id
   AND d.state = 'queued'
"""
# An endpoint that is well is written about only if it was not.
_RECOVER = """
UPDATE loyalty_subscription SET failures = 0, failing_since = NULL, paused_until = NULL
 WHERE id = ANY (%(ids)s::uuid[]) AND store_id = ANY (%(stores)s::uuid[])
   AND (failures > 0 OR paused_until IS NOT NULL)
"""


def settle(outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """Write down what came of attempts, all of it or nothing; again is safe."""
    if not outcomes:
        return
    by_endpoint: dict[UUID, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_endpoint[outcome.message.endpoint.id].append(outcome)
    with transaction.atomic():
        _write(outcomes, now)
        failing = {each: those for each, those in by_endpoint.items() if not those[-1].delivered}
        for each in sorted(failing):
            _note_failures(each, failing[each], now)
        well = by_endpoint.keys() - failing.keys()
        if well:
            stores = {by_endpoint[each][0].message.endpoint.store_id for each in well}
            with connection.cursor() as cursor:
                cursor.execute(_RECOVER, {"ids": sorted(well), "stores": list(stores)})


def _write(outcomes: Sequence[Outcome], now: datetime) -> None:
    after = [_after(outcome, now) for outcome in outcomes]
    values: dict[str, Any] = {
        "ids": [outcome.message.id for outcome in outcomes],
        "stores": [outcome.message.endpoint.store_id for outcome in outcomes],
        "states": [state for state, _ in after],
        "next": [next_at for _, next_at in after],
        "steps": [outcome.message.step + 1 for outcome in outcomes],
        "statuses": [outcome.status for outcome in outcomes],
        "requests": [outcome.request_id for outcome in outcomes],
        "at": [outcome.at for outcome in outcomes],
        "milliseconds": [int(outcome.seconds * 1000) for outcome in outcomes],
        "errors": [outcome.error[:255] for outcome in outcomes],
        "answers": [outcome.answer for outcome in outcomes],
    }
    with connection.cursor() as cursor:
        cursor.execute(_LOG, values)
        cursor.execute(_SETTLE, values)


def _after(outcome: Outcome, now: datetime) -> tuple[str, datetime]:
    if outcome.delivered:
        return "delivered", now
    pause = next_pause(
        outcome.message.endpoint.format, outcome.message.step + 1, status=outcome.status,
        retry_after=outcome.retry_after,
    )  # fmt: skip
    return ("dead", now) if pause is None else ("queued", now + timedelta(seconds=pause))


def _note_failures(subscription_id: UUID, outcomes: Sequence[Outcome], now: datetime) -> None:
    """The last of the outcomes is a failure."""
    rows = Subscription.across_stores.select_for_update(no_key=True).select_related(None)
    subscription = rows.filter(id=subscription_id).first()
    if subscription is None or not subscription.active:
        return
    arrived = max((n for n, each in enumerate(outcomes) if each.delivered), default=None)
    in_a_row = len(outcomes) if arrived is None else len(outcomes) - arrived - 1
    if arrived is not None or subscription.failing_since is None:
        subscription.failures, subscription.failing_since = 0, now
    subscription.failures += in_a_row
    subscription.paused_until = _pause_until(subscription.failures, now)
    fields = ["failures", "failing_since", "paused_until"]
    subscription.save(update_fields=fields)
    since = subscription.failing_since or now
    if any(each.status == _GONE for each in outcomes):
        reason = DisabledReason.GONE
    elif subscription.failures >= _FAILING_TIMES and now - since >= _FAILING_FOR:
        reason = DisabledReason.FAILING
    else:
        return
    store = Store.objects.get(id=subscription.store_id)
    switch_off(store, subscription, reason, actor=_SENDER, now=now)


def _pause_until(failures: int, now: datetime) -> datetime | None:
    over = failures - settings.WEBHOOKS_BREAKER_FAILURES
    if over < 0:
        return None
    first, longest = settings.WEBHOOKS_BREAKER_SECONDS
    return now + timedelta(seconds=min(first * 2 ** min(over, 20), longest))
