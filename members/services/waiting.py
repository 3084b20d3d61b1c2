"""Activity that came before its member: find it when the member comes, forget it when they go."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.actors import Actor
from loyalty.models import EventName, Store
from loyalty.services.events import Told, record_all
from members.services.meeting import lock_names, member_name
from members.services.touching import Touch, activity_input, touch

Names = Iterable[tuple[str, str | None]]
"""Keys and values, such as ("email", "anna@example.com")."""


def expect_members(store: Store, names: Names) -> None:
    """Say which names members are about to have, before they have them.

    Activity under these names that is being written is waited for, and will be seen; what comes
    after waits until the members are there.  See `meeting`; call it once in a transaction.
    """
    lock_names(store, coming=[member_name(key, value) for key, value in names if value])


# One look-up in the index of each kind of name, for each member.
_MATCHES = " UNION ALL ".join(
    f"""
    SELECT fresh.id AS member_id, {rank} AS rank, waiting.id
      FROM fresh CROSS JOIN LATERAL (
           SELECT a.id FROM members_activity a
            WHERE a.store_id = fresh.store_id AND a.member_id IS NULL AND {match}
           OFFSET 0) waiting"""  # noqa: S608
    for rank, match in enumerate(
        (
            "a.identifiers ? 'email' AND lower(a.identifiers ->> 'email') = lower(fresh.email)",
            "a.identifiers ? 'phone' AND (a.identifiers ->> 'phone') = fresh.phone",
            """a.identifiers ? 'loyaltyCardNumber'
               AND (a.identifiers ->> 'loyaltyCardNumber') = fresh.loyalty_card_number""",
        )
    )
)
_ADOPT = f"""
WITH given AS MATERIALIZED (
    SELECT %(store)s::uuid AS store_id, unnest(%(members)b::uuid[]) AS id
), fresh AS MATERIALIZED (
    SELECT m.* FROM given CROSS JOIN LATERAL (
           SELECT m.store_id, m.id, m.email, m.phone, m.loyalty_card_number
             FROM members_member m
            WHERE m.store_id = given.store_id AND m.id = given.id OFFSET 0) m
), found AS MATERIALIZED (
    SELECT DISTINCT ON (id) id, member_id FROM ({_MATCHES}) every ORDER BY id, rank
), adopted AS (
    UPDATE members_activity a SET member_id = found.member_id, identifiers = '{{}}'
      FROM found
     WHERE a.store_id = %(store)s AND a.id = found.id AND a.member_id IS NULL
    RETURNING a.member_id, a.type, a.occurred_at
)
SELECT member_id, type, min(occurred_at), count(*) FROM adopted GROUP BY member_id, type
"""  # noqa: S608


def adopt_waiting(store: Store, members: Sequence[UUID], *, actor: Actor, now: datetime) -> None:
    """Give the members the activity that waited under their names, and forget these names.

    The caller said whom to expect, and has written the members.
    """
    if not members:
        return
    values: dict[str, Any] = {"store": store.id, "members": list(members)}
    with connection.cursor() as cursor:
        cursor.execute(_ADOPT, values)
        adopted = cursor.fetchall()
    touch(
        store,
        (Touch(member_id, activity_input(kind), since) for member_id, kind, since, _ in adopted),
        now=now,
    )
    counts: dict[UUID, int] = {}
    for member_id, _, _, count in adopted:
        counts[member_id] = counts.get(member_id, 0) + count
    record_all(
        store,
        (
            Told(EventName.ACTIVITY_MATCHED, "member", member_id, member_id, {"activities": count})
            for member_id, count in counts.items()
        ),
        actor=actor,
    )


_FORGET = """
UPDATE members_activity a SET identifiers = '{}'
  FROM (SELECT waiting.id
          FROM unnest(%(emails)s::text[]) AS given (name) CROSS JOIN LATERAL (
               SELECT a.id FROM members_activity a
                WHERE a.store_id = %(store)s AND a.member_id IS NULL AND a.identifiers ? 'email'
                  AND lower(a.identifiers ->> 'email') = lower(given.name) OFFSET 0) waiting
        UNION
        SELECT waiting.id
          FROM unnest(%(phones)s::text[]) AS given (name) CROSS JOIN LATERAL (
               SELECT a.id FROM members_activity a
                WHERE a.store_id = %(store)s AND a.member_id IS NULL AND a.identifiers ? 'phone'
                  AND (a.identifiers ->> 'phone') = given.name OFFSET 0) waiting
        UNION
        SELECT waiting.id
          FROM unnest(%(cards)s::text[]) AS given (name) CROSS JOIN LATERAL (
               SELECT a.id FROM members_activity a
                WHERE a.store_id = %(store)s AND a.member_id IS NULL
                  AND a.identifiers ? 'loyaltyCardNumber'
                  AND (a.identifiers ->> 'loyaltyCardNumber') = given.name OFFSET 0) waiting
       ) AS named
 WHERE a.store_id = %(store)s AND a.id = named.id AND a.member_id IS NULL
"""


def forget_waiting(store: Store, names: Names) -> None:
    """Waiting activity that names somebody who is to be forgotten names nobody from now on."""
    given = [(key, value) for key, value in names if value]
    lock_names(store, coming=[member_name(key, value) for key, value in given])

    def of(wanted: str) -> list[str]:
        return [value for key, value in given if key == wanted]

    with connection.cursor() as cursor:
        cursor.execute(
            _FORGET,
            {
                "store": store.id,
                "emails": of("email"),
                "phones": of("phone"),
                "cards": of("loyaltyCardNumber"),
            },
        )
