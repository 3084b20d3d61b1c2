"""A whole benchmark of bulk work: data in, table out.  Imported once Django has its settings."""

import os
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from badges.services.jobs import CHUNK
from benchmarks import load, memory, server
from benchmarks.cases import CASES, Subject
from benchmarks.data import FIRST_MEMBER, Credentials
from benchmarks.jobs import raw, report, scene
from benchmarks.jobs.api import Jobs
from benchmarks.jobs.raw import Written
from benchmarks.jobs.report import Figure
from benchmarks.load import Driven, LoadFailed
from benchmarks.measure import Pace
from benchmarks.server import Web

_DISTINCT = 5000
_CONNECTIONS = (8, 1)
"""As many as keep the web server fully busy, and one, which leaves it room to breathe."""
_BESIDE = "the raw SQL; the memory of a twentieth of the members; the list while no job runs."
_HEADER = "email,count,reason"


@dataclass(frozen=True, slots=True)
class JobBench:
    var: Path
    members: int
    pace: Pace

    def run(self) -> None:
        """Load, measure, print and save."""
        _say(f"Loading stores of {self.members:,} members.")
        began = time.monotonic()
        server.migrate()
        credentials = scene.load(self.members)
        _say(f"Loaded in {time.monotonic() - began:.0f} s.")
        badges = count(1)
        with server.serving(self.var / "web.log") as web:
            # Before there is a worker, which would begin with the work at once.
            figures = self._csv(web, credentials, next(badges))
            with server.working(self.var / "worker.log") as worker:
                figures += self._assign(web, credentials, worker, badges)
                figures += self._latency(web, credentials, next(badges))
        print(f"\nJobs of {self.members:,} members in chunks of {CHUNK:,}\n")
        print(report.table(figures, beside=_BESIDE))
        file = self.var / f"jobs-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        settings = {"members": self.members, "chunk": CHUNK, **asdict(self.pace)}
        report.save(file, figures, settings)
        print(f"\nSaved as {os.path.relpath(file)}")

    def _csv(self, web: Web, credentials: Credentials, badge: int) -> list[Figure]:
        _say(f"Uploading a CSV file of {self.members:,} lines.")
        jobs = Jobs(web.port, credentials, scene.JOB)
        file = self.var / "members.csv"
        _write_csv(file, self.members)
        seconds = Figure("CSV staged, s", budget=60)
        resident = Figure("CSV: web process, peak MB", budget=200)
        for _ in range(self.pace.rounds):
            scene.settle()
            processes = memory.family(web.pid)
            memory.forget_peaks(processes)
            began = time.perf_counter()
            job = jobs.upload(scene.badge(badge), file)
            seconds.add(time.perf_counter() - began)
            resident.add(memory.peak(processes))
            _check_staged(jobs, job, self.members)
            jobs.tell(job, "cancel")
        return [seconds, resident]

    def _assign(
        self, web: Web, credentials: Credentials, worker: int, badges: "count[int]"
    ) -> list[Figure]:
        """Rosette and the raw SQL in turns; who begins changes from round to round."""
        small = Jobs(web.port, credentials, scene.SMALL)
        large = Jobs(web.port, credentials, scene.JOB)
        work = Figure("assign, members/s", budget=2, by_time=False)
        whole = Figure("assign with its staging, members/s", by_time=False)
        resident = Figure("worker process, peak MB", budget=1.1)
        rounds = self.pace.rounds
        for number in range(1, rounds + 1):
            _say(f"Round {number} of {rounds}: assigning, by Rosette and by raw SQL.")
            badge = scene.badge(next(badges))
            floor = None if number % 2 else _by_raw_sql(badge)
            _, little = _by_rosette(small, badge, worker)
            written, much = _by_rosette(large, badge, worker)
            floor = floor or _by_raw_sql(badge)
            work.add(self.members / written.working, self.members / floor.working)
            whole.add(self.members / written.whole, self.members / floor.whole)
            resident.add(much, little)
        return [work, whole, resident]

    def _latency(self, web: Web, credentials: Credentials, badge: int) -> list[Figure]:
        """The list while one job runs and while it is paused, in turns."""
        (self.var / "list.requests").unlink(missing_ok=True)  # An earlier run's token.
        figures = {
            (connections, name): Figure(f"list by {connections} at once, {name} ms", budget=2)
            for connections in _CONNECTIONS
            for name in ("p50", "p95", "p99")
        }
        beside = Figure("assign beside the lists, members/s")
        jobs = Jobs(web.port, credentials, scene.JOB)
        job = jobs.assign_to_all(scene.badge(badge))
        for number in range(1, self.pace.rounds + 1):
            for connections in _CONNECTIONS:
                _say(f"Round {number} of {self.pace.rounds}: the list by {connections} at once.")
                before = _processed(jobs, job)
                during = self._drive(web, credentials, connections)
                seen = jobs.read(job)
                if seen["state"] != "running":
                    raise LoadFailed("The job ended too early: take more --members.")
                beside.add((seen["processed"] - before) / self.pace.seconds)
                jobs.tell(job, "pause")
                alone = self._drive(web, credentials, connections)
                jobs.tell(job, "resume")
                for name in ("p50", "p95", "p99"):
                    figures[connections, name].add(getattr(during, name), getattr(alone, name))
        jobs.tell(job, "cancel")
        return [*figures.values(), beside]

    def _drive(self, web: Web, credentials: Credentials, connections: int) -> Driven:
        file = self.var / "list.requests"
        if not file.exists():
            case = next(case for case in CASES if case.name == "list")
            subjects = (Subject.drawn(scene.READ) for _ in range(_DISTINCT))
            load.write_requests(
                file, (case.request(credentials, subject).encoded() for subject in subjects)
            )
        return load.drive(web.port, file, connections=connections, seconds=self.pace.seconds)


def _by_rosette(jobs: Jobs, badge: int, worker: int) -> tuple[Written, float]:
    """What it took, and the most memory that a process of the worker held."""
    scene.settle()
    processes = memory.family(worker)
    memory.forget_peaks(processes)
    began = time.perf_counter()
    job = jobs.assign_to_all(badge)
    staged = time.perf_counter()
    jobs.wait_for(job)
    return Written(staged - began, time.perf_counter() - staged), memory.peak(processes)


def _by_raw_sql(badge: int) -> Written:
    scene.settle()
    return raw.assign(scene.RAW, badge)


def _processed(jobs: Jobs, job: str) -> int:
    """How far the job is, once it moves."""
    while not (seen := jobs.read(job))["processed"] or seen["state"] != "running":
        time.sleep(0.05)
    return int(seen["processed"])


def _write_csv(file: Path, members: int) -> None:
    """Nobody of them twice, and each cell filled in."""
    with file.open("w", encoding="utf-8") as lines:
        lines.write(f"{_HEADER}\n")
        for member in range(FIRST_MEMBER, FIRST_MEMBER + members):
            lines.write(f"{scene.email(member)},1,For good deeds\n")


def _check_staged(jobs: Jobs, job: str, members: int) -> None:
    seen = jobs.read(job)
    if (seen["total"], seen["rejected"]) != (members, 0):
        raise LoadFailed(f"The file was not staged as a whole: {seen}")


def _say(sentence: str) -> None:
    print(sentence, flush=True)
