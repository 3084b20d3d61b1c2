"""Members: registered, read, changed, listed, deleted."""

from typing import Any

import pytest
from django.db import connection

from badges.models import BadgeType
from loyalty.models import Event, Store
from members.models import Member
from tests.builders import PASSWORD, give_badge, make_member
from tests.clients import ApiClient

URL = "/api/ALPHA/member"
ANNA = f"{URL}/email=anna@example.com"
FORMS = [
    "email=anna@example.com", "email=ANNA@Example.COM", "phone=+48600100200",
    "loyaltyCardNumber=CARD-1",
]  # fmt: skip
WHOLE = {
    "firstName": "Bella", "lastName": "Bo", "gender": "female", "email": "Bella@Example.com",
    "phone": "+48600", "loyaltyCardNumber": "B.1_-", "birthDate": "1990-02-28",
    "registeredAt": "2026-01-01T12:00:00+02:00",
    "address": {"street": "Main", "city": "Gdańsk", "postal": "80-001", "country": "PL"},
    "company": {"name": "ACME", "nip": "123"},
    "labels": [{"key": "tier", "value": "gold"}, {"key": "empty", "value": ""}],
    "agreement1": True, "agreement2": False, "agreement3": True, "locale": "pl", "timezone": "",
}  # fmt: skip


def events(store: Store) -> list[str]:
    found = Event.for_store(store).exclude(member_id=None).order_by("sequence")
    return list(found.values_list("name", flat=True))


def test_a_member_is_registered_and_read(as_manager: ApiClient, store: Store) -> None:
    made = as_manager.post(URL, {"customer": WHOLE})

    row = Member.for_store(store).get()
    assert (made.status_code, made.json()) == (
        200, {"customerId": str(row.id), "email": "Bella@Example.com"},
    )  # fmt: skip
    assert as_manager.get(f"{URL}/{row.id}").json() == {
        **WHOLE,
        "customerId": str(row.id),
        "registeredAt": "2026-01-01T10:00:00+00:00",
        "active": True,
        "anonymized": False,
        "currency": "EUR",
        "storeCode": "ALPHA",
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
    }
    assert events(store) == ["CustomerWasRegistered"]


def test_a_moment_without_an_offset_is_the_stores_time(as_manager: ApiClient, store: Store) -> None:
    as_manager.patch("/api/ALPHA/settings", {"settings": {"timezone": "Europe/Warsaw"}})
    as_manager.post(
        URL, {"customer": {"email": "x@example.com", "registeredAt": "2026-07-01T12:00:00"}}
    )

    read = as_manager.get(f"{URL}/email=x@example.com").json()
    assert read["registeredAt"] == "2026-07-01T10:00:00+00:00"
    found = as_manager.get(f"{URL}?registeredAt[eq]=2026-07-01T12:00:00").json()
    assert found["total"]["filtered"] == 1


@pytest.mark.parametrize("name", FORMS)
def test_every_form_of_the_identifier_means_the_member_everywhere(
    name: str, as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    url = f"{URL}/{name}"
    make_member(store)

    label = {"key": "a", "value": ""}
    answers = [
        as_manager.get(url), as_manager.put(url, {"customer": {"firstName": "Ann"}}),
        as_manager.put(f"{url}/custom-attribute", {"customAttributes": [label]}),
        as_manager.delete(f"{url}/custom-attribute", {"customAttributes": [{"key": "a"}]}),
        as_manager.post(f"{url}/password", {"plainPassword": f"{PASSWORD} 2"}),
        as_manager.post(f"{url}/badge", {"systemCode": "gold"}),
        as_manager.put(f"{url}/badge/systemCode=gold", {"badge": {"completedCount": 3}}),
        as_manager.get(f"{url}/badge"), as_manager.get(f"{url}/badge-entry"),
        as_manager.get(f"{url}/history"),
        as_manager.post(f"{url}/deactivate"), as_manager.post(f"{url}/activate"),
        as_manager.delete(url),
    ]  # fmt: skip

    statuses = [answer.status_code for answer in answers]
    assert statuses == [200, 200, 204, 204, 204, 200, 204, 200, 200, 200, 204, 204, 204]
    assert answers[0].json()["customerId"] == str(member.id)
    assert answers[7].json()["items"][0]["completedCount"] == 3
    assert Member.for_store(store).count() == 1


def test_card_numbers_depend_on_case(as_manager: ApiClient, store: Store, member: Member) -> None:
    assert as_manager.get(f"{URL}/loyaltyCardNumber=card-1").status_code == 404
    other = {"customer": {"email": "x@example.com", "loyaltyCardNumber": "card-1"}}
    assert as_manager.post(URL, other).status_code == 200


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("email", "ANNA@example.com", "Customer with such email already exists."),
        ("phone", "+48600100200", "Customer with such phone already exists."),
        ("loyaltyCardNumber", "CARD-1",
         "Customer with such loyalty card number already exists."),
    ],
)  # fmt: skip
def test_an_identifier_is_one_members(
    field: str, value: str, message: str, as_manager: ApiClient, as_root: ApiClient,
    store: Store, other_store: Store, member: Member,
) -> None:  # fmt: skip
    make_member(store, email="x@example.com")
    before = events(store)

    for answer in (
        as_manager.post(URL, {"customer": {"email": "new@example.com", field: value}}),
        as_manager.put(f"{URL}/email=x@example.com", {"customer": {field: value}}),
    ):
        assert answer.status_code == 400
        assert [(error["path"], error["message"]) for error in answer.json()["errors"]] == [
            (f"customer.{field}", message)
        ]
    assert Member.for_store(store).count() == 2
    assert events(store) == before
    elsewhere = {"customer": {"email": "y@example.com", field: value}}
    assert as_root.post("/api/BETA/member", elsewhere).status_code == 200


def test_only_what_is_sent_is_changed(as_manager: ApiClient, store: Store, member: Member) -> None:
    answer = as_manager.put(
        ANNA, {"customer": {"lastName": "Lee", "firstName": "Anna", "phone": None}}
    )

    assert (answer.status_code, answer.json()) == (200, {"customerId": str(member.id)})
    member.refresh_from_db()
    assert (member.last_name, member.first_name, member.phone, member.email) == (
        "Lee", "Anna", None, "anna@example.com",
    )  # fmt: skip
    event = Event.for_store(store).filter(name="CustomerWasUpdated").get()
    assert event.data == {"changed": ["last_name", "phone"]}
    assert (event.actor_kind, event.actor_label) == ("admin", "manager@example.com")


def test_a_change_of_nothing_is_no_event(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    before = events(store)

    as_manager.put(ANNA, {"customer": {"firstName": "Anna"}})

    assert events(store) == before


@pytest.mark.parametrize(
    "name", ["active", "anonymized", "password", "customerId", "storeCode", "token_version"]
)
def test_what_is_not_the_callers_to_write_is_refused(
    name: str, as_manager: ApiClient, store: Store, member: Member
) -> None:
    answer = as_manager.put(ANNA, {"customer": {name: False, "firstName": "Changed"}})

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["path"] == f"customer.{name}"
    member.refresh_from_db()
    assert member.first_name == "Anna"


def test_a_viewer_and_a_member_change_nothing(
    as_viewer: ApiClient, as_member: ApiClient, store: Store, member: Member
) -> None:
    before = events(store)
    for client in (as_viewer, as_member):
        answers = [
            client.post(URL, {"customer": {"email": "x@example.com"}}),
            client.put(ANNA, {"customer": {"firstName": "Changed"}}), client.delete(ANNA),
            *(client.post(f"{ANNA}/{verb}") for verb in ("anonymize", "activate", "deactivate")),
            client.put(f"{ANNA}/custom-attribute", {"customAttributes": []}),
            client.post(f"{ANNA}/password", {"plainPassword": f"{PASSWORD} 2"}),
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [403] * 8

    assert events(store) == before
    assert as_viewer.get(URL).status_code == as_viewer.get(ANNA).status_code == 200
    assert as_member.get(URL).status_code == 403


# --- Lists --------------------------------------------------------------------------------------


@pytest.fixture
def people(store: Store, other_store: Store) -> list[Member]:
    make_member(other_store, email="bella@example.com", first_name="Bella")
    return [
        make_member(store, email="bella@example.com", first_name="Bella", gender="female",
                    address={"city": "Gdańsk"}, labels=[{"key": "tier", "value": "gold"}],
                    birth_date="1990-01-01"),
        make_member(store, email="carl@example.com", first_name="carl", phone="+1", last_name="",
                    labels=[{"key": "tier", "value": "blue"}, {"key": "vip", "value": "1"}]),
        make_member(store, email="dora@example.com", first_name="Dora", agreement1=True,
                    loyalty_card_number="100%_x"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "bella carl dora"), ("firstName=Bella", "bella"), ("firstName=bella", ""),
        ("firstName[like]=A", "bella carl dora"), ("firstName[in]=Bella,Dora", "bella dora"),
        ("firstName[in][]=Bella&firstName[in][]=carl", "bella carl"),
        ("firstName[in][0]=Bella&firstName[in][1]=carl", "bella carl"),
        ("firstName[in]=Bella&firstName[in]=carl", "bella carl"),
        ("firstName[eq]=Dora", "dora"), ("phone[hasValue]=1", "carl"),
        ("phone[notHasValue]=true", "bella dora"), ("phone[hasValue]=", "carl"),
        # An empty text is a value.
        ("lastName[hasValue]=true", "bella carl dora"),
        ("loyaltyCardNumber[like]=0%25_", "dora"), ("loyaltyCardNumber[like]=%25%25", ""),
        ("agreement1=true", "dora"), ("agreement1[eq]=false", "bella carl"), ("active=0", ""),
        ("gender=female", "bella"), ("gender[in]=female,male", "bella"),
        ("address:city=Gda%C5%84sk", "bella"), ("address:city[like]=GDA", "bella"),
        ("address:city[in]=Gda%C5%84sk,x", "bella"), ("address:city[hasValue]=1", "bella"),
        ("labels=(tier;gold)", "bella"), ("labels=(tier;)", "bella carl"),
        ("labels=(tier;gold),(vip;1)", "bella carl"), ("labels=(vip;gold)", ""),
        ("birthDate=1990-01-01", "bella"), ("birthDate[lt]=1990-01-01", ""),
        ("birthDate[lte]=1990-01-01", "bella"), ("birthDate[notHasValue]=1", "carl dora"),
        ("createdAt[gt]=2026-01-01", "bella carl dora"), ("createdAt[lt]=2026-01-01", ""),
        ("emailOrPhone=%2B1", "carl"), ("emailOrPhone=DORA@example.com", "dora"),
        ("firstName=Bella&gender=male", ""), ("email[like]=example&agreement1=1", "dora"),
    ],
)  # fmt: skip
def test_members_are_found_by(
    query: str, found: str, as_manager: ApiClient, people: list[Member]
) -> None:
    answer = as_manager.get(f"{URL}?{query}")

    assert answer.status_code == 200, answer.content
    names = [item["email"].partition("@")[0] for item in answer.json()["items"]]
    assert names == found.split()
    total = {"all": 3, "filtered": len(names), "estimated": False}
    assert answer.json()["total"] == total


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("_orderBy[firstName]=asc", "bella dora carl"),
        ("_orderBy[firstName]=desc", "carl dora bella"),
        ("_orderBy[agreement1]=desc&_orderBy[email]=desc", "dora carl bella"),
        ("_orderBy[email]=desc&_itemsOnPage=2", "dora carl"),
        ("_orderBy[email]=desc&_itemsOnPage=2&_page=2", "bella"),
        ("_page=3&_itemsOnPage=2", ""),
    ],
)
def test_members_are_sorted_and_paged(
    query: str, names: str, as_manager: ApiClient, people: list[Member]
) -> None:
    answer = as_manager.get(f"{URL}?{query}").json()

    assert [item["email"].partition("@")[0] for item in answer["items"]] == names.split()
    assert answer["total"]["all"] == answer["total"]["filtered"] == 3


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("nonsense=1", "nonsense"), ("firstName[gt]=a", "firstName[gt]"),
        ("createdAt[like]=2026", "createdAt[like]"), ("createdAt=yesterday", "createdAt"),
        ("active=maybe", "active"), ("customerId=7", "customerId"), ("labels=tier", "labels"),
        ("labels=(tier;gold", "labels"), ("phone[hasValue]=0", "phone[hasValue]"),
        ("_orderBy[address:city]=asc", "_orderBy[address:city]"),
        ("_orderBy[labels]=asc", "_orderBy[labels]"), ("password=x", "password"),
        ("birthDate=1990-02-30", "birthDate"), ("firstName[in]=", "firstName[in]"),
        ("customerId[in]=7,8", "customerId[in]"),
    ],
)  # fmt: skip
def test_a_question_that_means_nothing_is_refused(
    query: str, path: str, as_manager: ApiClient, people: list[Member]
) -> None:
    answer = as_manager.get(f"{URL}?{query}")

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]


def test_a_scroll_shows_every_member_once(as_manager: ApiClient, people: list[Member]) -> None:
    seen, token = [], ""
    for _ in range(3):
        page = as_manager.get(f"{URL}?_itemsOnPage=2&_scroll={token}").json()
        assert page.keys() == {"items", "scroll"}
        seen.append([item["email"].partition("@")[0] for item in page["items"]])
        token = page["scroll"]["next"]

    assert seen == [["bella", "carl"], ["dora"], []]
    assert token is None
    narrowed = as_manager.get(f"{URL}?agreement1=true&_scroll=").json()
    assert [item["email"] for item in narrowed["items"]] == ["dora@example.com"]


def test_totals_are_exact_up_to_5000_and_estimated_above(
    as_manager: ApiClient, store: Store, other_store: Store
) -> None:
    def add(count: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO members_member (id, store_id, email, first_name, last_name, gender,
                       address, company, labels, agreement1, agreement2, agreement3, locale,
                       timezone, active, anonymized, password, token_version, registered_at,
                       created_at, updated_at)
                SELECT gen_random_uuid(), %s, gen_random_uuid() || '@example.com', 'x', '',
                       'female', '{}', '{}', '[]', n = 1, false, false, '', '', true, false, '',
                       0, now(), now(), now()
                  FROM generate_series(1, %s::int) n
                """,
                [store.id, count],
            )
            cursor.execute("ANALYZE members_member")

    make_member(other_store)
    add(5000)
    exact = as_manager.get(f"{URL}?_itemsOnPage=1").json()["total"]
    assert exact == {"all": 5000, "filtered": 5000, "estimated": False}

    add(1)
    total = as_manager.get(f"{URL}?_itemsOnPage=1&agreement1=true").json()["total"]

    assert total["filtered"] == 2
    assert total["estimated"] is True
    assert 5001 <= total["all"] <= 5500


def test_a_list_costs_the_same_for_many(
    as_manager: ApiClient, store: Store, django_assert_num_queries: Any
) -> None:
    for _ in range(30):
        make_member(store)

    with django_assert_num_queries(3):
        as_manager.get(f"{URL}?_itemsOnPage=50")
    with django_assert_num_queries(4):
        as_manager.get(f"{URL}?_itemsOnPage=50&active=true")


# --- The end ------------------------------------------------------------------------------------


def test_a_deleted_member_is_gone_with_all_badges(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)

    assert as_manager.delete(ANNA).status_code == 204

    assert as_manager.get(ANNA).status_code == 404
    assert as_manager.delete(ANNA).status_code == 404
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT (SELECT count(*) FROM badges_badgeentry),"
            " (SELECT count(*) FROM badges_memberbadge)"
        )
        assert cursor.fetchone() == (0, 0)
    assert events(store)[-1] == "CustomerWasDeleted"
    again = as_manager.post(URL, {"customer": {"email": "anna@example.com"}})
    assert again.status_code == 200
    assert again.json()["customerId"] != str(member.id)


def test_a_deleted_member_of_one_store_is_not_one_of_the_other(
    as_manager: ApiClient, store: Store, other_store: Store, member: Member
) -> None:
    twin = make_member(other_store, email="anna@example.com")

    as_manager.delete(ANNA)

    assert Member.for_store(other_store).get() == twin
