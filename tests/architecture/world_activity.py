"""What the people of a world did."""

from decimal import Decimal

from django.utils import timezone

from loyalty.models import Store
from members.models import Activity, Member
from members.services.custom_events import GivenEvent, take_custom_events
from members.services.event_schemas import create_event_schema
from members.services.transactions import GivenItem, GivenTransaction, take_transactions
from tests.builders import TESTER

# Both worlds have a type and a document of these names.
SHARED_EVENT, SHARED_DOCUMENT = "visit", "S-1"


def make_activity(store: Store, mark: str, member: Member) -> list[Activity]:
    """A custom event and a transaction of the member; beside them there are others.

    The transaction `SHARED_DOCUMENT` is nobody's.
    """
    fields = [
        {"type": "object", "name": "labels", "description": mark},
        {"type": "text", "name": "place", "description": mark},
    ]
    for event_type in (SHARED_EVENT, f"{mark}_event"):
        create_event_schema(
            store, event_type=event_type, name=f"{mark} event", fields=fields, actor=TESTER
        )
    now, who = timezone.now(), {"customerId": str(member.id)}
    events = take_custom_events(
        store,
        events=[
            GivenEvent(
                SHARED_EVENT, now, who, {"labels": {mark: mark}, "place": mark}, f"{mark}-event"
            ),
            GivenEvent(f"{mark}_event", now, {"email": f"new@{mark}.example"}, {"place": mark}),
        ],
        actor=TESTER,
        now=now,
    )
    label = {"key": mark, "value": mark}
    items = [GivenItem(mark, mark, mark, Decimal(10), maker=mark, labels=[label])]
    details = {"items": items, "purchase_place": mark, "channel_id": mark, "labels": [label]}
    transactions = take_transactions(
        store,
        transactions=[
            GivenTransaction(f"{mark}-sale", now, "sell", identifiers=who, **details),  # type: ignore[arg-type]
            GivenTransaction(SHARED_DOCUMENT, now, "sell", **details),  # type: ignore[arg-type]
            GivenTransaction(
                f"{mark}-return", now, "return", identifiers={"phone": "+1777"},
                linked_document_number=f"{mark}-sale", **details,  # type: ignore[arg-type]
            ),
        ],
        actor=TESTER,
        now=now,
    )  # fmt: skip
    found = Activity.for_store(store)
    return [found.get(id=str(taken[0].id)) for taken in (events, transactions)]
