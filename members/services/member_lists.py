"""Lists of members: make them, and put members on them and take them off."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from loyalty.actors import Actor
from loyalty.errors import NotFound, taken
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id
from loyalty.services.events import record
from loyalty.services.hints import wake_workers
from loyalty.transactions import writes
from members.models import MemberList
from members.services.locking import lock_members
from members.services.touching import Touch, touch

MOST_AT_ONCE = 1000


@writes
def create_member_list(store: Store, *, name: str, actor: Actor) -> MemberList:
    """Raises `Invalid` if another list has that name."""
    made = MemberList(store=store, name=name)
    _save(made, force_insert=True)
    _record(store, EventName.MEMBER_LIST_CREATED, made, actor)
    return made


@writes
def rename_member_list(store: Store, *, list_id: UUID, name: str, actor: Actor) -> None:
    """Raises `Invalid` if another list has that name."""
    found = lock_list(store, list_id)
    if found.name == name:
        return
    before, found.name = found.name, name
    _save(found, update_fields=["name"])
    _record(
        store, EventName.MEMBER_LIST_UPDATED, found, actor,
        before={"name": before}, after={"name": name},
    )  # fmt: skip


@writes
def delete_member_list(store: Store, *, list_id: UUID, actor: Actor, now: datetime) -> None:
    """Delete the list with all that is on it.  Conditions that name it find nobody listed."""
    found = lock_list(store, list_id)
    values: dict[str, Any] = {
        "store": store.id,
        "list": found.id,
        "input": list_input(found.id),
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH_ALL, values)
        cursor.execute("DELETE FROM members_memberlist WHERE store_id = %(store)s"
                       " AND id = %(list)s", values)  # fmt: skip
    wake_workers()
    _record(store, EventName.MEMBER_LIST_DELETED, found, actor)


@writes
def list_members(
    store: Store, *, list_id: UUID, members: Collection[UUID], actor: Actor, now: datetime
) -> set[UUID]:
    """Put the members on the list; those who were not on it before are returned."""
    found = lock_list(store, list_id)
    added = put_on_list(store, found, members, now=now)
    if added:
        _record(store, EventName.MEMBER_LIST_UPDATED, found, actor, added=len(added))
    return added


@writes
def unlist_members(
    store: Store, *, list_id: UUID, members: Collection[UUID], actor: Actor, now: datetime
) -> set[UUID]:
    """Take the members off the list; those who were on it are returned."""
    found = lock_list(store, list_id)
    lock_members(store, members)
    values: dict[str, Any] = {"store": store.id, "list": found.id, "members": list(members)}
    with connection.cursor() as cursor:
        cursor.execute(_REMOVE, values)
        removed = dict(cursor.fetchall())
    touch(
        store,
        [
            Touch(member_id, list_input(found.id), listed_at, takes_away=True)
            for member_id, listed_at in removed.items()
        ],
        now=now,
    )
    if removed:
        _record(store, EventName.MEMBER_LIST_UPDATED, found, actor, removed=len(removed))
    return set(removed)


def list_input(list_id: UUID) -> str:
    """What a condition on that list listens to."""
    return f"list:{list_id}"


def lock_list(store: Store, list_id: UUID | str) -> MemberList:
    """The list as it is now; nobody else changes it until the transaction ends."""
    found = MemberList.for_store(store).select_for_update(no_key=True).filter(id=list_id).first()
    if found is None:
        raise NotFound
    return found


_ADD = """
INSERT INTO members_listedmember (id, store_id, list_id, member_id, listed_at)
SELECT given.id, %(store)s, %(list)s, given.member_id, %(now)s
  FROM unnest(%(ids)b::uuid[], %(members)b::uuid[]) AS given (id, member_id)
ON CONFLICT (store_id, list_id, member_id) DO NOTHING
RETURNING member_id
"""
_REMOVE = """
DELETE FROM members_listedmember listed USING unnest(%(members)b::uuid[]) AS given (member_id)
 WHERE listed.store_id = %(store)s AND listed.list_id = %(list)s
   AND listed.member_id = given.member_id
RETURNING listed.member_id, listed.listed_at
"""
_TOUCH_ALL = """
INSERT INTO members_touchedmember (store_id, member_id, input, since, takes_away, touched_at)
SELECT store_id, member_id, %(input)s, listed_at, true, %(now)s
  FROM members_listedmember WHERE store_id = %(store)s AND list_id = %(list)s
 ORDER BY member_id
"""


def put_on_list(
    store: Store, member_list: MemberList, members: Collection[UUID], *, now: datetime
) -> set[UUID]:
    """The same in the transaction under way, with the list locked."""
    there = sorted(lock_members(store, members))
    values: dict[str, Any] = {
        "store": store.id,
        "list": member_list.id,
        "now": now,
        "ids": [new_id() for _ in there],
        "members": there,
    }
    with connection.cursor() as cursor:
        cursor.execute(_ADD, values)
        added = {member_id for (member_id,) in cursor.fetchall()}
    heard = list_input(member_list.id)
    touch(store, [Touch(member_id, heard, now) for member_id in added], now=now)
    return added


def _save(member_list: MemberList, **how: Any) -> None:
    try:
        with transaction.atomic():
            member_list.save(**how)
    except IntegrityError:
        raise taken("name", "A list with this name already exists.") from None


def _record(
    store: Store, name: EventName, member_list: MemberList, actor: Actor, **data: object
) -> None:
    record(
        store, name, subject_kind="memberList", subject_id=member_list.id, actor=actor,
        data={"name": member_list.name, **data},
    )  # fmt: skip
