"""What can be done to a member.

Events name the fields that changed and never copy a person's data: the log is kept for ever, and
a person may ask to be forgotten.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction
from django.db.models import F

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, NotFound, Violation, taken
from loyalty.models import EventName, IdentificationMethod, Store
from loyalty.services.administrators import check_new_password
from loyalty.services.events import record
from loyalty.services.login import password_fits
from loyalty.services.sessions import Owner, end_sessions
from loyalty.transactions import writes
from members.models import Gender, Member

Label = Mapping[str, str]

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


@writes
def register_member(store: Store, *, actor: Actor, now: datetime, **details: Any) -> Member:
    """Add a member.  `details` are model fields; the store's identifier is among them."""
    details = {**details, "registered_at": details.get("registered_at") or now}
    member = Member(store=store, **details)
    _check(store, member)
    _save(member, force_insert=True)
    _record(store, EventName.MEMBER_REGISTERED, member, actor)
    return member


@writes
def update_member(store: Store, *, member: Member, actor: Actor, **changes: Any) -> Member:
    """Change the given fields, and say which ones were really changed."""
    member = _locked(store, member)
    if member.anonymized:
        message = "The member is anonymized."
        raise Invalid(Violation(Code.NOT_ALLOWED, "", message))
    changed = sorted(name for name, value in changes.items() if getattr(member, name) != value)
    for name in changed:
        setattr(member, name, changes[name])
    _check(store, member)
    if changed:
        _save(member, update_fields=[*changed, "updated_at"])
        _record(store, EventName.MEMBER_UPDATED, member, actor, changed=changed)
    return member


@writes
def change_labels(
    store: Store,
    *,
    member: Member,
    actor: Actor,
    put: Sequence[Label] = (),
    remove: Sequence[str] = (),
) -> Member:
    """Set the labels in `put`, key by key, and take away those whose keys are in `remove`."""
    member = _locked(store, member)
    labels = {label["key"]: label["value"] for label in member.labels}
    labels.update({label["key"]: label["value"] for label in put})
    for key in remove:
        labels.pop(key, None)
    member.labels = [{"key": key, "value": value} for key, value in labels.items()]
    member.save(update_fields=["labels", "updated_at"])
    _record(store, EventName.MEMBER_LABELS_CHANGED, member, actor, keys=sorted(labels))
    return member


@writes
def set_member_active(store: Store, *, member: Member, active: bool, actor: Actor) -> None:
    """Activate or deactivate.  A deactivated member's tokens stop working at once."""
    member = _locked(store, member)
    if member.active == active:
        return
    member.active = active
    if not active:
        _end_access(member)
    member.save(update_fields=["active", "token_version", "updated_at"])
    name = EventName.MEMBER_ACTIVATED if active else EventName.MEMBER_DEACTIVATED
    _record(store, name, member, actor)


@writes
def anonymize_member(store: Store, *, member: Member, actor: Actor) -> None:
    """Forget the person and keep what the loyalty figures need.  There is no way back."""
    member = _locked(store, member)
    member.email = member.phone = member.loyalty_card_number = member.birth_date = None
    member.first_name = member.last_name = member.locale = member.password = ""
    member.gender = Gender.NOT_DISCLOSED
    member.address, member.company, member.labels = {}, {}, []
    member.anonymized, member.active = True, False
    _end_access(member)
    member.save()
    _record(store, EventName.MEMBER_ANONYMIZED, member, actor)


@writes
def delete_member(store: Store, *, member: Member, actor: Actor) -> None:
    """Delete the member with everything that belongs to it, badges and their ledger included."""
    member = _locked(store, member)
    member_id = member.id
    # Straight to SQL: the foreign keys cascade, and only they may delete ledger rows.
    Member.for_store(store).filter(id=member_id)._raw_delete("default")
    member.id = member_id
    _record(store, EventName.MEMBER_DELETED, member, actor)


@writes
def set_member_password(
    store: Store, *, member: Member, password: str, actor: Actor, path: str = "plainPassword"
) -> None:
    """Give the member a password; every session they had ends."""
    _set_password(store, _locked(store, member), password, actor, path)


@writes
def change_own_member_password(
    store: Store, *, member: Member, current_password: str, new_password: str, actor: Actor
) -> None:
    """Change one's own password, knowing the old one."""
    member = _locked(store, member)
    if not password_fits(current_password, member.password):
        message = "The current password is not right."
        raise Invalid(Violation(Code.PASSWORD, "currentPassword", message))
    _set_password(store, member, new_password, actor, "plainPassword")


def _set_password(store: Store, member: Member, password: str, actor: Actor, path: str) -> None:
    check_new_password(password, member, path=path)
    member.password = make_password(password)
    _end_access(member)
    member.save(update_fields=["password", "token_version", "updated_at"])
    _record(store, EventName.MEMBER_PASSWORD_CHANGED, member, actor)


def _locked(store: Store, member: Member) -> Member:
    """The member as it is now, and nobody else's until the transaction ends."""
    found = Member.for_store(store).select_for_update(no_key=True).filter(id=member.id).first()
    if found is None:
        raise NotFound
    return found


def _end_access(member: Member) -> None:
    member.token_version = F("token_version") + 1
    end_sessions(Owner(store_id=member.store_id, member_id=member.id))


def _check(store: Store, member: Member) -> None:
    method = IdentificationMethod(store.identification_method)
    if not getattr(member, _IDENTIFIERS[method]):
        raise Invalid(Violation(Code.BLANK, method.value, "This value should not be blank."))


def _save(member: Member, **how: Any) -> None:
    try:
        with transaction.atomic():
            member.save(**how)
    except IntegrityError as error:
        constraint = getattr(getattr(error.__cause__, "diag", None), "constraint_name", "")
        if constraint not in _TAKEN:
            raise
        raise taken(*_TAKEN[constraint]) from None


def _record(store: Store, name: EventName, member: Member, actor: Actor, **data: object) -> None:
    record(
        store, name, subject_kind="member", subject_id=member.id, member_id=member.id,
        actor=actor, data=data,
    )  # fmt: skip
