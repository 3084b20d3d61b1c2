"""Filters that know their store."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from badges.admin.drawing import badge_name
from badges.admin.job_words import EVALUATIONS, KIND_WORDS, title_of
from badges.models import BadgeType
from badges.selectors.badge_types import badge_types
from badges.selectors.job_entries import entries_of_evaluation, entries_of_job
from loyalty.admin.staff import chosen_store
from loyalty.models import Job, Store
from loyalty.selectors.jobs import jobs

_MOST = 200
_LATEST_JOBS = 12


class BadgeFilter(SimpleListFilter):
    """One badge type of the chosen store, by its code."""

    title = "badge"
    parameter_name = "badge"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        store = chosen_store(request)
        if store is None:
            return []
        rows = badge_types(store).select_related("store").order_by("display_rank", "id")
        return [(row.system_code, badge_name(row)) for row in rows[:_MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        code = self.value()
        if code is None:
            return queryset
        return queryset.filter(badge_type__system_code=code, badge_type__deleted_at=None)


class JobFilter(SimpleListFilter):
    """The lines that one job wrote.  The latest jobs can be chosen, and each by its address."""

    title = "job"
    parameter_name = "job"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        store = chosen_store(request)
        if store is None:
            return []
        found = jobs(store, KIND_WORDS).select_related("store", "undoes").order_by("-created_at")
        latest = list(found[:_LATEST_JOBS])
        named = self._named(store)
        if named and named not in latest:
            latest.append(named)
        ids = {job.parameters.get("badgeTypeId") for job in latest}
        types = BadgeType.for_store(store).select_related("store").in_bulk(list(ids))
        by_id = {str(key): row for key, row in types.items()}
        return [
            (str(job.id), _job_words(job, by_id.get(job.parameters["badgeTypeId"])))
            for job in latest
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        store = chosen_store(request)
        if self.value() is None or store is None:
            return queryset
        job = self._named(store)
        if job is None:
            return queryset.none()
        if job.kind in EVALUATIONS:
            return queryset & entries_of_evaluation(store, job)
        return queryset & entries_of_job(store, job)

    def _named(self, store: Store) -> Job | None:
        try:
            return jobs(store, KIND_WORDS).filter(id=UUID(self.value() or "")).first()
        except ValueError:
            return None


def _job_words(job: Job, badge_type: BadgeType | None) -> str:
    made = date_format(timezone.localtime(job.created_at), "j M, H:i")
    return f"{title_of(job, badge_type)} ({made})"
