"""Badge types in the admin: what is typed goes through the services."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from badges.models import BadgeEntry, BadgeIcon, BadgeType, MemberBadge
from badges.services.badge_types import set_badge_type_active
from loyalty.models import Administrator, Event, EventName, Store
from members.models import Member
from tests.builders import TESTER, give_badge, make_badge_type, make_member

ADD = "/admin/badges/badgetype/add/?store=ALPHA"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><circle r="4"/><script>alert(1)</script></svg>'


@pytest.fixture
def client(manager: Administrator) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def form(**values: Any) -> dict[str, Any]:
    return {
        "name_en": "Gold", "description_en": "Ten visits", "name_pl": "Złoto",
        "background_color": "#c81b53", "text_color": "#ffffff", "display_rank": "5",
        "active": "on", **values,
    }  # fmt: skip


def errors(response: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def test_a_badge_type_comes_with_its_icon(
    client: Client, store: Store, manager: Administrator
) -> None:
    drawing = SimpleUploadedFile("a.svg", SVG)

    response = client.post(ADD, form(system_code="gold", icon_file=drawing))

    assert response.status_code == 302
    badge_type = BadgeType.for_store(store).get()
    icon = BadgeIcon.for_store(store).get()
    assert badge_type.icon == str(icon)
    assert "script" not in icon.svg
    assert badge_type.background_color == "#C81B53"
    assert badge_type.translations["pl"] == {"name": "Złoto", "description": ""}
    event = Event.for_store(store).get(name=EventName.BADGE_TYPE_CREATED)
    assert (event.actor_id, event.actor_label, event.source) == (
        manager.id, "manager@example.com", "admin",
    )  # fmt: skip


def test_a_bad_icon_leaves_nothing_behind(client: Client, store: Store) -> None:
    drawing = SimpleUploadedFile("a.svg", b"not a drawing")

    response = client.post(ADD, form(system_code="gold", icon_file=drawing))

    assert errors(response) == {"icon_file": ["The file is not an SVG drawing."]}
    assert not BadgeType.for_store(store).exists()


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"system_code": "a b"}, "system_code", "Only letters, digits"),
        ({"name_en": ""}, "name_en", "This field is required."),
        ({"name_en": "  "}, "name_en", "This field is required."),
        ({"name_pl": "", "description_pl": "x"}, "name_pl", "A description needs a name"),
        ({"background_color": "red"}, "background_color", "Write the colour like #C81B53."),
        ({"icon": "http://example.com/a.png"}, "icon", "This value is not a valid https URL."),
        ({"display_rank": "-1"}, "display_rank", "greater than or equal to 0"),
        ({"name_en": "a\0b"}, "name_en", "Null characters are not allowed."),
    ],
)
def test_a_bad_value_is_refused_at_its_field(
    client: Client, store: Store, values: dict[str, str], field: str, said: str
) -> None:
    response = client.post(ADD, form(**{"system_code": "gold", **values}))

    assert response.status_code == 200
    assert said in errors(response)[field][0]
    assert not BadgeType.for_store(store).exists()


def test_a_code_in_use_is_refused_at_its_field(client: Client, badge_type: BadgeType) -> None:
    response = client.post(ADD, form(system_code="gold"))

    assert errors(response) == {
        "system_code": ["A badge type with this system code already exists."]
    }


def test_a_change_is_in_the_log_and_keeps_the_icon(
    client: Client, store: Store, manager: Administrator
) -> None:
    badge_type = make_badge_type(store, "gold", icon="https://example.com/a.svg")
    path = f"/admin/badges/badgetype/{badge_type.id}/change/"
    drawing = SimpleUploadedFile("a.svg", SVG)
    client.post(path, form(icon="https://example.com/a.svg", icon_file=drawing))
    icon = BadgeType.for_store(store).get().icon

    response = client.post(path, form(active=""))

    assert response.status_code == 302
    badge_type.refresh_from_db()
    assert badge_type.icon == icon == str(BadgeIcon.for_store(store).get())
    assert not badge_type.active
    assert badge_type.system_code == "gold"
    event = Event.for_store(store).filter(name=EventName.BADGE_TYPE_UPDATED).last()
    assert event is not None
    assert event.actor_id == manager.id
    assert event.data["after"] == {"active": False}

    client.post(path, form(without_icon="on"))
    badge_type.refresh_from_db()
    assert badge_type.icon == ""


def test_the_history_tells_it(client: Client, badge_type: BadgeType, store: Store) -> None:
    set_badge_type_active(store, badge_type=badge_type, active=False, actor=TESTER)

    page = client.get(f"/admin/badges/badgetype/{badge_type.id}/history/").text

    assert "Badge type created" in page
    assert "Badge type deactivated" in page
    assert "a test" in page


def test_deleting_keeps_the_ledger(
    client: Client, badge_type: BadgeType, member: Member, store: Store
) -> None:
    give_badge(store, member, badge_type)
    path = f"/admin/badges/badgetype/{badge_type.id}/delete/"

    assert "One member holds it." in client.get(path).text
    assert client.post(path).status_code == 302

    badge_type.refresh_from_db()
    assert badge_type.deleted_at is not None
    assert BadgeEntry.for_store(store).count() == 1
    assert "gold" not in client.get("/admin/badges/badgetype/").text
    assert client.get(path).status_code == 404


# --- Handing out ------------------------------------------------------------------------------


@pytest.mark.parametrize("who", ["ANNA@example.com", "+48600100200", "CARD-1", "anna", "{id}"])
def test_a_member_is_found_by_whatever_is_known(
    client: Client, badge_type: BadgeType, member: Member, who: str
) -> None:
    path = f"/admin/badges/badgetype/{badge_type.id}/hand-out/"

    response = client.post(path, {"who": who.format(id=member.id)})

    assert response.context["one"]["id"] == member.id
    assert not BadgeEntry.across_stores.exists()


def test_several_members_are_a_choice(
    client: Client, badge_type: BadgeType, member: Member, store: Store
) -> None:
    other = make_member(store, first_name="Anna", last_name="Other")
    path = f"/admin/badges/badgetype/{badge_type.id}/hand-out/"

    response = client.post(path, {"who": "anna"})
    chosen = client.post(path, {"member": str(other.id)})

    assert {choice["id"] for choice in response.context["choices"]} == {member.id, other.id}
    assert chosen.context["one"]["id"] == other.id


def test_a_double_click_gives_one_badge(
    client: Client, badge_type: BadgeType, member: Member, store: Store
) -> None:
    path = f"/admin/badges/badgetype/{badge_type.id}/hand-out/"
    once = client.post(path, {"who": "anna"}).context["give"]["once"].value()
    given = {"member": str(member.id), "once": once, "reason": "Well done"}

    assert [client.post(path, given).status_code for _ in range(2)] == [302, 302]

    assert MemberBadge.for_store(store).get().completed_count == 1
    assert BadgeEntry.for_store(store).get().reason == "Well done"


@pytest.mark.parametrize("member_id", ["", "nonsense", "01a1f97c-7e67-701e-a6f8-efa1fc4f6478"])
def test_nonsense_gives_nothing(
    client: Client, badge_type: BadgeType, store: Store, member_id: str
) -> None:
    path = f"/admin/badges/badgetype/{badge_type.id}/hand-out/"

    response = client.post(path, {"member": member_id, "once": "0" * 24})

    assert response.status_code == 422
    assert not BadgeEntry.for_store(store).exists()


def test_a_badge_that_is_switched_off_is_not_given(
    client: Client, badge_type: BadgeType, member: Member, store: Store
) -> None:
    set_badge_type_active(store, badge_type=badge_type, active=False, actor=TESTER)
    path = f"/admin/badges/badgetype/{badge_type.id}/hand-out/"

    response = client.post(path, {"member": str(member.id), "once": "0" * 24})

    assert "The badge type is not active." in response.text
    assert not BadgeEntry.for_store(store).exists()


@pytest.mark.parametrize(
    ("values", "stored"),
    [
        ({}, ("unlimited", None, None)),
        ({"validity": "unlimited", "valid_days": "3"}, ("unlimited", None, None)),
        ({"validity": "relative", "valid_days": "30"}, ("relative", None, 30)),
        (
            {"validity": "fixed", "valid_until": "2026-12-31"},
            ("fixed", datetime(2026, 12, 31, 23, tzinfo=UTC), None),
        ),
    ],
)
def test_how_long_it_is_good_for(
    client: Client, store: Store, values: dict[str, str], stored: tuple[object, ...]
) -> None:
    Store.objects.filter(id=store.id).update(timezone="Europe/Warsaw")

    client.post(ADD, form(system_code="gold", **values))

    badge_type = BadgeType.for_store(store).get()
    assert (badge_type.validity, badge_type.valid_until, badge_type.valid_days) == stored
    page = client.get(f"/admin/badges/badgetype/{badge_type.id}/change/")
    shown = page.context["adminform"].form
    assert shown["validity"].value() == stored[0]
    assert str(shown["valid_until"].value() or "") == values.get("valid_until", "")


def test_a_moment_that_was_set_elsewhere_stays_to_the_second(
    client: Client, store: Store, badge_type: BadgeType
) -> None:
    moment = datetime(2026, 12, 24, 12, 30, 15, tzinfo=UTC)
    BadgeType.for_store(store).update(validity="fixed", valid_until=moment)
    page = f"/admin/badges/badgetype/{badge_type.id}/change/"

    client.post(page, form(validity="fixed", valid_until="2026-12-24"))

    badge_type.refresh_from_db()
    assert badge_type.valid_until == moment


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"validity": "fixed"}, "valid_until"),
        ({"validity": "fixed", "valid_until": "9999-12-31"}, "valid_until"),
        ({"validity": "relative"}, "valid_days"),
        ({"validity": "relative", "valid_days": "0"}, "valid_days"),
        ({"validity": "sometimes"}, "validity"),
    ],
)
def test_a_validity_that_makes_no_sense_is_refused_at_its_field(
    client: Client, store: Store, values: dict[str, str], field: str
) -> None:
    response = client.post(ADD, form(system_code="gold", **values))

    assert field in errors(response)
    assert not BadgeType.for_store(store).exists()
