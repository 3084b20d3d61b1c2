"""What is measured: private servers with a database of their own, and the web server of `./run`."""

import ctypes
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
from django.core.management import call_command

from config import embedded
from config.management.commands.dev import programs as programs_of_run
from config.supervisor import Program

HOST = "127.0.0.1"
_DATABASE = "bench"
_PATIENCE = 30.0
_TIME_TO_STOP = 10.0
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


@dataclass(frozen=True, slots=True)
class Web:
    port: int
    pid: int


@contextmanager
def alone(var: Path) -> Iterator[None]:
    """One benchmark at a time: two would measure each other."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / ".bench").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SystemExit("Another benchmark is under way in this checkout.") from None
        yield


def prepare(var: Path) -> None:
    """Start private servers with their data in `var`, and give Django a new, empty database there.

    What the environment names is a developer's own database, and is neither used nor touched.
    The servers stop by themselves when this process has ended, however it ends.
    """
    for name in ("DATABASE_URL", "DATABASE_URL_FILE", "REDIS_URL", "REDIS_URL_FILE"):
        os.environ.pop(name, None)
    os.environ["ROSETTE_VAR"] = str(var)
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.development"
    embedded.ensure(var)
    url = os.environ["DATABASE_URL"]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {_DATABASE}")
    os.environ["DATABASE_URL"] = urlsplit(url)._replace(path=f"/{_DATABASE}").geturl()


def migrate() -> None:
    call_command("migrate", verbosity=0)


@contextmanager
def serving(log: Path) -> Iterator[Web]:
    """The web server, as `./run` starts it, until the block ends."""
    port = free_port()
    with _running("web server", port, log) as process:
        _wait_for(port, process, log)
        yield Web(port, process.pid)


@contextmanager
def working(log: Path) -> Iterator[int]:
    """A worker and a dispatcher, as `./run` starts them; gives the worker's process id."""
    from config.celery import app  # Not before Django has its settings.

    with _running("worker", 0, log) as worker, _running("dispatcher", 0, log):
        deadline = time.monotonic() + _PATIENCE
        while not app.control.ping(timeout=0.5):
            if worker.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"The worker did not start: {log} says why.")
        yield worker.pid


@contextmanager
def _running(name: str, port: int, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with running(program_of_run(name, port), log) as process:
        yield process


def program_of_run(name: str, port: int = 0) -> Program:
    return next(each for each in programs_of_run(port) if each.name == name)


@contextmanager
def running(program: Program, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The program, until the block ends."""
    with log.open("ab") as output:
        process = _start(program, output.fileno())
        try:
            yield process
        finally:
            _stop(process)


def _start(program: Program, output: int) -> subprocess.Popen[bytes]:
    bench = os.getpid()

    def die_with_bench() -> None:
        """Linux only: be told when the benchmark dies, even by kill -9."""
        if _libc is not None:
            _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != bench:
                os._exit(1)

    return subprocess.Popen(
        program.command,
        env={**os.environ, **program.environment},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
        preexec_fn=die_with_bench,
    )


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        with suppress(OSError, http.client.HTTPException):
            connection.request("GET", "/api/healthcheck")
            if connection.getresponse().status == http.HTTPStatus.NO_CONTENT:
                return
        connection.close()
        if process.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"The web server did not start: {log} says why.")
        time.sleep(0.05)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_TIME_TO_STOP)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
