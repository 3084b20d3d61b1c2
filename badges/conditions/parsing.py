"""From JSON to a tree, strictly.  What is wrong is told with the path of its node."""

import re
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from zoneinfo import ZoneInfo

from badges.conditions.parsing_filters import MOST_TEXT, attribute, filters
from badges.conditions.reading import Bad, Fields, Notes
from badges.conditions.tree import (
    Basis,
    Between,
    Calendar,
    Combination,
    Count,
    External,
    Held,
    Listed,
    Node,
    Period,
    Points,
    Rolling,
    RuleGroupLeaf,
    RuleLeaf,
    Streak,
    Sum,
    Threshold,
    Window,
    Zone,
)
from badges.conditions.writing import written
from loyalty.errors import Code

__all__ = ["parse", "written"]

MAX_DEPTH = 8
MAX_NODES = 100
MAX_TARGET = 1_000_000
MAX_SUM = 10**12
DECIMALS = 3
"""Of what is summed up; with as many, every number up to `MAX_SUM` survives JSON."""
MAX_HOURS = 24 * 366 * 10

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)
_ZONES = tuple(Zone)


def parse(data: object, *, path: str = "tree", zone: ZoneInfo | None = None) -> Node:
    """The tree; raises `Invalid` with one violation for each fault.

    Nodes without an id get one.  Moments without an offset are read in `zone`, else in UTC.
    """
    notes = Notes()
    parser = _Parser(notes, zone or ZoneInfo("UTC"), _ids_within(data))
    node = parser.node(data, path, 1)
    notes.check()
    if node is None:
        raise AssertionError("Nothing was noted, and nothing was read.")
    return node


class _Parser:
    def __init__(self, notes: Notes, zone: ZoneInfo, taken: set[str]) -> None:
        self._notes, self._zone, self._taken = notes, zone, taken
        self._named: set[str] = set()
        self._nodes = 0
        self._next_id = 1

    def node(self, data: object, path: str, depth: int) -> Node | None:
        """None where something was wrong and noted, here or below."""
        self._nodes += 1
        if self._nodes == MAX_NODES + 1:
            message = f"A tree should have {MAX_NODES} nodes or less."
            self._notes.bad(Code.TOO_LONG, path, message, limit=MAX_NODES)
        if self._nodes > MAX_NODES:
            return None
        try:
            fields = Fields(data, path, self._notes)
            kind = fields.choice("type", tuple(_READERS))
            # A group's rules will stand below it.
            if depth + (kind == "ruleGroup") > MAX_DEPTH:
                message = f"Nodes should be {MAX_DEPTH} levels deep or less."
                raise self._notes.bad(Code.TOO_LONG, path, message, limit=MAX_DEPTH)
            before = len(self._notes.violations)
            common = self._common(fields)
            node = _READERS[kind](self, fields, common, depth)
            fields.close()
        except Bad:
            return None
        return node if len(self._notes.violations) == before else None

    def _common(self, fields: Fields) -> dict[str, str]:
        try:
            description = fields.text("description", most=MOST_TEXT, default="")
        except Bad:
            description = ""
        return {"id": self._id(fields), "description": description}

    def _id(self, fields: Fields) -> str:
        given = fields.raw("id", None)
        if given is None:
            while (made := f"n{self._next_id}") in self._taken:
                self._next_id += 1
            self._next_id += 1
            return made
        if not isinstance(given, str) or not _ID.fullmatch(given):
            message = "An id has 1 to 64 letters, digits, hyphens and underscores."
            fields.bad(Code.PATTERN, "id", message)
        elif given in self._named:
            fields.bad(Code.TAKEN, "id", "Another node has this id.")
        else:
            self._named.add(given)
        return str(given)

    def threshold(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        combination = Combination(fields.raw("type"))
        data = fields.items("conditions", least=1, most=MAX_NODES)
        path = fields.below("conditions")
        read = [self.node(each, f"{path}[{i}]", depth + 1) for i, each in enumerate(data)]
        count = 0
        if combination is Combination.AT_LEAST:
            count = fields.whole("count", most=len(data))
        children = tuple(each for each in read if each is not None)
        return Threshold(**common, combination=combination, count=count, conditions=children)

    def count(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        return Count(
            **common,
            event=_event(fields),
            target=fields.whole("target", most=MAX_TARGET),
            filters=filters(fields),
            distinct=attribute(fields, "distinct") if fields.has("distinct") else "",
            window=self._window(fields),
        )

    def sum(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        return Sum(
            **common,
            event=_event(fields),
            target=_amount(fields),
            filters=filters(fields),
            window=self._window(fields),
        )

    def streak(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        return Streak(
            **common,
            event=_event(fields),
            target=fields.whole("target", most=MAX_TARGET),
            unit=fields.choice("unit", (Period.DAY, Period.WEEK)),
            per_period=fields.whole("perPeriod", most=MAX_TARGET, default=1),
            filters=filters(fields),
            zone=fields.choice("zone", _ZONES, default=Zone.MEMBER),
        )

    def points(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        return Points(
            **common,
            wallet=fields.text("wallet", most=64, default="default") or "default",
            target=_amount(fields),
            basis=fields.choice("basis", tuple(Basis), default=Basis.LIFETIME),
        )

    def badge(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        times = fields.whole("times", most=MAX_TARGET, default=1)
        code = fields.text("systemCode", most=255, default="")
        if code and not fields.has("badgeTypeId"):
            return Held(**common, badge_type_id=None, system_code=code, times=times)
        if code:
            message = "Name the badge by its id or by its code, not by both."
            raise fields.bad(Code.NOT_ALLOWED, "systemCode", message)
        return Held(**common, badge_type_id=fields.uuid("badgeTypeId"), times=times)

    def rule(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        times = fields.whole("times", most=MAX_TARGET, default=1)
        return RuleLeaf(**common, rule_id=fields.uuid("ruleId"), times=times)

    def rule_group(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        count = fields.whole("count", most=MAX_NODES) if fields.has("count") else None
        fields.raw("count", None)
        return RuleGroupLeaf(**common, rule_group_id=fields.uuid("ruleGroupId"), count=count)

    def external(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        return External(**common, key=fields.text("key", most=200))

    def listed(self, fields: Fields, common: dict[str, str], depth: int) -> Node:
        return Listed(**common, list_id=fields.uuid("listId"))

    def _window(self, fields: Fields) -> Window | None:
        data = fields.raw("window", None)
        if data is None:
            return None
        inner = Fields(data, fields.below("window"), self._notes)
        kind = inner.choice("type", ("rolling", "calendar", "between"))
        window: Window
        if kind == "rolling":
            window = _rolling(inner)
        elif kind == "calendar":
            zone = inner.choice("zone", _ZONES, default=Zone.MEMBER)
            window = Calendar(inner.choice("period", tuple(Period)), zone)
        else:
            window = self._between(inner)
        inner.close()
        return window

    def _between(self, fields: Fields) -> Between:
        since = fields.moment("from", self._zone).astimezone(UTC)
        until = fields.moment("to", self._zone).astimezone(UTC)
        if since >= until:
            raise fields.bad(Code.TOO_LOW, "to", "The end should be after the beginning.")
        return Between(since, until)


_Reader = Callable[[_Parser, Fields, dict[str, str], int], Node]
_READERS: dict[str, _Reader] = {
    "all": _Parser.threshold,
    "any": _Parser.threshold,
    "atLeast": _Parser.threshold,
    "count": _Parser.count,
    "sum": _Parser.sum,
    "streak": _Parser.streak,
    "points": _Parser.points,
    "badge": _Parser.badge,
    "rule": _Parser.rule,
    "ruleGroup": _Parser.rule_group,
    "external": _Parser.external,
    "listed": _Parser.listed,
}


def _event(fields: Fields) -> str:
    return fields.text("event", most=255)


def _amount(fields: Fields) -> Decimal:
    return fields.number("target", most=MAX_SUM, decimals=DECIMALS)


def _rolling(fields: Fields) -> Rolling:
    if fields.has("days") and fields.has("hours"):
        raise fields.bad(Code.NOT_ALLOWED, "hours", "Say how long in days or in hours.")
    if fields.has("hours"):
        return Rolling(fields.whole("hours", most=MAX_HOURS))
    return Rolling(fields.whole("days", most=MAX_HOURS // 24) * 24, days=True)


def _ids_within(data: object) -> set[str]:
    """Every id that somebody gave, so that none of them is made again."""
    found, left = set[str](), [data]
    while left:
        each = left.pop()
        if isinstance(each, dict):
            if isinstance(each.get("id"), str):
                found.add(each["id"])
            if isinstance(each.get("conditions"), list):
                left.extend(each["conditions"])
    return found
