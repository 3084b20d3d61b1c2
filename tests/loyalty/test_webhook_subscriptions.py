"""Subscriptions in the API: Open Loyalty's shapes, and what is beside them."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from badges.models import BadgeType
from loyalty.models import (
    Access,
    Delivery,
    Event,
    EventName,
    Resource,
    Store,
    Subscription,
)
from loyalty.selectors.webhooks import headers_of, keys_of
from loyalty.services.webhooks.fan_out import fan_out
from loyalty.services.webhooks.subscriptions import MASK, MAX_SUBSCRIPTIONS, rotate_secret
from loyalty.webhooks.formats import live_keys
from members.models import Member
from tests.builders import TESTER, admin_token, give_badge, make_administrator, make_role
from tests.clients import Answer, ApiClient
from tests.loyalty.webhook_receiver import receiving
from tests.loyalty.webhook_sending import send_due

pytestmark = pytest.mark.django_db

BASE = "/api/ALPHA/webhook"
URL = "https://receiver.example/hook"


@pytest.fixture
def client(store: Store) -> ApiClient:
    role = make_role((Resource.WEBHOOK_SUBSCRIPTION, Access.MODIFY), stores=(store,))
    return ApiClient.with_token(admin_token(make_administrator(role)))


def post(client: ApiClient, **details: Any) -> Answer:
    given = {"eventName": "BadgeCompleted", "url": URL, **details}
    return client.post(f"{BASE}/subscription", {"webhookSubscription": given})


def made(client: ApiClient, **details: Any) -> str:
    answer = post(client, **details)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["webhookSubscriptionId"])


def test_a_subscription_is_made_read_changed_and_deleted(client: ApiClient, store: Store) -> None:
    answer = post(
        client, destinationType="rest", headers=[{"headerName": "X-A", "headerValue": "secret"}]
    )
    body = answer.json()
    assert body.keys() == {"webhookSubscriptionId", "secret", "publicKey"}
    assert body["secret"].startswith("whsec_")
    path = f"{BASE}/subscription/{body['webhookSubscriptionId']}"

    read = client.get(path).json()
    assert read["headers"] == [{"headerName": "X-A", "headerValue": MASK}]
    [listed] = client.get(f"{BASE}/subscription").json()["items"]
    assert listed == {name: read[name] for name in read.keys() - {"headers", "publicKeys"}}
    assert {name: listed[name] for name in (
        "eventName", "url", "headerName", "headerValue", "legacy", "destinationType", "format",
        "active", "eventNames", "includeSilent", "disabledReason",
    )} == {
        "eventName": "BadgeCompleted", "url": URL, "headerName": None, "headerValue": None,
        "legacy": False, "destinationType": "rest", "format": "openLoyalty", "active": True,
        "eventNames": ["BadgeCompleted"], "includeSilent": False, "disabledReason": None,
    }  # fmt: skip
    change = {"url": "https://receiver.example/new", "headers": read["headers"]}
    assert client.put(path, {"webhookSubscription": change}).status_code == 204
    [row] = Subscription.for_store(store)
    assert (row.url, headers_of(row)) == ("https://receiver.example/new", [("X-A", "secret")])
    assert body["secret"] not in client.get(path).content.decode()
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    told = Event.for_store(store).filter(subject_kind="webhookSubscription").order_by("sequence")
    assert [each.name for each in told] == [
        EventName.WEBHOOK_CREATED, EventName.WEBHOOK_UPDATED, EventName.WEBHOOK_DELETED,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "url", ["https://other.example/hook", "https://receiver.example:8443/hook",
            "http://receiver.example/hook", "http://receiver.example:443/hook"],
)  # fmt: skip
def test_a_stored_header_does_not_go_to_another_host(
    client: ApiClient, store: Store, url: str
) -> None:
    header = {"headerName": "X-A", "headerValue": "secret"}
    path = f"{BASE}/subscription/{made(client, headers=[header])}"

    for kept in ({}, {"headers": [{**header, "headerValue": MASK}]}):
        answer = client.put(path, {"webhookSubscription": {"url": url, **kept}})
        assert answer.status_code == 400
        [error] = answer.json()["errors"]
        assert error["path"] == "webhookSubscription.headers"
        assert error["message"] == "Give the values again for another host."
    [row] = Subscription.for_store(store)
    assert (row.url, headers_of(row)) == (URL, [("X-A", "secret")])
    again = {"url": url, "headers": [{**header, "headerValue": "other"}]}
    assert client.put(path, {"webhookSubscription": again}).status_code == 204
    row.refresh_from_db()
    assert (row.url, headers_of(row)) == (url, [("X-A", "other")])


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("https://RECEIVER.example:443/new", None),
        ("https://other.example/", []),
    ],
)
def test_an_address_moves_where_no_stored_header_goes_along(
    client: ApiClient, store: Store, url: str, headers: list[Any] | None
) -> None:
    header = {"headerName": "X-A", "headerValue": "secret"}
    path = f"{BASE}/subscription/{made(client, headers=[header])}"
    change = {"url": url} if headers is None else {"url": url, "headers": headers}

    assert client.put(path, {"webhookSubscription": change}).status_code == 204
    [row] = Subscription.for_store(store)
    assert (row.url, headers_of(row)) == (url, [("X-A", "secret")] if headers is None else [])


def test_one_header_as_it_was_before(client: ApiClient, store: Store) -> None:
    made(client, headerName="X-Old", headerValue="1")

    [row] = Subscription.for_store(store)
    assert headers_of(row) == [("X-Old", "1")]


def test_the_event_stays(client: ApiClient, store: Store) -> None:
    path = f"{BASE}/subscription/{made(client)}"
    same = {"url": URL, "eventName": "BadgeCompleted"}
    other = {"url": URL, "eventName": "BadgeExpired"}

    assert client.put(path, {"webhookSubscription": same}).status_code == 204
    refused = client.put(path, {"webhookSubscription": other})
    assert refused.status_code == 400
    assert [e["path"] for e in refused.json()["errors"]] == ["webhookSubscription.eventName"]


@pytest.mark.parametrize(
    ("details", "path"),
    [
        ({"eventName": "Nonsense"}, "eventName"),
        ({"eventName": "AdministratorCreated"}, "eventName"),
        ({"eventName": "wix.badges.v3.badge_created"}, "eventName"),
        ({"eventName": "BadgeCompleted", "format": "wix"}, "eventName"),
        ({"url": "http://127.0.0.1:9200/", "format": "nonsense"}, "format"),
        ({"url": "https://169.254.169.254/latest/"}, "url"),
        ({"url": "https://user:pass@example.com/"}, "url"),
        ({"url": "gopher://example.com/"}, "url"),
        ({"destinationType": "queue"}, "destinationType"),
        ({"headers": [{"headerName": "Host", "headerValue": "x"}]}, "headers.0.headerName"),
        ({"headers": [{"headerName": "webhook-id", "headerValue": "x"}]}, "headers.0.headerName"),
        ({"headers": [{"headerName": "X-Webhook-A", "headerValue": ""}]}, "headers.0.headerName"),
        ({"headers": [{"headerName": "a b", "headerValue": "x"}]}, "headers.0.headerName"),
        ({"headers": [{"headerName": "A", "headerValue": "x\r\nHost: y"}]},
         "headers.0.headerValue"),
        ({"headers": [{"headerName": "A", "headerValue": "ä"}]}, "headers.0.headerValue"),
        ({"headers": [{"headerName": name, "headerValue": "1"} for name in ("A", "a")]},
         "headers.1.headerName"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_refused(
    client: ApiClient, store: Store, details: dict[str, Any], path: str
) -> None:
    answer = post(client, **details)

    assert answer.status_code == 400
    assert [e["path"] for e in answer.json()["errors"]] == [f"webhookSubscription.{path}"]
    assert not Subscription.for_store(store).exists()


def test_a_store_has_so_many_and_no_more(client: ApiClient, store: Store) -> None:
    made(client)
    [row] = Subscription.for_store(store)
    for _ in range(MAX_SUBSCRIPTIONS - 1):
        row.pk = uuid4()
        row.save(force_insert=True)

    assert post(client).status_code == 409
    assert Subscription.for_store(store).count() == MAX_SUBSCRIPTIONS


def test_the_events_are_listed_and_can_be_subscribed_to(client: ApiClient) -> None:
    names = client.get(f"{BASE}/event").json()

    assert {"BadgeCompleted", "CustomerWasRegistered", "JobFinished"} <= set(names["items"])
    assert "AdministratorCreated" not in names["items"]
    assert "wix.badges.v3.badge_badge_assigned" in names["wixItems"]
    made(client, eventNames=names["items"])
    answer = post(client, eventName=names["wixItems"][0], eventNames=names["wixItems"],
                  format="wix")  # fmt: skip
    assert answer.json()["secret"] is None
    assert "BEGIN PUBLIC KEY" in answer.json()["publicKey"]


def test_lists_are_narrowed(client: ApiClient) -> None:
    made(client)
    other = made(client, eventName="BadgeExpired", url="https://other.example/")

    for query in ("eventName=BadgeExpired", "url[like]=OTHER", f"url={'https://other.example/'}"):
        items = client.get(f"{BASE}/subscription?{query}").json()["items"]
        assert [item["webhookSubscriptionId"] for item in items] == [other], query
    assert len(client.get(f"{BASE}/subscription?legacy=false").json()["items"]) == 2
    assert client.get(f"{BASE}/subscription?legacy=true").json()["items"] == []


def test_a_secret_is_rotated(client: ApiClient, store: Store) -> None:
    path = f"{BASE}/subscription/{made(client, format='standard')}/secret"

    answer = client.post(path, {"rotation": {"overlapHours": 2}})

    old, new = keys_of(Subscription.for_store(store).get())
    assert answer.json() == {"secret": new.secret, "publicKey": None, "version": 2}
    assert old.until is not None
    assert new.until is None
    assert 1.9 < (old.until - timezone.now()).total_seconds() / 3600 < 2.1
    assert client.post(path, {"rotation": {"overlapHours": 169}}).status_code == 400
    for _ in range(8):
        assert client.post(path, {"rotation": {}}).status_code == 200
    assert len(keys_of(Subscription.for_store(store).get())) == 5


def test_no_third_secret_while_open_loyaltys_format_signs_with_two(
    client: ApiClient, store: Store
) -> None:
    path = f"{BASE}/subscription/{made(client)}/secret"
    assert client.post(path, {"rotation": {"overlapHours": 2}}).status_code == 200
    two = keys_of(Subscription.for_store(store).get())

    for rotation in ({}, {"overlapHours": 1}):
        assert client.post(path, {"rotation": rotation}).status_code == 409
    assert keys_of(Subscription.for_store(store).get()) == two
    assert client.post(path, {"rotation": {"overlapHours": 0}}).status_code == 200
    [key] = live_keys(keys_of(Subscription.for_store(store).get()), timezone.now())
    assert key.version == 3


def test_a_secret_is_rotated_again_after_the_overlap(client: ApiClient, store: Store) -> None:
    made(client)
    row, now = Subscription.for_store(store).get(), timezone.now()

    for hours in (0, 24, 48):
        later = now + timedelta(hours=hours)
        rotate_secret(store, subscription_id=row.id, actor=TESTER, now=later)
    row.refresh_from_db()
    assert [key.version for key in keys_of(row)] == [3, 4]


def test_a_message_is_read_and_sent_again(
    client: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    with receiving() as receiver:
        path = f"{BASE}/subscription/{made(client, url=receiver.url)}"
        give_badge(store, member, badge_type)
        send_due()
        [item] = client.get(f"{path}/delivery").json()["items"]
        message = f"{path}/delivery/{item['messageId']}"
        read = client.get(message).json()
        assert client.post(f"{message}/redeliver").status_code == 204
        assert client.get(message).json()["state"] == "queued"
        send_due()
        again = client.get(message).json()

    assert (item["state"], item["eventName"], item["lastStatus"]) == (
        "delivered", "BadgeCompleted", 200
    )  # fmt: skip
    assert read["payload"]["member"] == {"customerId": str(member.id)}
    [attempt] = read["log"]
    assert (attempt["status"], attempt["response"], attempt["error"]) == (200, "thanks", None)
    assert (again["attempts"], len(again["log"])) == (2, 2)
    assert client.get(f"{path}/delivery?state=dead").json()["items"] == []


def test_a_time_is_sent_again(
    client: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)
    path = f"{BASE}/subscription/{made(client)}"
    fan_out()
    time = {"from": "2020-01-01T00:00:00Z", "to": "2100-01-01T00:00:00Z"}

    assert client.post(f"{path}/redeliver", {"redelivery": time}).json() == {"queued": 1}
    assert client.post(f"{path}/redeliver", {"redelivery": time}).json() == {"queued": 0}
    backwards = {"from": time["to"], "to": time["from"]}
    assert client.post(f"{path}/redeliver", {"redelivery": backwards}).status_code == 400
    assert Delivery.for_store(store).count() == 1


def test_a_test_is_sent_unless_it_is_off(client: ApiClient, store: Store) -> None:
    path = f"{BASE}/subscription/{made(client)}"

    answer = client.post(f"{path}/test")

    assert answer.json() == {"messageId": str(Delivery.for_store(store).get().id)}
    assert client.post(f"{path}/active", {"active": False}).status_code == 204
    read = client.get(path).json()
    assert (read["active"], read["disabledReason"]) == (False, "byHand")
    assert client.post(f"{path}/test").status_code == 409
    assert client.post(f"{path}/active", {"active": True}).status_code == 204
    assert client.get(path).json()["disabledAt"] is None
    assert Delivery.for_store(store).count() == 1
