"""Activity and schemas of custom events in the admin."""

from typing import Any

import pytest
from django.test import Client

from loyalty.models import Access, Administrator, Resource, Store
from members.models import Activity, EventSchema, Member
from tests.architecture.world_activity import make_activity
from tests.builders import make_administrator, make_member, make_role
from tests.members.activity import FIELDS, make_schema

ACTIVITY, SCHEMAS = "/admin/members/activity/", "/admin/members/eventschema/"


def as_staff(administrator: Administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def client(root: Administrator) -> Client:
    return as_staff(root)


def test_activity_is_listed_and_read(
    client: Client, store: Store, other_store: Store, member: Member
) -> None:
    make_activity(store, "ours", member)
    make_activity(other_store, "theirs", make_member(other_store))

    listed = client.get(f"{ACTIVITY}?store=ALPHA").text
    assert "anna@example.com" in listed
    assert "new@ours.example" in listed
    assert "ours_event" in listed
    assert "theirs" not in listed
    for query, seen, unseen in (
        ("type=transaction", "Purchase", "new@ours.example"),
        ("source__exact=custom_event", "ours_event", "+1777"),
        ("matched=no", "new@ours.example", "anna@example.com"),
        ("q=ours-sale", "Purchase", "new@ours.example"),
        ("q=anna@example.com", "Purchase", "new@ours.example"),
    ):
        found = client.get(f"{ACTIVITY}?store=ALPHA&{query}").text
        rows = found[found.index("result_list") :]
        assert seen in rows, query
        assert unseen not in rows, query
    for row in Activity.for_store(store):
        page = client.get(f"{ACTIVITY}{row.id}/change/")
        assert page.status_code == 200
        assert row.external_id in page.text
        assert client.post(f"{ACTIVITY}{row.id}/change/", {}).status_code == 403


def test_who_may_read_activity(
    store: Store, other_store: Store, member: Member, manager: Administrator
) -> None:
    make_activity(store, "ours", member)
    make_activity(other_store, "theirs", make_member(other_store))
    needed = (Resource.CUSTOM_EVENT, Resource.TRANSACTION, Resource.CUSTOMER)
    reader = make_administrator(
        make_role(*((resource, Access.VIEW) for resource in needed), stores=(store,))
    )
    own, foreign = Activity.for_store(store).first(), Activity.for_store(other_store).first()
    assert own
    assert foreign

    assert as_staff(reader).get(f"{ACTIVITY}?store=ALPHA").status_code == 200
    assert as_staff(reader).get(f"{ACTIVITY}{own.id}/change/").status_code == 200
    assert as_staff(reader).get(f"{ACTIVITY}{foreign.id}/change/").status_code == 404
    assert as_staff(manager).get(f"{ACTIVITY}?store=ALPHA").status_code == 403
    assert as_staff(manager).get(f"{SCHEMAS}?store=ALPHA").status_code == 403


def form(*fields: tuple[str, str], rows: int = 6, **values: str) -> dict[str, Any]:
    given = {"event_type": "tasting", "name": "A tasting", "active": "on", **values}
    for place in range(rows):
        name, kind = fields[place] if place < len(fields) else ("", "text")
        given |= {f"name_{place}": name, f"type_{place}": kind, f"description_{place}": name}
    return given


def test_a_schema_is_described_in_a_form(client: Client, store: Store) -> None:
    fields = [("cups", "number"), ("", "text"), ("place", "text")]

    added = client.post(f"{SCHEMAS}add/?store=ALPHA", form(*fields, value_field="cups"))

    assert added.status_code == 302
    schema = EventSchema.for_store(store).get()
    described = {"type": "number", "name": "cups", "description": "cups"}
    assert schema.fields == [described, {"type": "text", "name": "place", "description": "place"}]
    assert (schema.event_type, schema.value_field, schema.active) == ("tasting", "cups", True)

    page = f"{SCHEMAS}{schema.id}/change/"
    assert 'value="cups"' in client.get(page).text
    changed = form(("cups", "number"), name="Tastings", value_field="")
    del changed["active"]
    assert client.post(page, changed).status_code == 302
    schema.refresh_from_db()
    assert (schema.name, schema.fields, schema.active) == ("Tastings", [described], False)
    assert "Tastings" in client.get(f"{SCHEMAS}?store=ALPHA").text


def test_a_refusal_stands_at_its_row(client: Client, store: Store) -> None:
    fields = [("", "text"), ("cups", "number"), ("cups", "text")]

    refused = client.post(f"{SCHEMAS}add/?store=ALPHA", form(*fields))

    assert refused.status_code == 200
    assert list(refused.context["adminform"].form.errors) == ["name_2"]
    wrong = client.post(f"{SCHEMAS}add/?store=ALPHA", form(event_type="transaction"))
    assert list(wrong.context["adminform"].form.errors) == ["event_type"]
    assert not EventSchema.for_store(store).exists()


def test_who_may_only_look_at_schemas(store: Store, other_store: Store) -> None:
    schema, foreign = make_schema(store), make_schema(other_store)
    viewer = make_administrator(make_role((Resource.CUSTOM_EVENT, Access.VIEW), stores=(store,)))
    client = as_staff(viewer)

    assert FIELDS[0]["name"] in client.get(f"{SCHEMAS}{schema.id}/change/").text
    assert client.post(f"{SCHEMAS}{schema.id}/change/", form()).status_code == 403
    assert client.get(f"{SCHEMAS}add/?store=ALPHA").status_code == 403
    assert client.get(f"{SCHEMAS}{foreign.id}/change/").status_code == 404
