"""Filters that know their store."""

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import SimpleListFilter
from django.db.models import QuerySet
from django.http import HttpRequest

from badges.admin.drawing import badge_name
from badges.selectors.badge_types import badge_types
from loyalty.admin.staff import chosen_store

_MOST = 200


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
