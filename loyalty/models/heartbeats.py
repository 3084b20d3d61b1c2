"""Which workers hear."""

from django.db import models


class WorkerHeartbeat(models.Model):
    """When a worker last did what a message told it.  It says nothing about what happened."""

    worker = models.CharField(
        max_length=255, primary_key=True, help_text="Its node name, such as celery@host."
    )
    heard_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.worker
