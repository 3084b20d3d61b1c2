"""What members did becomes badges, with true dates and once only."""

from datetime import UTC, datetime

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Event, Store
from members.models import Member, TouchedMember
from tests.builders import give_badge, make_badge_type, make_member
from tests.evaluating import (
    DAY,
    assert_verified,
    bought,
    brought_back,
    happened,
    publish,
    settle,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VISITS = {"type": "count", "event": "visit", "target": 2}
PURCHASE = {"type": "count", "event": "transaction", "target": 1}


def lines(store: Store, member: Member, badge_type: BadgeType) -> list[tuple[str, int, datetime]]:
    found = BadgeEntry.for_store(store).filter(member=member, badge_type=badge_type)
    return list(found.order_by("recorded_at", "id").values_list("kind", "delta", "occurred_at"))


def held(store: Store, member: Member, badge_type: BadgeType) -> tuple[int, datetime, datetime]:
    found = MemberBadge.for_store(store).get(member=member, badge_type=badge_type)
    return found.completed_count, found.first_earned_at, found.last_earned_at


def test_a_badge_is_granted_as_of_what_completed_it(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISITS)
    for day in range(5):
        happened(store, member=member, at=NOON + day * DAY)

    assert_verified(store)

    assert lines(store, member, badge_type) == [
        ("grant", 1, NOON + DAY),
        ("grant", 1, NOON + 3 * DAY),
    ]
    assert held(store, member, badge_type) == (2, NOON + DAY, NOON + 3 * DAY)
    told = Event.for_store(store).get(name="BadgeCompleted")
    assert told.data["previousCompletedCount"] == 0
    assert told.data["currentCompletedCount"] == 2
    assert "silent" not in told.data


def test_no_more_than_the_limit(store: Store, member: Member, badge_type: BadgeType) -> None:
    publish(store, badge_type, VISITS, repeat_limit=1)
    for day in range(6):
        happened(store, member=member, at=NOON + day * DAY)
        settle()

    assert_verified(store)
    assert lines(store, member, badge_type) == [("grant", 1, NOON + DAY)]


def test_what_arrives_late_moves_the_date(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISITS, repeat_limit=1)
    for day in (4, 8):
        happened(store, member=member, at=NOON + day * DAY)
    settle()
    assert held(store, member, badge_type) == (1, NOON + 8 * DAY, NOON + 8 * DAY)

    happened(store, member=member, at=NOON)
    assert_verified(store)

    assert held(store, member, badge_type) == (1, NOON + 4 * DAY, NOON + 4 * DAY)
    assert lines(store, member, badge_type)[1:] == [
        ("correction", -1, NOON + 8 * DAY),
        ("grant", 1, NOON + 4 * DAY),
    ]
    # The member has what they had, so nobody is told anything.
    assert Event.for_store(store).filter(name__startswith="Badge").count() == 2  # type, completed


def test_a_badge_on_a_badge_follows(store: Store, member: Member, badge_type: BadgeType) -> None:
    above = make_badge_type(store, "above")
    publish(store, badge_type, PURCHASE)
    publish(store, above, {"type": "badge", "badgeTypeId": str(badge_type.id), "times": 2})
    bought(store, member, NOON, "1")
    settle()
    give_badge(store, member, badge_type)

    assert_verified(store)

    assert held(store, member, badge_type)[0] == 2
    assert held(store, member, above)[0] == 1


def test_what_a_badge_was_earned_for_is_brought_back(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    above = make_badge_type(store, "above")
    publish(store, badge_type, PURCHASE)
    publish(store, above, {"type": "badge", "badgeTypeId": str(badge_type.id)})
    bought(store, member, NOON, "1")
    settle()
    assert held(store, member, above)[0] == 1

    brought_back(store, member, NOON + DAY, "1")
    assert_verified(store)
    assert not MemberBadge.for_store(store).exists()

    bought(store, member, NOON + 2 * DAY, "2")
    assert_verified(store)
    assert held(store, member, badge_type)[0] == 1
    kinds = [(kind, delta) for kind, delta, _ in lines(store, member, badge_type)]
    assert kinds == [("grant", 1), ("revocation", -1), ("grant", 1)]


def test_members_without_news_are_not_looked_at(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, PURCHASE)
    other = make_member(store)
    bought(store, other, NOON, "1")
    assert_verified(store)
    assert not TouchedMember.across_stores.exists()
    assert held(store, other, badge_type)[0] == 1
    assert not MemberBadge.for_store(store).filter(member=member).exists()
