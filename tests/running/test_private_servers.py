"""The private servers keep what was committed, and keep out of each other's way."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from config.embedded import postgres, valkey
from config.embedded.home import EmbeddedServerError
from tests.running.processes import (
    CHECKOUT,
    is_alive,
    kill,
    recorded_pid,
    stranger,
    wait_until,
)

pytestmark = pytest.mark.faults

_USE = "import config.development, time; print('ready', flush=True); time.sleep(600)"


def _postmaster(var: Path) -> int:
    return max(map(recorded_pid, var.glob("postgres-*/postmaster.pid")), default=0)


def _numbers(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT n FROM numbers ORDER BY n")]


@contextmanager
def _user(var: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", _USE], env=stranger(var), stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def _wait_until_ready(user: subprocess.Popen[str]) -> None:
    assert user.stdout is not None
    assert user.stdout.readline() == "ready\n"


def test_a_killed_postgres_starts_again_with_every_committed_row(var: Path) -> None:
    url = postgres.start(var)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE numbers (n int)")
        for n in range(100):
            connection.execute("INSERT INTO numbers VALUES (%s)", [n])
        kill(_postmaster(var))

    assert postgres.start(var) == url
    assert _numbers(url) == list(range(100))


def test_a_killed_valkey_starts_again(var: Path) -> None:
    url = valkey.start(var)
    killed = recorded_pid(var / "valkey.pid")
    kill(killed)
    wait_until(lambda: not valkey.is_running(var))

    assert valkey.start(var) == url
    assert recorded_pid(var / "valkey.pid") != killed


def test_two_directories_have_two_databases(var: Path, other_var: Path) -> None:
    url, other_url = postgres.start(var), postgres.start(other_var)
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE numbers (n int)")
    with pytest.raises(psycopg.errors.UndefinedTable):
        _numbers(other_url)

    postgres.stop(other_var)
    assert _numbers(url) == []


def test_a_half_made_cluster_is_made_anew(var: Path) -> None:
    maker = subprocess.Popen(
        [sys.executable, "-c", _USE],
        env=stranger(var),
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: any(var.glob("postgres-*.new/base")))
    os.killpg(maker.pid, signal.SIGKILL)
    maker.wait()
    assert not any(var.glob("postgres-*[0-9]"))

    with psycopg.connect(postgres.start(var)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_text_sorts_alike_on_every_system(var: Path) -> None:
    with psycopg.connect(postgres.start(var)) as connection:
        words = connection.execute("SELECT w FROM unnest('{z,Ä,a,Z}'::text[]) w ORDER BY w")
        assert [row[0] for row in words] == ["Z", "a", "z", "Ä"]


def test_the_servers_live_as_long_as_their_last_user_however_it_ends(var: Path) -> None:
    """Three processes start at once, the servers are killed under them, then they are."""
    with _user(var) as first, _user(var) as second, _user(var) as third:
        for user in (first, second, third):
            _wait_until_ready(user)
        postmaster, broker = _postmaster(var), recorded_pid(var / "valkey.pid")
        kill(postmaster)
        kill(broker)
        wait_until(lambda: postgres.is_running(var) and _postmaster(var) != postmaster)
        wait_until(lambda: valkey.is_running(var) and recorded_pid(var / "valkey.pid") != broker)
        postmaster, broker = _postmaster(var), recorded_pid(var / "valkey.pid")

        first.terminate()
        second.kill()
        first.wait()
        second.wait()
        postgres.start(var)
        assert _postmaster(var) == postmaster

        third.kill()
        wait_until(lambda: not is_alive(postmaster) and not is_alive(broker))


def test_the_secrets_are_made_once_and_are_private(var: Path) -> None:
    secrets = "(d.SECRET_KEY, d.JWT_PRIVATE_KEY, *d.SECRETS_KEYS)"
    show = f"import config.development as d; print(hash({secrets}))"
    command = [sys.executable, "-c", show]
    environment = stranger(var, PYTHONHASHSEED="1")
    answers = {subprocess.check_output(command, env=environment) for _ in range(2)}

    assert len(answers) == 1
    assert (var / "secret_key").stat().st_mode & 0o777 == 0o600
    assert (var / "jwt_private_key").stat().st_mode & 0o777 == 0o600
    assert (var / "secrets_key").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can mount a small disk.")
def test_a_full_disk_is_called_by_its_name(tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, stderr=subprocess.DEVNULL).returncode:
        pytest.skip("This machine does not let root mount a small disk.")
    try:
        with pytest.raises(EmbeddedServerError, match="needs 200 MB in"):
            postgres.start(disk)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.parametrize("key", ["", "unused", "A" * 43, "A" * 64, "ä"])
def test_production_does_not_start_without_a_key_for_secrets(key: str) -> None:
    settings = {
        "SECRET_KEY": "x", "JWT_PRIVATE_KEY": "x", "DATABASE_URL": "postgresql://",
        "REDIS_URL": "redis://",
    }  # fmt: skip
    given = {"SECRETS_KEY": key} if key else {}
    command = [sys.executable, "-c", "import config.settings"]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(CHECKOUT), **settings, **given}

    refused = subprocess.run(command, env=environment, capture_output=True, text=True)
    good = {**environment, "SECRETS_KEY": f"{'A' * 43}=, {'B' * 43}="}
    taken = subprocess.run(command, env=good, capture_output=True, text=True)

    assert refused.returncode != 0
    assert "SECRETS_KEY" in refused.stderr
    assert taken.returncode == 0, taken.stderr
