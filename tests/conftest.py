"""What holds for every test."""

import fcntl
import os

import pytest

from config.development import VAR


def pytest_sessionstart(session: pytest.Session) -> None:
    """One run at a time: the test database has one name, so a second run waits for the first."""
    lock = (VAR / ".tests").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.write(2, b"Another test run is under way in this checkout: waiting for its end.\n")
        fcntl.flock(lock, fcntl.LOCK_EX)
    session.config.add_cleanup(lock.close)
