"""Drafts: what is looked at is what runs, and until then there is no job."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from badges.models import BadgeType, MemberBadge
from badges.services.badge_types import set_badge_type_active
from badges.services.job_creation import draft_badge_job, stage_chosen, start_badge_job, undo_job
from badges.services.jobs import ASSIGN
from loyalty.actors import Actor, ActorKind, Source
from loyalty.errors import Conflict, Invalid, NotFound
from loyalty.models import Event, EventName, Job, JobRow, JobState, Store
from loyalty.services.jobs.control import cancel_job, pause_job, resume_job
from loyalty.services.jobs.drafts import discard_draft
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from loyalty.services.tidying import tidy
from members.models import Member
from tests.builders import TESTER, make_member
from tests.clients import ApiClient

SOMEBODY_ELSE = Actor(ActorKind.SYSTEM, None, "somebody else", Source.ADMIN)


@pytest.fixture
def draft(store: Store, badge_type: BadgeType, member: Member) -> Job:
    return draft_badge_job(
        store, kind=ASSIGN, badge_type=badge_type, actor=TESTER,
        stage=stage_chosen(Member.for_store(store)),
    )  # fmt: skip


def work() -> None:
    start_queued_jobs(now=timezone.now())
    while work_one_chunk(now=timezone.now()):
        pass


def test_nobody_works_on_a_draft_and_nothing_says_that_it_is_there(
    draft: Job, store: Store, as_manager: ApiClient
) -> None:
    work()

    assert not MemberBadge.for_store(store).exists()
    assert not Event.for_store(store).filter(name=EventName.JOB_CREATED).exists()
    assert json.loads(as_manager.get("/api/ALPHA/job").content)["items"] == []
    assert as_manager.get(f"/api/ALPHA/job/{draft.id}").status_code == 404


def test_a_draft_does_what_was_looked_at_for_whoever_starts_it(
    draft: Job, store: Store, badge_type: BadgeType, member: Member
) -> None:
    make_member(store)  # Comes too late: it was not among those who were looked at.

    start_badge_job(store, job=draft, actor=SOMEBODY_ELSE, now=timezone.now())
    work()

    assert MemberBadge.for_store(store).get().member == member
    job = Job.for_store(store).get()
    assert (job.state, job.changed, job.actor_label) == (JobState.DONE, 1, "somebody else")
    event = Event.for_store(store).get(name=EventName.JOB_CREATED)
    assert event.actor_label == "somebody else"


def test_a_draft_starts_once(draft: Job, store: Store) -> None:
    start_badge_job(store, job=draft, actor=TESTER, now=timezone.now())

    with pytest.raises(Conflict):
        start_badge_job(store, job=draft, actor=TESTER, now=timezone.now())
    with pytest.raises(Conflict):
        discard_draft(store, job=draft)


def test_a_draft_whose_badge_was_switched_off_does_not_start(
    draft: Job, store: Store, badge_type: BadgeType
) -> None:
    set_badge_type_active(store, badge_type=badge_type, active=False, actor=TESTER)

    with pytest.raises(Invalid):
        start_badge_job(store, job=draft, actor=TESTER, now=timezone.now())

    assert Job.for_store(store).get().state == JobState.DRAFT


def test_a_draft_is_no_job_to_stop_to_resume_or_to_undo(draft: Job, store: Store) -> None:
    with pytest.raises(Conflict):
        pause_job(store, job=draft, actor=TESTER)
    with pytest.raises(Conflict):
        resume_job(store, job=draft, actor=TESTER)
    with pytest.raises(Conflict):
        cancel_job(store, job=draft, actor=TESTER, now=timezone.now())
    with pytest.raises(Conflict):
        undo_job(store, job=draft, actor=TESTER)


def test_a_discarded_draft_leaves_nothing(draft: Job, store: Store) -> None:
    discard_draft(store, job=draft)

    assert not Job.for_store(store).exists()
    assert not JobRow.across_stores.exists()
    with pytest.raises(NotFound):
        start_badge_job(store, job=draft, actor=TESTER, now=timezone.now())


def test_a_forgotten_draft_is_tidied_away_and_nothing_else_is(
    draft: Job, store: Store, badge_type: BadgeType
) -> None:
    stage = stage_chosen(Member.for_store(store))
    started = draft_badge_job(store, kind=ASSIGN, badge_type=badge_type, stage=stage, actor=TESTER)
    start_badge_job(store, job=started, actor=TESTER, now=timezone.now())

    tidy(now=timezone.now() + timedelta(hours=11))
    assert Job.for_store(store).count() == 2

    tidy(now=timezone.now() + timedelta(hours=13))
    assert Job.for_store(store).get() == started
    assert set(JobRow.across_stores.values_list("job_id", flat=True)) == {started.id}
