"""Take away what has had its time.  None of it says what happened, so none of it is an event."""

from datetime import datetime, timedelta

from loyalty.models import Job, JobState, LoginFailures, RefreshToken
from loyalty.services.idempotency import forget_old_keys

# A replayed token is recognised for this long after it expired.
_KEEP_EXPIRED_TOKENS = timedelta(days=7)
# Whoever looked at what a job would do may come back to it after lunch, not after a night.
_KEEP_DRAFTS = timedelta(hours=12)


def tidy(*, now: datetime) -> None:
    """May run at any time, in any number of processes."""
    forget_old_keys(now=now)
    LoginFailures.objects.filter(window_ends_at__lt=now).delete()
    RefreshToken.objects.filter(expires_at__lt=now - _KEEP_EXPIRED_TOKENS).delete()
    _forget_drafts(now)


def _forget_drafts(now: datetime) -> None:
    """Their lines go with them: the database sees to that."""
    Job.across_stores.filter(state=JobState.DRAFT, created_at__lt=now - _KEEP_DRAFTS).delete()
