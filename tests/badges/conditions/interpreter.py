"""What a tree means, told as plainly as possible: the compiler's twin, in tests only.

Written from docs/conditions.md and not from the SQL.  It goes through a member's facts one by one,
and knows nothing of databases.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from badges.conditions.tree import (
    AttributeFilter,
    Basis,
    Between,
    Calendar,
    Count,
    External,
    Held,
    Listed,
    Node,
    Operator,
    Period,
    Points,
    Rolling,
    Streak,
    Sum,
    Threshold,
    Zone,
    is_steady,
)

NO_LIMIT = 10_000


@dataclass(frozen=True)
class Act:
    id: UUID
    member: UUID
    type: str
    at: datetime
    value: Decimal = Decimal(0)
    returned: Decimal = Decimal(0)
    reversed: bool = False
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Transfer:
    member: UUID
    wallet: str
    kind: str
    amount: Decimal
    at: datetime
    cancelled: bool = False


@dataclass(frozen=True)
class LedgerLine:
    member: UUID
    badge_type: UUID
    kind: str
    delta: int
    at: datetime


@dataclass(frozen=True)
class Listing:
    member: UUID
    list: UUID
    at: datetime


@dataclass(frozen=True)
class World:
    """One store's logs; `zones` are the members' own, "" for the store's."""

    zone: str
    zones: dict[UUID, str]
    acts: list[Act]
    transfers: list[Transfer]
    ledger: list[LedgerLine]
    listings: list[Listing]


@dataclass(frozen=True)
class Interpreter:
    world: World
    member: UUID
    counting_from: datetime

    def times(self, node: Node, limit: int | None) -> list[datetime]:
        """When the tree was met for the first time, the second, and so on."""
        return self._met(node)[: limit or NO_LIMIT]

    def _met(self, node: Node) -> list[datetime]:
        match node:
            case Threshold():
                return self._threshold(node)
            case Count():
                return sorted(self._count(node))
            case Sum():
                return sorted(self._sum(node))
            case Streak():
                return sorted(self._streak(node))
            case Points(basis=Basis.LIFETIME):
                return list(self._lifetime(node))
            case Points():
                return self._since_then(self._balance(node))
            case Held():
                return self._since_then(self._held(node))
            case External():
                return [act.at for act in self._activity(node.event, ())][:1]
            case Listed():
                return self._since_then(
                    each.at for each in self.world.listings
                    if each.member == self.member and each.list == node.list_id
                )  # fmt: skip
            case _:
                raise TypeError(node)

    # --- n of m ---------------------------------------------------------------------------------

    def _threshold(self, node: Threshold) -> list[datetime]:
        steady = [self._met(child) for child in node.conditions if is_steady(child)]
        counting = [self._met(child) for child in node.conditions if not is_steady(child)]
        met = []
        for k in range(NO_LIMIT):
            counted = [times[k] for times in counting if len(times) > k]
            held = [times[0] for times in steady if times]
            if k > 0 and not counted:
                break
            moments = sorted(counted + held)
            if len(moments) < node.needed:
                break
            moment = moments[node.needed - 1]
            met.append(moment if k == 0 else max(moment, min(counted)))
        return met

    # --- Activity -------------------------------------------------------------------------------

    def _activity(self, event: str, filters: tuple[AttributeFilter, ...]) -> list[Act]:
        found = [
            act
            for act in self.world.acts
            if act.member == self.member
            and act.type == event
            and not act.reversed
            and act.at >= self.counting_from
            and all(passes(each, act) for each in filters)
        ]
        return sorted(found, key=lambda act: (act.at, act.id))

    def _windows(self, leaf: Count | Sum) -> Iterator[list[Act]]:
        """The stretches of activity that are counted for themselves."""
        acts = self._activity(leaf.event, leaf.filters)
        match leaf.window:
            case Calendar(period, zone):
                stretches: dict[date, list[Act]] = {}
                for act in acts:
                    stretches.setdefault(self._beginning(period, act.at, zone), []).append(act)
                yield from stretches.values()
            case Between(since, until):
                yield [act for act in acts if since <= act.at < until]
            case _:
                yield acts

    def _count(self, leaf: Count) -> Iterator[datetime]:
        def enough(acts: list[Act]) -> bool:
            return len(_things(leaf, acts)) >= leaf.target

        for acts in self._windows(leaf):
            if isinstance(leaf.window, Rolling):
                yield from _greedy(acts, leaf.window, enough)
            elif isinstance(leaf.window, Calendar):
                yield from _once(acts, enough)
            else:
                before = 0
                for number, act in enumerate(acts, 1):
                    now = len(_things(leaf, acts[:number])) // leaf.target
                    yield from [act.at] * (now - before)
                    before = now

    def _sum(self, leaf: Sum) -> Iterator[datetime]:
        def total(acts: list[Act]) -> Decimal:
            return sum((act.value - act.returned for act in acts), Decimal(0))

        def enough(acts: list[Act]) -> bool:
            return total(acts) >= leaf.target

        for acts in self._windows(leaf):
            if isinstance(leaf.window, Rolling):
                yield from _greedy(acts, leaf.window, enough)
            elif isinstance(leaf.window, Calendar):
                yield from _once(acts, enough)
            else:
                yield from _each_time(
                    [(act.at, act.value - act.returned) for act in acts], leaf.target
                )

    def _streak(self, leaf: Streak) -> Iterator[datetime]:
        days: dict[date, list[datetime]] = {}
        for act in self._activity(leaf.event, leaf.filters):
            days.setdefault(self._beginning(leaf.unit, act.at, leaf.zone), []).append(act.at)
        done = {day: at[leaf.per_period - 1] for day, at in days.items()
                if len(at) >= leaf.per_period}  # fmt: skip
        step = timedelta(days=1 if leaf.unit is Period.DAY else 7)
        for day in sorted(done):
            if day - step in done:
                continue
            run = 0
            while day in done:
                run += 1
                if run % leaf.target == 0:
                    yield done[day]
                day += step

    def _beginning(self, period: Period, at: datetime, zone: Zone) -> date:
        name = self.world.zones[self.member] if zone is Zone.MEMBER else ""
        day = at.astimezone(ZoneInfo(name or self.world.zone)).date()
        match period:
            case Period.DAY:
                return day
            case Period.WEEK:
                return day - timedelta(days=day.weekday())
            case Period.MONTH:
                return day.replace(day=1)
            case Period.YEAR:
                return day.replace(month=1, day=1)

    # --- Points, badges, lists ------------------------------------------------------------------

    def _lifetime(self, leaf: Points) -> Iterator[datetime]:
        added = [
            (each.at, each.amount)
            for each in self._transfers(leaf.wallet)
            if each.kind == "adding" and not each.cancelled and each.at >= self.counting_from
        ]
        return _each_time(added, leaf.target)

    def _balance(self, leaf: Points) -> Iterator[datetime]:
        moments = sorted({each.at for each in self._transfers(leaf.wallet)} | {self.counting_from})
        for moment in moments:
            balance = sum(each.amount for each in self._transfers(leaf.wallet) if each.at <= moment)
            if moment >= self.counting_from and balance >= leaf.target:
                yield moment

    def _transfers(self, wallet: str) -> list[Transfer]:
        found = (each for each in self.world.transfers
                 if each.member == self.member and each.wallet == wallet)  # fmt: skip
        return sorted(found, key=lambda each: each.at)

    def _held(self, leaf: Held) -> Iterator[datetime]:
        lines = [
            each
            for each in self.world.ledger
            if each.member == self.member
            and each.badge_type == leaf.badge_type_id
            and each.kind != "expiry"
        ]
        if sum(each.delta for each in lines) < leaf.times:
            return
        for moment in sorted({each.at for each in lines}):
            if sum(each.delta for each in lines if each.at <= moment) >= leaf.times:
                yield moment

    def _since_then(self, moments: Iterator[datetime] | Any) -> list[datetime]:
        return [max(moment, self.counting_from) for moment in sorted(moments)][:1]


def _things(leaf: Count, acts: list[Act]) -> list[Any]:
    """What is counted: the activities, or the different values that they bring."""
    if not leaf.distinct:
        return list(acts)
    return list({value for act in acts for value in map(_as_json, elements(leaf.distinct, act))})


def _each_time(amounts: list[tuple[datetime, Decimal]], target: Decimal) -> Iterator[datetime]:
    total, reached = Decimal(0), 0
    for at, amount in amounts:
        total += amount
        while total >= (reached + 1) * target:
            reached += 1
            yield at


def _once(acts: list[Act], enough: Callable[[list[Act]], bool]) -> Iterator[datetime]:
    for number, act in enumerate(acts, 1):
        if enough(acts[:number]):
            yield act.at
            return


def _greedy(
    acts: list[Act], window: Rolling, enough: Callable[[list[Act]], bool]
) -> Iterator[datetime]:
    begun: list[Act] = []
    for act in acts:
        begun.append(act)
        opens = act.at.astimezone(UTC) - timedelta(hours=window.hours)
        if enough([each for each in begun if each.at >= opens]):
            yield act.at
            begun = []


# --- Filters ------------------------------------------------------------------------------------


def passes(each: AttributeFilter, act: Act) -> bool:
    found = elements(each.attribute, act)
    given = each.value if isinstance(each.value, tuple) else (each.value,)
    match each.operator:
        case Operator.EXISTS:
            return bool(found) is each.value
        case Operator.EQ | Operator.IN:
            return any(_same(element, value) for element in found for value in given)
        case Operator.NEQ | Operator.NOT_IN:
            return not any(_same(element, value) for element in found for value in given)
        case Operator.CONTAINS:
            return any(str(given[0]) in text for text in _texts(found))
        case Operator.STARTS_WITH:
            return any(text.startswith(str(given[0])) for text in _texts(found))
        case Operator.ENDS_WITH:
            return any(text.endswith(str(given[0])) for text in _texts(found))
        case _:
            return any(_compares(each.operator, element, given[0]) for element in found)


def elements(attribute: str, act: Act) -> list[Any]:
    """What stands at the path, the elements of arrays, and of arrays in them, one by one."""
    if attribute == "value":
        return [act.value]
    found: list[Any] = [act.attributes]
    for key in attribute.split("."):
        below = [each[key] for each in found if isinstance(each, dict) and key in each]
        found = _unpacked(_unpacked(below))
    return [each for each in found if each is not None]


def _unpacked(found: list[Any]) -> list[Any]:
    return [one for each in found for one in (each if isinstance(each, list) else [each])]


def _texts(found: list[Any]) -> list[str]:
    return [each for each in found if isinstance(each, str)]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def _same(element: Any, value: Any) -> bool:
    if _is_number(element) and _is_number(value):
        return Decimal(str(element)) == Decimal(str(value))
    return type(element) is type(value) and bool(element == value)


def _as_json(element: Any) -> str:
    """Values are the same if their JSON is: 1 and 1.0 are not."""
    if isinstance(element, Decimal):
        return f"{element:.4f}"
    return json.dumps(element, sort_keys=True)


def _compares(operator: Operator, element: Any, value: Any) -> bool:
    if _is_number(element) and _is_number(value):
        return _ORDER[operator](Decimal(str(element)), Decimal(str(value)))
    if isinstance(element, str) and isinstance(value, str):
        left, right = _moment(element), _moment(value)
        return left is not None and right is not None and _ORDER[operator](left, right)
    return False


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


_ORDER: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.GT: lambda a, b: a > b,
    Operator.GTE: lambda a, b: a >= b,
    Operator.LT: lambda a, b: a < b,
    Operator.LTE: lambda a, b: a <= b,
}
