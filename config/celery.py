"""The Celery application: its settings are Django's `CELERY_*`, its tasks each app's `tasks`.

A message says "look now" and nothing more: what there is to do stands in PostgreSQL.
"""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("rosette")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
