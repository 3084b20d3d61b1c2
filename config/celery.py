"""The Celery application: its settings are Django's `CELERY_*`, its tasks each app's `tasks`.

A message says "look now" and nothing more: what there is to do stands in PostgreSQL.
"""

import os
from typing import Any

from celery import Celery
from celery.signals import worker_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("rosette")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@worker_init.connect
def _guard_worker(**_: Any) -> None:
    from config import watchdog  # It needs Django's settings, which are there by now.

    watchdog.install()
