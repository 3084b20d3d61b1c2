"""Tell the world what members did."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from uuid import UUID

from loyalty.actors import Actor
from loyalty.models import EventName, Store
from loyalty.services.events import Told, record_all
from members.models import ActivitySource

if TYPE_CHECKING:
    from members.services.activity_rows import ActivityRow

# By source: what happened, and what it is called that it happened to.
_NAMES = {
    ActivitySource.CUSTOM_EVENT: (EventName.CUSTOM_EVENT_OCCURRED, "customEvent"),
    ActivitySource.TRANSACTION: (EventName.TRANSACTION_REGISTERED, "transaction"),
    ActivitySource.RULE: (EventName.RULE_COMPLETED, "activity"),
    ActivitySource.CONFIRMATION: (EventName.FACT_CONFIRMED, "activity"),
}


def tell_activity(
    store: Store, written: Iterable["tuple[ActivityRow, UUID | None]"], *, actor: Actor
) -> None:
    """One event for each activity that was written, with its member if that is known.

    Attributes are not told: they may say who somebody is, and the log is for ever.
    """
    record_all(store, _told(written), actor=actor)


def _told(written: Iterable["tuple[ActivityRow, UUID | None]"]) -> Iterator[Told]:
    for row, member_id in written:
        name, subject_kind = _NAMES[ActivitySource(row.source)]
        data = {
            "type": row.type, "occurredAt": row.occurred_at, "value": float(row.value), **row.told,
        }  # fmt: skip
        yield Told(row.event or name, subject_kind, row.id, member_id, data)
