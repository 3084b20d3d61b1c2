"""Let the demo's people live their past, and let conditions say what they earned by it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import connection

from badges.demo.catalogue import DemoStore
from badges.demo.conditions import CONDITIONS, EVENTS
from badges.demo.habits import habits
from badges.demo.people import DemoPerson
from badges.models import BadgeType, ConditionVersion
from badges.services.conditions import publish_condition, save_draft
from loyalty.actors import Actor
from loyalty.models import Store
from loyalty.services.jobs.turns import work_for
from loyalty.transactions import writes
from members.models import EventSchema, Member
from members.services.activity_rows import ActivityRow, record_activities
from members.services.event_schemas import create_event_schema

HISTORY = timedelta(days=240)
_BATCH = 1000
_PATIENCE = 60.0


def earn_by_conditions(
    store: Store,
    demo: DemoStore,
    types: Mapping[str, BadgeType],
    cast: Sequence[DemoPerson],
    registered: Mapping[str, Member],
    *,
    actor: Actor,
    now: datetime,
) -> None:
    """Activity first, then the conditions, then all that follows from them.

    What is published already was finished by an earlier run.
    """
    published = set(
        ConditionVersion.for_store(store).values_list("badge_type__system_code", flat=True)
    )
    missing = [code for code in CONDITIONS[demo.code] if code not in published]
    if not missing:
        return
    _describe_events(store, demo, actor)
    rows = _past(store, demo, cast, registered, now)
    while batch := [row for _, row in zip(range(_BATCH), rows, strict=False)]:
        _live(store, rows=batch, actor=actor, now=now)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE members_activity")  # The planner took it for empty so far.
    for code in missing:
        condition = CONDITIONS[demo.code][code]
        badge_type = types[code]
        save_draft(
            store, badge_type=badge_type, tree=condition.tree, repeat_limit=condition.limit,
            actor=actor,
        )  # fmt: skip
        publish_condition(
            store, badge_type=badge_type, actor=actor, now=now, counting_from=now - HISTORY,
            announce=False,
        )  # fmt: skip
    work_for(_PATIENCE)


def _describe_events(store: Store, demo: DemoStore, actor: Actor) -> None:
    known = set(EventSchema.for_store(store).values_list("event_type", flat=True))
    for event_type, (name, fields) in EVENTS[demo.code].items():
        if event_type not in known:
            create_event_schema(
                store,
                event_type=event_type,
                name=name,
                fields=[
                    {"name": field, "type": kind, "description": text}
                    for field, kind, text in fields
                ],
                actor=actor,
            )


def _past(
    store: Store,
    demo: DemoStore,
    cast: Sequence[DemoPerson],
    registered: Mapping[str, Member],
    now: datetime,
) -> Iterator[ActivityRow]:
    for person in cast:
        if member := registered.get(person.card):
            since = max(member.registered_at, now - HISTORY)
            zone = ZoneInfo(store.timezone)
            for row in habits(demo.code, person, zone, since=since, now=now):
                yield replace(row, member_id=member.id)


@writes
def _live(store: Store, *, rows: Sequence[ActivityRow], actor: Actor, now: datetime) -> None:
    record_activities(store, rows, actor=actor, now=now)
