"""Rosette's deployment: settings, URLs, the Celery application and the local services."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
