"""Find many members by what people call them."""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet

from loyalty.models import Store
from members.models import ExternalIdentifier, Member

# How each key is compared.  Every one of these is an index look-up.
_QUERIES = {
    "id": """
        SELECT given.value, m.id FROM unnest(%(values)s::text[]) AS given (value)
          JOIN members_member m ON m.store_id = %(store)s AND m.id = given.value::uuid
        """,
    "email": """
        SELECT given.value, m.id FROM unnest(%(values)s::text[]) AS given (value)
          JOIN members_member m ON m.store_id = %(store)s AND lower(m.email) = lower(given.value)
        """,
    "phone": """
        SELECT given.value, m.id FROM unnest(%(values)s::text[]) AS given (value)
          JOIN members_member m ON m.store_id = %(store)s AND m.phone = given.value
        """,
    "loyaltyCardNumber": """
        SELECT given.value, m.id FROM unnest(%(values)s::text[]) AS given (value)
          JOIN members_member m ON m.store_id = %(store)s AND m.loyalty_card_number = given.value
        """,
    "walletAddress": """
        SELECT given.value, e.member_id FROM unnest(%(values)s::text[]) AS given (value)
          JOIN members_externalidentifier e ON e.store_id = %(store)s
               AND e.kind = 'walletAddress'
               AND e.value = CASE WHEN given.value ~ '^0x[0-9a-fA-F]{40}$'
                                  THEN lower(given.value) ELSE given.value END
        """,
}

Named = tuple[str, str]
"""A key of `KEYS` and a value, such as ("email", "anna@example.com")."""

KEYS = tuple(_QUERIES)


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
            cursor.execute(_QUERIES[key], {"store": store.id, "values": sorted(values)})
            found |= {(key, value): member_id for value, member_id in cursor.fetchall()}
    return found
