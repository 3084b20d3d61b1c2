"""How far a member is with badges (Rosette's own)."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import (
    BooleanField,
    CharField,
    DictField,
    IntegerField,
    Serializer,
    UUIDField,
)

from badges.conditions.progress import Progress
from badges.conditions.writing import number
from badges.selectors.badge_types import get_badge_type
from badges.selectors.condition_progress import (
    BadgeProgress,
    progress_of_member,
    progress_with_badge,
)
from loyalty.api.listing import read_list_query, read_locale
from loyalty.api.operations import Need, operation
from loyalty.api.search import search
from loyalty.identifiers import Identifier
from loyalty.models import Resource
from members.api.views import MemberViewSet

VIEW_OWN = Need(Resource.BADGE, own_member=True)
TAG = "Badge (Rosette)"

ProgressSearch = search("ProgressSearch", {})


class BadgeProgressRead(Serializer[Any]):
    """`completion`: which one `percent` and `condition` are about, counted since the conditions
    last began anew; the next one, or the last if the badge cannot be earned any more (`finished`).

    A condition is {id, type, description, current, target, percent, completed, completedAt}, and
    has `conditions` below it if it is `all`, `any` or `atLeast`."""

    badgeTypeId = UUIDField()
    systemCode = CharField()
    name = CharField()
    hidden = BooleanField()
    completedCount = IntegerField()
    repeatLimit = IntegerField(allow_null=True)
    completion = IntegerField()
    finished = BooleanField()
    percent = IntegerField()
    condition = DictField()


def badge_progress_read(found: BadgeProgress) -> dict[str, Any]:
    return {
        "badgeTypeId": found.badge_type_id,
        "systemCode": found.system_code,
        "name": found.name,
        "hidden": found.hidden,
        "completedCount": found.completed_count,
        "repeatLimit": found.repeat_limit,
        "completion": found.time,
        "finished": found.is_finished,
        "percent": found.percent,
        "condition": progress_read(found.condition),
    }


def progress_read(found: Progress) -> dict[str, Any]:
    read: dict[str, Any] = {
        "id": found.id,
        "type": found.type,
        "description": found.description,
        "current": number(found.current),
        "target": number(found.target),
        "percent": found.percent,
        "completed": found.completed,
        "completedAt": found.completed_at,
    }
    if found.conditions:
        read["conditions"] = [progress_read(each) for each in found.conditions]
    return read


class BadgeProgressViewSet(MemberViewSet):
    """What is hidden from members is shown to staff."""

    @operation(
        "memberGetBadgeProgress", "Return how far the member is with each badge", VIEW_OWN,
        answer=BadgeProgressRead, many=True, search=ProgressSearch, tag=TAG,
    )  # fmt: skip
    def list(self, request: Request, member: Identifier) -> Response:
        query = read_list_query(request.query_params, ProgressSearch, self.store)
        page = progress_of_member(
            self.store,
            self.member(member),
            now=timezone.now(),
            size=query.size,
            offset=query.offset,
            locale=query.locale,
            with_hidden=not self.caller.is_member,
        )
        total = {"all": page.total, "filtered": page.total, "estimated": False}
        items = [badge_progress_read(each) for each in page.items]
        return Response({"items": items, "total": total})

    @operation(
        "memberGetBadgeProgressOne", "Return how far the member is with one badge", VIEW_OWN,
        answer=BadgeProgressRead, tag=TAG,
    )  # fmt: skip
    def retrieve(self, request: Request, member: Identifier, badge_type: Identifier) -> Response:
        locale = read_locale(request.query_params)
        found = progress_with_badge(
            self.store,
            self.member(member),
            get_badge_type(self.store, badge_type),
            now=timezone.now(),
            locale=locale,
            with_hidden=not self.caller.is_member,
        )
        return Response(badge_progress_read(found))
