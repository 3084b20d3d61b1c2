"""End a worker that does not hear any more, so that whoever started it starts another one.

That is the supervisor of `./run`, or the restart policy of the container.  A second promise is
kept in the same way: a worker that is told to stop is gone after half a minute, whatever it does;
the chunk that it was at is rolled back, and somebody else does it.
"""

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from celery.signals import worker_ready, worker_shutting_down
from celery.utils.nodenames import worker_direct
from celery.worker import state
from django.conf import settings
from django.db import Error, connection

from loyalty.services.heartbeats import last_heard
from loyalty.tasks import CANARY

log = logging.getLogger(__name__)


class Watchdog(threading.Thread):
    """A thread of the worker's main process, which has no other way to tell that it is deaf.

    It does not look at clocks that can be set: the heartbeat has to move, that is all.  Time in
    which the broker takes no message or the database does not answer does not count, for nobody
    could hear then; nor does time in which every process of the worker is busy, because it asks
    for no message then, unless that lasts longer than a task may.
    """

    def __init__(self, worker: Any, end: Callable[[str], None]) -> None:
        super().__init__(name="watchdog", daemon=True)
        self.leave = threading.Event()
        self._worker = worker
        self._end = end
        self._heartbeat: object = None
        self._heard = self._idle = time.monotonic()

    def run(self) -> None:
        while not self.leave.wait(settings.WORKER_CANARY_SECONDS):
            deaf_for = self._look(time.monotonic())
            if deaf_for:
                self._end(f"It has not heard a message for {deaf_for:.0f} seconds.")

    def _look(self, now: float) -> float:
        """For how many seconds it has been deaf; 0 if it is not."""
        try:
            self._send_canary()
            heartbeat = last_heard(self._worker.hostname)
        except Exception as error:  # noqa: BLE001 (brokers and their libraries raise anything)
            log.info("Whether this worker hears cannot be told now: %s", error)
            self._heard = now
            return 0.0
        finally:
            with suppress(Error):
                connection.close()
        if heartbeat != self._heartbeat:
            self._heartbeat, self._heard = heartbeat, now
        if len(state.reserved_requests) >= self._worker.pool.num_processes:
            self._idle = now
        unheard, unheard_idle = now - self._heard, now - max(self._heard, self._idle)
        limit = settings.WORKER_DEAF_AFTER_SECONDS
        is_deaf = unheard_idle > limit or unheard > limit + settings.CELERY_TASK_TIME_LIMIT
        return unheard if is_deaf else 0.0

    def _send_canary(self) -> None:
        """Through a connection of its own: the pooled ones are the main thread's."""
        app, queue = self._worker.app, worker_direct(self._worker.hostname)
        expires = settings.WORKER_DEAF_AFTER_SECONDS
        with app.connection_for_write() as broker:
            app.send_task(CANARY, queue=queue, connection=broker, expires=expires, retry=False)


class Guard:
    """Connects the watchdog to one worker's life."""

    def __init__(self) -> None:
        self._worker: Any = None
        self._watchdog: Watchdog | None = None

    def watch(self, sender: Any, **_: object) -> None:
        self._worker = sender.controller
        if settings.WORKER_DEAF_AFTER_SECONDS:
            self._watchdog = Watchdog(self._worker, self._end)
            self._watchdog.start()

    def limit_shutdown(self, **_: object) -> None:
        if self._watchdog:
            self._watchdog.leave.set()
        patience = settings.WORKER_STOP_WITHIN_SECONDS
        timer = threading.Timer(patience, self._end, [f"It did not stop within {patience} s."])
        timer.daemon = True
        timer.start()

    def _end(self, why: str) -> None:
        """Take the pool's processes along: a supervisor that knows only this one forgets them."""
        log.error("%s This worker ends itself; another one has to be started in its place.", why)
        for pid in self._worker.pool.info["processes"] if self._worker else []:
            if pid != os.getpid():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        os._exit(1)


def install() -> None:
    """For every worker that this process becomes."""
    guard = Guard()
    worker_ready.connect(guard.watch, weak=False)
    worker_shutting_down.connect(guard.limit_shutdown, weak=False)
