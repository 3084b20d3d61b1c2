"""What Wix calls the things that happen, and what it says about them.

The kernel knows the envelope; an app that has the entities registers its messages as it starts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from loyalty.models import Event, EventName, Store

Render = Callable[[Store, Sequence[Event]], Mapping[int, Mapping[str, Any]]]


@dataclass(frozen=True, slots=True)
class WixMessageType:
    """`sources` are the events that it is made of, each with a condition on the event's data: a
    JSON path predicate of PostgreSQL, or None.

    `render` answers by sequence with `entityId` and one of `createdEvent`, `updatedEvent`,
    `deletedEvent`, `actionEvent`.  It is asked once for each event, shortly after it.
    """

    name: str
    sources: Mapping[EventName, str | None]
    render: Render


_TYPES: dict[str, WixMessageType] = {}


def register_wix_message(message_type: WixMessageType) -> None:
    _TYPES[message_type.name] = message_type


def wix_message_types() -> Mapping[str, WixMessageType]:
    return _TYPES
