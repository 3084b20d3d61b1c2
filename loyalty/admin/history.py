"""What happened to a row, told from the log of events."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse

from loyalty.models import Event

_LATEST = 100
_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Line:
    """An event as a person reads it: what happened, and which values it changed."""

    event: Event
    title: str
    changes: tuple[tuple[str, str, str], ...]


def events_of(subject_kind: str, row: Any) -> QuerySet[Event]:
    """The events about the row itself, latest first.

    Those about a member are the member's history: a badge type that a million members earned
    has had a handful of changes.
    """
    return Event.across_stores.filter(
        subject_kind=subject_kind, subject_id=str(row.pk), member_id=None
    ).order_by("-sequence")


def words(name: str) -> str:
    """ "BadgeTypeUpdated" as "Badge type updated"."""
    text = _WORD.sub(" ", name).lower().replace("customer", "member")
    return text[:1].upper() + text[1:]


def lines(events: QuerySet[Event]) -> Iterator[Line]:
    for event in events[:_LATEST]:
        yield Line(event, words(event.name), tuple(changes_in(event.data)))


def change_lines(data: dict[str, Any]) -> Iterator[str]:
    """What an event says beside its name, in as few words as a list has room for."""
    changed = {name for name, _, _ in changes_in(data)}
    for name, before, after in changes_in(data):
        yield f"{name}: {before} → {after}" if before or after else name
    for name, value in data.items():
        if not changed and not isinstance(value, dict | list) and value not in (None, ""):
            yield f"{words(name).lower()}: {_shown(value)}"


def changes_in(data: dict[str, Any]) -> Iterator[tuple[str, str, str]]:
    """The names of what changed, what it was and what it is; of personal data the names alone."""
    before, after = data.get("before", {}), data.get("after", {})
    for name in after:
        yield name.replace("_", " "), _shown(before.get(name)), _shown(after[name])
    names = data.get("changed", [])
    for name in names if isinstance(names, list) else []:
        yield name.replace("_", " "), "", ""


def _shown(value: Any) -> str:
    match value:
        case None | "":
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case dict():
            names = [
                f"{locale}: {texts.get('name', '')}" if isinstance(texts, dict) else str(texts)
                for locale, texts in value.items()
            ]
            return ", ".join(names)
        case list():
            return ", ".join(str(item) for item in value)
        case _:
            return str(value)


def history_page(admin: Any, request: HttpRequest, row: Any, events: Any) -> HttpResponse:
    context = {
        "title": f"History of {row}",
        "row": row,
        "lines": list(lines(events)),
        "latest": _LATEST,
        "back": admin.url_of(row),
    }
    response: HttpResponse = admin.show(request, "loyalty/admin/history.html", context)
    return response
