"""Take back what a return returns."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.models import Store
from members.models import RETURN
from members.services.touching import Touch, activity_input

# Of the new rows, returns look for their purchase, and purchases for returns that came before
# them.  The callers hold the locks of these documents' names (see `meeting`), so neither can miss
# the other, and two returns of one purchase come one after the other.
#
# More than was paid cannot come back: `returned` stops at `value`.  Both sums start from the row
# as it is when its lock is held, because an UPDATE reads it again then.
_REVERSE = """
WITH given AS MATERIALIZED (
    SELECT %(store)s::uuid AS store_id, unnest(%(ids)b::uuid[]) AS id
), new AS MATERIALIZED (
    SELECT a.* FROM given CROSS JOIN LATERAL (
           SELECT a.store_id, a.id, a.source, a.type, a.external_id, a.reverses_external_id,
                  a.value
             FROM members_activity a
            WHERE a.store_id = given.store_id AND a.id = given.id OFFSET 0) a
), pair AS MATERIALIZED (
    SELECT new.id AS return_id, new.value, original.id AS original_id
      FROM new CROSS JOIN LATERAL (
           SELECT o.id FROM members_activity o
            WHERE o.store_id = new.store_id AND o.source = new.source
              AND o.external_id = new.reverses_external_id AND o.type <> %(return)s
           OFFSET 0) original
     WHERE new.type = %(return)s AND new.reverses_external_id <> ''
    UNION
    SELECT waiting.id, waiting.value, new.id
      FROM new CROSS JOIN LATERAL (
           SELECT r.id, r.value FROM members_activity r
            WHERE r.store_id = new.store_id AND r.source = new.source
              AND r.reverses_external_id = new.external_id AND r.reverses_external_id <> ''
              AND r.reverses_id IS NULL AND r.type = %(return)s
           OFFSET 0) waiting
     WHERE new.type <> %(return)s
), linked AS (
    UPDATE members_activity r SET reverses_id = pair.original_id
      FROM pair WHERE r.store_id = %(store)s AND r.id = pair.return_id
), taken AS (
    SELECT original_id, sum(value) AS value FROM pair GROUP BY original_id
)
UPDATE members_activity o
   SET returned = least(o.value, o.returned + taken.value),
       reversed_at = CASE WHEN o.returned + taken.value >= o.value
                          THEN coalesce(o.reversed_at, %(now)s::timestamptz) END
  FROM taken WHERE o.store_id = %(store)s AND o.id = taken.original_id
RETURNING o.member_id, o.type, o.occurred_at
"""


def apply_reversals(store: Store, new: Sequence[UUID], *, now: datetime) -> list[Touch]:
    """Link the returns among the new rows, or for them, to what they return, and take it back.

    Returns whom that takes something away from, since when the purchase was made.
    """
    values: dict[str, Any] = {"store": store.id, "ids": list(new), "return": RETURN, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(_REVERSE, values)
        return [
            Touch(member_id, activity_input(event_type), occurred_at, takes_away=True)
            for member_id, event_type, occurred_at in cursor.fetchall()
            if member_id is not None
        ]
