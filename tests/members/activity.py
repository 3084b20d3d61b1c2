"""What the tests of activity send."""

from typing import Any

from loyalty.models import Store
from members.models import EventSchema
from members.services.event_schemas import create_event_schema
from tests.builders import TESTER

EVENTS, TRANSACTIONS = "/api/ALPHA/customEvent", "/api/ALPHA/transaction"

FIELDS = [
    {"type": kind, "name": name, "description": ""}
    for name, kind in {
        "place": "text", "amount": "number", "at": "datetime", "first": "boolean",
        "shop": "object", "tags": "collection",
    }.items()
]  # fmt: skip


def make_schema(store: Store, event_type: str = "visit", **details: Any) -> EventSchema:
    details = {"name": "A visit", "fields": FIELDS, "value_field": "amount"} | details
    return create_event_schema(store, event_type=event_type, actor=TESTER, **details)


def event(**details: Any) -> dict[str, Any]:
    return {"type": "visit", "eventDate": "2026-03-01T10:00:00Z", **details}


def item(value: float = 10, **details: Any) -> dict[str, Any]:
    return {"sku": "A1", "name": "Flat white", "category": "Coffee", "grossValue": value, **details}


def sale(number: str, *items: dict[str, Any], **details: Any) -> dict[str, Any]:
    header = {"documentNumber": number, "purchasedAt": "2026-03-01T10:00:00Z"}
    header |= details.pop("header", {})
    return {"header": header, "items": list(items) or [item()], **details}


def comeback(number: str, linked: str, *items: dict[str, Any], **details: Any) -> dict[str, Any]:
    header = {
        "documentType": "return",
        "linkedDocumentNumber": linked,
        "purchasedAt": "2026-03-05T10:00:00Z",
    }
    return sale(number, *items, header=header, **details)
