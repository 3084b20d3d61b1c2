"""`./run manage demo`: two stores, their staff, badges and members, to look at and to play with."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from badges.demo import facts
from badges.demo.loading import load_demo
from loyalty.actors import command_line


class Command(BaseCommand):
    help = "Load the demo data, again and again without doubling, and write var/demo.json."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--welcome", action="store_true", help="Load nothing; say how to use what is there."
        )

    def handle(self, *args: Any, welcome: bool, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Demo data has well-known passwords. Set ROSETTE_DEMO=1 to load it.")
        actor = command_line("demo")
        if not welcome:
            load_demo(actor=actor, now=timezone.now())
        url = f"http://127.0.0.1:{os.environ.get('PORT', '8000')}"
        file = Path(settings.DEMO_FILE)
        known = facts.gather(url, file=file, actor=actor)
        facts.write(known, file)
        if welcome:
            self.stdout.write(facts.welcome(known))
