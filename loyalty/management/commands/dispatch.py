"""`./run manage dispatch`: what has to happen by the clock.  One such process is enough."""

import logging
import signal
import threading
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error, close_old_connections
from django.utils import timezone

from loyalty.services.tidying import tidy

log = logging.getLogger(__name__)

_TIDY_EVERY = 60.0


class Command(BaseCommand):
    help = "Tidy up once a minute, until it is told to stop."

    def handle(self, *args: Any, **options: Any) -> None:
        stop = threading.Event()
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, lambda *_: stop.set())
        while True:
            try:
                tidy(now=timezone.now())
            except Error as error:
                log.warning("The database did not answer, the next round is in a minute: %s", error)
            close_old_connections()
            if stop.wait(_TIDY_EVERY):
                return
