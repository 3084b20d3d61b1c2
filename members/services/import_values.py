"""What the columns of a member file mean, as the model's fields in values that JSON can hold.

The rules are those of the member endpoints.  What a value cannot mean is a `ValueError`, with the
column's name in it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from loyalty.services.jobs.values import read_moment, read_text
from members.models import CARD_NUMBER, COUNTRY, PHONE, Gender

LABEL = "label:"
MOST_LABELS = 100
IDENTIFIERS = {"email": "email", "phone": "phone", "loyaltyCardNumber": "loyalty_card_number"}

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}

Reader = Callable[[str], Any]


def _text(most: int = 255) -> Reader:
    return lambda text: read_text(text, most)


def _moment(zone: ZoneInfo) -> Reader:
    return lambda text: read_moment(text, zone).isoformat()


def _pattern(pattern: str, most: int, meaning: str) -> Reader:
    compiled = re.compile(pattern)

    def read(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(f"is not {meaning}")
        return read_text(text, most)

    return read


def _email(text: str) -> str:
    try:
        validate_email(text)
    except ValidationError:
        raise ValueError("is not an e-mail address") from None
    return read_text(text, 255)


def _gender(text: str) -> str:
    if text not in Gender.values:
        raise ValueError(f"is none of {', '.join(Gender.values)}")
    return text


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text if _DAY.fullmatch(text) else "").isoformat()
    except ValueError:
        raise ValueError("is not a date such as 1990-12-31") from None


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError("is none of true, false, 1, 0")
    return _FLAGS[text.lower()]


_PARTS: Mapping[str, Mapping[str, Reader]] = {
    "address": {
        "street": _text(),
        "address1": _text(),
        "address2": _text(),
        "postal": _text(),
        "city": _text(),
        "province": _text(),
        "country": _pattern(COUNTRY, 2, "a country's two capital letters"),
    },
    "company": {"name": _text(), "nip": _text()},
}
_FIELDS: Mapping[str, tuple[str, Reader]] = {
    "email": ("email", _email),
    "phone": ("phone", _pattern(PHONE, 32, "a phone number of digits and +")),
    "loyaltyCardNumber": (
        "loyalty_card_number",
        _pattern(CARD_NUMBER, 255, "a card number of letters, digits and ._-"),
    ),
    "firstName": ("first_name", _text()),
    "lastName": ("last_name", _text()),
    "gender": ("gender", _gender),
    "birthDate": ("birth_date", _day),
    "agreement1": ("agreement1", _flag),
    "agreement2": ("agreement2", _flag),
    "agreement3": ("agreement3", _flag),
    "locale": ("locale", _text(16)),
    "timezone": ("timezone", _text(64)),
}
NAMES = (
    *_FIELDS,
    "registeredAt",
    *(f"{whole}.{part}" for whole, parts in _PARTS.items() for part in parts),
)


def read_fields(values: Mapping[str, str], zone: ZoneInfo) -> dict[str, Any]:
    """`values` by column: `email`, `address.city`, `label:vip`.  None of them is empty."""
    fields: dict[str, Any] = {}
    for name, value in values.items():
        whole, dot, part = name.partition(".")
        if name.startswith(LABEL):
            key = _named(name, _text(), name.removeprefix(LABEL))
            labels = fields.setdefault("labels", [])
            labels.append({"key": key, "value": _named(name, _text(), value)})
        elif name == "registeredAt":
            fields["registered_at"] = _named(name, _moment(zone), value)
        elif dot:
            fields.setdefault(whole, {})[part] = _named(name, _PARTS[whole][part], value)
        else:
            field, read = _FIELDS[name]
            fields[field] = _named(name, read, value)
    if len(fields.get("labels", ())) > MOST_LABELS:
        raise ValueError(f"The member has more than {MOST_LABELS} labels")
    return fields


def _named(name: str, read: Reader, value: str) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{name[:100]} {error}") from None
