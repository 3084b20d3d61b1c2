"""Transactions on their way in."""

from decimal import Decimal
from typing import Any

from rest_framework.serializers import FloatField, UUIDField

from loyalty.api.reading import Read, Reading, Shape, choice, items, moment, number, text
from loyalty.api.serializers import (
    Choice,
    Items,
    Moment,
    Pattern,
    StrictSerializer,
    Text,
    wrapped,
)
from members.api.activity_reading import (
    IDENTIFIERS,
    MAX_BATCH,
    CustomerDataWrite,
    identifiers_of,
)
from members.api.serializers import LabelWrite
from members.models import CARD_NUMBER, PHONE
from members.services.transactions import DOCUMENT_TYPES, GivenItem, GivenTransaction

MAX_ITEMS = 100
MAX_LABELS = 100
MAX_AMOUNT = 10**10


class HeaderWrite(StrictSerializer):
    """`linkedDocumentNumber` is the purchase that a return returns."""

    documentNumber = Text()
    purchasedAt = Moment()
    documentType = Choice(choices=[*DOCUMENT_TYPES], required=False)
    linkedDocumentNumber = Text(required=False, allow_null=True)
    purchasePlace = Text(required=False, allow_null=True)
    labels = Items(child=LabelWrite(), required=False, max_length=MAX_LABELS)


class ItemWrite(StrictSerializer):
    """Without a quantity it is one."""

    sku = Text()
    name = Text()
    category = Text()
    grossValue = FloatField(min_value=-MAX_AMOUNT, max_value=MAX_AMOUNT)
    highPrecisionQuantity = FloatField(required=False, min_value=0, max_value=MAX_AMOUNT)
    quantity = FloatField(required=False, min_value=0, max_value=MAX_AMOUNT)
    maker = Text(required=False, allow_null=True)
    labels = Items(child=LabelWrite(), required=False, max_length=MAX_LABELS)


class BuyerAddressWrite(StrictSerializer):
    street = Text(required=False, allow_blank=True, allow_null=True)
    address1 = Text(required=False, allow_blank=True, allow_null=True)
    address2 = Text(required=False, allow_blank=True, allow_null=True)
    postal = Text(required=False, allow_blank=True, allow_null=True)
    city = Text(required=False, allow_blank=True, allow_null=True)
    province = Text(required=False, allow_blank=True, allow_null=True)
    country = Text(required=False, allow_blank=True, allow_null=True)


class BuyerWrite(CustomerDataWrite):
    """Name, tax number and address are taken and not kept: they are the member's own matter."""

    name = Text(required=False, allow_blank=True, allow_null=True)
    nip = Text(required=False, allow_blank=True, allow_null=True)
    address = BuyerAddressWrite(required=False, allow_null=True)


class TransactionWrite(StrictSerializer):
    header = HeaderWrite()
    items = Items(child=ItemWrite(), max_length=MAX_ITEMS)
    customerData = BuyerWrite(required=False, allow_null=True)
    channelId = Text(required=False, allow_null=True)


TransactionBody = wrapped("transaction", TransactionWrite)


class TransactionBatchBody(StrictSerializer):
    transactions = Items(child=TransactionWrite(), max_length=MAX_BATCH, min_length=1)


class AssignWrite(StrictSerializer):
    """The member is named in one of the four ways."""

    transactionDocumentNumber = Text()
    customerId = UUIDField(required=False, allow_null=True)
    customerEmail = Text(required=False, allow_null=True)
    customerPhoneNumber = Pattern(
        rf"^{PHONE}\Z", required=False, allow_null=True, max_length=32
    )  # fmt: skip
    customerLoyaltyCardNumber = Pattern(rf"^{CARD_NUMBER}\Z", required=False, allow_null=True)


AssignBody = wrapped("assign", AssignWrite)

# What the serializers above describe, read fast.
_LABELS = items(
    Shape({"key": text(), "value": text(blank=True)}, required=["key", "value"]),
    most=MAX_LABELS,
)
_QUANTITY = number(least=0, most=MAX_AMOUNT, places=3)
HEADER = Shape(
    {
        "documentNumber": text(),
        "purchasedAt": moment,
        "documentType": choice(*DOCUMENT_TYPES),
        "linkedDocumentNumber": text(),
        "purchasePlace": text(),
        "labels": _LABELS,
    },
    required=["documentNumber", "purchasedAt"],
    nullable=["linkedDocumentNumber", "purchasePlace"],
)
ITEM = Shape(
    {
        "sku": text(),
        "name": text(),
        "category": text(),
        "grossValue": number(least=-MAX_AMOUNT, most=MAX_AMOUNT, places=4),
        "highPrecisionQuantity": _QUANTITY,
        "quantity": _QUANTITY,
        "maker": text(),
        "labels": _LABELS,
    },
    required=["sku", "name", "category", "grossValue"],
    nullable=["maker"],
)
_ADDRESS: dict[str, Read] = {str(name): text(blank=True) for name in BuyerAddressWrite().fields}
_BUYER: dict[str, Read] = {
    **IDENTIFIERS,
    "name": text(blank=True),
    "nip": text(blank=True),
    "address": Shape(_ADDRESS, nullable=[*_ADDRESS]),
}
TRANSACTION = Shape(
    {
        "header": HEADER,
        "items": items(ITEM, most=MAX_ITEMS),
        "customerData": Shape(_BUYER, nullable=[*_BUYER]),
        "channelId": text(),
    },
    required=["header", "items"],
    nullable=["customerData", "channelId"],
)


def read_transaction(reading: Reading, value: Any, path: str) -> GivenTransaction | None:
    given = TRANSACTION(reading, value, path)
    if given is None:
        return None
    header = given["header"]
    return GivenTransaction(
        document_number=header["documentNumber"],
        purchased_at=header["purchasedAt"],
        document_type=header.get("documentType", "sell"),
        linked_document_number=header.get("linkedDocumentNumber", ""),
        purchase_place=header.get("purchasePlace", ""),
        labels=header.get("labels", ()),
        channel_id=given.get("channelId", ""),
        identifiers=identifiers_of(given.get("customerData", {})),
        items=[_item(item) for item in given["items"]],
    )


def _item(given: dict[str, Any]) -> GivenItem:
    return GivenItem(
        sku=given["sku"],
        name=given["name"],
        category=given["category"],
        gross_value=given["grossValue"],
        quantity=given.get("highPrecisionQuantity", given.get("quantity", Decimal(1))),
        maker=given.get("maker", ""),
        labels=given.get("labels", ()),
    )
