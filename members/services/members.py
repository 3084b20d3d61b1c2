"""What can be done to a member."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db.models import F

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, Violation
from loyalty.models import EventName, Store
from loyalty.services.administrators import check_new_password
from loyalty.services.jobs.privacy import forget_names_in_jobs
from loyalty.services.login import password_fits
from loyalty.services.sessions import Owner, end_sessions
from loyalty.transactions import writes
from members.models import ExternalIdentifier, Gender, Member
from members.services.member_rows import (
    add_member,
    check_member,
    check_timezone,
    locked_member,
    names_in,
    record_about,
    save_member,
)
from members.services.touching import MEMBER_INPUT, Touch, touch
from members.services.waiting import adopt_waiting, expect_members, forget_waiting

Label = Mapping[str, str]

_EVER = datetime(1970, 1, 1, tzinfo=UTC)


@writes
def register_member(store: Store, *, actor: Actor, now: datetime, **details: Any) -> Member:
    """Add a member.  `details` are model fields; the store's identifier is among them.

    Activity that waited for the member becomes theirs.
    """
    expect_members(store, names_in(details))
    member = add_member(store, actor=actor, now=now, **details)
    adopt_waiting(store, [member.id], actor=actor, now=now)
    return member


@writes
def update_member(store: Store, *, member: Member, actor: Actor, **changes: Any) -> Member:
    """Change the given fields, and say which ones were really changed.

    Activity that waited under an identifier that is new becomes the member's.
    """
    member = locked_member(store, member)
    if member.anonymized:
        message = "The member is anonymized."
        raise Invalid(Violation(Code.NOT_ALLOWED, "", message))
    changed = sorted(name for name, value in changes.items() if getattr(member, name) != value)
    for name in changed:
        setattr(member, name, changes[name])
    check_member(store, member)
    if "timezone" in changed:
        check_timezone(member.timezone)
    if changed:
        names = list(names_in({name: changes[name] for name in changed}))
        expect_members(store, names)
        save_member(member, update_fields=[*changed, "updated_at"])
        record_about(store, EventName.MEMBER_UPDATED, member, actor, changed=changed)
        if "timezone" in changed:
            # Other days and weeks are the member's from now on, and were all along.
            moved = Touch(member.id, MEMBER_INPUT, _EVER, takes_away=True)
            touch(store, [moved], now=member.updated_at)
        if names:
            adopt_waiting(store, [member.id], actor=actor, now=member.updated_at)
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
    member = locked_member(store, member)
    labels = {label["key"]: label["value"] for label in member.labels}
    labels.update({label["key"]: label["value"] for label in put})
    for key in remove:
        labels.pop(key, None)
    member.labels = [{"key": key, "value": value} for key, value in labels.items()]
    member.save(update_fields=["labels", "updated_at"])
    record_about(store, EventName.MEMBER_LABELS_CHANGED, member, actor, keys=sorted(labels))
    return member


@writes
def set_member_active(store: Store, *, member: Member, active: bool, actor: Actor) -> None:
    """Activate or deactivate.  A deactivated member's tokens stop working at once."""
    member = locked_member(store, member)
    if member.active == active:
        return
    member.active = active
    if not active:
        _end_access(member)
    member.save(update_fields=["active", "token_version", "updated_at"])
    name = EventName.MEMBER_ACTIVATED if active else EventName.MEMBER_DEACTIVATED
    record_about(store, name, member, actor)


@writes
def anonymize_member(store: Store, *, member: Member, actor: Actor) -> None:
    """Forget the person and keep what the loyalty figures need.  There is no way back.

    The time zone is kept: it says which days the figures are about.
    """
    member = locked_member(store, member)
    _forget_names(store, member)
    member.email = member.phone = member.loyalty_card_number = member.birth_date = None
    member.first_name = member.last_name = member.locale = member.password = ""
    member.gender = Gender.NOT_DISCLOSED
    member.address, member.company, member.labels = {}, {}, []
    ExternalIdentifier.for_store(store).filter(member=member).delete()
    member.anonymized, member.active = True, False
    _end_access(member)
    member.save()
    record_about(store, EventName.MEMBER_ANONYMIZED, member, actor)


@writes
def delete_member(store: Store, *, member: Member, actor: Actor) -> None:
    """Delete the member with everything that belongs to it, badges and their ledger included."""
    member = locked_member(store, member)
    _forget_names(store, member)
    member_id = member.id
    # Straight to SQL: the foreign keys cascade, and only they may delete ledger rows.
    Member.for_store(store).filter(id=member_id)._raw_delete("default")
    member.id = member_id
    record_about(store, EventName.MEMBER_DELETED, member, actor)


def _forget_names(store: Store, member: Member) -> None:
    """Wherever somebody called the member by name, and it is not their own row."""
    names = list(_names_of(store, member))
    forget_names_in_jobs(store, member_id=member.id, names=names)
    forget_waiting(store, names)


def _names_of(store: Store, member: Member) -> Iterator[tuple[str, str]]:
    """Everything that anybody may have called the member by, but for the id."""
    for key, value in (
        ("email", member.email),
        ("phone", member.phone),
        ("loyaltyCardNumber", member.loyalty_card_number),
        *ExternalIdentifier.for_store(store).filter(member=member).values_list("kind", "value"),
    ):
        if value:
            yield key, value


@writes
def set_member_password(
    store: Store, *, member: Member, password: str, actor: Actor, path: str = "plainPassword"
) -> None:
    """Give the member a password; every session they had ends."""
    _set_password(store, locked_member(store, member), password, actor, path)


@writes
def change_own_member_password(
    store: Store, *, member: Member, current_password: str, new_password: str, actor: Actor
) -> None:
    """Change one's own password, knowing the old one."""
    member = locked_member(store, member)
    if not password_fits(current_password, member.password):
        message = "The current password is not right."
        raise Invalid(Violation(Code.PASSWORD, "currentPassword", message))
    _set_password(store, member, new_password, actor, "plainPassword")


def _set_password(store: Store, member: Member, password: str, actor: Actor, path: str) -> None:
    check_new_password(password, member, path=path)
    member.password = make_password(password)
    _end_access(member)
    member.save(update_fields=["password", "token_version", "updated_at"])
    record_about(store, EventName.MEMBER_PASSWORD_CHANGED, member, actor)


def _end_access(member: Member) -> None:
    member.token_version = F("token_version") + 1
    end_sessions(Owner(store_id=member.store_id, member_id=member.id))
