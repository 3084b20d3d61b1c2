"""Take away what has had its time.  None of it says what happened, so none of it is an event."""

from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from loyalty.models import Job, JobState, LoginFailures, RefreshToken
from loyalty.services.heartbeats import forget_old_heartbeats
from loyalty.services.idempotency import forget_old_keys
from loyalty.services.rounds import register_round

# A replayed token is recognised for this long after it expired.
_KEEP_EXPIRED_TOKENS = timedelta(days=7)
# Whoever looked at what a job would do may come back to it after lunch, not after a night.
_KEEP_DRAFTS = timedelta(hours=12)

# The input of a job names members, and is of no use once nobody asks for its report any more.
_KEEP_JOB_ROWS = timedelta(days=30)
_BATCH, _MOST_BATCHES = 10_000, 20

# A failed job may be resumed at any time, and needs its rows then.
_FORGET_JOB_ROWS = """
DELETE FROM loyalty_jobrow WHERE ctid IN (
       SELECT forgotten.ctid FROM loyalty_job job
         JOIN loyalty_jobrow forgotten
           ON forgotten.store_id = job.store_id AND forgotten.job_id = job.id
        WHERE job.state IN ('done', 'cancelled') AND job.finished_at < %(before)s
        LIMIT %(batch)s FOR UPDATE OF forgotten SKIP LOCKED)
"""


def register_tidying() -> None:
    register_round("tidying", timedelta(minutes=1), lambda now: tidy(now=now))


def tidy(*, now: datetime) -> None:
    """May run at any time, in any number of processes."""
    forget_old_keys(now=now)
    forget_old_heartbeats(now=now)
    forget_old_job_rows(now=now)
    _forget_drafts(now)
    LoginFailures.objects.filter(window_ends_at__lt=now).delete()
    RefreshToken.objects.filter(expires_at__lt=now - _KEEP_EXPIRED_TOKENS).delete()


def forget_old_job_rows(*, now: datetime) -> None:
    """A part of them, in small transactions; the next call goes on."""
    values: dict[str, Any] = {"before": now - _KEEP_JOB_ROWS, "batch": _BATCH}
    with connection.cursor() as cursor:
        for _ in range(_MOST_BATCHES):
            cursor.execute(_FORGET_JOB_ROWS, values)
            if cursor.rowcount < _BATCH:
                return


def _forget_drafts(now: datetime) -> None:
    """Their lines go with them: the database sees to that."""
    Job.across_stores.filter(state=JobState.DRAFT, created_at__lt=now - _KEEP_DRAFTS).delete()
