"""Receivers fail, hang and break off while senders are killed: no event goes untold."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from random import Random

import psycopg
import pytest
from aiohttp import web

from tests.faults.rig import LONG, Rig, kill_group
from tests.loyalty.webhook_receiver import Received, receiving
from tests.running.processes import CHECKOUT, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600 if LONG else 180)]

EVENTS, KILLS, PATIENCE = (100_000, 100, 3000) if LONG else (2_000, 8, 100)
# The schedule of three days in seconds, and endpoints that are soon asked again.
QUICK = {
    "WEBHOOKS_RETRY_SECONDS": "0.1,0.1,0.2,0.2,0.3,0.3,0.5,0.5,0.5,1,1,1",
    "WEBHOOKS_BREAKER_SECONDS": "0.05,0.2",
    "WEBHOOKS_SECONDS": "1",
    "WEBHOOKS_LEASE_SECONDS": "5",
    "WEBHOOKS_AT_ONCE_TO_AN_ENDPOINT": "16",
    "WEBHOOKS_ALLOWED_NETWORKS": "127.0.0.0/8",
    "WEBHOOKS_PLAIN_HTTP": "1",
    "WEBHOOKS_PORTS": "",
}


@dataclass
class Judge:
    """What a receiver answers, and the ids of the messages that it took."""

    random: Random
    fails: float = 0.0
    hangs: float = 0.0
    breaks: float = 0.0
    seconds: float = 0.0
    """How long it takes before it says anything."""
    taken: list[str] = field(default_factory=list)
    asked: int = 0

    async def answer(self, came: Received) -> web.StreamResponse:
        self.asked += 1
        await asyncio.sleep(self.seconds)
        chance = self.random.random()
        if chance < self.fails:
            return web.Response(status=self.random.choice([400, 404, 429, 500, 502, 503]))
        if chance < self.fails + self.hangs:
            await asyncio.sleep(1.5)
            return web.Response(status=500)
        if chance < self.fails + self.hangs + self.breaks:
            raise ConnectionResetError
        self.taken.append(json.loads(came.body)["messageId"])
        return web.Response(status=204)


@contextmanager
def _receivers(rig: Rig) -> Iterator[tuple[list[Judge], list[str]]]:
    """One that is well, one that fails, hangs and breaks off, and one that never takes anything."""
    judges = [
        Judge(Random(rig.seed)),
        Judge(Random(rig.seed + 1), fails=0.2, hangs=0.02, breaks=0.05),
        Judge(Random(rig.seed + 2), fails=1.0),
    ]
    with ExitStack() as stack:
        urls = [stack.enter_context(receiving(judge.answer)).url for judge in judges]
        yield judges, urls


def _scene(rig: Rig, code: str, urls: list[str]) -> tuple[str, list[str]]:
    command = [sys.executable, "-m", "tests.faults.webhook_scene", code, str(EVENTS), *urls]
    told = subprocess.check_output(
        command, cwd=CHECKOUT, env=rig.environment(**QUICK), text=True
    ).split()
    return told[0], told[1:]


def _kill_at_random(
    rig: Rig, judges: list[Judge], command: tuple[str, ...], kills: int, every: int
) -> None:
    """Two senders, of which one is killed each time that some more requests have come in."""
    senders = [rig.run(*command, **QUICK) for _ in range(2)]
    for _ in range(kills):
        asked = sum(judge.asked for judge in judges)
        wait_until(lambda asked=asked: sum(j.asked for j in judges) > asked + every, 60)  # type: ignore[misc]
        time.sleep(rig.random.uniform(0, 0.2))
        number = rig.random.randrange(2)
        kill_group(senders[number])
        senders[number] = rig.run(*command, **QUICK)


def _states(rig: Rig, store: str) -> dict[tuple[str, str], int]:
    with psycopg.connect(rig.urls["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT subscription_id::text, state, count(*) FROM loyalty_delivery"
            " WHERE store_id = %s GROUP BY 1, 2",
            [store],
        ).fetchall()
    return {(subscription, state): count for subscription, state, count in rows}


def _delivered(rig: Rig, subscription: str) -> set[str]:
    with psycopg.connect(rig.urls["DATABASE_URL"]) as connection:
        rows = connection.execute(
            "SELECT id::text FROM loyalty_delivery"
            " WHERE subscription_id = %s AND state = 'delivered'",
            [subscription],
        ).fetchall()
    return {row[0] for row in rows}


def _nothing_waits(rig: Rig, store: str, subscription: str | None = None) -> bool:
    waits = rig.ask(
        "SELECT EXISTS (SELECT FROM loyalty_delivery WHERE store_id = %s AND state = 'queued'"
        " AND subscription_id = coalesce(%s::uuid, subscription_id))",
        store,
        subscription,
    )
    behind = rig.ask(
        "SELECT EXISTS (SELECT FROM loyalty_event e JOIN loyalty_webhookcursor c USING (store_id)"
        " WHERE e.store_id = %s AND e.sequence > c.sequence)",
        store,
    )
    return waits is False and behind is False


def test_every_event_is_delivered_or_given_up(rig: Rig, tell: Callable[[str], None]) -> None:
    with _receivers(rig) as (judges, urls):
        store, subscriptions = _scene(rig, "WEBHOOKS", urls)
        began = time.monotonic()
        command = ("manage.py", "deliver")
        _kill_at_random(rig, judges, command, KILLS, every=EVENTS // (2 * KILLS))
        for subscription in subscriptions[:2]:
            wait_until(lambda s=subscription: _nothing_waits(rig, store, s), PATIENCE)  # type: ignore[misc]
        # What waits behind the breaker of the third is given up by the clock.
        rig.dispatcher(**QUICK)
        wait_until(lambda: _nothing_waits(rig, store), PATIENCE)
        seconds = time.monotonic() - began
        states = _states(rig, store)
        well, troubled, hopeless = subscriptions

        requests = sum(judge.asked for judge in judges)
        taken = [len(judge.taken) for judge in judges]
        tell(
            f"webhooks: {EVENTS} events to 3 receivers, {KILLS} senders killed: {requests} requests"
            f" in {seconds:.0f} s, taken {taken}, {states} (seed {rig.seed})"
        )
        for judge, subscription in zip(judges, subscriptions, strict=True):
            of_one = {state: n for (each, state), n in states.items() if each == subscription}
            assert sum(of_one.values()) == EVENTS
            assert of_one.keys() <= {"delivered", "dead"}
            assert _delivered(rig, subscription) <= set(judge.taken)
        assert len(set(judges[0].taken)) == states[well, "delivered"] == EVENTS
        assert states[troubled, "delivered"] > EVENTS * 0.99
        assert states[hopeless, "dead"] == EVENTS


def test_a_sender_that_is_hasty_loses_some(rig: Rig, tell: Callable[[str], None]) -> None:
    """The control: what counts as delivered before it was answered is lost with its sender."""
    with _receivers(rig) as (judges, urls):
        store, [well] = _scene(rig, "HASTY", urls[:1])
        command = ("-m", "tests.faults.hasty_sender")
        judges[0].seconds = 0.05  # So that senders are killed with something under way.
        senders = [rig.run(*command, **QUICK) for _ in range(2)]
        wait_until(lambda: judges[0].asked > EVENTS // 20, 60)
        for sender in senders:
            kill_group(sender)
        rig.run(*command, **QUICK)
        wait_until(lambda: _nothing_waits(rig, store), 60)
        time.sleep(2)  # What is under way arrives.
        lost = _delivered(rig, well) - set(judges[0].taken)

        tell(f"webhooks, hasty sender: {len(lost)} of {EVENTS} lost (seed {rig.seed})")
        assert lost
