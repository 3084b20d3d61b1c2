"""`POST /api/{storeCode}/member/{member}/badge` and what follows from it."""

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Event, Store
from members.models import Member
from tests.clients import ApiClient

URL = "/api/ALPHA/member/email=anna@example.com/badge"


def test_a_grant_counts_one_up_and_writes_one_line(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    for _ in range(2):
        response = as_manager.post(URL, {"systemCode": "gold"})

        assert (response.status_code, response.json()) == (
            200, {"badgeTypeId": str(badge_type.id)},
        )  # fmt: skip

    held = MemberBadge.for_store(store).get(member=member)
    assert held.completed_count == 2
    lines = BadgeEntry.for_store(store).filter(member=member).order_by("recorded_at")
    assert [(line.kind, line.delta, line.actor_label, line.source) for line in lines] == [
        ("grant", 1, "manager@example.com", "api"),
        ("grant", 1, "manager@example.com", "api"),
    ]
    events = Event.for_store(store).filter(name="BadgeCompleted").order_by("sequence")
    assert [event.data["currentCompletedCount"] for event in events] == [1, 2]


def test_an_inactive_badge_type_is_not_granted(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    as_manager.post("/api/ALPHA/badge-type/systemCode=gold/active", {"active": False})

    response = as_manager.post(URL, {"systemCode": "gold"})

    assert response.status_code == 400
    assert response.json()["errors"][0]["path"] == "systemCode"
    assert not BadgeEntry.for_store(store).exists()
