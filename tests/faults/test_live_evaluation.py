"""An activity that was accepted becomes a badge: soon, and whoever is away."""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from uuid import UUID

import pytest

from tests.faults.rig import Rig, node
from tests.running.processes import CHECKOUT, wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(180)]

VISITS = 12


def _make(rig: Rig, code: str) -> UUID:
    command = [sys.executable, "-m", "tests.faults.delivery", "make", code, "1", "0", "0"]
    told = subprocess.check_output(command, cwd=CHECKOUT, env=rig.environment(), text=True)
    return UUID(told.strip())


def _visits(rig: Rig, code: str, *patience: str) -> list[float]:
    """One member's visits, from another process; with patience, how long each badge took."""
    command = [sys.executable, "-m", "tests.faults.delivery", "visit", code, str(VISITS), *patience]
    told = subprocess.check_output(command, cwd=CHECKOUT, env=rig.environment(), text=True)
    return [float(text) for text in told.split()]


def _earned(rig: Rig, store: UUID) -> int:
    query = "SELECT sum(completed_count) FROM badges_memberbadge held WHERE store_id = %s"
    return int(rig.ask(query, store) or 0)


def test_an_idle_worker_grants_within_a_second(rig: Rig, tell: Callable[[str], None]) -> None:
    store = _make(rig, "IDLE")
    rig.worker("quick")
    wait_until(lambda: rig.ask("SELECT true FROM loyalty_workerheartbeat WHERE worker = %s",
                               node("quick")), 60)  # fmt: skip

    delays = _visits(rig, "IDLE", "10")
    # Four times regular, and so faithful: a badge on a badge follows as quickly.
    wait_until(lambda: _earned(rig, store) == VISITS // 3 + 1, 10)

    tell(f"from accepted to visible: {statistics.median(delays):.3f} s, most {max(delays):.3f} s")
    assert len(delays) == VISITS // 3
    # No dispatcher runs here, so nothing but the hint of the request itself has told the worker.
    assert statistics.median(delays) < 1


@pytest.mark.parametrize("broker", [True, False])
def test_with_nobody_but_the_dispatcher_it_is_granted_all_the_same(
    broker: bool, rig: Rig, tell: Callable[[str], None]
) -> None:
    code = f"ALONE{int(broker)}"
    store = _make(rig, code)
    if not broker:
        rig.kill_broker()
    _visits(rig, code)
    assert _earned(rig, store) == 0
    began = time.monotonic()
    rig.dispatcher()
    wait_until(lambda: _earned(rig, store) == VISITS // 3 + 1, 60)
    there = "with" if broker else "without"
    tell(f"no worker, {there} a broker: granted {time.monotonic() - began:.1f} s after the start")
