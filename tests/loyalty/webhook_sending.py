"""Send what is due, within the test."""

import asyncio
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils import timezone

from loyalty.services.webhooks.fan_out import fan_out
from loyalty.services.webhooks.queue import Endpoints, claim
from loyalty.services.webhooks.settling import settle
from loyalty.webhooks.addresses import rules
from loyalty.webhooks.client import Client
from loyalty.webhooks.formats import request_for
from loyalty.webhooks.messages import Message, Outcome
from loyalty.webhooks.sending import Limits, Sender


class _Once:
    """A queue whose calls happen in the test's own thread and transaction."""

    def __init__(self, messages: Sequence[Message]) -> None:
        self.messages, self.outcomes = list(messages), list[Outcome]()

    def claim(self, *, rooms: Mapping[UUID, int], room: int, most: int) -> list[Message]:
        claimed, self.messages = self.messages, []
        return claimed

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        self.outcomes += outcomes

    def release(self, messages: Sequence[Message]) -> None: ...


def due(room: int = 100) -> list[Message]:
    """Hand out what happened, and claim what is due."""
    while fan_out():
        pass
    return claim(Endpoints(), rooms={}, room=room, most=100)


def send_due(*, seconds: float = 2.0, room: int = 100) -> list[Outcome]:
    """One attempt of everything that is due, written down."""
    outcomes = attempt(due(room), seconds=seconds)
    settle(outcomes, now=timezone.now())
    return outcomes


def attempt(messages: Sequence[Message], *, seconds: float = 2.0) -> list[Outcome]:
    queue = _Once(messages)

    async def send() -> None:
        client = Client(rules())
        sender = Sender(queue, client, Limits(request_seconds=seconds))
        running = asyncio.create_task(sender.run())
        while len(queue.outcomes) < len(messages):
            await asyncio.sleep(0.01)
        sender.stop()
        await running
        await client.close()

    if messages:
        asyncio.run(send())
    return queue.outcomes


__all__ = ["attempt", "due", "request_for", "send_due"]
