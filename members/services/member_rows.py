"""What the services on members share: lock, check and save a member, and say what happened.

Events name the fields that changed and never copy a person's data: the log is kept for ever, and
a person may ask to be forgotten.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, NotFound, Violation, taken
from loyalty.models import EventName, IdentificationMethod, Store
from loyalty.services.events import record
from loyalty.services.stores import is_timezone
from members.models import Member

_IDENTIFIERS = {
    IdentificationMethod.EMAIL: "email",
    IdentificationMethod.PHONE: "phone",
    IdentificationMethod.LOYALTY_CARD_NUMBER: "loyalty_card_number",
}
_TAKEN = {
    "member_email_is_unique_in_its_store": (
        "email", "Customer with such email already exists.",
    ),
    "member_phone_is_unique_in_its_store": (
        "phone", "Customer with such phone already exists.",
    ),
    "member_card_is_unique_in_its_store": (
        "loyaltyCardNumber", "Customer with such loyalty card number already exists.",
    ),
}  # fmt: skip


def names_in(details: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The identifiers among the fields of a member, by the keys that URLs have for them."""
    for method, field in _IDENTIFIERS.items():
        if details.get(field):
            yield method.value, details[field]


def add_member(store: Store, *, actor: Actor, now: datetime, **details: Any) -> Member:
    """Add a member, in the transaction under way.  Raises `Invalid` and then has done nothing.

    Before it the caller expects the member, and afterwards lets them adopt what waited for them
    (see `waiting`): for many members at once, in one go.
    """
    details = {**details, "registered_at": details.get("registered_at") or now}
    member = Member(store=store, **details)
    check_member(store, member)
    check_timezone(member.timezone)
    save_member(member, force_insert=True)
    record_about(store, EventName.MEMBER_REGISTERED, member, actor)
    return member


def locked_member(store: Store, member: Member) -> Member:
    """The member as it is now, and nobody else's until the transaction ends."""
    found = Member.for_store(store).select_for_update(no_key=True).filter(id=member.id).first()
    if found is None:
        raise NotFound
    return found


def check_member(store: Store, member: Member) -> None:
    method = IdentificationMethod(store.identification_method)
    if not getattr(member, _IDENTIFIERS[method]):
        raise Invalid(Violation(Code.BLANK, method.value, "This value should not be blank."))


def check_timezone(name: str) -> None:
    """`name` is empty for the store's own."""
    if name and not is_timezone(name):
        message = "This is not the name of a time zone, such as Europe/Warsaw."
        raise Invalid(Violation(Code.CHOICE, "timezone", message))


def save_member(member: Member, **how: Any) -> None:
    try:
        with transaction.atomic():
            member.save(**how)
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint not in _TAKEN:
            raise
        raise taken(*_TAKEN[constraint]) from None


def record_about(
    store: Store, name: EventName, member: Member, actor: Actor, **data: object
) -> None:
    record(
        store, name, subject_kind="member", subject_id=member.id, member_id=member.id,
        actor=actor, data=data,
    )  # fmt: skip
