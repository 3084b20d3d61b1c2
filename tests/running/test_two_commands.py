"""`./run` on machines that lack something, and on one that has everything."""

import http.client
import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.running.processes import (
    CHECKOUT,
    free_port,
    is_alive,
    kill,
    recorded_pid,
    stack,
    wait_until,
)

pytestmark = pytest.mark.faults


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what `./run` needs before Rosette itself, with nothing to install."""
    copy = tmp_path / "a checkout"
    (copy / "config").mkdir(parents=True)
    shutil.copy(CHECKOUT / "run", copy)
    shutil.copy(CHECKOUT / "config" / "install.py", copy / "config")
    (copy / "requirements.lock").touch()
    (copy / "manage.py").write_text("import sys; print(*sys.argv[1:])")
    return copy


def _pretend_python(directory: Path, name: str, script: str) -> Path:
    directory.mkdir(exist_ok=True)
    program = directory / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def _run(checkout: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./run", *arguments],
        cwd=checkout,
        env={"PATH": "/usr/bin:/bin", "PYTHON": sys.executable, **environment},
        capture_output=True,
        text=True,
    )


def test_help_needs_nothing(checkout: Path) -> None:
    assert "./run test" in _run(checkout, "help").stdout
    unknown = _run(checkout, "tset")
    assert unknown.returncode == 2
    assert "./run test" in unknown.stderr


def test_a_missing_python_is_one_sentence(checkout: Path) -> None:
    answer = _run(checkout, "manage", "check", PYTHON="/nowhere/python")
    assert answer.returncode == 1
    assert answer.stderr == (
        "PYTHON=/nowhere/python is not a Python 3.11, 3.12 or 3.13 that runs.\n"
    )


def test_a_python_without_venv_is_one_sentence(checkout: Path, tmp_path: Path) -> None:
    script = 'case "$2" in *ensurepip*) exit 1 ;; esac'
    python = _pretend_python(tmp_path / "bin", "python", script)
    answer = _run(checkout, "manage", "check", PYTHON=str(python))
    assert answer.returncode == 1
    assert answer.stderr == (
        f"{python} lacks the venv module (on Debian and Ubuntu: apt-get install python3-venv).\n"
    )


def test_a_python_that_is_only_a_name_is_passed_over(checkout: Path, tmp_path: Path) -> None:
    shims = tmp_path / "shims"
    for name in ("python3.13", "python3.12"):
        _pretend_python(shims, name, "echo 'not installed' >&2; exit 127")
    _pretend_python(shims, "python3.11", f'exec "{sys.executable}" "$@"')

    answer = _run(checkout, "manage", "check", PATH=f"{shims}:/usr/bin:/bin", PYTHON="")
    assert (answer.returncode, answer.stdout) == (0, "check\n")


def test_an_interrupted_installation_is_repaired_and_a_second_waits(checkout: Path) -> None:
    environment = {"PATH": "/usr/bin:/bin", "PYTHON": sys.executable}
    command = ["./run", "manage", "check"]
    with subprocess.Popen(
        command, cwd=checkout, env=environment, stderr=subprocess.DEVNULL, start_new_session=True
    ) as interrupted:
        wait_until((checkout / ".venv" / "bin").exists)
        os.killpg(interrupted.pid, signal.SIGKILL)

    both = [
        subprocess.Popen(
            command, cwd=checkout, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for _ in range(2)
    ]
    answers = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert [out for out, _ in answers] == [b"check\n"] * 2
    assert sum(b"Installing" in err for _, err in answers) == 1
    assert _run(checkout, "manage", "check").stderr == ""


def test_a_taken_port_is_one_sentence(var: Path) -> None:
    with socket.socket() as other_program:
        other_program.bind(("127.0.0.1", 0))
        other_program.listen()
        port = other_program.getsockname()[1]
        with stack(var, port) as process:
            assert process.wait() == 1
    assert (var / "told").read_text() == (
        f"CommandError: Port {port} is taken by another program."
        f" Choose another one: PORT={port + 1} ./run\n"
    )


def _is_healthy(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/api/healthcheck")
        return connection.getresponse().status == 204
    except OSError:
        return False
    finally:
        connection.close()


def test_the_whole_stack_survives_the_death_of_its_servers_and_stops_on_term(var: Path) -> None:
    port = free_port()
    with stack(var, port) as process:
        wait_until(lambda: _is_healthy(port), 60)
        postmaster = max(map(recorded_pid, var.glob("postgres-*/postmaster.pid")))
        broker = recorded_pid(var / "valkey.pid")
        kill(postmaster)
        kill(broker)
        wait_until(lambda: not is_alive(postmaster))
        wait_until(lambda: _is_healthy(port), 30)

        process.terminate()
        assert process.wait() == 0, (var / "told").read_text()
    assert not _is_healthy(port)
