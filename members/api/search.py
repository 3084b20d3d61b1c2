"""What members can be searched by (Open Loyalty notes, sections 3 and 4)."""

import re
from typing import Any

import django_filters
from django import forms
from django.db.models import Q

from loyalty.api.search import choice, day, flag, identifier, moment, search, text
from loyalty.errors import Code, Invalid, Violation

_LABELS = re.compile(r"\([^;()]+;[^;()]*\)(,\([^;()]+;[^;()]*\))*\Z")
_LABEL = re.compile(r"\(([^;()]+);([^;()]*)\)")


class LabelsFilter(django_filters.Filter):
    """`labels=(key1;value1),(key2;value2)` finds either; `(key1;)` finds any value of the key."""

    @property
    def field(self) -> forms.Field:
        return forms.CharField(max_length=2000)

    def filter(self, qs: Any, value: str) -> Any:
        if not _LABELS.match(value):
            message = "Write labels as (key;value),(key;value)."
            raise Invalid(Violation(Code.PATTERN, "", message))
        wanted = Q()
        for key, label in _LABEL.findall(value):
            example = {"key": key, "value": label} if label else {"key": key}
            wanted |= Q(labels__contains=[example])
        return qs.filter(wanted)


class EitherFilter(django_filters.Filter):
    """`emailOrPhone=x`, kept for older clients."""

    @property
    def field(self) -> forms.Field:
        return forms.CharField(max_length=255)

    def filter(self, qs: Any, value: str) -> Any:
        return qs.filter(Q(email__iexact=value) | Q(phone=value))


_ADDRESS = ("street", "address1", "address2", "province", "city", "postal", "country")

MemberSearch = search(
    "MemberSearch",
    {
        "customerId": identifier("id"),
        "firstName": text("first_name"),
        "lastName": text("last_name"),
        "active": flag("active"),
        "gender": choice("gender"),
        "phone": text("phone"),
        "email": text("email"),
        "loyaltyCardNumber": text("loyalty_card_number"),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
        "registeredAt": moment("registered_at"),
        "birthDate": day("birth_date"),
        "agreement1": flag("agreement1"),
        "agreement2": flag("agreement2"),
        "agreement3": flag("agreement3"),
        "anonymized": flag("anonymized"),
        **{f"address:{part}": text(f"address__{part}", sortable=False) for part in _ADDRESS},
    },
    labels=LabelsFilter(),
    emailOrPhone=EitherFilter(),
)

HistorySearch = search(
    "HistorySearch", {"type": choice("name"), "createdAt": moment("recorded_at")}
)
