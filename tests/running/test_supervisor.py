"""The supervisor brings back what dies, and takes everything with it when it goes."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.running.processes import CHECKOUT, is_alive, kill, recorded_pid, wait_until

pytestmark = pytest.mark.faults

_SUPERVISE = """
import signal, sys
from pathlib import Path
from config.supervisor import Program, supervise
for number in (signal.SIGINT, signal.SIGHUP):  # Whoever runs the tests may ignore them.
    signal.signal(number, signal.SIG_DFL)
programs = [Program(str(n), ["sh", "-c", script]) for n, script in enumerate(sys.argv[1:])]
def greet():
    return Path("child").exists() and print("ready", flush=True) is None
sys.exit(supervise(programs, greet))
"""
# A program that has a process of its own, as the web server and the worker have.
_LASTING = "sleep 600 & echo $! > grandchild; echo $$ > child; wait"
_OTHER = "echo $$ > other; exec sleep 600"


@contextmanager
def _supervisor(directory: Path, *scripts: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _SUPERVISE, *scripts],
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(CHECKOUT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.terminate()  # It takes its programs along.


def _pids(directory: Path, *names: str) -> list[int]:
    wait_until(lambda: all(recorded_pid(directory / name) for name in names))
    return [recorded_pid(directory / name) for name in names]


def test_a_killed_program_is_swept_up_and_started_again(tmp_path: Path) -> None:
    with _supervisor(tmp_path, _LASTING, _OTHER):
        child, grandchild, other = _pids(tmp_path, "child", "grandchild", "other")
        kill(child)
        wait_until(lambda: recorded_pid(tmp_path / "child") not in {0, child})

        assert not is_alive(grandchild)
        assert is_alive(recorded_pid(tmp_path / "grandchild"))
        assert recorded_pid(tmp_path / "other") == other


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_stops_everything(tmp_path: Path, number: signal.Signals) -> None:
    with _supervisor(tmp_path, _LASTING, _OTHER) as supervisor:
        pids = _pids(tmp_path, "child", "grandchild", "other")
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "ready\n"
        supervisor.send_signal(number)

        assert supervisor.wait() == 0
        assert not any(map(is_alive, pids))


@pytest.mark.skipif(sys.platform != "linux", reason="Only Linux tells a child of this death.")
def test_a_killed_supervisor_leaves_no_orphan(tmp_path: Path) -> None:
    with _supervisor(tmp_path, _OTHER) as supervisor:
        (other,) = _pids(tmp_path, "other")
        supervisor.kill()
        wait_until(lambda: not is_alive(other))


def test_a_program_that_only_dies_ends_everything_with_a_sentence(tmp_path: Path) -> None:
    with _supervisor(tmp_path, "exit 7", _OTHER) as supervisor:
        assert supervisor.wait() == 1
        assert supervisor.stdout is not None
        told = supervisor.stdout.read().splitlines()

    assert told[:-1] == ["The 0 ended with status 7: it is started again."] * 4
    assert told[-1].startswith("The 0 ended with status 7, for the 5th time within 30 seconds:")
    assert not is_alive(recorded_pid(tmp_path / "other"))
