"""`./run manage work`: a worker that needs no broker."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from loyalty.management.rounds import go_round
from loyalty.services.jobs.turns import work_for

_LOOK_EVERY = 1.0
_TURN = 60.0


class Command(BaseCommand):
    help = "Work on jobs until nothing is left to do; with --poll, until told to stop."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--poll", action="store_true", help="Look for work every second.")

    def handle(self, *args: Any, poll: bool, **options: Any) -> None:
        if poll:
            go_round(lambda: 0.0 if work_for(_TURN) else _LOOK_EVERY)
        while work_for(_TURN):
            pass
