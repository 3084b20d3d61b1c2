"""`./run manage dispatch`: what has to happen by the clock.

One such process is enough, and several do no harm.
"""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from loyalty.management.rounds import go_round
from loyalty.services.jobs.turns import dispatch
from loyalty.services.rounds import Clock

_DISPATCH_EVERY = 1.0


class Command(BaseCommand):
    help = "Tell the workers of work each second, and go the rounds, until told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        clock = Clock()

        def step() -> float:
            dispatch()
            clock.go_rounds(now=timezone.now())
            return _DISPATCH_EVERY

        go_round(step)
