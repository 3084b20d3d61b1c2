"""Check a password, slowly for those who guess.

A failure is counted before the password is checked and taken back after it fitted, so a
thousand guesses at once get no more tries than a thousand in a row.  The count is kept for a
name from an address, so a stranger elsewhere cannot lock anybody out.
"""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.db import connection, transaction

from loyalty.errors import TooManyAttempts, Unauthenticated
from loyalty.models import Administrator

WINDOW = timedelta(minutes=1)
# Longer ones are refused unread: hashing a megabyte would be a favour to whoever sends it.
MAX_PASSWORD_LENGTH = 1024

_COUNT = """
INSERT INTO loyalty_loginfailures AS f (bucket, failures, window_ends_at)
VALUES (%(bucket)s, 1, %(end)s)
ON CONFLICT (bucket) DO UPDATE SET
    failures = CASE WHEN f.window_ends_at <= %(now)s THEN 1 ELSE f.failures + 1 END,
    window_ends_at = CASE WHEN f.window_ends_at <= %(now)s THEN %(end)s ELSE f.window_ends_at END
RETURNING failures, window_ends_at
"""
_TAKE_BACK = """
UPDATE loyalty_loginfailures SET failures = greatest(failures - 1, 0) WHERE bucket = ANY(%s)
"""


class Attempt:
    """One try at a password.  Use it as a context manager and call `fitted()` if it did."""

    def __init__(self, realm: str, username: str, address: str | None, *, now: datetime) -> None:
        name = username.lower()
        self._limits = {
            _bucket("name", realm, name, address or ""): settings.LOGIN_FAILURES_PER_NAME,
            _bucket("address", address or ""): settings.LOGIN_FAILURES_PER_ADDRESS,
        }
        self._now = now

    def begin(self) -> None:
        """Raises `TooManyAttempts` before anything is looked up."""
        wait = 0
        # Buckets are always taken in one order, or two attempts could wait for each other.
        with transaction.atomic(), connection.cursor() as cursor:
            for bucket in sorted(self._limits):
                cursor.execute(
                    _COUNT, {"bucket": bucket, "now": self._now, "end": self._now + WINDOW}
                )
                failures, end = cursor.fetchone()
                if failures > self._limits[bucket]:
                    wait = max(wait, int((end - self._now).total_seconds()) + 1)
        if wait:
            raise TooManyAttempts(wait)

    def fitted(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(_TAKE_BACK, [sorted(self._limits)])


def password_fits(password: str, encoded: str | None) -> bool:
    """Whether it does.  Takes as long when there is no such user or no password to compare."""
    if len(password) > MAX_PASSWORD_LENGTH:
        return False
    if not encoded:
        make_password(password)
        return False
    return check_password(password, encoded)


def login_administrator(
    *, username: str, password: str, address: str | None, now: datetime
) -> Administrator:
    """The administrator whose name and password these are.

    Raises `Unauthenticated` without saying which of them was wrong, and `TooManyAttempts`.
    """
    attempt = Attempt("admin", username, address, now=now)
    attempt.begin()
    found = Administrator.objects.filter(username__iexact=username).first() or (
        Administrator.objects.filter(email__iexact=username).first()
    )
    if not password_fits(password, found.password if found else None):
        raise Unauthenticated(Unauthenticated.Reason.BAD_CREDENTIALS)
    if found is None or not found.is_active:
        raise Unauthenticated(Unauthenticated.Reason.BAD_CREDENTIALS)
    attempt.fitted()
    return found


def _bucket(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).digest()
