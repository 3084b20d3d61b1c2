"""What the workers do when they are told to look."""

import time

from celery import shared_task
from django.utils import timezone

from loyalty.services.hints import WORK, send_hint
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk

# Then others get a turn: a hint is sent again for what is left.
_TURN = 20.0


@shared_task(name=WORK)
def work() -> None:
    """Do chunks until there is nothing to do, or the turn is over."""
    end = time.monotonic() + _TURN
    while time.monotonic() < end:
        start_queued_jobs(now=timezone.now())
        if not work_one_chunk(now=timezone.now()):
            return
    send_hint()
