"""Who uses the private servers: every process that holds a shared lock on one file.

The kernel drops the lock of a process that is killed, so nobody has to count.
"""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_memberships: dict[Path, IO[str]] = {}


@contextmanager
def starting(var: Path) -> Iterator[None]:
    """One process at a time starts servers."""
    with (var / ".starting").open("w") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        yield


def join(var: Path) -> None:
    """Be a user until this process ends; wait while the servers are being stopped."""
    if var not in _memberships:
        membership = (var / ".users").open("w")
        fcntl.flock(membership, fcntl.LOCK_SH)
        _memberships[var] = membership


@contextmanager
def nobody_left(var: Path) -> Iterator[bool]:
    """Whether there is no user now; while it is true, nobody can become one."""
    with (var / ".users").open("w") as users:
        yield try_lock(users)


def try_lock(file: IO[str]) -> bool:
    """Lock the file for this process alone, if that is possible at once."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
