"""What has to be done again and again by the clock.

Each app registers its own rounds as it starts; the dispatcher goes them.  A round may be gone at
any time, by several processes at once, and one that fails is gone again when its time comes.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Round:
    name: str
    every: timedelta
    function: Callable[[datetime], object]


_ROUNDS: dict[str, _Round] = {}


def register_round(name: str, every: timedelta, function: Callable[[datetime], object]) -> None:
    """Call `function` with the time each `every`, in transactions of its own.

    It does what is due by then, in steps that each commit, and returns after a few seconds even
    if more is left: all rounds are gone by one process, one after the other.
    """
    _ROUNDS[name] = _Round(name, every, function)


@dataclass(slots=True)
class Clock:
    """When this process went each round last."""

    _next: dict[str, datetime] = field(default_factory=dict)

    def go_rounds(self, *, now: datetime) -> None:
        """Go those that are due.  An error in one keeps no other from being gone.

        Raises `OperationalError` or `InterfaceError` when the database is in trouble; the others
        have their turn at the next call.
        """
        for each in list(_ROUNDS.values()):
            if now < self._next.get(each.name, now):
                continue
            self._next[each.name] = now + each.every
            try:
                each.function(now)
            except (OperationalError, InterfaceError):
                raise
            except Exception:
                log.exception("The round %r failed.", each.name)
