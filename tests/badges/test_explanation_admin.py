"""Why a member has a badge or not, and who is nearly there, as support staff read it."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from badges.models import BadgeType
from badges.services.conditions import publish_condition, save_draft
from loyalty.models import Access, Administrator, Resource, Store
from loyalty.transactions import request_transaction
from members.models import ActivitySource, Member
from members.models.activity import PURCHASE
from members.services.activity_rows import ActivityRow, record_activities
from tests.builders import (
    TESTER,
    give_badge,
    make_administrator,
    make_badge_type,
    make_member,
    make_role,
)
from tests.evaluating import settle

BIG = {"attribute": "value", "operator": "gte", "value": 10}
TREE = {
    "type": "all",
    "conditions": [
        {"type": "count", "event": PURCHASE, "target": 3, "filters": [BIG]},
        {"type": "external", "key": "newsletter"},
    ],
}


@pytest.fixture
def now() -> datetime:
    return timezone.now()


@pytest.fixture
def client(manager: Administrator) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def published(store: Store, badge_type: BadgeType, now: datetime) -> BadgeType:
    save_draft(store, badge_type=badge_type, tree=TREE, actor=TESTER)
    publish_condition(store, badge_type=badge_type, actor=TESTER, now=now)
    return badge_type


def buy(store: Store, member: Member, number: str, value: int, when: datetime) -> None:
    row = ActivityRow(
        type=PURCHASE, source=ActivitySource.TRANSACTION, external_id=number, occurred_at=when,
        value=Decimal(value), attributes={"documentNumber": number}, member_id=member.id,
    )  # fmt: skip
    with request_transaction():
        record_activities(store, [row], actor=TESTER, now=timezone.now())


def why(member: Member, badge_type: BadgeType) -> str:
    return f"/admin/members/member/{member.id}/why/{badge_type.id}/"


def test_what_counted_what_did_not_and_what_is_missing(
    client: Client, store: Store, published: BadgeType, member: Member, now: datetime
) -> None:
    buy(store, member, "GOOD", 12, now - timedelta(hours=3))
    buy(store, member, "SMALL", 5, now - timedelta(hours=2))
    buy(store, member, "OLD", 50, now - timedelta(days=9))

    page = client.get(why(member, published)).context

    assert page["answer"] == "Anna does not have Gold."
    assert page["missing"] == (
        "It is earned as soon as the member has done “Purchase” at least 3 times, where the value"
        " is at least 10; and was confirmed by another system as “newsletter”."
    )
    purchases, newsletter = page["node"]["children"]
    assert (purchases["so_far"], purchases["percent"]) == ("1 of 3 so far, 2 to go.", 33)
    assert [fact["what"] for fact in purchases["counted"]] == [
        "Purchase, 12, document number: GOOD"
    ]
    small, old = purchases["near"]
    assert "the value is 5" in small["why"]
    assert "Counting began on" in old["why"]
    assert newsletter["so_far"] == "Not yet."


def test_a_month_that_is_used_up_says_so(
    client: Client, store: Store, badge_type: BadgeType, member: Member, now: datetime
) -> None:
    window = {"type": "calendar", "period": "month", "zone": "store"}
    tree = {"type": "count", "event": PURCHASE, "target": 2, "window": window}
    save_draft(store, badge_type=badge_type, tree=tree, repeat_limit=None, actor=TESTER)
    publish_condition(store, badge_type=badge_type, actor=TESTER, now=now)
    buy(store, member, "ONE", 5, now)
    buy(store, member, "TWO", 5, now)
    settle()

    page = client.get(why(member, badge_type)).context

    assert page["node"]["so_far"] == "Met already in this month; the next month counts anew."


def test_a_badge_without_a_condition_is_explained_by_its_ledger(
    client: Client, store: Store, badge_type: BadgeType, member: Member
) -> None:
    give_badge(store, member, badge_type, times=2)

    page = client.get(why(member, badge_type))

    assert page.context["answer"].startswith("Anna has Gold 2 times, first on ")
    assert page.context["missing"].startswith("Nobody earns it by what they do")
    assert page.context["node"] is None
    assert len(page.context["entries"]) == 2


def test_the_member_is_found_and_the_badge_chosen(
    client: Client, store: Store, published: BadgeType, member: Member
) -> None:
    make_member(store, first_name="Anna", email="other@example.com")
    page = f"/admin/badges/badgetype/{published.id}/why/"

    found = client.post(page, {"who": "anna@example.com"})
    several = client.post(page, {"who": "Anna"})
    nobody = client.post(page, {"who": "zoe@example.com"})

    assert found["Location"] == why(member, published)
    assert len(several.context["choices"]) == 2
    assert nobody.status_code == 422
    badges = client.get(f"/admin/members/member/{member.id}/why/").context["badges"]
    assert [badge["url"] for badge in badges] == [why(member, published)]


def test_who_is_nearly_there_is_listed_and_downloaded(
    client: Client, store: Store, badge_type: BadgeType, member: Member, now: datetime
) -> None:
    near = make_member(store, email="=ben@example.com", first_name="Ben")
    save_draft(store, badge_type=badge_type, tree=TREE["conditions"][0], actor=TESTER)
    publish_condition(store, badge_type=badge_type, actor=TESTER, now=now)
    for number, who in enumerate((member, near, near)):
        buy(store, who, str(number), 20, now - timedelta(hours=number + 1))
    page = f"/admin/badges/badgetype/{badge_type.id}/nearly-there/"

    one_step = client.get(page).context["people"]
    two_steps = client.get(f"{page}?steps=2").context["people"]
    lines = b"".join(client.get(f"{page}csv/?steps=2")).decode().splitlines()

    assert [(one["name"], one["steps"]) for one in one_step] == [("Ben", 1)]
    assert [one["steps"] for one in two_steps] == [1, 2]
    assert lines[1] == f"{near.id},'=ben@example.com,,,Ben,,1"
    assert lines[2].endswith(",Anna,,2")
    assert client.get(f"{page}?steps=x").context["people"] == one_step


def test_nobody_is_on_the_way_to_what_nobody_earns(
    client: Client, badge_type: BadgeType, member: Member
) -> None:
    page = f"/admin/badges/badgetype/{badge_type.id}/nearly-there/"

    assert "nobody is on the way to it" in client.get(page).text
    assert client.get(f"{page}csv/").status_code == 404


def test_a_foreign_badge_and_a_foreign_member_are_missing(
    client: Client, other_store: Store, published: BadgeType, member: Member
) -> None:
    badge_type, stranger = make_badge_type(other_store), make_member(other_store)

    for path in (
        why(member, badge_type), why(stranger, badge_type), why(stranger, published),
        f"/admin/members/member/{stranger.id}/why/",
        f"/admin/badges/badgetype/{badge_type.id}/why/",
        f"/admin/badges/badgetype/{badge_type.id}/nearly-there/",
        f"/admin/badges/badgetype/{badge_type.id}/nearly-there/csv/",
    ):  # fmt: skip
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("resource", [Resource.BADGE, Resource.CUSTOMER])
def test_it_takes_both_permissions(
    store: Store, published: BadgeType, member: Member, resource: Resource
) -> None:
    client = Client()
    client.force_login(make_administrator(make_role((resource, Access.MODIFY), stores=(store,))))

    for path in (
        why(member, published),
        f"/admin/members/member/{member.id}/why/",
        f"/admin/badges/badgetype/{published.id}/why/",
        f"/admin/badges/badgetype/{published.id}/nearly-there/",
        f"/admin/badges/badgetype/{published.id}/nearly-there/csv/",
    ):
        assert client.get(path).status_code in {403, 404}


def test_a_viewer_may_ask_why(viewer: Administrator, published: BadgeType, member: Member) -> None:
    client = Client()
    client.force_login(viewer)

    assert client.get(why(member, published)).status_code == 200
    assert client.get(f"/admin/badges/badgetype/{published.id}/nearly-there/").status_code == 200
