"""One lock for each member: whatever happens to their badges and points happens one by one."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from loyalty.errors import NotFound
from loyalty.models import Store
from members.models import Member

_LOCK = """
SELECT id FROM members_member WHERE store_id = %s AND id = ANY(%s) ORDER BY id FOR NO KEY UPDATE
"""


def lock_members(store: Store, member_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the members that there are, locked until the transaction ends.

    Locks are taken in the order of ids, so two services never wait for each other in a ring.
    """
    with connection.cursor() as cursor:
        cursor.execute(_LOCK, [store.id, list(member_ids)])
        return {member_id for (member_id,) in cursor.fetchall()}


def lock_member(store: Store, member: Member) -> None:
    if not lock_members(store, [member.id]):
        raise NotFound
