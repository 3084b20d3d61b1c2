"""The sender: a slow endpoint is alone with its slowness."""

import asyncio
import logging
import random
import statistics
import threading
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from ipaddress import ip_network
from uuid import UUID, uuid4

import pytest
from aiohttp import web

from loyalty.webhooks.addresses import Rules
from loyalty.webhooks.client import Client
from loyalty.webhooks.messages import Endpoint, Message, Outcome
from loyalty.webhooks.schedule import STANDARD_WEBHOOKS, WIX_RETRIES, next_pause
from loyalty.webhooks.sending import Limits, Sender, Unreachable
from loyalty.webhooks.signing import Key, new_secret
from tests.loyalty.webhook_receiver import Received, receiving

HERE = Rules((ip_network("127.0.0.1/32"),), frozenset(), plain_http=True)


class MemoryQueue:
    """A queue as the database keeps it, without a database."""

    def __init__(self, endpoints: Sequence[Endpoint], messages: int) -> None:
        self.waiting = {
            each.id: deque(_message(each) for _ in range(messages)) for each in endpoints
        }
        self.outcomes: list[Outcome] = []
        self.given_back = 0
        self.away = 0
        """How many calls find nobody."""
        self._lock = threading.Lock()

    def claim(self, *, rooms: Mapping[UUID, int], room: int, most: int) -> list[Message]:
        self._answer()
        with self._lock:
            return [
                waiting.popleft()
                for each, waiting in self.waiting.items()
                for _ in range(min(rooms.get(each, room), len(waiting)))
            ]

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        self._answer()
        self.outcomes += outcomes

    def release(self, messages: Sequence[Message]) -> None:
        with self._lock:
            self.given_back += len(messages)
            for message in messages:
                self.waiting[message.endpoint.id].append(message)

    def _answer(self) -> None:
        if self.away:
            self.away -= 1
            raise Unreachable("away")


def _endpoint(url: str, store_id: UUID | None = None) -> Endpoint:
    return Endpoint(
        uuid4(), store_id or uuid4(), "ALPHA", url, "standard", [], [Key(1, new_secret())]
    )


def _message(endpoint: Endpoint) -> Message:
    return Message(uuid4(), endpoint, "BadgeCompleted", datetime.now(UTC), {"x": 1})


async def _send(queue: MemoryQueue, seconds: float, limits: Limits) -> None:
    client = Client(HERE)
    sender = Sender(queue, client, limits)
    running = asyncio.create_task(sender.run())
    await asyncio.sleep(seconds)
    sender.stop()
    await running
    await client.close()


class Crowd:
    """How many requests a receiver had to do with at once."""

    def __init__(self, seconds: float) -> None:
        self.seconds, self.now, self.most = seconds, 0, 0

    async def answer(self, _: Received) -> web.StreamResponse:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(self.seconds)
        self.now -= 1
        return web.Response(status=204)


def test_a_slow_endpoint_delays_no_other_and_is_not_crowded() -> None:
    slow, quick, store = Crowd(0.4), Crowd(0), uuid4()
    with receiving(slow.answer) as laggard, receiving(quick.answer) as well:
        endpoints = [_endpoint(laggard.url, store), _endpoint(well.url, store)]
        queue = MemoryQueue(endpoints, 2000)
        asyncio.run(_send(queue, 3, Limits()))

        sent = Counter(outcome.message.endpoint.id for outcome in queue.outcomes)
        assert slow.most == 4
        assert quick.most <= 4
        assert 20 <= sent[endpoints[0].id] <= 40
        assert sent[endpoints[1].id] == 2000
        assert len(laggard.received) == sent[endpoints[0].id]


def test_without_a_limit_for_each_the_quick_one_would_wait() -> None:
    """The control: with one request at once in all, the slow endpoint sets the pace."""
    slow, store = Crowd(0.4), uuid4()
    with receiving(slow.answer) as laggard, receiving() as well:
        endpoints = [_endpoint(laggard.url, store), _endpoint(well.url, store)]
        queue = MemoryQueue(endpoints, 2000)
        asyncio.run(_send(queue, 2, Limits(in_all=1)))

        assert len(well.received) < 200


def test_a_store_has_its_share_and_no_more() -> None:
    crowd, greedy = Crowd(0.3), uuid4()
    with receiving(crowd.answer) as receiver, receiving() as well:
        many = [_endpoint(f"{receiver.url}/{number}", greedy) for number in range(20)]
        queue = MemoryQueue([*many, _endpoint(well.url)], 10)
        asyncio.run(_send(queue, 1, Limits(of_a_store=6)))

        assert crowd.most == 6
        assert len(well.received) == 10


def test_whoever_fails_again_and_again_gets_no_more_for_now() -> None:
    async def failing(_: Received) -> web.StreamResponse:
        return web.Response(status=500)

    with receiving(failing) as receiver:
        queue = MemoryQueue([_endpoint(receiver.url)], 100)
        asyncio.run(_send(queue, 0.1, Limits()))

    assert len(queue.outcomes) < 100
    assert all(not outcome.delivered for outcome in queue.outcomes)


def test_what_was_claimed_too_long_ago_is_given_back_and_not_sent() -> None:
    slow = Crowd(0.3)
    with receiving(slow.answer) as receiver:
        queue = MemoryQueue([_endpoint(receiver.url)], 4)
        limits = Limits(to_an_endpoint=1, lease_seconds=2.0, request_seconds=1.0)
        asyncio.run(_send(queue, 0.5, limits))

        assert receiver.received == []
    assert queue.given_back >= 1
    assert sum(map(len, queue.waiting.values())) == 4


def test_a_database_that_is_away_loses_nothing() -> None:
    with receiving() as receiver:
        queue = MemoryQueue([_endpoint(receiver.url)], 50)
        queue.away = 2
        asyncio.run(_send(queue, 2.5, Limits()))

        assert len(receiver.received) == len(queue.outcomes) == 50


def test_what_is_under_way_is_finished_when_it_is_told_to_stop() -> None:
    slow = Crowd(0.5)
    with receiving(slow.answer) as receiver:
        queue = MemoryQueue([_endpoint(receiver.url)], 100)
        asyncio.run(_send(queue, 0.2, Limits()))

        assert len(receiver.received) == len(queue.outcomes) == 4
        assert all(outcome.delivered for outcome in queue.outcomes)
    assert sum(map(len, queue.waiting.values())) == 96


def test_a_message_that_cannot_be_put_together_holds_nobody_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with receiving() as receiver:
        endpoint = _endpoint(receiver.url)
        queue = MemoryQueue([endpoint], 1)
        broken = Message(uuid4(), endpoint, "x", datetime.now(UTC), {"x": object()})
        queue.waiting[endpoint.id].appendleft(broken)
        with caplog.at_level(logging.ERROR):
            asyncio.run(_send(queue, 0.3, Limits()))

        assert len(receiver.received) == 1
    assert sorted(outcome.delivered for outcome in queue.outcomes) == [False, True]
    assert endpoint.keys[0].secret not in caplog.text


# --- The schedule -------------------------------------------------------------------------------


def test_the_schedules_are_those_of_the_documents() -> None:
    hours = [seconds / 3600 for seconds in (sum(STANDARD_WEBHOOKS), sum(WIX_RETRIES))]
    assert [round(each, 1) for each in hours] == [75.6, 47.2]
    assert (len(STANDARD_WEBHOOKS), len(WIX_RETRIES)) == (9, 12)


def test_pauses_are_spread_by_a_fifth() -> None:
    random.seed(1)
    pauses = [next_pause("standard", 2) or 0 for _ in range(2000)]

    assert 240 <= min(pauses) < 250
    assert 350 < max(pauses) <= 360
    assert 290 < statistics.mean(pauses) < 310


@pytest.mark.parametrize(
    ("step", "status", "asked", "least", "most"),
    [
        (1, 500, None, 4, 6),
        (1, 503, None, 48, 72),
        (1, 429, 3.0, 60, 60),
        (1, 429, 90.0, 90, 90),
        (1, 429, 1e9, 120, 120),
        (2, 500, 0.0, 300, 300),
    ],
)
def test_a_receiver_is_heard_within_bounds(
    step: int, status: int, asked: float | None, least: float, most: float
) -> None:
    pause = next_pause("standard", step, status=status, retry_after=asked)

    assert pause is not None
    assert least <= pause <= most


def test_the_last_attempt_is_the_last() -> None:
    assert next_pause("standard", 9) is not None
    assert next_pause("standard", 10) is None
    assert next_pause("wix", 12) is not None
    assert next_pause("wix", 13) is None
