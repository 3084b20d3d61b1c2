"""Who did what, across the stores that the caller may audit."""

from typing import Any

import pytest

from loyalty.models import Access, Event, Resource, Role, Store
from loyalty.selectors.access import EVERYTHING
from loyalty.services.roles import update_role
from loyalty.services.stores import update_store
from members.models import Member
from members.services.members import update_member
from tests.builders import (
    TESTER,
    admin_token,
    make_administrator,
    make_badge_type,
    make_role,
    make_store,
)
from tests.clients import ApiClient

pytestmark = pytest.mark.django_db

LOG = "/api/audit/log"
MAY = (Resource.AUDIT, Access.VIEW)


def caller(*roles: Role) -> ApiClient:
    return ApiClient.with_token(admin_token(make_administrator(*roles)))


def log(client: ApiClient, query: str = "") -> Any:
    answer = client.get(f"{LOG}?_itemsOnPage=50&{query}")
    assert answer.status_code == 200, answer.content
    return answer.json()


def stores_in(client: ApiClient, query: str = "") -> set[str | None]:
    return {item["store"] and item["store"]["code"] for item in log(client, query)["items"]}


def test_one_sees_the_stores_that_one_may_audit(
    store: Store, other_store: Store, as_root: ApiClient, as_manager: ApiClient
) -> None:
    third = make_store("GAMMA")
    auditor = make_role(MAY, stores=(store, third))
    elsewhere = make_role((Resource.BADGE, Access.MODIFY), stores=(other_store,))

    assert stores_in(caller(auditor, elsewhere)) == {"ALPHA", "GAMMA"}
    assert stores_in(caller(auditor, elsewhere), "store=BETA") == set()
    assert stores_in(as_root) == {"ALPHA", "BETA", "GAMMA", None}
    assert as_manager.get(LOG).status_code == 403
    assert log(caller(auditor))["total"]["all"] == (
        Event.across_stores.filter(store__in=[store, third]).count()
    )


def test_an_entry_says_who_did_what_and_what_it_was_before(
    store: Store, as_root: ApiClient, as_manager: ApiClient
) -> None:
    badge_type = make_badge_type(store, "gold")
    as_manager.patch(
        f"/api/ALPHA/badge-type/{badge_type.id}/attributes", {"attributes": {"displayRank": 7}}
    )

    entry = log(as_root)["items"][0]

    row = Event.for_store(store).latest("sequence")
    assert entry == {
        "auditLogId": str(row.id),
        "sequence": row.sequence,
        "store": {"storeId": str(store.id), "code": "ALPHA", "name": "Alpha"},
        "eventType": "BadgeTypeUpdated",
        "entityType": "badgeType",
        "entityId": str(badge_type.id),
        "customerId": None,
        "username": "manager@example.com",
        "userId": str(row.actor_id),
        "userType": "admin",
        "source": "api",
        "ip": "127.0.0.1",
        "createdAt": entry["createdAt"],
        "data": {
            "systemCode": "gold", "before": {"display_rank": 0}, "after": {"display_rank": 7},
        },
    }  # fmt: skip


def test_the_latest_come_first_over_all_stores_and_pages(store: Store, other_store: Store) -> None:
    for number in range(30):
        update_store((store, other_store)[number % 2], name=f"No {number}", actor=TESTER)
    auditor = caller(make_role(MAY, stores=(store, other_store)))

    pages = [
        auditor.get(f"{LOG}?eventType=StoreUpdated&_itemsOnPage=7&_page={page}").json()
        for page in range(1, 7)
    ]

    seen = [item["data"]["after"]["name"] for page in pages for item in page["items"]]
    assert seen == [f"No {number}" for number in reversed(range(30))]
    assert pages[0]["total"]["filtered"] == 30


def test_the_log_is_searched_by_who_what_when_and_whom(
    store: Store, member: Member, as_root: ApiClient, as_manager: ApiClient
) -> None:
    badge_type = make_badge_type(store, "gold")
    update_member(store, member=member, last_name="Other", actor=TESTER)
    as_manager.post("/api/ALPHA/badge-type/systemCode=gold/active", {"active": False})
    latest = Event.for_store(store).latest("sequence")
    moment = latest.recorded_at.isoformat().replace("+", "%2B")

    for query, found in {
        "username=manager@example.com": 1,
        "username[like]=MANAGER": 1,
        "eventType[in]=BadgeTypeDeactivated,CustomerWasUpdated": 2,
        f"entityId={badge_type.id}&entityType=badgeType": 2,
        f"customerId={member.id}&eventType=CustomerWasUpdated": 1,
        f"auditLogId={latest.id}": 1,
        f"userId={latest.actor_id}": 1,
        "ip=127.0.0.1": 1,
        "ip=10.0.0.1": 0,
        "userType=admin": 1,
        "store=ALPHA&eventType=BadgeTypeDeactivated": 1,
        "store=BETA&eventType=BadgeTypeDeactivated": 0,
        f"createdAt[gte]={moment}&entityType=badgeType": 2,
        f"createdAt[gt]={moment}&entityType=badgeType": 0,
    }.items():
        assert len(log(as_root, query)["items"]) == found, query


def test_personal_data_is_named_and_not_copied(
    store: Store, member: Member, as_root: ApiClient
) -> None:
    update_member(store, member=member, last_name="Zielińska", phone="+48999", actor=TESTER)

    entry = log(as_root)["items"][0]

    assert entry["data"] == {"changed": ["last_name", "phone"]}
    assert entry["customerId"] == str(member.id)


def test_a_role_is_told_before_and_after(store: Store, as_root: ApiClient) -> None:
    role = make_role((Resource.BADGE, Access.VIEW), stores=(store,), name="Clerk")
    update_role(
        role_id=role.id, name="Clerk", permissions=[("BADGE", "MODIFY")], store_codes=["ALPHA"],
        is_default=False, actor=TESTER, reach=EVERYTHING,
    )  # fmt: skip

    data = log(as_root)["items"][0]["data"]

    assert data["before"] == {"permissions": ["BADGE:VIEW"]}
    assert data["after"] == {"permissions": ["BADGE:MODIFY"]}
