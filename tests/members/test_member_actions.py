"""What is done to a member beyond reading and writing: labels, access, password, oblivion."""

from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Event, IdempotencyKey, RefreshToken, Store
from loyalty.services.sessions import Owner, open_session
from members.models import Member
from tests.builders import PASSWORD, give_badge, make_member, member_token
from tests.clients import ApiClient
from tests.loyalty.test_api_keys import whole_database

ANNA = "/api/ALPHA/member/email=anna@example.com"
OWN_PASSWORD = "/api/ALPHA/member/password"
LOGIN = "/api/ALPHA/member/login_check"


def names(store: Store) -> list[str]:
    found = Event.for_store(store).exclude(member_id=None).order_by("sequence")
    return list(found.values_list("name", flat=True))


# --- Labels -------------------------------------------------------------------------------------


def test_labels_are_put_and_taken_key_by_key(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    url = f"{ANNA}/custom-attribute"

    def put(*labels: tuple[str, str]) -> int:
        pairs = [{"key": key, "value": value} for key, value in labels]
        return as_manager.put(url, {"customAttributes": pairs}).status_code

    assert put(("tier", "gold"), ("city", "x")) == 204
    assert put(("tier", "blue"), ("vip", "")) == 204
    removed = as_manager.delete(
        url, {"customAttributes": [{"key": "city"}, {"key": "nobody", "value": "x"}]}
    )

    assert (removed.status_code, removed.content) == (204, b"")
    assert as_manager.get(ANNA).json()["labels"] == [
        {"key": "tier", "value": "blue"}, {"key": "vip", "value": ""},
    ]  # fmt: skip
    assert names(store)[-3:] == ["CustomerLabelsWereChanged"] * 3


# --- Access -------------------------------------------------------------------------------------


def test_deactivating_ends_access_and_activating_brings_it_back(
    as_manager: ApiClient, as_member: ApiClient, anonymous: ApiClient, store: Store, member: Member
) -> None:
    login = {"username": "anna@example.com", "password": PASSWORD}
    refresh = open_session(Owner(store_id=store.id, member_id=member.id), now=timezone.now())

    answer = as_manager.post(f"{ANNA}/deactivate")

    assert (answer.status_code, answer.content) == (204, b"")
    assert as_manager.get(ANNA).json()["active"] is False
    assert as_member.get(ANNA).status_code == 401
    assert anonymous.post(LOGIN, login).status_code == 401
    renewed = anonymous.post("/api/ALPHA/token/refresh", {"refresh_token": refresh})
    assert renewed.status_code == 401
    assert as_manager.post(f"{ANNA}/activate").status_code == 204
    assert anonymous.post(LOGIN, login).status_code == 200
    assert as_member.get(ANNA).status_code == 401
    assert names(store)[-2:] == ["CustomerWasDeactivated", "CustomerWasActivated"]


def test_what_is_so_already_is_no_event(as_manager: ApiClient, store: Store, member: Member) -> None:
    before = names(store)

    assert as_manager.post(f"{ANNA}/activate").status_code == 204

    assert names(store) == before


# --- Passwords ----------------------------------------------------------------------------------


def test_a_member_changes_their_password(
    as_member: ApiClient, anonymous: ApiClient, store: Store, member: Member
) -> None:
    new = f"{PASSWORD} 2"

    answer = as_member.put(OWN_PASSWORD, {"currentPassword": PASSWORD, "plainPassword": new})

    assert (answer.status_code, answer.content) == (204, b"")
    assert as_member.get(ANNA).status_code == 401
    assert anonymous.post(LOGIN, {"username": "CARD-1", "password": PASSWORD}).status_code == 401
    assert anonymous.post(LOGIN, {"username": "CARD-1", "password": new}).status_code == 200
    event = Event.for_store(store).get(
        name="CustomerPasswordWasChanged", actor_kind="member", member_id=member.id
    )
    assert event.data == {}


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"currentPassword": "wrong", "plainPassword": f"{PASSWORD} 2"}, "currentPassword"),
        ({"currentPassword": PASSWORD, "plainPassword": "short"}, "plainPassword"),
        ({"currentPassword": PASSWORD, "plainPassword": "password12345"}, "plainPassword"),
        ({"plainPassword": f"{PASSWORD} 2"}, "currentPassword"),
    ],
)
def test_a_bad_new_password_changes_nothing(
    given: dict[str, str], path: str, as_member: ApiClient, member: Member
) -> None:
    answer = as_member.put(OWN_PASSWORD, given)

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    kept = member.password
    member.refresh_from_db()
    assert member.password == kept
    assert as_member.get(ANNA).status_code == 200


def test_only_members_have_a_password_of_their_own_here(
    as_manager: ApiClient, anonymous: ApiClient, store: Store
) -> None:
    body = {"currentPassword": PASSWORD, "plainPassword": f"{PASSWORD} 2"}

    assert as_manager.put(OWN_PASSWORD, body).status_code == 403
    assert anonymous.put(OWN_PASSWORD, body).status_code == 401


def test_a_manager_gives_a_member_a_password(
    as_manager: ApiClient, as_member: ApiClient, anonymous: ApiClient
) -> None:
    new = f"{PASSWORD} given"

    assert as_manager.post(f"{ANNA}/password", {"plainPassword": new}).status_code == 204

    assert as_member.get(ANNA).status_code == 401
    assert anonymous.post(LOGIN, {"username": "CARD-1", "password": new}).status_code == 200
    weak = as_manager.post(f"{ANNA}/password", {"plainPassword": "123456789012"})
    assert weak.json()["errors"][0]["path"] == "plainPassword"


# --- History ------------------------------------------------------------------------------------


def test_the_history_tells_what_happened_latest_first(
    as_manager: ApiClient, as_member: ApiClient, store: Store, other_store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    give_badge(store, member, badge_type)
    as_manager.put(f"{ANNA}/badge/systemCode=gold", {"badge": {"completedCount": 4}})
    make_member(store)
    make_member(other_store, email="anna@example.com")

    answer = as_manager.get(f"{ANNA}/history").json()

    assert [item["type"] for item in answer["items"]] == [
        "MemberBadgeCompletedCountWasChanged", "BadgeCompleted", "CustomerPasswordWasChanged",
        "CustomerWasRegistered",
    ]  # fmt: skip
    assert answer["items"][0].keys() == {"customerId", "type", "createdAt", "flatVariables"}
    changed = answer["items"][0]["flatVariables"]
    assert {name: changed[name] for name in changed if name != "adminId"} == {
        "badgeTypeId": str(badge_type.id), "badgeName": "Gold", "manuallyEdited": True,
        "previousCompletedCount": 1, "currentCompletedCount": 4,
    }  # fmt: skip
    assert answer["items"][1]["flatVariables"] == {
        "badgeTypeId": str(badge_type.id), "badgeName": "Gold",
        "previousCompletedCount": 0, "currentCompletedCount": 1,
    }  # fmt: skip
    assert answer["total"] == {"all": 4, "filtered": 4, "estimated": False}
    assert as_member.get(f"{ANNA}/history").json() == answer


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("type=BadgeCompleted", 2), ("type[in]=BadgeCompleted,CustomerWasRegistered", 3),
        ("type[in]=TEST", 0), ("createdAt[gte]=2100-01-01", 0), ("_itemsOnPage=1", 4),
    ],
)  # fmt: skip
def test_the_history_is_searched(
    query: str, count: int, as_manager: ApiClient, store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    give_badge(store, member, badge_type, times=2)

    assert as_manager.get(f"{ANNA}/history?{query}").json()["total"]["filtered"] == count


# --- To be forgotten ----------------------------------------------------------------------------

PERSONAL = "Kanarienvogel"


def canaries() -> dict[str, Any]:
    return {
        "firstName": PERSONAL, "lastName": PERSONAL, "email": f"{PERSONAL}@example.com",
        "phone": "+999888777666", "loyaltyCardNumber": f"{PERSONAL}-1", "birthDate": "1901-02-03",
        "address": {"street": PERSONAL, "city": PERSONAL},
        "company": {"name": PERSONAL, "nip": PERSONAL},
        "labels": [{"key": "nickname", "value": PERSONAL}],
    }  # fmt: skip


def lived_through(as_manager: ApiClient, anonymous: ApiClient, store: Store) -> str:
    """The URL of a member who did everything that leaves a trace."""
    made = as_manager.post(
        "/api/ALPHA/member", {"customer": canaries()}, **{"Idempotency-Key": "register-them"}
    )
    url = f"/api/ALPHA/member/{made.json()['customerId']}"
    as_manager.put(url, {"customer": {"firstName": f"{PERSONAL} 2", "phone": "+999888777667"}})
    labels = [{"key": "pet", "value": PERSONAL}]
    as_manager.put(f"{url}/custom-attribute", {"customAttributes": labels})
    as_manager.post(f"{url}/password", {"plainPassword": f"{PASSWORD} {PERSONAL}"})
    login = {"username": f"{PERSONAL}@example.com", "password": f"{PASSWORD} {PERSONAL}"}
    assert anonymous.post(LOGIN, login).status_code == 200
    anonymous.post(LOGIN, {**login, "password": "wrong"})
    member = ApiClient.with_token(member_token(Member.for_store(store).get(phone="+999888777667")))
    assert member.get(f"{url}/badge").status_code == 200
    member.put(
        OWN_PASSWORD, {"currentPassword": "wrong", "plainPassword": f"{PASSWORD} 3"},
        **{"Idempotency-Key": "change-password"},
    )  # fmt: skip
    as_manager.post(f"{url}/badge", {"systemCode": "gold"})
    as_manager.put(f"{url}/badge/systemCode=gold", {"badge": {"completedCount": 3}})
    as_manager.put(url, {"customer": {"email": "anna@example.com"}})  # Refused: taken.
    return url


def assert_forgotten() -> None:
    kept = whole_database().lower()
    for text in (PERSONAL.lower(), "999888777", "1901-02-03"):
        assert text not in kept
        assert text.encode().hex() not in kept


def test_an_anonymised_member_is_nobody_and_keeps_the_figures(
    as_manager: ApiClient, anonymous: ApiClient, store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    url = lived_through(as_manager, anonymous, store)
    assert PERSONAL in whole_database()

    answer = as_manager.post(f"{url}/anonymize")

    assert (answer.status_code, answer.content) == (204, b"")
    read = as_manager.get(url).json()
    assert {name: value for name, value in read.items() if name in canaries()} == {
        "firstName": "", "lastName": "", "email": None, "phone": None, "loyaltyCardNumber": None,
        "birthDate": None, "address": {}, "company": {}, "labels": [],
    }  # fmt: skip
    assert (read["anonymized"], read["active"], read["gender"]) == (True, False, "not_disclosed")
    assert MemberBadge.for_store(store).get().completed_count == 3
    assert BadgeEntry.for_store(store).count() == 2
    assert not RefreshToken.objects.filter(revoked_at=None).exists()
    assert_forgotten()


def test_a_deleted_member_leaves_no_personal_data(
    as_manager: ApiClient, anonymous: ApiClient, store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    url = lived_through(as_manager, anonymous, store)

    assert as_manager.delete(url).status_code == 204

    assert_forgotten()
    # What the key was answered with held the address: encrypted, and for a day.
    assert IdempotencyKey.objects.filter(key="register-them").exists()


@pytest.mark.parametrize("verb", ["put", "activate"])
def test_an_anonymised_member_stays_so(
    verb: str, as_manager: ApiClient, store: Store, member: Member
) -> None:
    url = f"/api/ALPHA/member/{member.id}"
    as_manager.post(f"{ANNA}/anonymize")

    if verb == "put":
        answer = as_manager.put(url, {"customer": {"firstName": "Anna", "email": "a@example.com"}})
        assert answer.status_code == 400
    else:
        as_manager.post(f"{url}/activate")

    member.refresh_from_db()
    assert (member.first_name, member.email, member.anonymized) == ("", None, True)


def test_the_identifiers_of_the_forgotten_are_free(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    as_manager.post(f"{ANNA}/anonymize")

    assert as_manager.get(ANNA).status_code == 404
    again = {"customer": {"email": "anna@example.com", "phone": "+48600100200"}}
    assert as_manager.post("/api/ALPHA/member", again).status_code == 200


def test_anonymising_one_leaves_the_others(
    as_manager: ApiClient, store: Store, other_store: Store, member: Member
) -> None:
    twin = make_member(other_store, email="anna@example.com", first_name="Anna")
    other = make_member(store, first_name="Other")

    as_manager.post(f"{ANNA}/anonymize")

    with connection.cursor() as cursor:
        cursor.execute("SELECT first_name FROM members_member ORDER BY first_name")
        assert [name for (name,) in cursor.fetchall()] == ["", "Anna", "Other"]
    twin.refresh_from_db()
    other.refresh_from_db()
    assert (twin.email, other.first_name) == ("anna@example.com", "Other")
