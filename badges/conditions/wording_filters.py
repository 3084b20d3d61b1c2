"""Filters in words: "guests is at least 2 and own cup is yes"."""

import re
from collections.abc import Sequence
from datetime import UTC, date, tzinfo
from decimal import Decimal
from zoneinfo import ZoneInfo

from badges.conditions.reading import read_moment
from badges.conditions.tree import OWN_VALUE, AttributeFilter, Operator, Scalar
from badges.conditions.wording_texts import day_words, joined, moment_words, plain, quoted

_OPERATORS = {
    Operator.EQ: "is", Operator.NEQ: "is not", Operator.IN: "is one of",
    Operator.NOT_IN: "is none of", Operator.GT: "is more than", Operator.GTE: "is at least",
    Operator.LT: "is less than", Operator.LTE: "is at most", Operator.CONTAINS: "contains",
    Operator.STARTS_WITH: "begins with", Operator.ENDS_WITH: "ends with",
}  # fmt: skip
_OF_MOMENTS = {
    Operator.GT: "is after", Operator.GTE: "is on or after",
    Operator.LT: "is before", Operator.LTE: "is on or before",
}  # fmt: skip
# Where a new word begins in "ownCup" and "own_cup".
_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|[._\s]+")
_UTC = ZoneInfo("UTC")
_A_DAY = len("2024-12-31")


def filters_words(filters: Sequence[AttributeFilter], zone: tzinfo = UTC) -> str:
    """All of them; empty where there are none."""
    return joined([filter_words(each, zone) for each in filters], "and")


def filter_words(each: AttributeFilter, zone: tzinfo = UTC) -> str:
    """Such as "category is one of “tea” or “coffee”"."""
    name = attribute_words(each.attribute)
    if each.operator is Operator.EXISTS:
        return f"{name} is given" if each.value else f"{name} is not given"
    if each.operator in _OF_MOMENTS and isinstance(each.value, str):
        return f"{name} {_OF_MOMENTS[each.operator]} {_moment(each.value, zone)}"
    given = each.value if isinstance(each.value, tuple) else (each.value,)
    return f"{name} {_OPERATORS[each.operator]} {joined([*map(_scalar, given)], 'or')}"


def attribute_words(path: str) -> str:
    """ "own cup" of `ownCup`, and "shop city" of `shop.city`."""
    if path == OWN_VALUE:
        return "the value"
    words = [word for word in _BETWEEN_WORDS.split(path) if word]
    said = [word if word.isupper() else word[:1].lower() + word[1:] for word in words]
    return " ".join(said) or path


def _scalar(value: Scalar) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return plain(value) if isinstance(value, Decimal) else quoted(value)


def _moment(text: str, zone: tzinfo) -> str:
    """A day is the same one everywhere; a moment is told on the zone's clock."""
    moment = read_moment(text, _UTC)
    if moment is None:
        return quoted(text)
    if len(text) == _A_DAY:
        return day_words(date.fromisoformat(text))
    return moment_words(moment, zone)
