"""Know which workers hear.

A worker can lose its place at the broker and go on living, deaf: Celery does so now and then when
the broker restarts while the worker is busy.  So each worker sends itself a message from time to
time; hearing it moves its heartbeat.  `config.watchdog` ends a worker that stopped hearing.
"""

from datetime import datetime, timedelta

from loyalty.models import WorkerHeartbeat

# Of workers that are no more.
_KEEP = timedelta(days=1)


def mark_heard(worker: str, *, now: datetime) -> None:
    WorkerHeartbeat.objects.update_or_create(worker=worker, defaults={"heard_at": now})


def last_heard(worker: str) -> datetime | None:
    found = WorkerHeartbeat.objects.filter(worker=worker).values_list("heard_at", flat=True)
    return found.first()


def forget_old_heartbeats(*, now: datetime) -> None:
    WorkerHeartbeat.objects.filter(heard_at__lt=now - _KEEP).delete()
