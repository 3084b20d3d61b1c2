"""Tell the workers to look.

The message says nothing else.  What is to be done is in the database, so a message that is lost,
late or doubled changes nothing; the dispatcher says it again as long as there is work.
"""

import logging

from celery import current_app
from django.db import transaction

log = logging.getLogger(__name__)

WORK = "loyalty.work"
# A hint that nobody read in this time is useless: the dispatcher has sent others.
_EXPIRES = 10.0

_broker_answers = True


def wake_workers() -> None:
    """After the transaction under way, or now if there is none."""
    transaction.on_commit(send_hint, robust=True)


def send_hint() -> bool:
    """Whether the broker took it.  Never raises and never waits long."""
    try:
        current_app.send_task(WORK, expires=_EXPIRES, retry=False, ignore_result=True)
    except Exception as error:  # noqa: BLE001 (brokers and their libraries raise anything)
        _note(False, f"The broker does not take hints, work goes on without it: {error}")
        return False
    _note(True, "The broker takes hints again.")
    return True


def _note(answers: bool, sentence: str) -> None:
    """Say it once: the dispatcher sends a hint each second."""
    global _broker_answers
    if answers != _broker_answers:
        _broker_answers = answers
        log.warning(sentence)
