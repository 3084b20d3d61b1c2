"""The broker and the database go away while a job runs."""

import time
from collections.abc import Callable

import pytest

from tests.faults.rig import LONG, Rig, Scene, seconds_until
from tests.running.processes import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800 if LONG else 120)]

MEMBERS, TIMES = (1_000_000, 20) if LONG else (15_000, 3)
CHUNKS = {} if LONG else {"FAULTS_CHUNK": "500", "FAULTS_PAUSE": "0.25"}
MOVING_AGAIN_WITHIN = 60.0


def _moves_after(rig: Rig, scene: Scene) -> float:
    """Seconds until more is done than now; 0 if everything is."""
    before = rig.processed(scene)
    if before == scene.members:
        return 0.0
    return seconds_until(lambda: rig.processed(scene) > before, MOVING_AGAIN_WITHIN)


def _judge(rig: Rig, scene: Scene, tell: Callable[[str], None], what: str, worst: float) -> None:
    wait_until(lambda: rig.state(scene) == "done", 900)
    verdict = rig.verdict(scene)
    tell(
        f"{what}: {scene.members} members, {TIMES} times, {verdict},"
        f" moving again after at most {worst:.1f} s, seed {rig.seed}"
    )
    assert verdict.is_clean
    assert rig.processed(scene) == scene.members


def test_a_broker_that_forgets_everything_costs_only_time(
    rig: Rig, tell: Callable[[str], None]
) -> None:
    rig.supervised_worker(**CHUNKS)
    for _ in range(2):  # Two dispatchers do no harm.
        rig.dispatcher(**CHUNKS)
    scene = rig.scene("BROKER", MEMBERS, **CHUNKS)
    wait_until(lambda: rig.processed(scene) > 0, 30)
    worst, while_running = 0.0, 0
    for _ in range(TIMES):
        rig.kill_broker()
        time.sleep(rig.random.uniform(0.1, 0.8))
        rig.start_broker()
        while_running += rig.state(scene) == "running"
        worst = max(worst, _moves_after(rig, scene))
    assert while_running == TIMES, "It was done before the last kill."
    _judge(rig, scene, tell, "broker killed", worst)


def test_without_a_broker_the_dispatcher_works(rig: Rig, tell: Callable[[str], None]) -> None:
    rig.kill_broker()
    rig.dispatcher(FAULTS_CHUNK="500")
    scene = rig.scene("NOBROKER", 2_000, FAULTS_CHUNK="500")
    wait_until(lambda: rig.state(scene) == "done", 30)
    assert rig.verdict(scene).is_clean


def test_without_a_broker_a_polling_worker_works(rig: Rig) -> None:
    rig.kill_broker()
    worker = rig.run("-m", "tests.faults.rehearsed", "work", "--poll", FAULTS_CHUNK="500")
    scene = rig.scene("POLL", 2_000, FAULTS_CHUNK="500")
    wait_until(lambda: rig.state(scene) == "done", 30)
    assert rig.verdict(scene).is_clean

    worker.terminate()
    assert worker.wait(20) == 0


def test_hints_alone_stall_and_the_dispatcher_gets_them_going(rig: Rig) -> None:
    """The positive control: what was queued is gone, and nobody says it again."""
    scene = rig.scene("STALL", 2_000, FAULTS_CHUNK="500")
    rig.kill_broker()
    rig.start_broker()
    rig.worker(FAULTS_CHUNK="500")
    time.sleep(5)
    assert (rig.state(scene), rig.processed(scene)) == ("queued", 0)

    rig.dispatcher(FAULTS_CHUNK="500")
    wait_until(lambda: rig.state(scene) == "done", 30)
    assert rig.verdict(scene).is_clean


def test_a_database_that_crashes_costs_only_time(rig: Rig, tell: Callable[[str], None]) -> None:
    worker, dispatcher = rig.worker(**CHUNKS), rig.dispatcher(**CHUNKS)
    scene = rig.scene("CRASH", MEMBERS, **CHUNKS)
    wait_until(lambda: rig.processed(scene) > 0, 30)
    worst, while_running = 0.0, 0
    for _ in range(TIMES):
        while_running += rig.state(scene) == "running"
        rig.crash_database()
        time.sleep(rig.random.uniform(0.1, 0.8))
        rig.start_database()
        worst = max(worst, _moves_after(rig, scene))
    assert while_running == TIMES, "It was done before the last crash."
    assert (worker.poll(), dispatcher.poll()) == (None, None)
    _judge(rig, scene, tell, "database crashed", worst)


def test_a_cursor_that_is_committed_first_loses_members_in_a_crash(
    rig: Rig, tell: Callable[[str], None]
) -> None:
    """The positive control: the same crash finds a worker whose chunk is two transactions."""
    naive = {**CHUNKS, "FAULTS_CURSOR_FIRST": "1"}
    rig.worker(**naive)
    rig.dispatcher(**naive)
    scene = rig.scene("CRASH-CONTROL", MEMBERS, **naive)
    wait_until(lambda: rig.processed(scene) > 0, 30)
    wait_until(rig.inside_a_chunk, 30)
    rig.crash_database()
    rig.start_database()
    wait_until(lambda: rig.state(scene) == "done", 60)

    verdict = rig.verdict(scene)
    tell(f"control, cursor first: database crashed once, {verdict}")
    assert verdict.lost > 0
