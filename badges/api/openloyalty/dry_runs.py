"""Try a condition on history, and count history in (Rosette's own)."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    IntegerField,
    Serializer,
    UUIDField,
)

from badges.api.openloyalty.conditions import MODIFY, TAG, VIEW, PublishedRead, Tree
from badges.selectors.badge_types import get_badge_type
from badges.selectors.dry_runs import get_dry_run
from badges.services.backfills import backfill
from badges.services.dry_runs import Repeat, start_dry_run
from loyalty.api.operations import operation
from loyalty.api.serializers import Count, Flag, Moment, Pattern, StrictSerializer, wrapped
from loyalty.api.views import StoreViewSet
from loyalty.identifiers import UUID_PATTERN, Identifier
from loyalty.models import Job


class DryRunWrite(StrictSerializer):
    """Without a `tree`, the draft is tried, or else what is in force."""

    tree = Tree(required=False)
    countingFrom = Moment(required=False)
    repeatLimit = Count(required=False, allow_null=True)


class BackfillWrite(StrictSerializer):
    """`countingFrom`: the dry run's, if missing.  `silent`: true, if missing."""

    dryRunJobId = Pattern(rf"^{UUID_PATTERN}\Z")
    countingFrom = Moment(required=False)
    silent = Flag(required=False)


DryRunBody = wrapped("dryRun", DryRunWrite)
BackfillBody = wrapped("backfill", BackfillWrite)


class DryRunIdRead(Serializer[Any]):
    jobId = UUIDField()


class BucketRead(Serializer[Any]):
    """`start`: a day of the store; `members` earn the badge for the first time."""

    start = CharField()
    members = IntegerField()
    completions = IntegerField()


class CurveRead(Serializer[Any]):
    unit = CharField(help_text="day, week, month, year or century")
    buckets = BucketRead(many=True)


class SampledRead(Serializer[Any]):
    customerId = UUIDField()
    times = IntegerField()
    firstAt = DateTimeField()
    lastAt = DateTimeField()


class SideRead(Serializer[Any]):
    members = IntegerField()
    completions = IntegerField()
    sample = SampledRead(many=True)


class EffectRead(Serializer[Any]):
    """What publishing with a policy would write at once."""

    granted = IntegerField()
    members = IntegerField()
    firstAt = DateTimeField(allow_null=True)
    lastAt = DateTimeField(allow_null=True)
    redated = IntegerField()
    takenAway = IntegerField()
    membersLosing = IntegerField()


class EffectsRead(Serializer[Any]):
    fromNowOn = EffectRead()
    onlyAdd = EffectRead()
    takeAway = EffectRead()


class DryRunResultRead(Serializer[Any]):
    """Who meets the condition at all, and what differs from the ledger of today."""

    computedAt = DateTimeField()
    countingFrom = DateTimeField()
    repeatLimit = IntegerField(allow_null=True)
    isEdit = BooleanField()
    members = IntegerField()
    completions = IntegerField()
    curve = CurveRead()
    sample = SampledRead(many=True)
    gained = SideRead()
    lost = SideRead()
    kept = SideRead()
    policies = EffectsRead()


class DryRunRead(Serializer[Any]):
    jobId = UUIDField()
    state = CharField()
    error = CharField()
    createdAt = DateTimeField()
    finishedAt = DateTimeField(allow_null=True)
    result = DryRunResultRead(allow_null=True)


def dry_run_read(job: Job) -> dict[str, Any]:
    return {
        "jobId": job.id,
        "state": job.state,
        "error": job.last_error,
        "createdAt": job.created_at,
        "finishedAt": job.finished_at,
        "result": job.result,
    }


class DryRunsViewSet(StoreViewSet):
    @operation(
        "conditionPostDryRun", "Try a condition on everything that has happened", MODIFY,
        body=DryRunBody, answer=DryRunIdRead, status=202, tag=TAG,
    )  # fmt: skip
    def create(self, request: Request, badge_type: Identifier) -> Response:
        given = self.body()
        job = start_dry_run(
            self.store,
            badge_type=get_badge_type(self.store, badge_type),
            tree=given.get("tree"),
            counting_from=given.get("countingFrom"),
            repeat=Repeat(given["repeatLimit"]) if "repeatLimit" in given else None,
            actor=self.actor,
            now=timezone.now(),
        )
        return Response({"jobId": job.id}, status=202)

    @operation(
        "conditionGetDryRun", "Read what a dry run found out", VIEW, answer=DryRunRead, tag=TAG
    )
    def retrieve(self, request: Request, badge_type: Identifier, dry_run_id: str) -> Response:
        found = get_badge_type(self.store, badge_type)
        return Response(dry_run_read(get_dry_run(self.store, found, dry_run_id)))

    @operation(
        "conditionPostBackfill", "Count history in, as a dry run has shown it", MODIFY,
        body=BackfillBody, answer=PublishedRead, status=202, tag=TAG,
    )  # fmt: skip
    def backfill(self, request: Request, badge_type: Identifier) -> Response:
        given = self.body()
        found = get_badge_type(self.store, badge_type)
        published = backfill(
            self.store,
            badge_type=found,
            dry_run=get_dry_run(self.store, found, given["dryRunJobId"]),
            counting_from=given.get("countingFrom"),
            silent=given.get("silent", True),
            actor=self.actor,
            now=timezone.now(),
        )
        answer = {"versionId": published.version.id, "jobId": published.job.id}
        return Response(answer, status=202)
