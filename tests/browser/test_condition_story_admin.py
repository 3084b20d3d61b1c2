"""The story of a condition: made by clicking, tried on history, published, met, and undone."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from badges.models import (
    BadgeEntry,
    BadgeType,
    ConditionVersion,
    MemberBadge,
    Rule,
    VersionState,
)
from loyalty.models import Administrator, Store
from members.models import Member
from tests.browser.browser import Browser
from tests.browser.condition_form import ConditionForm
from tests.browser.test_job_story_admin import FINISHED, worker
from tests.builders import make_member
from tests.clients import ApiClient

pytestmark = pytest.mark.browser

GUESTS = {"type": "number", "name": "guests", "description": "How many"}
VISIT = {"eventType": "visit", "name": "Visited the café",
         "active": {"isActive": True},
         "schema": {"fields": [GUESTS]}}  # fmt: skip


def visit(api: ApiClient, name: str, when: datetime, email: str, guests: int = 2) -> None:
    event = {
        "type": "visit", "eventId": name, "eventDate": when.isoformat(),
        "customerData": {"email": email}, "body": {"guests": guests},
    }  # fmt: skip
    assert api.post("/api/ALPHA/customEvent", {"event": event}).status_code == 200


@pytest.fixture
def history(store: Store, member: Member, as_root: ApiClient) -> datetime:
    """Anna came twice and Ben four times, all within the hours that a new badge counts."""
    now = timezone.now()
    make_member(store, email="ben@example.com", first_name="Ben")
    body = {"customEventSchema": VISIT}
    assert as_root.post("/api/ALPHA/customEvent/schema", body).status_code == 204
    for number, email in enumerate(("anna@example.com",) * 2 + ("ben@example.com",) * 4):
        visit(as_root, f"v{number}", now - timedelta(hours=9 - number), email)
    return now


@pytest.fixture
def form(browser: Browser) -> ConditionForm:
    return ConditionForm(browser)


def begin(browser: Browser, badge_type: BadgeType) -> None:
    browser.log_in("manager@example.com")
    browser.open(f"/admin/badges/badgetype/{badge_type.id}/change/")
    browser.press("How it is earned")
    browser.press("Say how it is earned")


def test_a_condition_is_made_tried_published_and_met(
    browser: Browser, form: ConditionForm, manager: Administrator, store: Store,
    badge_type: BadgeType, member: Member, history: datetime, as_root: ApiClient,
) -> None:  # fmt: skip
    begin(browser, badge_type)
    form.pick(0, "What was done", "Visited the café")
    form.type(0, "How often", "3")
    form.press(0, "Only where")
    form.type(0, "Attribute", "guests")
    form.pick(0, "Comparison", "is at least")
    form.press_at_the_end("Add a group")
    form.pick(2, "Kind of condition", "has points")
    form.type(2, "Points", "0")
    browser.press("Save the draft")

    assert "The condition is not complete yet" in browser.text
    assert form.complaint(0) == "Fill in what is empty here."
    assert form.complaint(2) == "This value should be more than 0."
    assert form.words() == (
        "Earned when a member has done “Visited the café” at least 3 times, where guests is at"
        " least …; and has collected in all at least 0 points in the wallet “Points”."
    )
    form.type(0, "Value", "2")
    form.press(1, "Add a condition")
    form.pick(3, "What was done", "Visited the café")
    form.pick(3, "When", "within any")
    form.type(2, "Points", "50")
    assert not form.complaint(0)
    browser.press("Save the draft")

    said = (
        "Earned when a member has done “Visited the café” at least 3 times, where guests is at"
        " least 2; and (has collected in all at least 50 points in the wallet “Points” or has done"
        " “Visited the café” at least once within any 30 days)."
    )
    assert said in browser.text
    assert ConditionVersion.for_store(store).get().state == VersionState.DRAFT

    with worker():
        browser.press("Try it on history")
        browser.wait_for("#result")
        assert browser.one("#result").text.startswith("1 member would have earned it")
        assert browser.one(".rs-curve").get_attribute("role") == "img"
        assert "Ben" in browser.one("#sample").text
        assert not BadgeEntry.for_store(store).exists()

        browser.press("Publish")
        assert "1 member gets it at once" in browser.text
        browser.follow(browser.one("button.rs-primary"))
        browser.wait_for(FINISHED)
        assert [held.member.email for held in MemberBadge.for_store(store)] == ["ben@example.com"]

        visit(as_root, "last", history, "anna@example.com")
        browser.open(f"/admin/members/member/{member.id}/change/")
        for _ in range(50):
            if "since" in browser.one("#badges").text:
                break
            browser.open(f"/admin/members/member/{member.id}/change/")

    browser.press("Gold")
    assert browser.one("#answer").text.startswith("Anna has Gold, since ")
    assert "3 entries that count" in browser.one("#tree").text
    assert "version 1" in browser.one("#ledger").text
    browser.press("Why, or why not")
    browser.type("who", "ben@example.com")
    browser.press("Find the member")
    assert browser.one("#answer").text.startswith("Ben has Gold")
    entry = BadgeEntry.for_store(store).get(member=member)
    assert (entry.delta, entry.completion, entry.occurred_at) == (1, 1, history)
    assert browser.complaints == []


def test_rows_are_moved_and_removed_with_the_keyboard(
    browser: Browser, form: ConditionForm, manager: Administrator, store: Store,
    badge_type: BadgeType, history: datetime,
) -> None:  # fmt: skip
    begin(browser, badge_type)
    form.pick(0, "Kind of condition", "was confirmed elsewhere as")
    form.type(0, "Name of the confirmation", "one")
    form.press_at_the_end("Add a condition")
    form.pick(1, "Kind of condition", "was confirmed elsewhere as")
    form.type(1, "Name of the confirmation", "two")
    form.press_at_the_end("Add a group")
    form.pick(3, "Kind of condition", "was confirmed elsewhere as")
    form.type(3, "Name of the confirmation", "three")

    form.move(0, "Name of the confirmation", down=True)
    form.move(1, "Name of the confirmation", down=True)
    assert "“two” and (was confirmed by another system as “one” or" in form.words()

    form.move(2, "Name of the confirmation", down=False)
    form.press(2, "Remove this group")
    browser.press("Save the draft")

    tree = ConditionVersion.for_store(store).get().tree
    assert [node["key"] for node in tree["conditions"]] == ["two", "one"]
    assert browser.complaints == []


def test_values_are_typed_as_the_schema_says(
    browser: Browser, form: ConditionForm, manager: Administrator, store: Store,
    badge_type: BadgeType, history: datetime,
) -> None:  # fmt: skip
    begin(browser, badge_type)
    form.pick(0, "What was done", "Visited the café")
    form.press(0, "Only where")
    form.type(0, "Attribute", "guests")
    form.pick(0, "Comparison", "is one of")
    form.type(0, "Add a value", "2")
    form.type(0, "Add a value", "3")
    form.press(0, "And where")
    form.type(0, "Attribute", "mood", last=True)
    form.pick(0, "Kind of value", "yes or no")
    form.pick(0, "Value", "yes", last=True)
    browser.press("Save the draft")

    (leaf,) = ConditionVersion.for_store(store).get().tree["conditions"]
    assert leaf["filters"] == [
        {"attribute": "guests", "operator": "in", "value": [2, 3]},
        {"attribute": "mood", "operator": "eq", "value": True},
    ]
    browser.press("Edit")
    assert "guests is one of 2, 3 and mood is yes" in form.words()
    assert browser.complaints == []


def test_a_rule_is_made_with_the_same_rows(
    browser: Browser, manager: Administrator, store: Store, history: datetime
) -> None:
    browser.log_in("manager@example.com")
    browser.open("/admin/badges/rule/add/")
    browser.type("name", "A party")
    browser.pick("event_type", "Visited the café")
    form = ConditionForm(browser, "#rule-filters")
    form.press_at_the_end("Only where")
    form.type(0, "Attribute", "guests")
    form.pick(0, "Comparison", "is at least")
    browser.press("Save")

    assert form.complaint(0) == "Fill in what is empty here."
    form.type(0, "Value", "4")
    browser.press("Save")

    rule = Rule.for_store(store).get()
    assert rule.filters == [{"attribute": "guests", "operator": "gte", "value": 4}]
    assert browser.complaints == []
