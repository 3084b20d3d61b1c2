"""The data: one store with fifty badges that are earned, its members, and what they did before."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from badges.models import BadgeType
from badges.services.conditions import publish_condition, save_draft
from benchmarks import data
from benchmarks.data import BENCH, FIRST_BADGE, FIRST_MEMBER, FIRST_STORE, Credentials, Size
from benchmarks.jobs.scene import add_members
from loyalty.models import Store
from members.services.event_schemas import create_event_schema

STORE = FIRST_STORE
BADGES = 50
EVENTS = tuple(f"event_{number}" for number in range(10))
KEEN = FIRST_MEMBER
"""A member who did more than anybody."""
DONE_BY_KEEN = 10_000

Tree = Mapping[str, Any]


def load(members: int, since: datetime) -> tuple[Store, Credentials]:
    """The store and its people; nobody has done anything yet.

    Only what happens after `since` counts for half of the badges, so that some are earned.
    """
    store = data.make_store(STORE, BADGES)
    add_members(STORE, members)
    for event in EVENTS:
        create_event_schema(
            store,
            event_type=event,
            name=event,
            fields=[
                {"type": "number", "name": "amount", "description": "How much"},
                {"type": "text", "name": "shop", "description": "Where"},
            ],
            value_field="amount",
            actor=BENCH,
        )
    for number in range(BADGES):
        _publish(store, number, since if number % 2 else since - timedelta(days=400))
    return store, data.employ(Size(1, members, BADGES))


def add_history(members: int, first: int, last: int) -> None:
    """Activities number `first` to `last`, over the year before, in one statement.

    The triggers are left out: they look at what formulas have made.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            """
            INSERT INTO members_activity
                   (id, store_id, member_id, type, source, external_id, occurred_at, received_at,
                    value, attributes, identifiers, reverses_external_id, returned)
            SELECT gen_random_uuid(), %(store)s::uuid,
                   (%(prefix)s || (%(first_member)s::int + hashint4(number) %% %(members)s::int
                                   + CASE WHEN hashint4(number) %% %(members)s::int < 0
                                          THEN %(members)s::int ELSE 0 END))::uuid,
                   'event_' || number %% 10, 'custom_event', 'history-' || number,
                   moment.at, moment.at, number %% 100,
                   jsonb_build_object('amount', number %% 100, 'shop', 'shop ' || number %% 7),
                   '{}', '', 0
              FROM generate_series(%(first)s::int, %(last)s::int) AS number
             CROSS JOIN LATERAL (SELECT now() - interval '30 days'
                                        - (number %% 28800000) * interval '1 second' AS at) moment
            """,
            {
                "store": data.store_id(STORE),
                "prefix": data.member_id(STORE, ""),
                "first_member": FIRST_MEMBER + 1,
                "members": members - 1,
                "first": first,
                "last": last,
            },
        )
        cursor.execute("RESET session_replication_role")
        cursor.execute("VACUUM ANALYZE members_activity")
        cursor.execute("CHECKPOINT")


def add_keen_history() -> None:
    """The first member's many activities, spread over the same year."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO members_activity
                   (id, store_id, member_id, type, source, external_id, occurred_at, received_at,
                    value, attributes, identifiers, reverses_external_id, returned)
            SELECT gen_random_uuid(), %(store)s::uuid, %(member)s::uuid, 'event_' || number %% 2,
                   'custom_event', 'keen-' || number, now() - number * interval '50 minutes',
                   now(), number %% 100,
                   jsonb_build_object('amount', number %% 100, 'shop', 'shop ' || number %% 7),
                   '{}', '', 0
              FROM generate_series(1, %(done)s::int) AS number
            """,
            {
                "store": data.store_id(STORE),
                "member": data.member_id(STORE, KEEN),
                "done": DONE_BY_KEEN,
            },
        )


def _publish(store: Store, number: int, counting_from: datetime) -> None:
    badge_type = BadgeType.for_store(store).get(id=data.badge_type_id(STORE, FIRST_BADGE + number))
    limit, tree = _condition(number)
    save_draft(store, badge_type=badge_type, tree=tree, repeat_limit=limit, actor=BENCH)
    publish_condition(
        store, badge_type=badge_type, actor=BENCH, now=timezone.now(), counting_from=counting_from
    )


def _condition(number: int) -> tuple[int | None, Tree]:
    """Ten sorts of conditions, each five times, over the ten types of events."""
    event, size = EVENTS[number % 10], 2 + number // 10
    count: dict[str, Any] = {"type": "count", "event": event, "target": 5 * size}
    amount = {"attribute": "amount", "operator": "gte", "value": 50}
    kinds: tuple[tuple[int | None, Tree], ...] = (
        (1, count),
        (None, count),
        (1, {**count, "filters": [amount]}),
        (1, {**count, "distinct": "shop", "target": size}),
        (1, {**count, "window": {"type": "rolling", "days": 30}, "target": size}),
        (None, {**count, "window": {"type": "calendar", "period": "month"}, "target": size}),
        (1, {"type": "sum", "event": event, "target": 250 * size}),
        (None, {"type": "sum", "event": event, "target": 500 * size}),
        (1, {"type": "streak", "event": event, "target": size, "unit": "day"}),
        (1, {"type": "all", "conditions": [count, {**count, "event": EVENTS[number % 7]}]}),
    )
    return kinds[(number + number // 10) % 10]


def midnight() -> datetime:
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
