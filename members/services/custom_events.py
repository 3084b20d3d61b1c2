"""Take in custom events."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty.actors import Actor
from loyalty.errors import Code, Violation
from loyalty.models import Store
from loyalty.models.keys import new_id
from loyalty.transactions import writes
from members.models import ActivitySource
from members.selectors.event_schemas import schemas_of_types
from members.services.activity_rows import ActivityRow, known_activities, record_activities
from members.services.activity_times import fault_of
from members.services.event_bodies import EventBodies


@dataclass(frozen=True, slots=True)
class GivenEvent:
    """As it was sent.  Without an `event_id` nothing tells it from the next one like it."""

    type: str
    occurred_at: datetime
    identifiers: Mapping[str, str]
    body: Mapping[str, Any]
    event_id: str = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one that was sent: the id of its activity, or why it was refused."""

    id: UUID | None
    faults: Sequence[Violation] = ()


@writes
def take_custom_events(
    store: Store, *, events: Sequence[GivenEvent], actor: Actor, now: datetime
) -> list[Taken]:
    """Write those that fit the schema of their type; the answer has one element for each.

    An event whose `event_id` was taken before is answered with the first one's id, whatever it
    says now and whatever became of its schema, and nothing is written.
    """
    zone = ZoneInfo(store.timezone)
    bodies = {
        event_type: EventBodies(schema, zone)
        for event_type, schema in schemas_of_types(store, (e.type for e in events)).items()
        if schema.active
    }
    faults = {place: found for place, event in enumerate(events)
              if (found := _faults(event, bodies.get(event.type), now))}  # fmt: skip
    repeated = _repeated(store, [events[place] for place in faults])
    good = [place for place in range(len(events)) if place not in faults]
    rows = [_row(events[place], bodies[events[place].type]) for place in good]
    recorded = dict(zip(good, record_activities(store, rows, actor=actor, now=now), strict=True))

    def taken(place: int) -> Taken:
        if place in recorded:
            return Taken(recorded[place].id)
        known = repeated.get(events[place].event_id)
        return Taken(known) if known else Taken(None, faults[place])

    return [taken(place) for place in range(len(events))]


def _faults(event: GivenEvent, bodies: EventBodies | None, now: datetime) -> list[Violation]:
    if bodies is None:
        message = "There is no active custom event schema of this type."
        return [Violation(Code.CHOICE, "type", message)]
    late = fault_of(event.occurred_at, "eventDate", now)
    return [*([late] if late else []), *bodies.faults(event.body)]


def _repeated(store: Store, refused: Sequence[GivenEvent]) -> dict[str, UUID]:
    """Of the events that would be refused, those that were taken before, by their event ids."""
    keys = [(str(ActivitySource.CUSTOM_EVENT), e.event_id) for e in refused if e.event_id]
    return {event_id: found for (_, event_id), found in known_activities(store, keys).items()}


def _row(event: GivenEvent, bodies: EventBodies) -> ActivityRow:
    own_id = new_id()
    return ActivityRow(
        type=event.type,
        source=ActivitySource.CUSTOM_EVENT,
        external_id=event.event_id or str(own_id),
        occurred_at=event.occurred_at,
        value=bodies.value(event.body),
        attributes=bodies.attributes(event.body),
        identifiers=event.identifiers,
        id=own_id,
    )
