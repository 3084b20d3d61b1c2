"""A whole benchmark of webhooks and the outbox.  Imported once Django has its settings."""

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock
from uuid import UUID

from django.db import connection
from django.utils import timezone

from badges.models import BadgeType
from badges.services import ledger
from badges.services.grants import grant_badge
from benchmarks import data, server
from benchmarks.data import BENCH, FIRST_BADGE, FIRST_STORE
from benchmarks.jobs import report
from benchmarks.jobs.report import Figure
from benchmarks.jobs.scene import add_members
from benchmarks.measure import Pace
from benchmarks.server import HOST
from config.supervisor import Program
from loyalty.models import EventName, Store
from loyalty.services.webhooks.subscriptions import create_subscription, delete_subscription
from members.models import Member

_ENDPOINTS, _SENDERS = 8, 2
_A_SECOND = 1000.0
_QUEUED = {True: 20_000, False: 100_000}
_PACED, _PACE = 300, 0.05
_GRANTS = 2000
_MEMBERS = 20_000

_EVENTS = """
INSERT INTO loyalty_event
       (id, store_id, name, subject_kind, subject_id, data, actor_kind, actor_label, source,
        recorded_at)
SELECT gen_random_uuid(), %s, 'BadgeCompleted', 'badgeType', 'x',
       '{"badgeName": "Gold", "previousCompletedCount": 0, "currentCompletedCount": 1}',
       'system', '', 'job', now()
  FROM generate_series(1, %s)
"""


@dataclass(frozen=True, slots=True)
class WebhookBench:
    var: Path
    messages: int
    pace: Pace

    def run(self) -> None:
        """Load, measure, print and save."""
        server.migrate()
        short = self.pace.rounds == 1
        stores = [data.make_store(FIRST_STORE + number, 1) for number in range(2)]
        add_members(FIRST_STORE, _MEMBERS)
        with self._receiver() as url:
            figures = [
                self._deliveries(stores[0], url),
                self._beside_a_hanging_endpoint(stores, url, _QUEUED[short]),
            ]
        figures.append(self._outbox(stores[0]))
        print(report.table(figures, beside="1,000 a second; 2,000 ms; a grant that tells nobody."))
        file = self.var / f"webhooks-{datetime.now(UTC):%Y%m%dT%H%M%S}.json"
        report.save(file, figures, {"messages": self.messages, **asdict(self.pace)})
        print(f"\nSaved as {os.path.relpath(file)}")

    def _deliveries(self, store: Store, url: str) -> Figure:
        """From the moment that the senders are told of the events until the last is written."""
        figure = Figure(
            f"deliveries a second, {_SENDERS} senders, {_ENDPOINTS} endpoints", 1, by_time=False
        )
        ids = [_subscribe(store, f"{url}/{number}") for number in range(_ENDPOINTS)]
        with self._senders(_SENDERS):
            _tell(store, 10)
            _wait(lambda: _open(store) == 0)
            for _ in range(self.pace.rounds):
                began = time.monotonic()
                _tell(store, self.messages // _ENDPOINTS)
                _wait(lambda: _open(store) == 0)
                figure.add(self.messages / (time.monotonic() - began), _A_SECOND)
        sent = sum(_count(store, each, "delivered") for each in ids)
        wanted = self.pace.rounds * self.messages + 10 * _ENDPOINTS
        if sent != wanted:
            raise SystemExit(f"{sent} messages of {wanted} were delivered.")
        for each in ids:
            delete_subscription(store, subscription_id=each, actor=BENCH)
        return figure

    def _beside_a_hanging_endpoint(self, stores: list[Store], url: str, queued: int) -> Figure:
        """Events one by one, while an endpoint of the same store has so many of its own."""
        figure = Figure(f"p95 of first attempts, {queued:,} for one that hangs, ms", 1)
        store, other = stores
        hanging = _subscribe(store, f"{url}/hang")
        _tell(store, queued)
        with self._senders(1):
            _wait(lambda: _count(store, hanging) >= queued)
            time.sleep(2)
            well = [_subscribe(each, f"{url}/well") for each in (store, other)]
            for _ in range(_PACED):
                for each in (store, other):
                    _tell(each, 1)
                time.sleep(_PACE)
            _wait(lambda: sum(map(_tried, well)) >= 2 * _PACED)
            figure.add(_p95(well), 2000)
        for each, subscription_id in ((store, hanging), (store, well[0]), (other, well[1])):
            delete_subscription(each, subscription_id=subscription_id, actor=BENCH)
        return figure

    def _outbox(self, store: Store) -> Figure:
        """What a grant costs, beside one that does not write its event.

        They take turns, member by member, and medians are compared: other work on the machine,
        and tables that grow, are in both.
        """
        figure = Figure("a grant, us; beside: without its event", budget=1.1)
        members = list(Member.for_store(store).order_by("id")[:_GRANTS])
        badge_type = BadgeType.for_store(store).get(id=data.badge_type_id(FIRST_STORE, FIRST_BADGE))
        silenced = mock.patch.object(ledger, "record_for_members", return_value=None)

        def grant(member: Member) -> float:
            began = time.perf_counter()
            grant_badge(
                store, member=member, badge_type=badge_type, actor=BENCH, now=timezone.now()
            )
            return (time.perf_counter() - began) * 1e6

        for _ in range(1 + max(3, self.pace.rounds)):
            with_event, without = list[float](), list[float]()
            for place, member in enumerate(members):
                for tells in (place % 2 == 0, place % 2 == 1):
                    if tells:
                        with_event.append(grant(member))
                    else:
                        with silenced:
                            without.append(grant(member))
            figure.add(statistics.median(with_event), statistics.median(without))
        # The first round found every cache cold.
        del figure.measured[0], figure.beside[0]
        return figure

    @contextmanager
    def _receiver(self) -> Iterator[str]:
        port = server.free_port()
        command = [sys.executable, "-m", "benchmarks.webhooks.receiver", str(port)]
        with server.running(Program("receiver", command), self.var / "receiver.log"):
            time.sleep(1)
            yield f"http://{HOST}:{port}"

    @contextmanager
    def _senders(self, number: int) -> Iterator[None]:
        program = server.program_of_run("deliverer")
        with ExitStack() as stack:
            for _ in range(number):
                stack.enter_context(server.running(program, self.var / "deliver.log"))
            time.sleep(4)  # They have started.
            yield


def _subscribe(store: Store, url: str) -> UUID:
    return create_subscription(
        store, event_names=[EventName.BADGE_COMPLETED], url=url, actor=BENCH, now=timezone.now()
    )[0].id


def _tell(store: Store, events: int) -> None:
    _ask(_EVENTS, store.id, events)


def _open(store: Store) -> int:
    """Events that are not handed out, and messages that wait; each of them at most one."""
    return int(
        _ask(
            "SELECT (EXISTS (SELECT FROM loyalty_delivery d WHERE d.store_id = c.store_id"
            " AND d.state = 'queued'))::int + (EXISTS (SELECT FROM loyalty_event e"
            " WHERE e.store_id = c.store_id AND e.sequence > c.sequence))::int"
            " FROM loyalty_webhookcursor c WHERE c.store_id = %s",
            store.id,
        )
    )


def _count(store: Store, subscription: UUID, state: str = "queued") -> int:
    return int(
        _ask(
            "SELECT count(*) FROM loyalty_delivery WHERE store_id = %s AND subscription_id = %s"
            " AND state = %s",
            store.id, subscription, state,
        )
    )  # fmt: skip


def _tried(subscription: UUID) -> int:
    return int(
        _ask(
            "SELECT count(*) FROM loyalty_delivery WHERE subscription_id = %s AND attempts > 0",
            subscription,
        )
    )


def _p95(subscriptions: list[UUID]) -> float:
    """Milliseconds from the event to the moment at which its first request was sent."""
    return float(
        _ask(
            """
            SELECT 1000 * percentile_cont(0.95) WITHIN GROUP (
                   ORDER BY extract(epoch FROM first.at - d.happened_at))
              FROM loyalty_delivery d CROSS JOIN LATERAL (
                   SELECT min(a.at) AS at FROM loyalty_deliveryattempt a
                    WHERE a.store_id = d.store_id AND a.delivery_id = d.id) first
             WHERE d.subscription_id = ANY (%s)
            """,
            subscriptions,
        )
    )


def _ask(statement: str, *values: Any) -> Any:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.fetchone()[0] if cursor.description else None


def _wait(condition: Callable[[], bool], seconds: float = 300) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise SystemExit("The senders did not finish: deliver.log may say why.")
        time.sleep(0.05)
