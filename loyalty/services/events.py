"""Write down what happened."""

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from loyalty.actors import Actor
from loyalty.models import EventName, Store
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
    _insert(
        store, name, subject_kind, str(subject_id), actor, members=[member_id], data=[data or {}]
    )


_INSERT = """
INSERT INTO loyalty_event
       (id, store_id, name, subject_kind, subject_id, member_id, data, actor_kind, actor_id,
        actor_label, source, address, recorded_at)
SELECT told.id, %(store)s, %(name)s, %(subject_kind)s, %(subject_id)s, told.member_id,
       told.data, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(source)s, %(address)s, now()
  FROM unnest(%(ids)b::uuid[], %(members)b::uuid[], %(data)b::jsonb[])
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
    _insert(
        store, name, subject_kind, str(subject_id), actor,
        members=list(data), data=list(data.values()),
    )  # fmt: skip


def _insert(
    store: Store | None,
    name: EventName,
    subject_kind: str,
    subject_id: str,
    actor: Actor,
    *,
    members: Sequence[UUID | None],
    data: Sequence[Mapping[str, object]],
) -> None:
    assert connection.in_atomic_block, "An event belongs to the transaction that it speaks of."  # noqa: S101
    with connection.cursor() as cursor:
        cursor.execute(
            _INSERT,
            {
                "store": store.id if store else None,
                "name": name,
                "subject_kind": subject_kind,
                "subject_id": subject_id,
                "actor_kind": actor.kind,
                "actor_id": actor.id,
                "actor_label": actor.label,
                "source": actor.source,
                "address": actor.address,
                "ids": [new_id() for _ in data],
                "members": list(members),
                "data": [json.dumps(each, cls=DjangoJSONEncoder) for each in data],
            },
        )
