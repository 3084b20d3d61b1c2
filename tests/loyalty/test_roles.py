"""Roles and what they reach: nobody hands out, changes or takes away what they do not have."""

from typing import Any

import pytest

from loyalty.models import Access, Administrator, Event, Resource, Role, Store
from tests.builders import admin_token, make_administrator, make_role
from tests.clients import ApiClient

URL = "/api/acl/role"
BADGES = {"resource": "BADGE", "access": "MODIFY"}


@pytest.fixture
def lead(store: Store, other_store: Store) -> Administrator:
    """May manage people and roles of `store`, and do everything to its badges."""
    role = make_role(
        (Resource.ACL, Access.MODIFY), (Resource.ADMIN, Access.MODIFY),
        (Resource.BADGE, Access.MODIFY), (Resource.CUSTOMER, Access.VIEW),
        stores=(store,), name="lead",
    )  # fmt: skip
    return make_administrator(role, email="lead@example.com")


@pytest.fixture
def as_lead(lead: Administrator) -> ApiClient:
    return ApiClient.with_token(admin_token(lead))


def body(name: str = "new", **more: Any) -> dict[str, Any]:
    return {"role": {"name": name, "permissions": [BADGES], "stores": ["ALPHA"], **more}}


def state() -> list[tuple[Any, ...]]:
    """Every role with its permissions, stores and holders, and how many events there are."""
    return [
        (
            role.name, role.is_master, role.is_default,
            sorted(str(permission) for permission in role.permissions.all()),
            sorted(store.code for store in role.stores.all()),
            sorted(person.email for person in role.administrators.all()),
        )
        for role in Role.objects.all()
    ] + [(Event.across_stores.count(),)]  # fmt: skip


def test_a_role_is_made_read_changed_and_deleted(as_root: ApiClient, store: Store) -> None:
    made = as_root.post(URL, body(default=True))

    assert (made.status_code, made.content) == (201, b"")
    role = Role.objects.get(name="new")
    permission = role.permissions.get()
    assert as_root.get(f"{URL}/{role.id}").json() == {
        "id": role.id,
        "name": "new",
        "role": f"ROLE_{role.id}",
        "master": False,
        "default": True,
        "stores": ["ALPHA"],
        "permissions": [{**BADGES, "id": permission.id, "filterQuery": None}],
    }
    changed = as_root.put(
        f"{URL}/{role.id}",
        {"role": {"name": "changed", "permissions": [BADGES, BADGES], "stores": ["beta", "ALPHA"]}},
    )
    assert (changed.status_code, changed.content) == (204, b"")
    assert state()[-2] == ("changed", False, False, ["BADGE: MODIFY"], ["ALPHA", "BETA"], [])
    assert as_root.delete(f"{URL}/{role.id}").status_code == 204
    assert as_root.get(f"{URL}/{role.id}").status_code == 404
    names = Event.across_stores.filter(subject_id=str(role.id)).order_by("sequence")
    assert [event.name for event in names] == ["RoleCreated", "RoleUpdated", "RoleDeleted"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"name": ""}, "role.name"),
        ({"permissions": [{"resource": "NONSENSE", "access": "VIEW"}]},
         "role.permissions.0.resource"),
        ({"permissions": [{"resource": "BADGE", "access": "OWN"}]}, "role.permissions.0.access"),
        ({"permissions": [{"resource": "BADGE"}]}, "role.permissions.0.access"),
        ({"permissions": [{**BADGES, "filterQuery": "x = 1"}]},
         "role.permissions.0.filterQuery"),
        ({"stores": ["NOWHERE"]}, "role.stores"),
        ({"master": True}, "role.master"),
        ({"isMaster": True}, "role.isMaster"),
        ({"name": "SUPER ADMIN"}, "role.name"),
    ],
)  # fmt: skip
def test_a_bad_role_is_refused_and_nothing_is_written(
    wrong: dict[str, Any], path: str, as_root: ApiClient, store: Store
) -> None:
    before = state()

    answer = as_root.post(URL, body(**wrong))

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert state() == before


def test_the_master_role_stays(as_root: ApiClient, master_role: Role) -> None:
    before = state()

    answer = as_root.delete(f"{URL}/{master_role.id}")

    assert (answer.status_code, answer.json()) == (
        409, {"code": 409, "message": "The master role cannot be deleted."},
    )  # fmt: skip
    assert state() == before


# --- Ways up, all closed -------------------------------------------------------------------------


def test_a_lead_makes_a_role_within_their_reach(as_lead: ApiClient) -> None:
    view = {"resource": "CUSTOMER", "access": "VIEW"}

    assert as_lead.post(URL, body(permissions=[BADGES, view])).status_code == 201

    assert state()[-2] == (
        "new", False, False, ["BADGE: MODIFY", "CUSTOMER: VIEW"], ["ALPHA"], [],
    )  # fmt: skip


@pytest.mark.parametrize(
    "beyond",
    [
        {"permissions": [{"resource": "CUSTOMER", "access": "MODIFY"}]},
        {"permissions": [{"resource": "STORES", "access": "VIEW"}]},
        {"permissions": [BADGES, {"resource": "SETTINGS", "access": "VIEW"}]},
        {"stores": ["BETA"]},
        {"stores": ["ALPHA", "BETA"]},
        # No permission, and yet a way in: it would show who works in BETA.
        {"stores": ["BETA"], "permissions": []},
        {"stores": ["beta"], "permissions": []},
        {"stores": ["NOWHERE"]},
    ],
)
def test_nobody_makes_or_changes_a_role_beyond_their_reach(
    beyond: dict[str, Any], as_lead: ApiClient, store: Store
) -> None:
    small = make_role((Resource.BADGE, Access.VIEW), stores=(store,), name="small")
    before = state()

    for answer in (
        as_lead.post(URL, body(**beyond)), as_lead.put(f"{URL}/{small.id}", body(**beyond)),
    ):  # fmt: skip
        assert (answer.status_code, answer.json()) == (403, {"code": 403, "message": "Forbidden."})

    assert state() == before


def test_a_role_that_may_more_can_be_neither_changed_nor_deleted(
    as_lead: ApiClient, store: Store, other_store: Store, master_role: Role
) -> None:
    stronger = make_role((Resource.SETTINGS, Access.VIEW), stores=(store,), name="stronger")
    wider = make_role((Resource.BADGE, Access.VIEW), stores=(store, other_store), name="wider")
    foreign = make_role((Resource.BADGE, Access.VIEW), stores=(other_store,), name="foreign")
    before = state()

    for role, status in ((stronger, 403), (wider, 403), (foreign, 404), (master_role, 404)):
        assert as_lead.put(f"{URL}/{role.id}", body()).status_code == status
        assert as_lead.delete(f"{URL}/{role.id}").status_code == status

    assert state() == before


def test_a_lead_lists_the_roles_of_their_stores(
    as_lead: ApiClient, as_root: ApiClient, other_store: Store, manager: Administrator
) -> None:
    make_role((Resource.BADGE, Access.VIEW), stores=(other_store,), name="foreign")

    seen = {role["name"] for role in as_lead.get(URL).json()["items"]}

    assert "lead" in seen
    assert manager.roles.get().name in seen
    assert not {"foreign", "Super admin"} & seen
    assert len(as_root.get(URL).json()["items"]) == Role.objects.count() == len(seen) + 2


def test_whoever_may_only_look_changes_nothing(store: Store) -> None:
    seer = make_administrator(make_role((Resource.ACL, Access.VIEW), stores=(store,), name="seer"))
    client, role = ApiClient.with_token(admin_token(seer)), Role.objects.get(name="seer")
    before = state()

    assert client.get(URL).status_code == 200
    for answer in (
        client.post(URL, body()), client.put(f"{URL}/{role.id}", body()),
        client.delete(f"{URL}/{role.id}"),
    ):  # fmt: skip
        assert answer.status_code == 403

    assert state() == before


def test_what_there_is_to_permit(as_root: ApiClient) -> None:
    accesses = as_root.get("/api/acl/accesses").json()
    resources = as_root.get("/api/acl/resources").json()

    assert accesses == {
        "items": [{"code": "VIEW", "name": "View"}, {"code": "MODIFY", "name": "Modify"}],
        "total": {"all": 2, "filtered": 2, "estimated": False},
    }
    assert {"code": "BADGE", "name": "Badges"} in resources["items"]
    assert len(resources["items"]) == len(Resource) == resources["total"]["all"]


def test_a_list_of_roles_costs_the_same_for_many(
    as_root: ApiClient, store: Store, django_assert_max_num_queries: Any
) -> None:
    for number in range(20):
        make_role((Resource.BADGE, Access.VIEW), stores=(store,), name=f"role {number:02d}")
    as_root.get(URL)

    with django_assert_max_num_queries(6):
        page = as_root.get(f"{URL}?_itemsOnPage=50&name[like]=ROLE&_orderBy[name]=desc").json()

    assert [role["name"] for role in page["items"]][:2] == ["role 19", "role 18"]
    assert page["total"] == {"all": 21, "filtered": 20, "estimated": False}
