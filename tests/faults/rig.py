"""Private servers and real processes, to be killed at will; and the oracle that judges after it."""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from config.embedded import postgres, valkey
from tests.running.processes import CHECKOUT, recorded_pid, wait_until

LONG = os.environ.get("ROSETTE_LONG") == "1"
"""The long form takes minutes; the short one is for every change."""

Process = subprocess.Popen[bytes]


@dataclass
class Scene:
    """One store, and the job that gives each of its members one badge."""

    store: str
    job: str
    members: int


@dataclass
class Verdict:
    """What the ledger says, compared with the members that were put in; no counter is asked."""

    lost: int
    double: int
    miscounted: int
    without_event: int

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.double or self.miscounted or self.without_event)


@dataclass
class Rig:
    var: Path
    urls: dict[str, str]
    seed: int = field(default_factory=lambda: int(os.environ.get("FAULTS_SEED", time.time_ns())))
    processes: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    # --- Processes ----------------------------------------------------------------------------

    def run(self, *command: str, **environment: str) -> Process:
        """A process in a session of its own, so that it can be killed with all it started."""
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *command],
                cwd=CHECKOUT,
                env=self.environment(**environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.processes.append(process)
        return process

    def environment(self, **more: str) -> dict[str, str]:
        ours = {"DJANGO_SETTINGS_MODULE": "config.settings", "HTTPS": "0", "PYTHONWARNINGS": ""}
        return {**os.environ, **ours, **self.urls, **more}

    @property
    def log(self) -> Path:
        return self.var / "processes.log"

    def worker(self, name: str = "w1", **environment: str) -> Process:
        return self.run(*worker_command(name), **environment)

    def supervised_worker(self, name: str = "w1", **environment: str) -> Process:
        """A worker below the supervisor that `./run` has; returns the supervisor."""
        return self.run("-c", _SUPERVISE, sys.executable, *worker_command(name), **environment)

    def dispatcher(self, **environment: str) -> Process:
        return self.run("-m", "tests.faults.rehearsed", "dispatch", **environment)

    def kill_all(self) -> None:
        for process in self.processes:
            kill_group(process)
        self.processes.clear()

    # --- Servers ------------------------------------------------------------------------------

    def kill_broker(self) -> None:
        """With kill -9: it keeps nothing, so what was queued is gone."""
        os.kill(recorded_pid(self.var / "valkey.pid"), signal.SIGKILL)
        wait_until(lambda: not valkey.is_running(self.var))

    def start_broker(self) -> None:
        valkey.start(self.var)

    def crash_database(self) -> None:
        """What `pg_ctl stop -m immediate` does: no farewell, and recovery at the next start."""
        os.kill(max(map(recorded_pid, self.var.glob("postgres-*/postmaster.pid"))), signal.SIGQUIT)
        wait_until(lambda: not any(self.var.glob("postgres-*/postmaster.pid")))

    def start_database(self) -> None:
        postgres.start(self.var)

    # --- Looking ------------------------------------------------------------------------------

    def ask(self, query: str, *values: object) -> Any:
        """The first value of the first row; None if the database is away."""
        try:
            with psycopg.connect(self.urls["DATABASE_URL"], autocommit=True) as connection:
                answer = connection.execute(query, values)
                row = answer.fetchone() if answer.description else None
                return row[0] if row else None
        except psycopg.OperationalError:
            return None

    def scene(self, code: str, members: int, **environment: str) -> Scene:
        command = [sys.executable, "-m", "tests.faults.scene", code, str(members)]
        told = subprocess.check_output(
            command, cwd=CHECKOUT, env=self.environment(**environment), text=True
        )
        store, job = told.split()
        return Scene(store, job, members)

    def state(self, scene: Scene) -> str | None:
        state = self.ask("SELECT state FROM loyalty_job WHERE id = %s", scene.job)
        return str(state) if state else None

    def processed(self, scene: Scene) -> int:
        return int(self.ask("SELECT processed FROM loyalty_job WHERE id = %s", scene.job) or 0)

    def has_passed(self, scene: Scene, processed: int) -> bool:
        return self.processed(scene) > processed

    def hears_since(self, worker: str, heard: Any) -> bool:
        return bool(self.heard(worker) != heard)

    def heard(self, worker: str) -> Any:
        return self.ask("SELECT heard_at FROM loyalty_workerheartbeat WHERE worker = %s", worker)

    def inside_a_chunk(self) -> list[int]:
        """The processes of workers that have a transaction open now."""
        pids = self.ask(
            "SELECT array_agg(substr(application_name, 5)::int) FROM pg_stat_activity"
            " WHERE application_name LIKE 'pid-%%' AND state <> 'idle' AND backend_xid IS NOT NULL"
        )
        return list(pids or [])

    def verdict(self, scene: Scene) -> Verdict:
        with psycopg.connect(self.urls["DATABASE_URL"]) as connection:
            row = connection.execute(_ORACLE, {"store": scene.store}).fetchone()
        assert row is not None
        assert row[0] == scene.members
        return Verdict(*row[1:])


# What follows the programs says who is to be greeted: nobody.
_SUPERVISE = """
import inspect, sys
from config.supervisor import Program, supervise
nobody = [lambda: False for _ in list(inspect.signature(supervise).parameters)[1:]]
sys.exit(supervise([Program("worker", sys.argv[1:])], *nobody))
"""

_ORACLE = """
SELECT count(*),
       count(*) FILTER (WHERE entry.times IS NULL),
       coalesce(sum(entry.times - 1), 0)::int,
       count(*) FILTER (WHERE coalesce(held.completed_count, 0) <> coalesce(entry.sum, 0)),
       count(*) FILTER (WHERE coalesce(told.times, 0) <> coalesce(entry.times, 0))
  FROM members_member m
  LEFT JOIN (SELECT member_id, count(*) AS times, sum(delta) AS sum FROM badges_badgeentry
              WHERE store_id = %(store)s GROUP BY 1) entry ON entry.member_id = m.id
  LEFT JOIN badges_memberbadge held ON held.store_id = m.store_id AND held.member_id = m.id
  LEFT JOIN (SELECT member_id, count(*) AS times FROM loyalty_event
              WHERE store_id = %(store)s AND name = 'BadgeCompleted' GROUP BY 1) told
         ON told.member_id = m.id
 WHERE m.store_id = %(store)s
"""


def worker_command(name: str) -> list[str]:
    return [
        *("-m", "celery", "--quiet", "--app", "tests.faults.rehearsed", "worker"),
        *("--hostname", node(name), "--concurrency", "2", "--loglevel", "WARNING"),
        *("--without-gossip", "--without-mingle"),
    ]


def node(name: str) -> str:
    return f"{name}@{socket.gethostname()}"


def children(pid: int) -> list[int]:
    listed = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True
    )
    return [int(line) for line in listed.stdout.split()]


def kill_group(process: Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def seconds_until(condition: Callable[[], object], patience: float) -> float:
    began = time.monotonic()
    wait_until(condition, patience)
    return time.monotonic() - began
