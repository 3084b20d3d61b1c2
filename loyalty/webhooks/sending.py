"""Send what is due, many messages at once, and no more to one endpoint than it should bear.

A slow endpoint holds up nobody but itself: each has a line of its own with few requests at once,
and as much is claimed for it as it has shown that it can take.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol, TypeVar
from uuid import UUID

from uuid_utils.compat import uuid7

from loyalty.webhooks.client import Client
from loyalty.webhooks.formats import request_for
from loyalty.webhooks.messages import WIX, Message, Outcome

log = logging.getLogger(__name__)
T = TypeVar("T")

# A first attempt is due within a second, and a NOTIFY would make all writers commit one by one.
_LOOK_EVERY = 0.2
_SETTLE_EVERY = 0.05
_WIX_SECONDS = 1.25  # Whoever receives for Wix has to be that fast.
_AHEAD_SECONDS, _MOST_AHEAD = 1.0, 400
_MOST_CLAIMED_ENDPOINTS = 200
_LONGEST_TROUBLE = 5.0
_GIVE_BACK_AFTER = 3
_MARGIN_SECONDS = 2.0


class Unreachable(Exception):
    """The queue cannot be asked now.  Sometime it can."""


class Queue(Protocol):
    """Where messages come from.  Called in threads; raises `Unreachable`."""

    def claim(self, *, rooms: Mapping[UUID, int], room: int, most: int) -> list[Message]: ...

    def settle(self, outcomes: Sequence[Outcome]) -> None: ...

    def release(self, messages: Sequence[Message]) -> None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    to_an_endpoint: int = 4
    of_a_store: int = 64
    in_all: int = 512
    lease_seconds: float = 60
    request_seconds: float = 15


@dataclass(slots=True)
class _Line:
    """What is claimed for one endpoint and not yet settled."""

    waiting: deque[tuple[float, Message]] = field(default_factory=deque)
    running: int = 0
    outstanding: int = 0
    seconds: float | None = None
    failures: int = 0

    def wants(self, at_once: int) -> int:
        """How many messages it would take now: as many as it will be done with in a moment."""
        if self.seconds is None or self.failures:
            target = at_once
        else:
            pace = at_once * _AHEAD_SECONDS / max(self.seconds, 0.0005)
            target = int(min(max(at_once, pace), _MOST_AHEAD))
        return max(0, target - self.outstanding)


class Sender:
    def __init__(self, queue: Queue, client: Client, limits: Limits) -> None:
        self._queue, self._client, self._limits = queue, client, limits
        self._lines: dict[UUID, _Line] = {}
        self._stores: dict[UUID, asyncio.Semaphore] = {}
        self._all = asyncio.Semaphore(limits.in_all)
        self._outcomes: list[Outcome] = []
        self._given_back: list[Message] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._hungry = asyncio.Event()
        self._stopping = asyncio.Event()
        self._claiming = ThreadPoolExecutor(1, thread_name_prefix="claim")
        self._settling = ThreadPoolExecutor(1, thread_name_prefix="settle")

    async def run(self) -> None:
        """Until `stop`; then what is under way is finished, as far as it takes no longer than a
        request may."""
        settling = asyncio.create_task(self._settle_on_and_on())
        await self._claim_on_and_on()
        for line in self._lines.values():
            self._give_back(line)
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._limits.request_seconds)
        settling.cancel()
        await self._settle_now()

    def stop(self) -> None:
        self._stopping.set()
        self._hungry.set()

    # --- Claiming -----------------------------------------------------------------------------

    async def _claim_on_and_on(self) -> None:
        while not self._stopping.is_set():
            messages = await self._patiently(self._claim)
            for message in messages or ():
                self._add(message)
            self._hungry.clear()
            if not messages:
                await _wait(self._stopping, _LOOK_EVERY)
            elif not self._has_room():
                await _wait(self._hungry, _LOOK_EVERY)

    async def _claim(self) -> list[Message]:
        at_once = self._limits.to_an_endpoint
        # What is settled only in this process is still queued for the others, and for us.
        rooms = {each: line.wants(at_once) for each, line in self._lines.items()}
        return await self._in(
            self._claiming,
            lambda: self._queue.claim(rooms=rooms, room=at_once, most=_MOST_CLAIMED_ENDPOINTS),
        )

    def _has_room(self) -> bool:
        at_once = self._limits.to_an_endpoint
        return any(line.wants(at_once) > line.outstanding for line in self._lines.values())

    def _add(self, message: Message) -> None:
        line = self._lines.setdefault(message.endpoint.id, _Line())
        limits = self._limits
        # Whoever begins later than this could be overtaken by the end of the lease.
        begin_by = _now() + limits.lease_seconds - limits.request_seconds - _MARGIN_SECONDS
        line.waiting.append((begin_by, message))
        line.outstanding += 1
        if line.running < limits.to_an_endpoint:
            line.running += 1
            task = asyncio.create_task(self._work_off(message.endpoint.id, line))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    # --- Sending ------------------------------------------------------------------------------

    async def _work_off(self, endpoint_id: UUID, line: _Line) -> None:
        try:
            while line.waiting:
                begin_by, message = line.waiting.popleft()
                store = message.endpoint.store_id
                limit = self._stores.setdefault(store, asyncio.Semaphore(self._limits.of_a_store))
                async with limit, self._all:
                    if _now() > begin_by or self._stopping.is_set():
                        self._given_back.append(message)
                        line.outstanding -= 1
                        continue
                    outcome = await self._attempt(message)
                self._note(line, outcome)
        finally:
            line.running -= 1

    async def _attempt(self, message: Message) -> Outcome:
        request_id, at, began = uuid7(), datetime.now(UTC), _now()
        try:
            request = request_for(message, request_id, at)
        except Exception:
            # Whatever it is, it must not take the line with it; and it is no secret's business.
            log.exception("Message %s cannot be put together.", message.id)
            return Outcome(message, request_id, at, 0.0, error="It cannot be put together.")
        patience = self._limits.request_seconds
        if message.endpoint.format == WIX:
            patience = min(patience, _WIX_SECONDS)
        reply = await self._client.post(message.endpoint.url, request, patience=patience)
        good = reply.status == 200 if message.endpoint.format == WIX else (
            reply.status is not None and 200 <= reply.status < 300
        )  # fmt: skip
        return Outcome(
            message, request_id, at, _now() - began, reply.status, reply.error, reply.answer,
            reply.retry_after, good,
        )  # fmt: skip

    def _note(self, line: _Line, outcome: Outcome) -> None:
        self._outcomes.append(outcome)
        if outcome.delivered:
            known = line.seconds if line.seconds is not None else outcome.seconds
            line.seconds, line.failures = 0.8 * known + 0.2 * outcome.seconds, 0
        else:
            line.failures += 1
            if line.failures >= _GIVE_BACK_AFTER:
                self._give_back(line)

    def _give_back(self, line: _Line) -> None:
        """What waits behind failures may wait in the queue, where the breaker sees it."""
        self._given_back += [message for _, message in line.waiting]
        line.outstanding -= len(line.waiting)
        line.waiting.clear()

    # --- Settling -----------------------------------------------------------------------------

    async def _settle_on_and_on(self) -> None:
        while True:
            await asyncio.sleep(_SETTLE_EVERY)
            await self._settle_now()

    async def _settle_now(self) -> None:
        outcomes, self._outcomes = self._outcomes, []
        given_back, self._given_back = self._given_back, []
        if outcomes:
            await self._patiently(
                lambda: self._in(self._settling, lambda: self._queue.settle(outcomes))
            )
        for outcome in outcomes:
            self._lines[outcome.message.endpoint.id].outstanding -= 1
        if given_back:
            await self._patiently(
                lambda: self._in(self._settling, lambda: self._queue.release(given_back))
            )
        if outcomes:
            self._hungry.set()
            self._forget_idle_lines()

    def _forget_idle_lines(self) -> None:
        if len(self._lines) > 10_000:
            self._lines = {each: line for each, line in self._lines.items() if line.outstanding}

    async def _patiently(self, call: Callable[[], Awaitable[T]]) -> T | None:
        """The answer, however long the database is away; None if it is time to stop, or if the
        call failed for another reason: its messages are due again when their lease ends."""
        pause = _LOOK_EVERY
        while True:
            try:
                return await call()
            except Unreachable as error:
                if pause == _LOOK_EVERY:
                    log.warning(
                        "The database is in trouble, it is tried again and again: %s", error
                    )
                if self._stopping.is_set():
                    return None
            except Exception:
                log.exception("Webhooks: something is wrong, the messages are tried again.")
                await _wait(self._stopping, _LONGEST_TROUBLE)
                return None
            await _wait(self._stopping, pause)
            pause = min(2 * pause, _LONGEST_TROUBLE)

    async def _in(self, threads: ThreadPoolExecutor, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(threads, call)


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
