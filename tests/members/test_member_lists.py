"""Lists of members: by hand, by name and from a file."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from django.core.files.base import ContentFile

from loyalty.models import Access, Event, Resource, Store
from members.models import ExternalKind, ListedMember, Member, MemberList, TouchedMember
from members.services.external_identifiers import set_external_identifier
from tests.architecture.worlds import do_all_jobs
from tests.builders import TESTER, admin_token, make_administrator, make_member, make_role
from tests.clients import Answer, ApiClient, streamed

LISTS = "/api/ALPHA/memberList"
NAMES = ["email=ANNA@example.com", "phone=+48600100200", "email=berta@example.com", "phone=+1"]


@pytest.fixture
def vip(as_manager: ApiClient, store: Store, member: Member) -> str:
    make_member(store, email="berta@example.com")
    answer = as_manager.post(LISTS, {"memberList": {"name": "VIP"}})
    assert answer.status_code == 200
    return f"{LISTS}/{answer.json()['memberListId']}"


def listed(client: ApiClient, url: str) -> list[str]:
    return [item["email"] for item in client.get(f"{url}/member").json()["items"]]


def touched(store: Store) -> list[tuple[str, bool]]:
    rows = TouchedMember.across_stores.filter(store_id=store.id).order_by("id")
    found = [(row.input.partition(":")[0], row.takes_away) for row in rows]
    rows.delete()
    return found


def upload(client: ApiClient, url: str, content: bytes) -> Answer:
    return client.upload(f"{url}/csv", {"file": ContentFile(content, name="list.csv")})


def test_a_list_is_made_renamed_and_deleted(as_manager: ApiClient, store: Store, vip: str) -> None:
    body = {"memberList": {"name": "VIP"}}
    taken = as_manager.post(LISTS, body)
    assert (taken.status_code, taken.json()["errors"][0]["path"]) == (400, "memberList.name")

    assert as_manager.put(vip, {"memberList": {"name": "Friends"}}).status_code == 204

    assert as_manager.get(vip).json()["name"] == "Friends"
    assert [item["name"] for item in as_manager.get(LISTS).json()["items"]] == ["Friends"]
    as_manager.post(f"{vip}/member", {"members": NAMES})
    touched(store)
    assert as_manager.delete(vip).status_code == 204
    assert as_manager.get(vip).status_code == 404
    assert touched(store) == [("list", True)] * 2
    assert not ListedMember.for_store(store).exists()
    names = Event.for_store(store).filter(subject_kind="memberList").order_by("sequence")
    assert list(names.values_list("name", flat=True)) == [
        "MemberListCreated", "MemberListUpdated", "MemberListUpdated", "MemberListDeleted",
    ]  # fmt: skip


def test_members_are_put_on_and_taken_off(
    as_manager: ApiClient, store: Store, member: Member, vip: str
) -> None:
    first = as_manager.post(f"{vip}/member", {"members": NAMES})
    again = as_manager.post(f"{vip}/member", {"members": NAMES[:1]})

    assert first.json() == {"changed": 2, "unchanged": 0, "unknown": ["phone=+1"]}
    assert again.json() == {"changed": 0, "unchanged": 1, "unknown": []}
    assert sorted(listed(as_manager, vip)) == ["anna@example.com", "berta@example.com"]
    assert touched(store) == [("list", False)] * 2

    gone = as_manager.delete(f"{vip}/member", {"members": [str(member.id), str(uuid4())]})
    assert (gone.json()["changed"], len(gone.json()["unknown"])) == (1, 1)
    assert listed(as_manager, vip) == ["berta@example.com"]
    assert touched(store) == [("list", True)]
    too_many = as_manager.post(f"{vip}/member", {"members": NAMES * 251})
    assert too_many.status_code == 400


def test_a_file_is_put_on_a_list_once(
    as_manager: ApiClient, store: Store, member: Member, vip: str
) -> None:
    set_external_identifier(
        store, member=member, kind=ExternalKind.WALLET_ADDRESS, value="w1", actor=TESTER
    )
    file = (
        "id,email,walletAddress\n"
        ",berta@example.com,\n"
        ",,w1\n"
        f"{member.id},,\n"
        ",nobody@example.com,\n"
        "7,,\n"
        ",,\n"
    ).encode()

    job_id = upload(as_manager, vip, file).json()["importId"]
    do_all_jobs()

    reader = make_role(
        (Resource.IMPORT, Access.VIEW), (Resource.CUSTOMER, Access.VIEW), stores=(store,)
    )
    client = ApiClient.with_token(admin_token(make_administrator(reader)))
    (found,) = client.get("/api/ALPHA/import").json()["items"]
    facts: dict[str, Any] = {name: found[name] for name in ("type", "status", "succeeded")}
    assert facts == {"type": "listMembers", "status": "error", "succeeded": 3}
    report = streamed(client.get(f"/api/ALPHA/import/{job_id}/report")).decode().splitlines()
    assert [line.partition(",")[0] for line in report[1:]] == ["5", "6"]
    assert sorted(listed(client, vip)) == ["anna@example.com", "berta@example.com"]
    assert touched(store) == [("list", False)] * 2

    upload(as_manager, vip, file)
    do_all_jobs()
    assert ListedMember.for_store(store).count() == 2
    assert touched(store) == []


def test_a_job_on_a_list_that_is_gone_fails(as_manager: ApiClient, store: Store, vip: str) -> None:
    answer = upload(as_manager, vip, b"email\nanna@example.com\n")
    as_manager.delete(vip)

    do_all_jobs()

    assert answer.status_code == 202
    assert not MemberList.for_store(store).filter(id=UUID(vip.rpartition("/")[2])).exists()
    assert not ListedMember.for_store(store).exists()
    assert upload(as_manager, vip, b"email\nanna@example.com\n").status_code == 404


def test_a_viewer_changes_no_list(as_viewer: ApiClient, store: Store, vip: str) -> None:
    assert as_viewer.get(f"{vip}/member").status_code == 200
    assert as_viewer.post(LISTS, {"memberList": {"name": "x"}}).status_code == 403
    assert as_viewer.post(f"{vip}/member", {"members": NAMES}).status_code == 403
    assert as_viewer.delete(vip).status_code == 403
    assert upload(as_viewer, vip, b"email\nanna@example.com\n").status_code == 403
    assert not ListedMember.for_store(store).exists()
