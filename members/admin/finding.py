"""Find a member from what somebody at a counter would type."""

from contextlib import suppress
from uuid import UUID

from django.db.models import Q

from loyalty.identifiers import Identifier
from loyalty.models import Store
from members.models import Member
from members.selectors.members import members, members_named

_MOST = 8


def find_members(store: Store, text: str) -> list[Member]:
    """The members whose e-mail, phone, card number or UUID it is; else those named like it."""
    text = text.strip()
    if not text or "\0" in text:
        return []
    found: dict[UUID, Member] = {}
    for identifier in _readings(text):
        for member in members_named(store, identifier):
            found.setdefault(member.id, member)
    if not found:
        named = Q()
        for word in text.split():
            named &= Q(first_name__icontains=word) | Q(last_name__icontains=word)
        for member in members(store).filter(named).order_by("last_name", "first_name")[:_MOST]:
            found[member.id] = member
    return list(found.values())


def full_name(member: Member) -> str:
    """What to call the member: the name, else what identifies them."""
    if member.anonymized:
        return "Anonymised member"
    return f"{member.first_name} {member.last_name}".strip() or str(member)


def contact_of(member: Member) -> str:
    """The first identifier that the member has."""
    return member.email or member.phone or member.loyalty_card_number or ""


def identifiers_of(member: Member) -> str:
    """One line that tells the member from another one of the same name."""
    known = [member.email, member.phone, member.loyalty_card_number]
    return " · ".join(text for text in known if text) or str(member.id)


def _readings(text: str) -> list[Identifier]:
    readings = [Identifier(key, text) for key in ("email", "phone", "loyaltyCardNumber")]
    with suppress(ValueError):
        readings.append(Identifier("id", str(UUID(text))))
    return readings
