"""Random trees, random logs, and a way to write the logs into the tables."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import UUID, uuid4

import orjson
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from loyalty.models import Store
from tests.badges.conditions.interpreter import Act, LedgerLine, Listing, Transfer, World

MEMBERS = [UUID(int=number, version=4) for number in (11, 12, 13)]
BADGE_TYPES = [UUID(int=number, version=4) for number in (21, 22)]
LISTS = [UUID(int=number, version=4) for number in (31, 32)]
EVENTS = ["visit", "visit", "visit", "buy", "confirmation:kyc"]
WALLETS = ["default", "stars"]
STORE_ZONE = "Europe/Warsaw"
# Clocks change at 2:00, at midnight, by half an hour, and never.
ZONES = ["", "", "America/New_York", "America/Havana", "Australia/Lord_Howe", "Asia/Kolkata"]

# Days around which clocks change or a year ends.
_BEGINNINGS = [
    datetime(2024, 3, 8, tzinfo=UTC), datetime(2024, 3, 28, tzinfo=UTC),
    datetime(2024, 4, 5, tzinfo=UTC), datetime(2024, 10, 25, tzinfo=UTC),
    datetime(2024, 11, 1, tzinfo=UTC), datetime(2024, 12, 27, tzinfo=UTC),
]  # fmt: skip

_VALUES = [Decimal(0), Decimal(1), Decimal(2), Decimal(5), Decimal("7.5"), Decimal(10)]
_SCALARS = [
    "tea", "TEA", "green tea", "", "1", 1, 1.0, 2, -3.5, True, False, "2024-05-01",
    "2024-05-01T02:00:00+02:00", "2024-05-01T00:00:00Z", "2024-06-01 12:00", "2024-13-01",
    'a "quoted" \\ text', "half\t\u007f é 🏅",
]  # fmt: skip
_ODD_KEY = 'the "key" \\ $[*] é'
_ODD: list[Any] = [None, [], [None], {"b": "tea"}, [[1, "tea"]], [{"b": 2}, {"b": None}]]


@dataclass(frozen=True)
class _Maker:
    """Makes facts one after the other, so that a shorter log is the beginning of a longer one.

    Hypothesis says how many there are, and so finds the smallest world in which something fails;
    chance makes them dense, which Hypothesis by itself does not.
    """

    chance: Random
    beginning: datetime

    def moment(self) -> datetime:
        """Often the same, and often so many days or hours apart as windows are wide."""
        days, hours = self.chance.choice([1, 3, 9]), self.chance.choice([1, 2, 13, 24])
        minutes = self.chance.choice([0, 0, 0, 0, 30, 59])
        return self.beginning + timedelta(
            days=self.chance.randrange(days), hours=self.chance.randrange(hours), minutes=minutes
        )

    def act(self) -> Act:
        value, fate = (
            self.chance.choice(_VALUES),
            self.chance.choice(["good", "good", "good", "half", "gone"]),
        )
        returned = value if fate == "gone" else value / 2 if fate == "half" else Decimal(0)
        return Act(
            UUID(int=self.chance.getrandbits(128)), self.member(), self.chance.choice(EVENTS),
            self.moment(), value, returned,
            fate == "gone", self.attributes(),
        )  # fmt: skip

    def member(self) -> UUID:
        return self.chance.choice(MEMBERS)

    def attributes(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self.chance.random() < 0.8:
            found["a"] = {"b": self.element()} if self.chance.random() < 0.3 else self.element()
        if self.chance.random() < 0.5:
            found[_ODD_KEY] = self.element()
        if self.chance.random() < 0.4:
            rows = range(self.chance.randrange(3))
            found["items"] = [
                {"c": self.chance.choice(_SCALARS), "d": self.element()} for _ in rows
            ]
        return found

    def element(self) -> Any:
        kind = self.chance.random()
        if kind < 0.7:
            return self.chance.choice(_SCALARS)
        if kind < 0.85:
            return self.chance.choices([*_SCALARS, None], k=self.chance.randrange(4))
        return self.chance.choice(_ODD)

    def transfer(self) -> Transfer:
        kind = self.chance.choice(["adding", "adding", "spending", "expired", "cancelling"])
        amount = Decimal(self.chance.choice(["1", "5", "7.50", "12"]))
        sign = -1 if kind in {"spending", "expired"} else 1
        cancelled = kind == "adding" and self.chance.random() < 0.3
        wallet = self.chance.choice(WALLETS)
        return Transfer(self.member(), wallet, kind, sign * amount, self.moment(), cancelled)

    def line(self) -> LedgerLine:
        return LedgerLine(
            self.member(), self.chance.choice(BADGE_TYPES),
            self.chance.choice(["grant", "revocation", "correction", "expiry"]),
            self.chance.choice([1, 1, 1, 2, -1]), self.moment(),
        )  # fmt: skip

    def listings(self) -> list[Listing]:
        every = [(member, each) for member in MEMBERS for each in LISTS]
        return [Listing(member, each, self.moment()) for member, each in every
                if self.chance.random() < 0.6]  # fmt: skip


@st.composite
def worlds(draw: Any) -> tuple[World, datetime]:
    """Logs, and a moment from which they might be counted."""
    beginning = draw(st.sampled_from(_BEGINNINGS))
    # A maker for each log, so that they grow by themselves.
    seed = draw(st.integers(0, 2**32))
    acts, transfers, lines, rest = (_Maker(Random(f"{seed} {n}"), beginning) for n in range(4))
    world = World(
        zone=STORE_ZONE,
        zones={member: rest.chance.choice(ZONES) for member in MEMBERS},
        acts=[acts.act() for _ in range(draw(st.sampled_from([60, 30, 10])))],
        transfers=[transfers.transfer() for _ in range(draw(st.sampled_from([20, 8])))],
        ledger=[lines.line() for _ in range(draw(st.sampled_from([15, 6])))],
        listings=rest.listings(),
    )
    since = draw(st.sampled_from([0, 0, 24]))
    return world, beginning + timedelta(hours=since)


# --- Trees, as JSON -----------------------------------------------------------------------------


def _object(required: dict[str, Any], optional: dict[str, Any]) -> SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(required, optional=optional)


_PATHS = st.sampled_from(["a", "a.b", "items.c", "items.d", "items", "value", "none", _ODD_KEY])
_SCALAR = st.sampled_from(_SCALARS)
_COMPARING = ["gt", "gte", "lt", "lte"]
_FILTERS = st.one_of(
    _object({"attribute": _PATHS, "operator": st.sampled_from(["eq", "neq"]), "value": _SCALAR},
            {}),
    _object({"attribute": _PATHS, "operator": st.sampled_from(["in", "notIn"]),
             "value": st.lists(_SCALAR, min_size=1, max_size=3)}, {}),
    _object({"attribute": _PATHS, "operator": st.sampled_from(_COMPARING),
             "value": st.sampled_from([1, 2, 5, 7.5, "2024-05-01", "2024-05-01T02:00:00+02:00"])},
            {}),
    _object({"attribute": _PATHS,
             "operator": st.sampled_from(["contains", "startsWith", "endsWith"]),
             "value": st.sampled_from(["tea", "t", "2024", "%", "gre"])}, {}),
    _object({"attribute": _PATHS, "operator": st.just("exists"), "value": st.booleans()}, {}),
)  # fmt: skip

_ZONE = st.sampled_from(["member", "store"])


def _windows(beginning: datetime) -> SearchStrategy[dict[str, Any]]:
    return st.one_of(
        _object({"type": st.just("rolling"), "hours": st.sampled_from([1, 12, 23, 24, 25])}, {}),
        _object({"type": st.just("rolling"), "days": st.integers(1, 4)}, {}),
        _object({"type": st.just("calendar"),
                 "period": st.sampled_from(["day", "day", "week", "month", "year"])},
                {"zone": _ZONE}),
        _object({"type": st.just("between"), "from": st.just(beginning.isoformat()),
                 "to": st.just((beginning + timedelta(days=2)).isoformat())}, {}),
    )  # fmt: skip


def leaves(beginning: datetime) -> SearchStrategy[dict[str, Any]]:
    event = st.sampled_from(["visit", "visit", "buy"])
    filters = {"filters": st.lists(_FILTERS, max_size=2)}
    window = {"window": _windows(beginning)}
    target = st.sampled_from([1, 1, 2, 2, 3, 5])
    distinct = {"distinct": _PATHS}
    return st.one_of(
        _object({"type": st.just("count"), "event": event, "target": target}, window | filters),
        _object({"type": st.just("count"), "event": event, "target": target} | window, {}),
        _object({"type": st.just("count"), "event": event, "target": target} | distinct, window),
        _object({"type": st.just("sum"), "event": event,
                 "target": st.sampled_from([0.5, 1, 7.5, 10, 20])}, window | filters),
        _object({"type": st.just("streak"), "event": event, "target": target,
                 "unit": st.sampled_from(["day", "day", "week"])},
                {"perPeriod": st.integers(1, 2), "zone": _ZONE} | filters),
        _object({"type": st.just("points"), "target": st.sampled_from([1, 7.5, 10, 20])},
                {"wallet": st.sampled_from(WALLETS),
                 "basis": st.sampled_from(["lifetime", "balance"])}),
        _object({"type": st.just("badge"), "badgeTypeId": st.sampled_from(BADGE_TYPES).map(str)},
                {"times": st.integers(1, 2)}),
        _object({"type": st.just("external"), "key": st.just("kyc")}, {}),
        _object({"type": st.just("listed"), "listId": st.sampled_from(LISTS).map(str)}, {}),
    )  # fmt: skip


def trees(beginning: datetime) -> SearchStrategy[dict[str, Any]]:
    below = leaves(beginning)
    return st.recursive(below, _thresholds, max_leaves=6)


def mixtures(beginning: datetime) -> SearchStrategy[dict[str, Any]]:
    """Thresholds of what is met once and what is met again and again."""
    often = st.sampled_from(EVENTS).flatmap(
        lambda event: st.fixed_dictionaries(
            {"type": st.just("count"), "event": st.just(event), "target": st.integers(1, 3)}
        )
    )
    once = st.one_of(
        _object({"type": st.just("badge"), "badgeTypeId": st.sampled_from(BADGE_TYPES).map(str)},
                {}),
        _object({"type": st.just("listed"), "listId": st.sampled_from(LISTS).map(str)}, {}),
        _object({"type": st.just("points"), "target": st.just(5), "basis": st.just("balance")}, {}),
    )  # fmt: skip
    return _thresholds(st.one_of(once, often), least=2)


def _thresholds(
    below: SearchStrategy[dict[str, Any]], least: int = 1
) -> SearchStrategy[dict[str, Any]]:
    children = st.lists(below, min_size=least, max_size=4)
    return st.one_of(
        _object({"type": st.sampled_from(["all", "any"]), "conditions": children}, {}),
        children.flatmap(lambda given: st.fixed_dictionaries({
            "type": st.just("atLeast"), "count": st.integers(1, len(given)),
            "conditions": st.just(given),
        })),
    )  # fmt: skip


# --- Into the tables ----------------------------------------------------------------------------


@contextmanager
def written_into(store: Store, world: World) -> Iterator[None]:
    """The tables have the world's logs until the block ends; the members and types are there."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            for sql, rows in _rows(store, world):
                if rows:
                    cursor.executemany(sql, rows)
        yield
        transaction.set_rollback(True)


def _rows(store: Store, world: World) -> Iterator[tuple[str, list[tuple[Any, ...]]]]:
    now = datetime(2025, 1, 1, tzinfo=UTC)
    yield (
        "UPDATE members_member SET timezone = %s WHERE store_id = %s AND id = %s",
        [(zone, store.id, member) for member, zone in world.zones.items()],
    )
    yield (
        """
        INSERT INTO members_activity
               (id, store_id, member_id, type, source, external_id, occurred_at, received_at,
                value, returned, reversed_at, attributes, identifiers, reverses_external_id)
        VALUES (%s, %s, %s, %s, 'custom_event', %s, %s, %s, %s, %s, %s, %s::jsonb, '{}', '')
        """,
        [
            (act.id, store.id, act.member, act.type, str(act.id), act.at, now, act.value,
             act.returned, now if act.reversed else None, orjson.dumps(act.attributes).decode())
            for act in world.acts
        ],
    )  # fmt: skip
    yield (
        """
        INSERT INTO members_pointsentry
               (id, store_id, member_id, wallet, kind, amount, occurred_at, recorded_at,
                cancelled_at, comment, drawn, actor_kind, actor_label, source)
        VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '', '{}', 'system', '', 'api')
        """,
        [
            (uuid4(), store.id, each.member, each.wallet, each.kind, each.amount, each.at, now,
             now if each.cancelled else None)
            for each in world.transfers
        ],
    )  # fmt: skip
    yield (
        """
        INSERT INTO badges_badgeentry
               (id, store_id, member_id, badge_type_id, kind, delta, occurrence_key, reason,
                actor_kind, actor_label, source, source_id, occurred_at, recorded_at)
        VALUES (%s, %s, %s, %s, %s, %s, %s, '', 'system', '', 'api', '', %s, %s)
        """,
        [
            (uuid4(), store.id, line.member, line.badge_type, line.kind, line.delta,
             str(uuid4()), line.at, now)
            for line in world.ledger
        ],
    )  # fmt: skip
    yield (
        """
        INSERT INTO members_listedmember (id, store_id, list_id, member_id, listed_at)
        VALUES (%s, %s, %s, %s, %s)
        """,
        [(uuid4(), store.id, each.list, each.member, each.at) for each in world.listings],
    )
