"""What the workers do when they are told to look."""

import logging
from typing import Any

from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from loyalty.services.heartbeats import mark_heard
from loyalty.services.hints import WORK, send_hint
from loyalty.services.jobs.turns import work_for

log = logging.getLogger(__name__)

CANARY = "loyalty.canary"
# Short, so that the canary and a signal to stop get their turn too.
_TURN = 5.0


@shared_task(name=WORK)
def work() -> None:
    """Do chunks until there is nothing to do, or the turn is over."""
    try:
        if work_for(_TURN):
            send_hint()
    except (OperationalError, InterfaceError) as error:
        log.warning("The database is in trouble, work goes on at the next hint: %s", error)


@shared_task(name=CANARY, bind=True)
def canary(task: Any) -> None:
    """The worker that does this hears."""
    try:
        mark_heard(task.request.hostname, now=timezone.now())
    except (OperationalError, InterfaceError) as error:
        log.warning("The database is in trouble, a heartbeat is not written: %s", error)
