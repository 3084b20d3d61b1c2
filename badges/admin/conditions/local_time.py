"""Dates between which a condition counts: a tree has offsets, the form shows the store's clock.

What comes back without an offset is read on the store's clock by the parser.
"""

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
            local = datetime.fromisoformat(window[end]).astimezone(zone).replace(tzinfo=None)
            window[end] = local.isoformat(timespec="seconds" if local.second else "minutes")
    return shown


def _windows(node: Json) -> Iterator[Json]:
    if node.get("window", {}).get("type") == "between":
        yield node["window"]
    for child in node.get("conditions", ()):
        yield from _windows(child)
