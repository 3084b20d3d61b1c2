"""Workers are killed again and again while a job runs."""

import time
from collections.abc import Callable

import pytest

from tests.faults.rig import LONG, Process, Rig, Scene, children, kill, kill_group
from tests.running.processes import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800 if LONG else 120)]

MEMBERS, KILLS = (1_000_000, 50) if LONG else (20_000, 10)
# Small chunks let a small job last as long as the kills; the long form has the product's own.
CHUNKS = {} if LONG else {"FAULTS_CHUNK": "250", "FAULTS_PAUSE": "0.02"}
WORKERS = ("w1", "w2")
WHOLE_WORKER_EVERY = 5


def _kill_at_random(rig: Rig, scene: Scene, kills: int, **environment: str) -> int:
    """Kill so many processes, each 0.1 to 0.6 s after a chunk was seen under way.

    Mostly it is the process that does the work, now and then a worker with all of them.  Returns
    how many were still inside a chunk: one that is killed while it waits for a hint proves
    nothing, and between two hints all of them do.
    """
    workers: dict[str, Process] = {name: rig.worker(name, **environment) for name in WORKERS}
    inside = 0
    for number in range(1, kills + 1):
        wait_until(rig.inside_a_chunk, 60)
        time.sleep(rig.random.uniform(0.1, 0.6))
        busy = set(rig.inside_a_chunk())
        if number % WHOLE_WORKER_EVERY == 0:
            at_work = [name for name in WORKERS if busy & set(children(workers[name].pid))]
            name = rig.random.choice(at_work or WORKERS)
            inside += bool(at_work)
            kill_group(workers[name])
            workers[name] = rig.worker(name, **environment)
        else:
            pids = [pid for worker in workers.values() for pid in children(worker.pid)]
            victims = sorted(busy & set(pids)) or pids
            if victims:
                victim = rig.random.choice(victims)
                inside += victim in busy
                kill(victim)
    return inside


def test_no_member_is_lost_or_counted_twice(rig: Rig, tell: Callable[[str], None]) -> None:
    scene = rig.scene("KILLED", MEMBERS, **CHUNKS)
    rig.dispatcher(**CHUNKS)
    began = time.monotonic()
    inside = _kill_at_random(rig, scene, KILLS, **CHUNKS)
    assert rig.state(scene) == "running", "It was done before the last kill."
    wait_until(lambda: rig.state(scene) == "done", 900)
    seconds = time.monotonic() - began

    verdict = rig.verdict(scene)
    tell(
        f"workers killed: {scene.members} members, {KILLS} kills ({inside} inside a chunk),"
        f" {verdict}, {seconds:.1f} s, seed {rig.seed}"
    )
    assert verdict.is_clean
    assert inside >= KILLS // 2, "The kills missed the work."
    assert rig.processed(scene) == scene.members


def test_a_cursor_that_is_committed_first_loses_members(
    rig: Rig, tell: Callable[[str], None]
) -> None:
    """The positive control: the same kills find a worker whose chunk is two transactions."""
    scene = rig.scene("CONTROL", 10_000, FAULTS_CHUNK="250")
    naive = {"FAULTS_CHUNK": "250", "FAULTS_PAUSE": "0.1", "FAULTS_CURSOR_FIRST": "1"}
    rig.dispatcher(**naive)
    inside = _kill_at_random(rig, scene, 4, **naive)
    assert inside, "The kills missed the work."
    wait_until(lambda: rig.state(scene) == "done", 60)

    verdict = rig.verdict(scene)
    tell(f"control, cursor first: 4 kills ({inside} inside), {verdict}, seed {rig.seed}")
    assert verdict.lost > 0
