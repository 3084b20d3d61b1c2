"""The store's events, pulled and streamed."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from loyalty.api import streaming
from loyalty.api.streaming import EventStream
from loyalty.errors import TooManyStreams
from loyalty.models import Access, Administrator, Event, Resource, Store
from loyalty.services.stores import update_store
from members.models import Member
from tests.builders import (
    TESTER,
    admin_token,
    give_points,
    make_administrator,
    make_badge_type,
    make_role,
)
from tests.clients import ApiClient, streamed
from tests.members.activity import EVENTS, event, make_schema

pytestmark = pytest.mark.django_db

FEED, STREAM = "/api/ALPHA/event", "/api/ALPHA/event/stream"


@pytest.fixture
def reader(store: Store, other_store: Store) -> Administrator:
    return make_administrator(make_role((Resource.EVENT, Access.VIEW), stores=(store,)))


@pytest.fixture
def as_reader(reader: Administrator) -> ApiClient:
    return ApiClient.with_token(admin_token(reader))


def names(answer: Any) -> list[str]:
    return [item["eventName"] for item in answer.json()["items"]]


def test_a_reader_goes_on_where_it_was(store: Store, as_reader: ApiClient) -> None:
    make_badge_type(store, "gold")
    first = as_reader.get(f"{FEED}?limit=1").json()
    second = as_reader.get(f"{FEED}?after={first['next']}").json()
    update_store(store, name="Changed", actor=TESTER)
    third = as_reader.get(f"{FEED}?after={second['next']}").json()
    fourth = as_reader.get(f"{FEED}?after={third['next']}").json()

    seen = [item["eventName"] for page in (first, second, third) for item in page["items"]]
    assert seen == list(Event.for_store(store).order_by("sequence").values_list("name", flat=True))
    assert seen[-2:] == ["BadgeTypeCreated", "StoreUpdated"]
    assert first["next"] == first["items"][0]["sequence"]
    assert (fourth["items"], fourth["next"]) == ([], third["next"])


def test_an_event_says_what_a_webhook_says(store: Store, as_reader: ApiClient) -> None:
    badge_type = make_badge_type(store, "gold")

    item = as_reader.get(FEED).json()["items"][-1]

    row = Event.for_store(store).latest("sequence")
    assert item == {
        "sequence": row.sequence,
        "eventId": str(row.id),
        "eventName": "BadgeTypeCreated",
        "storeCode": "ALPHA",
        "createdAt": item["createdAt"],
        "data": {
            "systemCode": "gold",
            "active": True,
            "event": {
                "eventId": str(row.id), "sequence": row.sequence, "subjectType": "badgeType",
                "subjectId": str(badge_type.id), "actorType": "system", "source": "command",
            },
        },
    }  # fmt: skip


def test_only_one_kind_of_event(store: Store, as_reader: ApiClient) -> None:
    for code in ("gold", "silver", "bronze"):
        make_badge_type(store, code)
        update_store(store, name=code, actor=TESTER)

    first = as_reader.get(f"{FEED}?name=BadgeTypeCreated&limit=2")
    second = as_reader.get(f"{FEED}?name=BadgeTypeCreated&limit=2&after={first.json()['next']}")

    assert names(first) + names(second) == ["BadgeTypeCreated"] * 3
    # There is nothing of that kind up to here, so the next call need not look again.
    assert second.json()["next"] == Event.across_stores.latest("sequence").sequence


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("after=-1", "after"), ("after=x", "after"), (f"after={2**63}", "after"),
        ("after=1.5", "after"), ("limit=0", "limit"), ("limit=1001", "limit"),
        ("name=Nonsense", "name"), ("name=RoleCreated", "name"), ("nonsense=1", "nonsense"),
        ("after=%00", "after"), ("name=%00", "name"),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_refused(query: str, path: str, as_reader: ApiClient) -> None:
    answer = as_reader.get(f"{FEED}?{query}")

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]


def test_the_feed_of_another_store_is_not_there(
    as_reader: ApiClient, as_manager: ApiClient
) -> None:
    assert as_reader.get("/api/BETA/event").status_code == 403
    assert as_manager.get(FEED).status_code == 403  # May do everything to badges and members.
    assert as_manager.get(STREAM).status_code == 403


def test_what_members_do_and_get_is_told(
    store: Store, member: Member, as_root: ApiClient, as_reader: ApiClient
) -> None:
    make_schema(store)
    after = as_reader.get(FEED).json()["next"]
    body = event(eventId="e-1", customerData={"email": "anna@example.com"})
    as_root.post(EVENTS, {"event": body})
    as_root.post(EVENTS, {"event": body})
    give_points(store, member, 30, expires_in=timedelta(days=1))
    give_points(store, member, -10)

    items = as_reader.get(f"{FEED}?after={after}").json()["items"]

    assert [(item["eventName"], item["data"].get("points")) for item in items] == [
        ("CustomEventOccurred", None),
        ("AvailablePointsAmountChanged", 30.0),
        ("AvailablePointsAmountChanged", -10.0),
    ]
    assert {item["data"]["member"]["customerId"] for item in items} == {str(member.id)}
    assert "anna" not in json.dumps(items)


# --- The stream -------------------------------------------------------------------------------


def messages(answer: Any) -> list[dict[str, str]]:
    """As a browser reads them."""
    assert answer.status_code == 200, answer.content
    blocks = streamed(answer).decode().split("\n\n")
    return [
        dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        for block in blocks if block
    ]  # fmt: skip


def test_a_stream_is_the_feed(store: Store, as_reader: ApiClient) -> None:
    make_badge_type(store, "gold")

    answer = as_reader.get(f"{STREAM}?after=0")
    hello, *told = messages(answer)

    assert answer["Content-Type"].startswith("text/event-stream")
    assert hello == {"retry": "2000", "id": "0"}
    items = as_reader.get(FEED).json()["items"]
    assert [json.loads(message["data"]) for message in told] == items
    assert [message["id"] for message in told] == [str(item["sequence"]) for item in items]
    assert [message["event"] for message in told] == [item["eventName"] for item in items]


def test_a_stream_begins_now_or_where_the_reader_was(store: Store, as_reader: ApiClient) -> None:
    make_badge_type(store, "gold")
    last = Event.for_store(store).latest("sequence").sequence
    answers = [
        as_reader.get(STREAM),
        as_reader.get(f"{STREAM}?after=0", **{"Last-Event-ID": str(last - 1)}),
    ]
    fresh, resumed = (messages(answer) for answer in answers)

    assert fresh == [{"retry": "2000", "id": str(last)}]
    assert [message["id"] for message in resumed] == [str(last - 1), str(last)]
    for bad in ("x", "-1", str(2**63), "1" * 30):
        assert as_reader.get(STREAM, **{"Last-Event-ID": bad}).status_code == 400


def test_there_is_room_for_a_few_streams(
    as_reader: ApiClient, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_places", {})
    settings.EVENT_STREAMS_PER_PROCESS = 2
    first, second = as_reader.get(STREAM), as_reader.get(STREAM)

    third = as_reader.get(STREAM)
    assert (third.status_code, third["Retry-After"]) == (429, "5")
    streamed(first)
    fourth = as_reader.get(STREAM)
    assert fourth.status_code == 200
    for answer in (second, fourth):
        streamed(answer)


def test_a_place_that_nobody_gave_back_is_free_again_after_a_while(
    store: Store, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "_places", {})
    settings.EVENT_STREAMS_PER_PROCESS = 1
    lost = EventStream(store, after=0, name=None, render=lambda _: {})
    with pytest.raises(TooManyStreams):
        EventStream(store, after=0, name=None, render=lambda _: {})

    monkeypatch.setattr(streaming, "_places", dict.fromkeys(streaming._places, 0.0))
    found = EventStream(store, after=0, name=None, render=lambda _: {})

    assert lost is not found


def test_a_stream_waits_for_what_comes(
    store: Store, as_reader: ApiClient, settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Nothing happens for a while, then something does, and the stream says it."""
    settings.EVENT_STREAM_SECONDS = 60
    began, naps = timezone.now(), list[float]()
    clock = {"now": 0.0}

    def nap(seconds: float) -> None:
        naps.append(seconds)
        clock["now"] += seconds
        if len(naps) == 40:
            update_store(store, name="Changed", actor=TESTER)

    monkeypatch.setattr("loyalty.api.streaming.time.sleep", nap)
    monkeypatch.setattr("loyalty.api.streaming.time.monotonic", lambda: clock["now"])

    answer = as_reader.get(STREAM)
    said = streamed(answer).decode()

    assert said.count(": still here") == 11
    assert said.count("event: StoreUpdated") == 1
    assert 55 <= clock["now"] <= 61
    assert timezone.now() - began < timedelta(seconds=30)
