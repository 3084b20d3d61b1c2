"""What the cells of a file mean.  What they cannot mean is a `ValueError` that says what can."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

_MOMENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?P<offset>Z|[+-]\d{2}:?\d{2})?)?",
    re.ASCII,
)
_WHOLE_NUMBER = re.compile(r"[0-9]{1,12}")
_UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)
# PostgreSQL's and Python's calendars agree on this, whatever the offset.
_FIRST_YEAR = 1900


def read_moment(text: str, zone: ZoneInfo) -> datetime:
    """A date, or a date and time; without an offset it is the zone's time."""
    written = _MOMENT.fullmatch(text)
    try:
        moment = datetime.fromisoformat(text) if written else None
    except ValueError:
        moment = None
    if moment is None or moment.year < _FIRST_YEAR or moment.year > 9998:
        raise ValueError("is not a date or a date and time such as 2024-12-31T23:59:00+01:00")
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def read_past_moment(text: str, zone: ZoneInfo, now: datetime) -> datetime:
    moment = read_moment(text, zone)
    if moment > now:
        raise ValueError("is in the future")
    return moment


def read_whole_number(text: str, least: int, most: int) -> int:
    if not _WHOLE_NUMBER.fullmatch(text) or not least <= int(text) <= most:
        raise ValueError(f"is not a whole number from {least} to {most}")
    return int(text)


def read_uuid(text: str) -> str:
    """In lower case, as the database writes it."""
    if not _UUID.fullmatch(text):
        raise ValueError("is not a UUID")
    return text.lower()


def read_text(text: str, most: int) -> str:
    if len(text) > most:
        raise ValueError(f"is longer than {most} characters")
    return text
