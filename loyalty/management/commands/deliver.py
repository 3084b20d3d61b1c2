"""`./run manage deliver`: send webhooks, until told to stop.

Several such processes share the work; one that is killed leaves its messages to the others.
"""

import asyncio
import signal
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, close_old_connections, connections
from django.utils import timezone

from loyalty.services.webhooks.fan_out import fan_out
from loyalty.services.webhooks.queue import Endpoints, claim, release
from loyalty.services.webhooks.settling import settle
from loyalty.webhooks.addresses import rules
from loyalty.webhooks.client import Client
from loyalty.webhooks.messages import Message, Outcome
from loyalty.webhooks.sending import Limits, Sender, Unreachable


class DatabaseQueue:
    """Each method is called in a thread of its own, and so with a connection of its own."""

    def __init__(self) -> None:
        self._endpoints = Endpoints()

    def claim(self, *, rooms: Mapping[UUID, int], room: int, most: int) -> list[Message]:
        with _Connection():
            fan_out()
            return claim(self._endpoints, rooms=rooms, room=room, most=most)

    def settle(self, outcomes: Sequence[Outcome]) -> None:
        with _Connection():
            settle(outcomes, now=timezone.now())

    def release(self, messages: Sequence[Message]) -> None:
        with _Connection():
            release(messages)


class _Connection:
    """A connection that broke is not kept."""

    def __enter__(self) -> None:
        close_old_connections()

    def __exit__(self, kind: type[BaseException] | None, error: Any, *_: object) -> None:
        if kind is not None and issubclass(kind, OperationalError | InterfaceError):
            connections.close_all()
            raise Unreachable(str(error)) from error


class Command(BaseCommand):
    help = "Send webhooks until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        asyncio.run(_deliver())


async def _deliver() -> None:
    client = Client(rules())
    limits = Limits(
        settings.WEBHOOKS_AT_ONCE_TO_AN_ENDPOINT, settings.WEBHOOKS_AT_ONCE_OF_A_STORE,
        settings.WEBHOOKS_AT_ONCE, settings.WEBHOOKS_LEASE_SECONDS, settings.WEBHOOKS_SECONDS,
    )  # fmt: skip
    sender = Sender(DatabaseQueue(), client, limits)
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, sender.stop)
    try:
        await sender.run()
    finally:
        await client.close()
