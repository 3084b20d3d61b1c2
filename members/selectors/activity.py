"""Find what members did."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from loyalty.errors import NotFound
from loyalty.models import Store
from members.models import RETURN, Activity, ActivitySource, EventSchema


def activity(store: Store) -> QuerySet[Activity]:
    return Activity.for_store(store)


def custom_events(store: Store) -> QuerySet[Activity]:
    """With `event_name`, which is what the schema of the type is called now."""
    schema = EventSchema.for_store(store).filter(event_type=OuterRef("type"))
    return (
        activity(store)
        .filter(source=ActivitySource.CUSTOM_EVENT)
        .annotate(event_name=Subquery(schema.values("name")[:1]))
    )


def transactions(store: Store) -> QuerySet[Activity]:
    """With `matched`, `document_type` and what else the document is searched by."""
    return (
        activity(store)
        .filter(source=ActivitySource.TRANSACTION)
        .annotate(
            matched=Case(
                When(member=None, then=Value(False)), default=Value(True),
                output_field=BooleanField(),
            ),
            document_type=Case(
                When(type=RETURN, then=Value("return")), default=Value("sell"),
                output_field=CharField(),
            ),
            linked_document_number=KeyTextTransform("linkedDocumentNumber", "attributes"),
            purchase_place=KeyTextTransform("purchasePlace", "attributes"),
            channel_id=KeyTextTransform("channelId", "attributes"),
        )
    )  # fmt: skip


def get_custom_event(
    store: Store, event_id: UUID | str, columns: tuple[str, ...]
) -> dict[str, Any]:
    return _one(custom_events(store), event_id, columns)


def get_transaction(
    store: Store, transaction_id: UUID | str, columns: tuple[str, ...]
) -> dict[str, Any]:
    return _one(transactions(store), transaction_id, columns)


def _one(rows: QuerySet[Activity], row_id: UUID | str, columns: tuple[str, ...]) -> dict[str, Any]:
    found: dict[str, Any] | None = rows.filter(id=row_id).values(*columns).first()
    if found is None:
        raise NotFound
    return found


def of_customer(rows: QuerySet[Activity], key: str, value: str) -> QuerySet[Activity]:
    """Those of whoever is called so now, or was called so by a sender and is not known yet."""
    given: Any = KeyTextTransform(key, "identifiers")
    named: Any = F(f"member__{_CUSTOMER[key]}")
    sought: Any = Value(value)
    if key == "email":
        given, named, sought = Lower(given), Lower(named), Lower(sought)
    waiting = Q(Exact(given, sought), member=None, identifiers__has_key=key)
    return rows.filter(Q(Exact(named, sought)) | waiting)


_CUSTOMER = {"email": "email", "phone": "phone", "loyaltyCardNumber": "loyalty_card_number"}
CUSTOMER_KEYS = tuple(_CUSTOMER)
CUSTOMER_COLUMNS = (
    "member_id",
    "identifiers",
    *(f"member__{column}" for column in _CUSTOMER.values()),
)


def customer_of(row: Mapping[str, Any]) -> dict[str, str]:
    """What the member of an activity is called; of an unknown one, what the sender said.

    `row` has `CUSTOMER_COLUMNS`.
    """
    if row["member_id"] is None:
        given: dict[str, str] = row["identifiers"]
        return given
    names = {key: row[f"member__{column}"] for key, column in _CUSTOMER.items()}
    known = {key: value for key, value in names.items() if value}
    return {"customerId": str(row["member_id"]), **known}
