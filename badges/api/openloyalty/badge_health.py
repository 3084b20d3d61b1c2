"""Whether badges award themselves as people expect (Rosette's own)."""

from datetime import timedelta
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

from badges.selectors.condition_health import QUIET_AFTER, Health, health
from loyalty.api.listing import read_whole_number
from loyalty.api.operations import Need, operation
from loyalty.api.views import StoreViewSet
from loyalty.models import Resource

MAX_DAYS = 3650


class UnearnedRead(Serializer[Any]):
    badgeTypeId = UUIDField()
    systemCode = CharField()
    lastEarnedAt = DateTimeField(allow_null=True)


class UnheardRead(Serializer[Any]):
    badgeTypeId = UUIDField()
    systemCode = CharField()
    event = CharField()
    lastSeenAt = DateTimeField(allow_null=True)


class CommonRead(Serializer[Any]):
    badgeTypeId = UUIDField()
    systemCode = CharField()
    holders = IntegerField()
    members = IntegerField()


class QueueRead(Serializer[Any]):
    """What waits to be looked at, counted up to 100,000; `failing` of it made evaluation fail."""

    waiting = IntegerField()
    failing = IntegerField()
    oldestAt = DateTimeField(allow_null=True)
    stuck = BooleanField()


class BadgeHealthRead(Serializer[Any]):
    """`unearned`: nobody earned it for so many days; `unheard`: its condition waits for activity
    that has not come for as long; `common`: more than 90 % of the members have it."""

    days = IntegerField()
    unearned = UnearnedRead(many=True)
    unheard = UnheardRead(many=True)
    common = CommonRead(many=True)
    queue = QueueRead()


def health_read(found: Health) -> dict[str, Any]:
    return {
        "days": found.days,
        "unearned": [
            {
                "badgeTypeId": each.badge_type_id,
                "systemCode": each.system_code,
                "lastEarnedAt": each.last_earned_at,
            }
            for each in found.unearned
        ],
        "unheard": [
            {
                "badgeTypeId": each.badge_type_id,
                "systemCode": each.system_code,
                "event": each.event,
                "lastSeenAt": each.last_seen_at,
            }
            for each in found.unheard
        ],
        "common": [
            {
                "badgeTypeId": each.badge_type_id,
                "systemCode": each.system_code,
                "holders": each.holders,
                "members": each.members,
            }
            for each in found.common
        ],
        "queue": {
            "waiting": found.queue.waiting,
            "failing": found.queue.failing,
            "oldestAt": found.queue.oldest_at,
            "stuck": found.queue.is_stuck,
        },
    }


class BadgeHealthViewSet(StoreViewSet):
    @operation(
        "badgeGetHealth", "Badges that nobody earns, that hear nothing, that everybody has",
        Need(Resource.BADGE), answer=BadgeHealthRead, tag="Badge (Rosette)",
    )  # fmt: skip
    def retrieve(self, request: Request) -> Response:
        days = read_whole_number(
            request.query_params, "days", default=QUIET_AFTER.days, most=MAX_DAYS
        )
        found = health(self.store, now=timezone.now(), quiet_after=timedelta(days=days))
        return Response(health_read(found))
