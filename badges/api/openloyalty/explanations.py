"""Why a member has a badge, or lacks it (Rosette's own): in full for staff, safely for the member.

The member is told what counts and how far they are, and when what happened; not what the
attributes of activity are or are asked to be, nor who did what, nor which versions there were.
"""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    CharField,
    DateTimeField,
    DictField,
    FloatField,
    IntegerField,
    JSONField,
    ListField,
    Serializer,
    UUIDField,
)

from badges.api.openloyalty.progress import TAG, VIEW_OWN, progress_read
from badges.conditions.explanation import Explanation, Fact
from badges.conditions.reasons import Why
from badges.conditions.writing import number
from badges.models import BadgeEntry, ConditionVersion
from badges.selectors.badge_types import get_badge_type
from badges.selectors.condition_explanations import BadgeExplanation, explain_badge
from loyalty.api.listing import read_locale
from loyalty.api.operations import operation
from loyalty.identifiers import Identifier
from members.api.views import MemberViewSet


class WhyRead(Serializer[Any]):
    """Staff also see the `words`, and of a filter what was asked for and what was there."""

    code = CharField()
    words = CharField(required=False)
    filter = DictField(required=False, allow_null=True)
    actual = JSONField(required=False, allow_null=True)


class FactRead(Serializer[Any]):
    """`what`: the type of an activity, or the kind of a line of points or badges."""

    id = UUIDField(required=False)
    what = CharField()
    occurredAt = DateTimeField()
    amount = FloatField()
    returned = FloatField()
    attributes = DictField(required=False, allow_null=True)
    reasons = WhyRead(many=True)


class LeafExplanationRead(Serializer[Any]):
    """The latest 50 facts that counted and that did not, and how many of each there are."""

    id = CharField()
    counted = FactRead(many=True)
    totalCounted = IntegerField()
    notCounted = FactRead(many=True)
    totalNotCounted = IntegerField()


class UsedVersionRead(Serializer[Any]):
    versionId = UUIDField()
    number = IntegerField()
    policy = CharField()
    countingFrom = DateTimeField()
    publishedAt = DateTimeField()
    publishedBy = CharField()


class LineRead(Serializer[Any]):
    """A line of the ledger; the `completion` and `version` of what a condition wrote."""

    kind = CharField()
    delta = IntegerField()
    occurredAt = DateTimeField()
    recordedAt = DateTimeField(required=False)
    completion = IntegerField(required=False, allow_null=True)
    version = IntegerField(required=False, allow_null=True)
    reason = CharField(required=False)
    source = CharField(required=False)  # type: ignore[assignment]  # Field.source is another.
    sourceId = CharField(required=False)
    actor = CharField(required=False)


class BadgeExplanationRead(Serializer[Any]):
    """`condition` is that of the progress, `missing` what the next completion still takes.

    A member does not see `version`, nor of the facts and lines what is marked as not required."""

    badgeTypeId = UUIDField()
    systemCode = CharField()
    completedCount = IntegerField(allow_null=True)
    completion = IntegerField(allow_null=True)
    percent = IntegerField(allow_null=True)
    words = CharField()
    missing = ListField(child=CharField())
    notes = ListField(child=CharField())
    condition = DictField(allow_null=True)
    version = UsedVersionRead(allow_null=True, required=False)
    leaves = LeafExplanationRead(many=True)
    ledger = LineRead(many=True)


def explanation_read(found: BadgeExplanation, *, in_full: bool) -> dict[str, Any]:
    progress = found.progress
    read: dict[str, Any] = {
        "badgeTypeId": found.badge_type.id,
        "systemCode": found.badge_type.system_code,
        "completedCount": progress and progress.completed_count,
        "completion": progress and progress.time,
        "percent": progress and progress.percent,
        "words": found.words,
        "missing": found.missing,
        "notes": found.notes,
        "condition": progress and progress_read(progress.condition),
        "leaves": [_leaf_read(each, in_full=in_full) for each in found.leaves],
        "ledger": [_line_read(each, in_full=in_full) for each in found.lines],
    }
    if in_full:
        read["version"] = found.version and _version_read(found.version)
    return read


def _version_read(version: ConditionVersion) -> dict[str, Any]:
    return {
        "versionId": version.id,
        "number": version.number,
        "policy": version.policy,
        "countingFrom": version.counting_from,
        "publishedAt": version.published_at,
        "publishedBy": version.actor_label,
    }


def _leaf_read(leaf: Explanation, *, in_full: bool) -> dict[str, Any]:
    return {
        "id": leaf.node_id,
        "counted": [_fact_read(fact, in_full=in_full) for fact in leaf.counted],
        "totalCounted": leaf.total_counted,
        "notCounted": [_fact_read(fact, in_full=in_full) for fact in leaf.not_counted],
        "totalNotCounted": leaf.total_not_counted,
    }


def _fact_read(fact: Fact, *, in_full: bool) -> dict[str, Any]:
    read: dict[str, Any] = {
        "what": fact.what,
        "occurredAt": fact.occurred_at,
        "amount": number(fact.amount),
        "returned": number(fact.returned),
        "reasons": [_why_read(why, in_full=in_full) for why in fact.reasons],
    }
    return {**read, "id": fact.id, "attributes": fact.attributes} if in_full else read


def _why_read(why: Why, *, in_full: bool) -> dict[str, Any]:
    if not in_full:
        return {"code": why.code}
    return {"code": why.code, "words": why.words, "filter": why.filter, "actual": why.actual}


def _line_read(line: BadgeEntry, *, in_full: bool) -> dict[str, Any]:
    read: dict[str, Any] = {
        "kind": line.kind,
        "delta": line.delta,
        "occurredAt": line.occurred_at,
    }
    if not in_full:
        return read
    return {
        **read,
        "recordedAt": line.recorded_at,
        "completion": line.completion,
        "version": line.version and line.version.number,
        "reason": line.reason,
        "source": line.source,
        "sourceId": line.source_id,
        "actor": line.actor_label,
    }


class BadgeExplanationsViewSet(MemberViewSet):
    @operation(
        "memberGetBadgeExplanation", "Explain why the member has a badge, or lacks it", VIEW_OWN,
        answer=BadgeExplanationRead, tag=TAG,
    )  # fmt: skip
    def retrieve(self, request: Request, member: Identifier, badge_type: Identifier) -> Response:
        staff = not self.caller.is_member
        found = explain_badge(
            self.store,
            self.member(member),
            get_badge_type(self.store, badge_type),
            now=timezone.now(),
            locale=read_locale(request.query_params),
            with_hidden=staff,
        )
        return Response(explanation_read(found, in_full=staff))
