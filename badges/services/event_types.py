"""Which types of activity a condition may name."""

from collections.abc import Collection

from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Store
from members.models import EventSchema
from members.models.activity import PURCHASE, RETURN

_OWN = {PURCHASE, RETURN}


def unknown_event_types(store: Store, named: Collection[str]) -> set[str]:
    """Those that have no schema and are not ours: nothing would ever be heard of them.

    A schema that is not active will do: what it let in is counted.
    """
    asked = set(named) - _OWN
    if not asked:
        return set()
    schemas = EventSchema.for_store(store).filter(event_type__in=asked)
    return asked - set(schemas.values_list("event_type", flat=True))


def check_event_type(store: Store, event_type: str, *, path: str) -> None:
    if unknown_event_types(store, [event_type]):
        raise Invalid(unknown(path))


def unknown(path: str) -> Violation:
    message = "There is no event of this type: give it a schema first."
    return Violation(Code.CHOICE, path, message)
