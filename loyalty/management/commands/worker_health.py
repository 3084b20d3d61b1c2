"""`./run manage worker_health`: whether the worker on this machine hears."""

import socket
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from loyalty.services.heartbeats import last_heard


class Command(BaseCommand):
    help = "Fail unless the worker did lately what a message told it."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        name = f"celery@{socket.gethostname()}"
        parser.add_argument("--worker", default=name, help=f"Its node name; here {name}.")

    def handle(self, *args: Any, worker: str, **options: Any) -> None:
        heard_at = last_heard(worker)
        if heard_at is None:
            raise CommandError(f"{worker} has never heard a message.")
        age = timezone.now() - heard_at
        if age > timedelta(seconds=settings.WORKER_DEAF_AFTER_SECONDS):
            raise CommandError(f"{worker} has heard no message for {age.total_seconds():.0f} s.")
        self.stdout.write(f"{worker} heard a message {age.total_seconds():.0f} s ago.")
