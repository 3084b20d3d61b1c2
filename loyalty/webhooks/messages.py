"""What is sent, where to, and what came of it: plain values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.webhooks.signing import Key

OPEN_LOYALTY, STANDARD, WIX = "open_loyalty", "standard", "wix"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A subscription, as far as sending needs it."""

    id: UUID
    store_id: UUID
    store_code: str
    url: str
    format: str
    headers: Sequence[tuple[str, str]]
    keys: Sequence[Key]
    """The live ones, the newest last."""


@dataclass(frozen=True, slots=True)
class Message:
    """One delivery.  `id` is the same in each attempt."""

    id: UUID
    endpoint: Endpoint
    type: str
    happened_at: datetime
    data: Mapping[str, Any]
    step: int = 0
    """How many attempts of the schedule are over."""


@dataclass(frozen=True, slots=True)
class Request:
    """One attempt, ready to be sent."""

    id: UUID
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt: a status, or the reason why there is none."""

    message: Message
    request_id: UUID
    at: datetime
    seconds: float
    status: int | None = None
    error: str = ""
    answer: str = ""
    retry_after: float | None = None
    """Seconds, as the receiver asked."""
    delivered: bool = field(default=False)
