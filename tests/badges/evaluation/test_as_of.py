"""What a member had on some day, by the ledger."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from badges.models import BadgeType
from badges.services.badge_types import update_badge_type
from badges.services.expiry import sweep
from loyalty.models import Store
from members.models import Member
from tests.builders import TESTER, make_member, member_token
from tests.clients import ApiClient
from tests.evaluating import DAY, assert_verified, bought, brought_back, publish, settle

PURCHASE = {"type": "count", "event": "transaction", "target": 1}
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
URL = "/api/ALPHA/member/email=anna@example.com/badge-as-of"


def counts(client: ApiClient, moment: datetime) -> dict[str, int]:
    answer = client.get(f"{URL}?{urlencode({'date': moment.isoformat()})}")
    assert answer.status_code == 200, answer.json()
    return {item["systemCode"]: item["completedCount"] for item in answer.json()["items"]}


def test_a_members_badges_on_each_day(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, PURCHASE)
    for number in (1, 3):
        bought(store, member, START + number * DAY, str(number))
    settle()
    # What arrives late counts on its own day, and moves what came after it.
    bought(store, member, START + 2 * DAY, "2")
    settle()
    before_return = timezone.now()
    brought_back(store, member, START + 9 * DAY, "3")
    assert_verified(store)

    seen = [counts(as_manager, START + day * DAY).get("gold", 0) for day in range(5)]
    assert seen == [0, 1, 2, 3, 3]
    assert counts(as_manager, before_return) == {"gold": 3}
    assert counts(as_manager, timezone.now()) == {"gold": 2}
    item = as_manager.get(f"{URL}?date=2026-03-04").json()["items"][0]
    assert item == {
        "badgeTypeId": str(badge_type.id), "systemCode": "gold", "name": "Gold",
        "completedCount": 2, "firstEarnedAt": "2026-03-02T12:00:00+00:00",
        "lastEarnedAt": "2026-03-03T12:00:00+00:00", "validUntil": None,
    }  # fmt: skip


@pytest.mark.parametrize("swept", [True, False])
def test_what_had_expired_by_then_is_not_shown(
    swept: bool, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, PURCHASE)
    bought(store, member, START, "1")
    settle()
    update_badge_type(
        store, badge_type=badge_type, validity="relative", valid_days=10, actor=TESTER
    )
    if swept:
        sweep(timezone.now())
    bought(store, member, START + 20 * DAY, "2")
    assert_verified(store)

    seen = [counts(as_manager, START + day * DAY).get("gold", 0) for day in (0, 9, 10, 19, 20, 29)]
    assert seen == [1, 1, 0, 0, 1, 1]
    ends = START + 10 * DAY - timedelta(seconds=1)
    item = as_manager.get(f"{URL}?{urlencode({'date': ends.isoformat()})}").json()["items"][0]
    assert item["validUntil"] == "2026-03-11T12:00:00+00:00"


def test_members_ask_about_themselves(as_member: ApiClient, store: Store, member: Member) -> None:
    stranger = ApiClient.with_token(member_token(make_member(store)))
    assert as_member.get(URL).status_code == 200
    assert stranger.get(URL).status_code == 403


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("date=yesterday", "date"),
        ("date=", "date"),
        ("date=2026-03-01T12:00:00%2B25:00", "date"),
        ("day=2026-03-01", "day"),
    ],
)
def test_a_bad_moment_is_refused(
    query: str, path: str, as_manager: ApiClient, member: Member
) -> None:
    answer = as_manager.get(f"{URL}?{query}")
    assert answer.status_code == 400
    body: dict[str, Any] = answer.json()
    assert [error["path"] for error in body["errors"]] == [path]
