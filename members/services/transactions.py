"""Take in purchases and returns."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, Violation
from loyalty.models import EventName, Store
from loyalty.transactions import writes
from members.models import PURCHASE, RETURN, Activity, ActivitySource, Member
from members.services.activity_rows import ActivityRow, Recorded, record_activities
from members.services.activity_times import fault_of
from members.services.custom_events import Taken
from members.services.member_rows import locked_member, record_about
from members.services.touching import Touch, activity_input, touch

DOCUMENT_TYPES = {"sell": PURCHASE, "return": RETURN}

Labels = Sequence[Mapping[str, str]]
"""A list of {key, value}."""


@dataclass(frozen=True, slots=True)
class GivenItem:
    sku: str
    name: str
    category: str
    gross_value: Decimal
    quantity: Decimal = Decimal(1)
    maker: str = ""
    labels: Labels = ()


@dataclass(frozen=True, slots=True)
class GivenTransaction:
    """As it was sent.  `linked_document_number` counts for a return: it is what is returned."""

    document_number: str
    purchased_at: datetime
    document_type: str
    items: Sequence[GivenItem]
    identifiers: Mapping[str, str] = field(default_factory=dict)
    linked_document_number: str = ""
    purchase_place: str = ""
    channel_id: str = ""
    labels: Labels = ()


@writes
def take_transactions(
    store: Store, *, transactions: Sequence[GivenTransaction], actor: Actor, now: datetime
) -> list[Taken]:
    """Write the transactions whose document numbers are new; one answer for each.

    A document number that was taken before is answered with the first one's id if the document
    says the same, and refused otherwise.  The customer is not part of what it says: matching is
    a matter of its own.
    """
    faults = {
        place: found
        for place, given in enumerate(transactions)
        if (found := fault_of(given.purchased_at, "header.purchasedAt", now))
    }
    good = [place for place in range(len(transactions)) if place not in faults]
    rows = {place: _row(transactions[place]) for place in good}
    written = record_activities(store, list(rows.values()), actor=actor, now=now)
    recorded = dict(zip(good, written, strict=True))
    faults |= dict.fromkeys(_others(store, rows, recorded), _OTHER)
    return [
        Taken(None, [faults[place]]) if place in faults else Taken(recorded[place].id)
        for place in range(len(transactions))
    ]


@writes
def assign_transaction(
    store: Store, *, document_number: str, member: Member, actor: Actor, now: datetime
) -> UUID:
    """Say whose transaction it is; returns its id.  Raises `Invalid` if it is somebody else's."""
    found = Activity.for_store(store).filter(
        source=ActivitySource.TRANSACTION, external_id=document_number
    )
    member = locked_member(store, member)
    # The lock of the row is what decides between two who assign it at the same time.
    if found.filter(member=None).update(member_id=member.id, identifiers={}):
        activity = found.get()
        touched = Touch(member.id, activity_input(activity.type), activity.occurred_at)
        touch(store, [touched], now=now)
        record_about(
            store, EventName.ACTIVITY_MATCHED, member, actor, activityId=str(activity.id)
        )  # fmt: skip
        return activity.id
    taken = found.first()
    path = "transactionDocumentNumber"
    if taken is None:
        raise Invalid(Violation(Code.CHOICE, path, "There is no such transaction."))
    if taken.member_id != member.id:
        message = "The transaction is assigned to another member."
        raise Invalid(Violation(Code.NOT_ALLOWED, path, message))
    return taken.id


_OTHER = Violation(
    Code.TAKEN, "header.documentNumber", "Another transaction has this document number."
)


def _others(
    store: Store, rows: Mapping[int, ActivityRow], recorded: Mapping[int, Recorded]
) -> Iterable[int]:
    """The places whose document number stands for a transaction that says something else."""
    repeated = {place: found.id for place, found in recorded.items() if not found.is_new}
    if not repeated:
        return []
    known = Activity.for_store(store).in_bulk(set(repeated.values()))
    return [place for place, found in repeated.items() if not _same(known[found], rows[place])]


def _same(known: Activity, row: ActivityRow) -> bool:
    return (
        known.type == row.type
        and known.occurred_at == row.occurred_at
        and known.value == row.value
        and known.reverses_external_id == row.reverses_external_id
        and known.attributes == row.attributes
    )


def _row(given: GivenTransaction) -> ActivityRow:
    is_return = given.document_type == "return"
    total = sum((item.gross_value for item in given.items), Decimal(0))
    return ActivityRow(
        type=DOCUMENT_TYPES[given.document_type],
        source=ActivitySource.TRANSACTION,
        external_id=given.document_number,
        occurred_at=given.purchased_at,
        # Some tills write what they pay back as less than nothing.
        value=abs(total) if is_return else max(Decimal(0), total),
        attributes=_attributes(given),
        identifiers=given.identifiers,
        reverses_external_id=given.linked_document_number if is_return else "",
        told={"documentNumber": given.document_number, "documentType": given.document_type},
    )


def _attributes(given: GivenTransaction) -> dict[str, Any]:
    """What conditions can ask for.  What was not sent is not there."""
    return _present(
        documentNumber=given.document_number,
        documentType=given.document_type,
        linkedDocumentNumber=given.linked_document_number,
        purchasePlace=given.purchase_place,
        channelId=given.channel_id,
        labels=_by_key(given.labels),
        items=[
            _present(
                sku=item.sku,
                name=item.name,
                category=item.category,
                maker=item.maker,
                grossValue=_plain(item.gross_value),
                quantity=_plain(item.quantity),
                labels=_by_key(item.labels),
            )
            for item in given.items
        ],
    )


def _present(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in ("", {})}


def _by_key(labels: Labels) -> dict[str, Any]:
    """`{key: value}`, or `{key: [values]}` where a key has several."""
    found: dict[str, list[str]] = {}
    for label in labels:
        found.setdefault(label["key"], []).append(label["value"])
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)
