"""Badges expire by being read; the sweeper only writes down that they have."""

from datetime import datetime
from typing import Any

import pytest
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, MemberBadge
from badges.services import expiry
from badges.services.badge_types import update_badge_type
from badges.services.expiry import sweep
from badges.services.grants import grant_badge, set_completed_count
from loyalty.errors import NotFound
from loyalty.models import Event, Store
from loyalty.services import rounds
from members.models import Member
from tests.builders import TESTER, make_member
from tests.clients import ApiClient
from tests.evaluating import (
    DAY,
    assert_verified,
    bought,
    brought_back,
    happened,
    publish,
    settle,
)

NOW = timezone.now()
VISIT = {"type": "count", "event": "visit", "target": 1}
URL = "/api/ALPHA/member/email=anna@example.com/badge"


def valid_for(store: Store, badge_type: BadgeType, days: int) -> None:
    update_badge_type(
        store, badge_type=badge_type, validity="relative", valid_days=days, actor=TESTER
    )
    badge_type.refresh_from_db()


def earn(store: Store, member: Member, badge_type: BadgeType, days_ago: float) -> None:
    grant_badge(
        store, member=member, badge_type=badge_type, actor=TESTER, now=timezone.now(),
        occurred_at=NOW - days_ago * DAY,
    )  # fmt: skip


def shown(client: ApiClient) -> list[dict[str, Any]]:
    answer = client.get(URL).json()
    filtered = client.get(f"{URL}?completedCount[gt]=0").json()
    assert filtered == answer
    assert answer["total"]["all"] == len(answer["items"])
    return list(answer["items"])


def expiries(store: Store) -> list[tuple[int, datetime]]:
    found = BadgeEntry.for_store(store).filter(kind="expiry").order_by("id")
    return list(found.values_list("delta", "occurred_at"))


def test_what_has_expired_is_shown_nowhere(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    other = make_member(store)
    earn(store, member, badge_type, 31)
    earn(store, other, badge_type, 29)
    valid_for(store, badge_type, 30)

    assert shown(as_manager) == []
    holders = as_manager.get("/api/ALPHA/badge-type/systemCode=gold/member").json()
    assert [item["customerId"] for item in holders["items"]] == [str(other.id)]
    counts = as_manager.get("/api/ALPHA/badge-type/count").json()["items"]
    assert [(item["members"], item["completions"]) for item in counts] == [(1, 1)]
    # Nobody has written anything for that.
    assert MemberBadge.for_store(store).count() == 2

    valid_for(store, badge_type, 32)
    assert [item["completedCount"] for item in shown(as_manager)] == [1]


def test_a_badge_that_ends_on_a_day(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    earn(store, member, badge_type, 31)
    patch = "/api/ALPHA/badge-type/systemCode=gold/attributes"
    for until, count in ((NOW + DAY, 1), (NOW - DAY, 0)):
        body = {"attributes": {"validity": "fixed", "validUntil": until.isoformat()}}
        assert as_manager.patch(patch, body).status_code == 200
        assert len(shown(as_manager)) == count
    as_manager.patch(patch, {"attributes": {"validity": "unlimited"}})
    attributes = as_manager.get(patch).json()["attributes"]
    assert (attributes["validUntil"], len(shown(as_manager))) == (None, 1)


def test_the_sweeper_writes_it_down_once(
    store: Store, member: Member, badge_type: BadgeType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "CHUNK", 2)
    others = [make_member(store) for _ in range(4)]
    for someone in (member, *others):
        earn(store, someone, badge_type, 40)
        earn(store, someone, badge_type, 35)
    earn(store, others[0], badge_type, 10)
    valid_for(store, badge_type, 30)

    assert "expiry of badges" in rounds._ROUNDS
    sweep(timezone.now())
    sweep(timezone.now())

    assert expiries(store) == [(-2, NOW - 5 * DAY)] * 4
    assert [each.member_id for each in MemberBadge.for_store(store)] == [others[0].id]
    told = Event.for_store(store).filter(name="BadgeExpired")
    assert told.count() == 4
    assert {event.data["previousCompletedCount"] for event in told} == {2}
    assert_verified(store)


@pytest.mark.parametrize("swept", [True, False])
def test_renewal_begins_at_one_and_keeps_the_first_date(
    swept: bool, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    earn(store, member, badge_type, 40)
    earn(store, member, badge_type, 35)
    valid_for(store, badge_type, 30)
    if swept:
        sweep(timezone.now())
    earn(store, member, badge_type, 1)

    assert expiries(store) == [(-2, NOW - 5 * DAY)]
    held = MemberBadge.for_store(store).get()
    assert (held.completed_count, held.first_earned_at, held.last_earned_at) == (
        1, NOW - 40 * DAY, NOW - DAY,
    )  # fmt: skip
    assert [item["completedCount"] for item in shown(as_manager)] == [1]
    assert_verified(store)


def test_what_has_expired_cannot_be_corrected(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    earn(store, member, badge_type, 40)
    valid_for(store, badge_type, 30)
    with pytest.raises(NotFound):
        set_completed_count(
            store, member=member, badge_type=badge_type, completed_count=3, actor=TESTER, now=NOW
        )


@pytest.mark.parametrize("swept", [True, False])
def test_conditions_renew_it(
    swept: bool, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISIT)
    happened(store, member=member, at=NOW - 40 * DAY)
    settle()
    valid_for(store, badge_type, 30)
    if swept:
        sweep(timezone.now())
        assert not MemberBadge.for_store(store).exists()
    assert_verified(store)

    happened(store, member=member, at=NOW - DAY)
    assert_verified(store)

    held = MemberBadge.for_store(store).get()
    assert (held.completed_count, held.first_earned_at) == (1, NOW - 40 * DAY)
    assert expiries(store) == [(-1, NOW - 10 * DAY)]


def test_a_badge_whose_time_is_over_is_not_earned(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISIT)
    update_badge_type(
        store, badge_type=badge_type, validity="fixed", valid_until=NOW - 10 * DAY, actor=TESTER
    )
    happened(store, member=member, at=NOW - 20 * DAY)
    happened(store, member=member, at=NOW - DAY)
    assert_verified(store)
    sweep(timezone.now())
    assert_verified(store)
    entries = BadgeEntry.for_store(store).order_by("id").values_list("delta", "occurred_at")
    assert list(entries) == [(1, NOW - 20 * DAY), (-1, NOW - 10 * DAY)]

    # Whoever learns late of what was earned in time gets it, and it has expired as well.
    happened(store, member=member, at=NOW - 30 * DAY)
    assert_verified(store)
    sweep(timezone.now())
    assert_verified(store)
    assert not MemberBadge.for_store(store).exists()
    assert expiries(store) == [(-1, NOW - 10 * DAY)] * 2

    # And if it lasts longer after all, what was earned meanwhile is granted.
    update_badge_type(store, badge_type=badge_type, validity="unlimited", actor=TESTER)
    assert_verified(store)
    assert MemberBadge.for_store(store).get().last_earned_at == NOW - DAY


def test_an_expired_completion_is_not_taken_away_from_its_successor(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, {"type": "count", "event": "transaction", "target": 1})
    bought(store, member, NOW - 40 * DAY, "1")
    settle()
    valid_for(store, badge_type, 30)
    bought(store, member, NOW - 2 * DAY, "2")
    settle()
    brought_back(store, member, NOW - DAY, "1")
    assert_verified(store)
    assert MemberBadge.for_store(store).get().completed_count == 1
    brought_back(store, member, NOW - DAY, "2")
    assert_verified(store)
    assert not MemberBadge.for_store(store).exists()
