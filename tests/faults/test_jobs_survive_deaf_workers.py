"""Workers that live and hear nothing."""

import time
from collections.abc import Callable
from functools import partial

import pytest
from celery import Celery
from celery.utils.nodenames import worker_direct

from tests.faults.rig import LONG, Process, Rig, children, node
from tests.running.processes import is_alive, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(1800 if LONG else 120)]

RESTARTS = 20 if LONG else 1
QUICK = {"WORKER_CANARY_SECONDS": "1", "WORKER_DEAF_AFTER_SECONDS": "4"}
CHUNKS = {"FAULTS_CHUNK": "250", "FAULTS_PAUSE": "0.1"}
HEARS_AGAIN_WITHIN = 60.0


def _deafen(rig: Rig, name: str) -> None:
    """The worker is told to listen to nothing any more; all else about it is well."""
    url = rig.urls["REDIS_URL"].replace("unix://", "redis+socket://")
    app = Celery(broker=url, set_as_current=False)
    # A fresh connection: a pooled one would be to the broker of an earlier test.
    with app.connection_for_write() as broker:
        for queue in ("celery", worker_direct(node(name)).name):
            assert app.control.cancel_consumer(
                queue, destination=[node(name)], reply=True, timeout=5, connection=broker
            )


def _the_worker(supervisor: Process) -> int:
    pids = children(supervisor.pid)
    return pids[0] if pids else 0


def test_a_deaf_worker_is_replaced(rig: Rig, tell: Callable[[str], None]) -> None:
    supervisor = rig.supervised_worker(**QUICK)
    wait_until(lambda: rig.heard(node("w1")), 30)
    deaf = _the_worker(supervisor)
    mine = [deaf, *children(deaf)]
    _deafen(rig, "w1")
    heard, began = rig.heard(node("w1")), time.monotonic()
    scene = rig.scene("DEAF", 2_000)

    wait_until(lambda: rig.heard(node("w1")) != heard, 30)
    seconds = time.monotonic() - began
    tell(f"deaf worker: replaced and hearing after {seconds:.1f} s (deaf after 4 s)")
    assert _the_worker(supervisor) != deaf
    assert not any(map(is_alive, mine))
    assert b"It has not heard a message for" in rig.log.read_bytes()
    wait_until(lambda: rig.state(scene) == "done", 30)
    assert rig.verdict(scene).is_clean


def test_without_the_watchdog_a_deaf_worker_stays(rig: Rig) -> None:
    """The positive control."""
    supervisor = rig.supervised_worker(WORKER_DEAF_AFTER_SECONDS="0")
    wait_until(lambda: len(children(_the_worker(supervisor))) >= 2, 30)
    time.sleep(1)
    deaf = _the_worker(supervisor)
    _deafen(rig, "w1")
    scene = rig.scene("STAYS", 2_000)
    time.sleep(7)

    assert _the_worker(supervisor) == deaf
    assert (rig.state(scene), rig.processed(scene)) == ("queued", 0)


def test_a_worker_that_is_only_busy_is_left_alone(rig: Rig) -> None:
    worker = rig.worker(**{**QUICK, "WORKER_DEAF_AFTER_SECONDS": "2"}, FAULTS_PAUSE="5")
    scenes = [rig.scene(f"BUSY{n}", 100) for n in range(2)]
    wait_until(lambda: all(rig.state(scene) == "done" for scene in scenes), 60)
    assert worker.poll() is None
    assert all(rig.verdict(scene).is_clean for scene in scenes)


def test_a_busy_worker_hears_again_after_each_restart_of_the_broker(
    rig: Rig, tell: Callable[[str], None]
) -> None:
    scene = rig.scene("RESTART", 200_000 if LONG else 8_000, **CHUNKS)
    supervisor = rig.supervised_worker(**QUICK, **CHUNKS)
    rig.dispatcher(**CHUNKS)
    wait_until(lambda: rig.processed(scene) > 0 and rig.heard(node("w1")), 30)
    slowest, replaced = 0.0, 0
    for _ in range(RESTARTS):
        before = _the_worker(supervisor)
        rig.kill_broker()
        time.sleep(rig.random.uniform(0.5, 3.5 if LONG else 1.0))
        rig.start_broker()
        heard, began = rig.heard(node("w1")), time.monotonic()
        wait_until(partial(rig.hears_since, node("w1"), heard), HEARS_AGAIN_WITHIN)
        slowest = max(slowest, time.monotonic() - began)
        replaced += _the_worker(supervisor) != before
    tell(
        f"broker restarted below a busy worker: {RESTARTS} of {RESTARTS} hear again after at most"
        f" {slowest:.1f} s, {replaced} were replaced, seed {rig.seed}"
    )
