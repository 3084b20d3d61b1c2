"""A condition is evaluated for everybody, and that is taken back, as jobs."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import transaction

from badges.models import BadgeEntry, BadgeType, ConditionVersion, MemberBadge
from badges.services.badge_types import set_badge_type_active
from badges.services.evaluation_job import stage_evaluation, stage_undoing
from badges.services.grants import set_completed_count
from loyalty.errors import Conflict
from loyalty.models import Event, Job, Store
from loyalty.services.jobs import kinds
from members.models import ListedMember, Member, MemberList, TouchedMember
from tests.builders import TESTER, give_badge, make_badge_type, make_member
from tests.evaluating import DAY, assert_verified, happened, publish, settle

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VISIT = {"type": "count", "event": "visit", "target": 1}
TWO_VISITS = {"type": "count", "event": "visit", "target": 2}


def evaluate_all(store: Store, version: ConditionVersion, **details: Any) -> Job:
    with transaction.atomic():
        job = stage_evaluation(store, version, actor=TESTER, **details)
    settle()
    job.refresh_from_db()
    assert job.state == "done", job.last_error
    return job


def undo(store: Store, job: Job) -> Job:
    with transaction.atomic():
        undoing = stage_undoing(store, job, actor=TESTER)
    settle()
    undoing.refresh_from_db()
    assert undoing.state == "done", undoing.last_error
    return undoing


def counts(store: Store, badge_type: BadgeType) -> dict[str, int]:
    held = MemberBadge.for_store(store).filter(badge_type=badge_type)
    return {row.member.email or "": row.completed_count for row in held}


def visits(store: Store, member: Member, number: int) -> None:
    for day in range(number):
        happened(store, member=member, at=NOON + day * DAY)


def test_history_is_evaluated_silently_and_undone(
    store: Store, member: Member, badge_type: BadgeType, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("evaluate", "undo_evaluation"):
        small = replace(kinds.kind_named(name), chunk_size=2)
        monkeypatch.setitem(kinds._KINDS, name, small)
    ben, eve = make_member(store, email="ben@x.org"), make_member(store, email="eve@x.org")
    make_member(store, email="idle@x.org")
    for someone, number in ((member, 3), (ben, 1), (eve, 5)):
        visits(store, someone, number)
    settle()
    version = publish(store, badge_type, TWO_VISITS)

    job = evaluate_all(store, version, silent=True)

    assert (job.total, job.changed, job.unchanged) == (3, 2, 1)
    assert counts(store, badge_type) == {"anna@example.com": 1, "eve@x.org": 2}
    entries = BadgeEntry.for_store(store).filter(member=eve).order_by("occurred_at")
    assert [entry.occurred_at for entry in entries] == [NOON + DAY, NOON + 3 * DAY]
    assert {entry.source_id for entry in entries} == {str(job.id)}
    told = Event.for_store(store).filter(name="BadgeCompleted")
    assert [event.data["silent"] for event in told] == [True, True]
    assert_verified(store)

    publish(store, badge_type, TWO_VISITS, series=version.series, counting_from=NOON + 9 * DAY)
    undoing = undo(store, job)
    assert (undoing.total, undoing.changed) == (2, 2)
    assert counts(store, badge_type) == {}
    assert_verified(store)
    with pytest.raises(Conflict), transaction.atomic():
        stage_undoing(store, job, actor=TESTER)

    # What was undone can be earned again, with its true dates.
    again = publish(store, badge_type, TWO_VISITS, series=version.series)
    evaluate_all(store, again)
    assert counts(store, badge_type) == {"anna@example.com": 1, "eve@x.org": 2}
    held = MemberBadge.for_store(store).get(member=eve)
    assert (held.first_earned_at, held.last_earned_at) == (NOON + DAY, NOON + 3 * DAY)
    assert_verified(store)


def test_undoing_leaves_alone_what_others_gave_and_took(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    ben = make_member(store, email="ben@x.org")
    for someone in (member, ben):
        visits(store, someone, 2)
    give_badge(store, member, badge_type)
    settle()
    version = publish(store, badge_type, VISIT)
    job = evaluate_all(store, version)
    assert counts(store, badge_type) == {"anna@example.com": 3, "ben@x.org": 2}
    set_completed_count(
        store, member=ben, badge_type=badge_type, completed_count=1, actor=TESTER,
        now=NOON,
    )  # fmt: skip

    publish(store, badge_type, VISIT, series=version.series, counting_from=NOON + 9 * DAY)
    undo(store, job)

    assert counts(store, badge_type) == {"anna@example.com": 1}
    assert_verified(store)


def test_taking_away_and_undoing_that(store: Store, member: Member, badge_type: BadgeType) -> None:
    visits(store, member, 3)
    version = publish(store, badge_type, VISIT)
    assert_verified(store)
    assert counts(store, badge_type) == {"anna@example.com": 3}

    # An edit alone takes nothing away, whatever happens to be evaluated.
    publish(store, badge_type, TWO_VISITS, series=version.series, policy="onlyAdd")
    happened(store, member=member, at=NOON + 20 * DAY)
    assert_verified(store)
    assert counts(store, badge_type) == {"anna@example.com": 3}

    edited = publish(store, badge_type, TWO_VISITS, series=version.series, policy="onlyAdd")
    job = evaluate_all(store, edited, take_away=True)
    assert counts(store, badge_type) == {"anna@example.com": 2}
    assert_verified(store)
    undo(store, job)
    assert counts(store, badge_type) == {"anna@example.com": 3}
    held = MemberBadge.for_store(store).get()
    assert (held.first_earned_at, held.last_earned_at) == (NOON, NOON + 2 * DAY)
    assert_verified(store)


def test_a_job_of_conditions_that_were_replaced_fails(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    visits(store, member, 1)
    version = publish(store, badge_type, VISIT)
    with transaction.atomic():
        job = stage_evaluation(store, version, actor=TESTER)
    publish(store, badge_type, TWO_VISITS)
    settle()
    job.refresh_from_db()
    assert (job.state, job.changed) == ("failed", 0)
    assert "replaced" in job.last_error


def test_whoever_has_any_fact_is_looked_at(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    """Facts that were there before a condition came are found by its job, and by no touch."""
    below = make_badge_type(store, "below")
    give_badge(store, member, below)
    visits(store, member, 1)
    listed = MemberList.for_store(store).create(store=store, name="x")
    ListedMember.for_store(store).create(store=store, list=listed, member=member, listed_at=NOON)
    TouchedMember.across_stores.all().delete()
    for tree in (
        VISIT,
        {"type": "badge", "badgeTypeId": str(below.id)},
        {"type": "listed", "listId": str(listed.id)},
    ):
        badge = make_badge_type(store)
        job = evaluate_all(store, publish(store, badge, tree))
        assert (job.total, job.changed) == (1, 1)
        assert counts(store, badge) == {"anna@example.com": 1}
    assert_verified(store)


def test_a_badge_type_that_is_switched_on_catches_up(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    publish(store, badge_type, VISIT)
    set_badge_type_active(store, badge_type=badge_type, active=False, actor=TESTER)
    visits(store, member, 2)
    assert_verified(store)
    assert counts(store, badge_type) == {}

    set_badge_type_active(store, badge_type=badge_type, active=True, actor=TESTER)
    assert Job.for_store(store).get().kind == "evaluate"
    assert_verified(store)
    assert counts(store, badge_type) == {"anna@example.com": 2}
