"""Add points, spend them, and take a transfer back."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from loyalty.actors import Actor
from loyalty.errors import Code, Invalid, NotFound, Violation
from loyalty.models import Store
from loyalty.transactions import writes
from members.models import PointsEntry, PointsKind, PointsLot
from members.services.booking import Booked, Transfer, book
from members.services.locking import lock_members
from members.services.points_expiry import expire_before
from members.services.points_lines import Line, write_lines
from members.services.purses import Lot, Purse, open_purses, save_purses


@writes
def book_transfer(store: Store, *, transfer: Transfer, actor: Actor, now: datetime) -> UUID:
    """Add or spend points; returns the line.

    Raises `NotFound` if there is no such member, and `Invalid` for an amount that is not
    positive, has more than 2 decimals or is above 10^12, for more than the balance, an unknown
    wallet, a moment in the future, or an external id that another transfer has.
    """
    (booked,) = book(store, [transfer], actor=actor, now=now)
    if isinstance(booked, Invalid | NotFound):
        raise booked
    return booked


@writes
def book_transfers(
    store: Store, *, transfers: Sequence[Transfer], actor: Actor, now: datetime
) -> list[Booked]:
    """The same for many, in their order: what is refused is answered and left out."""
    return book(store, transfers, actor=actor, now=now)


@writes
def cancel_transfer(store: Store, *, transfer_id: UUID, actor: Actor, now: datetime) -> None:
    """Take the transfer back, now.

    Points that were added are taken out of the wallet: what is left of them first, and for what
    was spent of them already, others.  Points that were spent come back to where they were taken
    from; those whose own have expired or were cancelled since never expire.  Raises `Invalid` if
    the transfer is cancelled or expired, or if there are not enough points left.
    """
    entry = _locked(store, transfer_id)
    expire_before(store, [entry.member_id], now=now)
    if entry.kind not in (PointsKind.ADDING, PointsKind.SPENDING):
        raise _refused("Only what was added or spent can be cancelled.")
    if entry.cancelled_at is not None:
        raise _refused("The transfer is cancelled already.")
    if _is_expired(store, entry, now):
        raise _refused("The points have expired.")
    if entry.kind == PointsKind.ADDING:
        purse, line = _take_back(store, entry, now)
    else:
        purse, line = _give_back(store, entry, now)
    PointsEntry.for_store(store).filter(id=entry.id).update(cancelled_at=now)
    write_lines(store, [line], actor=actor, now=now)
    save_purses(store, {(entry.member_id, entry.wallet): purse})


@writes
def expire_transfer(store: Store, *, transfer_id: UUID, actor: Actor, now: datetime) -> None:
    """Let what is left of points that were added expire, now or when they should have.

    Raises `Invalid` if nothing is left of them.
    """
    entry = _locked(store, transfer_id)
    lot = PointsLot.for_store(store).filter(id=entry.id).first()
    if entry.kind != PointsKind.ADDING or lot is None:
        raise _refused("Nothing is left of it that could expire.")
    at = min(now, lot.expires_at) if lot.expires_at else now
    line = Line(
        entry.member_id, entry.wallet, PointsKind.EXPIRED, -lot.remaining, at, undoes_id=entry.id
    )
    purse = Purse(changed={lot.id: Lot(lot.id, lot.expires_at, Decimal(0), lot.remaining)})
    write_lines(store, [line], actor=actor, now=now)
    save_purses(store, {(entry.member_id, entry.wallet): purse})


def _locked(store: Store, transfer_id: UUID) -> PointsEntry:
    """The transfer as it is now, with its member locked."""
    found = PointsEntry.for_store(store).filter(id=transfer_id)
    for member_id in found.values_list("member_id", flat=True):
        lock_members(store, [member_id])
    entry = found.first()
    if entry is None:
        raise NotFound
    return entry


def _is_expired(store: Store, entry: PointsEntry, now: datetime) -> bool:
    if PointsEntry.for_store(store).filter(undoes=entry).exists():
        return True
    return PointsLot.for_store(store).filter(id=entry.id, expires_at__lte=now).exists()


def _take_back(store: Store, entry: PointsEntry, now: datetime) -> tuple[Purse, Line]:
    key = entry.member_id, entry.wallet
    own = PointsLot.for_store(store).filter(id=entry.id).first()
    # What may have to come from others; all of it would be more than is needed.
    purse = open_purses(store, {key: entry.amount}, now=now)[key]
    if purse.balance < entry.amount:
        message = f"The member has {purse.balance} points, which is not enough."
        raise Invalid(Violation(Code.TOO_HIGH, "", message))
    if own is not None and own.id not in {lot.id for lot in purse.lots}:
        purse.lots.append(Lot(own.id, own.expires_at, own.remaining, stored=own.remaining))
    drawn = purse.draw(entry.amount, first=entry.id)
    line = Line(
        *key, PointsKind.CANCELLING, -entry.amount, now, undoes_id=entry.id, drawn=drawn,
        since=entry.occurred_at,
    )  # fmt: skip
    return purse, line


def _give_back(store: Store, entry: PointsEntry, now: datetime) -> tuple[Purse, Line]:
    drawn = {UUID(lot_id): Decimal(amount) for lot_id, amount in entry.drawn.items()}
    lots = {lot.id: lot for lot in PointsLot.for_store(store).filter(id__in=drawn)}
    undone = PointsEntry.for_store(store).filter(undoes_id__in=drawn).values_list("undoes_id")
    kept = set(drawn) - {lot_id for (lot_id,) in undone}
    purse = Purse()
    homeless = -entry.amount
    for source in PointsEntry.for_store(store).filter(id__in=kept):
        held = lots[source.id].remaining if source.id in lots else Decimal(0)
        lot = Lot(source.id, source.expires_at, held + drawn[source.id], stored=held)
        if not lot.is_over(now):
            purse.put(lot, now)
            homeless -= drawn[source.id]
    line = Line(
        entry.member_id, entry.wallet, PointsKind.CANCELLING, -entry.amount, now,
        undoes_id=entry.id, since=entry.occurred_at,
    )  # fmt: skip
    if homeless:
        purse.put(Lot(line.id, None, homeless), now)
    return purse, line


def _refused(message: str) -> Invalid:
    return Invalid(Violation(Code.NOT_ALLOWED, "", message))
