"""`./run manage dispatch`: what has to happen by the clock.

One such process is enough, and several do no harm.
"""

import time
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from loyalty.management.rounds import go_round
from loyalty.services.jobs.turns import dispatch
from loyalty.services.tidying import tidy

_DISPATCH_EVERY, _TIDY_EVERY = 1.0, 60.0


class Command(BaseCommand):
    help = "Tell the workers of work each second, and tidy up once a minute, until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        next_tidying = 0.0

        def step() -> float:
            nonlocal next_tidying
            dispatch()
            if time.monotonic() >= next_tidying:
                tidy(now=timezone.now())
                next_tidying = time.monotonic() + _TIDY_EVERY
            return _DISPATCH_EVERY

        go_round(step)
