"""When an activity may have happened."""

from datetime import UTC, datetime, timedelta

from loyalty.errors import Code, Violation

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
# Clocks differ a little; a moment further ahead is a mistake, such as a wrong time zone.
AHEAD = timedelta(minutes=5)


def fault_of(moment: datetime, path: str, now: datetime) -> Violation | None:
    """Why nothing can have happened then, if so."""
    if moment > now + AHEAD:
        message = "This moment is in the future. Without an offset it is read as the store's time."
        return Violation(Code.TOO_HIGH, path, message)
    if moment < EARLIEST:
        return Violation(Code.TOO_LOW, path, "This moment is before 1970.")
    return None
