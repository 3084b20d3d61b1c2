"""Schemas of custom events."""

from typing import Any

import pytest

from loyalty.models import Event, Store
from members.models import EventSchema
from tests.clients import ApiClient
from tests.members.activity import FIELDS, make_schema

URL = "/api/ALPHA/customEvent/schema"


def body(**details: Any) -> dict[str, Any]:
    schema = {"fields": FIELDS}
    return {
        "customEventSchema": {
            "eventType": "visit", "name": "A visit", "schema": schema, **details,
        }
    }  # fmt: skip


def test_a_schema_is_added_changed_and_read(store: Store, as_root: ApiClient) -> None:
    assert as_root.post(URL, body(active={"isActive": False})).status_code == 204
    schema = {"fields": FIELDS[:2], "valueField": "amount"}
    put = {"customEventSchema": {"name": "Visits", "schema": schema}}
    assert as_root.put(f"{URL}/visit", put).status_code == 204
    read = as_root.get(f"{URL}/visit").json()

    assert read.pop("createdAt")
    assert read == {"eventType": "visit", "name": "Visits", "schema": schema, "active": False}
    assert as_root.post(f"{URL}/visit/active", {"active": True}).status_code == 204
    listed = as_root.get(f"{URL}?active=true&eventType[like]=VIS").json()
    assert [found["eventType"] for found in listed["items"]] == ["visit"]
    names = Event.for_store(store).filter(subject_kind="eventSchema").order_by("sequence")
    assert list(names.values_list("name", flat=True)) == [
        "CustomEventSchemaCreated", "CustomEventSchemaUpdated", "CustomEventSchemaUpdated",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"eventType": "transaction"}, "eventType"),
        ({"eventType": "return_transaction"}, "eventType"),
        ({"eventType": "rule:7"}, "eventType"),
        ({"eventType": "a/b"}, "eventType"),
        ({"name": " "}, "name"),
        ({"surplus": 1}, "surplus"),
        ({"schema": {"fields": [{**FIELDS[0], "type": "money"}]}}, "schema.fields.0.type"),
        ({"schema": {"fields": [FIELDS[0], FIELDS[0]]}}, "schema.fields.1.name"),
        ({"schema": {"fields": [{**FIELDS[0], "name": "a.b"}]}}, "schema.fields.0.name"),
        ({"schema": {"fields": FIELDS, "valueField": "place"}}, "schema.valueField"),
        ({"schema": {"fields": FIELDS, "valueField": "nothing"}}, "schema.valueField"),
    ],
)
def test_what_makes_no_sense_is_refused(
    wrong: dict[str, Any], path: str, store: Store, as_root: ApiClient
) -> None:
    answer = as_root.post(URL, body(**wrong))

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [f"customEventSchema.{path}"]
    assert not EventSchema.for_store(store).exists()


def test_a_type_is_described_once_in_its_store(
    store: Store, other_store: Store, as_root: ApiClient
) -> None:
    make_schema(other_store)
    assert as_root.post(URL, body()).status_code == 204

    again = as_root.post(URL, body())

    assert again.status_code == 400
    assert again.json()["errors"][0]["path"] == "customEventSchema.eventType"


def test_who_may(store: Store, as_manager: ApiClient, as_member: ApiClient) -> None:
    """The manager may do everything to badges and members, which is something else."""
    make_schema(store)

    for client in (as_manager, as_member):
        assert client.get(URL).status_code == 403
        assert client.post(URL, body()).status_code == 403
        assert client.post(f"{URL}/visit/active", {"active": False}).status_code == 403
    assert EventSchema.for_store(store).get().active
