"""What undoing a job promises: each line of it is reversed once, whatever comes between."""

import pytest
from django.db.models import Sum
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, MemberBadge
from badges.services import jobs as badge_jobs
from badges.services.job_creation import create_badge_job, stage_chosen, undo_job
from badges.services.jobs import ASSIGN, UNDO
from loyalty.errors import Conflict
from loyalty.models import Job, Store
from loyalty.services.jobs import kinds
from loyalty.services.jobs.control import cancel_job, resume_job
from loyalty.services.jobs.kinds import JobKind
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from members.models import Member
from tests.builders import TESTER, give_badge, make_member


@pytest.fixture(autouse=True)
def chunks_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    undo = JobKind(UNDO, "Undo a job", 2, badge_jobs._Worker(badge_jobs.undo))
    assign = JobKind(ASSIGN, "Assign a badge", 2, badge_jobs._Worker(badge_jobs.assign, 1), UNDO)
    for kind in (undo, assign):
        monkeypatch.setitem(kinds._KINDS, kind.name, kind)


@pytest.fixture
def members(store: Store) -> list[Member]:
    return [make_member(store) for _ in range(6)]


def assign_to_all(store: Store, badge_type: BadgeType) -> Job:
    return create_badge_job(
        store, kind=ASSIGN, badge_type=badge_type, actor=TESTER,
        stage=stage_chosen(Member.for_store(store)),
    )  # fmt: skip


def work(chunks: int = 1000) -> None:
    for _ in range(chunks):
        start_queued_jobs(now=timezone.now())
        if not work_one_chunk(now=timezone.now()):
            return


def undo(store: Store, job: Job) -> Job:
    job.refresh_from_db()
    return undo_job(store, job=job, actor=TESTER)


def held(store: Store) -> int:
    """How many completions all members have, the same in the ledger and in the counts."""
    sums = [
        BadgeEntry.for_store(store).aggregate(sum=Sum("delta"))["sum"] or 0,
        MemberBadge.for_store(store).aggregate(sum=Sum("completed_count"))["sum"] or 0,
    ]
    assert sums[0] == sums[1]
    return int(sums[0])


def test_an_undo_that_was_cancelled_is_completed_by_the_next(
    store: Store, badge_type: BadgeType, members: list[Member]
) -> None:
    for member in members:
        give_badge(store, member, badge_type)
    job = assign_to_all(store, badge_type)
    work()
    assert held(store) == 12
    first = undo(store, job)
    work(chunks=2)
    assert held(store) == 8
    cancel_job(store, job=first, actor=TESTER, now=timezone.now())

    second = undo(store, job)
    work()

    assert second.total == 2
    assert held(store) == 6


def test_a_job_that_may_still_write_is_not_undone(
    store: Store, badge_type: BadgeType, members: list[Member]
) -> None:
    job = assign_to_all(store, badge_type)
    work(chunks=1)
    with pytest.raises(Conflict, match="Cancel the job first"):
        undo(store, job)

    job.state = "failed"  # As somebody read it, who decided to undo it just before it was resumed.
    with pytest.raises(Conflict, match="Cancel the job first"):
        undo_job(store, job=job, actor=TESTER)
    assert Job.for_store(store).count() == 1


def test_a_failed_job_that_was_undone_is_not_resumed(
    store: Store, badge_type: BadgeType, members: list[Member]
) -> None:
    job = assign_to_all(store, badge_type)
    work(chunks=1)
    Job.for_store(store).update(state="failed")
    undoing = undo(store, job)
    with pytest.raises(Conflict, match="undone"):
        resume_job(store, job=job, actor=TESTER)

    cancel_job(store, job=undoing, actor=TESTER, now=timezone.now())
    resume_job(store, job=job, actor=TESTER)
    work()

    assert held(store) == 6


def test_of_two_who_undo_at_once_one_is_refused(
    store: Store, badge_type: BadgeType, members: list[Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = assign_to_all(store, badge_type)
    work()
    undo(store, job)
    monkeypatch.setattr("badges.services.job_creation.is_undone", lambda *_: False)

    with pytest.raises(Conflict, match="undone before"):
        undo(store, job)


def test_an_undo_is_not_undone(store: Store, badge_type: BadgeType, members: list[Member]) -> None:
    job = assign_to_all(store, badge_type)
    work()
    undoing = undo(store, job)
    work()

    assert held(store) == 0
    with pytest.raises(Conflict):
        undo(store, undoing)
