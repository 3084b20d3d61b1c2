"""Stores, roles, administrators and keys in the admin: nobody reaches further than their roles."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from loyalty.admin.base import ServiceAdmin
from loyalty.models import (
    Access,
    Administrator,
    ApiKey,
    Event,
    EventName,
    Resource,
    Role,
    Store,
)
from tests.builders import make_administrator, make_api_key, make_role


def as_staff(administrator: Administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def owner(store: Store, other_store: Store) -> Administrator:
    """Runs `store`: its roles, people and settings."""
    resources = (Resource.ACL, Resource.ADMIN, Resource.STORES, Resource.SETTINGS, Resource.BADGE)
    role = make_role(
        *((resource, Access.MODIFY) for resource in resources), stores=(store,), name="Owner"
    )
    return make_administrator(role, email="owner@example.com")


def test_every_page_of_the_admin_is_sealed() -> None:
    registered = admin.site._registry

    assert registered
    for page in registered.values():
        assert isinstance(page, ServiceAdmin)
        assert type(page).may is not ServiceAdmin.may


# --- Roles ------------------------------------------------------------------------------------


def role_form(**values: Any) -> dict[str, Any]:
    return {"name": "Till", "on_BADGE": "MODIFY", "on_ACL": "", "stores": ["ALPHA"], **values}


def test_a_role_is_made_from_the_table(owner: Administrator) -> None:
    response = as_staff(owner).post("/admin/loyalty/role/add/", role_form())

    assert response.status_code == 302
    role = Role.objects.get(name="Till")
    assert [(p.resource, p.access) for p in role.permissions.all()] == [("BADGE", "MODIFY")]
    assert [store.code for store in role.stores.all()] == ["ALPHA"]
    event = Event.across_stores.get(name=EventName.ROLE_CREATED, subject_id=str(role.id))
    assert (event.actor_id, event.source) == (owner.id, "admin")


def test_a_role_cannot_give_what_its_maker_lacks(owner: Administrator) -> None:
    response = as_staff(owner).post("/admin/loyalty/role/add/", role_form(on_CUSTOMER="VIEW"))

    assert response.status_code == 200
    assert "Your roles do not allow this" in response.text
    assert not Role.objects.filter(name="Till").exists()


def test_a_foreign_store_is_no_choice_for_a_role(owner: Administrator) -> None:
    client = as_staff(owner)

    response = client.post("/admin/loyalty/role/add/", role_form(stores=["BETA"]))

    assert "BETA is not one of the available choices" in response.text
    assert "Beta" not in client.get("/admin/loyalty/role/add/").text
    assert not Role.objects.filter(name="Till").exists()


def test_a_role_that_reaches_further_is_only_to_look_at(owner: Administrator, store: Store) -> None:
    stronger = make_role((Resource.WEBHOOK_SUBSCRIPTION, Access.MODIFY), stores=(store,))
    client = as_staff(owner)
    path = f"/admin/loyalty/role/{stronger.id}"

    assert client.get(f"{path}/change/").status_code == 200
    assert client.post(f"{path}/change/", role_form()).status_code == 403
    assert client.post(f"{path}/delete/").status_code == 403
    stronger.refresh_from_db()
    assert stronger.name != "Till"


def test_the_master_role_is_not_there_for_others(
    owner: Administrator, root: Administrator, master_role: Role
) -> None:
    client = as_staff(owner)

    assert client.get(f"/admin/loyalty/role/{master_role.id}/change/").status_code == 404
    assert "Super admin" not in client.get("/admin/loyalty/role/").text


def test_the_master_role_stays(root: Administrator, master_role: Role) -> None:
    response = as_staff(root).post(f"/admin/loyalty/role/{master_role.id}/delete/")

    assert response.status_code == 422
    assert "The master role cannot be deleted." in response.text
    assert Role.objects.filter(id=master_role.id).exists()


def test_a_role_is_deleted_when_that_is_confirmed(owner: Administrator, store: Store) -> None:
    role = make_role((Resource.BADGE, Access.VIEW), stores=(store,))
    client = as_staff(owner)
    path = f"/admin/loyalty/role/{role.id}/delete/"

    assert client.get(path).status_code == 200
    assert Role.objects.filter(id=role.id).exists()
    assert client.post(path).status_code == 302
    assert not Role.objects.filter(id=role.id).exists()


# --- Administrators ---------------------------------------------------------------------------


def test_an_administrator_is_added_with_a_role_of_ones_own(owner: Administrator) -> None:
    role = owner.roles.get()
    form = {"email": "new@example.com", "password": "a fine long password", "roles": [role.id]}

    response = as_staff(owner).post("/admin/loyalty/administrator/add/", form | {"is_active": "on"})

    assert response.status_code == 302
    assert Administrator.objects.get(email="new@example.com").roles.get() == role


def test_the_master_role_cannot_be_handed_out_by_others(
    owner: Administrator, root: Administrator, master_role: Role
) -> None:
    form = {"email": "x@example.com", "password": "a fine long password", "roles": [master_role.id]}

    response = as_staff(owner).post("/admin/loyalty/administrator/add/", form)

    assert "not one of the available choices" in response.text
    assert not Administrator.objects.filter(email="x@example.com").exists()


def test_a_short_password_is_refused_at_its_field(owner: Administrator) -> None:
    form = {"email": "x@example.com", "password": "short", "roles": [owner.roles.get().id]}

    response = as_staff(owner).post("/admin/loyalty/administrator/add/", form)

    assert "password" in response.context["adminform"].form.errors
    assert not Administrator.objects.filter(email="x@example.com").exists()


def test_super_admins_are_not_there_for_others(owner: Administrator, root: Administrator) -> None:
    client = as_staff(owner)
    path = f"/admin/loyalty/administrator/{root.id}/change/"

    assert "root@example.com" not in client.get("/admin/loyalty/administrator/").text
    assert client.get(path).status_code == 404
    assert client.post(path, {"email": "taken@example.com"}).status_code == 404


def test_nobody_locks_themselves_out(root: Administrator, master_role: Role) -> None:
    path = f"/admin/loyalty/administrator/{root.id}/change/"

    response = as_staff(root).post(path, {"email": "root@example.com", "first_name": "Ruth"})

    assert response.status_code == 302
    root.refresh_from_db()
    assert (root.first_name, root.is_active, root.roles.get()) == ("Ruth", True, master_role)


# --- API keys ---------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_works(manager: Administrator, store: Store) -> None:
    client = as_staff(manager)

    response = client.post("/admin/loyalty/apikey/add/", {"name": "Shop", "owner": str(manager.id)})

    token = response.context["token"]
    assert token in response.text
    assert "no-store" in response["Cache-Control"]
    answer = Client().get("/api/ALPHA/badge-type", headers={"X-AUTH-TOKEN": token})
    assert answer.status_code == 200
    assert token not in client.get("/admin/loyalty/apikey/").text


def test_a_revoked_key_is_refused(manager: Administrator, store: Store) -> None:
    token = make_api_key(manager)
    key = ApiKey.objects.get(administrator=manager)

    response = as_staff(manager).post(f"/admin/loyalty/apikey/{key.id}/delete/")

    assert response.status_code == 302
    answer = Client().get("/api/ALPHA/badge-type", headers={"X-AUTH-TOKEN": token})
    assert answer.status_code == 401


def test_keys_of_others_are_not_there(
    manager: Administrator, root: Administrator, viewer: Administrator
) -> None:
    make_api_key(root, name="Root's own")
    foreign = ApiKey.objects.get(administrator=root)
    client = as_staff(manager)

    assert "Root&#x27;s own" not in client.get("/admin/loyalty/apikey/").text
    assert client.get(f"/admin/loyalty/apikey/{foreign.id}/change/").status_code == 404
    assert client.post(f"/admin/loyalty/apikey/{foreign.id}/delete/").status_code == 404
    form = {"name": "For root", "owner": str(root.id)}
    assert "Select a valid choice" in client.post("/admin/loyalty/apikey/add/", form).text
    assert ApiKey.objects.count() == 1


# --- Stores -----------------------------------------------------------------------------------


def store_form(**values: Any) -> dict[str, Any]:
    return {
        "name": "Alpha", "currency": "PLN", "active": "on", "timezone": "Europe/Warsaw",
        "locales": "en, pl", "default_locale": "en", "identification_method": "email", **values,
    }  # fmt: skip


def test_a_store_and_its_settings_are_changed(owner: Administrator, store: Store) -> None:
    path = f"/admin/loyalty/store/{store.id}/change/"

    response = as_staff(owner).post(path, store_form())

    assert response.status_code == 302
    store.refresh_from_db()
    assert (store.currency, store.timezone) == ("PLN", "Europe/Warsaw")
    assert Event.for_store(store).filter(name=EventName.STORE_UPDATED).get().actor_id == owner.id


def test_settings_alone_do_not_open_the_store_itself(manager: Administrator, store: Store) -> None:
    path = f"/admin/loyalty/store/{store.id}/change/"

    as_staff(manager).post(path, store_form(name="Mine"))

    store.refresh_from_db()
    assert (store.name, store.currency) == ("Alpha", "EUR")
    assert store.timezone == "Europe/Warsaw"


def test_a_language_that_is_none_is_refused_at_its_field(
    owner: Administrator, store: Store
) -> None:
    path = f"/admin/loyalty/store/{store.id}/change/"

    response = as_staff(owner).post(path, store_form(locales="en, !"))

    assert response.context["adminform"].form.errors == {
        "locales": ["This value is not a valid locale."]
    }


def test_a_foreign_store_is_not_there(owner: Administrator, other_store: Store) -> None:
    client = as_staff(owner)
    path = f"/admin/loyalty/store/{other_store.id}"

    assert client.get(f"{path}/change/").status_code == 404
    assert client.post(f"{path}/change/", store_form()).status_code == 404
    assert client.get(f"{path}/history/").status_code == 404
    assert client.get("/admin/?store=BETA").status_code == 404
    assert "Beta" not in client.get("/admin/loyalty/store/").text


def test_a_reserved_code_is_refused_at_its_field(root: Administrator) -> None:
    form = store_form(code="admin", name="New")

    response = as_staff(root).post("/admin/loyalty/store/add/", form)

    assert response.context["adminform"].form.errors == {"code": ["This code is reserved."]}
    assert Store.objects.count() == 2
