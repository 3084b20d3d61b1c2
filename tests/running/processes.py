"""Ask the system about processes, for tests that start and kill them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# What names the servers and files of the test run: a process without it makes its own.
_OURS = {
    "DATABASE_URL",
    "REDIS_URL",
    "SECRET_KEY_FILE",
    "JWT_PRIVATE_KEY_FILE",
    "SECRETS_KEY_FILE",
    "ROSETTE_DEMO_FILE",
}


def wait_until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Nothing changed within {seconds} seconds."
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    """A zombie counts as dead: it only waits for a parent who may never ask."""
    if not Path("/proc/self").exists():
        command = ["ps", "-o", "stat=", "-p", str(pid)]
        answer = subprocess.run(command, capture_output=True, text=True)
        return answer.stdout.strip()[:1] not in {"", "Z"}
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


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


@contextmanager
def stack(var: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Everything that `./run` starts; what it says is in the file `told`."""
    with (
        (var / "told").open("w") as told,
        subprocess.Popen(
            [sys.executable, "manage.py", "dev"],
            cwd=CHECKOUT,
            env=stranger(var, PORT=str(port), DJANGO_SETTINGS_MODULE="config.development"),
            stdout=told,
            stderr=told,
        ) as process,
    ):
        try:
            yield process
        finally:
            process.terminate()
