"""Write activity.

The only code that adds rows of `Activity`, whoever brings them: custom events, transactions,
completed rules and confirmations.  It works on sets: one row and a thousand take the same number
of statements.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
from django.db import connection

from loyalty.actors import Actor
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id
from members.models import ActivitySource
from members.selectors.identifiers import Named, member_ids
from members.services.activity_events import tell_activity
from members.services.meeting import document_name, lock_names, member_name
from members.services.reversals import apply_reversals
from members.services.touching import Touch, activity_input, touch

# What a sender may call a member, in the order in which it counts, and the key that
# `member_ids` has for it.
_KEYS = {
    "customerId": "id",
    "email": "email",
    "phone": "phone",
    "loyaltyCardNumber": "loyaltyCardNumber",
}
IDENTIFIERS = tuple(_KEYS)


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One thing that a member did, to be written.

    `external_id` is unique within the source, for ever.  The member is `member_id`, or is looked
    for by `identifiers`: any of `customerId` (a UUID), `email`, `phone`, `loyaltyCardNumber`, of
    which the first that names somebody counts, in this order.  Without either, or if nobody is
    called so, the activity waits for its member.

    `reverses_external_id` names the transaction that a return takes back.

    `told` is what the event that tells of it says beside type, time and value; no personal data.
    `event` is its name, if it is not the one of its source.
    """

    type: str
    source: ActivitySource
    external_id: str
    occurred_at: datetime
    value: Decimal = Decimal(0)
    attributes: Mapping[str, object] = field(default_factory=dict)
    member_id: UUID | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    reverses_external_id: str = ""
    told: Mapping[str, object] = field(default_factory=dict)
    event: EventName | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a row: `id` is the activity that has its external id now.

    `is_new` is false if that one was there before, and nothing was written.
    """

    id: UUID
    is_new: bool


Key = tuple[str, str]
"""A source and an external id."""


def record_activities(
    store: Store, rows: Sequence[ActivityRow], *, actor: Actor, now: datetime
) -> list[Recorded]:
    """Write the rows whose external ids are new, in the transaction under way, and tell of them.

    Finds their members, applies what takes something back, and touches everybody concerned.
    Takes locks by name (`meeting`), so it is called once in a transaction.  The answer has one
    element for each row, in their order.
    """
    first: dict[Key, ActivityRow] = {}
    for row in rows:
        first.setdefault(_key(row), row)
    # In the order of keys: two batches with the same keys never wait for each other in a ring.
    wanted = [first[key] for key in sorted(first)]
    if not wanted:
        return []
    owners = _owners(store, wanted)
    written = _insert(store, wanted, owners, now)
    ids = {_key(row): row.id for row in wanted if row.id in written}
    known = known_activities(store, [key for key in first if key not in ids])
    touched = [
        Touch(member_id, activity_input(row.type), row.occurred_at)
        for row in wanted
        if (member_id := written.get(row.id)) is not None
    ]
    transactions = [
        row.id for row in wanted if row.id in written and row.source == ActivitySource.TRANSACTION
    ]
    if transactions:
        touched += apply_reversals(store, transactions, now=now)
    touch(store, touched, now=now)
    tell_activity(
        store, ((row, written[row.id]) for row in wanted if row.id in written), actor=actor
    )
    return [
        Recorded(ids[key], first[key] is row) if key in ids else Recorded(known[key], False)
        for row in rows
        for key in (_key(row),)
    ]


def _key(row: ActivityRow) -> Key:
    return (str(row.source), row.external_id)


def _owners(store: Store, rows: Sequence[ActivityRow]) -> dict[UUID, UUID]:
    """By row, the member whose activity it is; those whom nobody knows are not in it.

    Looks again for the latter when their names are locked: a registration that was under way at
    the first look is committed then, or will find what we write.
    """
    owners = {row.id: row.member_id for row in rows if row.member_id is not None}
    owners |= _named(store, [row for row in rows if row.id not in owners])
    unknown = [row for row in rows if row.id not in owners and row.identifiers]
    bringing = [
        member_name(key, value)
        for row in unknown
        for key, value in row.identifiers.items()
        if key != "customerId"  # Nobody is registered with an id that was known before.
    ]
    transactions = [row for row in rows if row.source == ActivitySource.TRANSACTION]
    bringing += [document_name(row.external_id) for row in transactions]
    coming = [document_name(row.reverses_external_id) for row in transactions
              if row.reverses_external_id]  # fmt: skip
    lock_names(store, bringing=bringing, coming=coming)
    return owners | _named(store, unknown)


def _named(store: Store, rows: Iterable[ActivityRow]) -> dict[UUID, UUID]:
    names = {row.id: list(_names(row)) for row in rows}
    found = member_ids(store, (name for each in names.values() for name in each))
    return {
        row_id: next(found[name] for name in each if name in found)
        for row_id, each in names.items()
        if any(name in found for name in each)
    }


def _names(row: ActivityRow) -> Iterator[Named]:
    for key, named in _KEYS.items():
        if value := row.identifiers.get(key):
            yield (named, value)


# The members stay until we are done; one who was deleted a moment ago is forgotten, and so is
# what the sender called them.
_INSERT = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%(ids)b::uuid[], %(members)b::uuid[], %(types)b::text[],
                         %(sources)b::text[], %(external_ids)b::text[],
                         %(moments)b::timestamptz[], %(values)b::numeric[],
                         %(attributes)b::jsonb[], %(identifiers)b::jsonb[], %(reverses)b::text[])
           AS given (id, member_id, type, source, external_id, occurred_at, value, attributes,
                     identifiers, reverses_external_id)
), owner AS MATERIALIZED (
    SELECT m.id FROM members_member m
     WHERE m.store_id = %(store)s AND m.id = ANY(%(owners)b::uuid[])
     ORDER BY m.id FOR KEY SHARE
)
INSERT INTO members_activity
       (store_id, id, member_id, type, source, external_id, occurred_at, received_at, value,
        attributes, identifiers, reverses_external_id, returned)
SELECT %(store)s::uuid, given.id, owner.id, given.type, given.source, given.external_id,
       given.occurred_at, %(now)s::timestamptz, given.value, given.attributes,
       CASE WHEN given.member_id IS NULL THEN given.identifiers ELSE '{}' END,
       given.reverses_external_id, 0
  FROM given LEFT JOIN owner ON owner.id = given.member_id
    ON CONFLICT (store_id, source, external_id) DO NOTHING
RETURNING id, member_id
"""


def _insert(
    store: Store, rows: Sequence[ActivityRow], owners: Mapping[UUID, UUID], now: datetime
) -> dict[UUID, UUID | None]:
    """The rows that were really written, with their members."""
    values: dict[str, Any] = {
        "store": store.id,
        "now": now,
        "owners": sorted(set(owners.values())),
        "ids": [row.id for row in rows],
        "members": [owners.get(row.id) for row in rows],
        "types": [row.type for row in rows],
        "sources": [str(row.source) for row in rows],
        "external_ids": [row.external_id for row in rows],
        "moments": [row.occurred_at for row in rows],
        "values": [row.value for row in rows],
        "attributes": [_json(row.attributes) for row in rows],
        "identifiers": [_json(row.identifiers) for row in rows],
        "reverses": [row.reverses_external_id for row in rows],
    }
    with connection.cursor() as cursor:
        cursor.execute(_INSERT, values)
        return dict(cursor.fetchall())


def _json(value: Mapping[str, object]) -> str:
    return orjson.dumps(value).decode()


_KNOWN = """
SELECT given.source, given.external_id, known.id
  FROM unnest(%(sources)b::text[], %(external_ids)b::text[]) AS given (source, external_id)
 CROSS JOIN LATERAL (
       SELECT a.id FROM members_activity a
        WHERE a.store_id = %(store)s AND a.source = given.source
          AND a.external_id = given.external_id OFFSET 0) known
"""


def known_activities(store: Store, keys: Sequence[Key]) -> dict[Key, UUID]:
    """The activities that were there before: a new statement sees what ours ran into."""
    if not keys:
        return {}
    values: dict[str, Any] = {
        "store": store.id,
        "sources": [source for source, _ in keys],
        "external_ids": [external_id for _, external_id in keys],
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, values)
        return {(source, external_id): found for source, external_id, found in cursor.fetchall()}
