"""What activity can be searched by (Open Loyalty notes, sections 7.4 and 7.5)."""

import json
import re
from typing import Any

import django_filters
from django import forms
from django.db.models import BooleanField, F, Func, Q, Value

from loyalty.api.search import choice, flag, identifier, moment, number, search, text
from loyalty.errors import Code, Invalid, Violation
from members.selectors.activity import CUSTOMER_KEYS, of_customer

_PAIR = re.compile(r"\(([^;()]+);([^;()]*)\)")
_PAIRS = re.compile(r"\([^;()]+;[^;()]*\)(,\([^;()]+;[^;()]*\))*")


class CustomerFilter(django_filters.Filter):
    """`customerData:email=x`."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key

    @property
    def field(self) -> forms.Field:
        return forms.CharField(max_length=255, strip=False)

    def filter(self, qs: Any, value: str) -> Any:
        return of_customer(qs, self._key, value)


class ItemFilter(django_filters.Filter):
    """`items:sku=x` finds transactions one of whose items is such."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._path = f'$."items"[*]."{name}"'

    @property
    def field(self) -> forms.Field:
        return forms.CharField(max_length=255, strip=False)

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(_exists(self._path, value))


class PairsFilter(django_filters.Filter):
    """`labels=(key1;value1),(key2;value2)` finds either; `(key1;)` finds any value of the key.

    `dotted`: a key is a path, as in the filters of conditions.
    """

    def __init__(self, root: str, *, dotted: bool = False) -> None:
        super().__init__()
        self._root, self._dotted = root, dotted

    @property
    def field(self) -> forms.Field:
        return forms.CharField(max_length=2000, strip=False)

    def filter(self, qs: Any, value: str) -> Any:
        if not _PAIRS.fullmatch(value):
            message = "Write pairs as (key;value),(key;value)."
            raise Invalid(Violation(Code.PATTERN, "", message))
        wanted = Q()
        for key, sought in _PAIR.findall(value):
            names = key.split(".") if self._dotted else [key]
            path = ".".join((self._root, *(json.dumps(name) for name in names)))
            wanted |= Q(_exists(path, sought))
        return qs.filter(wanted)


class _AsJson(Func):
    output_field = BooleanField()


def _exists(path: str, value: str) -> Func:
    """Whether something at the path equals the value, as a text or as what it reads as.

    Arrays on the way are gone through; an empty value: whether there is anything.
    """
    found = f"{path} ? (@ == $text || @ == $plain)" if value else path
    values = json.dumps({"text": value, "plain": _plain(value)})
    return _AsJson(
        F("attributes"),
        Func(Value(found), template="(%(expressions)s)::jsonpath"),
        Func(Value(values), template="(%(expressions)s)::jsonb"),
        function="jsonb_path_exists",
    )


def _plain(value: str) -> Any:
    if value in {"true", "false"}:
        return value == "true"
    if re.fullmatch(r"-?\d{1,16}(\.\d{1,16})?", value, re.ASCII):
        return float(value)
    return value


_CUSTOMER: dict[str, Any] = {f"customerData:{key}": CustomerFilter(key) for key in CUSTOMER_KEYS}

CustomEventSearch = search(
    "CustomEventSearch",
    {
        "customEventId": identifier("id"),
        "customerId": identifier("member_id"),
        "type": choice("type"),
        "eventName": text("event_name", sortable=False),
        "eventId": text("external_id", sortable=False),
        "createdAt": moment("received_at"),
        "eventDate": moment("occurred_at"),
    },
    labels=PairsFilter('$."labels"'),
    attributes=PairsFilter("$", dotted=True),
    **_CUSTOMER,
)

_ITEMS: dict[str, Any] = {
    f"items:{name}": ItemFilter(name) for name in ("sku", "name", "category", "maker")
}
_LABELS: dict[str, Any] = {
    "labels": PairsFilter('$."labels"'),
    "header:labels": PairsFilter('$."labels"'),
    "items:labels": PairsFilter('$."items"[*]."labels"'),
}

TransactionSearch = search(
    "TransactionSearch",
    {
        "transactionId": identifier("id"),
        "customerId": identifier("member_id"),
        "customerData:customerId": identifier("member_id"),
        "header:documentNumber": text("external_id"),
        "header:documentType": choice("document_type"),
        "header:linkedDocumentNumber": text("linked_document_number", sortable=False),
        "header:purchasePlace": text("purchase_place", sortable=False),
        "header:purchasedAt": moment("occurred_at"),
        "channelId": choice("channel_id"),
        "grossValue": number("value", sortable=False),
        "matched": flag("matched"),
        "createdAt": moment("received_at"),
    },
    attributes=PairsFilter("$", dotted=True),
    **_CUSTOMER,
    **_ITEMS,
    **_LABELS,
)

EventSchemaSearch = search(
    "EventSchemaSearch",
    {
        "eventType": text("event_type"),
        "name": text("name"),
        "active": flag("active"),
        "createdAt": moment("created_at"),
    },
)
