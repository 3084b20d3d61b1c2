"""Draft, publish, edit and retire what awards a badge, over HTTP."""

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from badges.models import (
    BadgeEntry,
    BadgeType,
    ConditionInput,
    ConditionVersion,
    MemberBadge,
)
from badges.services import condition_checks
from badges.services import conditions as publishing
from badges.services.conditions import publish_condition, save_draft
from loyalty.errors import Invalid
from loyalty.models import Event, Job, Store
from members.models import EventSchema, Member
from tests.builders import TESTER, make_badge_type, make_member
from tests.clients import Answer, ApiClient
from tests.evaluating import DAY, assert_verified, happened, settle
from tests.faults.threads import together

GOLD = "/api/ALPHA/badge-type/systemCode=gold/condition"
TWICE: Mapping[str, Any] = {"type": "count", "event": "visit", "target": 2}


@pytest.fixture(autouse=True)
def visits(store: Store) -> None:
    EventSchema(store=store, event_type="visit", name="Visit").save()


def draft(client: ApiClient, tree: Any = TWICE, url: str = GOLD, **more: Any) -> Answer:
    return client.put(f"{url}/draft", {"condition": {"tree": tree, **more}})


def publish(client: ApiClient, url: str = GOLD, **how: Any) -> Answer:
    return client.post(f"{url}/publish", {"publish": how})


def published(client: ApiClient, tree: Any = TWICE, url: str = GOLD, **how: Any) -> dict[str, Any]:
    limit = how.pop("repeatLimit", 1)
    assert draft(client, tree, url, repeatLimit=limit).status_code == 200
    answer = publish(client, url, **how)
    assert answer.status_code == 200, answer.content
    settle()
    return dict(answer.json())


def faults(answer: Answer) -> list[str]:
    assert answer.status_code == 400, answer.content
    return [error["path"] for error in answer.json()["errors"]]


def visit(store: Store, member: Member, *days_ago: float) -> None:
    now = timezone.now()
    for days in days_ago:
        happened(store, member=member, at=now - days * DAY)


def count_of(store: Store, member: Member) -> int:
    held = MemberBadge.for_store(store).filter(member=member, badge_type__system_code="gold")
    return held.values_list("completed_count", flat=True).first() or 0


# --- Drafts -------------------------------------------------------------------------------------


def test_a_draft_is_read_as_it_was_saved_with_ids_filled_in(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    tree = {"type": "all", "conditions": [TWICE, {"type": "badge", "systemCode": "silver"}]}
    silver = make_badge_type(store, "silver")

    saved = draft(as_manager, tree, repeatLimit=None, refundPolicy="keep", graceDays=7, hidden=True)

    assert saved.status_code == 200
    read = as_manager.get(f"{GOLD}/draft").json()
    assert saved.json() == {"versionId": read["versionId"]}
    assert (read["repeatLimit"], read["refundPolicy"], read["graceDays"]) == (None, "keep", 7)
    assert (read["hidden"], read["number"]) == (True, 1)
    assert read["tree"]["conditions"][1]["badgeTypeId"] == str(silver.id)
    ids = [each["id"] for each in read["tree"]["conditions"]]
    assert [read["words"][each] for each in ids] == [
        "has done “Visit” at least twice", "holds the badge “A badge”",
    ]  # fmt: skip
    assert as_manager.get(GOLD).status_code == 404
    assert Event.for_store(store).filter(name="ConditionDraftSaved").count() == 1


def test_a_draft_takes_the_place_of_the_one_before(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    first = draft(as_manager).json()
    second = draft(as_manager, {**TWICE, "target": 3}).json()

    assert first["versionId"] == second["versionId"]
    assert ConditionVersion.for_store(store).count() == 1
    assert as_manager.get(f"{GOLD}/draft").json()["tree"]["target"] == 3


def test_a_discarded_draft_is_gone(as_manager: ApiClient, badge_type: BadgeType) -> None:
    draft(as_manager)

    answers = [as_manager.delete(f"{GOLD}/draft").status_code for _ in range(2)]

    assert answers == [204, 404]
    assert as_manager.get(f"{GOLD}/draft").status_code == 404
    assert publish(as_manager).status_code == 404


NOWHERE = str(uuid4())


@pytest.mark.parametrize(
    ("leaf", "path"),
    [
        ({"type": "count", "event": "unheard_of", "target": 1}, "event"),
        ({"type": "count", "event": "visit", "target": 0}, "target"),
        ({"type": "badge", "badgeTypeId": NOWHERE}, "badgeTypeId"),
        ({"type": "badge", "systemCode": "no_badge"}, "systemCode"),
        ({"type": "rule", "ruleId": NOWHERE}, "ruleId"),
        ({"type": "ruleGroup", "ruleGroupId": NOWHERE}, "ruleGroupId"),
        ({"type": "listed", "listId": NOWHERE}, "listId"),
        ({"type": "points", "wallet": "no_wallet", "target": 1}, "wallet"),
    ],
)
def test_a_node_that_names_what_is_not_there_is_named(
    leaf: dict[str, Any], path: str, as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    tree = {"type": "any", "conditions": [TWICE, {"type": "all", "conditions": [leaf]}]}

    assert faults(draft(as_manager, tree)) == [f"condition.tree.conditions[1].conditions[0].{path}"]
    assert not ConditionVersion.for_store(store).exists()


@pytest.mark.parametrize(
    ("details", "path"),
    [
        ({"repeatLimit": 0}, "repeatLimit"),
        ({"repeatLimit": 10_001}, "repeatLimit"),
        ({"graceDays": 3651}, "graceDays"),
        ({"refundPolicy": "never"}, "refundPolicy"),
    ],
)
def test_what_a_version_cannot_be_is_named(
    details: dict[str, Any], path: str, as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    assert faults(draft(as_manager, **details)) == [f"condition.{path}"]
    assert not ConditionVersion.for_store(store).exists()


# --- Circles ------------------------------------------------------------------------------------


def holds(code: str) -> dict[str, Any]:
    return {"type": "any", "conditions": [TWICE, {"type": "badge", "systemCode": code}]}


def url_of(code: str) -> str:
    return f"/api/ALPHA/badge-type/systemCode={code}/condition"


def test_badges_that_would_wait_for_each_other_are_refused(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    for code in ("silver", "bronze"):
        make_badge_type(store, code)
    published(as_manager, holds("silver"))
    published(as_manager, holds("bronze"), url_of("silver"))

    answer = draft(as_manager, holds("gold"), url_of("bronze"))

    assert faults(answer) == ["condition.tree.conditions[1].badgeTypeId"]
    message = answer.json()["errors"][0]["message"]
    assert message.endswith("in a circle: bronze -> gold -> silver -> bronze.")
    assert faults(draft(as_manager, holds("gold"))) == ["condition.tree.conditions[1].badgeTypeId"]
    # Without the condition in the middle there is no circle.
    as_manager.post(f"{url_of('silver')}/retire")
    assert draft(as_manager, holds("gold"), url_of("bronze")).status_code == 200


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("locked", [True, False])
def test_two_who_publish_at_once_make_no_circle(
    locked: bool, store: Store, badge_type: BadgeType, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the lock both see a store in which the other has not published."""
    silver = make_badge_type(store, "silver")
    for each, other in ((badge_type, "silver"), (silver, "gold")):
        save_draft(store, badge_type=each, tree=holds(other), actor=TESTER)
    if not locked:
        monkeypatch.setattr(publishing, "change_conditions", lambda _: None)
    check = condition_checks.checked

    def slowly(*args: Any, **kwargs: Any) -> Any:
        found = check(*args, **kwargs)
        time.sleep(0.3)
        return found

    monkeypatch.setattr(publishing, "checked", slowly)

    def attempt(each: BadgeType) -> bool:
        try:
            publish_condition(store, badge_type=each, actor=TESTER, now=timezone.now())
        except Invalid:
            return False
        return True

    done = together([lambda: attempt(badge_type), lambda: attempt(silver)])

    assert sorted(done) == ([False, True] if locked else [True, True])


# --- Publishing ---------------------------------------------------------------------------------


def test_a_first_version_counts_from_a_day_before_the_badge_was_made(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    visit(store, member, 0.9, 0.5)
    other = make_member(store)
    visit(store, other, 1.1, 0.5)
    settle()

    published(as_manager)

    version = ConditionVersion.for_store(store).get()
    assert version.counting_from == badge_type.created_at - DAY
    assert (count_of(store, member), count_of(store, other)) == (1, 0)
    line = BadgeEntry.for_store(store).get()
    assert (line.version_id, line.completion, line.source) == (version.id, 1, "job")
    assert abs(line.occurred_at - (timezone.now() - DAY / 2)) < timedelta(minutes=5)
    heard = ConditionInput.for_store(store).values_list("badge_type_id", "input")
    assert list(heard) == [(badge_type.id, "activity:visit")]
    assert_verified(store)


def test_a_published_version_is_read_with_its_history(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    first = published(as_manager)
    second = published(as_manager, {**TWICE, "target": 3}, policy="fromNowOn")

    current = as_manager.get(GOLD).json()
    history = as_manager.get(f"{GOLD}/version").json()["items"]

    assert current["versionId"] == second["versionId"]
    assert (current["state"], current["policy"], current["number"]) == ("current", "fromNowOn", 2)
    assert [(each["versionId"], each["state"]) for each in history] == [
        (second["versionId"], "current"), (first["versionId"], "superseded"),
    ]  # fmt: skip
    assert history[0] == current
    assert history[1]["endedAt"] == current["publishedAt"]
    assert as_manager.get(f"{GOLD}/draft").status_code == 404
    events = Event.for_store(store).filter(name="ConditionPublished").order_by("sequence")
    assert [event.data["number"] for event in events] == [1, 2]


def test_from_now_on_begins_anew_and_earlier_completions_count_against_the_limit(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    visit(store, member, 0.9, 0.8, 0.7, 0.6)
    published(as_manager, repeatLimit=3)
    assert count_of(store, member) == 2

    once = {**TWICE, "target": 1}
    published(as_manager, once, policy="fromNowOn", repeatLimit=3)
    assert count_of(store, member) == 2
    for _ in range(2):
        visit(store, member, 0)
        settle()

    assert count_of(store, member) == 3
    assert ConditionVersion.for_store(store).values("series").distinct().count() == 2
    assert_verified(store)


def test_only_add_gives_what_the_edit_makes_due_and_takes_nothing(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    one, three = make_member(store), make_member(store)
    visit(store, one, 0.5)
    visit(store, three, 0.7, 0.6, 0.5)
    visit(store, member, 0.5, 0.4)
    published(as_manager)
    assert [count_of(store, each) for each in (one, member, three)] == [0, 1, 1]

    published(as_manager, {**TWICE, "target": 3}, policy="onlyAdd")
    assert [count_of(store, each) for each in (one, member, three)] == [0, 1, 1]
    published(as_manager, {**TWICE, "target": 1}, policy="onlyAdd")
    assert [count_of(store, each) for each in (one, member, three)] == [1, 1, 1]

    series = set(ConditionVersion.for_store(store).values_list("series", "counting_from"))
    assert len(series) == 1
    assert_verified(store)


def test_take_away_takes_what_the_edit_does_not_say(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    three = make_member(store)
    visit(store, three, 0.7, 0.6, 0.5)
    visit(store, member, 0.5, 0.4)
    published(as_manager)

    published(as_manager, {**TWICE, "target": 3}, policy="takeAway")

    assert [count_of(store, each) for each in (member, three)] == [0, 1]
    assert_verified(store)


def test_an_edit_needs_a_policy_that_makes_sense(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    published(as_manager)
    draft(as_manager)
    now = timezone.now()

    assert faults(publish(as_manager)) == ["publish.policy"]
    past = {"countingFrom": (now - DAY).isoformat()}
    assert faults(publish(as_manager, policy="fromNowOn", **past)) == ["publish.countingFrom"]
    future = {"countingFrom": (now + DAY).isoformat()}
    assert faults(publish(as_manager, policy="onlyAdd", **future)) == ["publish.countingFrom"]
    assert as_manager.get(GOLD).json()["number"] == 1


def test_silent_grants_say_so(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    visit(store, member, 0.5, 0.4)
    settle()

    published(as_manager, announce=False)

    assert Event.for_store(store).get(name="BadgeCompleted").data["silent"] is True


def test_publishing_without_a_draft_publishes_nothing(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    assert publish(as_manager).status_code == 404
    assert not Job.for_store(store).exists()


# --- Retiring -----------------------------------------------------------------------------------


def test_what_is_retired_awards_nothing_and_takes_nothing(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    visit(store, member, 0.5, 0.4)
    published(as_manager)
    other = make_member(store)
    visit(store, other, 0.3)

    assert as_manager.post(f"{GOLD}/retire").status_code == 204
    visit(store, other, 0.2)
    settle()

    assert [count_of(store, each) for each in (member, other)] == [1, 0]
    assert as_manager.get(GOLD).status_code == 404
    assert as_manager.post(f"{GOLD}/retire").status_code == 404
    assert not ConditionInput.for_store(store).exists()
    assert Event.for_store(store).filter(name="ConditionRetired").count() == 1
    published(as_manager, policy="onlyAdd")
    assert [count_of(store, each) for each in (member, other)] == [1, 1]
    assert_verified(store)


def test_a_deleted_badge_type_hears_nothing(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    published(as_manager)
    draft(as_manager)

    assert as_manager.delete("/api/ALPHA/badge-type/systemCode=gold").status_code == 204

    states = ConditionVersion.for_store(store).values_list("state", flat=True)
    assert list(states) == ["retired"]
    assert not ConditionInput.for_store(store).exists()


def test_who_may_only_look_publishes_nothing(
    as_manager: ApiClient, as_viewer: ApiClient, as_member: ApiClient, store: Store,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    draft(as_manager)
    for client in (as_viewer, as_member):
        assert draft(client).status_code == 403
        assert publish(client).status_code == 403
        assert client.post(f"{GOLD}/retire").status_code == 403
        assert client.delete(f"{GOLD}/draft").status_code == 403
    assert as_viewer.get(f"{GOLD}/draft").status_code == 200
    assert as_member.get(f"{GOLD}/draft").status_code == 403
    assert ConditionVersion.for_store(store).get().state == "draft"
