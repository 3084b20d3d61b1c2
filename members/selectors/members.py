"""Find members."""

from django.db import connection
from django.db.models import QuerySet, Value
from django.db.models.functions import Lower
from django.db.models.lookups import Exact

from loyalty.errors import NotFound
from loyalty.identifiers import Identifier
from loyalty.models import Event, Store
from loyalty.models.rows import RowShape
from members.models import Member


def members(store: Store) -> QuerySet[Member]:
    return Member.for_store(store)


# The same as `members_named` in SQL, for statements that are written by hand: `m` is the member,
# `%(member)s` the value.
NAMED = {
    "id": "m.id = %(member)s::uuid",
    "email": "lower(m.email) = lower(%(member)s)",
    "phone": "m.phone = %(member)s",
    "loyaltyCardNumber": "m.loyalty_card_number = %(member)s",
}


def members_named(store: Store, identifier: Identifier) -> QuerySet[Member]:
    """At most one member.  E-mail addresses match whatever their case."""
    found = members(store)
    match identifier.key:
        case "id":
            return found.filter(id=identifier.uuid)
        case "email":
            return found.filter(Exact(Lower("email"), Lower(Value(identifier.value))))
        case "phone":
            return found.filter(phone=identifier.value)
        case _:
            return found.filter(loyalty_card_number=identifier.value)


MEMBER = RowShape(Member)
_BY_NAME = {
    key: f"SELECT {MEMBER.columns('m')} FROM members_member m WHERE m.store_id = %(store)s AND {name}"  # noqa: E501, S608
    for key, name in NAMED.items()
}


def get_member(store: Store, identifier: Identifier) -> Member:
    with connection.cursor() as cursor:
        cursor.execute(_BY_NAME[identifier.key], {"store": store.id, "member": identifier.value})
        row = cursor.fetchone()
    if row is None:
        raise NotFound
    return MEMBER.instance(row)


def history_of(store: Store, member: Member) -> QuerySet[Event]:
    """What happened to the member, as the log of events has it."""
    return Event.for_store(store).filter(member_id=member.id)
