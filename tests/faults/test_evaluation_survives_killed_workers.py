"""Activity comes shuffled and doubled from several writers while evaluators are killed."""

import subprocess
import sys
import time
from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from tests.faults.delivery import Holding, model, plan
from tests.faults.rig import LONG, Process, Rig, kill_group
from tests.running.processes import CHECKOUT, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(3600 if LONG else 180)]

MEMBERS, ACTIVITIES, WRITERS = (15_000, 100_000, 4) if LONG else (600, 3_000, 3)
# Small batches that take their time let a small delivery last as long as the kills.
SLOW_BATCH = 200 if LONG else 40
SLOW = {"FAULTS_BATCH": str(SLOW_BATCH), "FAULTS_PAUSE": "0.1"}

_HELD = """
SELECT substr(split_part(member.email, '@', 1), 2)::int - 1, type.system_code,
       held.completed_count, held.first_earned_at, held.last_earned_at
  FROM badges_memberbadge held
  JOIN members_member member ON member.id = held.member_id
  JOIN badges_badgetype type ON type.id = held.badge_type_id
 WHERE held.store_id = %s
"""


def _work(rig: Rig, **environment: str) -> Process:
    return rig.run("-m", "tests.faults.rehearsed", "work", "--poll", **environment)


def _told(rig: Rig, *command: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, *command], cwd=CHECKOUT, env=rig.environment(), text=True,
        capture_output=True,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def _deliver(rig: Rig, code: str, kills: int, **environment: str) -> tuple[UUID, int]:
    """Write everything, killing evaluators at random meanwhile; then let them finish.

    Returns the store, and how many were inside a transaction when they were killed.
    """
    numbers = (str(MEMBERS), str(ACTIVITIES), str(rig.seed % 2**31))
    status, told = _told(rig, "-m", "tests.faults.delivery", "make", code, *numbers)
    assert status == 0, told
    store = UUID(told.strip())
    writers = [
        rig.run("-m", "tests.faults.delivery", "write", code, *numbers, str(number), str(WRITERS))
        for number in range(WRITERS)
    ]
    evaluators = [_work(rig, **SLOW, **environment) for _ in range(2)]
    inside = 0
    for number in range(kills):
        if number == kills // 2:
            assert [writer.wait() for writer in writers] == [0] * WRITERS
        # What is evaluated in vain is made good when its member is touched again, so the later
        # kills come where that is no more to be expected.
        most = SLOW_BATCH * (kills - number) if number >= kills // 2 else ACTIVITIES
        wait_until(lambda most=most: _left(rig, store) <= most and _busy(rig, evaluators), 600)  # type: ignore[misc]
        time.sleep(rig.random.uniform(0, 0.15))
        busy = _busy(rig, evaluators)
        number = rig.random.choice(busy or range(len(evaluators)))
        inside += bool(busy)
        kill_group(evaluators[number])
        evaluators[number] = _work(rig, **SLOW, **environment)
    for evaluator in evaluators:
        kill_group(evaluator)
    status, told = _told(rig, "-m", "tests.faults.rehearsed", "work")
    assert status == 0, told
    assert _left(rig, store) == 0
    return store, inside


def _left(rig: Rig, store: UUID) -> int:
    return int(
        rig.ask("SELECT count(*) FROM members_touchedmember WHERE store_id = %s", store) or 0
    )


def _busy(rig: Rig, evaluators: list[Process]) -> list[int]:
    """The numbers of the evaluators that have a transaction open."""
    pids = rig.inside_a_chunk()
    return [number for number, each in enumerate(evaluators) if each.pid in pids]


def _compare(rig: Rig, store: UUID) -> tuple[int, int]:
    """How many members hold something else than the model says, and with how many wrong dates."""
    expected, earned = model(plan(MEMBERS, ACTIVITIES, rig.seed % 2**31), MEMBERS)
    held: list[Holding] = [{} for _ in range(MEMBERS)]
    wrong_dates = 0
    with psycopg.connect(rig.urls["DATABASE_URL"]) as connection:
        for member, code, count, first, last in connection.execute(_HELD, [store]):
            held[member][code] = count
            if code == "regular" and count == len(earned[member]):
                wrong_dates += (first, last) != (earned[member][0], earned[member][-1])
    wrong = sum(mine != theirs for mine, theirs in zip(held, expected, strict=True))
    return wrong, wrong_dates


def test_every_badge_is_as_the_model_says(rig: Rig, tell: Callable[[str], None]) -> None:
    began = time.monotonic()
    kills = 60 if LONG else 8
    store, inside = _deliver(rig, "SHUFFLED", kills)

    wrong = _compare(rig, store)
    status, told = _told(rig, "-m", "tests.faults.rehearsed", "verify", "--store", "SHUFFLED")
    tell(
        f"shuffled and doubled: {ACTIVITIES} activities of {MEMBERS} members, {WRITERS} writers,"
        f" {kills} kills ({inside} inside), members and dates wrong: {wrong}, verify: {status},"
        f" {time.monotonic() - began:.1f} s, seed {rig.seed}"
    )
    assert rig.ask("SELECT count(*) FROM members_activity WHERE store_id = %s", store) == ACTIVITIES
    assert wrong == (0, 0)
    assert (status, told) == (0, "No differences.\n")
    assert inside >= kills // 2, "The kills missed the work."


def test_a_queue_that_is_emptied_first_loses_badges(rig: Rig, tell: Callable[[str], None]) -> None:
    """The positive control: the same kills find an evaluator with two transactions."""
    store, _ = _deliver(rig, "EMPTIED", 6, FAULTS_DELETE_FIRST="1")

    wrong, _ = _compare(rig, store)
    status, told = _told(rig, "-m", "tests.faults.rehearsed", "verify", "--store", "EMPTIED")
    tell(
        f"control, emptied first: 6 kills, {wrong} members wrong,"
        f" {len(told.splitlines())} lines of verify, seed {rig.seed}"
    )
    assert wrong > 0
    assert status == 1
    assert "and is not granted" in told
