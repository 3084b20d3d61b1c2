"""Points and member lists in the admin."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client

from loyalty.models import Access, Administrator, Resource, Store
from members.models import ListedMember, Member, MemberList, PointsEntry
from tests.architecture.worlds import do_all_jobs
from tests.builders import give_points, make_administrator, make_role

KEY = "0" * 24


def client_of(administrator: Administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def cashier(store: Store) -> Client:
    role = make_role(
        (Resource.CUSTOMER, Access.MODIFY), (Resource.POINT_TRANSFER, Access.MODIFY),
        stores=(store,),
    )  # fmt: skip
    return client_of(make_administrator(role))


def move(**values: Any) -> dict[str, Any]:
    return {
        "what": "add", "points": "12.50", "wallet": "default", "comment": "Sorry",
        "once": KEY, **values,
    }  # fmt: skip


def test_points_are_added_once_a_page_and_shown(
    cashier: Client, store: Store, member: Member
) -> None:
    page = f"/admin/members/member/{member.id}"

    for _ in range(2):
        assert cashier.post(f"{page}/points/", move()).status_code == 302

    (entry,) = PointsEntry.for_store(store)
    assert (entry.amount, entry.comment, entry.source) == (Decimal("12.50"), "Sorry", "admin")
    assert "12.50 points" in cashier.get(f"{page}/change/").content.decode()
    listed = cashier.get("/admin/members/pointsentry/?store=ALPHA").content.decode()
    assert "+12.50" in listed
    assert "Sorry" in cashier.get(
        f"/admin/members/pointsentry/{entry.id}/change/").content.decode()  # fmt: skip
    refused = cashier.post(f"{page}/points/", move(what="take", points="13", once="1" * 24))
    assert refused.status_code == 422
    assert "12.50 points, which is not enough" in refused.content.decode()
    assert cashier.post(
        f"{page}/points/", move(what="take", points="12", once="2" * 24)
    ).status_code == 302  # fmt: skip
    assert PointsEntry.for_store(store).count() == 2


def test_points_in_the_admin_have_their_own_permission(
    manager: Administrator, store: Store, member: Member
) -> None:
    give_points(store, member, 77)
    client, page = client_of(manager), f"/admin/members/member/{member.id}"

    assert client.post(f"{page}/points/", move()).status_code == 403
    assert client.get("/admin/members/pointsentry/?store=ALPHA").status_code == 403
    assert "77.00 points" not in client.get(f"{page}/change/").content.decode()
    assert PointsEntry.for_store(store).count() == 1


def test_a_list_is_made_and_filled_from_a_file(
    cashier: Client, store: Store, member: Member
) -> None:
    made = cashier.post("/admin/members/memberlist/add/?store=ALPHA", {"name": "VIP"})
    assert made.status_code == 302
    (row,) = MemberList.for_store(store)
    page = f"/admin/members/memberlist/{row.id}"

    assert cashier.get(f"{page}/upload/").status_code == 200
    file = ContentFile(b"email\nanna@example.com\n", name="vip.csv")
    assert cashier.post(f"{page}/upload/", {"file": file}).status_code == 302
    do_all_jobs()

    assert [entry.member_id for entry in ListedMember.for_store(store)] == [member.id]
    assert "VIP" in cashier.get("/admin/members/memberlist/?store=ALPHA").content.decode()
    bad = cashier.post(
        f"{page}/upload/", {"file": ContentFile(b"nonsense\n1\n", name="vip.csv")}
    )  # fmt: skip
    assert bad.status_code == 422
    assert cashier.post(f"{page}/change/", {"name": "Friends"}).status_code == 302
    assert MemberList.for_store(store).get().name == "Friends"
    assert cashier.post(f"{page}/delete/").status_code == 302
    assert not MemberList.for_store(store).exists()
