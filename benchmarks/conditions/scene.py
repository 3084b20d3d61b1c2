"""The data: one store with a year of activity, points, badges and a list, made by PostgreSQL."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from benchmarks import data
from benchmarks.data import FIRST_BADGE, FIRST_MEMBER, FIRST_STORE
from loyalty.models import Store

BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
LIST = UUID("00000000-0000-7000-8005-000000000001")
BADGE = UUID(data.badge_type_id(FIRST_STORE, FIRST_BADGE))
POINTS_FOR_EACH = 5
"""A line of points for so many activities, and as many lines of the badge ledger as lists have."""

# One row in eight is of another type, one in fifty was taken back, one in twenty in part.
_ACTIVITY = """
INSERT INTO members_activity
       (id, store_id, member_id, type, source, external_id, occurred_at, received_at, value,
        returned, reversed_at, attributes, identifiers, reverses_external_id)
SELECT gen_random_uuid(), %(store)s::uuid,
       (%(prefix)s || %(first)s + floor(random() * %(members)s)::int)::uuid,
       CASE WHEN n %% 8 = 0 THEN 'other' ELSE 'visit' END, 'custom_event', n::text, moment, moment,
       value, CASE WHEN n %% 20 = 0 THEN value / 2 ELSE 0 END,
       CASE WHEN n %% 50 = 0 THEN moment END,
       jsonb_build_object('category', (ARRAY['tea', 'coffee', 'cake', 'soup'])[1 + n %% 4],
                          'shop', 'shop ' || floor(random() * 40)::int, 'till', n %% 7),
       '{}', ''
  FROM (SELECT n, round((random() * 50)::numeric, 2) AS value,
               %(beginning)s::timestamptz + n * (interval '365 days' / %(rows)s) AS moment
          FROM generate_series(1, %(rows)s::int) AS n) made
"""
_POINTS = """
INSERT INTO members_pointsentry
       (id, store_id, member_id, wallet, kind, amount, occurred_at, recorded_at, comment, drawn,
        actor_kind, actor_label, source)
SELECT gen_random_uuid(), %(store)s::uuid,
       (%(prefix)s || %(first)s + floor(random() * %(members)s)::int)::uuid, 'default',
       CASE WHEN n %% 5 = 0 THEN 'spending' ELSE 'adding' END,
       CASE WHEN n %% 5 = 0 THEN -20 ELSE 1 + n %% 50 END, moment, moment, '', '{}',
       'system', '', 'command'
  FROM (SELECT n, %(beginning)s::timestamptz + n * (interval '365 days' / %(rows)s) AS moment
          FROM generate_series(1, %(rows)s::int) AS n) made
"""
_LEDGER = """
INSERT INTO badges_badgeentry
       (id, store_id, member_id, badge_type_id, kind, delta, occurrence_key, reason, actor_kind,
        actor_label, source, source_id, occurred_at, recorded_at)
SELECT gen_random_uuid(), %(store)s::uuid,
       (%(prefix)s || %(first)s + floor(random() * %(members)s)::int)::uuid, %(badge)s::uuid,
       'grant', 1, 'bench ' || n, '', 'system', '', 'command', '', moment, moment
  FROM (SELECT n, %(beginning)s::timestamptz + n * (interval '365 days' / %(members)s) AS moment
          FROM generate_series(1, %(members)s::int) AS n) made
"""
_LIST = """
INSERT INTO members_memberlist (id, store_id, name, created_at)
VALUES (%(list)s, %(store)s, 'A list', now());
INSERT INTO members_listedmember (id, store_id, list_id, member_id, listed_at)
SELECT gen_random_uuid(), store_id, %(list)s::uuid, id, %(beginning)s::timestamptz
  FROM members_member WHERE store_id = %(store)s::uuid AND email LIKE '%%1@example.com'
"""
_MEMBERS = """
INSERT INTO members_member
       (id, store_id, email, first_name, last_name, gender, address, company, labels, agreement1,
        agreement2, agreement3, locale, timezone, active, anonymized, password, token_version,
        registered_at, created_at, updated_at)
SELECT (%(prefix)s || n)::uuid, %(store)s::uuid, 'member' || n || '@example.com', 'Anna', 'Number',
       'not_disclosed', '{}', '{}', '[]', false, false, false, '',
       (ARRAY['', 'Europe/Warsaw', 'America/New_York'])[1 + n %% 3], true, false, '', 0,
       now(), now(), now()
  FROM generate_series(%(first)s::int, %(first)s::int + %(members)s::int - 1) AS n
"""
# What neither the compiled nor the hand-written SQL could use only makes loading slow.
_NOT_NEEDED = ("activity_by_arrival", "activity_waits_for_email", "activity_waits_for_phone",
               "activity_waits_for_card", "activity_that_reverses",
               "activity_return_that_waits")  # fmt: skip


def load(members: int, rows: int) -> Store:
    """The store, with `rows` activities; afterwards the planner knows the data."""
    store = data.make_store(FIRST_STORE, 1)
    values: dict[str, Any] = {
        "store": store.id,
        "prefix": data.member_id(FIRST_STORE, ""),
        "first": FIRST_MEMBER,
        "members": members,
        "rows": rows,
        "beginning": BEGINNING,
        "badge": BADGE,
        "list": LIST,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(0.5)")
        for index in _NOT_NEEDED:
            cursor.execute(f"DROP INDEX {index}")
        # References are right as they are made; to check each would take as long as to write it.
        cursor.execute("SET session_replication_role = replica")
        for sql in (_MEMBERS, _ACTIVITY, _LEDGER, *_LIST.strip().split(";\n")):
            cursor.execute(sql, {key: value for key, value in values.items() if f"({key})" in sql})
        cursor.execute(_POINTS, {**values, "rows": rows // POINTS_FOR_EACH})
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("CHECKPOINT")
    return Store.objects.get(id=store.id)


def add_active_member(store: Store, rows: int) -> UUID:
    """Somebody who did as much within the year, all of it visits, and got points for it."""
    number = FIRST_MEMBER - 1
    values: dict[str, Any] = {
        "store": store.id,
        "prefix": data.member_id(FIRST_STORE, ""),
        "first": number,
        "members": 1,
        "rows": rows,
        "beginning": BEGINNING,
    }
    activity = _ACTIVITY.replace("n::text", "'active ' || n")
    with connection.cursor() as cursor:
        for sql in (_MEMBERS, activity, _POINTS):
            cursor.execute(sql, {key: value for key, value in values.items() if f"({key})" in sql})
    return UUID(data.member_id(FIRST_STORE, number))


def drop() -> None:
    """Millions of rows are of no use to anybody later."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE members_member, loyalty_store CASCADE")
