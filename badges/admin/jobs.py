"""Jobs: what runs, what ran, what it did; to stop, to resume and to undo."""

from collections.abc import Callable, Iterable
from functools import update_wrapper
from typing import Any

from django.contrib import admin
from django.contrib.admin import SimpleListFilter
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
    JsonResponse,
    StreamingHttpResponse,
)
from django.urls import path
from django.utils.html import format_html
from django.utils.safestring import SafeString

from badges.admin.conditions.frame import page_url
from badges.admin.drawing import badge_tile
from badges.admin.hand_out_many import job_url, may_work_on_many
from badges.admin.job_forms import (
    CancelForm,
    DiscardForm,
    PauseForm,
    ResumeForm,
    StartForm,
    UndoForm,
)
from badges.admin.job_page import (
    badge_type_of,
    draft_context,
    job_context,
    progress_of,
    sees_members,
)
from badges.admin.job_words import (
    KIND_WORDS,
    STATE_WORDS,
    can_be_undone,
    counted,
    name_of,
    number,
    percent_of,
    state_pill,
    title_of,
    unit_of,
)
from badges.models import BadgeType
from badges.selectors.dry_runs import DRY_RUN
from badges.services.evaluation_job import EVALUATE
from loyalty.admin.base import ReadOnlyAdmin
from loyalty.admin.drawing import moment, two_lines
from loyalty.admin.forms import PageForm
from loyalty.admin.pages import Page, action
from loyalty.admin.paging import CappedPaginator
from loyalty.admin.staff import staff_of
from loyalty.models import Access, Job, JobState, Resource, Store
from loyalty.selectors.jobs import jobs
from loyalty.selectors.reports import report_lines
from loyalty.services.jobs.control import is_undone


class KindFilter(SimpleListFilter):
    title = "what"
    parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return KIND_WORDS.items()

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(kind=self.value()) if self.value() in KIND_WORDS else queryset


class StateFilter(SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        shown = (state for state in JobState if state != JobState.DRAFT)
        return [(str(state), STATE_WORDS[state][0]) for state in shown]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(state=self.value()) if self.value() in set(JobState) else queryset


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    resources = (Resource.BADGE,)
    list_title = "Jobs"
    event_subject = "job"
    paginator = CappedPaginator
    list_display = ("what", "progress", "state_shown", "outcome", "by", "when")
    list_display_links = ("what",)
    list_filter = (StateFilter, KindFilter, "created_at")
    ordering = ("-created_at", "-id")
    actions_detail = ("undo", "resume", "pause", "cancel")

    # --- The list -----------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        rows: QuerySet[Job] = super().get_queryset(request)
        return rows.filter(kind__in=KIND_WORDS).select_related("store", "undoes")

    def rows_of(self, request: HttpRequest, store: Store | None) -> QuerySet[Any]:
        if store is None:
            return super().rows_of(request, store)
        return jobs(store, KIND_WORDS).select_related("store", "undoes")

    def get_changelist_instance(self, request: HttpRequest) -> Any:
        """A job names its badge type in its parameters: those of a page are looked up at once."""
        page = super().get_changelist_instance(request)
        found = {row.parameters.get("badgeTypeId") for row in page.result_list}
        stores = {row.store for row in page.result_list}
        types = {
            str(badge_type.id): badge_type
            for store in stores
            for badge_type in BadgeType.for_store(store)
            .filter(id__in=found - {None})
            .select_related("store")
        }
        for row in page.result_list:
            row.badge_type = types.get(row.parameters.get("badgeTypeId"))
        return page

    @admin.display(description="Job")
    def what(self, row: Any) -> SafeString:
        tile = badge_tile(row.badge_type) if row.badge_type else ""
        return format_html(
            '<span class="rs-named">{}<span><strong>{}</strong><small>{}</small></span></span>',
            tile,
            title_of(row, row.badge_type),
            f"{KIND_WORDS[row.kind]} · {counted(row.total, unit_of(row))}",
        )

    @admin.display(description="Progress")
    def progress(self, row: Job) -> SafeString:
        percent = percent_of(row)
        return format_html(
            '<span class="rs-gauge rs-{}"><span class="rs-meter"><i style="width: {}%"></i></span>'
            "<small>{} %</small></span>",
            STATE_WORDS[JobState(row.state)][1],
            percent,
            percent,
        )

    @admin.display(description="State")
    def state_shown(self, row: Job) -> SafeString:
        return state_pill(row)

    @admin.display(description="Result")
    def outcome(self, row: Job) -> SafeString:
        rest = [f"{number(row.unchanged)} unchanged"] if row.unchanged else []
        rest += [f"{number(row.rejected)} rejected"] if row.rejected else []
        return two_lines(f"{number(row.changed)} changed", ", ".join(rest))

    @admin.display(description="By")
    def by(self, row: Job) -> SafeString:
        return two_lines(row.actor_label or row.actor_kind, row.get_source_display())

    @admin.display(description="Made", ordering="created_at")
    def when(self, row: Job) -> SafeString:
        return moment(row.created_at)

    # --- One job ------------------------------------------------------------------------------

    def get_urls(self) -> list[Any]:
        pages: tuple[tuple[str, Callable[..., HttpResponse]], ...] = (
            ("progress", self.progress_view),
            ("report", self.report_view),
            ("start", self.start_view),
            ("discard", self.discard_view),
        )
        urls = [
            path(
                f"<path:object_id>/{name}/",
                update_wrapper(self.admin_site.admin_view(view), view),
                name=f"loyalty_job_{name}",
            )
            for name, view in pages
        ]
        return [*urls, *super().get_urls()]

    def open_row(self, request: HttpRequest, object_id: str, access: Access) -> Job:
        """A draft is there for those who may start it, and for nobody else."""
        row: Job = super().open_row(request, object_id, access)
        if row.state == JobState.DRAFT and not may_work_on_many(staff_of(request), row.store):
            raise Http404
        return row

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        if object_id is None or request.method not in {"GET", "HEAD"}:
            raise PermissionDenied
        row = self.open_row(request, object_id, Access.VIEW)
        if row.state == JobState.DRAFT:
            badge_type = badge_type_of(row)
            if badge_type is None:
                raise Http404
            context = draft_context(row, badge_type)
            return self.show(request, "badges/admin/job_draft.html", context)
        if row.kind == DRY_RUN and (tried := badge_type_of(row)) and not tried.deleted_at:
            return HttpResponseRedirect(page_url(tried, "dry_run", row.id))
        buttons = self._get_actions_navigation(  # type: ignore[attr-defined]
            self.actions_detail, self.get_actions_detail(request, object_id), object_id
        )
        context = {**job_context(request, row), "actions_detail": buttons}
        return self.show(request, "badges/admin/job.html", context)

    def progress_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """What the page asks for each second."""
        row = self.open_row(request, object_id, Access.VIEW)
        return JsonResponse(progress_of(row), headers={"Cache-Control": "no-store"})

    def report_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The lines that could not be done, as the API's report has them."""
        row = self.open_row(request, object_id, Access.VIEW)
        if not sees_members(request, row.store):
            raise PermissionDenied
        answer: Any = StreamingHttpResponse(
            report_lines(row),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="job-{row.id}.csv"'},
        )
        found: HttpResponse = answer
        return found

    def start_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._open_to_write(request, object_id)
        if request.method != "POST" or row.state != JobState.DRAFT:
            return HttpResponseRedirect(job_url(row))
        return self._do(request, row, StartForm, done="The job is on its way.", to=job_url(row))

    def discard_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self._open_to_write(request, object_id)
        if request.method != "POST" or row.state != JobState.DRAFT:
            return HttpResponseRedirect(job_url(row))
        to = f"{self.list_url()}?store={row.store.code}"
        return self._do(request, row, DiscardForm, done="Nothing was done.", to=to)

    def _do(
        self, request: HttpRequest, row: Job, form: type[PageForm], *, done: str, to: str
    ) -> HttpResponse:
        """Without asking again: the draft's page was the question."""
        page = Page(title_of(row, badge_type_of(row)), "Try again")
        return self.ask(request, row, form, page, done=done, to=to)

    def _open_to_write(self, request: HttpRequest, object_id: str) -> Job:
        row = self.open_row(request, object_id, Access.MODIFY)
        if not may_work_on_many(staff_of(request), row.store):
            raise PermissionDenied
        return row

    # --- What can be done to it ---------------------------------------------------------------

    def offers(self, request: HttpRequest, action: str, row: Job) -> bool:
        fits = {
            "pause": row.state in {JobState.QUEUED, JobState.RUNNING},
            "resume": row.state in {JobState.PAUSED, JobState.FAILED}
            and not is_undone(row.store, row),
            "cancel": not row.is_finished or row.state == JobState.FAILED,
            "undo": row.is_finished
            and row.changed > 0
            and can_be_undone(row)
            and not is_undone(row.store, row),
        }[action]
        return fits and super().offers(request, action, row)

    @action("Pause", path="pause", icon="pause")
    def pause(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = (
            f"What is under way is finished first; then the job waits until somebody resumes it."
            f" {self._so_far(row)}"
        )
        page = self._page(row, "Pause", effect)
        return self.ask(request, row, PauseForm, page, done="The job pauses.")

    @action("Resume", path="resume", icon="play_arrow", variant="primary")
    def resume(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        page = self._page(row, "Resume", f"The job goes on where it stopped. {self._so_far(row)}")
        return self.ask(request, row, ResumeForm, page, done="The job goes on.")

    @action("Cancel", path="cancel", icon="stop")
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        row = self.open_row(request, object_id, Access.MODIFY)
        effect = (
            f"The job stops for good. {self._so_far(row)} What it changed stays as it is, and can"
            " be undone afterwards."
        )
        page = self._page(row, "Cancel", effect, "Stop the job", danger=True)
        return self.ask(request, row, CancelForm, page, done="The job was cancelled.")

    @action("Undo", path="undo", icon="undo")
    def undo(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """A job of its own reverses what this one did."""
        row = self.open_row(request, object_id, Access.MODIFY)
        name = name_of(row, badge_type_of(row))
        wrote = f"the {counted(row.changed, 'line')} that this one wrote in the ledger"
        if row.kind == EVALUATE:
            wrote = f"what this one wrote in the ledger for {counted(row.changed, 'member')}"
        effect = (
            f"Another job reverses {wrote}: each member's count of {name} goes back by what was"
            " changed, as far as they still have it. What happened to it since stays, and so do"
            " both jobs' lines."
        )
        page = self._page(row, "Undo", effect, "Undo all of it", danger=True)

        def to(form: Any) -> str:
            return job_url(form.made)

        return self.ask(request, row, UndoForm, page, done="It is being undone.", to=to)

    def _page(
        self, row: Job, verb: str, effect: str, button: str = "", *, danger: bool = False
    ) -> Page:
        badge_type = badge_type_of(row)
        tile = badge_tile(badge_type, size="lg") if badge_type else ""
        title = f"{verb}: {title_of(row, badge_type)}"
        context = {"tile": tile}
        return Page(title, button or f"{verb} the job", effect, danger=danger, context=context)

    def _so_far(self, row: Job) -> str:
        return f"{number(row.processed)} of {counted(row.total, unit_of(row))} are done."
