"""Statements that may look at a whole store, and how long they may take."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction

from loyalty.errors import Conflict

# PostgreSQL's word for a statement that took longer than it may.
_CANCELED = "57014"


class TookTooLong(Conflict):
    """Trying again would take as long."""


@contextmanager
def at_most(seconds: int, what: str) -> Iterator[None]:
    """Each statement inside ends in that time; raises `TookTooLong`, which begins with `what`."""
    try:
        with transaction.atomic():
            usual = _timeout()
            _set_timeout(f"{seconds}s")
            yield
            _set_timeout(usual)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) != _CANCELED:
            raise
        message = f"{what} was not through after {seconds} s, and was stopped."
        raise TookTooLong(message) from None


def _timeout() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        return str(cursor.fetchone()[0])


def _set_timeout(value: str) -> None:
    """Until the transaction ends, or is rolled back to before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [value])
