"""API keys: made, shown once, used, renamed, revoked; and what of them is kept."""

import zlib
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.utils import timezone

from loyalty.models import Access, Administrator, ApiKey, Event, Resource, Store
from loyalty.services.sessions import Owner, open_session
from members.models import Member
from tests.builders import PASSWORD, admin_token, make_administrator, make_api_key, make_role
from tests.clients import ApiClient


def url(administrator: Administrator) -> str:
    return f"/api/admin/{administrator.id}/api-key"


def test_a_key_is_shown_once_and_works(as_manager: ApiClient, manager: Administrator) -> None:
    end = "2100-01-01T00:00:00Z"
    answer = as_manager.post(url(manager), {"apiKey": {"name": "shop", "expirationDate": end}})

    made = answer.json()
    row = ApiKey.objects.get()
    assert (answer.status_code, made) == (
        200,
        {
            "apiKeyId": str(row.id),
            "token": made["token"],
            "adminId": str(manager.id),
            "name": "shop",
            "legacy": False,
            "expirationDate": "2100-01-01T00:00:00+00:00",
        },
    )
    assert answer["Cache-Control"] == "no-store"
    client = ApiClient.with_key(made["token"])
    assert client.get("/api/ALPHA/badge-type").status_code == 200
    assert ApiClient().get(f"/api/ALPHA/badge-type?auth_token={made['token']}").status_code == 200
    listed = as_manager.get(url(manager)).json()
    assert listed == {
        "items": [{**made, "token": f"{row.public_part}_…"}],
        "total": {"all": 1, "filtered": 1, "estimated": False},
    }


def test_a_key_ends_in_a_checksum(as_manager: ApiClient, manager: Administrator) -> None:
    token = as_manager.post(url(manager), {"apiKey": {"name": "shop"}}).json()["token"]

    prefix, public, secret = token.split("_")
    assert (prefix, len(public), len(secret)) == ("rsk", 8, 72)
    assert secret[64:] == f"{zlib.crc32(secret[:64].encode()):08x}"


@pytest.mark.parametrize(
    "change",
    [
        lambda key: key[:-1],
        lambda key: f"{key}0",
        lambda key: key.upper(),
        lambda key: key[:13] + "0" * 72,
        lambda key: key.rpartition("_")[0],
    ],
)
def test_a_key_that_is_nearly_right_is_wrong(
    change: Callable[[str], str], manager: Administrator, store: Store
) -> None:
    answer = ApiClient.with_key(change(make_api_key(manager))).get("/api/ALPHA/badge-type")

    assert (answer.status_code, answer.json()["message"]) == (401, "Invalid JWT Token")


def test_a_key_is_renamed_and_gets_an_end(as_manager: ApiClient, manager: Administrator) -> None:
    client = ApiClient.with_key(make_api_key(manager))
    row = ApiKey.objects.get()
    past = (timezone.now() - timedelta(hours=1)).isoformat()

    answer = as_manager.put(
        f"{url(manager)}/{row.id}", {"apiKey": {"name": "old", "expirationDate": past}}
    )

    assert (answer.status_code, answer.content) == (204, b"")
    row.refresh_from_db()
    assert (row.name, row.expires_at.isoformat() if row.expires_at else "") == ("old", past)
    assert client.get("/api/ALPHA/badge-type").status_code == 401


def test_a_revoked_key_is_gone(as_manager: ApiClient, manager: Administrator) -> None:
    key = make_api_key(manager)
    row = ApiKey.objects.get()

    assert as_manager.delete(f"{url(manager)}/{row.id}").status_code == 204

    assert not ApiKey.objects.exists()
    assert ApiClient.with_key(key).get("/api/ALPHA/badge-type").status_code == 401
    assert as_manager.delete(f"{url(manager)}/{row.id}").status_code == 404
    names = list(Event.across_stores.filter(subject_kind="apiKey").values_list("name", flat=True))
    assert sorted(names) == ["ApiKeyCreated", "ApiKeyRevoked"]


def test_keys_of_others_need_permission_and_reach(
    store: Store, other_store: Store, manager: Administrator, root: Administrator
) -> None:
    """A key stands for its owner, so a key for somebody stronger would be a way up."""
    seer = make_administrator(make_role((Resource.ADMIN, Access.VIEW), stores=(store,)))
    lead = make_administrator(
        make_role(
            (Resource.ADMIN, Access.MODIFY), (Resource.BADGE, Access.MODIFY),
            (Resource.CUSTOMER, Access.MODIFY), (Resource.SETTINGS, Access.MODIFY),
            stores=(store,),
        )
    )  # fmt: skip
    stranger = make_administrator(make_role((Resource.BADGE, Access.VIEW), stores=(other_store,)))
    body = {"apiKey": {"name": "x"}}

    def post(caller: Administrator, owner: Administrator) -> int:
        client = ApiClient.with_token(admin_token(caller))
        return client.post(url(owner), body).status_code

    assert post(seer, seer) == 200  # One's own.
    assert post(seer, manager) == 403  # May only look.
    assert post(lead, manager) == 200
    assert post(manager, lead) == 403  # Has no permission about administrators at all.
    assert post(lead, root) == 404  # Shares no store in a way that can be seen.
    assert post(lead, stranger) == 404
    root.roles.add(make_role((Resource.BADGE, Access.VIEW), stores=(store,)))
    assert post(lead, root) == 403  # Can be seen, and may do more.
    assert ApiKey.objects.filter(administrator=root).count() == 0


def test_a_key_is_found_only_below_its_owner(
    as_root: ApiClient, manager: Administrator, viewer: Administrator
) -> None:
    make_api_key(manager)
    row = ApiKey.objects.get(administrator=manager)

    for method in ("PUT", "DELETE"):
        answer = as_root.request(method, f"{url(viewer)}/{row.id}", {"apiKey": {"name": "stolen"}})
        assert answer.status_code == 404
    assert as_root.delete(f"{url(manager)}/{uuid4()}").status_code == 404
    assert ApiKey.objects.get(id=row.id).name == row.name


def test_when_a_key_was_used_is_noted_to_the_hour(manager: Administrator, store: Store) -> None:
    client = ApiClient.with_key(make_api_key(manager))

    client.get("/api/ALPHA/badge-type")
    first = ApiKey.objects.get().last_used_at
    client.get("/api/ALPHA/badge-type")
    again = ApiKey.objects.get().last_used_at
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(hours=2))
    client.get("/api/ALPHA/badge-type")
    later = ApiKey.objects.get().last_used_at

    assert first is not None
    assert first == again
    assert later is not None
    assert later > first


def test_what_a_key_does_is_written_down_as_the_keys_doing(
    manager: Administrator, store: Store
) -> None:
    client = ApiClient.with_key(make_api_key(manager, name="shop"))
    client.post(
        "/api/ALPHA/badge-type",
        {"badgeType": {"systemCode": "x", "translations": {"en": {"name": "X"}}}},
    )

    event = Event.for_store(store).get(name="BadgeTypeCreated")
    assert (event.actor_kind, event.actor_id, event.actor_label, event.source, event.address) == (
        "api_key", ApiKey.objects.get().id, "manager@example.com (shop)", "api", "127.0.0.1",
    )  # fmt: skip


# --- At rest ------------------------------------------------------------------------------------


def whole_database() -> str:
    """Every value of every table as text; bytes also as they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'"
        )
        tables = [name for (name,) in cursor.fetchall()]
        texts = []
        for table in tables:
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            texts += [text for (text,) in cursor.fetchall()]
    return "\n".join(texts)


def test_no_secret_can_be_read_from_the_database(
    as_manager: ApiClient, anonymous: ApiClient, manager: Administrator, member: Member
) -> None:
    secrets = [PASSWORD]
    for key in ("", "the-key-of-a-retry"):
        headers = {"Idempotency-Key": key} if key else {}
        made = as_manager.post(url(manager), {"apiKey": {"name": "shop"}}, **headers).json()
        secrets += [made["token"], made["token"].rpartition("_")[2]]
    for login, name in (
        ("/api/admin/login_check", manager.username),
        ("/api/ALPHA/member/login_check", "anna@example.com"),
    ):
        session = anonymous.post(login, {"username": name, "password": PASSWORD}).json()
        secrets += [session["refresh_token"], session["token"]]
    secrets.append(open_session(Owner(administrator_id=manager.id), now=timezone.now()))
    refreshed = anonymous.post("/api/token/refresh", {"refresh_token": secrets[-1]}).json()
    secrets.append(refreshed["refresh_token"])
    as_manager.put(
        "/api/admin/password", {"currentPassword": PASSWORD, "plainPassword": "a quite new secret"}
    )
    secrets.append("a quite new secret")

    kept = whole_database()

    assert len(set(secrets)) == 12
    assert manager.username in kept, "The dump is empty."
    for secret in secrets:
        assert secret not in kept
        assert secret.encode().hex() not in kept
