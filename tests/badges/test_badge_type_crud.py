"""Badge types: defined, read, changed, switched, deleted."""

from typing import Any
from uuid import uuid4

import pytest

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Event, Store
from loyalty.services.stores import update_store
from members.models import Member
from tests.builders import TESTER, give_badge, make_badge_type
from tests.clients import ApiClient

URL = "/api/ALPHA/badge-type"
GOLD = f"{URL}/systemCode=gold"
ANNA = "/api/ALPHA/member/email=anna@example.com/badge"
TEXTS = {"en": {"name": "Silver", "description": ""}, "pl": {"name": "Srebro"}}


def body(**more: Any) -> dict[str, Any]:
    return {"badgeType": {"systemCode": "silver", "translations": TEXTS, **more}}


def events(store: Store) -> list[str]:
    found = Event.for_store(store).filter(subject_kind="badgeType").order_by("sequence")
    return list(found.values_list("name", flat=True))


def test_a_badge_type_is_defined_and_read(as_manager: ApiClient, store: Store) -> None:
    made = as_manager.post(URL, body())

    row = BadgeType.for_store(store).get()
    assert (made.status_code, made.json()) == (200, {"badgeTypeId": str(row.id)})
    expected = {
        "badgeTypeId": str(row.id),
        "name": "Silver",
        "systemCode": "silver",
        "active": True,
        "translations": TEXTS,
        "createdAt": row.created_at.isoformat(),
        "updatedAt": row.updated_at.isoformat(),
    }
    assert as_manager.get(f"{URL}/{row.id}").json() == expected
    assert as_manager.get(f"{URL}/systemCode=silver").json() == expected
    assert as_manager.get(URL).json() == {
        "items": [expected], "total": {"all": 1, "filtered": 1, "estimated": False},
    }  # fmt: skip
    assert events(store) == ["BadgeTypeCreated"]


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"systemCode": "gold"}, "badgeType.systemCode"),
        ({"systemCode": "a b"}, "badgeType.systemCode"),
        ({"systemCode": "żółw"}, "badgeType.systemCode"),
        ({"systemCode": "a\n"}, "badgeType.systemCode"),
        ({"systemCode": "x" * 256}, "badgeType.systemCode"),
        ({"active": None}, "badgeType.active"),
        ({"translations": {}}, "badgeType.translations.en.name"),
        ({"translations": {"pl": {"name": "Srebro"}}}, "badgeType.translations.en.name"),
        ({"translations": {"en": {"name": " "}}}, "badgeType.translations.en.name"),
        ({"translations": {"en": {}}}, "badgeType.translations.en.name"),
        ({"translations": {"en": {"name": "x" * 256}}}, "badgeType.translations.en.name"),
        ({"translations": {**TEXTS, "de": {"name": "Silber"}}}, "badgeType.translations.de"),
        ({"translations": {**TEXTS, "pl": {"description": "x"}}},
         "badgeType.translations.pl.name"),
        ({"translations": {**TEXTS, "pl": {"name": "x", "colour": "x"}}},
         "badgeType.translations.pl.colour"),
        ({"translations": {**TEXTS, "pl": None}}, "badgeType.translations.pl"),
        ({"translations": [TEXTS]}, "badgeType.translations"),
        ({"displayRank": 1}, "badgeType.displayRank"),
        ({"badgeTypeId": str(uuid4())}, "badgeType.badgeTypeId"),
    ],
)  # fmt: skip
def test_a_bad_badge_type_is_refused_and_nothing_is_written(
    wrong: dict[str, Any], path: str, as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    answer = as_manager.post(URL, body(**wrong))

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert BadgeType.for_store(store).get() == badge_type
    assert events(store) == ["BadgeTypeCreated"]


def test_system_codes_depend_on_case_and_are_each_stores_own(
    as_manager: ApiClient, as_root: ApiClient, badge_type: BadgeType
) -> None:
    assert as_manager.post(URL, body(systemCode="GOLD")).status_code == 200
    assert as_root.post("/api/BETA/badge-type", body(systemCode="gold")).status_code == 200
    assert as_manager.get(f"{URL}/systemCode=Gold").status_code == 404


def test_texts_and_activity_are_changed_and_the_code_is_not(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    answer = as_manager.put(GOLD, {"badgeType": {"active": False, "translations": TEXTS}})

    assert (answer.status_code, answer.content) == (204, b"")
    badge_type.refresh_from_db()
    assert (badge_type.system_code, badge_type.active, badge_type.translations) == (
        "gold", False, TEXTS,
    )  # fmt: skip
    event = Event.for_store(store).get(name="BadgeTypeUpdated")
    assert sorted(event.data["before"]) == sorted(event.data["after"]) == ["active", "translations"]
    assert badge_type.revision == 2


def test_what_is_not_sent_stays(as_manager: ApiClient, badge_type: BadgeType) -> None:
    as_manager.post(f"{GOLD}/active", {"active": False})

    as_manager.put(GOLD, {"badgeType": {"translations": TEXTS}})

    badge_type.refresh_from_db()
    assert badge_type.active is False


def test_a_badge_type_is_switched_off_and_on(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    for active in (False, False, True):
        answer = as_manager.post(f"{GOLD}/active", {"active": active})

        assert (answer.status_code, answer.content) == (204, b"")
        assert as_manager.get(GOLD).json()["active"] is active
    assert events(store) == ["BadgeTypeCreated", "BadgeTypeDeactivated", "BadgeTypeActivated"]


def test_a_viewer_and_a_member_change_nothing(
    as_viewer: ApiClient, as_member: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    for client in (as_viewer, as_member):
        answers = [
            client.post(URL, body()), client.put(GOLD, {"badgeType": {"translations": TEXTS}}),
            client.post(f"{GOLD}/active", {"active": False}), client.delete(GOLD),
            client.patch(f"{GOLD}/attributes", {"attributes": {"displayRank": 1}}),
        ]  # fmt: skip
        assert [answer.status_code for answer in answers] == [403] * 5
    assert events(store) == ["BadgeTypeCreated"]


# --- Attributes ---------------------------------------------------------------------------------


def test_attributes_are_read_and_changed_one_by_one(
    as_manager: ApiClient, badge_type: BadgeType
) -> None:
    url = f"{GOLD}/attributes"
    before = as_manager.get(url).json()
    answer = as_manager.patch(
        url,
        {"attributes": {"backgroundColor": "#C81B53", "icon": "https://cdn.example.com/gold.svg"}},
    )

    assert before == {
        "attributes": {
            "backgroundColor": "#FFFFFF", "textColor": "#000000", "icon": "", "displayRank": 0,
            "validity": "unlimited", "validUntil": None, "validDays": None,
            "permissionsEnabled": False, "slug": "gold", "revision": 1,
        }
    }  # fmt: skip
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "attributes": {
                **before["attributes"], "backgroundColor": "#C81B53",
                "icon": "https://cdn.example.com/gold.svg", "revision": 2,
            }
        },
    )  # fmt: skip
    assert as_manager.get(url).json() == answer.json()


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"backgroundColor": "red"}, "attributes.backgroundColor"),
        ({"backgroundColor": "#c81b53"}, "attributes.backgroundColor"),
        ({"textColor": "#C81B53\n"}, "attributes.textColor"),
        ({"icon": "http://cdn.example.com/x.svg"}, "attributes.icon"),
        ({"icon": "javascript:alert(1)"}, "attributes.icon"),
        ({"displayRank": -1}, "attributes.displayRank"),
        ({"displayRank": 2**31}, "attributes.displayRank"),
        ({"permissionsEnabled": True}, "attributes.permissionsEnabled"),
        ({"slug": "mine"}, "attributes.slug"),
        ({"revision": 9}, "attributes.revision"),
        ({"validity": "for ever"}, "attributes.validity"),
        ({"validity": "fixed"}, "attributes.validUntil"),
        ({"validity": "relative"}, "attributes.validDays"),
        ({"validity": "relative", "validDays": 0}, "attributes.validDays"),
        ({"validity": "relative", "validDays": 36501}, "attributes.validDays"),
        ({"validity": "unlimited", "validDays": 30}, "attributes.validDays"),
        ({"validDays": 30}, "attributes.validDays"),
        (
            {"validity": "relative", "validDays": 3, "validUntil": "2030-01-01T00:00:00Z"},
            "attributes.validUntil",
        ),
        ({"validity": "fixed", "validUntil": "soon"}, "attributes.validUntil"),
    ],
)
def test_a_bad_attribute_is_refused_and_nothing_is_written(
    wrong: dict[str, Any], path: str, as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    before = as_manager.get(f"{GOLD}/attributes").json()

    answer = as_manager.patch(f"{GOLD}/attributes", {"attributes": {"displayRank": 5, **wrong}})

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]
    assert as_manager.get(f"{GOLD}/attributes").json() == before


def test_ranks_give_the_order_of_the_list(as_manager: ApiClient, store: Store) -> None:
    for code, rank in (("third", 3), ("first", 1), ("second", 2)):
        make_badge_type(store, code, display_rank=rank)

    codes = [item["systemCode"] for item in as_manager.get(URL).json()["items"]]
    assert codes == ["first", "second", "third"]


# --- The end ------------------------------------------------------------------------------------


def test_a_deleted_badge_type_is_out_of_sight_and_stays_in_the_ledger(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type, times=2)

    answer = as_manager.delete(GOLD)

    assert (answer.status_code, answer.content) == (204, b"")
    assert as_manager.get(URL).json()["total"]["all"] == 0
    assert as_manager.get(f"{URL}/count").json()["items"] == []
    assert as_manager.get(ANNA).json() == {
        "items": [], "total": {"all": 0, "filtered": 0, "estimated": False},
    }  # fmt: skip
    for url in (GOLD, f"{URL}/{badge_type.id}"):
        assert as_manager.get(url).status_code == 404
        assert as_manager.put(url, {"badgeType": {"translations": TEXTS}}).status_code == 404
        assert as_manager.post(f"{url}/active", {"active": True}).status_code == 404
        assert as_manager.get(f"{url}/attributes").status_code == 404
        assert as_manager.get(f"{url}/member").status_code == 404
        assert as_manager.delete(url).status_code == 404
    assert as_manager.post(ANNA, {"systemCode": "gold"}).status_code == 404
    gone = as_manager.put(f"{ANNA}/systemCode=gold", {"badge": {"completedCount": 5}})
    assert gone.status_code == 404
    ledger = as_manager.get(f"{ANNA}-entry").json()
    assert [line["systemCode"] for line in ledger["items"]] == ["gold", "gold"]
    assert MemberBadge.for_store(store).get().completed_count == 2


def test_the_code_of_a_deleted_badge_type_is_free(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)
    as_manager.delete(GOLD)

    made = as_manager.post(URL, body(systemCode="gold"))

    assert made.status_code == 200
    assert made.json()["badgeTypeId"] != str(badge_type.id)
    as_manager.post(ANNA, {"systemCode": "gold"})
    held = as_manager.get(ANNA).json()["items"]
    assert [(item["badgeTypeId"], item["completedCount"]) for item in held] == [
        (made.json()["badgeTypeId"], 1)
    ]
    assert BadgeEntry.for_store(store).count() == 2
    again = as_manager.delete(GOLD), as_manager.post(URL, body(systemCode="gold"))
    assert [answer.status_code for answer in again] == [204, 200]


# --- Names in languages -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "name"), [("", "Gold"), ("en", "Gold"), ("pl", "Złoto"), ("de", "Gold")]
)
def test_the_flat_name_is_in_the_language_asked_for(
    locale: str, name: str, as_manager: ApiClient, store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    give_badge(store, member, badge_type)
    query = f"?_locale={locale}" if locale else ""

    assert as_manager.get(GOLD + query).json()["name"] == name
    assert as_manager.get(URL + query).json()["items"][0]["name"] == name
    held = as_manager.get(ANNA + query).json()["items"][0]
    assert (held["name"], held["badgeType"]["name"]) == (name, name)
    assert held["badgeType"]["translations"].keys() == {"en", "pl"}


def test_the_stores_own_language_comes_first(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    update_store(store, actor=TESTER, default_locale="pl")

    assert as_manager.get(GOLD).json()["name"] == "Złoto"
    found = as_manager.get(f"{URL}?name=Z%C5%82oto").json()
    assert found["total"]["filtered"] == 1
    refused = as_manager.post(URL, body(translations={"en": {"name": "Silver"}}))
    assert refused.json()["errors"][0]["path"] == "badgeType.translations.pl.name"
