"""Hold what a custom event says against the schema of its type."""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from loyalty.errors import Code, Violation
from members.models import EventSchema, FieldType

MAX_TEXT = 4000
MAX_VALUE = 10**12
_UNIT = Decimal("0.0001")

_TYPES: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    FieldType.TEXT: (lambda value: isinstance(value, str), "string"),
    FieldType.NUMBER: (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool),
        "number",
    ),
    FieldType.BOOLEAN: (lambda value: isinstance(value, bool), "bool"),
    FieldType.OBJECT: (lambda value: isinstance(value, dict), "object"),
    FieldType.COLLECTION: (lambda value: isinstance(value, list), "array"),
}


class EventBodies:
    """Reads the bodies of events of one type."""

    def __init__(self, schema: EventSchema, zone: ZoneInfo) -> None:
        self._types = {field["name"]: field["type"] for field in schema.fields}
        self._value_field = schema.value_field or "value"
        self._zone = zone

    def faults(self, body: Mapping[str, Any]) -> Iterator[Violation]:
        """What is wrong with the body.  A field may be absent or null, which is the same."""
        for name, value in body.items():
            kind, path = self._types.get(name), f"body.{name}"
            if kind is None:
                message = "This form should not contain extra fields."
                yield Violation(Code.UNKNOWN_FIELD, path, message)
            elif value is None:
                continue
            elif kind == FieldType.DATETIME:
                if self._moment(value) is None:
                    yield Violation(Code.DATETIME, path, "This value is not a valid datetime.")
            elif not _TYPES[kind][0](value):
                message = f"This value should be of type {_TYPES[kind][1]}."
                yield Violation(Code.TYPE, path, message)
            elif kind == FieldType.TEXT and len(value) > MAX_TEXT:
                message = f"This value is too long. It should have {MAX_TEXT} characters or less."
                yield Violation(Code.TOO_LONG, path, message)
            elif name == self._value_field and kind == FieldType.NUMBER and value > MAX_VALUE:
                message = f"This value should be less than or equal to {MAX_VALUE}."
                yield Violation(Code.TOO_HIGH, path, message)

    def attributes(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """What is kept of a body without faults: moments with an offset, and no nulls."""
        return {
            name: self._moment(value) if self._types[name] == FieldType.DATETIME else value
            for name, value in body.items()
            if value is not None
        }

    def value(self, body: Mapping[str, Any]) -> Decimal:
        """Never negative: an activity adds to a sum, and only a return takes from it."""
        given = body.get(self._value_field)
        if given is None or self._types[self._value_field] != FieldType.NUMBER:
            return Decimal(0)
        return max(Decimal(0), Decimal(repr(given)).quantize(_UNIT)) if given > 0 else Decimal(0)

    def _moment(self, value: Any) -> str | None:
        if not isinstance(value, str):
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            return None
        return value if moment.tzinfo else moment.replace(tzinfo=self._zone).isoformat()
