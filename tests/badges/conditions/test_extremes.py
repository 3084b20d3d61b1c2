"""The largest numbers that a tree may have, over the largest that the logs may have."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from badges.conditions.compiler import Scope, reached
from badges.conditions.parsing import MAX_HOURS, MAX_SUM, MAX_TARGET, parse
from badges.conditions.progress import leaf_values
from badges.conditions.remaining import remaining
from loyalty.models import Store
from tests.badges.conditions.interpreter import Act, World
from tests.badges.conditions.test_meaning import scene
from tests.badges.conditions.worlds import MEMBERS, STORE_ZONE, written_into

__all__ = ["scene"]

ANNA = MEMBERS[0]
SINCE = datetime(2024, 5, 1, tzinfo=UTC)
MUCH = Decimal("9999999999999999.9999")
ROLLING = {"type": "rolling", "hours": MAX_HOURS}


def _act(number: int, value: Decimal = MUCH, **attributes: Any) -> Act:
    at = SINCE + timedelta(hours=number)
    return Act(UUID(int=number), ANNA, "visit", at, value, attributes=attributes)


@pytest.mark.parametrize("members", [None, [ANNA]])
@pytest.mark.parametrize("limit", [1, None])
@pytest.mark.parametrize(
    ("data", "times"),
    [
        ({"type": "count", "event": "visit", "target": MAX_TARGET}, 0),
        ({"type": "count", "event": "visit", "target": MAX_TARGET, "distinct": "a"}, 0),
        ({"type": "count", "event": "visit", "target": MAX_TARGET, "window": ROLLING}, 0),
        ({"type": "count", "event": "visit", "target": MAX_TARGET, "window": ROLLING,
          "distinct": "a"}, 0),
        ({"type": "sum", "event": "visit", "target": 0.001}, 10_000),
        ({"type": "sum", "event": "visit", "target": 0.001, "window": ROLLING}, 3),
        ({"type": "sum", "event": "visit", "target": MAX_SUM}, 10_000),
        ({"type": "streak", "event": "visit", "target": MAX_TARGET, "unit": "week"}, 0),
    ],
)  # fmt: skip
def test_nothing_overflows(
    scene: Store, data: Any, times: int, limit: int | None, members: list[UUID] | None
) -> None:
    tree = parse(data)
    scope = Scope(scene, SINCE, limit, members)
    world = World(STORE_ZONE, dict.fromkeys(MEMBERS, ""), [_act(n, a=n) for n in (1, 2, 3)],
                  [], [], [])  # fmt: skip
    with written_into(scene, world), connection.cursor() as cursor:
        query = reached(tree, scope)
        cursor.execute(query.sql, query.params)
        assert len(cursor.fetchall()) == min(times, limit or times)
        assert leaf_values(tree, scope, now=SINCE + timedelta(days=1))[ANNA]
        query = remaining(tree, scope, now=SINCE + timedelta(days=1))
        cursor.execute(query.sql, query.params)
        assert [member for member, _ in cursor.fetchall()] == [ANNA]


def test_a_sum_that_is_nearly_whole_is_not_rounded(scene: Store) -> None:
    """A quotient would be: 2 * 10 ** 12 - 0.0001 is nearly twice the target."""
    tree = parse({"type": "sum", "event": "visit", "target": MAX_SUM})
    acts = [_act(1, Decimal(MAX_SUM)), _act(2, Decimal(MAX_SUM) - Decimal("0.0001"))]
    with written_into(scene, World(STORE_ZONE, dict.fromkeys(MEMBERS, ""), acts, [], [], [])):
        query = reached(tree, Scope(scene, SINCE, 5, None))
        with connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)
            assert [k for _, k, _ in cursor.fetchall()] == [1]
