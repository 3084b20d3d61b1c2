"""Dates between which a condition counts: the form shows the store's clock, a tree has offsets."""

import copy
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

Json = dict[str, Any]


def on_the_clock(tree: Json, zone: ZoneInfo) -> Json:
    """A copy whose windows say the local time, without an offset, as the form's fields do."""
    shown = copy.deepcopy(tree)
    for window in _windows(shown):
        for end in ("from", "to"):
            moment = _moment(window.get(end))
            if moment and moment.tzinfo:
                local = moment.astimezone(zone).replace(tzinfo=None)
                window[end] = local.isoformat(timespec="seconds" if local.second else "minutes")
    return shown


def off_the_clock(tree: object, zone: ZoneInfo) -> object:
    """The same tree with offsets.  What is no date stays as it is: the parser says so better."""
    for window in _windows(tree):
        for end in ("from", "to"):
            moment = _moment(window.get(end))
            if moment and moment.tzinfo is None:
                window[end] = moment.replace(tzinfo=zone).isoformat()
    return tree


def _windows(tree: object) -> Iterator[Json]:
    """Every window in what may not be a tree at all, however deep it is."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            window = node.get("window")
            if isinstance(window, dict) and window.get("type") == "between":
                yield window
            waiting.append(node.get("conditions"))
        elif isinstance(node, list):
            waiting.extend(node)


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
