"""Days begin elsewhere once a store's timezone has changed, and so they did all along."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from badges.models import BadgeType, MemberBadge
from badges.services.condition_locks import hold_conditions
from loyalty.models import Job, Store
from loyalty.services.stores import update_store
from members.models import Member
from tests.builders import TESTER
from tests.evaluating import assert_verified, happened, publish, settle

# One evening in UTC, and two days in Auckland, which is 13 hours ahead in March.
MOMENTS = (datetime(2026, 3, 10, 10, tzinfo=UTC), datetime(2026, 3, 10, 12, tzinfo=UTC))
AUCKLAND = "Pacific/Auckland"

DAYS: Mapping[str, Any] = {"type": "streak", "event": "visit", "target": 2, "unit": "day"}
IN_A_DAY: Mapping[str, Any] = {
    "type": "count", "event": "visit", "target": 2,
    "window": {"type": "calendar", "period": "day", "zone": "store"},
}  # fmt: skip
VISIT: Mapping[str, Any] = {"type": "count", "event": "visit", "target": 1}


def visit_twice(store: Store, member: Member) -> None:
    for at in MOMENTS:
        happened(store, member=member, at=at)
    settle()


def held(store: Store, member: Member) -> int:
    found = MemberBadge.for_store(store).filter(member=member).first()
    return found.completed_count if found else 0


def evaluations(store: Store) -> int:
    return Job.for_store(store).filter(kind="evaluate").count()


@pytest.mark.parametrize("zone", ["store", "member"])
@pytest.mark.parametrize("nested", [True, False])
def test_days_are_counted_anew(
    zone: str, nested: bool, store: Store, member: Member, badge_type: BadgeType
) -> None:
    tree = {**DAYS, "zone": zone}
    both = {"type": "all", "conditions": [VISIT, tree]}
    publish(store, badge_type, both if nested else tree)
    visit_twice(store, member)
    assert held(store, member) == 0

    update_store(store, timezone=AUCKLAND, actor=TESTER)

    assert evaluations(store) == 1
    assert_verified(Store.objects.get(id=store.id))
    assert held(store, member) == 1


def test_what_was_one_day_and_is_two_goes(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, IN_A_DAY)
    visit_twice(store, member)
    assert held(store, member) == 1

    update_store(store, timezone=AUCKLAND, actor=TESTER)

    assert_verified(Store.objects.get(id=store.id))
    assert held(store, member) == 0


def test_nothing_else_is_evaluated(store: Store, member: Member, badge_type: BadgeType) -> None:
    publish(store, badge_type, VISIT)
    update_store(store, timezone=AUCKLAND, actor=TESTER)
    publish(store, badge_type, DAYS)
    update_store(store, timezone=AUCKLAND, name="As before", actor=TESTER)
    BadgeType.for_store(store).update(active=False)
    update_store(store, timezone="UTC", actor=TESTER)

    assert evaluations(store) == 0


@pytest.mark.parametrize("changes", [{"timezone": AUCKLAND}, {"name": "Omega"}])
def test_the_conditions_are_locked_before_the_store(
    changes: dict[str, str], store: Store, badge_type: BadgeType
) -> None:
    with CaptureQueriesContext(connection) as queries:
        update_store(store, actor=TESTER, **changes)

    said = [query["sql"] for query in queries]
    locks = [
        "conditions" if "pg_advisory_xact_lock(" in sql else "store"
        for sql in said
        if "pg_advisory_xact_lock(7305413" in sql
        or ('FROM "loyalty_store"' in sql and "FOR NO KEY UPDATE" in sql)
    ]
    assert locks == (["conditions", "store"] if "timezone" in changes else ["store"])


def test_who_has_waited_for_the_change_knows_of_it(store: Store) -> None:
    known = Store.objects.get(id=store.id)
    update_store(store, timezone=AUCKLAND, actor=TESTER)

    with transaction.atomic():
        hold_conditions(known)

    assert known.timezone == AUCKLAND
