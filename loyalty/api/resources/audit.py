"""The audit log (Open Loyalty notes, section 9), with what changed beside who changed it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django import forms
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    DictField,
    IntegerField,
    IPAddressField,
    Serializer,
    UUIDField,
)

from loyalty.api.listing import read_list_query, total
from loyalty.api.operations import Need, operation
from loyalty.api.search import Term, choice, identifier, moment, search, text
from loyalty.api.views import ApiViewSet
from loyalty.models import Resource
from loyalty.selectors.access import reach_of
from loyalty.selectors.audit import audit_log, latest
from loyalty.selectors.time_limits import at_most

_TERMS = {
    "auditLogId": identifier("id"),
    "eventType": choice("name"),
    "entityType": choice("subject_kind"),
    "entityId": choice("subject_id"),
    "username": text("actor_label"),
    "userId": identifier("actor_id"),
    "userType": choice("actor_kind"),
    "ip": Term("address", forms.GenericIPAddressField, ("eq", "in")),
    "createdAt": moment("recorded_at"),
    "store": choice("store__code"),
    "customerId": identifier("member_id"),
}
# Always in the order of the log, latest first: the only one that needs no look at every row.
AuditSearch = search(
    "AuditSearch", {name: replace(term, sortable=False) for name, term in _TERMS.items()}
)
_SECONDS = 5
_COLUMNS = (
    "sequence", "id", "name", "subject_kind", "subject_id", "member_id", "data", "actor_kind",
    "actor_id", "actor_label", "source", "address", "recorded_at", "store_id", "store__code",
    "store__name",
)  # fmt: skip


class AuditedStoreRead(Serializer[Any]):
    storeId = UUIDField()
    code = CharField()
    name = CharField()


class AuditLogRead(Serializer[Any]):
    """`store` is null for what belongs to none: roles, administrators, keys.

    `data` holds what the event says; for a change of what is no personal data `before` and
    `after`, and for personal data the names of the fields that changed.
    """

    auditLogId = UUIDField()
    sequence = IntegerField()
    store = AuditedStoreRead(allow_null=True)
    eventType = CharField()
    entityType = CharField()
    entityId = CharField()
    customerId = UUIDField(allow_null=True)
    username = CharField()
    userId = UUIDField(allow_null=True)
    userType = CharField()
    source = CharField()  # type: ignore[assignment]
    ip = IPAddressField(allow_null=True)
    createdAt = DateTimeField()
    data = DictField()  # type: ignore[assignment]


def audit_read(row: Mapping[str, Any]) -> dict[str, Any]:
    store = {"storeId": row["store_id"], "code": row["store__code"], "name": row["store__name"]}
    return {
        "auditLogId": row["id"],
        "sequence": row["sequence"],
        "store": store if row["store_id"] else None,
        "eventType": row["name"],
        "entityType": row["subject_kind"],
        "entityId": row["subject_id"],
        "customerId": row["member_id"],
        "username": row["actor_label"],
        "userId": row["actor_id"],
        "userType": row["actor_kind"],
        "source": row["source"],
        "ip": row["address"],
        "createdAt": row["recorded_at"],
        "data": row["data"],
    }


class AuditViewSet(ApiViewSet):
    @operation(
        "auditLogGetList", "List who did what, latest first, in the stores that one may audit",
        Need(Resource.AUDIT), answer=AuditLogRead, many=True, search=AuditSearch, tag="Audit",
    )  # fmt: skip
    def list(self, request: Request) -> Response:
        query = read_list_query(request.query_params, AuditSearch, None)
        parts = audit_log(reach_of(self.caller.administrator_id))
        narrowed = [query.narrowed(part) for part in parts]
        with at_most(_SECONDS, "The search of the audit log"):
            rows = latest(narrowed, offset=query.offset, size=query.size, columns=_COLUMNS)
            totals = [
                total(part, narrow if query.is_filtered else None)
                for part, narrow in zip(parts, narrowed, strict=True)
            ]
        return Response({"items": [audit_read(row) for row in rows], "total": _sum(totals)})


def _sum(totals: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "all": sum(each["all"] for each in totals),
        "filtered": sum(each["filtered"] for each in totals),
        "estimated": any(each["estimated"] for each in totals),
    }
