"""The names that other systems have for a member."""

from collections.abc import Mapping

from django.db import IntegrityError, transaction

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, Violation, taken
from loyalty.models import EventName, Store
from loyalty.transactions import writes
from members.models import ExternalIdentifier, ExternalKind, Member, as_kept
from members.services.member_rows import locked_member, record_about


@writes
def set_external_identifier(
    store: Store, *, member: Member, kind: ExternalKind, value: str | None, actor: Actor
) -> None:
    """Give the member this name, in place of the one of its kind; None takes that away.

    Raises `Invalid` if another member of the store has it.
    """
    member = _nameable(store, member)
    if _set(store, member, kind, value, path="value"):
        record_about(store, EventName.MEMBER_IDENTIFIERS_CHANGED, member, actor, changed=[kind])


@writes
def replace_external_identifiers(
    store: Store, *, member: Member, identifiers: Mapping[ExternalKind, str], actor: Actor
) -> None:
    """Give the member these names and no others; raises as above."""
    member = _nameable(store, member)
    changed = [
        kind
        for kind in ExternalKind
        if _set(store, member, kind, identifiers.get(kind), path="externalIdentifiers")
    ]
    if changed:
        record_about(store, EventName.MEMBER_IDENTIFIERS_CHANGED, member, actor, changed=changed)


def _nameable(store: Store, member: Member) -> Member:
    member = locked_member(store, member)
    if member.anonymized:
        raise Invalid(Violation(Code.NOT_ALLOWED, "", "The member is anonymized."))
    return member


def _set(store: Store, member: Member, kind: ExternalKind, value: str | None, path: str) -> bool:
    """Whether that changed anything."""
    held = ExternalIdentifier.for_store(store).filter(member=member, kind=kind).first()
    kept = as_kept(kind, value) if value else None
    if kept == (held.value if held else None):
        return False
    if kept is None:
        ExternalIdentifier.for_store(store).filter(member=member, kind=kind).delete()
        return True
    identifier = held or ExternalIdentifier(store=store, member=member, kind=kind)
    identifier.value = kept
    try:
        with transaction.atomic():
            identifier.save()
    except IntegrityError as error:
        if "external_identifier_is_unique_in_its_store" not in str(error):
            raise
        message = f"Customer with such {kind.label.lower()} already exists."
        raise taken(path, message) from None
    return True
