"""`./run`: everything that a developer needs, until Ctrl-C."""

import errno
import http.client
import os
import socket
import sys
import time

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError, connections

from config.env import MissingSetting, env_int
from config.supervisor import Program, supervise

_HOST = "127.0.0.1"
_MOST_WEB_PROCESSES = 8
_THREADS = 4  # Fewer than the connection pool of a process holds, so none waits for a connection.
_FORMER_SERVER_STOPS_WITHIN = 2.0
_ROOT_IS_FINE_HERE = "ignore:You're running the worker with superuser privileges"


class Command(BaseCommand):
    help = "Migrate, load the demo store, and run the web server and a worker until Ctrl-C."
    requires_system_checks = ()

    def handle(self, *_: object, **__: object) -> None:
        try:
            port = env_int("PORT", 8000)
        except MissingSetting as error:
            raise CommandError(str(error)) from None
        os.environ["PORT"] = str(port)  # The welcome names it.
        _demand_free_port(port)
        call_command("migrate", verbosity=0)
        call_command("demo")
        connections.close_all()
        sys.exit(supervise(programs(port), lambda: _answers(port) and _welcome()))


def programs(port: int) -> list[Program]:
    """What runs beside each other; docker-compose.yml has the same list."""
    processes = min(os.cpu_count() or 1, _MOST_WEB_PROCESSES)
    web = (
        "granian config.wsgi:application --interface wsgi --http 1 --no-ws"
        f" --host {_HOST} --port {port} --workers {processes} --blocking-threads {_THREADS}"
        " --respawn-failed-workers --respawn-interval 0.2 --log-level error"
    )
    worker = (
        "celery --quiet --app config.celery worker --concurrency 2 --loglevel WARNING"
        " --without-gossip --without-mingle"
    )
    return [
        Program("web server", _python(web), {"DATABASE_POOL": "1"}),
        Program("worker", _python(worker), {"PYTHONWARNINGS": _ROOT_IS_FINE_HERE}),
        Program("dispatcher", [sys.executable, "manage.py", "dispatch"]),
        Program("deliverer", [sys.executable, "manage.py", "deliver"]),
    ]


def _python(module_and_arguments: str) -> list[str]:
    return [sys.executable, "-m", *module_and_arguments.split()]


def _demand_free_port(port: int) -> None:
    """Say so before any work is done; a server that is just stopping gets a moment."""
    deadline = time.monotonic() + _FORMER_SERVER_STOPS_WITHIN
    while True:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((_HOST, port))
            except (OSError, OverflowError) as error:
                problem = error
            else:
                return
        if getattr(problem, "errno", None) != errno.EADDRINUSE:
            raise CommandError(f"Port {port} cannot be used: {problem}.")
        if time.monotonic() > deadline:
            raise CommandError(
                f"Port {port} is taken by another program."
                f" Choose another one: PORT={port + 1} ./run"
            )
        time.sleep(0.2)


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=2)
    try:
        connection.request("GET", "/api/healthcheck")
        return connection.getresponse().status == http.HTTPStatus.NO_CONTENT
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _welcome() -> bool:
    try:
        call_command("demo", "--welcome")
        sys.stdout.flush()  # It may be a pipe, and nothing more will be said.
    except (DatabaseError, InterfaceError):
        return False  # Somebody pulled the plug at this very moment; the keeper puts it back.
    finally:
        connections.close_all()
    return True
