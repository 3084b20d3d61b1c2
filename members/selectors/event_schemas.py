"""Find the schemas of custom events."""

from collections.abc import Iterable

from django.db.models import QuerySet

from loyalty.errors import NotFound
from loyalty.models import Store
from members.models import EventSchema


def event_schemas(store: Store) -> QuerySet[EventSchema]:
    return EventSchema.for_store(store)


def get_event_schema(store: Store, event_type: str) -> EventSchema:
    found = event_schemas(store).filter(event_type=event_type).first()
    if found is None:
        raise NotFound
    return found


def schemas_of_types(store: Store, types: Iterable[str]) -> dict[str, EventSchema]:
    """Those of the types that have one."""
    found = event_schemas(store).filter(event_type__in=set(types))
    return {schema.event_type: schema for schema in found}
