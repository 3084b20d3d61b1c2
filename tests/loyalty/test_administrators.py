"""Administrators: read, made, changed; and nobody gains by it what they do not have."""

from typing import Any
from uuid import uuid4

import pytest

from loyalty.models import Access, Administrator, Event, Resource, Role, Store
from tests.builders import PASSWORD, admin_token, make_administrator, make_role
from tests.clients import ApiClient

NEW, LIST = "/api/admin/data", "/api/admin"
FORBIDDEN = (403, {"code": 403, "message": "Forbidden."})


@pytest.fixture
def lead(store: Store, other_store: Store) -> Administrator:
    """May manage the people of `store`."""
    role = make_role(
        (Resource.ADMIN, Access.MODIFY), (Resource.BADGE, Access.MODIFY),
        stores=(store,), name="lead",
    )  # fmt: skip
    return make_administrator(role, email="lead@example.com")


@pytest.fixture
def as_lead(lead: Administrator) -> ApiClient:
    return ApiClient.with_token(admin_token(lead))


@pytest.fixture
def helper(store: Store) -> Administrator:
    """Somebody who may do less than the lead."""
    role = make_role((Resource.BADGE, Access.VIEW), stores=(store,), name="helper")
    return make_administrator(role, email="helper@example.com")


def body(**more: Any) -> dict[str, Any]:
    return {"admin": {"email": "new@example.com", "plainPassword": PASSWORD, "roles": [], **more}}


def state() -> list[Any]:
    people = Administrator.objects.order_by("email")
    return [
        (person.email, person.password, person.is_active, sorted(role.id for role in
         person.roles.all()))
        for person in people
    ] + [Event.across_stores.count()]  # fmt: skip


def url(administrator: Administrator) -> str:
    return f"{NEW}/{administrator.id}"


def test_an_administrator_is_made_and_read(as_root: ApiClient, manager: Administrator) -> None:
    role = manager.roles.get()
    made = as_root.post(
        NEW, body(firstName="Ann", lastName="Lee", phone="+1", roles=[role.id], isActive=True)
    )

    person = Administrator.objects.get(email="new@example.com")
    assert (made.status_code, made.json()) == (200, {"adminId": str(person.id)})
    read = as_root.get(url(person)).json()
    assert read == {
        "id": str(person.id),
        "username": "new@example.com",
        "isActive": True,
        "createdAt": person.created_at.isoformat(),
        "roles": [role.id],
        "email": "new@example.com",
        "phone": "+1",
        "firstName": "Ann",
        "lastName": "Lee",
        "external": False,
        "canChangePassword": True,
        "dtype": "admin",
    }
    found = as_root.get(f"{LIST}?email=new@example.com").json()
    assert found["items"] == [read]
    assert person.check_password(PASSWORD)


def test_an_administrator_is_changed(as_root: ApiClient, helper: Administrator) -> None:
    answer = as_root.put(
        url(helper), body(email="helper@example.com", firstName="Hel", plainPassword=f"{PASSWORD}!")
    )

    assert (answer.status_code, answer.json()) == (200, {"adminId": str(helper.id)})
    helper.refresh_from_db()
    assert (helper.first_name, helper.roles.count()) == ("Hel", 0)
    assert helper.check_password(f"{PASSWORD}!")
    event = Event.across_stores.filter(name="AdministratorUpdated").latest("sequence")
    assert event.data["changed"] == ["first_name", "password", "roles"]
    assert (len(event.data["before"]["roles"]), event.data["after"]) == (1, {"roles": []})


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"email": "no address"}, "admin.email"),
        ({"email": "MANAGER@example.com"}, "admin.email"),
        ({"plainPassword": "short"}, "admin.plainPassword"),
        ({"plainPassword": "password12345"}, "admin.plainPassword"),
        ({"plainPassword": "new@example.com"}, "admin.plainPassword"),
        ({"roles": [2_000_000_000]}, "admin.roles"),
        ({"roles": ["1"]}, "admin.roles.0"),
        ({"isMaster": True}, "admin.isMaster"),
        ({"is_staff": True}, "admin.is_staff"),
        ({"token_version": 0}, "admin.token_version"),
    ],
)
def test_a_bad_administrator_is_refused_and_nothing_is_written(
    wrong: dict[str, Any], path: str, as_root: ApiClient, manager: Administrator
) -> None:
    before = state()

    answer = as_root.post(NEW, body(**wrong))

    assert answer.status_code == 400
    assert {error["path"] for error in answer.json()["errors"]} == {path}
    assert state() == before


def test_whoever_logs_in_needs_a_password(as_root: ApiClient) -> None:
    without: dict[str, Any] = {"admin": {"email": "new@example.com", "roles": []}}
    refused = as_root.post(NEW, without)

    assert refused.json()["errors"][0]["path"] == "admin.plainPassword"
    without["admin"]["external"] = True
    assert as_root.post(NEW, without).status_code == 200
    assert not Administrator.objects.get(email="new@example.com").has_usable_password()


def test_default_roles_are_given_to_whoever_has_none(as_root: ApiClient, store: Store) -> None:
    default = make_role((Resource.BADGE, Access.VIEW), stores=(store,), is_default=True)

    as_root.post(NEW, body())

    assert list(Administrator.objects.get(email="new@example.com").roles.all()) == [default]


# --- Ways up, all closed -------------------------------------------------------------------------


def test_a_lead_hands_out_only_what_they_have(
    as_lead: ApiClient, lead: Administrator, helper: Administrator, master_role: Role,
    other_store: Store, store: Store,
) -> None:  # fmt: skip
    foreign = make_role((Resource.BADGE, Access.VIEW), stores=(other_store,), name="foreign")
    empty = make_role(stores=(other_store,), name="a way in and nothing more")
    strong = make_role((Resource.SETTINGS, Access.VIEW), stores=(store,), name="strong")
    before = state()

    for role_id in (master_role.id, foreign.id, empty.id, strong.id, 2_000_000_000):
        for answer in (
            as_lead.post(NEW, body(roles=[role_id])),
            as_lead.put(url(helper), body(email=helper.email, roles=[role_id])),
            as_lead.put(url(lead), body(email=lead.email, roles=[lead.roles.get().id, role_id])),
        ):
            assert (answer.status_code, answer.json()) == FORBIDDEN

    assert state() == before
    given = as_lead.post(NEW, body(roles=[helper.roles.get().id]))
    assert given.status_code == 200


def test_default_roles_do_not_lift_anybody(as_lead: ApiClient, store: Store) -> None:
    make_role((Resource.SETTINGS, Access.MODIFY), stores=(store,), is_default=True)
    before = state()

    assert as_lead.post(NEW, body()).status_code == 403

    assert state() == before


@pytest.mark.parametrize(
    "change",
    [
        {"plainPassword": f"{PASSWORD} taken over"},
        {"email": "mine@example.com"},
        {"isActive": False},
        {"roles": []},
    ],
)
def test_nobody_changes_somebody_who_may_more(
    change: dict[str, Any], as_lead: ApiClient, manager: Administrator, root: Administrator,
    store: Store,
) -> None:  # fmt: skip
    root.roles.add(make_role((Resource.BADGE, Access.VIEW), stores=(store,)))
    before = state()

    for person in (manager, root):
        answer = as_lead.put(url(person), {"admin": {"email": person.email, "roles": [], **change}})

        assert (answer.status_code, answer.json()) == FORBIDDEN
    assert state() == before


def test_people_of_other_stores_are_not_there(
    as_lead: ApiClient, root: Administrator, other_store: Store, helper: Administrator
) -> None:
    stranger = make_administrator(make_role((Resource.BADGE, Access.VIEW), stores=(other_store,)))
    before = state()

    for person_url in (url(root), url(stranger), f"{NEW}/{uuid4()}"):
        assert as_lead.get(person_url).status_code == 404
        assert as_lead.put(person_url, body()).status_code == 404

    assert state() == before
    seen = {person["email"] for person in as_lead.get(LIST).json()["items"]}
    assert seen == {"lead@example.com", "helper@example.com"}


def test_without_permission_one_is_not_shown_who_works_here(as_manager: ApiClient) -> None:
    for answer in (as_manager.get(LIST), as_manager.post(NEW, body())):
        assert (answer.status_code, answer.json()) == FORBIDDEN


def test_what_the_caller_may_do(
    as_root: ApiClient, as_viewer: ApiClient, viewer: Administrator, master_role: Role
) -> None:
    role = viewer.roles.get()

    assert as_root.get("/api/admin/permissions").json() == {
        "superAdmin": True, "roles": [f"ROLE_{master_role.id}"], "permissions": [],
    }  # fmt: skip
    assert as_viewer.get("/api/admin/permissions").json() == {
        "superAdmin": False,
        "roles": [f"ROLE_{role.id}"],
        "permissions": ["BADGE:VIEW", "CUSTOMER:VIEW"],
    }


# --- One's own password --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"currentPassword": "wrong", "plainPassword": f"{PASSWORD} 2"}, "currentPassword"),
        ({"currentPassword": PASSWORD, "plainPassword": "short"}, "plainPassword"),
        ({"currentPassword": PASSWORD, "plainPassword": "manager@example.com"}, "plainPassword"),
        ({"currentPassword": PASSWORD}, "plainPassword"),
        ({"currentPassword": PASSWORD, "plainPassword": "x" * 1025}, "plainPassword"),
    ],
)
def test_a_bad_new_password_changes_nothing(
    given: dict[str, str], path: str, as_manager: ApiClient, manager: Administrator
) -> None:
    before = state()

    answer = as_manager.put("/api/admin/password", given)

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert state() == before
    assert as_manager.get("/api/ALPHA/badge-type").status_code == 200


# --- Lists --------------------------------------------------------------------------------------


def test_a_filter_by_role_lists_nobody_twice(
    as_root: ApiClient, helper: Administrator, store: Store
) -> None:
    first = helper.roles.get()
    second = make_role((Resource.CUSTOMER, Access.VIEW), stores=(store,))
    helper.roles.add(second)

    for query in (f"role={first.id}", f"role[in]={first.id},{second.id}", f"role[gte]={first.id}"):
        found = as_root.get(f"{LIST}?{query}").json()

        assert [person["email"] for person in found["items"]].count("helper@example.com") == 1
        assert found["total"]["filtered"] == len(found["items"])


def test_a_list_of_people_costs_the_same_for_many(
    as_root: ApiClient, helper: Administrator, django_assert_max_num_queries: Any
) -> None:
    for _ in range(20):
        make_administrator(helper.roles.get())
    as_root.get(LIST)

    with django_assert_max_num_queries(4):
        page = as_root.get(f"{LIST}?_itemsOnPage=50").json()

    assert len(page["items"]) == page["total"]["all"] == 22
