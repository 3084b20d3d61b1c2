"""Write down what happened."""

import json
from collections.abc import Mapping
from uuid import UUID

from django.db import connection

from loyalty.actors import Actor
from loyalty.models import Event, EventName, Store
from loyalty.models.keys import new_id


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
    assert connection.in_atomic_block, "An event belongs to the transaction that it speaks of."  # noqa: S101
    Event.across_stores.create(
        store=store,
        name=name,
        subject_kind=subject_kind,
        subject_id=str(subject_id),
        member_id=member_id,
        data=dict(data or {}),
        actor_kind=actor.kind,
        actor_id=actor.id,
        actor_label=actor.label,
        source=actor.source,
        address=actor.address,
    )


_FOR_MEMBERS = """
INSERT INTO loyalty_event
       (id, store_id, name, subject_kind, subject_id, member_id, data, actor_kind, actor_id,
        actor_label, source, address, recorded_at)
SELECT told.id, %(store)s, %(name)s, %(subject_kind)s, %(subject_id)s, told.member_id,
       told.data, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(source)s, %(address)s, now()
  FROM unnest(%(ids)s::uuid[], %(members)s::uuid[], %(data)s::jsonb[])
       AS told (id, member_id, data)
"""


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
    if not data:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _FOR_MEMBERS,
            {
                "store": store.id,
                "name": name,
                "subject_kind": subject_kind,
                "subject_id": str(subject_id),
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "actor_label": actor.label,
                "source": actor.source,
                "address": actor.address,
                "ids": [new_id() for _ in data],
                "members": list(data),
                "data": [json.dumps(each) for each in data.values()],
            },
        )
