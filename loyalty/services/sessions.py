"""Sessions: what a login gives, how it is renewed, and how it ends.

A refresh token is 256 random bits and used up by one refresh.  Its successor is computed from
it, so that a client whose first answer was lost (or who double-clicked) gets the same successor
again within the grace period, although only hashes are stored.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils import timezone

from loyalty.actors import Actor
from loyalty.errors import Unauthenticated
from loyalty.models import Administrator, EventName, RefreshToken, Store
from loyalty.models.keys import new_id
from loyalty.services.events import record
from loyalty.transactions import writes


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose session it is: an administrator's, or that of a member of a store."""

    administrator_id: UUID | None = None
    store_id: UUID | None = None
    member_id: UUID | None = None

    @property
    def id(self) -> UUID:
        owner = self.administrator_id or self.member_id
        assert owner is not None  # noqa: S101 (an owner is one of the two)
        return owner


@writes
def open_session(owner: Owner, *, now: datetime) -> str:
    """Start a family; returns its first refresh token, which is not kept."""
    token = secrets.token_hex(32)
    _add_link(token, owner, family=new_id(), now=now)
    return token


@writes
def refresh_session(presented: str, *, store: Store | None, now: datetime) -> tuple[Owner, str]:
    """Use a refresh token up; returns its owner and the successor.

    With a store, only that store's members are served; without one, only administrators.
    A used token that returns after the grace period revokes its family, whoever holds it.
    Raises `Unauthenticated` for everything that is not a usable token.
    """
    token_hash = _hash(presented)
    # One statement decides the race: of any number of callers, one finds the token unused.
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE loyalty_refreshtoken SET used_at = %(now)s
             WHERE hash = %(hash)s AND used_at IS NULL AND revoked_at IS NULL
               AND expires_at > %(now)s AND store_id IS NOT DISTINCT FROM %(store)s
            """,
            {"now": now, "hash": token_hash, "store": store.id if store else None},
        )
        won = cursor.rowcount == 1
    link = RefreshToken.objects.filter(hash=token_hash, store=store).first()
    if link is None or link.revoked_at is not None or link.expires_at <= now:
        raise Unauthenticated(Unauthenticated.Reason.BAD_CREDENTIALS)
    owner = Owner(link.administrator_id, link.store_id, link.member_id)
    successor = _successor(presented)
    if won:
        _add_link(successor, owner, family=link.family, now=now)
        return owner, successor
    next_link = RefreshToken.objects.filter(hash=_hash(successor)).first()
    within_grace = link.used_at is not None and now - link.used_at <= settings.REFRESH_TOKEN_GRACE
    if within_grace and next_link is not None and next_link.used_at is None:
        return owner, successor
    raise ReplayedToken(link.family)


class ReplayedToken(Unauthenticated):
    """A used token came back: the family has to be revoked, which the caller does next.

    The refusal undoes its own transaction, so the revocation needs one of its own.
    """

    def __init__(self, family: UUID) -> None:
        super().__init__(Unauthenticated.Reason.BAD_CREDENTIALS)
        self.family = family


@writes
def revoke_family(family: UUID, *, store: Store | None, actor: Actor) -> None:
    """Two parties hold the chain: end it for both."""
    _revoke(RefreshToken.objects.filter(family=family))
    record(
        store,
        EventName.REFRESH_TOKEN_REPLAYED,
        subject_kind="refreshTokenFamily",
        subject_id=family,
        actor=actor,
    )


@writes
def revoke_sessions(store: Store | None, *, owner: Owner, actor: Actor) -> None:
    """Log out everywhere: no refresh token of the owner works any more."""
    end_sessions(owner)
    record(
        store,
        EventName.SESSIONS_REVOKED,
        subject_kind="administrator" if owner.administrator_id else "member",
        subject_id=owner.id,
        member_id=owner.member_id,
        actor=actor,
    )


def end_sessions(owner: Owner) -> None:
    """Revoke the owner's refresh tokens, as part of a service that has another purpose."""
    mine = (
        Q(administrator_id=owner.administrator_id)
        if owner.administrator_id
        else Q(store_id=owner.store_id, member_id=owner.member_id)
    )
    _revoke(RefreshToken.objects.filter(mine))


def end_administrator_sessions(administrator: Administrator) -> None:
    end_sessions(Owner(administrator_id=administrator.id))


def _revoke(links: QuerySet[RefreshToken]) -> None:
    # A refresh under way adds a link that the UPDATE which waited for it cannot see; the next can.
    while links.filter(revoked_at=None).update(revoked_at=timezone.now()):
        pass


def _add_link(token: str, owner: Owner, *, family: UUID, now: datetime) -> None:
    RefreshToken.objects.create(
        hash=_hash(token),
        family=family,
        administrator_id=owner.administrator_id,
        store_id=owner.store_id,
        member_id=owner.member_id,
        expires_at=now + settings.REFRESH_TOKEN_LIFETIME,
    )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def _successor(token: str) -> str:
    key = hashlib.sha256(b"refresh token successor" + settings.SECRET_KEY.encode()).digest()
    return hmac.new(key, token.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
