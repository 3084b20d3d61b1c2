"""Who is calling, and what they may do: one statement for a whole request.

The answer also carries the store that the URL names, so entering a store costs no query more.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone

from loyalty.actors import Actor, ActorKind, Source
from loyalty.errors import Forbidden, Unauthenticated
from loyalty.models import Access, Resource, Store

Reason = Unauthenticated.Reason

KEY_PREFIX = "rsk"


@dataclass(frozen=True, slots=True)
class Caller:
    """An administrator or an API key, and the store that the URL names (None: no such store).

    `permissions` hold in that store; where the URL names none, they are those of any role.
    """

    actor: Actor
    administrator_id: UUID | None
    store: Store | None = None
    is_master: bool = False
    enters_store: bool = False
    permissions: frozenset[tuple[str, str]] = field(default_factory=frozenset)

    @property
    def is_member(self) -> bool:
        """Members hold no permissions; they reach what an endpoint opens to its owner."""
        return False

    def may(self, resource: Resource, access: Access) -> bool:
        if self.is_master:
            return True
        held = self.permissions
        return (resource, Access.MODIFY) in held or (
            access == Access.VIEW and (resource, Access.VIEW) in held
        )

    def entered_store(self) -> Store:
        """The store of the URL; a store that is not there and one not to be entered are alike."""
        if self.store is None or not (self.is_master or self.enters_store):
            raise Forbidden
        return self.store


_STORE_COLUMNS = [column.attname for column in Store._meta.concrete_fields]

# {owner} joins the credential to its administrator, {match} finds it.
_CALLER = """
SELECT a.id, a.username, a.is_active, a.token_version, k.hash, k.expires_at, k.last_used_at, k.id,
       k.name,
       coalesce(bool_or(r.is_master), false),
       coalesce(bool_or(rs.store_id IS NOT NULL), false),
       coalesce(array_agg(DISTINCT ARRAY[p.resource, p.access])
                FILTER (WHERE p.id IS NOT NULL
                          AND (%(code)s::text IS NULL OR rs.store_id IS NOT NULL)), '{{}}'),
       {store}
  FROM loyalty_administrator a
  LEFT JOIN loyalty_apikey k ON k.administrator_id = a.id AND k.public_part = %(public)s
  LEFT JOIN loyalty_store s ON lower(s.code) = lower(%(code)s)
  LEFT JOIN loyalty_administrator_roles ar ON ar.administrator_id = a.id
  LEFT JOIN loyalty_role r ON r.id = ar.role_id
  LEFT JOIN loyalty_role_stores rs ON rs.role_id = r.id AND rs.store_id = s.id
  LEFT JOIN loyalty_rolepermission p ON p.role_id = r.id
 WHERE {match}
 GROUP BY a.id, k.id, s.id
"""
_STORE_LIST = ", ".join(f"s.{column}" for column in _STORE_COLUMNS)
_BY_ID = _CALLER.format(store=_STORE_LIST, match="a.id = %(owner)s")
_BY_KEY = _CALLER.format(store=_STORE_LIST, match="k.id IS NOT NULL")


@dataclass(frozen=True, slots=True)
class KeyUse:
    """The API key that was used, and when it was used before."""

    key_id: UUID
    last_used_at: datetime | None


def administrator_by_token(
    administrator_id: UUID, version: int, store_code: str | None, address: str | None
) -> Caller:
    """The caller behind a verified access token, if the account still stands behind it."""
    row = _fetch(_BY_ID, owner=administrator_id, public=None, code=store_code)
    if row is None or not row[2] or row[3] != version:
        raise Unauthenticated(Reason.INVALID_TOKEN)
    actor = Actor(ActorKind.ADMIN, row[0], row[1], Source.API, address)
    return _caller(row, actor)


def administrator_by_key(
    key: str, store_code: str | None, address: str | None
) -> tuple[Caller, KeyUse]:
    """The caller behind an API key.  Raises `Unauthenticated` for an unknown or expired one."""
    public, _, _ = key.rpartition("_")
    # PostgreSQL takes no NUL, which a query string may hold.
    possible = public and public.isprintable()
    row = _fetch(_BY_KEY, owner=None, public=public, code=store_code) if possible else None
    if row is None or not hmac.compare_digest(bytes(row[4]), hash_key(key)) or not row[2]:
        raise Unauthenticated(Reason.INVALID_TOKEN)
    if row[5] is not None and row[5] <= timezone.now():
        raise Unauthenticated(Reason.EXPIRED_TOKEN)
    actor = Actor(ActorKind.API_KEY, row[7], f"{row[1]} ({row[8]})"[:255], Source.API, address)
    return _caller(row, actor), KeyUse(row[7], row[6])


def hash_key(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()


def _fetch(
    statement: str, *, owner: UUID | None, public: str | None, code: str | None
) -> Sequence[Any] | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"owner": owner, "public": public, "code": code})
        row: Sequence[Any] | None = cursor.fetchone()
    return row


def _caller(row: Sequence[Any], actor: Actor) -> Caller:
    store_values = row[12:]
    store = (
        Store.from_db("default", _STORE_COLUMNS, store_values)
        if store_values[0] is not None
        else None
    )
    return Caller(
        actor=actor,
        administrator_id=row[0],
        store=store,
        is_master=bool(row[9]),
        enters_store=bool(row[10]),
        permissions=frozenset((resource, access) for resource, access in row[11]),
    )
