"""Ask the system about processes, for tests that start and kill them."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# What names the servers and secrets of the test run: a process without it starts its own.
_OURS = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY_FILE", "JWT_PRIVATE_KEY_FILE"}


def wait_until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Nothing changed within {seconds} seconds."
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """A zombie counts as dead: it only waits for a parent who may never ask."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True)
    return state.stdout.strip()[:1] not in {"", "Z"}


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


def recorded_pid(file: Path) -> int:
    """The number that the first line of the file holds; 0 while there is none."""
    text = file.read_text() if file.exists() else ""
    return int(text.split("\n")[0] or 0)


def stranger(var: Path, **more: str) -> dict[str, str]:
    """The environment of a process that knows nothing of this test run's servers."""
    kept = {name: value for name, value in os.environ.items() if name not in _OURS}
    return {**kept, "ROSETTE_VAR": str(var), "PYTHONPATH": str(CHECKOUT), **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
