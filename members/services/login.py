"""A member logs in."""

from datetime import datetime

from django.db.models import Q

from loyalty.actors import Actor
from loyalty.errors import Unauthenticated
from loyalty.models import Store
from loyalty.services.login import Attempt, password_fits
from members.models import Member


def login_member(
    *, store_code: str, username: str, password: str, address: str | None, now: datetime
) -> Member:
    """The member of the store whose e-mail, phone or card number and password these are.

    Raises `Unauthenticated` for every other case, in the same time and the same words, an
    unknown or closed store included; `TooManyAttempts` for guessing.
    """
    attempt = Attempt(f"member {store_code.lower()}", username, address, now=now)
    attempt.begin()
    store = Store.objects.filter(code__iexact=store_code, active=True).first()
    member = _find(store, username) if store else None
    if not password_fits(password, member.password if member else None):
        raise Unauthenticated(Unauthenticated.Reason.BAD_CREDENTIALS)
    if member is None or not member.active:
        raise Unauthenticated(Unauthenticated.Reason.BAD_CREDENTIALS)
    attempt.fitted()
    return member


def count_password_attempt(store: Store, member: Member, *, actor: Actor, now: datetime) -> Attempt:
    """A wrong current password counts like a failed login: a stolen token must not guess it."""
    attempt = Attempt(f"member {store.code.lower()}", str(member.id), actor.address, now=now)
    attempt.begin()
    return attempt


def _find(store: Store, username: str) -> Member | None:
    """E-mail first: of two members, one's card number could look like the other's phone."""
    candidates = Member.for_store(store).filter(
        Q(email__iexact=username) | Q(phone=username) | Q(loyalty_card_number=username)
    )
    ranked = sorted(
        candidates,
        key=lambda member: (
            (member.email or "").lower() != username.lower(),
            member.phone != username,
        ),
    )
    return ranked[0] if ranked else None
