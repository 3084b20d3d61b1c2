"""Find many members by what people call them."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from loyalty.models import Store
from members.models import ExternalIdentifier, Member

# How each key is compared: the row that has the member's id, and when it is the one that
# `given.value` names.  Every one of these is an index look-up.
_MATCHES = {
    "id": ("m.id", "members_member m ON m.store_id = %(store)s AND m.id = given.value::uuid"),
    "email": (
        "m.id",
        "members_member m ON m.store_id = %(store)s AND lower(m.email) = lower(given.value)",
    ),
    "phone": ("m.id", "members_member m ON m.store_id = %(store)s AND m.phone = given.value"),
    "loyaltyCardNumber": (
        "m.id",
        "members_member m ON m.store_id = %(store)s AND m.loyalty_card_number = given.value",
    ),
    "walletAddress": (
        "e.member_id",
        """members_externalidentifier e ON e.store_id = %(store)s AND e.kind = 'walletAddress'
               AND e.value = CASE WHEN given.value ~ '^0x[0-9a-fA-F]{40}$'
                                  THEN lower(given.value) ELSE given.value END""",
    ),
}

Named = tuple[str, str]
"""A key of `KEYS` and a value, such as ("email", "anna@example.com")."""

KEYS = tuple(_MATCHES)


def named_sql(key: str, given: str) -> str:
    """A statement for `value` and `member_id` of the members that `given` names by that key.

    `given` is SQL for a table of one column; the statement has the parameter `store`.
    """
    column, match = _MATCHES[key]
    return (
        f"SELECT given.value, {column} AS member_id FROM {given} AS given (value)"  # noqa: S608
        f" JOIN {match}"
    )


def external_identifiers(store: Store, member: Member) -> QuerySet[ExternalIdentifier]:
    return ExternalIdentifier.for_store(store).filter(member=member).order_by("kind")


def member_ids(store: Store, named: Iterable[Named]) -> dict[Named, UUID]:
    """The members behind the names; one query for each key that occurs.

    Names that nobody has are not in the answer.  Values under "id" must be UUIDs.
    """
    by_key: dict[str, set[str]] = defaultdict(set)
    for key, value in named:
        by_key[key].add(value)
    found: dict[Named, UUID] = {}
    with connection.cursor() as cursor:
        for key, values in by_key.items():
            statement = named_sql(key, "unnest(%(values)s::text[])")
            cursor.execute(statement, {"store": store.id, "values": sorted(values)})
            found |= {(key, value): member_id for value, member_id in cursor.fetchall()}
    return found
