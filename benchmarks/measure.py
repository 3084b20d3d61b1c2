"""A whole benchmark: data in, table out.  Imported once Django has its settings."""

import json
import os
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import data, floor, load, report, server
from benchmarks.cases import CASES, Case, Subject
from benchmarks.data import Credentials, Size
from benchmarks.load import Driven
from benchmarks.report import Measured

# As many as the web server answers at once on two cores.
_CONNECTIONS = 8
_DISTINCT = 5000
# No server here answers faster, so requests that may be sent only once do not run out.
_FASTEST = 5000


@dataclass(frozen=True, slots=True)
class Pace:
    rounds: int
    seconds: float
    """How long each thing is driven in each round."""


@dataclass(frozen=True, slots=True)
class Bench:
    """One benchmark, with its files in `var`."""

    var: Path
    size: Size
    pace: Pace
    only: Collection[str]

    def run(self, compare: Path | None) -> None:
        """Load, measure, print and save; `compare` is a file that an earlier run saved."""
        before = json.loads(compare.read_text(encoding="utf-8")) if compare else None
        size = self.size
        _say(f"Loading {size.stores} stores x {size.members} members x {size.badges} badges.")
        began = time.monotonic()
        server.migrate()
        data.load(size)
        credentials = data.employ(size)
        _say(f"Loaded in {time.monotonic() - began:.0f} s.")
        with server.serving(self.var / "web.log") as web:
            results = self._measure(web.port, credentials)
        print(f"\n{report.table(results)}")
        if before is not None:
            print(f"\n{report.comparison(results, before)}")
        file = self.var / f"results-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        settings = {"connections": _CONNECTIONS, **asdict(self.pace)}
        report.save(file, results, size, settings)
        print(f"\nSaved as {os.path.relpath(file)}")

    def _measure(self, port: int, credentials: Credentials) -> dict[str, Measured]:
        """In turns, round by round, so that a disturbance does not hit one thing alone."""
        cases = [case for case in CASES if not self.only or case.name in self.only]
        results: dict[str, Measured] = {}
        for case in cases:
            (self.var / f"{case.name}.requests").unlink(missing_ok=True)
            statements = floor.write_script(self._script(case), case, credentials, self.size)
            results[case.name] = Measured(case.title, len(statements))
            self._drive(case, port, credentials, seconds=1)  # Warms up.
        for number in range(1, self.pace.rounds + 1):
            for case in cases:
                _say(f"Round {number} of {self.pace.rounds}: {case.title}.")
                measured = results[case.name]
                measured.driven.append(self._drive(case, port, credentials, self.pace.seconds))
                for mode in floor.MODES if case.asks_database else ():
                    measured.floors.setdefault(mode, []).append(self._floor(case, mode))
        return results

    def _drive(self, case: Case, port: int, credentials: Credentials, seconds: float) -> Driven:
        file = self.var / f"{case.name}.requests"
        if case.unique or not file.exists():
            count = round(_FASTEST * seconds) if case.unique else _DISTINCT
            subjects = (Subject.drawn(self.size) for _ in range(count))
            load.write_requests(
                file, (case.request(credentials, subject).encoded() for subject in subjects)
            )
        return load.drive(port, file, connections=_CONNECTIONS, seconds=seconds)

    def _floor(self, case: Case, mode: str) -> float:
        return floor.transactions_per_second(
            self._script(case), mode, connections=_CONNECTIONS, seconds=self.pace.seconds
        )

    def _script(self, case: Case) -> Path:
        return self.var / f"{case.name}.sql"


def case_names() -> Sequence[str]:
    return [case.name for case in CASES]


def _say(sentence: str) -> None:
    print(sentence, flush=True)
