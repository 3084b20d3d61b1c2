"""The lists about badges: search, order, pages, totals and what they cost."""

from typing import Any

import pytest
from django.db import connection

from badges.models import BadgeType
from loyalty.models import Access, Administrator, Resource, Store
from members.models import Member
from tests.builders import (
    admin_token,
    give_badge,
    make_administrator,
    make_api_key,
    make_badge_type,
    make_member,
    make_role,
    member_token,
)
from tests.clients import ApiClient

URL = "/api/ALPHA/badge-type"
ANNA = "/api/ALPHA/member/email=anna@example.com/badge"


@pytest.fixture
def shelf(store: Store, other_store: Store) -> list[BadgeType]:
    """Four badge types of `store`, one of them off; and a namesake in the other one."""
    make_badge_type(other_store, "gold", translations={"en": {"name": "Gold"}})
    return [
        make_badge_type(store, code, translations={"en": {"name": name}}, active=active)
        for code, name, active in (
            ("gold", "Gold", True), ("silver", "Silver 100%", True),
            ("bronze", "Bronze_x", False), ("old-gold", "Old gold", True),
        )
    ]  # fmt: skip


@pytest.fixture
def held(store: Store, member: Member, shelf: list[BadgeType]) -> list[BadgeType]:
    """Anna holds gold three times, silver once and bronze twice; somebody else holds silver."""
    for badge_type, times in zip(shelf, (3, 1, 2, 0), strict=True):
        make_active(badge_type)
        give_badge(store, member, badge_type, times)
    other = make_member(store)
    give_badge(store, other, shelf[1], times=5)
    return shelf


def make_active(badge_type: BadgeType) -> None:
    """In memory only, so that a badge type that is off can be held."""
    badge_type.active = True


def codes(answer: Any) -> list[str]:
    assert answer.status_code == 200, answer.content
    return [
        item["systemCode"] if "systemCode" in item else item["badgeType"]["systemCode"]
        for item in answer.json()["items"]
    ]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", "gold silver bronze old-gold"), ("name=Gold", "gold"), ("name=gold", ""),
        ("name[eq]=Gold", "gold"), ("name[like]=GOLD", "gold old-gold"),
        ("name[like]=0%25", "silver"), ("name[like]=%25", "silver"), ("name[like]=_x", "bronze"),
        ("name[in]=Gold,Old gold", "gold old-gold"), ("name[hasValue]=true",
         "gold silver bronze old-gold"), ("name[notHasValue]=true", ""),
        ("systemCode=gold", "gold"), ("systemCode[like]=OLD", "gold old-gold"),
        ("systemCode[in]=gold,silver", "gold silver"),
        ("systemCode[in][]=gold&systemCode[in][]=bronze", "gold bronze"),
        ("systemCode[in]=gold&systemCode[in]=bronze", "gold bronze"),
        ("active=true", "gold silver old-gold"), ("active[eq]=false", "bronze"),
        ("active=1&name[like]=old", "gold old-gold"), ("active=TRUE", "gold silver old-gold"),
        ("createdAt[gte]=2026-01-01T00:00:00Z", "gold silver bronze old-gold"),
        ("createdAt[gte]=2026-01-01T00:00:00+01:00", "gold silver bronze old-gold"),
        ("updatedAt[lt]=2026-01-01", ""), ("createdAt[gt]=2026-01-01&createdAt[lt]=2026-01-02", ""),
    ],
)  # fmt: skip
def test_badge_types_are_found_by(
    query: str, found: str, as_manager: ApiClient, shelf: list[BadgeType]
) -> None:
    answer = as_manager.get(f"{URL}?{query}")

    assert codes(answer) == found.split()
    count = len(found.split())
    assert answer.json()["total"] == {"all": 4, "filtered": count, "estimated": False}


def test_badge_types_are_found_by_id(as_manager: ApiClient, shelf: list[BadgeType]) -> None:
    gold, silver = shelf[0].id, shelf[1].id

    assert codes(as_manager.get(f"{URL}?badgeTypeId={gold}")) == ["gold"]
    both = f"{URL}?badgeTypeId[in]={gold},{silver}"
    assert codes(as_manager.get(both)) == ["gold", "silver"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("badgeType:name=Gold", "gold"), ("name=Gold", "gold"), ("badgeType:name[like]=o",
         "gold bronze"), ("badgeType:systemCode=silver", "silver"),
        ("badgeType:systemCode[in]=gold,bronze", "gold bronze"), ("badgeType:active=true",
         "gold silver"), ("badgeType:active[eq]=false", "bronze"), ("completedCount=3", "gold"),
        ("completedCount[gte]=2", "gold bronze"), ("completedCount[lt]=2", "silver"),
        ("completedCount[in]=1,2", "silver bronze"), ("completedCount=0", ""),
        ("completedCount=-1", ""), ("completedCount[gt]=-1", "gold silver bronze"),
        ("createdAt[lt]=2026-01-01", ""), ("updatedAt[gt]=2026-01-01", "gold silver bronze"),
        ("badgeType:active=true&completedCount[gt]=1", "gold"),
    ],
)  # fmt: skip
def test_badges_of_a_member_are_found_by(
    query: str, found: str, as_manager: ApiClient, held: list[BadgeType]
) -> None:
    answer = as_manager.get(f"{ANNA}?{query}")

    assert codes(answer) == found.split()
    count = len(found.split())
    assert answer.json()["total"] == {"all": 3, "filtered": count, "estimated": False}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("nonsense=1", "nonsense"), ("name[gt]=a", "name[gt]"), ("name[neq]=a", "name[neq]"),
        ("active[like]=t", "active[like]"), ("active=yes", "active"),
        ("badgeTypeId=7", "badgeTypeId"), ("badgeType:badgeTypeId=7", "badgeType:badgeTypeId"),
        ("completedCount=x", "completedCount"), ("completedCount=2147483648", "completedCount"),
        ("completedCount[in]=1,x", "completedCount[in]"), ("createdAt=x", "createdAt"),
        ("createdAt[gt]=2026-13-01", "createdAt[gt]"), ("name[in]=", "name[in]"),
        ("name[hasValue]=false", "name[hasValue]"), ("_orderBy[nonsense]=asc",
         "_orderBy[nonsense]"), ("_orderBy[name]=up", "_orderBy[name]"), ("_page=0", "_page"),
        ("_itemsOnPage=51", "_itemsOnPage"), ("systemCode=x", "systemCode"),
        ("_scroll=", "_scroll"),
    ],
)  # fmt: skip
def test_a_question_that_means_nothing_is_refused(
    query: str, path: str, as_manager: ApiClient, held: list[BadgeType]
) -> None:
    answer = as_manager.get(f"{ANNA}?{query}")

    assert answer.status_code == 400
    assert [error["path"] for error in answer.json()["errors"]] == [path]


def test_every_mistake_in_a_question_is_named(as_manager: ApiClient, store: Store) -> None:
    answer = as_manager.get(f"{URL}?nonsense=1&_orderBy[x]=asc&name=a&name=b")

    paths = [error["path"] for error in answer.json()["errors"]]
    assert paths == ["nonsense", "_orderBy[x]", "name"]


@pytest.mark.parametrize(
    ("url", "query", "found"),
    [
        (URL, "_orderBy[name]=asc", "bronze gold old-gold silver"),
        (URL, "_orderBy[name]=desc", "silver old-gold gold bronze"),
        (URL, "_orderBy[systemCode]=asc", "bronze gold old-gold silver"),
        (URL, "_orderBy[active]=asc&_orderBy[systemCode]=desc", "bronze silver old-gold gold"),
        (URL, "_orderBy[createdAt]=desc", "old-gold bronze silver gold"),
        (URL, "_itemsOnPage=2", "gold silver"),
        (URL, "_itemsOnPage=3&_page=2", "old-gold"),
        (URL, "_page=3&_itemsOnPage=2", ""),
        (ANNA, "_orderBy[completedCount]=desc", "gold bronze silver"),
        (ANNA, "_orderBy[badgeType:name]=asc", "bronze gold silver"),
        (ANNA, "_orderBy[badgeType:active]=asc&_orderBy[name]=desc", "bronze silver gold"),
        (ANNA, "_orderBy[createdAt]=desc", "bronze silver gold"),
        (ANNA, "_itemsOnPage=2&_page=2", "bronze"),
        (ANNA, "_page=2", ""),
    ],
)
def test_lists_are_sorted_and_paged(
    url: str, query: str, found: str, as_manager: ApiClient, held: list[BadgeType]
) -> None:
    answer = as_manager.get(f"{url}?{query}")

    assert codes(answer) == found.split()
    count = 4 if url == URL else 3
    assert answer.json()["total"] == {"all": count, "filtered": count, "estimated": False}


def test_pages_never_overlap_where_everything_is_equal(as_manager: ApiClient, store: Store) -> None:
    for number in range(25):
        make_badge_type(store, f"b{number:02d}")

    seen: list[str] = []
    for page in (1, 2, 3):
        seen += codes(as_manager.get(f"{URL}?_page={page}&_orderBy[active]=asc"))

    assert sorted(seen) == [f"b{number:02d}" for number in range(25)]


def test_totals_are_exact_up_to_5000_and_estimated_above(
    as_manager: ApiClient, store: Store
) -> None:
    def add(first: int, last: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                """
                INSERT INTO badges_badgetype (id, store_id, system_code, slug, translations, active,
                       background_color, text_color, icon, permissions_enabled, display_rank,
                       revision, created_at, updated_at)
                SELECT gen_random_uuid(), %s, 'b' || n, 'b' || n, '{"en":{"name":"x"}}', n > 7,
                       '#FFFFFF', '#000000', '', false, n, 1, now(), now()
                  FROM generate_series(%s::int, %s::int) n
                """,
                [store.id, first, last],
            )
            cursor.execute("ANALYZE badges_badgetype")

    add(1, 5000)
    exact = as_manager.get(f"{URL}?active=false").json()["total"]
    assert exact == {"all": 5000, "filtered": 7, "estimated": False}

    add(5001, 5001)
    total = as_manager.get(f"{URL}?active=false").json()["total"]
    deep = as_manager.get(f"{URL}?_page=100&_itemsOnPage=50").json()

    assert (total["filtered"], total["estimated"]) == (7, True)
    assert 5001 <= total["all"] <= 5500
    assert deep["items"][-1]["systemCode"] == "b5000"


# --- Holders, counts, the ledger -----------------------------------------------------------------


def test_holders_are_listed_with_what_they_earned(
    as_manager: ApiClient, store: Store, held: list[BadgeType], member: Member
) -> None:
    answer = as_manager.get(f"{URL}/systemCode=silver/member?_orderBy[completedCount]=asc").json()

    first = answer["items"][0]
    assert {name: first[name] for name in first if not name.endswith("EarnedAt")} == {
        "customerId": str(member.id), "email": "anna@example.com", "phone": "+48600100200",
        "loyaltyCardNumber": "CARD-1", "completedCount": 1,
    }  # fmt: skip
    assert first["firstEarnedAt"] == first["lastEarnedAt"]
    assert answer["items"][1]["completedCount"] == 5
    assert answer["items"][1]["firstEarnedAt"] < answer["items"][1]["lastEarnedAt"]
    assert answer["total"] == {"all": 2, "filtered": 2, "estimated": False}
    narrow = as_manager.get(f"{URL}/systemCode=silver/member?email=anna@example.com").json()
    assert [item["customerId"] for item in narrow["items"]] == [str(member.id)]


def test_holders_are_shown_to_whoever_may_see_members(store: Store, held: list[BadgeType]) -> None:
    badges_only = make_administrator(make_role((Resource.BADGE, Access.MODIFY), stores=(store,)))

    client = ApiClient.with_token(admin_token(badges_only))
    assert client.get(f"{URL}/systemCode=silver/member").status_code == 403
    assert client.get(f"{URL}/count").status_code == 200


def test_counts_say_how_many_hold_each_badge(as_manager: ApiClient, held: list[BadgeType]) -> None:
    answer = as_manager.get(f"{URL}/count").json()

    assert [
        (item["systemCode"], item["members"], item["completions"]) for item in answer["items"]
    ] == [("gold", 1, 3), ("silver", 2, 6), ("bronze", 1, 2), ("old-gold", 0, 0)]
    assert answer["items"][0]["badgeTypeId"] == str(held[0].id)
    assert codes(as_manager.get(f"{URL}/count?active=false")) == ["bronze"]


def test_the_ledger_tells_each_step(
    as_manager: ApiClient, as_member: ApiClient, manager: Administrator, store: Store,
    member: Member, badge_type: BadgeType,
) -> None:  # fmt: skip
    as_manager.post(ANNA, {"systemCode": "gold"})
    as_manager.post(ANNA, {"systemCode": "gold"})
    as_manager.put(f"{ANNA}/systemCode=gold", {"badge": {"completedCount": 7}})
    as_manager.put(f"{ANNA}/systemCode=gold", {"badge": {"completedCount": 3}})
    as_manager.put(f"{ANNA}/systemCode=gold", {"badge": {"completedCount": 0}})
    as_manager.post(ANNA, {"systemCode": "gold"})

    answer = as_manager.get(f"{ANNA}-entry").json()

    steps = [
        (line["kind"], line["delta"], line["previousCompletedCount"],
         line["currentCompletedCount"])
        for line in answer["items"]
    ]  # fmt: skip
    assert steps == [
        ("grant", 1, 0, 1), ("revocation", -3, 3, 0), ("correction", -4, 7, 3),
        ("correction", 5, 2, 7), ("grant", 1, 1, 2), ("grant", 1, 0, 1),
    ]  # fmt: skip
    first = answer["items"][0]
    assert {name: first[name] for name in first if name not in {"entryId", "recordedAt"}} == {
        "badgeTypeId": str(badge_type.id), "systemCode": "gold", "kind": "grant", "delta": 1,
        "previousCompletedCount": 0, "currentCompletedCount": 1, "reason": "", "source": "api",
        "actorKind": "admin", "actorId": str(manager.id), "actor": "manager@example.com",
        "occurredAt": first["recordedAt"],
    }  # fmt: skip
    assert as_member.get(f"{ANNA}-entry").json() == answer


def test_a_narrowed_ledger_counts_as_the_whole_one_does(
    as_manager: ApiClient, member: Member, badge_type: BadgeType
) -> None:
    """The count before and after a line does not depend on which lines are shown."""
    for count in (4, 9, 2):
        if count == 4:
            as_manager.post(ANNA, {"systemCode": "gold"})
        as_manager.put(f"{ANNA}/systemCode=gold", {"badge": {"completedCount": count}})
    whole = as_manager.get(f"{ANNA}-entry").json()["items"]

    corrections = as_manager.get(f"{ANNA}-entry?kind=correction").json()
    late = as_manager.get(f"{ANNA}-entry?recordedAt[gte]={whole[0]['recordedAt'][:-6]}Z").json()
    paged = as_manager.get(f"{ANNA}-entry?_itemsOnPage=1").json()

    assert corrections["items"] == [line for line in whole if line["kind"] == "correction"]
    assert corrections["total"] == {"all": 4, "filtered": 3, "estimated": False}
    assert late["items"] == whole[:1]
    assert paged["items"] == whole[:1]


# --- What it costs ------------------------------------------------------------------------------


@pytest.mark.parametrize("badges", [0, 1, 30])
@pytest.mark.parametrize("who", ["administrator", "key", "member"])
def test_a_members_badges_cost_two_statements(
    who: str, badges: int, manager: Administrator, store: Store, member: Member,
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    """Who is calling, and the badges: with the store, the member, the names and the totals."""
    for number in range(badges):
        give_badge(store, member, make_badge_type(store, f"b{number}"))
    client = {
        "administrator": lambda: ApiClient.with_token(admin_token(manager)),
        "key": lambda: ApiClient.with_key(make_api_key(manager)),
        "member": lambda: ApiClient.with_token(member_token(member)),
    }[who]()
    assert client.get(ANNA).status_code == 200  # Notes the first use of the key.

    for query in ("", "?_itemsOnPage=50&_orderBy[name]=asc", "?badgeType:active=true&_page=2"):
        with django_assert_num_queries(2):
            answer = client.get(ANNA + query)

        assert answer.status_code == 200
        assert answer.json()["total"]["all"] == badges


def test_who_is_not_there_costs_two_statements(
    as_manager: ApiClient, store: Store, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(2):
        assert as_manager.get(ANNA).status_code == 404


def test_whoever_is_refused_costs_one_statement_at_most(
    as_manager: ApiClient, anonymous: ApiClient, other_store: Store, member: Member,
    django_assert_num_queries: Any,
) -> None:  # fmt: skip
    with django_assert_num_queries(0):
        assert anonymous.get(ANNA).status_code == 401
        assert ApiClient.with_token("a.b.c").get(ANNA).status_code == 401
    with django_assert_num_queries(1):
        assert as_manager.get(ANNA.replace("ALPHA", "BETA")).status_code == 403


def test_lists_cost_the_same_for_many(
    as_manager: ApiClient, store: Store, member: Member, django_assert_num_queries: Any
) -> None:
    for number in range(30):
        badge_type = make_badge_type(store, f"b{number:02d}")
        give_badge(store, member, badge_type)

    for url, statements in (
        (f"{URL}?_itemsOnPage=50", 3), (f"{URL}?_itemsOnPage=50&active=true", 4),
        (f"{URL}/count?_itemsOnPage=50", 3), (f"{URL}/systemCode=b00/member", 4),
        (f"{URL}/systemCode=b00", 2), (f"{ANNA}-entry?_itemsOnPage=50", 4),
    ):  # fmt: skip
        with django_assert_num_queries(statements):
            assert as_manager.get(url).status_code == 200
