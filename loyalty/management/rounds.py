"""Do something again and again, for commands that run until they are told to stop."""

import logging
import signal
import sys
import threading
from collections.abc import Callable

from django.db import InterfaceError, OperationalError, close_old_connections, connections

log = logging.getLogger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0


def go_round(step: Callable[[], float]) -> None:
    """Call `step` until TERM or Ctrl-C ends this process; it returns the seconds until the next.

    A signal interrupts it wherever it is: what was not committed is rolled back, and somebody
    else does it.  While the database is away, the pauses grow.
    """
    stop = threading.Event()

    def leave(*_: object) -> None:
        stop.set()  # An exception that is raised here may get lost: in a finalizer, for one.
        sys.exit()

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, leave)
    trouble_pause = _FIRST_PAUSE
    while not stop.is_set():
        try:
            pause = step()
            close_old_connections()
            trouble_pause = _FIRST_PAUSE
        except (OperationalError, InterfaceError) as error:
            if trouble_pause == _FIRST_PAUSE:
                log.warning("The database is in trouble, it is tried again and again: %s", error)
            connections.close_all()
            pause = trouble_pause
            trouble_pause = min(2 * trouble_pause, _LONGEST_PAUSE)
        stop.wait(pause)
