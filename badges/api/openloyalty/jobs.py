"""Bulk jobs (Rosette's own, in the style of the native API)."""

import re
from collections.abc import Mapping
from typing import Any

from django.http import QueryDict, StreamingHttpResponse
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    DictField,
    IntegerField,
    Serializer,
    UUIDField,
)

from badges.selectors.badge_types import get_badge_type
from badges.selectors.dry_runs import DRY_RUN
from badges.services.backfills import undo_backfill
from badges.services.evaluation_job import EVALUATE, UNDO_EVALUATION
from badges.services.job_creation import (
    create_badge_job,
    stage_chosen,
    stage_identifiers,
    undo_job,
)
from badges.services.jobs import ASSIGN, KINDS, REVOKE, SET_COUNT
from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.search import choice, moment, search
from loyalty.api.serializers import Choice, Count, Items, StrictSerializer, Text, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.errors import Code, Invalid, Violation
from loyalty.identifiers import UUID_PATTERN, Identifier
from loyalty.models import Access, Job, Resource
from loyalty.selectors.jobs import get_job, jobs
from loyalty.selectors.reports import report_lines
from loyalty.services.jobs.control import cancel_job, pause_job, resume_job
from members.api.identifiers import MemberConverter
from members.api.search import MemberSearch
from members.selectors.members import members

VIEW, MODIFY = Need(Resource.BADGE), Need(Resource.BADGE, Access.MODIFY)
VIEW_MEMBERS = Need(Resource.CUSTOMER)

_SHOWN = (*KINDS, EVALUATE, UNDO_EVALUATION, DRY_RUN)
MAX_NAMED_MEMBERS = 10_000
_MEMBER = re.compile(rf"(?:{MemberConverter.regex}|walletAddress=.{{1,255}})\Z")
_BADGE_TYPE = re.compile(rf"(?:{UUID_PATTERN}|systemCode=[a-zA-Z0-9_-]+)\Z")


class JobWrite(StrictSerializer):
    """`members` names them as URLs do; `filter` is a query of the member list.  One of the two."""

    kind = Choice(choices=[ASSIGN, REVOKE, SET_COUNT])
    badgeType = Text(max_length=300)
    members = Items(child=Text(max_length=300), required=False, max_length=MAX_NAMED_MEMBERS)
    filter = Text(required=False, allow_blank=True, max_length=4000)
    count = Count(required=False)
    reason = Text(required=False, allow_blank=True, max_length=1024)

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        check_job(attrs)
        if ("members" in attrs) == ("filter" in attrs):
            message = "Give either members or a filter."
            raise Invalid(Violation(Code.CHOICE, "job.members", message))
        return attrs


JobBody = wrapped("job", JobWrite)


def check_job(
    attrs: Mapping[str, Any], *, count_on_lines: bool = False, at: str = "job.count"
) -> None:
    """What makes sense for each kind; `at` is where the body has the count."""
    count = attrs.get("count")
    if attrs["kind"] == SET_COUNT and count is None and not count_on_lines:
        raise Invalid(Violation(Code.MISSING, at, "This field is missing."))
    if attrs["kind"] != SET_COUNT and count == 0:
        message = "This value should be greater than or equal to 1."
        raise Invalid(Violation(Code.TOO_LOW, at, message))


class JobIdRead(Serializer[Any]):
    jobId = UUIDField()


class JobRead(Serializer[Any]):
    """`processed` = `changed` + `unchanged` + `rejected`, of `total` lines."""

    jobId = UUIDField()
    kind = CharField()
    state = CharField()
    parameters = DictField()
    total = IntegerField()
    processed = IntegerField()
    changed = IntegerField()
    unchanged = IntegerField()
    rejected = IntegerField()
    error = CharField()
    undoes = UUIDField(allow_null=True)
    createdBy = CharField()
    createdAt = DateTimeField()
    startedAt = DateTimeField(allow_null=True)
    finishedAt = DateTimeField(allow_null=True)


JobSearch = search(
    "JobSearch",
    {
        "kind": choice("kind"),
        "state": choice("state"),
        "createdAt": moment("created_at"),
        "finishedAt": moment("finished_at"),
    },
)

_COLUMNS = (
    "id", "kind", "state", "parameters", "total", "processed", "changed", "unchanged", "rejected",
    "last_error", "undoes_id", "actor_label", "created_at", "started_at", "finished_at",
)  # fmt: skip


def job_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "jobId": row["id"],
        "kind": row["kind"],
        "state": row["state"],
        "parameters": row["parameters"],
        "total": row["total"],
        "processed": row["processed"],
        "changed": row["changed"],
        "unchanged": row["unchanged"],
        "rejected": row["rejected"],
        "error": row["last_error"],
        "undoes": row["undoes_id"],
        "createdBy": row["actor_label"],
        "createdAt": row["created_at"],
        "startedAt": row["started_at"],
        "finishedAt": row["finished_at"],
    }


class JobsViewSet(StoreViewSet):
    @operation(
        "jobGetList", "List jobs", VIEW,
        answer=JobRead, many=True, search=JobSearch, tag="Job (Rosette)",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, JobSearch, self.store)
        return Response(
            answer_page(
                query,
                jobs(self.store, _SHOWN),
                columns=_COLUMNS,
                render=job_read,
                default_order=["-created_at"],
            )
        )

    @operation(
        "jobPost", "Assign, revoke or set the count of a badge for many members", MODIFY,
        body=JobBody, answer=JobIdRead, status=202, tag="Job (Rosette)",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        given = self.body()
        if "members" in given:
            stage = stage_identifiers(_identifiers(given["members"]))
        else:
            query = read_list_query(QueryDict(given["filter"]), MemberSearch, self.store)
            stage = stage_chosen(query.narrowed(members(self.store)))
        job = create_badge_job(
            self.store,
            kind=given["kind"],
            badge_type=get_badge_type(self.store, badge_type_named(given["badgeType"])),
            stage=stage,
            count=given.get("count"),
            reason=given.get("reason", ""),
            actor=self.actor,
        )
        return Response({"jobId": job.id}, status=202)

    @operation("jobGet", "Read a job with its progress", VIEW, answer=JobRead, tag="Job (Rosette)")
    def retrieve(self, request: Request, job_id: str) -> Response:
        return Response(job_read(vars(self._job(job_id))))

    @operation("jobPause", "Pause a job", MODIFY, status=204, tag="Job (Rosette)")
    def pause(self, request: Request, job_id: str) -> Response:
        pause_job(self.store, job=self._job(job_id), actor=self.actor)
        return Response(status=204)

    @operation(
        "jobResume", "Resume a paused or failed job", MODIFY, status=204, tag="Job (Rosette)"
    )
    def resume(self, request: Request, job_id: str) -> Response:
        resume_job(self.store, job=self._job(job_id), actor=self.actor)
        return Response(status=204)

    @operation(
        "jobCancel", "Cancel a job; what is done stays", MODIFY, status=204, tag="Job (Rosette)"
    )
    def cancel(self, request: Request, job_id: str) -> Response:
        cancel_job(self.store, job=self._job(job_id), actor=self.actor, now=timezone.now())
        return Response(status=204)

    @operation(
        "jobUndo", "Undo a job: a new job reverses each of its lines", MODIFY,
        answer=JobIdRead, status=202, tag="Job (Rosette)",
    )  # fmt: skip
    def undo(self, request: Request, job_id: str) -> Response:
        job = self._job(job_id)
        if job.kind == EVALUATE:
            made = undo_backfill(self.store, job=job, actor=self.actor, now=timezone.now())
        else:
            made = undo_job(self.store, job=job, actor=self.actor)
        return Response({"jobId": made.id}, status=202)

    @operation(
        "jobGetReport", "Download the lines that could not be done, as CSV", VIEW_MEMBERS,
        file_type="text/csv", tag="Job (Rosette)",
    )  # fmt: skip
    def report(self, request: Request, job_id: str) -> StreamingHttpResponse:
        job = self._job(job_id)
        return StreamingHttpResponse(
            report_lines(job),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="job-{job.id}.csv"'},
        )

    def _job(self, job_id: str) -> Job:
        return get_job(self.store, job_id, _SHOWN)


def badge_type_named(text: str) -> Identifier:
    if not _BADGE_TYPE.match(text):
        raise Invalid(Violation(Code.PATTERN, "badgeType", "This value is not valid."))
    return Identifier.parse(text)


def _identifiers(names: list[str]) -> list[Identifier]:
    wrong = [
        Violation(Code.PATTERN, f"members.{position}", "This value is not valid.")
        for position, name in enumerate(names)
        if not _MEMBER.match(name)
    ]
    if wrong:
        raise Invalid(*wrong[:100])
    return [Identifier.parse(name) for name in names]
