"""Read JSON objects strictly, and note everything that is wrong with them."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty.errors import Code, Invalid, Violation

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE | re.ASCII)
_MOMENT = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?)?", re.ASCII
)
_YEARS = range(1900, 9999)
"""Of these, Python's and PostgreSQL's calendars say the same, whatever the offset."""

_ABSENT = object()
E = TypeVar("E", bound=str)


class Bad(Exception):
    """The value is bad, which was noted; what was to be made of it cannot be made."""


@dataclass(slots=True)
class Notes:
    """What is wrong, in the order in which it was found."""

    violations: list[Violation] = field(default_factory=list)

    def bad(self, code: Code, path: str, message: str, **parameters: object) -> Bad:
        self.violations.append(Violation(code, path, message, parameters))
        return Bad()

    def check(self) -> None:
        if self.violations:
            raise Invalid(*self.violations)


class Fields:
    """The fields of one JSON object.

    Each method reads one field, notes what is wrong with it, and then raises `Bad`.  A field that
    is absent or null has the default, if there is one.  `close` notes fields that nobody read.
    """

    def __init__(self, data: object, path: str, notes: Notes) -> None:
        if not isinstance(data, Mapping):
            raise notes.bad(Code.TYPE, path, "This value should be an object.", type="object")
        self._data: Mapping[str, Any] = data
        self._read: set[str] = set()
        self.path, self.notes = path, notes

    def close(self) -> None:
        for name in self._data:
            if name not in self._read:
                self.bad(Code.UNKNOWN_FIELD, str(name), "This field is unknown here.")

    def has(self, name: str) -> bool:
        return self._data.get(name) is not None

    def bad(self, code: Code, name: str, message: str, **parameters: object) -> Bad:
        return self.notes.bad(code, self.below(name), message, **parameters)

    def below(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name

    def raw(self, name: str, default: Any = _ABSENT) -> Any:
        self._read.add(name)
        value = self._data.get(name)
        if value is not None:
            return value
        if default is _ABSENT:
            raise self.bad(Code.MISSING, name, "This field is missing.")
        return default

    def text(self, name: str, *, most: int, default: Any = _ABSENT) -> str:
        """A text that can be stored, and says something unless there is a default."""
        value = self.raw(name, default)
        if not isinstance(value, str):
            raise self.bad(Code.TYPE, name, "This value should be a text.", type="string")
        if not is_storable(value):
            raise self.bad(Code.PATTERN, name, "This text has characters that cannot be stored.")
        if not value.strip() and default is _ABSENT:
            raise self.bad(Code.BLANK, name, "This value should not be blank.")
        if len(value) > most:
            message = f"This text should have {most} characters or less."
            raise self.bad(Code.TOO_LONG, name, message, limit=most)
        return value

    def choice(self, name: str, choices: Collection[E], default: Any = _ABSENT) -> E:
        value = self.raw(name, default)
        found = next((each for each in choices if each == value), None)
        if found is None:
            names = ", ".join(choices)
            message = f"This value should be one of: {names}."
            raise self.bad(Code.CHOICE, name, message, choices=list(choices))
        return found

    def whole(self, name: str, *, most: int, least: int = 1, default: Any = _ABSENT) -> int:
        value = self.raw(name, default)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.bad(Code.TYPE, name, "This value should be a whole number.", type="integer")
        self._check_range(name, value, least, most)
        return value

    def number(self, name: str, *, most: int, decimals: int) -> Decimal:
        """More than 0."""
        value = decimal_of(self.raw(name))
        if value is None:
            raise self.bad(Code.TYPE, name, "This value should be a number.", type="number")
        if value <= 0:
            message = "This value should be more than 0."
            raise self.bad(Code.TOO_LOW, name, message, limit=0)
        self._check_range(name, value, 0, most)
        if value != round(value, decimals):
            message = f"This value should have at most {decimals} decimals."
            raise self.bad(Code.PATTERN, name, message)
        return value.normalize()

    def uuid(self, name: str) -> UUID:
        value = self.raw(name)
        if not isinstance(value, str) or not _UUID.fullmatch(value):
            raise self.bad(Code.UUID, name, "This is not a UUID.")
        return UUID(value)

    def moment(self, name: str, zone: ZoneInfo) -> datetime:
        """A date, or a date and a time; without an offset, in `zone`."""
        moment = read_moment(self.raw(name), zone)
        if moment is None:
            message = "This is not a date and time such as 2024-12-31T23:59:00+01:00."
            raise self.bad(Code.DATETIME, name, message)
        return moment

    def items(self, name: str, *, most: int, least: int = 0, default: Any = _ABSENT) -> list[Any]:
        value = self.raw(name, default)
        if not isinstance(value, list):
            raise self.bad(Code.TYPE, name, "This value should be a list.", type="array")
        if len(value) < least:
            message = f"This list should have {least} entries or more."
            raise self.bad(Code.TOO_SHORT, name, message, limit=least)
        if len(value) > most:
            message = f"This list should have {most} entries or less."
            raise self.bad(Code.TOO_LONG, name, message, limit=most)
        return value

    def _check_range(self, name: str, value: int | Decimal, least: int, most: int) -> None:
        if value < least:
            raise self.bad(
                Code.TOO_LOW, name, f"This value should be {least} or more.", limit=least
            )
        if value > most:
            message = f"This value should be {most} or less."
            raise self.bad(Code.TOO_HIGH, name, message, limit=most)


def is_storable(text: str) -> bool:
    """PostgreSQL stores neither NUL nor half of a surrogate pair."""
    return not any(each == "\0" or "\ud800" <= each <= "\udfff" for each in text)


def decimal_of(value: object) -> Decimal | None:
    """The number as it was written, if it is one that is finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return number if number.is_finite() else None


def read_moment(value: object, zone: ZoneInfo) -> datetime | None:
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.year not in _YEARS:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
