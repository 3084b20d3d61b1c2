"""Write down what happened."""

from collections.abc import Mapping
from uuid import UUID

from django.db import connection

from loyalty.actors import Actor
from loyalty.models import Event, EventName, Store


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
