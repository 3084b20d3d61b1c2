"""Read the log of events."""

from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from loyalty.models import Event, Store


def event_horizon() -> int:
    """The highest sequence up to which the log is settled: nothing will come to light below it.

    True for statements that begin later, in READ COMMITTED; so ask for it first, and for the
    rows then.  A transaction that has written events holds it back until it ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT rosette_event_horizon()")
        (horizon,) = cursor.fetchone()
    return int(horizon)


def settled_events(store: Store, *, after: int, horizon: int) -> QuerySet[Event]:
    """The store's events with higher numbers than `after`, in order, up to the horizon."""
    return (
        Event.for_store(store)
        .filter(sequence__gt=after, sequence__lte=horizon)
        .order_by("sequence")
    )


@dataclass(frozen=True, slots=True)
class SettledPage:
    """`next` is where to go on: the last of the events, or further if there is nothing between."""

    events: list[Event]
    next: int


def settled_page(store: Store, *, after: int, limit: int, name: str | None = None) -> SettledPage:
    """Whoever always goes on at `next` misses no event, and sees none twice."""
    horizon = event_horizon()
    found = settled_events(store, after=after, horizon=horizon)
    if name is not None:
        found = found.filter(name=name)
    events = list(found[:limit])
    if len(events) == limit:
        return SettledPage(events, events[-1].sequence)
    return SettledPage(events, max(after, horizon))
