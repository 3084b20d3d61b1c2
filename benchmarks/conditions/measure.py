"""Conditions over a whole store beside hand-written SQL, and one member's progress."""

import os
import statistics
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from django.db import connection

from badges.conditions.compiler import Scope, reached
from badges.conditions.explanation import explain
from badges.conditions.parsing import parse
from badges.conditions.progress import leaf_values, progress
from badges.conditions.tree import checked_leaf
from benchmarks import server
from benchmarks.conditions import scene
from benchmarks.conditions.cases import CASES, Case
from benchmarks.jobs import report
from benchmarks.jobs.report import Figure
from benchmarks.measure import Pace
from loyalty.models import Store

_BUDGET = 1.5
_BUDGET_OF_ONE_MEMBER = 20.0
_OF_ONE_MEMBER = 10_000
_BESIDE = "SQL that is written by hand for this one question."


@dataclass(frozen=True, slots=True)
class ConditionBench:
    var: Path
    members: int
    rows: int
    pace: Pace

    def run(self) -> None:
        """Load, measure, print and save; the data is dropped afterwards."""
        _say(f"Loading {self.rows:,} activities of {self.members:,} members.")
        began = time.monotonic()
        server.migrate()
        store = scene.load(self.members, self.rows)
        _say(f"Loaded in {time.monotonic() - began:.0f} s.")
        try:
            figures = [self._whole_store(store, case) for case in CASES]
            figures += _one_member(store)
        finally:
            scene.drop()
        print(f"\nConditions over {self.rows:,} activities of {self.members:,} members\n")
        print(report.table(figures, beside=_BESIDE))
        file = self.var / f"conditions-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        settings = {"members": self.members, "rows": self.rows, **asdict(self.pace)}
        report.save(file, figures, settings)
        print(f"\nSaved as {os.path.relpath(file)}")

    def _whole_store(self, store: Store, case: Case) -> Figure:
        """Both say the same; who begins changes from round to round."""
        query = reached(parse(case.tree), Scope(store, scene.BEGINNING, case.limit, None))
        ours = _summed(query.sql, "reached_at"), query.params
        theirs = (
            _summed(case.by_hand, "t"),
            {"store": store.id, "since": scene.BEGINNING},
        )
        if _timed(*ours)[1] != _timed(*theirs)[1]:
            raise SystemExit(f"{case.title}: the hand-written SQL says something else.")
        figure = Figure(f"{case.title}, s", _BUDGET)
        for number in range(self.pace.rounds):
            first = _timed(*theirs)[0] if number % 2 else None
            seconds = _timed(*ours)[0]
            figure.add(seconds, first or _timed(*theirs)[0])
        _say(f"{figure.title:>30} {figure.measured[-1]:6.2f} {figure.ratio:6.2f}")
        return figure


def _summed(sql: str, moment: str) -> str:
    return f"""
        SELECT count(*), count(DISTINCT member_id), min({moment}), max({moment}),
               sum(extract(epoch FROM {moment}))
          FROM ({sql}) reached"""


def _timed(sql: str, params: dict[str, Any]) -> tuple[float, Any]:
    with connection.cursor() as cursor:
        began = time.perf_counter()
        cursor.execute(sql, params)
        answer = cursor.fetchone()
        return time.perf_counter() - began, answer


def _one_member(store: Store) -> list[Figure]:
    """Milliseconds for somebody with 10,000 activities."""
    member = scene.add_active_member(store, _OF_ONE_MEMBER)
    now = scene.BEGINNING + timedelta(days=400)
    figures = []
    for case in CASES:
        tree = parse(case.tree)
        scope = Scope(store, scene.BEGINNING, case.limit, [member])
        query = reached(tree, scope)
        works = {
            "live": lambda query=query: _timed(query.sql, query.params),
            "progress": lambda tree=tree, scope=scope, case=case: progress(
                tree, leaf_values(tree, scope, now=now).get(member, {}), time=case.limit
            ),
        }
        if "conditions" not in case.tree:
            works["explain"] = lambda tree=tree, scope=scope: explain(
                checked_leaf(tree), scope, member, now=now
            )
        for name, work in works.items():
            figure = Figure(f"{name}: {case.title}, ms", _BUDGET_OF_ONE_MEMBER)
            figure.add(_milliseconds(work))
            figures.append(figure)
    return figures


def _milliseconds(work: Any) -> float:
    """The median of ten, after some that let PostgreSQL make its plans."""
    times = []
    for _ in range(16):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times[6:])


def _say(what: str) -> None:
    print(what, flush=True)
