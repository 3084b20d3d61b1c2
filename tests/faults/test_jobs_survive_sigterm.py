"""Workers are told to stop while a chunk runs."""

import signal
import time
from collections.abc import Callable
from functools import partial

import pytest

from tests.faults.rig import LONG, Rig, children
from tests.running.processes import is_alive, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800 if LONG else 120)]

TIMES = 20 if LONG else 2
CHUNKS = {"FAULTS_CHUNK": "500", "FAULTS_PAUSE": "0.3"}
EXIT_WITHIN = 35.0


def test_a_worker_finishes_its_chunk_and_leaves(rig: Rig, tell: Callable[[str], None]) -> None:
    # A worker that is told to stop ends its turn first, which is some sixteen chunks.
    scene = rig.scene("TERM", 500 * (24 * TIMES + 8), **CHUNKS)
    slowest = 0.0
    for _ in range(TIMES):
        worker, before = rig.worker(**CHUNKS), rig.processed(scene)
        dispatcher = rig.dispatcher(**CHUNKS)
        wait_until(partial(rig.has_passed, scene, before), 30)
        wait_until(rig.inside_a_chunk, 30)
        began = time.monotonic()
        worker.terminate()
        dispatcher.terminate()
        assert dispatcher.wait(EXIT_WITHIN) == 0
        assert worker.wait(EXIT_WITHIN) == 0
        slowest = max(slowest, time.monotonic() - began)
    rig.run("-m", "tests.faults.rehearsed", "work", FAULTS_CHUNK="500")
    wait_until(lambda: rig.state(scene) == "done", 60)

    verdict = rig.verdict(scene)
    tell(f"SIGTERM: {TIMES} times inside a chunk, {verdict}, gone after at most {slowest:.1f} s")
    assert verdict.is_clean


@pytest.mark.parametrize("patience", ["30"] if LONG else ["2"])
def test_a_chunk_that_takes_too_long_is_rolled_back(
    rig: Rig, tell: Callable[[str], None], patience: str
) -> None:
    scene = rig.scene("ENDLESS", 1_000, FAULTS_CHUNK="500")
    worker = rig.worker(FAULTS_PAUSE="600", WORKER_STOP_WITHIN_SECONDS=patience)
    wait_until(rig.inside_a_chunk, 30)
    pids = children(worker.pid)
    began = time.monotonic()

    worker.send_signal(signal.SIGTERM)

    worker.wait(float(patience) + 20)
    tell(f"SIGTERM in an endless chunk: gone after {time.monotonic() - began:.1f} s")
    wait_until(lambda: not any(map(is_alive, pids)), 5)
    assert rig.processed(scene) == 0
    rig.run("-m", "tests.faults.rehearsed", "work")
    wait_until(lambda: rig.state(scene) == "done", 30)
    assert rig.verdict(scene).is_clean


def test_a_cursor_that_is_committed_first_loses_the_chunk(
    rig: Rig, tell: Callable[[str], None]
) -> None:
    """The positive control: the same signal finds a worker whose chunk is two transactions."""
    naive = {"FAULTS_CHUNK": "500", "FAULTS_CURSOR_FIRST": "1"}
    scene = rig.scene("TERM-CONTROL", 1_000, **naive)
    worker = rig.worker(**naive, FAULTS_PAUSE="600", WORKER_STOP_WITHIN_SECONDS="2")
    wait_until(rig.inside_a_chunk, 30)

    worker.send_signal(signal.SIGTERM)

    worker.wait(22)
    rig.run("-m", "tests.faults.rehearsed", "work", **naive)
    wait_until(lambda: rig.state(scene) == "done", 30)
    verdict = rig.verdict(scene)
    tell(f"control, cursor first: SIGTERM in an endless chunk, {verdict}")
    assert verdict.lost == 500
