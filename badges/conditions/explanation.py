"""Why a leaf has the value that it has: what counted for a member, what nearly did, and why not.

What counts is decided by the predicates that the compiler uses.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from badges.conditions.explanation_activity import Told, explained_activity, reasons_of
from badges.conditions.explanation_other import explained_line, explained_listing, explained_points
from badges.conditions.query import Binder, Scope
from badges.conditions.reasons import Why
from badges.conditions.tree import Held, Leaf, Listed, Points

LATEST = 50
"""So many that counted and so many that did not are told of, the latest first."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that happened.  `what` is the type of an activity, or the kind of a line.

    `amount` is an activity's own value, points, or how many badges; `returned` is what of the
    value was returned.  `reasons` say why it does not count; there are none if it does.
    """

    id: UUID
    what: str
    occurred_at: datetime
    amount: Decimal
    returned: Decimal = Decimal(0)
    attributes: dict[str, Any] | None = None
    reasons: tuple[Why, ...] = ()


@dataclass(frozen=True, slots=True)
class Explanation:
    """The latest facts that counted and that did not, and how many of each there are in all."""

    node_id: str
    counted: Sequence[Fact]
    total_counted: int
    not_counted: Sequence[Fact]
    total_not_counted: int


def explain(leaf: Leaf, scope: Scope, member_id: UUID, *, now: datetime) -> Explanation:
    """One leaf of a resolved tree, for one member.  For the k-th time, the scope's limit is k.

    Of a window, those facts count that are in it: in the window in which the leaf was met last,
    or, as long as it was not, in the one that is open `now`.
    """
    binder = Binder(replace(scope, members=[member_id]), "e")
    sql, told = _query(leaf, binder, now)
    found: dict[bool, list[Fact]] = {True: [], False: []}
    totals = {True: 0, False: 0}
    with connection.cursor() as cursor:
        cursor.execute(sql, binder.params)
        rows = cursor.fetchall()
    for counts, total, row_id, what, moment, amount, returned, attributes, *flags in rows:
        data = None if attributes is None else orjson.loads(attributes)
        why = () if counts else tuple(reasons_of(told, flags, amount, data or {}, scope.zone))
        found[counts].append(Fact(row_id, what, moment, amount, returned, data, why))
        totals[counts] = total
    return Explanation(leaf.id, found[True], totals[True], found[False], totals[False])


def _query(leaf: Leaf, binder: Binder, now: datetime) -> tuple[str, list[Told]]:
    if isinstance(leaf, Points):
        return explained_points(leaf, binder, LATEST)
    if isinstance(leaf, Held):
        return explained_line(leaf, binder, LATEST)
    if isinstance(leaf, Listed):
        return explained_listing(leaf, binder, LATEST)
    return explained_activity(leaf, binder, now, LATEST)
