"""Custom events come in."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty.models import Store
from loyalty.services.stores import update_store
from members.api.activity_reading import IDENTIFIERS, CustomerDataWrite
from members.api.custom_events import EVENT, EventWrite
from members.models import Activity, Member, TouchedMember
from members.services.event_schemas import set_event_schema_active
from tests.builders import TESTER, make_member
from tests.clients import Answer, ApiClient
from tests.members.activity import EVENTS, event, make_schema


@pytest.fixture(autouse=True)
def _schema(store: Store, other_store: Store) -> None:
    make_schema(store)


def send(client: ApiClient, **details: Any) -> Answer:
    return client.post(EVENTS, {"event": event(**details)})


def paths(answer: Answer) -> list[str]:
    assert answer.status_code == 400, answer.content
    return [error["path"] for error in answer.json()["errors"]]


def touched() -> list[tuple[UUID, str, datetime, bool]]:
    rows = TouchedMember.across_stores.order_by("id")
    return list(rows.values_list("member_id", "input", "since", "takes_away"))


MARCH = datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_an_event_is_kept_and_read(store: Store, member: Member, as_root: ApiClient) -> None:
    body = {"place": "Kraków", "amount": 12.5, "first": True, "shop": {"id": 7}, "tags": ["a"]}
    customer = {"email": "ANNA@example.com", "phone": None}

    sent = send(as_root, eventId="e-1", body={**body, "at": None}, customerData=customer)

    assert sent.status_code == 200
    event_id = sent.json()["customEventId"]
    read = as_root.get(f"{EVENTS}/{event_id}").json()
    assert read.pop("createdAt")
    assert read == {
        "customEventId": event_id,
        "customerId": str(member.id),
        "type": "visit",
        "eventName": "A visit",
        "customerData": {
            "customerId": str(member.id), "email": "anna@example.com", "phone": "+48600100200",
            "loyaltyCardNumber": "CARD-1",
        },
        "body": body,
        "value": 12.5,
        "eventDate": "2026-03-01T10:00:00+00:00",
        "eventId": "e-1",
    }  # fmt: skip
    assert Activity.for_store(store).get().identifiers == {}
    assert touched() == [(member.id, "activity:visit", MARCH, False)]


def test_an_event_id_is_taken_once_for_ever(
    store: Store, member: Member, as_root: ApiClient
) -> None:
    first = send(as_root, eventId="e-1", customerData={"email": "anna@example.com"}).json()
    seen = touched()

    # Whatever it says now, and even if it would be refused now.
    assert send(as_root, eventId="e-1", body={"amount": 7}).json() == first
    assert send(as_root, eventId="e-1", body={"nonsense": 7}).json() == first
    schema = make_schema(store, "other")
    set_event_schema_active(store, schema=schema, active=False, actor=TESTER)
    assert send(as_root, eventId="e-1", type="other").json() == first

    assert Activity.for_store(store).get().value == 0
    assert touched() == seen


def test_events_without_an_id_are_each_their_own(store: Store, as_root: ApiClient) -> None:
    one, other = send(as_root).json()["customEventId"], send(as_root).json()["customEventId"]

    assert one != other
    assert as_root.get(f"{EVENTS}/{one}").json()["eventId"] is None


def test_the_same_event_id_is_another_event_in_another_store(
    store: Store, other_store: Store, as_root: ApiClient
) -> None:
    make_schema(other_store)
    first = send(as_root, eventId="e-1").json()

    other = as_root.post("/api/BETA/customEvent", {"event": event(eventId="e-1")}).json()

    assert other != first
    assert as_root.get(f"{EVENTS}/{other['customEventId']}").status_code == 404


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"type": "unknown"}, "type"),
        ({"type": 7}, "type"),
        ({"type": "transaction"}, "type"),
        ({"eventDate": "yesterday"}, "eventDate"),
        ({"eventDate": "1969-12-31T23:59:59Z"}, "eventDate"),
        ({"eventDate": "0001-01-01T00:00:00+14:00"}, "eventDate"),
        ({"eventId": ""}, "eventId"),
        ({"eventId": "x" * 256}, "eventId"),
        ({"surplus": 1}, "surplus"),
        ({"body": []}, "body"),
        ({"body": {"unknown": 1}}, "body.unknown"),
        ({"body": {"place": 1}}, "body.place"),
        ({"body": {"amount": "1"}}, "body.amount"),
        ({"body": {"amount": True}}, "body.amount"),
        ({"body": {"amount": 10**13}}, "body.amount"),
        ({"body": {"at": "soon"}}, "body.at"),
        ({"body": {"first": 1}}, "body.first"),
        ({"body": {"shop": []}}, "body.shop"),
        ({"body": {"tags": {}}}, "body.tags"),
        ({"customerData": {"email": "nonsense"}}, "customerData.email"),
        ({"customerData": {"customerId": "7"}}, "customerData.customerId"),
        ({"customerData": {"phone": "600 100"}}, "customerData.phone"),
        ({"customerData": {"surplus": "x"}}, "customerData.surplus"),
    ],
)
def test_what_does_not_fit_is_refused(
    wrong: dict[str, Any], path: str, store: Store, as_root: ApiClient
) -> None:
    assert paths(send(as_root, **wrong)) == [f"event.{path}"]
    batch = as_root.post(f"{EVENTS}/batch", {"events": [event(), event(**wrong)]}).json()

    (single,) = send(as_root, **wrong).json()["errors"]
    assert batch["events"][0].keys() == {"index", "customEventId"}
    assert batch["events"][1] == {"index": 1, "errors": [{**single, "path": path}]}
    assert Activity.for_store(store).count() == 1


def test_a_moment_in_the_future_is_refused(store: Store, as_root: ApiClient) -> None:
    soon = timezone.now() + timedelta(minutes=4)
    later = timezone.now() + timedelta(minutes=6)

    assert send(as_root, eventDate=soon.isoformat()).status_code == 200
    refused = send(as_root, eventDate=later.isoformat())

    assert paths(refused) == ["event.eventDate"]
    assert "future" in refused.json()["errors"][0]["message"]


def test_a_type_that_is_not_active_is_refused(store: Store, as_root: ApiClient) -> None:
    schema = make_schema(store, "other")
    set_event_schema_active(store, schema=schema, active=False, actor=TESTER)

    assert paths(send(as_root, type="other")) == ["event.type"]


def test_moments_without_offset_are_the_stores_time(store: Store, as_root: ApiClient) -> None:
    update_store(store, timezone="Europe/Warsaw", actor=TESTER)

    send(as_root, eventDate="2026-07-01T12:00:00", body={"at": "2026-01-01T12:00:00"})

    kept = Activity.for_store(store).get()
    assert kept.occurred_at == datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert kept.attributes == {"at": "2026-01-01T12:00:00+01:00"}


@pytest.mark.parametrize(
    ("schema", "body", "value"),
    [
        ({"value_field": ""}, {"amount": 5, "value": 7}, 7),
        ({"value_field": "amount"}, {"amount": 5, "value": 7}, 5),
        ({"value_field": "amount"}, {}, 0),
        ({"value_field": "amount"}, {"amount": -5}, 0),
        ({"value_field": "amount"}, {"amount": 0.1}, Decimal("0.1")),
        ({"value_field": "amount"}, {"amount": 1 / 3}, Decimal("0.3333")),
    ],
)
def test_the_value_is_the_number_that_the_schema_names(
    schema: dict[str, str], body: dict[str, float], value: Any, store: Store, as_root: ApiClient
) -> None:
    fields = [{"type": "number", "name": name, "description": ""} for name in ("amount", "value")]
    make_schema(store, "paid", fields=fields, **schema)

    assert send(as_root, type="paid", body=body).status_code == 200

    assert Activity.for_store(store).get().value == value


def test_the_first_identifier_that_names_somebody_counts(
    store: Store, member: Member, as_root: ApiClient
) -> None:
    other = make_member(store, phone="+1555", loyalty_card_number="C-2")
    for number, (customer, expected) in enumerate(
        [
            ({"customerId": str(other.id), "email": "anna@example.com"}, other),
            ({"customerId": str(uuid4()), "email": "anna@example.com"}, member),
            ({"email": "anna@example.com", "phone": "+1555"}, member),
            ({"phone": "+1555", "loyaltyCardNumber": "CARD-1"}, other),
            ({"loyaltyCardNumber": "CARD-1"}, member),
        ]
    ):
        send(as_root, eventId=f"{number}", customerData=customer)

        assert Activity.for_store(store).get(external_id=f"{number}").member_id == expected.id


def test_a_batch_keeps_what_is_good(store: Store, member: Member, as_root: ApiClient) -> None:
    anna = {"email": "anna@example.com"}
    first = send(as_root, eventId="old").json()["customEventId"]

    answer = as_root.post(
        f"{EVENTS}/batch",
        {
            "events": [
                event(eventId="old"),
                event(eventId="new", customerData=anna),
                "nonsense",
                event(eventId="new", customerData=anna),
                event(eventDate="2026-02-01T00:00:00Z", customerData=anna),
            ]
        },
    )

    assert answer.status_code == 200
    items = answer.json()["events"]
    assert [item["index"] for item in items] == [0, 1, 2, 3, 4]
    assert items[0]["customEventId"] == first
    assert items[1]["customEventId"] == items[3]["customEventId"]
    assert [error["message"] for error in items[2]["errors"]] == [
        "This value should be of type object."
    ]
    assert Activity.for_store(store).count() == 3
    # One row for the member, from the earliest of the moments.
    assert touched() == [(member.id, "activity:visit", datetime(2026, 2, 1, tzinfo=UTC), False)]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "events"),
        ([], ""),
        ({"events": {}}, "events"),
        ({"events": []}, "events"),
        ({"events": [event()] * 1001}, "events"),
        ({"events": [event()], "surplus": 1}, "surplus"),
    ],
)
def test_what_is_no_batch_is_refused(
    body: Any, path: str, store: Store, as_root: ApiClient
) -> None:
    assert paths(as_root.post(f"{EVENTS}/batch", body)) == [path]
    assert not Activity.for_store(store).exists()


def test_statements_do_not_grow_with_the_batch(
    store: Store, member: Member, as_root: ApiClient
) -> None:
    def batch(size: int) -> list[dict[str, Any]]:
        customers = [{"email": "anna@example.com"}, {"phone": "+1"}]
        return [
            event(eventId=f"{size}-{number}", customerData=customers[number % 2])
            for number in range(size)
        ]

    send(as_root, eventId="warm")  # The first use of an API key is written down.
    counts = []
    for size in (4, 400):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert as_root.post(f"{EVENTS}/batch", {"events": batch(size)}).status_code == 200
        counts.append(len(queries))

    assert counts[0] == counts[1] <= 14
    assert Activity.for_store(store).count() == 405


def test_events_are_found(store: Store, member: Member, as_root: ApiClient) -> None:
    make_schema(store, "call", name="A call", fields=[], value_field="")
    shop = {"shop": {"id": 7, "open": True}, "tags": ["a", "b"], "amount": 2}
    send(as_root, eventId="1", customerData={"email": "anna@example.com"}, body=shop)
    send(as_root, eventId="2", customerData={"email": "New@example.com", "phone": "+1"})
    send(as_root, eventId="3", type="call", eventDate="2026-04-01T00:00:00Z")

    def found(query: str) -> list[str]:
        answer = as_root.get(f"{EVENTS}?{query}")
        assert answer.status_code == 200, answer.content
        return sorted(each["eventId"] for each in answer.json()["items"])

    assert found("") == ["1", "2", "3"]
    assert found("type=call") == found("eventName[like]=CALL") == ["3"]
    assert found("eventId=2") == ["2"]
    assert found(f"customerId={member.id}") == ["1"]
    assert found("customerData:email=ANNA@example.com") == ["1"]
    assert found("customerData:loyaltyCardNumber=CARD-1") == ["1"]
    assert found("customerData:email=new@example.com") == found("customerData:phone=%2B1") == ["2"]
    assert found("eventDate[gte]=2026-03-15T00:00:00Z") == ["3"]
    assert found("attributes=(shop.id;7)") == found("attributes=(tags;b)") == ["1"]
    assert found("attributes=(shop.open;true),(shop.id;9)") == ["1"]
    assert found("attributes=(amount;)") == ["1"]
    assert found("attributes=(amount;3)") == found("attributes=(nothing;)") == []
    assert paths(as_root.get(f"{EVENTS}?attributes=nonsense")) == ["attributes"]


def test_a_scroll_reaches_every_event_once(store: Store, as_root: ApiClient) -> None:
    sent = [event(eventId=f"{number}") for number in range(25)]
    as_root.post(f"{EVENTS}/batch", {"events": sent})
    send(as_root, eventId="last")

    seen: list[str] = []
    token = ""
    while True:
        answer = as_root.get(f"{EVENTS}?_scroll={token}&_itemsOnPage=10").json()
        if not answer["items"]:
            break
        seen += [each["eventId"] for each in answer["items"]]
        token = answer["scroll"]["next"]

    assert seen[-1] == "last"
    assert sorted(seen) == sorted([each["eventId"] for each in sent] + ["last"])


def test_members_cannot_send(store: Store, member: Member, as_member: ApiClient) -> None:
    assert send(as_member).status_code == 403
    assert as_member.post(f"{EVENTS}/batch", {"events": [event()]}).status_code == 403
    assert as_member.get(EVENTS).status_code == 403
    assert not Activity.for_store(store).exists()


def test_what_is_documented_is_what_is_read() -> None:
    assert list(EventWrite().fields) == list(EVENT.members)
    assert list(CustomerDataWrite().fields) == list(IDENTIFIERS)
