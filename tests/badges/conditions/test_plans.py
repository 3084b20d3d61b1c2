"""Of given members, PostgreSQL reads an index, also while it knows no figures of the tables."""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from badges.conditions.compiler import Query, Scope, reached
from badges.conditions.parsing import parse
from badges.conditions.values import values
from loyalty.models import Store
from tests.badges.conditions.test_extremes import SINCE
from tests.builders import make_member

ROLLING = {"type": "rolling", "days": 3}
CALENDAR = {"type": "calendar", "period": "week"}
VISITS: dict[str, Any] = {"type": "count", "event": "visit", "target": 3}
SPENT: dict[str, Any] = {"type": "sum", "event": "visit", "target": 3}

ACTIVITY = "members_activity"


CASES: list[tuple[dict[str, Any], str]] = [
    (VISITS, ACTIVITY),
    (VISITS | {"distinct": "a"}, ACTIVITY),
    (VISITS | {"window": ROLLING}, ACTIVITY),
    (VISITS | {"window": CALENDAR}, ACTIVITY),
    (VISITS | {"window": ROLLING, "distinct": "a"}, ACTIVITY),
    (SPENT, ACTIVITY),
    (SPENT | {"window": ROLLING}, ACTIVITY),
    (VISITS | {"type": "streak", "unit": "day"}, ACTIVITY),
    ({"type": "external", "key": "kyc"}, ACTIVITY),
    ({"type": "points", "target": 5}, "members_pointsentry"),
    ({"type": "points", "target": 5, "basis": "balance"}, "members_pointsentry"),
    ({"type": "badge", "badgeTypeId": str(uuid4())}, "badges_badgeentry"),
    ({"type": "listed", "listId": str(uuid4())}, "members_listedmember"),
]


@pytest.mark.parametrize("known", [False, True])
def test_given_members_are_looked_up(store: Store, other_store: Store, known: bool) -> None:
    """Another store has much, of which PostgreSQL knows the figures, or not yet."""
    _fill(other_store, known)
    for data, table in CASES:
        tree = parse(data)
        for limit in (1, 5):
            scope = Scope(store, SINCE, limit, [uuid4() for _ in range(1000)])
            _check(reached(tree, scope), table)
            _check(values(tree, scope, now=SINCE), table)


def _check(query: Query, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {query.sql}", query.params)
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert f" on {table} " in plan
    for scan in re.split(r"\n(?=\s*->)", plan):
        if f" on {table} " in scan:
            assert re.search(r"(Index|Recheck) Cond: .*\bmember_id = ", scan), plan


def _fill(store: Store, known: bool) -> None:
    made: dict[str, Any] = {
        "store": store.id,
        "members": [make_member(store).id for _ in range(20)],
        # Without figures PostgreSQL takes rows for wide and tables for small; of a small one it
        # does not matter how it is read.
        "rows": 5_000 if known else 20_000,
    }
    with connection.cursor() as cursor:
        # Autovacuum keeps away from now on; it and we would wait for each other's figures.
        cursor.execute(f"LOCK TABLE {', '.join(_TABLES)} IN SHARE UPDATE EXCLUSIVE MODE")
        # As a table that nobody has analysed; what PostgreSQL noted is left from other tests.
        cursor.execute(
            "UPDATE pg_class SET reltuples = -1, relpages = 0 WHERE relname = ANY(%s)", [_TABLES]
        )
        # There are no badge types and lists that these rows could be about.
        cursor.execute("SET LOCAL session_replication_role = replica")
        for sql in _ROWS:
            cursor.execute(sql, made)
        cursor.execute("SET LOCAL session_replication_role = origin")
        if known:
            cursor.execute(f"ANALYZE {', '.join(_TABLES)}")


_TABLES = [
    "members_activity",
    "members_pointsentry",
    "badges_badgeentry",
    "members_listedmember",
    "members_member",
]
_ROWS = (
    """
    INSERT INTO members_activity
           (id, store_id, member_id, type, source, external_id, occurred_at, received_at, value,
            returned, attributes, identifiers, reverses_external_id)
    SELECT gen_random_uuid(), %(store)s, (%(members)s::uuid[])[1 + n %% 20], 'other',
           'custom_event', n::text, now() - n * interval '1 minute', now(), 0, 0, '{}', '{}', ''
      FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO members_pointsentry
           (id, store_id, member_id, wallet, kind, amount, occurred_at, recorded_at, comment, drawn,
            actor_kind, actor_label, source)
    SELECT gen_random_uuid(), %(store)s, (%(members)s::uuid[])[1 + n %% 20], 'other', 'adding', 1,
           now(), now(), '', '{}', 'system', '', 'api' FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO badges_badgeentry
           (id, store_id, member_id, badge_type_id, kind, delta, occurrence_key, reason,
            actor_kind, actor_label, source, source_id, occurred_at, recorded_at)
    SELECT gen_random_uuid(), %(store)s, (%(members)s::uuid[])[1 + n %% 20], %(store)s, 'grant', 1,
           n::text, '', 'system', '', 'api', '', now(), now() FROM generate_series(1, %(rows)s) AS n
    """,
    """
    INSERT INTO members_listedmember (id, store_id, list_id, member_id, listed_at)
    SELECT gen_random_uuid(), %(store)s, gen_random_uuid(),
           (%(members)s::uuid[])[1 + n %% 20], now() FROM generate_series(1, %(rows)s) AS n
    """,
)
