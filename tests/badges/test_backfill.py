"""Count history in, from a dry run; and undo that as one act."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, ConditionVersion, MemberBadge
from badges.services.backfills import undo_backfill
from loyalty.errors import Conflict
from loyalty.models import Event, Job, JobState, Store
from members.models import EventSchema, Member
from tests.builders import TESTER, make_member
from tests.clients import Answer, ApiClient
from tests.evaluating import DAY, assert_verified, happened, settle

GOLD = "/api/ALPHA/badge-type/systemCode=gold/condition"
TWICE: Mapping[str, Any] = {"type": "count", "event": "visit", "target": 2}
YEARS = {"countingFrom": "2020-01-01T00:00:00Z"}


@pytest.fixture(autouse=True)
def visits(store: Store, badge_type: BadgeType) -> None:
    EventSchema(store=store, event_type="visit", name="Visit").save()


def visit(store: Store, member: Member, *days_ago: float) -> None:
    now = timezone.now()
    for days in days_ago:
        happened(store, member=member, at=now - days * DAY)
    settle()


def draft(client: ApiClient, tree: Any = TWICE, limit: int | None = None) -> None:
    answer = client.put(f"{GOLD}/draft", {"condition": {"tree": tree, "repeatLimit": limit}})
    assert answer.status_code == 200, answer.content


def publish(client: ApiClient, tree: Any = TWICE, limit: int | None = None, **how: Any) -> None:
    draft(client, tree, limit)
    answer = client.post(f"{GOLD}/publish", {"publish": how})
    assert answer.status_code == 200, answer.content
    settle()


def tried(client: ApiClient, **asked: Any) -> str:
    answer = client.post(f"{GOLD}/dry-run", {"dryRun": {**YEARS, **asked}})
    assert answer.status_code == 202, answer.content
    settle()
    return str(answer.json()["jobId"])


def backfill(client: ApiClient, dry_run: str, **how: Any) -> Answer:
    answer = client.post(f"{GOLD}/backfill", {"backfill": {"dryRunJobId": dry_run, **how}})
    settle()
    return answer


def undo(client: ApiClient, job_id: str) -> Answer:
    answer = client.post(f"/api/ALPHA/job/{job_id}/undo")
    settle()
    return answer


def held(store: Store, member: Member) -> tuple[int, datetime | None]:
    found = MemberBadge.for_store(store).filter(member=member).first()
    return (found.completed_count, found.first_earned_at) if found else (0, None)


def days_since(moment: datetime | None) -> int:
    assert moment is not None
    return round((timezone.now() - moment) / DAY)


def test_history_counts_with_its_true_dates(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    visit(store, member, 40, 30, 20, 10, 0.3)
    publish(as_manager)
    assert held(store, member) == (0, None)

    answer = backfill(as_manager, tried(as_manager))

    assert answer.status_code == 202
    count, first = held(store, member)
    assert (count, days_since(first)) == (2, 30)
    current = as_manager.get(GOLD).json()
    assert (current["versionId"], current["number"]) == (answer.json()["versionId"], 2)
    assert (current["policy"], current["countingFrom"]) == ("onlyAdd", "2020-01-01T00:00:00+00:00")
    assert ConditionVersion.for_store(store).values("series").distinct().count() == 1
    events = Event.for_store(store).filter(name="BadgeCompleted")
    assert [event.data["silent"] for event in events] == [True]
    assert_verified(store)
    # What comes later completes what was begun.
    visit(store, member, 0.1)
    assert held(store, member)[0] == 3
    assert_verified(store)


def test_a_backfill_may_be_announced(as_manager: ApiClient, store: Store, member: Member) -> None:
    visit(store, member, 40, 30)
    publish(as_manager)

    backfill(as_manager, tried(as_manager), silent=False)

    assert "silent" not in Event.for_store(store).get(name="BadgeCompleted").data


def test_a_draft_is_backfilled_as_it_was_tried(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    visit(store, member, 40, 30)
    draft(as_manager)

    answer = backfill(as_manager, tried(as_manager))

    assert answer.status_code == 202
    assert held(store, member)[0] == 1
    assert as_manager.get(f"{GOLD}/draft").status_code == 404
    assert_verified(store)


def test_asked_for_twice_it_is_done_once(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    visit(store, member, 40, 30)
    publish(as_manager)
    dry_run = tried(as_manager)

    answers = [backfill(as_manager, dry_run).json() for _ in range(2)]

    assert answers[0] == answers[1]
    assert Job.for_store(store).filter(kind="evaluate").count() == 2
    assert ConditionVersion.for_store(store).count() == 2


@pytest.mark.parametrize("change", ["tree", "limit", "retired"])
def test_what_was_not_tried_is_not_backfilled(
    change: str, as_manager: ApiClient, store: Store, member: Member
) -> None:
    visit(store, member, 40, 30)
    publish(as_manager)
    dry_run = tried(as_manager)
    if change == "retired":
        as_manager.post(f"{GOLD}/retire")
    else:
        tree = {**TWICE, "target": 1 if change == "tree" else 2}
        publish(as_manager, tree, 5 if change == "limit" else None, policy="onlyAdd")
    versions = ConditionVersion.for_store(store).count()

    answer = backfill(as_manager, dry_run)

    assert answer.status_code == 409, answer.content
    assert held(store, member) == (0, None)
    assert ConditionVersion.for_store(store).count() == versions


def test_a_backfill_looks_back_and_needs_its_dry_run(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    publish(as_manager)
    dry_run = tried(as_manager)
    other = as_manager.post(f"{GOLD}/dry-run", {"dryRun": YEARS}).json()["jobId"]

    refused = as_manager.post(f"{GOLD}/backfill", {"backfill": {"dryRunJobId": other}})
    later = backfill(as_manager, dry_run, countingFrom=timezone.now().isoformat())
    absent = backfill(as_manager, "00000000-0000-0000-0000-000000000000")

    assert (refused.status_code, refused.json()["message"]) == (409, "The dry run is not done.")
    assert later.status_code == 400
    assert [error["path"] for error in later.json()["errors"]] == ["backfill.countingFrom"]
    assert absent.status_code == 404
    assert ConditionVersion.for_store(store).count() == 1


def test_an_undone_backfill_leaves_what_was_before(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    """A member who had earned it since the badge counts, one who had not, and who had none."""
    both, old = make_member(store), make_member(store)
    visit(store, member, 0.5, 0.4)
    visit(store, both, 30, 20, 0.5, 0.4)
    visit(store, old, 30, 20, 0.5)
    publish(as_manager)
    everybody = (member, both, old)
    before = [held(store, each) for each in everybody]
    counted_from = as_manager.get(GOLD).json()["countingFrom"]
    answer = backfill(as_manager, tried(as_manager))
    assert [held(store, each)[0] for each in everybody] == [1, 2, 1]
    assert days_since(held(store, both)[1]) == 20

    undone = undo(as_manager, answer.json()["jobId"])

    assert undone.status_code == 202, undone.content
    assert [count for count, _ in before] == [1, 1, 0]
    assert [held(store, each)[0] for each in everybody] == [1, 1, 0]
    current = as_manager.get(GOLD).json()
    assert (current["countingFrom"], current["number"]) == (counted_from, 3)
    assert undo(as_manager, answer.json()["jobId"]).status_code == 409
    assert_verified(store)


def test_what_was_earned_after_a_backfill_stays_when_it_is_undone(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    """Under other numbers: what was the third completion is the first one again."""
    visit(store, member, 40, 30, 20, 10)
    publish(as_manager)
    answer = backfill(as_manager, tried(as_manager))
    visit(store, member, 0.5, 0.4)
    assert held(store, member)[0] == 3

    undo(as_manager, answer.json()["jobId"])

    count, _ = held(store, member)
    assert count == 1
    standing = BadgeEntry.for_store(store).filter(member=member)
    assert sum(standing.values_list("delta", flat=True)) == 1
    assert_verified(store)
    visit(store, member, 0.3, 0.2)
    assert held(store, member)[0] == 2
    assert_verified(store)


def test_other_evaluations_are_not_undone(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    visit(store, member, 0.5, 0.4)
    publish(as_manager)
    job = Job.for_store(store).get(kind="evaluate")

    answer = undo(as_manager, str(job.id))

    assert answer.status_code == 409
    assert held(store, member)[0] == 1


def test_a_backfill_that_was_followed_by_an_edit_is_not_undone(
    as_manager: ApiClient, store: Store, member: Member
) -> None:
    visit(store, member, 40, 30)
    publish(as_manager)
    answer = backfill(as_manager, tried(as_manager))
    publish(as_manager, {**TWICE, "target": 1}, policy="onlyAdd")

    refused = undo(as_manager, answer.json()["jobId"])

    assert refused.status_code == 409
    assert held(store, member)[0] == 2


@pytest.mark.parametrize("finished", [True, False])
def test_the_job_is_locked_before_the_conditions_are(
    finished: bool, as_manager: ApiClient, store: Store, member: Member
) -> None:
    """As the workers do, who would otherwise wait for this one, and this one for them."""
    visit(store, member, 40, 30)
    publish(as_manager)
    job = Job.for_store(store).get(id=backfill(as_manager, tried(as_manager)).json()["jobId"])
    if not finished:
        Job.for_store(store).filter(id=job.id).update(state=JobState.RUNNING)

    with CaptureQueriesContext(connection) as queries, suppress(Conflict):
        undo_backfill(store, job=job, actor=TESTER, now=timezone.now())

    locks = [
        lock
        for query in queries
        for lock, sign in (
            ("job", 'FROM "loyalty_job"'), ("conditions", "pg_advisory_xact_lock(")
        )
        if sign in query["sql"] and (lock == "conditions" or "FOR NO KEY UPDATE" in query["sql"])
    ]  # fmt: skip
    assert locks[:2] == (["job", "conditions"] if finished else ["job"])
    undone = Job.for_store(store).filter(undoes=job).exists()
    assert undone is finished


def test_who_may_only_look_backfills_nothing(
    as_manager: ApiClient, as_viewer: ApiClient, store: Store
) -> None:
    publish(as_manager)
    dry_run = tried(as_manager)

    assert as_viewer.get(f"{GOLD}/dry-run/{dry_run}").status_code == 200
    assert backfill(as_viewer, dry_run).status_code == 403
    assert as_viewer.post(f"{GOLD}/dry-run", {"dryRun": {}}).status_code == 403
    assert ConditionVersion.for_store(store).count() == 1
    assert timedelta(0) < timezone.now() - ConditionVersion.for_store(store).get().created_at
