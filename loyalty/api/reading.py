"""Bodies in, for calls that bring a thousand things at once.

Reads plain data with the same words for the same faults as the strict serializers, at a fraction
of their cost.  A read function takes the reading, a value and the value's path; it returns what
it read, or notes a fault and returns None.  One description serves the call for one thing and the
call for many, so they cannot disagree.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from loyalty.errors import Code, Invalid, Violation
from loyalty.identifiers import UUID_PATTERN

T = TypeVar("T")


class Reading:
    """What is being read, and what was wrong with it.  Moments without offset are in `zone`."""

    def __init__(self, zone: tzinfo) -> None:
        self.zone = zone
        self.faults: list[Violation] = []

    def refuse(self, code: Code, path: str, message: str, **parameters: object) -> None:
        self.faults.append(Violation(code, path, message, parameters))

    def refuse_type(self, path: str, expected: str) -> None:
        self.refuse(Code.TYPE, path, f"This value should be of type {expected}.")


Read = Callable[[Reading, Any, str], Any]


def below(path: str, name: str | int) -> str:
    return f"{path}.{name}" if path else str(name)


def text(
    *, most: int = 255, blank: bool = False, pattern: str = ""
) -> Callable[[Reading, Any, str], str | None]:
    matches = re.compile(pattern).fullmatch if pattern else None

    def read(reading: Reading, value: Any, path: str) -> str | None:
        if not isinstance(value, str):
            reading.refuse_type(path, "string")
        elif not blank and not value.strip():
            reading.refuse(Code.BLANK, path, "This value should not be blank.")
        elif len(value) > most:
            message = f"This value is too long. It should have {most} characters or less."
            reading.refuse(Code.TOO_LONG, path, message)
        elif matches and not matches(value):
            reading.refuse(Code.PATTERN, path, "This value is not valid.")
        else:
            return value
        return None

    return read


_SHORT = text()
_IS_UUID = re.compile(UUID_PATTERN, re.IGNORECASE).fullmatch


def email(reading: Reading, value: Any, path: str) -> str | None:
    given = _SHORT(reading, value, path)
    if given is not None:
        try:
            validate_email(given)
        except ValidationError:
            message = "This value is not a valid email address."
            reading.refuse(Code.EMAIL, path, message)
            return None
    return given


def uuid(reading: Reading, value: Any, path: str) -> UUID | None:
    if not isinstance(value, str):
        reading.refuse_type(path, "string")
        return None
    if not _IS_UUID(value):
        reading.refuse(Code.UUID, path, "This is not a valid UUID.")
        return None
    return UUID(value)


def choice(*allowed: str) -> Read:
    def read(reading: Reading, value: Any, path: str) -> str | None:
        if isinstance(value, str) and value in allowed:
            return value
        message = "The value you selected is not a valid choice."
        reading.refuse(Code.CHOICE, path, message)
        return None

    return read


def moment(reading: Reading, value: Any, path: str) -> datetime | None:
    """ISO 8601.  Without an offset it is the store's time (Open Loyalty, Time zones)."""
    read = as_moment(value, reading.zone)
    if read is None:
        reading.refuse(Code.DATETIME, path, "This value is not a valid datetime.")
    return read


def as_moment(value: Any, zone: tzinfo) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
        read = read if read.tzinfo else read.replace(tzinfo=zone)
        # At the ends of time the offset leads out of the years that can be read again.
        return read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def number(*, least: int, most: int, places: int) -> Read:
    """A number of at most so many decimal places; further ones are rounded, half to even."""
    unit = Decimal(1).scaleb(-places)

    def read(reading: Reading, value: Any, path: str) -> Decimal | None:
        if isinstance(value, bool) or not isinstance(value, int | float):
            reading.refuse_type(path, "number")
        elif value < least:
            message = f"This value should be greater than or equal to {least}."
            reading.refuse(Code.TOO_LOW, path, message)
        elif value > most:
            message = f"This value should be less than or equal to {most}."
            reading.refuse(Code.TOO_HIGH, path, message)
        else:
            # By way of its text: 0.1 is meant as a tenth, and not as its nearest binary fraction.
            return Decimal(repr(value)).quantize(unit)
        return None

    return read


def mapping(reading: Reading, value: Any, path: str) -> dict[str, Any] | None:
    """An object of any content."""
    if not isinstance(value, dict):
        reading.refuse_type(path, "object")
        return None
    return value


class Shape:
    """An object of these members and no others.  Absent ones are not in what is read.

    Members in `nullable` may be null, which is the same as absent.
    """

    def __init__(
        self,
        members: Mapping[str, Read],
        *,
        required: Sequence[str] = (),
        nullable: Sequence[str] = (),
    ) -> None:
        self.members, self.required = members, required
        self._nullable = frozenset(nullable)

    def __call__(self, reading: Reading, value: Any, path: str) -> dict[str, Any] | None:
        if not isinstance(value, dict):
            reading.refuse_type(path, "object")
            return None
        faults = len(reading.faults)
        found: dict[str, Any] = {}
        for name in self.required:
            if name not in value:
                message = "This field is missing."
                reading.refuse(Code.MISSING, below(path, name), message)
        for name, given in value.items():
            read = self.members.get(name)
            if read is None:
                message = "This form should not contain extra fields."
                reading.refuse(Code.UNKNOWN_FIELD, below(path, name), message)
            elif given is not None:
                found[name] = read(reading, given, below(path, name))
            elif name not in self._nullable:
                message = "This value should not be null."
                reading.refuse(Code.NULL, below(path, name), message)
        return found if len(reading.faults) == faults else None


def items(read: Read, *, most: int, least: int = 0) -> Callable[[Reading, Any, str], Any]:
    """A list, each element of which is read; those that could not be read are None."""

    def read_all(reading: Reading, value: Any, path: str) -> list[Any] | None:
        if not isinstance(value, list):
            reading.refuse_type(path, "array")
        elif len(value) > most:
            message = f"This collection should contain {most} elements or less."
            reading.refuse(Code.TOO_LONG, path, message)
        elif len(value) < least:
            message = f"This collection should contain {least} elements or more."
            reading.refuse(Code.TOO_SHORT, path, message)
        else:
            return [read(reading, each, below(path, place)) for place, each in enumerate(value)]
        return None

    return read_all


def read_one(data: Any, wrapper: str, read: Callable[[Reading, Any, str], T], zone: tzinfo) -> T:
    """The body `{wrapper: thing}`; raises `Invalid` with every fault there is."""
    reading = Reading(zone)
    found = Shape({wrapper: read}, required=[wrapper])(reading, data, "")
    if found is None or reading.faults:
        raise Invalid(*reading.faults)
    thing: T = found[wrapper]
    return thing


def read_many(
    data: Any, wrapper: str, read: Callable[[Reading, Any, str], T], zone: tzinfo, *, most: int
) -> list[T | list[Violation]]:
    """The body `{wrapper: [thing, ...]}`: for each element what was read, or its faults.

    Paths in these begin at the element, as if it were sent alone.
    Raises `Invalid` if the body is not of that form at all.
    """

    def apart(outer: Reading, value: Any, _: str) -> T | list[Violation]:
        reading = Reading(outer.zone)
        thing = read(reading, value, "")
        return reading.faults or thing

    read_all = items(apart, least=1, most=most)
    return read_one(data, wrapper, read_all, zone)
