"""A transaction on the wire."""

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.serializers import (
    BooleanField,
    CharField,
    DateTimeField,
    FloatField,
    Serializer,
    UUIDField,
)

from loyalty.models import Store
from members.api.activity_reading import CustomerDataRead, batch_read
from members.api.serializers import LabelRead
from members.selectors.activity import CUSTOMER_COLUMNS, customer_of


class TransactionIdRead(Serializer[Any]):
    transactionId = UUIDField()


TransactionBatchRead = batch_read("Transaction", "transactions", "transactionId")


class AssignedRead(Serializer[Any]):
    transactionId = UUIDField()
    customerId = UUIDField()


class TransactionHeaderRead(Serializer[Any]):
    documentNumber = CharField()
    documentType = CharField()
    linkedDocumentNumber = CharField(allow_null=True)
    purchasedAt = DateTimeField()
    purchasePlace = CharField(allow_null=True)
    labels = LabelRead(many=True)


class TransactionItemRead(Serializer[Any]):
    sku = CharField()
    name = CharField()
    category = CharField()
    maker = CharField(allow_null=True)
    grossValue = FloatField()
    quantity = FloatField()
    highPrecisionQuantity = FloatField()
    labels = LabelRead(many=True)


class TransactionRead(Serializer[Any]):
    """`returnedValue` is how much of it came back, `returnedAt` when all of it had."""

    transactionId = UUIDField()
    customerId = UUIDField(allow_null=True)
    customerData = CustomerDataRead()
    grossValue = FloatField()
    returnedValue = FloatField()
    returnedAt = DateTimeField(allow_null=True)
    matched = BooleanField()
    currency = CharField()
    channelId = CharField(allow_null=True)
    header = TransactionHeaderRead()
    items = TransactionItemRead(many=True)
    createdAt = DateTimeField()


TRANSACTION_COLUMNS = (
    "id", "document_type", "attributes", "value", "returned", "reversed_at", "occurred_at",
    "received_at", *CUSTOMER_COLUMNS,
)  # fmt: skip


def transaction_read(row: Mapping[str, Any], store: Store) -> dict[str, Any]:
    kept = row["attributes"]
    return {
        "transactionId": row["id"],
        "customerId": row["member_id"],
        "customerData": customer_of(row),
        "grossValue": float(row["value"]),
        "returnedValue": float(row["returned"]),
        "returnedAt": row["reversed_at"],
        "matched": row["member_id"] is not None,
        "currency": store.currency,
        "channelId": kept.get("channelId"),
        "header": {
            "documentNumber": kept["documentNumber"],
            "documentType": row["document_type"],
            "linkedDocumentNumber": kept.get("linkedDocumentNumber"),
            "purchasedAt": row["occurred_at"],
            "purchasePlace": kept.get("purchasePlace"),
            "labels": list(_labels(kept)),
        },
        "items": [
            {
                "sku": item["sku"],
                "name": item["name"],
                "category": item["category"],
                "maker": item.get("maker"),
                "grossValue": item["grossValue"],
                "quantity": item["quantity"],
                "highPrecisionQuantity": item["quantity"],
                "labels": list(_labels(item)),
            }
            for item in kept["items"]
        ],
        "createdAt": row["received_at"],
    }


def _labels(kept: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for key, given in sorted(kept.get("labels", {}).items()):
        for value in given if isinstance(given, list) else [given]:
            yield {"key": key, "value": value}
