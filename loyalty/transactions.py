"""One write, one transaction."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import ParamSpec, TypeVar

from django.db import OperationalError, connection, transaction

P = ParamSpec("P")
R = TypeVar("R")

_inside_request = ContextVar("inside_request", default=False)

# PostgreSQL's words for "two transactions got in each other's way; run one of them again".
_COLLISIONS = {"40001", "40P01"}
_ATTEMPTS = 3


@contextmanager
def request_transaction() -> Iterator[None]:
    """The transaction of a request that carries an idempotency key.

    The key's row, the effect and the stored answer must commit together, so the service that
    the request calls joins this transaction instead of opening its own.
    """
    with transaction.atomic(durable=True):
        token = _inside_request.set(True)
        try:
            yield
        finally:
            _inside_request.reset(token)


@contextmanager
def snapshot() -> Iterator[None]:
    """Read everything as it is at one moment, and write nothing.

    Inside a transaction that is under way, what is read is what that one sees.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def writes(service: Callable[P, R]) -> Callable[P, R]:
    """Make a service one durable transaction: when it returns, its rows are on disk.

    A service never calls another one; what two of them share is a plain function below both.
    A deadlock or serialisation failure is tried again, `now` being the caller's argument, so
    the second try writes what the first one would have.
    """

    @functools.wraps(service)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        if _inside_request.get():
            with transaction.atomic():
                return service(*args, **kwargs)
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                with transaction.atomic(durable=True):
                    return service(*args, **kwargs)
            except OperationalError as error:
                collided = getattr(error.__cause__, "sqlstate", None) in _COLLISIONS
                if not collided or attempt == _ATTEMPTS:
                    raise
        raise AssertionError("unreachable")

    run.is_service = True  # type: ignore[attr-defined]
    return run
