"""A web server that can be told to die, for `test_killed_server.py`.

Each request is served by a process of its own, which kills itself with SIGKILL where the header
`X-Die` says: once the application has returned its answer and before a byte of it is sent, or
inside the transaction, after the ledger's line was written.  The product knows nothing of it.
"""

import os
import signal
import socketserver
from collections.abc import Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from django.core.wsgi import get_wsgi_application
from django.db import connection
from django.urls import resolve

BEFORE_THE_ANSWER, INSIDE_THE_TRANSACTION = "before the answer", "inside the transaction"

_application = get_wsgi_application()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _die_after_the_ledger(execute: Any, sql: str, *rest: Any) -> Any:
    result = execute(sql, *rest)
    if "INSERT INTO badges_badgeentry" in sql:
        _die()
    return result


def mortal(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
    when = environ.get("HTTP_X_DIE")
    if when == INSIDE_THE_TRANSACTION:
        connection.execute_wrappers.append(_die_after_the_ledger)
    answer = list(_application(environ, start_response))
    if when == BEFORE_THE_ANSWER:
        _die()
    return answer


class _ForkingServer(socketserver.ForkingMixIn, WSGIServer):
    pass


class _Silent(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


def main() -> None:
    resolve("/api/")  # Imports the views once, and not in each process anew.
    with make_server("127.0.0.1", 0, mortal, _ForkingServer, _Silent) as server:
        print(server.server_port, flush=True)  # noqa: T201 (whoever started us waits for it)
        server.serve_forever()


if __name__ == "__main__":
    main()
