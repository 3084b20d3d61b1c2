"""Work for a while, and let others work: the workers, the dispatcher and the command line."""

import time
from datetime import timedelta

from django.db.models import F
from django.db.models.functions import Coalesce
from django.utils import timezone

from loyalty.models import Job, JobState
from loyalty.services.hints import send_hint
from loyalty.services.jobs.sources import (
    a_source_is_neglected,
    a_source_is_waiting,
    work_from_sources,
)
from loyalty.services.jobs.working import start_queued_jobs, there_is_work, work_one_chunk

# The dispatcher works itself when work was not touched for so long, and then for as long.
_NEGLECTED_AFTER = timedelta(seconds=5)
# In seconds: how long the sources may work before a job has its next chunk.
_BETWEEN_CHUNKS = 2.0


def work_for(seconds: float) -> bool:
    """Do chunks until the time is over, or until nothing is left to do (then it is false).

    What somebody waits for comes before the next chunk of a job, and jobs get their turn even if
    that never ends.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        did_some = work_from_sources(min(_BETWEEN_CHUNKS, end - time.monotonic()))
        start_queued_jobs(now=timezone.now())
        if not work_one_chunk(now=timezone.now()) and not did_some:
            return False
    return True


def dispatch() -> None:
    """See to it that somebody works, if there is work; may happen in many processes at once.

    Normally that is a hint to the workers.  If the broker does not take it, or if nobody has
    worked on a job for a while (the hint was lost, the workers are gone), we do some of the work
    ourselves: with no broker and no worker at all, everything is still finished.
    """
    start_queued_jobs(now=timezone.now())
    now = timezone.now()
    if not there_is_work() and not a_source_is_waiting(now):
        return
    if not send_hint():
        work_for(1.0)
    elif _a_job_is_neglected() or a_source_is_neglected(now, _NEGLECTED_AFTER):
        work_for(_NEGLECTED_AFTER.total_seconds())


def _a_job_is_neglected() -> bool:
    since = timezone.now() - _NEGLECTED_AFTER
    running = Job.across_stores.filter(state=JobState.RUNNING)
    waiting = running.annotate(touched_at=Coalesce(F("worked_at"), F("started_at")))
    return waiting.filter(touched_at__lt=since).exists()
