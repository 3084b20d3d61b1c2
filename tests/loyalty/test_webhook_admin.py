"""Webhooks in the admin: a secret that is shown once, a log, and a switch."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from badges.models import BadgeType
from loyalty.models import (
    Access,
    Administrator,
    Delivery,
    DeliveryState,
    DisabledReason,
    Event,
    EventName,
    Resource,
    Store,
    Subscription,
)
from loyalty.selectors.webhooks import headers_of, keys_of
from loyalty.services.webhooks.subscriptions import MASK, create_subscription
from members.models import Member
from tests.builders import TESTER, give_badge, make_administrator, make_role
from tests.loyalty.webhook_receiver import receiving
from tests.loyalty.webhook_sending import send_due

pytestmark = pytest.mark.django_db

LIST, MESSAGES = "/admin/loyalty/subscription/", "/admin/loyalty/delivery/"


@pytest.fixture
def staff(store: Store, other_store: Store) -> Client:
    return client_of(Access.MODIFY, store)


def client_of(access: Access, store: Store) -> Client:
    role = make_role((Resource.WEBHOOK_SUBSCRIPTION, access), stores=(store,))
    client = Client()
    client.force_login(make_administrator(role))
    return client


def subscribe(store: Store, url: str = "https://receiver.example/hook") -> Subscription:
    return create_subscription(
        store, event_names=[EventName.BADGE_COMPLETED], url=url, actor=TESTER,
        now=timezone.now(), headers=[("X-Token", "swordfish")],
    )[0]  # fmt: skip


def filled(**values: Any) -> dict[str, Any]:
    return {
        "url": "https://receiver.example/hook", "format": "standard",
        "event_names": ["BadgeCompleted"], "headers": "X-Token: swordfish", **values,
    }  # fmt: skip


def test_a_webhook_is_made_and_its_secret_shown_once(staff: Client, store: Store) -> None:
    answer = staff.post(f"{LIST}add/?store=ALPHA", filled())

    [row] = Subscription.for_store(store)
    [key] = keys_of(row)
    assert key.secret in answer.text
    assert (row.format, row.event_names) == ("standard", ["BadgeCompleted"])
    assert headers_of(row) == [("X-Token", "swordfish")]
    page = staff.get(f"{LIST}{row.id}/change/").text
    assert f"X-Token: {MASK}" in page
    assert key.secret not in page
    assert "swordfish" not in page


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("url", "https://10.0.0.1/"), ("url", "ftp://example.com/"), ("event_names", []),
        ("event_names", ["wix.badges.v3.badge_created"]), ("headers", "Host: x"),
        ("headers", "no colon"), ("format", "nonsense"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused_at_its_field(
    staff: Client, store: Store, field: str, value: Any
) -> None:
    answer = staff.post(f"{LIST}add/?store=ALPHA", filled(**{field: value}))

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors.keys() == {field}
    assert not Subscription.for_store(store).exists()


def test_a_header_that_stays_keeps_its_value(staff: Client, store: Store) -> None:
    row = subscribe(store)

    answer = staff.post(
        f"{LIST}{row.id}/change/",
        {"url": "https://receiver.example/new", "headers": f"X-Token: {MASK}\nX-New: 1"},
    )

    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.url == "https://receiver.example/new"
    assert headers_of(row) == [("X-Token", "swordfish"), ("X-New", "1")]


def test_a_header_that_stays_is_not_for_another_host(staff: Client, store: Store) -> None:
    row = subscribe(store)

    answer = staff.post(
        f"{LIST}{row.id}/change/",
        {"url": "https://elsewhere.example/hook", "headers": f"X-Token: {MASK}"},
    )

    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors == {
        "headers": ["Give the values again for another host."]
    }
    row.refresh_from_db()
    assert row.url == "https://receiver.example/hook"


def test_a_new_secret_is_shown_once(staff: Client, store: Store) -> None:
    row = subscribe(store)

    answer = staff.post(f"{LIST}{row.id}/rotate/", {"hours": "1"})

    row.refresh_from_db()
    old, new = keys_of(row)
    assert old.until is not None
    assert new.secret in answer.text
    assert old.secret not in answer.text
    assert staff.post(f"{LIST}{row.id}/rotate/", {"hours": "999"}).status_code == 422


def test_wixs_format_shows_its_public_key(staff: Client, store: Store) -> None:
    names = ["wix.badges.v3.badge_created"]
    answer = staff.post(
        f"{LIST}add/?store=ALPHA", filled(format="wix", event_names=names, headers="")
    )

    [row] = Subscription.for_store(store)
    assert "BEGIN PUBLIC KEY" in answer.text
    assert "PRIVATE" not in answer.text
    assert "BEGIN PUBLIC KEY" in staff.get(f"{LIST}{row.id}/change/").text


def test_the_log_shows_what_was_sent_and_what_came_back(
    staff: Client, store: Store, member: Member, badge_type: BadgeType
) -> None:
    with receiving() as receiver:
        row = subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        [outcome] = send_due()
        [delivery] = Delivery.for_store(store)
        listed = staff.get(f"{MESSAGES}?subscription={row.id}").text
        page = staff.get(f"{MESSAGES}{delivery.id}/change/").text
        answer = staff.post(f"{MESSAGES}{delivery.id}/again/")
        assert answer.status_code == 302
        send_due()

        assert len(receiver.received) == 2
    assert str(delivery.id) in listed
    assert str(member.id) in page
    assert "thanks" in page
    assert str(outcome.request_id) in page
    assert staff.get(f"{MESSAGES}?subscription=nonsense").status_code == 200


def test_a_test_and_a_time_are_queued(
    staff: Client, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)
    row = subscribe(store)
    today = timezone.localdate().isoformat()

    assert staff.post(f"{LIST}{row.id}/test/").status_code == 302
    again = staff.post(f"{LIST}{row.id}/again/", {"first": today, "last": today}, follow=True)

    assert "1 message is on the way." in again.text
    payloads = list(Delivery.for_store(store).values_list("payload", flat=True))
    assert sorted(payloads, key=str) == [None, {"test": True}]


def test_it_is_switched_off_and_on(staff: Client, store: Store) -> None:
    row = subscribe(store)
    states = []
    for path in ("off", "on"):
        assert staff.post(f"{LIST}{row.id}/{path}/").status_code == 302
        row.refresh_from_db()
        states.append((row.active, row.disabled_reason))

    assert states == [(False, DisabledReason.BY_HAND), (True, "")]


def test_one_that_failed_for_days_is_announced(staff: Client, store: Store) -> None:
    row = subscribe(store)
    assert "is off" not in staff.get("/admin/").text
    Subscription.for_store(store).update(
        active=False, disabled_reason=DisabledReason.FAILING, disabled_at=timezone.now()
    )

    for page in ("/admin/", LIST):
        assert re.search(rf"{re.escape(row.url)} is off", staff.get(page).text), page


def test_a_deleted_webhook_takes_its_log_along(
    staff: Client, store: Store, member: Member, badge_type: BadgeType
) -> None:
    with receiving() as receiver:
        row = subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        send_due()

    assert staff.post(f"{LIST}{row.id}/delete/").status_code == 302
    assert not Subscription.for_store(store).exists()
    assert not Delivery.for_store(store).exists()
    assert Event.for_store(store).filter(name=EventName.WEBHOOK_DELETED).exists()


ROW_PAGES = ["change", "delete", "history", "test", "again", "rotate", "off", "on"]


@pytest.mark.parametrize("page", ROW_PAGES)
def test_a_foreign_webhook_is_a_missing_one(staff: Client, other_store: Store, page: str) -> None:
    row = subscribe(other_store)
    before = list(Subscription.for_store(other_store).values())

    for method in (staff.get, staff.post):
        answers = [method(f"{LIST}{each}/{page}/") for each in (row.id, uuid4())]
        assert [answer.status_code for answer in answers] == [404, 404]
    assert list(Subscription.for_store(other_store).values()) == before


@pytest.mark.parametrize("page", ["change", "again"])
def test_a_foreign_message_is_a_missing_one(staff: Client, other_store: Store, page: str) -> None:
    now = timezone.now()
    row = Delivery(
        store=other_store, subscription=subscribe(other_store), message_type="x", payload={},
        happened_at=now, next_attempt_at=now, queued_at=now, state=DeliveryState.DEAD,
    )  # fmt: skip
    row.save()

    for method in (staff.get, staff.post):
        assert method(f"{MESSAGES}{row.id}/{page}/").status_code in {403, 404}
    assert staff.get(f"{MESSAGES}{row.id}/{page}/").status_code == 404
    row.refresh_from_db()
    assert row.state == DeliveryState.DEAD


def test_whoever_may_look_may_not_touch(store: Store, other_store: Store) -> None:
    viewer, row = client_of(Access.VIEW, store), subscribe(store)

    assert viewer.get(f"{LIST}{row.id}/change/").status_code == 200
    assert viewer.get(f"{LIST}add/?store=ALPHA").status_code == 403
    for page in set(ROW_PAGES) - {"history"}:
        assert viewer.post(f"{LIST}{row.id}/{page}/").status_code == 403, page
    assert Subscription.for_store(store).get().active


def test_other_staff_see_nothing_of_it(manager: Administrator, store: Store) -> None:
    client = Client()
    client.force_login(manager)

    assert client.get(f"{LIST}?store=ALPHA").status_code == 403
    assert client.get(f"{LIST}{subscribe(store).id}/change/").status_code == 403
