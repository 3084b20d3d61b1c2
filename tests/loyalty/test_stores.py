"""Stores and their settings."""

import re
from typing import Any
from uuid import uuid4

import pytest

from loyalty.models import Access, Event, Resource, Store
from loyalty.services.stores import RESERVED_CODES
from tests.builders import admin_token, make_administrator, make_member, make_role
from tests.clients import ApiClient

URL, SETTINGS = "/api/store", "/api/ALPHA/settings"


def body(**more: Any) -> dict[str, Any]:
    return {"store": {"name": "Gamma", "currency": "USD", "active": True, **more}}


def test_a_store_is_opened_and_read(as_root: ApiClient, store: Store) -> None:
    made = as_root.post(URL, body(code="GAMMA"))

    opened = Store.objects.get(code="GAMMA")
    assert (made.status_code, made.json()) == (200, {"storeId": str(opened.id)})
    read = as_root.get(f"{URL}/{opened.id}").json()
    assert read == {
        "storeId": str(opened.id),
        "code": "GAMMA",
        "currency": "USD",
        "name": "Gamma",
        "active": True,
        "createdBy": opened.created_by,
        "createdAt": opened.created_at.isoformat(),
        "updatedBy": opened.updated_by,
        "updatedAt": opened.updated_at.isoformat(),
    }
    assert opened.created_by.startswith("root (")
    listed = as_root.get(f"{URL}?active[eq]=true&code=GAMMA").json()
    assert listed == {"items": [read], "total": {"all": 3, "filtered": 1, "estimated": False}}
    assert as_root.get("/api/gamma/badge-type").status_code == 200


@pytest.mark.parametrize(
    ("name", "code"),
    [("My Shop!", "my-shop"), ("Żółw", "zow"), ("☃", "store-[0-9a-f]{8}"), ("a" * 200, "a{64}")],
)
def test_without_a_code_one_is_made_from_the_name(name: str, code: str, as_root: ApiClient) -> None:
    answer = as_root.post(URL, body(name=name))

    assert answer.status_code == 200
    assert re.fullmatch(code, Store.objects.get(id=answer.json()["storeId"]).code)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"code": "ALPHA"}, "store.code"), ({"code": "alpha"}, "store.code"),
        ({"code": "a b"}, "store.code"), ({"code": "GAMMA\n"}, "store.code"),
        ({"code": "x" * 65}, "store.code"), ({"code": ""}, "store.code"),
        ({"name": " "}, "store.name"), ({"currency": "usd"}, "store.currency"),
        ({"currency": "EURO"}, "store.currency"), ({"active": 1}, "store.active"),
        ({"timezone": "UTC"}, "store.timezone"),
    ],
)  # fmt: skip
def test_a_bad_store_is_refused_and_nothing_is_written(
    wrong: dict[str, Any], path: str, as_root: ApiClient, other_store: Store
) -> None:
    before = (Store.objects.count(), Event.across_stores.count())

    answer = as_root.post(URL, body(**wrong))

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert (Store.objects.count(), Event.across_stores.count()) == before


@pytest.mark.parametrize("code", sorted(RESERVED_CODES))
def test_a_store_is_not_called_like_a_route(code: str, as_root: ApiClient) -> None:
    for written in (code, code.upper()):
        answer = as_root.post(URL, body(code=written))

        assert answer.status_code == 400
        assert answer.json()["errors"][0]["path"] == "store.code"


def test_a_store_is_changed_and_keeps_its_code(as_root: ApiClient, store: Store) -> None:
    answer = as_root.put(f"{URL}/{store.id}", body(name="Alpha 2", active=False))

    assert (answer.status_code, answer.content) == (204, b"")
    store.refresh_from_db()
    assert (store.name, store.active, store.currency, store.code) == (
        "Alpha 2", False, "USD", "ALPHA",
    )  # fmt: skip
    refused = as_root.put(f"{URL}/{store.id}", body(code="OTHER"))
    assert refused.json()["errors"][0]["path"] == "store.code"
    assert as_root.put(f"{URL}/{store.id}", body(code="ALPHA")).status_code == 204
    events = Event.for_store(store).filter(name="StoreUpdated").order_by("sequence")
    assert [sorted(event.data["after"]) for event in events] == [
        ["active", "currency", "name"], ["active", "name"],
    ]  # fmt: skip


def test_one_sees_and_changes_the_stores_that_one_may_enter(
    store: Store, other_store: Store
) -> None:
    role = make_role((Resource.STORES, Access.MODIFY), stores=(store,))
    client = ApiClient.with_token(admin_token(make_administrator(role)))

    assert [item["code"] for item in client.get(URL).json()["items"]] == ["ALPHA"]
    for hidden in (other_store.id, uuid4()):
        assert client.get(f"{URL}/{hidden}").status_code == 404
        assert client.put(f"{URL}/{hidden}", body()).status_code == 404
    other_store.refresh_from_db()
    assert other_store.name == "Beta"


def test_stores_need_a_permission_of_their_own(as_manager: ApiClient, store: Store) -> None:
    for answer in (
        as_manager.get(URL), as_manager.post(URL, body()), as_manager.get(f"{URL}/{store.id}"),
        as_manager.put(f"{URL}/{store.id}", body()),
    ):  # fmt: skip
        assert answer.status_code == 403
    assert Store.objects.count() == 2


# --- Settings -----------------------------------------------------------------------------------


def test_settings_are_read_and_changed_one_by_one(as_manager: ApiClient, store: Store) -> None:
    before = as_manager.get(SETTINGS).json()

    answer = as_manager.patch(SETTINGS, {"settings": {"timezone": "Europe/Warsaw"}})

    assert before == {
        "settings": {
            "identificationMethod": "email",
            "timezone": "UTC",
            "locales": ["en", "pl"],
            "defaultLocale": "en",
        }
    }
    changed = {"settings": {**before["settings"], "timezone": "Europe/Warsaw"}}
    assert (answer.status_code, answer.json()) == (200, changed)
    assert as_manager.get(SETTINGS).json() == changed


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"identificationMethod": "name"}, "settings.identificationMethod"),
        ({"timezone": "Mars/Olympus"}, "settings.timezone"),
        ({"timezone": "../../etc/passwd"}, "settings.timezone"),
        ({"timezone": "/etc/passwd"}, "settings.timezone"),
        ({"timezone": ""}, "settings.timezone"),
        ({"locales": []}, "settings.locales"),
        ({"locales": ["en", "Nonsense!"]}, "settings.locales"),
        ({"locales": ["pl"]}, "settings.defaultLocale"),
        ({"defaultLocale": "de"}, "settings.defaultLocale"),
        ({"code": "OTHER"}, "settings.code"),
        ({"active": False}, "settings.active"),
    ],
)
def test_a_bad_setting_is_refused_and_nothing_is_written(
    wrong: dict[str, Any], path: str, as_manager: ApiClient, store: Store
) -> None:
    before = as_manager.get(SETTINGS).json()
    events = Event.across_stores.count()

    answer = as_manager.patch(SETTINGS, {"settings": wrong})

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert as_manager.get(SETTINGS).json() == before
    assert Event.across_stores.count() == events


def test_settings_need_a_permission_of_their_own(as_viewer: ApiClient) -> None:
    assert as_viewer.get(SETTINGS).status_code == 403
    assert as_viewer.patch(SETTINGS, {"settings": {"timezone": "UTC"}}).status_code == 403


@pytest.mark.parametrize(
    ("method", "good", "bad", "path"),
    [
        ("email", {"email": "new@example.com"}, {"phone": "+1"}, "customer.email"),
        ("phone", {"phone": "+1"}, {"email": "new@example.com"}, "customer.phone"),
        ("loyaltyCardNumber", {"loyaltyCardNumber": "7"}, {"phone": "+1"},
         "customer.loyaltyCardNumber"),
    ],
)  # fmt: skip
def test_the_identification_method_is_what_a_member_must_have(
    method: str, good: dict[str, str], bad: dict[str, str], path: str,
    as_manager: ApiClient, store: Store,
) -> None:  # fmt: skip
    as_manager.patch(SETTINGS, {"settings": {"identificationMethod": method}})

    assert as_manager.post("/api/ALPHA/member", {"customer": good}).status_code == 200
    refused = as_manager.post("/api/ALPHA/member", {"customer": bad})

    assert refused.status_code == 400
    assert [error["path"] for error in refused.json()["errors"]] == [path]


def test_a_member_cannot_lose_the_identifier_that_the_store_asks_for(
    as_manager: ApiClient, store: Store
) -> None:
    make_member(store, email="anna@example.com", phone="+1")

    url = "/api/ALPHA/member/email=anna@example.com"
    assert as_manager.put(url, {"customer": {"email": None}}).status_code == 400
    assert as_manager.put(url, {"customer": {"phone": None}}).status_code == 200


# --- Health -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_the_server_says_that_it_can_work() -> None:
    anybody = ApiClient()

    assert anybody.get("/api/").json()["name"] == "Rosette"
    assert anybody.get("/api/healthcheck").status_code == 204
