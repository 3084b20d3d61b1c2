"""Do things at the same time, each on a database connection of its own."""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

from django.db import connection

T = TypeVar("T")

PATIENCE = 10
"""Seconds after which a thread that waits for another one gives up."""


def together(jobs: Sequence[Callable[[], T]]) -> list[T]:
    """Start all jobs at one moment; returns what they return, in order, or raises what one did."""
    start = threading.Barrier(len(jobs))
    results: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(number: int, job: Callable[[], T]) -> None:
        try:
            connection.ensure_connection()
            start.wait(PATIENCE)
            results[number] = job()
        except BaseException as error:  # noqa: BLE001 (raised again in the test's own thread)
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(number, job)) for number, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(2 * PATIENCE)
    if errors:
        raise errors[0]
    return [results[number] for number in range(len(jobs))]
