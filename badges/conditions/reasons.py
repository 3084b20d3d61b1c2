"""Why something does not count, in a word for programs and in a sentence for people."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import StrEnum
from typing import Any

import orjson

from badges.conditions.tree import (
    OWN_VALUE,
    AttributeFilter,
    Between,
    Calendar,
    Count,
    Leaf,
    Rolling,
    Streak,
    Sum,
)
from badges.conditions.wording_filters import attribute_words, filter_words
from badges.conditions.wording_texts import moment_words, plain, quoted
from badges.conditions.wording_windows import span_words
from badges.conditions.writing import number, written_filter

MOST_SHOWN = 200
"""Of what an attribute really is, so many characters are told."""


class Reason(StrEnum):
    BEFORE_COUNTING_FROM = "before_counting_from"
    OUTSIDE_WINDOW = "outside_window"
    TOO_EARLY = "too_early"
    TOO_LATE = "too_late"
    REVERSED = "reversed"
    FILTER = "filter"
    DUPLICATE_VALUE = "duplicate_value"
    OF_ANOTHER_KIND = "of_another_kind"


@dataclass(frozen=True, slots=True)
class Why:
    """One reason.  Of FILTER, the filter as its JSON, and what was there instead."""

    code: Reason
    words: str
    filter: dict[str, Any] | None = None
    actual: object = None


def too_old(counting_from: datetime, zone: tzinfo) -> Why:
    began = moment_words(counting_from, zone)
    return Why(Reason.BEFORE_COUNTING_FROM, f"Counting began on {began}, after it.")


def too_early(window: Between, zone: tzinfo) -> Why:
    since = moment_words(window.since, zone)
    return Why(Reason.TOO_EARLY, f"Only what happened from {since} on counts.")


def too_late(window: Between, zone: tzinfo) -> Why:
    until = moment_words(window.until, zone)
    return Why(Reason.TOO_LATE, f"Only what happened before {until} counts.")


def taken_back() -> Why:
    return Why(Reason.REVERSED, "It was returned or cancelled.")


def filtered(
    each: AttributeFilter, value: Decimal, attributes: dict[str, Any], zone: tzinfo
) -> Why:
    found = found_at(each.attribute, value, attributes)
    shown = ", ".join(_shown(one) for one in found) or "not given"
    what = f"{attribute_words(each.attribute)} is {shown}"
    words = f"Asked for is that {filter_words(each, zone)}; {what}."
    actual = found[0] if len(found) == 1 else found or None
    return Why(Reason.FILTER, words, written_filter(each), actual)


def lacks(attribute: str) -> Why:
    asked = {"attribute": attribute, "operator": "exists", "value": True}
    return Why(Reason.FILTER, f"It has no {attribute_words(attribute)} to be counted.", asked)


def seen_before(attribute: str) -> Why:
    return Why(Reason.DUPLICATE_VALUE, f"Its {attribute_words(attribute)} was counted before.")


def outside(leaf: Leaf) -> Why:
    return Why(Reason.OUTSIDE_WINDOW, _outside(leaf))


def _outside(leaf: Leaf) -> str:
    if isinstance(leaf, Streak):
        return f"Its {leaf.unit} does not belong to the streak."
    if isinstance(leaf, Count | Sum) and isinstance(leaf.window, Calendar):
        return f"It was in another calendar {leaf.window.period}."
    if isinstance(leaf, Count | Sum) and isinstance(leaf.window, Rolling):
        return f"It is not within the same {span_words(leaf.window)}."
    raise TypeError(f"{leaf.id} has no window to be outside of.")


def found_at(path: str, value: Decimal, attributes: dict[str, Any]) -> list[Any]:
    """What stands at the path, through arrays; in JSON's own types."""
    if path == OWN_VALUE:
        return [number(value)]
    found: list[Any] = [attributes]
    for key in path.split("."):
        below = [each[key] for each in found if isinstance(each, dict) and key in each]
        found = list(_unpacked(list(_unpacked(below))))
    return [each for each in found if each is not None]


def _unpacked(found: list[Any]) -> Iterator[Any]:
    for each in found:
        if isinstance(each, list):
            yield from each
        else:
            yield each


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return quoted(value[:MOST_SHOWN])
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return plain(Decimal(str(value)))
    return orjson.dumps(value).decode()[:MOST_SHOWN]
