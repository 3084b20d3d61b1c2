"""Members in the admin: their page, their badges, and what cannot be undone."""

from typing import Any

import pytest
from django.test import Client

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Administrator, Event, EventName, Store
from members.models import Member
from tests.builders import PASSWORD, give_badge, make_member, member_token


@pytest.fixture
def client(manager: Administrator) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def page(member: Member) -> str:
    return f"/admin/members/member/{member.id}"


def form(**values: Any) -> dict[str, Any]:
    return {"email": "anna@example.com", "gender": "not_disclosed", **values}


def errors(response: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = response.context["adminform"].form.errors
    return found


def last_event(store: Store) -> Event:
    event = Event.for_store(store).order_by("sequence").last()
    assert event is not None
    return event


def test_a_member_is_added(client: Client, store: Store, manager: Administrator) -> None:
    response = client.post(
        "/admin/members/member/add/?store=ALPHA",
        form(email="new@example.com", city="Kraków", labels="tier: silver\n\ncity: Kraków"),
    )

    assert response.status_code == 302
    member = Member.for_store(store).get()
    assert (member.email, member.phone) == ("new@example.com", None)
    assert member.address == {"city": "Kraków"}
    assert member.labels == [
        {"key": "tier", "value": "silver"},
        {"key": "city", "value": "Kraków"},
    ]
    assert last_event(store).actor_id == manager.id


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"email": ""}, "email", "This value should not be blank."),
        ({"email": "taken@example.com"}, "email", "Customer with such email already exists."),
        ({"phone": "six hundred"}, "phone", "Only digits and a leading plus sign."),
        ({"labels": "silver"}, "labels", "is not a key, a colon and a value."),
        ({"country": "Poland"}, "country", "Two capital letters"),
    ],
)
def test_a_bad_value_is_refused_at_its_field(
    client: Client, store: Store, page: str, values: dict[str, str], field: str, said: str
) -> None:
    make_member(store, email="taken@example.com")

    response = client.post(f"{page}/change/", form(**values))

    assert said in errors(response)[field][0]


def test_a_change_names_what_changed(client: Client, store: Store, page: str) -> None:
    given = form(first_name="Ania", phone="+48600100200", loyalty_card_number="CARD-1")

    client.post(f"{page}/change/", given)

    assert Member.for_store(store).get().first_name == "Ania"
    assert last_event(store).data == {"changed": ["first_name"]}


def test_deactivation_ends_the_members_access(
    client: Client, store: Store, member: Member, page: str
) -> None:
    token = member_token(member)

    assert client.get(f"{page}/deactivate/").status_code == 200
    client.post(f"{page}/deactivate/")

    assert last_event(store).name == EventName.MEMBER_DEACTIVATED
    answer = Client().get(
        f"/api/ALPHA/member/{member.id}", headers={"Authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 401

    client.post(f"{page}/activate/")
    assert last_event(store).name == EventName.MEMBER_ACTIVATED


def test_a_password_is_set(client: Client, store: Store, member: Member, page: str) -> None:
    response = client.post(f"{page}/password/", {"password": "short"})
    assert "This password is too short." in response.text

    response = client.post(f"{page}/password/", {"password": PASSWORD + "!"})

    assert response.status_code == 302
    assert last_event(store).name == EventName.MEMBER_PASSWORD_CHANGED


def test_anonymising_asks_for_a_word(
    client: Client, store: Store, member: Member, page: str
) -> None:
    assert client.post(f"{page}/anonymise/", {"typed": "yes"}).status_code == 422
    assert not Member.for_store(store).get().anonymized

    assert client.post(f"{page}/anonymise/", {"typed": "Forget"}).status_code == 302

    assert Member.for_store(store).get().anonymized
    assert client.post(f"{page}/change/", form()).status_code == 403
    assert "Anonymised member" in client.get(f"{page}/change/").text


def test_deleting_takes_the_badges_along(
    client: Client, store: Store, member: Member, badge_type: BadgeType, page: str
) -> None:
    give_badge(store, member, badge_type)

    assert client.post(f"{page}/delete/", {"typed": "delete"}).status_code == 302

    assert not Member.for_store(store).exists()
    assert not BadgeEntry.for_store(store).exists()
    assert last_event(store).name == EventName.MEMBER_DELETED


# --- Badges -----------------------------------------------------------------------------------


def test_a_badge_is_given_once_a_page(
    client: Client, store: Store, badge_type: BadgeType, page: str, manager: Administrator
) -> None:
    once = client.get(f"{page}/give-badge/").context["form"]["once"].value()
    given = {"badge": str(badge_type.id), "once": once, "reason": "Ten visits"}

    assert [client.post(f"{page}/give-badge/", given).status_code for _ in range(2)] == [302, 302]

    entry = BadgeEntry.for_store(store).get()
    assert (entry.delta, entry.reason, entry.actor_id) == (1, "Ten visits", manager.id)


def test_a_count_is_corrected_with_a_reason(
    client: Client, store: Store, member: Member, badge_type: BadgeType, page: str
) -> None:
    give_badge(store, member, badge_type)
    path = f"{page}/badges/{badge_type.id}/"

    client.post(path, {"completed_count": "5", "reason": "Paper cards"})

    assert MemberBadge.for_store(store).get().completed_count == 5
    entry = BadgeEntry.for_store(store).get(kind="correction")
    assert (entry.delta, entry.reason) == (4, "Paper cards")
    assert "\N{MULTIPLICATION SIGN} 5" in client.get(f"{page}/change/").text


@pytest.mark.parametrize("count", ["-1", "", "many", "9999999999"])
def test_a_count_that_is_none_is_refused(
    client: Client, store: Store, member: Member, badge_type: BadgeType, page: str, count: str
) -> None:
    give_badge(store, member, badge_type)

    response = client.post(f"{page}/badges/{badge_type.id}/", {"completed_count": count})

    assert response.status_code == 422
    assert MemberBadge.for_store(store).get().completed_count == 1


def test_a_badge_that_is_not_held_has_no_count(
    client: Client, badge_type: BadgeType, page: str
) -> None:
    assert client.get(f"{page}/badges/{badge_type.id}/").status_code == 404
