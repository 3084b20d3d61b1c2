"""What counted towards a condition, and what nearly did, as rows for people who look into it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from badges.admin.job_words import counted
from badges.conditions.explanation import Explanation, Fact
from badges.conditions.tree import Count, External, Leaf, Streak, Sum, rule_of
from badges.conditions.wording_filters import attribute_words
from badges.conditions.wording_names import Names
from badges.conditions.wording_texts import plain

_SHOWN = 10
_MOST_ATTRIBUTES = 4
_MOST_TEXT = 40
# Of a purchase, what its type says already.
_DULL = {"documentType"}
_LINES = {
    "adding": "Points added",
    "spending": "Points spent",
    "expired": "Points expired",
    "cancelling": "Points cancelled",
    "grant": "Granted",
    "revocation": "Revoked",
    "correction": "Count corrected",
    "expiry": "Expired",
    "reinstatement": "Reinstated",
    "listed": "Put on the list",
}


def evidence(leaf: Leaf, found: Explanation, names: Names) -> dict[str, Any]:
    """The latest of both kinds, for the template."""
    return {
        "counted": [_row(leaf, fact, names) for fact in found.counted[:_SHOWN]],
        "counted_text": _heading(found.total_counted, "counts", "count"),
        "near": [_row(leaf, fact, names) for fact in found.not_counted[:_SHOWN]],
        "near_text": _heading(found.total_not_counted, "does not count", "do not count"),
    }


def _heading(total: int, one: str, many: str) -> str:
    more = f"; the latest {_SHOWN}:" if total > _SHOWN else ":"
    return f"{counted(total, 'entry', 'entries')} that {one if total == 1 else many}{more}"


def _row(leaf: Leaf, fact: Fact, names: Names) -> dict[str, str]:
    return {
        "at": date_format(timezone.localtime(fact.occurred_at), "j M Y, H:i"),
        "what": _what(leaf, fact, names),
        "why": " ".join(reason.words for reason in fact.reasons),
    }


def _what(leaf: Leaf, fact: Fact, names: Names) -> str:
    if not isinstance(leaf, Count | Sum | Streak | External):
        amount = "" if fact.what == "listed" else f": {plain(fact.amount)}"
        return f"{_LINES.get(fact.what, fact.what)}{amount}"
    if isinstance(leaf, External):
        parts = ["Confirmed"]
    else:
        parts = ["Completed" if rule_of(fact.what) else names.event(fact.what)]
    if fact.amount:
        parts.append(plain(fact.amount))
    if fact.returned:
        parts.append(f"of which {plain(fact.returned)} was returned")
    parts += _attributes(fact.attributes or {})
    return ", ".join(parts)


def _attributes(attributes: Mapping[str, Any]) -> Sequence[str]:
    """The first few that say something in a word or two."""
    plain_ones = [
        f"{attribute_words(name)}: {_value(value)[:_MOST_TEXT]}"
        for name, value in attributes.items()
        if isinstance(value, str | int | float) and name not in _DULL
    ]
    return plain_ones[:_MOST_ATTRIBUTES]


def _value(value: str | float | bool) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)
