"""The audit log in the admin."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from loyalty.admin.events import _ABOUT
from loyalty.models import Access, Administrator, Event, EventName, Resource, Store
from loyalty.services.events import Told, record_all
from loyalty.services.stores import update_store
from members.models import Member
from members.services.members import update_member
from tests.builders import TESTER, make_administrator, make_badge_type, make_role
from tests.loyalty.test_access_admin import as_staff
from tests.loyalty.test_events_docs import table

pytestmark = pytest.mark.django_db

LOG = "/admin/loyalty/event/"


@pytest.fixture
def auditor(store: Store, other_store: Store) -> Client:
    role = make_role((Resource.AUDIT, Access.VIEW), stores=(store,))
    return as_staff(make_administrator(role))


@pytest.fixture
def as_master(root: Administrator, store: Store) -> Client:
    client = as_staff(root)
    client.get(f"{LOG}?store=ALPHA")
    return client


def found(client: Client, query: str) -> list[str]:
    response: Any = client.get(f"{LOG}?{query}")
    assert response.status_code == 200
    return [event.name for event in response.context["cl"].result_list]


def test_an_entry_shows_what_was_before_and_after(store: Store, auditor: Client) -> None:
    update_store(store, name="Omega", actor=TESTER)
    event = Event.for_store(store).latest("sequence")

    page = auditor.get(f"{LOG}{event.sequence}/change/").text

    assert "<s>Alpha</s>" in page
    assert "<b>Omega</b>" in page
    assert "a test" in page
    assert auditor.post(f"{LOG}{event.sequence}/change/", {}).status_code == 403


def test_the_log_is_filtered_by_who_what_and_whom(
    store: Store, member: Member, as_master: Client
) -> None:
    badge_type = make_badge_type(store, "gold")
    update_member(store, member=member, last_name="Other", actor=TESTER)

    assert found(as_master, f"q={member.id}") == [
        "CustomerWasUpdated", "CustomerPasswordWasChanged", "CustomerWasRegistered",
    ]  # fmt: skip
    assert found(as_master, f"q={badge_type.id}") == ["BadgeTypeCreated"]
    assert "BadgeTypeCreated" in found(as_master, "q=a+test")
    assert found(as_master, "q=a+tes") == []
    assert found(as_master, "about=badgeType") == ["BadgeTypeCreated"]
    assert found(as_master, "name=CustomerWasUpdated") == ["CustomerWasUpdated"]
    assert set(found(as_master, "where=installation")) == {"AdministratorCreated", "RoleCreated"}


def test_nobody_sees_the_entries_of_another_store(
    store: Store, other_store: Store, auditor: Client, as_master: Client
) -> None:
    theirs = Event.for_store(other_store).latest("sequence")
    nobodys = Event.across_stores.filter(store=None).latest("sequence")

    for event in (theirs, nobodys):
        assert auditor.get(f"{LOG}{event.sequence}/change/").status_code == 404
        assert as_master.get(f"{LOG}{event.sequence}/change/").status_code == 200
    assert "AdministratorCreated" not in found(auditor, "where=installation")
    clerk = as_staff(make_administrator(make_role((Resource.BADGE, Access.VIEW), stores=(store,))))
    assert clerk.get(LOG).status_code == 403


def test_the_filter_knows_everything_that_an_entry_can_be_about() -> None:
    about = " ".join(about for about, _ in table().values())

    assert {f"`{kind}`" in about for kind in _ABOUT} == {True}
    assert {word.strip("`,") for word in about.split() if "`" in word} == _ABOUT.keys()


def test_an_entry_of_every_kind_can_be_read(store: Store, as_master: Client) -> None:
    """What an event says may have any shape: a job's `changed` is a number."""
    shapes: list[dict[str, object]] = [
        {}, {"changed": 7}, {"changed": ["a"]}, {"before": {"x": None}, "after": {"x": [1]}},
              {"before": {"t": {"all": []}}, "after": {"t": {"all": [{"type": "x"}]}}}]  # fmt: skip
    record_all(
        store,
        (Told(name, "job", store.id, None, shape) for name in EventName for shape in shapes),
        actor=TESTER,
    )
    assert as_master.get(f"{LOG}?o=").status_code == 200
    for event in Event.for_store(store).order_by("-sequence")[: len(shapes)]:
        page = as_master.get(f"{LOG}{event.sequence}/change/")
        assert page.status_code == 200
        assert str(timezone.now().year) in page.text
