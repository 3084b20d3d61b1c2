"""Imports of members (Open Loyalty notes, section 3)."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.http import StreamingHttpResponse
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    IntegerField,
    Serializer,
    UUIDField,
)

from loyalty.api.listing import answer_page, read_list_query
from loyalty.api.operations import Need, operation
from loyalty.api.search import choice, identifier, moment, number, search
from loyalty.api.uploads import FormSerializer, Upload, UploadViewSet
from loyalty.api.views import StoreViewSet
from loyalty.models import Access, Resource
from loyalty.selectors.reports import report_lines
from members.selectors.imports import LIST_MEMBERS, MEMBER_IMPORT, get_import, import_rows, imports
from members.services.imports import import_members

VIEW, MODIFY = Need(Resource.IMPORT), Need(Resource.IMPORT, Access.MODIFY)

_FILE = "import[file]"
ImportForm = type(
    "ImportForm",
    (FormSerializer,),
    {
        _FILE: Upload(),
        "__doc__": "CSV whose columns are the fields of a member, such as `email`, `address.city`"
        " and `label:vip`; or Open Loyalty's XML.",
    },
)


class ImportIdRead(Serializer[Any]):
    importId = UUIDField()


class ImportRead(Serializer[Any]):
    """`status`: queued, inprogress, succeed, error (done, but some lines were rejected), failed."""

    importId = UUIDField()
    type = CharField()
    status = CharField()
    total = IntegerField()
    processed = IntegerField()
    succeeded = IntegerField()
    rejected = IntegerField()
    createdBy = CharField()
    createdAt = DateTimeField()
    finishedAt = DateTimeField(allow_null=True)


class ImportRowRead(Serializer[Any]):
    """`line` is the line of a CSV file, or the place of the customer in an XML file."""

    importId = UUIDField()
    line = IntegerField()
    status = CharField()
    message = CharField()
    entity = UUIDField(allow_null=True)


# It is worked out for each row, so no index can sort by it.
_STATUS = replace(choice("status"), sortable=False)

ImportSearch = search("ImportSearch", {"status": _STATUS, "createdAt": moment("created_at")})
ImportRowSearch = search(
    "ImportRowSearch",
    {"status": _STATUS, "line": number("line"), "entity": identifier("member_id")},
)


class MemberFilesViewSet(UploadViewSet):
    @operation(
        "importPostMember", "Import members from a CSV or XML file", MODIFY,
        body=ImportForm, answer=ImportIdRead, tag="Import",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        job = import_members(self.store, file=self.body()[_FILE], actor=self.actor)
        return Response({"importId": job.id})


class ImportsViewSet(StoreViewSet):
    @operation(
        "importGetList", "List imports", VIEW,
        answer=ImportRead, many=True, search=ImportSearch, tag="Import",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, ImportSearch, self.store)
        return Response(
            answer_page(
                query,
                imports(self.store),
                columns=(
                    "id", "kind", "status", "total", "processed", "changed", "unchanged",
                    "rejected", "actor_label", "created_at", "finished_at",
                ),
                render=_import_read,
                default_order=["-created_at"],
            )
        )  # fmt: skip

    @operation(
        "importGet", "Read what became of each line of an import", VIEW,
        answer=ImportRowRead, many=True, search=ImportRowSearch, tag="Import",
    )  # fmt: skip
    def retrieve(self, request: Request, import_id: str) -> Response:
        query = read_list_query(request.query_params, ImportRowSearch, self.store)
        return Response(
            answer_page(
                query,
                import_rows(get_import(self.store, import_id)),
                columns=("job_id", "line", "status", "message", "member_id"),
                render=_row_read,
                default_order=["line"],
            )
        )

    @operation(
        "importGetReport", "Download the lines that could not be imported, as CSV", VIEW,
        file_type="text/csv", tag="Import",
    )  # fmt: skip
    def report(self, request: Request, import_id: str) -> StreamingHttpResponse:
        job = get_import(self.store, import_id)
        return StreamingHttpResponse(
            report_lines(job),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="import-{job.id}.csv"'},
        )


_TYPES = {MEMBER_IMPORT: "member", LIST_MEMBERS: "listMembers"}


def _import_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "importId": row["id"],
        "type": _TYPES[row["kind"]],
        "status": row["status"],
        "total": row["total"],
        "processed": row["processed"],
        "succeeded": row["changed"] + row["unchanged"],
        "rejected": row["rejected"],
        "createdBy": row["actor_label"],
        "createdAt": row["created_at"],
        "finishedAt": row["finished_at"],
    }


def _row_read(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "importId": row["job_id"],
        "line": row["line"],
        "status": row["status"],
        "message": row["message"],
        "entity": row["member_id"],
    }
