"""Bulk jobs from a CSV file (Rosette's own)."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from badges.api.openloyalty.jobs import MODIFY, JobIdRead, badge_type_named, check_job
from badges.selectors.badge_types import get_badge_type
from badges.services.job_creation import create_badge_job
from badges.services.job_tables import stage_table
from badges.services.jobs import ASSIGN, REVOKE, SET_COUNT
from loyalty.api.operations import operation
from loyalty.api.serializers import Choice, Text
from loyalty.api.uploads import FormSerializer, Upload, UploadViewSet, WrittenCount


class JobFileForm(FormSerializer):
    """Columns of the file: one or more of memberId, email, phone, loyaltyCardNumber and
    walletAddress; and, if wanted, count, reason and earnedAt.  What a line says goes before what
    the job says."""

    kind = Choice(choices=[ASSIGN, REVOKE, SET_COUNT])
    badgeType = Text(max_length=300)
    count = WrittenCount(required=False)
    reason = Text(required=False, allow_blank=True, max_length=1024)
    file = Upload()

    def validate(self, attrs: Mapping[str, Any]) -> Mapping[str, Any]:
        check_job(attrs, count_on_lines=True, at="count")
        return attrs


class JobFilesViewSet(UploadViewSet):
    @operation(
        "jobPostCsv", "Assign, revoke or set the count of a badge for the members in a CSV file",
        MODIFY, body=JobFileForm, answer=JobIdRead, status=202, tag="Job (Rosette)",
    )  # fmt: skip
    def create(self, request: Request) -> Response:
        given, now = self.body(), timezone.now()
        kind, count = given["kind"], given.get("count")
        job = create_badge_job(
            self.store,
            kind=kind,
            badge_type=get_badge_type(self.store, badge_type_named(given["badgeType"])),
            stage=stage_table(self.store, given["file"], kind=kind, count=count, now=now),
            count=count,
            reason=given.get("reason", ""),
            actor=self.actor,
        )
        return Response({"jobId": job.id}, status=202)
