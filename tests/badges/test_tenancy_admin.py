"""The admin's walls: a foreign row is a missing row, and looking is not touching."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Administrator, Event, Store
from members.models import Member
from tests.builders import give_badge, make_badge_type, make_member

# {t}: a badge type, {m}: a member.
PAGES = [
    "/admin/badges/badgetype/{t}/change/",
    "/admin/badges/badgetype/{t}/delete/",
    "/admin/badges/badgetype/{t}/history/",
    "/admin/badges/badgetype/{t}/hand-out/",
    "/admin/badges/badgetype/{t}/hand-out-many/",
    "/admin/members/member/{m}/change/",
    "/admin/members/member/{m}/delete/",
    "/admin/members/member/{m}/history/",
    "/admin/members/member/{m}/give-badge/",
    "/admin/members/member/{m}/password/",
    "/admin/members/member/{m}/activate/",
    "/admin/members/member/{m}/deactivate/",
    "/admin/members/member/{m}/anonymise/",
    "/admin/members/member/{m}/badges/{t}/",
]
LISTS = [
    "/admin/badges/badgetype/",
    "/admin/members/member/",
    "/admin/badges/memberbadge/",
    "/admin/badges/badgeentry/",
]
TO_LOOK_AT = {
    "/admin/badges/badgetype/{t}/change/",
    "/admin/badges/badgetype/{t}/history/",
    "/admin/members/member/{m}/change/",
    "/admin/members/member/{m}/history/",
}


def as_staff(administrator: Administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def foreign(other_store: Store) -> tuple[BadgeType, Member]:
    badge_type = make_badge_type(other_store, "secret", translations={"en": {"name": "Secret"}})
    member = make_member(other_store, email="secret@example.com")
    give_badge(other_store, member, badge_type)
    return badge_type, member


@pytest.fixture
def own(store: Store, badge_type: BadgeType, member: Member) -> tuple[BadgeType, Member]:
    give_badge(store, member, badge_type)
    return badge_type, member


def traces() -> tuple[int, int, list[object]]:
    """Everything that a change would leave."""
    counts = MemberBadge.across_stores.order_by("id").values_list("completed_count", flat=True)
    return Event.across_stores.count(), BadgeEntry.across_stores.count(), list(counts)


@pytest.mark.parametrize("page", PAGES)
def test_a_foreign_row_is_a_missing_row(
    manager: Administrator, foreign: tuple[BadgeType, Member], page: str
) -> None:
    client = as_staff(manager)
    path = page.format(t=foreign[0].id, m=foreign[1].id)
    nowhere = page.format(t=uuid4(), m=uuid4())
    before = traces()

    for answers in ((client.get(path), client.get(nowhere)),
                    (client.post(path, {"typed": "delete"}), client.post(nowhere))):  # fmt: skip
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    assert traces() == before


@pytest.mark.parametrize("page", PAGES)
def test_a_viewer_may_look_and_not_touch(
    viewer: Administrator, own: tuple[BadgeType, Member], page: str
) -> None:
    client = as_staff(viewer)
    path = page.format(t=own[0].id, m=own[1].id)
    before = traces()

    looked = client.get(path).status_code
    touched = client.post(path, {"typed": "delete", "completed_count": "0"}).status_code

    assert looked == (200 if page in TO_LOOK_AT else 403)
    assert touched == 403 or page.endswith("/history/")
    assert traces() == before


@pytest.mark.parametrize("page", ["/admin/badges/badgetype/add/", "/admin/members/member/add/"])
def test_a_viewer_adds_nothing(viewer: Administrator, page: str) -> None:
    client = as_staff(viewer)

    assert client.get(f"{page}?store=ALPHA").status_code == 403
    assert client.post(f"{page}?store=ALPHA").status_code == 403


@pytest.mark.parametrize("page", LISTS)
def test_lists_show_the_chosen_store_alone(
    root: Administrator, own: tuple[BadgeType, Member], foreign: tuple[BadgeType, Member], page: str
) -> None:
    client = as_staff(root)

    here = client.get(f"{page}?store=ALPHA").text
    there = client.get(f"{page}?store=BETA").text

    assert "secret" not in here
    assert "gold" not in there.lower()
    assert "secret" in there


@pytest.mark.parametrize("page", LISTS)
def test_lists_of_a_foreign_store_are_not_there(manager: Administrator, page: str) -> None:
    client = as_staff(manager)

    assert client.get(f"{page}?store=BETA").status_code == 404
    assert client.get(f"{page}?store=NOWHERE").status_code == 404
    assert client.get(f"{page}?q=%00").status_code == 404


@pytest.mark.parametrize("page", LISTS)
def test_a_list_costs_the_same_however_long_it_is(
    manager: Administrator, own: tuple[BadgeType, Member], store: Store, page: str
) -> None:
    client = as_staff(manager)
    client.get(page)
    with CaptureQueriesContext(connection) as short:
        client.get(page)
    for number in range(5):
        badge_type = make_badge_type(store, f"more_{number}")
        give_badge(store, make_member(store), badge_type)

    with CaptureQueriesContext(connection) as long:
        client.get(page)

    assert len(long) == len(short)


@pytest.mark.parametrize("page", ["autocomplete", "search"])
def test_nobody_browses_rows_by_completing_names(root: Administrator, page: str) -> None:
    asked = {"app_label": "badges", "model_name": "badgeentry", "field_name": "member", "s": "a"}

    assert as_staff(root).get(f"/admin/{page}/", asked).status_code == 404


def test_opening_a_row_goes_to_its_store(
    root: Administrator, own: tuple[BadgeType, Member], foreign: tuple[BadgeType, Member]
) -> None:
    client = as_staff(root)
    client.get("/admin/?store=ALPHA")

    client.get(f"/admin/members/member/{foreign[1].id}/change/")

    assert "secret@example.com" in client.get("/admin/members/member/").text


def test_a_new_row_belongs_to_the_store_in_its_url(root: Administrator, store: Store) -> None:
    client = as_staff(root)
    client.get("/admin/?store=BETA")
    form = {
        "name_en": "A", "system_code": "a", "background_color": "#ffffff",
        "text_color": "#000000", "display_rank": "1",
    }  # fmt: skip

    assert client.post("/admin/badges/badgetype/add/", form).status_code == 404
    assert client.post("/admin/badges/badgetype/add/?store=ALPHA", form).status_code == 302

    assert BadgeType.across_stores.get().store == store


@pytest.mark.parametrize("page", ["badgeentry", "memberbadge"])
def test_the_ledger_cannot_be_changed(
    root: Administrator, own: tuple[BadgeType, Member], store: Store, page: str
) -> None:
    client = as_staff(root)
    model = BadgeEntry if page == "badgeentry" else MemberBadge
    row = model.for_store(store).get()
    path = f"/admin/badges/{page}"

    assert client.get(f"{path}/{row.id}/change/").status_code == 200
    assert client.post(f"{path}/{row.id}/change/").status_code == 403
    assert client.get(f"{path}/{row.id}/delete/").status_code == 404
    assert client.post(f"{path}/{row.id}/delete/").status_code == 404
    assert client.get(f"{path}/add/?store=ALPHA").status_code == 403
    assert model.for_store(store).get() == row
