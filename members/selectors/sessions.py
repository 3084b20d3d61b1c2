"""The member behind a token."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from loyalty.actors import Actor, ActorKind, Source
from loyalty.errors import Forbidden, Unauthenticated
from loyalty.identifiers import Identifier
from loyalty.models import Access, Resource, Store
from loyalty.selectors.callers import STORE, Caller
from loyalty.tokens import MemberAccessToken
from members.models import Member
from members.selectors.members import MEMBER


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberCaller(Caller):
    """A member, who may do in their own store what an endpoint allows for "own"."""

    member: Member

    @property
    def is_member(self) -> bool:
        return True

    def may(self, resource: Resource, access: Access) -> bool:
        return False

    def is_called(self, identifier: Identifier) -> bool:
        """Whether the identifier means this member; costs no query and tells nothing of others."""
        match identifier.key:
            case "id":
                return identifier.uuid == self.member.id
            case "email":
                return (self.member.email or "").lower() == identifier.value.lower()
            case "phone":
                return self.member.phone == identifier.value
            case _:
                return self.member.loyalty_card_number == identifier.value


_MEMBER = f"""
SELECT {MEMBER.columns("m")}, {STORE.columns("s")}
  FROM members_member m JOIN loyalty_store s ON s.id = m.store_id
 WHERE m.store_id = %s AND m.id = %s
"""  # noqa: S608 (the names of our own columns)


def _with_store(row: Sequence[Any]) -> Member:
    member = MEMBER.instance(row[: len(MEMBER)])
    member.store = STORE.instance(row[len(MEMBER) :])
    return member


def member_by_token(
    token: MemberAccessToken, store_code: str | None, address: str | None
) -> MemberCaller:
    """One statement.  Raises `Forbidden` in any other store, whether or not it exists.

    Without a store code the URL is one outside of stores, and the token's own store is meant.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MEMBER, [token.store_id, token.owner_id])
        row = cursor.fetchone()
    member = _with_store(row) if row else None
    if member is None or not member.active or member.token_version != token.version:
        raise Unauthenticated(Unauthenticated.Reason.INVALID_TOKEN)
    store: Store = member.store
    elsewhere = store_code is not None and store.code.lower() != store_code.lower()
    if elsewhere or not store.active:
        raise Forbidden
    actor = Actor(ActorKind.MEMBER, member.id, f"member {member.id}", Source.API, address)
    return MemberCaller(
        actor=actor, administrator_id=None, store=store, enters_store=True, member=member
    )
