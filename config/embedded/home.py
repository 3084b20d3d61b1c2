"""Where one private pair of servers lives, and what both of its servers need to know."""

import hashlib
import os
import socket
import tempfile
from pathlib import Path
from typing import Protocol

# The kernel's limit for the path of a socket is 104 bytes on macOS and 108 on Linux.
_LONGEST_DIRECTORY = 104 - len("/.s.PGSQL.5432.lock") - 1


class EmbeddedServerError(Exception):
    """A private server cannot be had here; the message says why and what to do, in a sentence."""


class Server(Protocol):
    """What the modules `postgres` and `valkey` offer."""

    def start(self, var: Path) -> str: ...
    def stop(self, var: Path) -> None: ...
    def is_running(self, var: Path) -> bool: ...
    def has_died(self, var: Path) -> bool: ...


def sockets_of(var: Path) -> Path:
    """The short directory for the sockets of the servers whose data is in `var`.

    It is remembered in `var`, so that a later process with another TMPDIR still finds the
    servers that an earlier one started.
    """
    memory = var / "sockets"
    if memory.is_symlink():
        directory = memory.readlink()
    else:
        name = hashlib.sha256(f"{os.geteuid()}:{var.resolve()}".encode()).hexdigest()[:12]
        directory = Path(tempfile.gettempdir()) / f"rosette-{name}"
        if len(os.fsencode(directory)) > _LONGEST_DIRECTORY:
            raise EmbeddedServerError(f"The path {directory} is too long for a socket: set TMPDIR.")
        memory.symlink_to(directory)
    directory.mkdir(mode=0o711, exist_ok=True)
    # The name can be guessed, and the directory is shared with other people.
    if directory.is_symlink() or directory.stat().st_uid != os.geteuid():
        raise EmbeddedServerError(f"{directory} belongs to somebody else: remove it or set TMPDIR.")
    return directory


def is_listening(path: Path) -> bool:
    """Whether a process has the socket open; it may still be too busy to answer."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1)
        try:
            probe.connect(str(path))
        except TimeoutError:
            return True
        except OSError:
            return False
    return True


def last_words(log: Path) -> str:
    """The end of a server's log, for the sentence that says why it did not start."""
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines() if log.exists() else []
    if any("No space left on device" in line for line in lines[-20:]):
        return f"The disk that holds {log.parent} is full: free some space and run it again."
    return "\n".join([f"The end of {log} says:", *lines[-5:]])
