"""`verify` finds each kind of difference, and names it; and finds none where there is none."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from badges.models import BadgeType, ConditionVersion, EntryKind, MemberBadge
from badges.selectors import verification
from badges.services.evaluation_job import stage_evaluation, stage_undoing
from badges.services.ledger import Line, post
from loyalty.models import Job, JobState, Store
from members.models import Member, TouchedMember
from tests.builders import TESTER, make_member
from tests.evaluating import DAY, assert_verified, happened, publish, settle

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VISIT = {"type": "count", "event": "visit", "target": 1}

Spoil = Callable[[Store, Member, BadgeType], None]


def sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def verify(store: Store, **options: str) -> tuple[int, list[str]]:
    """The exit status, and what was printed."""
    out = StringIO()
    try:
        call_command("verify", store=store.code, stdout=out, stderr=out, **options)
    except CommandError as error:
        return error.returncode, [*out.getvalue().splitlines(), str(error)]
    return 0, out.getvalue().splitlines()


@pytest.fixture
def sound(store: Store, member: Member, badge_type: BadgeType) -> Store:
    """A store in which two members earned a badge twice."""
    publish(store, badge_type, VISIT)
    for someone in (member, make_member(store)):
        for day in range(2):
            happened(store, member=someone, at=NOON + day * DAY)
    assert_verified(store)
    return store


def count_is_wrong(store: Store, member: Member, badge_type: BadgeType) -> None:
    MemberBadge.for_store(store).filter(member=member).update(completed_count=3)


def row_is_gone(store: Store, member: Member, badge_type: BadgeType) -> None:
    MemberBadge.for_store(store).filter(member=member).delete()


def date_is_wrong(store: Store, member: Member, badge_type: BadgeType) -> None:
    MemberBadge.for_store(store).filter(member=member).update(first_earned_at=NOON + DAY)


def activity_was_not_evaluated(store: Store, member: Member, badge_type: BadgeType) -> None:
    happened(store, member=member, at=NOON + 5 * DAY)
    TouchedMember.across_stores.all().delete()


def activity_was_taken_back(store: Store, member: Member, badge_type: BadgeType) -> None:
    sql(
        "UPDATE members_activity SET reversed_at = now()"
        " WHERE store_id = %s AND member_id = %s AND occurred_at = %s",
        store.id, member.id, NOON + DAY,
    )  # fmt: skip


def granted_again(store: Store, member: Member, badge_type: BadgeType) -> None:
    version = ConditionVersion.for_store(store).get()
    line = Line(
        member.id, badge_type.id, EntryKind.GRANT, 2, NOON, version_id=version.id, completion=1
    )
    post(store, [line], actor=TESTER, now=NOON)


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (count_is_wrong, "the member has it 3 times, and 2 times by the ledger"),
        (row_is_gone, "the member has it 0 times, and 2 times by the ledger"),
        (
            date_is_wrong,
            (
                f"it was earned first at {NOON + DAY} and last at {NOON + DAY},"
                f" and by the ledger at {NOON} and {NOON + DAY}"
            ),
        ),
        (
            activity_was_not_evaluated,
            f"completion 3 was earned at {NOON + 5 * DAY}, and is not granted",
        ),
        (
            activity_was_taken_back,
            f"completion 2 is granted as of {NOON + DAY}, and is not earned",
        ),
        (granted_again, "completion 1 is granted 3 times"),
    ],
)
def test_a_difference_is_named(
    spoil: Spoil, told: str, sound: Store, member: Member, badge_type: BadgeType
) -> None:
    spoil(sound, member, badge_type)

    status, lines = verify(sound)

    assert (status, lines) == (
        1, [f"member {member.id}, badge gold: {told}", "1 differences."],
    )  # fmt: skip
    assert verify(sound, member="email=anna@example.com")[0] == 1
    other = Member.for_store(sound).exclude(id=member.id).get()
    assert verify(sound, member=str(other.id)) == (0, ["No differences."])


def test_a_date_that_is_too_late_is_named(
    sound: Store, member: Member, badge_type: BadgeType
) -> None:
    happened(sound, member=member, at=NOON - 5 * DAY)
    TouchedMember.across_stores.all().delete()

    who, late = f"member {member.id}, badge gold", NOON - 5 * DAY
    assert verify(sound) == (
        1,
        [
            f"{who}: completion 1 was earned at {late} already, and is granted as of {NOON}",
            f"{who}: completion 2 was earned at {NOON} already, and is granted as of {NOON + DAY}",
            f"{who}: completion 3 was earned at {NOON + DAY}, and is not granted",
            "3 differences.",
        ],
    )


def test_a_whole_store_is_compared_chunk_by_chunk(
    sound: Store, member: Member, badge_type: BadgeType, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verification, "CHUNK", 2)
    members = [make_member(sound) for _ in range(5)]
    assert_verified(sound)
    for someone in members:
        activity_was_not_evaluated(sound, someone, badge_type)
    assert len(verify(sound)[1]) == 6


def test_what_is_left_over_is_a_warning(sound: Store, member: Member) -> None:
    happened(sound, member=member, at=NOON + 5 * DAY)
    # It is too early to say that it was forgotten.
    assert verify(sound) == (0, ["No differences."])

    a_while_ago = timezone.now() - timedelta(seconds=61)
    TouchedMember.across_stores.update(touched_at=a_while_ago)
    status, lines = verify(sound)
    assert status == 1
    assert lines[0] == (
        f"Warning: 1 touches of members wait for their evaluation, the oldest since {a_while_ago}"
    )
    assert "completion 3 was earned" in lines[1]


def test_conditions_under_evaluation_are_not_compared(
    sound: Store, member: Member, badge_type: BadgeType
) -> None:
    version = publish(sound, badge_type, {**VISIT, "event": "walk"})
    happened(sound, member=member, at=NOON, event="walk")
    TouchedMember.across_stores.all().delete()
    assert verify(sound)[0] == 1
    with transaction.atomic():
        job = stage_evaluation(sound, version, actor=TESTER)

    assert verify(sound) == (
        0,
        [
            (
                "Warning: badge gold: its conditions are not compared,"
                f" because job {job.id} that evaluates them is queued"
            ),
            "No differences.",
        ],
    )
    assert_verified(sound)


@pytest.mark.parametrize("state", [JobState.PAUSED, JobState.FAILED])
def test_conditions_whose_evaluation_stopped_are_compared(
    state: JobState, sound: Store, member: Member, badge_type: BadgeType
) -> None:
    version = publish(sound, badge_type, {**VISIT, "event": "walk"})
    with transaction.atomic():
        job = stage_evaluation(sound, version, actor=TESTER)
    Job.for_store(sound).filter(id=job.id).update(state=state)
    happened(sound, member=member, at=NOON, event="walk")
    TouchedMember.across_stores.all().delete()

    status, lines = verify(sound)

    assert status == 1
    assert f"member {member.id}, badge gold: completion 1 was earned at {NOON}" in lines[0]


@pytest.mark.parametrize("state", [JobState.QUEUED, JobState.PAUSED])
def test_conditions_whose_former_evaluation_is_being_undone_are_not_compared(
    state: JobState, sound: Store, member: Member, badge_type: BadgeType
) -> None:
    with transaction.atomic():
        done = stage_evaluation(sound, ConditionVersion.for_store(sound).get(), actor=TESTER)
    settle()
    done.refresh_from_db()
    publish(sound, badge_type, {**VISIT, "event": "walk"})
    happened(sound, member=member, at=NOON, event="walk")
    TouchedMember.across_stores.all().delete()
    with transaction.atomic():
        undoing = stage_undoing(sound, done, actor=TESTER)
    Job.for_store(sound).filter(id=undoing.id).update(state=state)

    status, lines = verify(sound)

    if state == JobState.QUEUED:
        assert (status, lines) == (
            0,
            [
                (
                    "Warning: badge gold: its conditions are not compared,"
                    f" because job {undoing.id} that undoes an evaluation is queued"
                ),
                "No differences.",
            ],
        )
    else:
        assert status == 1
        assert any(f"was earned at {NOON}, and is not granted" in line for line in lines)


def test_nobody_else_is_asked_for(store: Store, member: Member) -> None:
    with pytest.raises(CommandError, match="no store NOWHERE"):
        call_command("verify", store="NOWHERE")
    for name in ("email=nobody@example.com", "nonsense", "key=x"):
        with pytest.raises(CommandError, match="no such member"):
            call_command("verify", store=store.code, member=name)
