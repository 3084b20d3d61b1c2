"""Balances and expiry against a model that keeps every single point apart."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loyalty.errors import Invalid
from loyalty.models import Store
from members.models import DEFAULT_WALLET, Member, PointsEntry, PointsKind
from members.selectors.points import wallets
from members.services.booking import Transfer
from members.services.points import book_transfer, cancel_transfer, expire_transfer
from members.services.points_expiry import expire_points
from tests.architecture.worlds import RolledBack
from tests.builders import TESTER

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
NEVER = datetime.max.replace(tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Point:
    """One point: who brought it in, and until when it counts."""

    source: UUID
    expires_at: datetime


@dataclass
class Line:
    """A transfer as the model knows it."""

    id: UUID
    adds: bool
    points: int
    expires_at: datetime = NEVER
    took: list[Point] = field(default_factory=list)
    cancelled: bool = False
    expired: bool = False
    """Whether there is a line that says so."""


class Model:
    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.held: list[Point] = []
        self.gone: dict[tuple[UUID, datetime], int] = {}

    def alive(self, now: datetime) -> list[Point]:
        found = [point for point in self.held if point.expires_at > now]
        return sorted(found, key=lambda point: (point.expires_at, point.source))

    def take(self, points: Sequence[Point]) -> list[Point]:
        for point in points:
            self.held.remove(point)
        return list(points)

    def add(self, line_id: UUID, points: int, expires_at: datetime) -> None:
        self.lines.append(Line(line_id, True, points, expires_at))
        self.held += [Point(line_id, expires_at) for _ in range(points)]

    def spend(self, line_id: UUID, points: int, now: datetime) -> None:
        took = self.take(self.alive(now)[:points])
        self.lines.append(Line(line_id, False, points, took=took))

    def can_cancel(self, line: Line, now: datetime) -> bool:
        overdue = any(
            point.source == line.id and point.expires_at <= now for point in self.held
        )  # fmt: skip
        if line.cancelled or line.expired or (line.adds and overdue):
            return False
        return not line.adds or len(self.alive(now)) >= line.points

    def cancel(self, line: Line, cancelling: UUID, now: datetime) -> None:
        line.cancelled = True
        if line.adds:
            alive = self.alive(now)
            own = [point for point in alive if point.source == line.id]
            others = [point for point in alive if point.source != line.id]
            self.take((own + others)[: line.points])
            return
        closed = {each.id for each in self.lines if each.cancelled or each.expired}
        for point in line.took:
            if point.expires_at <= now or point.source in closed:
                point = Point(cancelling, NEVER)
            self.held.append(point)

    def left(self, line: Line) -> list[Point]:
        return [point for point in self.held if line.adds and point.source == line.id]

    def expire(self, line: Line, now: datetime) -> None:
        left = self.take(self.left(line))
        if left:
            line.expired = True
            self.gone[line.id, min(now, line.expires_at)] = len(left)

    def sweep(self, now: datetime) -> None:
        for line in self.lines:
            if line.expires_at <= now:
                self.expire(line, now)


Step = tuple[Literal["add", "spend", "cancel", "expire", "sweep"], int, int, int]
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "spend", "spend", "cancel", "expire", "sweep"]),
        st.integers(1, 12),  # Points.
        st.integers(0, 6),  # Days until they expire, 0: never; or which transfer.
        st.integers(0, 3),  # Days since the step before.
    ),
    min_size=8,
    max_size=24,
)


class Both:
    """Does each step to the product and to the model, and compares."""

    def __init__(self, store: Store, member: Member) -> None:
        self.store, self.member, self.model, self.now = store, member, Model(), BEGIN

    def do(self, step: Step) -> None:
        what, points, number, days = step
        self.now += days * DAY + timedelta(seconds=1)
        if what in {"add", "spend"}:
            self.book(what == "add", points, number)
        elif what == "sweep":
            expire_points(self.now)
            self.model.sweep(self.now)
        elif self.model.lines:
            line = self.model.lines[number % len(self.model.lines)]
            self.cancel(line) if what == "cancel" else self.expire(line)
        self.compare()

    def book(self, adds: bool, points: int, days: int) -> None:
        # Some of what is added was earned before, and has expired by now.
        earned_at = self.now - 3 * DAY if points % 5 == 0 else self.now
        transfer = Transfer(
            PointsKind.ADDING if adds else PointsKind.SPENDING,
            self.member.id,
            Decimal(points),
            occurred_at=earned_at,
            expires_in=days * DAY if days and adds else None,
        )
        enough = adds or len(self.model.alive(self.now)) >= points
        try:
            booked = book_transfer(self.store, transfer=transfer, actor=TESTER, now=self.now)
        except Invalid:
            assert not enough
            return
        assert enough
        self.model.sweep(self.now)  # What is overdue is written first.
        if adds:
            self.model.add(booked, points, earned_at + days * DAY if days else NEVER)
        else:
            self.model.spend(booked, points, self.now)

    def cancel(self, line: Line) -> None:
        allowed = self.model.can_cancel(line, self.now)
        try:
            cancel_transfer(self.store, transfer_id=line.id, actor=TESTER, now=self.now)
        except Invalid:
            assert not allowed
            return
        assert allowed
        self.model.sweep(self.now)
        written = PointsEntry.for_store(self.store).get(undoes_id=line.id)
        self.model.cancel(line, written.id, self.now)

    def expire(self, line: Line) -> None:
        allowed = bool(self.model.left(line))
        try:
            expire_transfer(self.store, transfer_id=line.id, actor=TESTER, now=self.now)
        except Invalid:
            assert not allowed
            return
        assert allowed
        self.model.expire(line, self.now)

    def compare(self) -> None:
        alive = self.model.alive(self.now)
        soonest = min((point.expires_at for point in alive), default=NEVER)
        kept = [line for line in self.model.lines if not line.cancelled]
        overdue = len(self.model.held) - len(alive)
        assert self.account() == {
            "active_points": len(alive),
            "earned_points": sum(line.points for line in kept if line.adds),
            "spent_points": sum(line.points for line in kept if not line.adds),
            "expired_points": sum(self.model.gone.values()) + overdue,
            "next_expiry_at": None if soonest == NEVER else soonest,
            "next_expiry_points": None
            if soonest == NEVER
            else sum(point.expires_at == soonest for point in alive),
        }

    def compare_ledger(self) -> None:
        entries = PointsEntry.for_store(self.store).filter(member=self.member)
        assert sum(entry.amount for entry in entries) == len(self.model.held)
        expired = entries.filter(kind=PointsKind.EXPIRED)
        assert {(entry.undoes_id, entry.occurred_at): -entry.amount for entry in expired} == (
            self.model.gone
        )

    def account(self) -> dict[str, Any]:
        found = wallets(self.store, self.member, now=self.now).filter(code=DEFAULT_WALLET)
        columns = [
            "active_points", "earned_points", "spent_points", "expired_points",
            "next_expiry_at", "next_expiry_points",
        ]  # fmt: skip
        (row,) = found.values(*columns)
        return dict(row)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_points_are_what_the_model_says(store: Store, member: Member, steps: list[Step]) -> None:
    with RolledBack():
        both = Both(store, member)
        for step in steps:
            both.do(step)
        both.compare_ledger()
        both.do(("sweep", 1, 0, 3))
        both.do(("sweep", 1, 0, 100 * 3))
        both.compare_ledger()
