"""The keeper: one small process that looks after a private pair of servers.

It starts a server again that was killed, stops both after their last user, and ends.  A user that
is killed can do neither, which is why this is a process of its own.
"""

import os
import sys
import time
from pathlib import Path

from config.embedded import postgres, users, valkey
from config.embedded.home import EmbeddedServerError, Server

_SERVERS: tuple[Server, ...] = (postgres, valkey)
_COUNT_EVERY = 0.2
_LOOK_EVERY = 1.0


def summon(var: Path) -> None:
    """See to it that there is a keeper; called by a user, so a living keeper will not end now."""
    with (var / ".keeper").open("w") as lock:
        if not users.try_lock(lock):
            return
    log = str(var / "keeper.log")
    checkout = str(Path(__file__).resolve().parents[2])
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-m", "config.embedded", str(var.resolve())],
        {**os.environ, "PYTHONPATH": checkout},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,  # Ctrl-C in the terminal is not for the keeper.
    )


def keep(var: Path) -> None:
    """Look after the servers in `var` until nobody uses them, then stop them."""
    next_look = 0.0
    with (var / ".keeper").open("w") as lock:
        if not users.try_lock(lock):
            return
        while True:
            with users.nobody_left(var) as alone:
                if alone:
                    for server in _SERVERS:
                        server.stop(var)
                    # Before the users' lock: whoever waits for that one must find no keeper here.
                    lock.close()
                    return
            if time.monotonic() >= next_look:
                _look_after(var)
                next_look = time.monotonic() + _LOOK_EVERY
            time.sleep(_COUNT_EVERY)


def _look_after(var: Path) -> None:
    for server in _SERVERS:
        if server.has_died(var):
            try:
                with users.starting(var):
                    server.start(var)
            except EmbeddedServerError as error:
                sys.stderr.write(f"{error}\n")  # The next look tries again.
