"""Read the log of events."""

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


def settled_events(store: Store, *, after: int) -> QuerySet[Event]:
    """The store's events with higher numbers than `after`, in order, as far as they are settled.

    Whoever goes on after the last one of them misses none, and sees none twice.
    """
    horizon = event_horizon()
    return (
        Event.for_store(store)
        .filter(sequence__gt=after, sequence__lte=horizon)
        .order_by("sequence")
    )
