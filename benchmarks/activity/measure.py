"""A whole benchmark of activity and what it earns.  Imported once Django has its settings."""

import os
import statistics
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path

from benchmarks import data, server
from benchmarks.activity import scene
from benchmarks.activity.feed import Feed, grants, wait_until_evaluated
from benchmarks.data import FIRST_BADGE, Credentials
from benchmarks.jobs import report
from benchmarks.jobs.report import Figure
from benchmarks.load import LoadFailed
from benchmarks.measure import Pace
from benchmarks.server import HOST, Web

_AT_LEAST = 3000.0
"""Activities a second, from the batch call to the evaluated badges."""
_SENDERS = 2
_READS = 100
_SINGLE = 30


@dataclass(frozen=True, slots=True)
class ActivityBench:
    var: Path
    members: int
    sizes: tuple[int, ...]
    """How many activities there are already, in growing order."""
    events: int
    """How many are sent in a round."""
    pace: Pace

    def run(self) -> None:
        """Load, measure, print and save."""
        server.migrate()
        _say(f"Loading a store of {self.members:,} members with {scene.BADGES} conditions.")
        _, credentials = scene.load(self.members, scene.midnight())
        figures, first = list[Figure](), 1
        costs = list[list[float]]()
        with (
            server.serving(self.var / "web.log") as web,
            server.working(self.var / "worker.log"),
        ):
            wait_until_evaluated()
            feed = Feed(web.port, credentials, self.members)
            for size in self.sizes:
                _say(f"Adding history, up to {size:,} activities.")
                scene.add_history(self.members, first, size)
                first = size + 1
                rates = self._ingest(feed, size)
                figures.append(rates)
                costs.append([1e6 / rate for rate in rates.measured])
                figures.append(_visible(web, credentials, size))
            _say("One member with 10,000 activities.")
            scene.add_keen_history()
            figures += [_read(web, credentials, what) for what in ("badge-progress", "explain")]
        growth = Figure("cost of an activity, us: most rows / fewest", budget=1.25)
        for few, many in zip(costs[0], costs[-1], strict=True):
            growth.add(many, few)
        figures.append(growth)
        print(f"\n{scene.BADGES} conditions, {self.members:,} members\n")
        print(report.table(figures, beside="a rate of 3,000 a second; the smallest history."))
        file = self.var / f"activity-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        settings = {
            "members": self.members, "sizes": self.sizes, "events": self.events,
            **asdict(self.pace),
        }  # fmt: skip
        report.save(file, figures, settings)
        print(f"\nSaved as {os.path.relpath(file)}")

    def _ingest(self, feed: Feed, size: int) -> Figure:
        """From the first batch sent until the last activity is evaluated."""
        figure = Figure(f"in and evaluated a second, at {size:,}", budget=1, by_time=False)
        for number in range(1, self.pace.rounds + 1):
            _say(f"Round {number} of {self.pace.rounds}: {self.events:,} events.")
            batches = feed.batches(f"{size}-{number}", self.events)
            before = grants()
            began = time.perf_counter()
            feed.send(batches, _SENDERS)
            sent = time.perf_counter() - began
            wait_until_evaluated()
            took = time.perf_counter() - began
            _say(f"  sent in {sent:.1f} s, evaluated after {took:.1f} s,"
                 f" {grants() - before:,} lines in the ledger.")  # fmt: skip
            figure.add(self.events / took, _AT_LEAST)
        return figure


def _visible(web: Web, credentials: Credentials, size: int) -> Figure:
    """From one event to the evaluated badges while nothing else happens, in ms."""
    figure = Figure(f"one event until evaluated, ms, at {size:,}", budget=1000)
    feed = Feed(web.port, credentials, 1)
    took = []
    for number in range(_SINGLE):
        [batch] = feed.batches(f"single-{size}-{number}", 1)
        began = time.perf_counter()
        feed.send([batch], 1)
        wait_until_evaluated()
        took.append((time.perf_counter() - began) * 1000)
    figure.add(statistics.median(took))
    return figure


def _read(web: Web, credentials: Credentials, what: str) -> Figure:
    """One badge of the keen member, over HTTP, one request after the other."""
    badge = f"systemCode={data.badge_code(FIRST_BADGE)}"
    member = data.member_id(scene.STORE, scene.KEEN)
    path = {
        "badge-progress": f"badge-progress/{badge}",
        "explain": f"badge/{badge}/explain",
    }[what]
    url = f"/api/{data.store_code(scene.STORE)}/member/{member}/{path}"
    headers = {"Authorization": f"Bearer {credentials.token}"}
    connection = HTTPConnection(HOST, web.port)
    took = []
    for _ in range(_READS):
        began = time.perf_counter()
        connection.request("GET", url, headers=headers)
        response = connection.getresponse()
        answer = response.read()
        took.append((time.perf_counter() - began) * 1000)
        if response.status != 200:
            raise LoadFailed(f"{response.status} {answer[:500].decode()}")
    figure = Figure(f"{what} of {scene.DONE_BY_KEEN:,} activities, p95 ms", budget=20)
    figure.add(statistics.quantiles(took, n=20)[-1])
    return figure


def _say(sentence: str) -> None:
    print(sentence, flush=True)
