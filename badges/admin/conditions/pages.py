"""The pages of a badge type about its conditions, and where they are."""

from collections.abc import Callable
from functools import update_wrapper
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import path

from badges.admin.conditions import near_page, overview, try_page
from badges.admin.conditions.choosing import choose_member_page
from badges.admin.conditions.frame import sees_members
from badges.admin.conditions.health_page import health_page
from badges.models import BadgeType
from loyalty.admin.base import StoreScopedAdmin
from loyalty.admin.pages import action
from loyalty.models import Access

View = Callable[..., HttpResponse]


class ConditionPages(StoreScopedAdmin):
    """Part of the badge types' admin.  Each page opens the row, and so asks who may."""

    def get_urls(self) -> list[Any]:
        pages: tuple[tuple[str, str, View], ...] = (
            ("how-earned/edit/", "edit_condition", self.edit_view),
            ("how-earned/discard/", "discard_condition", self.discard_view),
            ("how-earned/publish/", "publish_condition", self.publish_view),
            ("how-earned/retire/", "retire_condition", self.retire_view),
            ("how-earned/try/", "try_condition", self.try_view),
            ("how-earned/tries/<uuid:job_id>/", "dry_run", self.dry_run_view),
            ("how-earned/tries/<uuid:job_id>/progress/", "dry_run_progress", self.progress_view),
            ("how-earned/tries/<uuid:job_id>/backfill/", "backfill", self.backfill_view),
            ("nearly-there/", "near", self.near_view),
            ("nearly-there/csv/", "near_csv", self.near_csv_view),
            ("why/", "explain", self.explain_view),
        )
        urls = [
            path(
                f"<path:object_id>/{route}",
                update_wrapper(self.admin_site.admin_view(view), view),
                name=f"badges_badgetype_{name}",
            )
            for route, name, view in pages
        ]
        health = path(
            "health/",
            update_wrapper(self.admin_site.admin_view(self.health_view), self.health_view),
            name="badges_badgetype_health",
        )
        return [health, *urls, *super().get_urls()]

    def health_view(self, request: HttpRequest) -> HttpResponse:
        return health_page(self, request)

    @action("How it is earned", path="how-earned", icon="rule")
    def how_earned(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return overview.overview_page(self, request, self._open(request, object_id))

    def edit_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return overview.edit_page(self, request, self._open_to_write(request, object_id))

    def discard_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return overview.discard_page(self, request, self._open_to_write(request, object_id))

    def publish_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return overview.publish_page(self, request, self._open_to_write(request, object_id))

    def retire_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return overview.retire_page(self, request, self._open_to_write(request, object_id))

    def try_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return try_page.try_page(self, request, self._open_to_write(request, object_id))

    def dry_run_view(self, request: HttpRequest, object_id: str, job_id: UUID) -> HttpResponse:
        return try_page.result_page(self, request, self._open(request, object_id), job_id)

    def progress_view(self, request: HttpRequest, object_id: str, job_id: UUID) -> HttpResponse:
        return try_page.progress(self._open(request, object_id), job_id)

    def backfill_view(self, request: HttpRequest, object_id: str, job_id: UUID) -> HttpResponse:
        row = self._open_to_write(request, object_id)
        return try_page.backfill_page(self, request, row, job_id)

    def near_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return near_page.near_page(self, request, self._open(request, object_id))

    def near_csv_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return near_page.near_csv(request, self._open(request, object_id))

    def explain_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._open(request, object_id)
        if not sees_members(request, row.store):
            raise PermissionDenied
        return choose_member_page(self, request, row)

    def _open(self, request: HttpRequest, object_id: str) -> BadgeType:
        row: BadgeType = self.open_row(request, object_id, Access.VIEW)
        return row

    def _open_to_write(self, request: HttpRequest, object_id: str) -> BadgeType:
        row: BadgeType = self.open_row(request, object_id, Access.MODIFY)
        return row
