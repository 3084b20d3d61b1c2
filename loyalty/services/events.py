"""Write down what happened."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from loyalty.actors import Actor
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id


@dataclass(frozen=True, slots=True)
class Told:
    """One event to write.  `member_id`: whose history it is part of."""

    name: EventName
    subject_kind: str
    subject_id: UUID | int
    member_id: UUID | None = None
    data: Mapping[str, object] = field(default_factory=dict)


def record(
    store: Store | None,
    name: EventName,
    *,
    subject_kind: str,
    subject_id: UUID | int,
    actor: Actor,
    member_id: UUID | None = None,
    data: Mapping[str, object] | None = None,
) -> None:
    """Add the event to the transaction that is under way; alone it would be a lie."""
    told = Told(name, subject_kind, subject_id, member_id, data or {})
    record_all(store, [told], actor=actor)


def record_for_members(
    store: Store,
    name: EventName,
    *,
    subject_kind: str,
    subject_id: UUID,
    actor: Actor,
    data: Mapping[UUID, Mapping[str, object]],
) -> None:
    """The same for many members at once, each with data of its own: one statement."""
    told = [
        Told(name, subject_kind, subject_id, member_id, each) for member_id, each in data.items()
    ]
    record_all(store, told, actor=actor)


def differences(
    before: Mapping[str, object], after: Mapping[str, object]
) -> dict[str, dict[str, object]]:
    """What an update changed, for the data of its event.  Not for what says who somebody is."""
    changed = [name for name, value in after.items() if before.get(name) != value]
    return {
        "before": {name: before.get(name) for name in changed},
        "after": {name: after[name] for name in changed},
    }


_INSERT = """
INSERT INTO loyalty_event
       (id, store_id, name, subject_kind, subject_id, member_id, data, actor_kind, actor_id,
        actor_label, source, address, recorded_at)
SELECT told.id, %(store)s, told.name, told.subject_kind, told.subject_id, told.member_id,
       told.data, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(source)s, %(address)s, now()
  FROM unnest(%(ids)b::uuid[], %(names)b::text[], %(subject_kinds)b::text[],
              %(subject_ids)b::text[], %(members)b::uuid[], %(data)b::jsonb[])
       AS told (id, name, subject_kind, subject_id, member_id, data)
"""


def record_all(store: Store | None, told: Iterable[Told], *, actor: Actor) -> None:
    """Whatever happened at once, in its order: one statement for any number of events."""
    told = list(told)
    assert connection.in_atomic_block, "An event belongs to the transaction that it speaks of."  # noqa: S101
    if not told:
        return
    values: dict[str, Any] = {
        "store": store.id if store else None,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label,
        "source": actor.source,
        "address": actor.address,
        "ids": [new_id() for _ in told],
        "names": [str(each.name) for each in told],
        "subject_kinds": [each.subject_kind for each in told],
        "subject_ids": [str(each.subject_id) for each in told],
        "members": [each.member_id for each in told],
        "data": [
            orjson.dumps(each.data, default=str, option=orjson.OPT_UTC_Z).decode() for each in told
        ],
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
