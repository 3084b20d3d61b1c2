"""The queue of touched members: nothing is lost, nothing that fails stops the others."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, ConditionVersion, MemberBadge
from badges.services import evaluation, evaluation_queue
from badges.services.evaluation_queue import evaluate_some, waiting_since
from loyalty.models import Store
from loyalty.services.jobs import sources, turns
from loyalty.services.jobs.sources import WorkSource
from members.models import Member, TouchedMember
from tests.builders import make_badge_type, make_member, make_store
from tests.evaluating import DAY, assert_verified, bought, brought_back, happened, publish, settle

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VISIT = {"type": "count", "event": "visit", "target": 1}

Looked = list[tuple[str, set[UUID]]]


@pytest.fixture
def looked(monkeypatch: pytest.MonkeyPatch) -> Looked:
    """Which badge types were evaluated for whom."""
    seen: Looked = []
    evaluate = evaluation.evaluate

    def watched(
        store: Store, version: ConditionVersion, members: Collection[UUID], **details: Any
    ) -> Any:
        seen.append((version.badge_type.system_code, set(members)))
        return evaluate(store, version, members, **details)

    monkeypatch.setattr(evaluation_queue, "evaluate", watched)
    return seen


# --- Who is looked at ---------------------------------------------------------------------------


def test_only_those_who_hear_are_evaluated(
    store: Store, member: Member, badge_type: BadgeType, looked: Looked
) -> None:
    publish(store, badge_type, VISIT)
    publish(store, make_badge_type(store, "walker"), {**VISIT, "event": "walk"})
    ben = make_member(store)
    happened(store, member=member, at=NOON)
    happened(store, member=ben, at=NOON, event="walk")
    happened(store, member=ben, at=NOON, event="nap")
    settle()
    assert sorted(looked, key=str) == [("gold", {member.id}), ("walker", {ben.id})]
    assert not TouchedMember.across_stores.exists()


def test_whoever_has_all_there_is_to_earn_is_left_alone(
    store: Store, member: Member, badge_type: BadgeType, looked: Looked
) -> None:
    purchase = {"type": "count", "event": "transaction", "target": 1}
    publish(store, badge_type, purchase, repeat_limit=2)
    ben = make_member(store)
    bought(store, ben, NOON, "ben")
    for day in range(2):
        bought(store, member, NOON + day * DAY, str(day))
    settle()

    def looked_at() -> list[set[UUID]]:
        found = [members for _, members in looked]
        looked.clear()
        assert_verified(store)
        return found

    looked.clear()
    # Later than the last: only the one who still lacks one.
    bought(store, member, NOON + 5 * DAY, "5")
    bought(store, ben, NOON + 5 * DAY, "ben 5")
    settle()
    assert looked_at() == [{ben.id}]
    # As late as the last, or earlier: it may move a date.
    bought(store, member, NOON + DAY, "1b")
    settle()
    assert looked_at() == [{member.id}]
    # What is taken back may take away, whenever it was.
    brought_back(store, member, NOON + 6 * DAY, "5")
    settle()
    assert looked_at() == [{member.id}]


# --- What fails ---------------------------------------------------------------------------------


class Broken(Exception):
    pass


@pytest.fixture
def poison(monkeypatch: pytest.MonkeyPatch) -> set[UUID]:
    """Members at whom the evaluation of `gold` fails."""
    poisonous: set[UUID] = set()
    evaluate = evaluation.evaluate

    def fragile(
        store: Store, version: ConditionVersion, members: Collection[UUID], **details: Any
    ) -> Any:
        done = evaluate(store, version, members, **details)
        if version.badge_type.system_code == "gold" and poisonous & set(members):
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return done

    monkeypatch.setattr(evaluation_queue, "evaluate", fragile)
    return poisonous


def test_a_member_who_makes_it_fail_stops_nobody_else(
    store: Store, badge_type: BadgeType, poison: set[UUID], caplog: pytest.LogCaptureFixture
) -> None:
    silver = make_badge_type(store, "silver")
    for badge in (badge_type, silver):
        publish(store, badge, VISIT)
    members = [make_member(store) for _ in range(20)]
    bad = members[7]
    poison.add(bad.id)
    for someone in members:
        happened(store, member=someone, at=NOON)

    settle()

    assert MemberBadge.for_store(store).filter(badge_type=silver).count() == 20
    gold = MemberBadge.for_store(store).filter(badge_type=badge_type)
    assert set(gold.values_list("member_id", flat=True)) == {m.id for m in members} - {bad.id}
    left = TouchedMember.across_stores.get()
    assert (left.member_id, left.failures) == (bad.id, 1)
    assert "division by zero" in left.problem
    assert left.retry_at is not None
    assert left.retry_at > timezone.now() + timedelta(seconds=20)
    assert "fails for 1 members" in caplog.text
    # Nobody waits for it, and it waits for its time.
    assert waiting_since(timezone.now()) is None
    assert not evaluate_some(timezone.now())

    again = left.retry_at + timedelta(seconds=1)
    assert waiting_since(again) is not None
    assert evaluate_some(again)
    left.refresh_from_db()
    assert left.failures == 2
    assert left.retry_at == again + timedelta(seconds=60)

    poison.clear()
    assert evaluate_some(left.retry_at)
    assert gold.count() == 20
    assert_verified(store)


def test_a_condition_that_always_fails_does_not_take_all_day(
    store: Store, badge_type: BadgeType, poison: set[UUID]
) -> None:
    publish(store, badge_type, VISIT)
    members = [make_member(store) for _ in range(60)]
    poison.update(member.id for member in members)
    for someone in members:
        happened(store, member=someone, at=NOON)
    with CaptureQueriesContext(connection) as captured:
        assert evaluate_some(timezone.now())
    tries = [query for query in captured if query["sql"].startswith("SAVEPOINT")]
    assert len(tries) < 40
    assert TouchedMember.across_stores.filter(failures=1).count() == 60
    assert not BadgeEntry.for_store(store).exists()


def test_trouble_of_the_database_is_not_held_against_anybody(
    store: Store, member: Member, badge_type: BadgeType, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, badge_type, VISIT)
    happened(store, member=member, at=NOON)

    def away(*_: object, **__: object) -> None:
        raise OperationalError("the connection is lost")

    with monkeypatch.context() as patch:
        patch.setattr(evaluation_queue, "evaluate", away)
        with pytest.raises(OperationalError):
            evaluate_some(timezone.now())
    assert TouchedMember.across_stores.get().failures == 0
    assert_verified(store)
    assert MemberBadge.for_store(store).exists()


# --- Turns --------------------------------------------------------------------------------------


def test_stores_take_turns(
    store: Store, other_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluation_queue, "BATCH", 1)
    third = make_store("GAMMA")
    for each in (store, other_store, third):
        badge = make_badge_type(each)
        publish(each, badge, VISIT)
        someone = make_member(each)
        for day in range(3):
            happened(each, member=someone, at=NOON + day * DAY)
    for _ in range(3):
        assert evaluate_some(timezone.now())
    left = [
        TouchedMember.across_stores.filter(store_id=each.id).count()
        for each in (store, other_store, third)
    ]
    assert left == [2, 2, 2]
    settle()
    for each in (store, other_store, third):
        assert_verified(each)


@pytest.mark.parametrize("broker_answers", [True, False])
def test_without_workers_the_dispatcher_evaluates(
    broker_answers: bool,
    store: Store,
    member: Member,
    badge_type: BadgeType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hints: list[bool] = []

    def send_hint() -> bool:
        hints.append(True)
        return broker_answers

    monkeypatch.setattr(turns, "send_hint", send_hint)
    publish(store, badge_type, VISIT)
    turns.dispatch()
    assert hints == []

    happened(store, member=member, at=NOON)
    turns.dispatch()
    assert hints
    # A hint is enough at first; a broker that does not take it, or nobody who heeds it, is not.
    assert MemberBadge.for_store(store).exists() is not broker_answers
    TouchedMember.across_stores.update(touched_at=timezone.now() - timedelta(seconds=6))
    turns.dispatch()
    assert MemberBadge.for_store(store).exists()
    assert_verified(store)


def test_a_source_and_jobs_get_their_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    did: list[str] = []

    def from_source(now: datetime) -> bool:
        did.append("source")
        return len(did) < 50

    def chunk(**_: object) -> bool:
        did.append("chunk")
        return len(did) < 50

    monkeypatch.setattr(sources, "_SOURCES", {"x": WorkSource("x", from_source, lambda _: None)})
    monkeypatch.setattr(turns, "_BETWEEN_CHUNKS", 0.0)
    monkeypatch.setattr(turns, "start_queued_jobs", lambda **_: None)
    monkeypatch.setattr(turns, "work_one_chunk", chunk)
    turns.work_for(60)
    assert did[:4] == ["source", "chunk", "source", "chunk"]
    assert did[-2:] == ["source", "chunk"]
