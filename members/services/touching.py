"""Say that something was learned about members, for the conditions to look at.

Whoever writes a fact touches its member in the same transaction: the rows are the queue of live
evaluation, so a fact that is on disk is evaluated, whatever dies in between.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.models import Store
from loyalty.services.hints import wake_workers


@dataclass(frozen=True, slots=True)
class Touch:
    """`input` and `since` as in `TouchedMember`; `takes_away`: something may be unmet by it."""

    member_id: UUID
    input: str
    since: datetime
    takes_away: bool = False


MEMBER_INPUT = "member"
"""What a condition listens to that asks for the member's own details, such as the time zone."""


def activity_input(event_type: str) -> str:
    """What a condition on activity of that type listens to."""
    return f"activity:{event_type}"


# In the order of members, so that two of these never wait for each other's members in a ring.
_TOUCH = """
INSERT INTO members_touchedmember (store_id, member_id, input, since, takes_away, touched_at)
SELECT %(store)s, touched.member_id, touched.input, touched.since, touched.takes_away, %(now)s
  FROM unnest(%(members)b::uuid[], %(inputs)b::text[], %(moments)b::timestamptz[],
              %(takes_away)b::bool[]) AS touched (member_id, input, since, takes_away)
"""


def touch(store: Store, touched: Iterable[Touch], *, now: datetime) -> None:
    """Add what was touched to the transaction under way, and wake the workers when it is through.

    Each member and input becomes one row.  The members must exist; whoever wrote a fact that
    refers to them has seen to that.
    """
    merged: dict[tuple[UUID, str], Touch] = {}
    for each in touched:
        key = (each.member_id, each.input)
        known = merged.get(key)
        merged[key] = each if known is None else _both(known, each)
    if not merged:
        return
    rows = [merged[key] for key in sorted(merged)]
    values: dict[str, Any] = {
        "store": store.id,
        "now": now,
        "members": [row.member_id for row in rows],
        "inputs": [row.input for row in rows],
        "moments": [row.since for row in rows],
        "takes_away": [row.takes_away for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH, values)
    wake_workers()


def _both(one: Touch, other: Touch) -> Touch:
    since = min(one.since, other.since)
    return Touch(one.member_id, one.input, since, one.takes_away or other.takes_away)
