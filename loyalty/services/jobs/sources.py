"""Work that is no job: it comes in all the time, in small pieces, and somebody waits for it.

Each app registers its sources as it starts; workers and the dispatcher empty them as they work on
jobs, and need to know nothing about them.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone


@dataclass(frozen=True, slots=True)
class WorkSource:
    """`work` does one piece in a transaction of its own; false: nothing is left to do that nobody
    else is doing.  It may be called by any number of processes at once, and raises
    `OperationalError` or `InterfaceError` only when the database is in trouble.

    `waiting_since` is since when the oldest piece has been waiting; None: nothing waits.
    """

    name: str
    work: Callable[[datetime], bool]
    waiting_since: Callable[[datetime], datetime | None]


_SOURCES: dict[str, WorkSource] = {}


def register_source(source: WorkSource) -> None:
    """Called by an app as it starts."""
    _SOURCES[source.name] = source


def work_from_sources(seconds: float) -> bool:
    """Do what waits, for so long at most; whether there was anything."""
    end = time.monotonic() + seconds
    did_some = False
    for source in list(_SOURCES.values()):
        while source.work(timezone.now()):
            did_some = True
            if time.monotonic() >= end:
                return True
    return did_some


def a_source_is_waiting(now: datetime) -> bool:
    return any(source.waiting_since(now) is not None for source in list(_SOURCES.values()))


def a_source_is_neglected(now: datetime, patience: timedelta) -> bool:
    """Whether something has been waiting for longer than that."""
    waiting = [source.waiting_since(now) for source in list(_SOURCES.values())]
    return any(since is not None and since < now - patience for since in waiting)
