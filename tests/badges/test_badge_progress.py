"""How far members are, over HTTP: for staff and for the member; who is nearly there; health."""

import csv
import io
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import BadgeType
from badges.selectors.condition_health import health
from badges.services.conditions import publish_condition, save_draft
from loyalty.models import Store
from members.models import EventSchema, Member, TouchedMember
from members.services.members import anonymize_member
from tests.builders import TESTER, give_badge, make_badge_type, make_member
from tests.clients import Answer, ApiClient, streamed
from tests.evaluating import DAY, assert_verified, happened, settle

ANNA = "/api/ALPHA/member/email=anna@example.com/badge-progress"
NEAR = "/api/ALPHA/badge-type/systemCode=gold/near"
TREE: Mapping[str, Any] = {"type": "all", "conditions": [
    {"type": "count", "id": "visits", "event": "visit", "target": 4, "description": "Four visits"},
    {"type": "badge", "id": "silver", "systemCode": "silver"},
]}  # fmt: skip
VISITS: Mapping[str, Any] = {"type": "count", "id": "visits", "event": "visit", "target": 3}


@pytest.fixture(autouse=True)
def visits(store: Store, badge_type: BadgeType) -> None:
    EventSchema(store=store, event_type="visit", name="Visit").save()
    make_badge_type(store, "silver", translations={"en": {"name": "Silver"}})


def visit(store: Store, member: Member, *hours_ago: float) -> None:
    now = timezone.now()
    for hours in hours_ago:
        happened(store, member=member, at=now - timedelta(hours=hours))
    settle()


def publish(store: Store, badge_type: BadgeType, tree: Any = TREE, **details: Any) -> None:
    save_draft(store, badge_type=badge_type, tree=tree, actor=TESTER, **details)
    publish_condition(store, badge_type=badge_type, actor=TESTER, now=timezone.now())
    settle()


def of(answer: Answer) -> dict[str, Any]:
    assert answer.status_code == 200, answer.content
    return dict(answer.json())


# --- Progress -----------------------------------------------------------------------------------


@pytest.mark.parametrize("caller", ["viewer", "member"])
def test_each_condition_has_its_value_and_target(
    caller: str, as_viewer: ApiClient, as_member: ApiClient, store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    publish(store, badge_type)
    visit(store, member, 3, 2, 1)
    client = as_viewer if caller == "viewer" else as_member

    page = of(client.get(f"{ANNA}?_locale=pl"))
    one = of(client.get(f"{ANNA}/systemCode=gold?_locale=pl"))

    assert page == {"items": [one], "total": {"all": 1, "filtered": 1, "estimated": False}}
    condition = one.pop("condition")
    assert one == {
        "badgeTypeId": str(badge_type.id), "systemCode": "gold", "name": "Złoto",
        "hidden": False, "completedCount": 0, "repeatLimit": 1, "completion": 1,
        "finished": False, "percent": 37,
    }  # fmt: skip
    assert (condition["type"], condition["current"], condition["target"]) == ("all", 0, 2)
    assert condition["conditions"][0] == {
        "id": "visits", "type": "count", "description": "Four visits", "current": 3, "target": 4,
        "percent": 75, "completed": False, "completedAt": None,
    }  # fmt: skip
    assert condition["conditions"][1]["description"] == "holds the badge “Silver”"


def test_what_is_earned_once_is_finished(
    as_member: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISITS)
    visit(store, member, 4, 3, 2, 1)

    found = of(as_member.get(f"{ANNA}/systemCode=gold"))

    assert (found["completedCount"], found["finished"], found["percent"]) == (1, True, 100)
    assert found["condition"]["completed"]
    assert found["condition"]["completedAt"] is not None
    assert_verified(store)


def test_what_is_earned_again_begins_again(
    as_member: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISITS, repeat_limit=None)
    visit(store, member, 4, 3, 2, 1)

    found = of(as_member.get(f"{ANNA}/systemCode=gold"))

    assert (found["completedCount"], found["completion"], found["finished"]) == (1, 2, False)
    assert (found["condition"]["current"], found["condition"]["target"]) == (1, 3)


def test_a_badge_by_hand_is_no_progress(
    as_member: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISITS)
    give_badge(store, member, badge_type)

    found = of(as_member.get(f"{ANNA}/systemCode=gold"))

    assert (found["completedCount"], found["percent"], found["finished"]) == (1, 0, False)


def test_what_is_hidden_is_for_staff_only(
    as_viewer: ApiClient, as_member: ApiClient, store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    publish(store, badge_type, VISITS, hidden=True)
    unknown = as_member.get(f"{ANNA}/systemCode=no_badge")

    assert of(as_viewer.get(f"{ANNA}/systemCode=gold"))["hidden"] is True
    assert of(as_viewer.get(ANNA))["total"]["all"] == 1
    assert of(as_member.get(ANNA)) == {
        "items": [], "total": {"all": 0, "filtered": 0, "estimated": False},
    }  # fmt: skip
    hidden = as_member.get(f"{ANNA}/systemCode=gold")
    assert (hidden.status_code, hidden.content) == (404, unknown.content)
    without_condition = as_member.get(f"{ANNA}/systemCode=silver")
    assert (without_condition.status_code, without_condition.content) == (404, unknown.content)


def test_a_member_sees_nobody_else(
    as_member: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISITS)
    other = make_member(store)

    url = f"/api/ALPHA/member/{other.id}/badge-progress"

    assert as_member.get(url).status_code == 403
    assert as_member.get(f"{url}/systemCode=gold").status_code == 403
    assert as_member.get(NEAR).status_code == 403


def test_pages_cost_the_same_number_of_statements(
    as_viewer: ApiClient, store: Store, member: Member
) -> None:
    def statements(badges: int) -> int:
        for number in range(badges):
            made = make_badge_type(store, f"more_{badges}_{number}")
            publish(store, made, {**VISITS, "target": number + 1})
        with CaptureQueriesContext(
            connection,
        ) as captured:
            of(as_viewer.get(f"{ANNA}?_itemsOnPage=50"))
        return len(captured)

    assert statements(1) == statements(10)
    page = of(as_viewer.get(f"{ANNA}?_itemsOnPage=5&_page=3"))
    assert (len(page["items"]), page["total"]["all"]) == (1, 11)
    assert of(as_viewer.get(f"{ANNA}?_itemsOnPage=5&_page=4"))["total"]["all"] == 11


# --- Who is nearly there ------------------------------------------------------------------------


def near(client: ApiClient, query: str = "") -> list[tuple[str, int]]:
    found = of(client.get(f"{NEAR}{query}"))
    assert found["total"]["all"] >= len(found["items"])
    return [(each["customerId"], each["steps"]) for each in found["items"]]


def test_members_who_are_nearly_there(
    as_viewer: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    one, three, gone = (make_member(store) for _ in range(3))
    publish(store, badge_type, VISITS)
    visit(store, member, 2, 1)
    visit(store, one, 1)
    visit(store, three, 3, 2, 1)
    visit(store, gone, 2, 1)
    anonymize_member(store, member=gone, actor=TESTER)

    assert near(as_viewer) == [(str(member.id), 1)]
    assert near(as_viewer, "?steps=2") == [(str(member.id), 1), (str(one.id), 2)]
    assert near(as_viewer, "?steps=2&_itemsOnPage=1&_page=2") == [(str(one.id), 2)]
    for bad in ("0", "101", "x", "", "-1", "1.5"):
        assert as_viewer.get(f"{NEAR}?steps={bad}").status_code == 400
        assert as_viewer.get(f"{NEAR}.csv?steps={bad}").status_code == 400


def test_the_next_completion_counts(
    as_viewer: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISITS, repeat_limit=2)
    visit(store, member, 5, 4, 3, 2, 1)
    assert near(as_viewer) == [(str(member.id), 1)]

    visit(store, member, 0.5)
    assert near(as_viewer, "?steps=100") == []


def test_the_list_is_a_file_that_is_safe_to_open(
    as_viewer: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISITS)
    Member.for_store(store).filter(id=member.id).update(email="=cmd|' /C calc'!A0@x.example")
    visit(store, member, 2, 1)

    answer = as_viewer.get(f"{NEAR}.csv")

    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"] == 'attachment; filename="near-gold.csv"'
    rows = list(csv.reader(io.StringIO(streamed(answer).decode())))
    assert rows == [
        ["memberId", "email", "phone", "loyaltyCardNumber", "steps"],
        [str(member.id), "'=cmd|' /C calc'!A0@x.example", "'+48600100200", "CARD-1", "1"],
    ]


def test_without_a_condition_nobody_is_near(as_viewer: ApiClient, badge_type: BadgeType) -> None:
    assert as_viewer.get(NEAR).status_code == 404
    assert as_viewer.get(f"{NEAR}.csv").status_code == 404


# --- Health -------------------------------------------------------------------------------------


def test_what_nobody_earns_and_what_hears_nothing(
    as_viewer: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    EventSchema(store=store, event_type="quiz", name="Quiz").save()
    silver = BadgeType.for_store(store).get(system_code="silver")
    publish(store, badge_type, {"type": "count", "event": "quiz", "target": 1})
    publish(store, silver, {**VISITS, "target": 1})
    visit(store, member, 1)
    make_member(store)

    early = of(as_viewer.get("/api/ALPHA/badge-health"))
    later = health(store, now=timezone.now() + 31 * DAY)

    assert early["unearned"] == []  # They were published a moment ago.
    assert [
        (each["systemCode"], each["event"], each["lastSeenAt"]) for each in early["unheard"]
    ] == [("gold", "quiz", None)]
    assert (early["common"], early["queue"]["stuck"]) == ([], False)
    assert [each.system_code for each in later.unearned] == ["gold", "silver"]
    assert [each.last_earned_at is None for each in later.unearned] == [True, False]
    assert [(each.event, each.last_seen_at is None) for each in later.unheard] == [
        ("quiz", True), ("visit", False),
    ]  # fmt: skip


def test_what_everybody_has(
    as_viewer: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, {**VISITS, "target": 1})
    visit(store, member, 1)

    found = of(as_viewer.get("/api/ALPHA/badge-health"))

    assert [(each["systemCode"], each["holders"], each["members"]) for each in found["common"]] == [
        ("gold", 1, 1)
    ]


def test_a_queue_that_nobody_looks_at_is_stuck(
    as_viewer: ApiClient, store: Store, other_store: Store, member: Member
) -> None:
    happened(store, member=member, at=timezone.now())
    assert of(as_viewer.get("/api/ALPHA/badge-health"))["queue"]["waiting"] == 1

    old = timezone.now() - timedelta(minutes=2)
    TouchedMember.across_stores.filter(store_id=store.id).update(touched_at=old)
    found = of(as_viewer.get("/api/ALPHA/badge-health"))["queue"]

    assert (found["waiting"], found["stuck"]) == (1, True)
    assert not health(other_store, now=timezone.now()).queue.is_stuck


def test_what_cannot_be_evaluated_is_told_apart_from_what_waits(
    as_viewer: ApiClient, store: Store, member: Member
) -> None:
    happened(store, member=member, at=timezone.now())
    old = timezone.now() - timedelta(minutes=2)
    TouchedMember.across_stores.filter(store_id=store.id).update(
        touched_at=old, failures=3, problem="It fails."
    )

    found = of(as_viewer.get("/api/ALPHA/badge-health"))["queue"]

    assert (found["waiting"], found["failing"], found["stuck"]) == (1, 1, False)


@pytest.mark.parametrize("days", ["0", "3651", "x", "", "-1"])
def test_days_that_make_no_sense_are_refused(days: str, as_viewer: ApiClient) -> None:
    answer = as_viewer.get(f"/api/ALPHA/badge-health?days={days}")

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == ["days"]
