"""`PUT /api/{storeCode}/member/{member}/badge/{badgeType}`: the count is corrected."""

from typing import Any
from uuid import uuid4

import pytest

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Event, Store
from members.models import Member
from tests.builders import give_badge, make_badge_type, make_member
from tests.clients import ApiClient

ANNA = "/api/ALPHA/member/email=anna@example.com/badge"
GOLD = f"{ANNA}/systemCode=gold"


def put(client: ApiClient, count: Any, url: str = GOLD) -> int:
    return client.put(url, {"badge": {"completedCount": count}}).status_code


def ledger(store: Store) -> list[tuple[str, int]]:
    found = BadgeEntry.for_store(store).order_by("recorded_at")
    return list(found.values_list("kind", "delta"))


def changes(store: Store) -> list[tuple[int, int]]:
    found = Event.for_store(store).filter(name="MemberBadgeCompletedCountWasChanged")
    return [
        (event.data["previousCompletedCount"], event.data["currentCompletedCount"])
        for event in found.order_by("sequence")
    ]


@pytest.mark.parametrize("named", ["systemCode=gold", "id"])
def test_the_ledger_gets_the_difference(
    named: str, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type, times=2)
    url = f"{ANNA}/{badge_type.id if named == 'id' else named}"

    assert [put(as_manager, count, url) for count in (7, 3)] == [204, 204]

    assert ledger(store) == [("grant", 1), ("grant", 1), ("correction", 5), ("correction", -4)]
    held = MemberBadge.for_store(store).get()
    assert held.completed_count == 3
    assert changes(store) == [(2, 7), (7, 3)]
    assert held.updated_at == BadgeEntry.for_store(store).latest("recorded_at").recorded_at


def test_zero_removes_the_badge(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type, times=2)

    assert put(as_manager, 0) == 204

    assert not MemberBadge.for_store(store).exists()
    assert as_manager.get(ANNA).json()["items"] == []
    assert ledger(store) == [("grant", 1), ("grant", 1), ("revocation", -2)]
    assert changes(store) == [(2, 0)]


def test_the_same_count_writes_nothing(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type, times=2)

    assert put(as_manager, 2) == 204

    assert ledger(store) == [("grant", 1), ("grant", 1)]
    assert changes(store) == []


@pytest.mark.parametrize("count", [0, 1, 5])
def test_a_badge_that_is_not_held_is_not_corrected_into_being(
    count: int, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    assert put(as_manager, count) == 404

    assert ledger(store) == []
    assert not MemberBadge.for_store(store).exists()


def test_what_is_not_there_is_not_found(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)

    for url in (
        f"{ANNA}/systemCode=no_such", f"{ANNA}/{uuid4()}", GOLD.replace("anna", "nobody"),
    ):  # fmt: skip
        assert put(as_manager, 5, url) == 404
    assert MemberBadge.for_store(store).get().completed_count == 1


def test_an_inactive_badge_type_is_corrected_all_the_same(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)
    as_manager.post("/api/ALPHA/badge-type/systemCode=gold/active", {"active": False})

    assert put(as_manager, 4) == 204

    held = as_manager.get(ANNA).json()["items"][0]
    assert (held["completedCount"], held["badgeType"]["active"]) == (4, False)


@pytest.mark.parametrize("count", [-1, 2**31, 1.0, 1.5, "1", True, None, [], {}])
def test_a_count_is_a_whole_number_of_32_bits(
    count: Any, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)

    answer = as_manager.put(GOLD, {"badge": {"completedCount": count}})

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["badge.completedCount"]
    assert ledger(store) == [("grant", 1)]


def test_the_largest_count_is_held_and_not_exceeded(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)
    assert put(as_manager, 2**31 - 1) == 204

    answer = as_manager.post(ANNA, {"systemCode": "gold"})

    assert answer.status_code == 400
    assert MemberBadge.for_store(store).get().completed_count == 2**31 - 1
    assert ledger(store) == [("grant", 1), ("correction", 2**31 - 2)]
    assert put(as_manager, 0) == 204


def test_whoever_was_given_the_badge_back_keeps_the_first_date(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    as_manager.post(ANNA, {"systemCode": "gold"})
    first = as_manager.get(ANNA).json()["items"][0]["createdAt"]
    put(as_manager, 0)
    as_manager.post(ANNA, {"systemCode": "gold"})

    held = as_manager.get(ANNA).json()["items"][0]
    assert held["createdAt"] == first
    assert held["updatedAt"] > first


def test_one_correction_touches_one_badge_of_one_member(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    silver, other = make_badge_type(store, "silver"), make_member(store)
    for someone in (member, other):
        give_badge(store, someone, badge_type, times=2)
        give_badge(store, someone, silver, times=2)

    put(as_manager, 9)

    counts = MemberBadge.for_store(store).order_by("completed_count")
    assert list(counts.values_list("completed_count", flat=True)) == [2, 2, 2, 9]
    assert counts.get(completed_count=9).member_id == member.id


def test_a_viewer_and_the_member_correct_nothing(
    as_viewer: ApiClient, as_member: ApiClient, store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    give_badge(store, member, badge_type)

    assert [put(client, 5) for client in (as_viewer, as_member)] == [403, 403]

    assert ledger(store) == [("grant", 1)]
