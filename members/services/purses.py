"""What is left in members' wallets: read and written while the members' locks are held.

Points that expire first are used up first.  What has expired does not count, whether or not the
line that says so is written already.
"""

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.models import Store
from members.models import PointsLot

Key = tuple[UUID, str]
"""A member and a wallet."""

_EVER = datetime.max.replace(tzinfo=UTC)
_NOTHING = Decimal(0)


@dataclass(slots=True)
class Lot:
    """What is left of one line; `stored` is what the database says of it."""

    id: UUID
    expires_at: datetime | None
    remaining: Decimal
    stored: Decimal = _NOTHING

    @property
    def turn(self) -> tuple[datetime, UUID]:
        return self.expires_at or _EVER, self.id

    def is_over(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


@dataclass(slots=True)
class Purse:
    """One wallet of one member.  `lots` are those that can be spent, in their turn.

    Of a purse that was opened for a certain amount, they may be only as many as it takes.
    """

    balance: Decimal = _NOTHING
    lots: list[Lot] = field(default_factory=list)
    changed: dict[UUID, Lot] = field(default_factory=dict)

    def put(self, lot: Lot, now: datetime) -> None:
        """Add a lot that was not there, or what is given back to one that was."""
        self.changed[lot.id] = lot
        if not lot.is_over(now):
            self.balance += lot.remaining - lot.stored
            insort(self.lots, lot, key=lambda each: each.turn)

    def draw(self, amount: Decimal, first: UUID | None = None) -> dict[UUID, Decimal]:
        """Take at most the balance out, from the lot `first` before all others."""
        drawn: dict[UUID, Decimal] = {}
        wanted = amount
        for lot in sorted(self.lots, key=lambda each: each.id != first) if first else self.lots:
            if wanted == 0:
                break
            if taken := min(wanted, lot.remaining):
                lot.remaining -= taken
                wanted -= taken
                drawn[lot.id] = taken
                self.changed[lot.id] = lot
        if wanted:
            raise RuntimeError("More would be taken out of a wallet than is in it.")
        self.lots = [lot for lot in self.lots if lot.remaining]
        self.balance -= amount
        return drawn


# Wallet by wallet, each by its index: of a new store PostgreSQL knows no figures.  `running` is
# what the lots up to this one hold, so only those are fetched that the amount reaches into.
_OPEN = """
WITH given AS MATERIALIZED (
    SELECT %(store)s::uuid AS store_id, member_id, wallet, amount
      FROM unnest(%(members)b::uuid[], %(wallets)b::text[], %(amounts)b::numeric[])
           AS given (member_id, wallet, amount)
)
SELECT given.member_id, given.wallet, lot.id, lot.expires_at, lot.remaining, lot.balance
  FROM given CROSS JOIN LATERAL (
       SELECT id, expires_at, remaining, sum(remaining) OVER () AS balance,
              sum(remaining) OVER (ORDER BY expires_at NULLS LAST, id) AS running
         FROM members_pointslot lot
        WHERE lot.store_id = given.store_id AND lot.member_id = given.member_id
          AND lot.wallet = given.wallet
          AND (lot.expires_at IS NULL OR lot.expires_at > %(now)s)
       OFFSET 0) lot
 WHERE lot.running - lot.remaining < given.amount
 ORDER BY given.member_id, given.wallet, lot.expires_at NULLS LAST, lot.id
"""


def open_purses(store: Store, amounts: Mapping[Key, Decimal], *, now: datetime) -> dict[Key, Purse]:
    """The purses of these members and wallets, to take up to so much out of each.

    Of one that is opened for nothing the balance is not known.
    """
    purses = {key: Purse() for key in amounts}
    asked = [(*key, amount) for key, amount in amounts.items() if amount > 0]
    if not asked:
        return purses
    values: dict[str, Any] = {
        "store": store.id,
        "now": now,
        "members": [member_id for member_id, _, _ in asked],
        "wallets": [wallet for _, wallet, _ in asked],
        "amounts": [amount for _, _, amount in asked],
    }
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, values)
        for member_id, wallet, lot_id, expires_at, remaining, balance in cursor.fetchall():
            purse = purses[member_id, wallet]
            purse.balance = balance
            purse.lots.append(Lot(lot_id, expires_at, remaining, stored=remaining))
    return purses


_REMOVE = """
DELETE FROM members_pointslot lot USING unnest(%(ids)b::uuid[], %(stored)b::numeric[])
       AS given (id, stored)
 WHERE lot.store_id = %(store)s AND lot.id = given.id AND lot.remaining = given.stored
"""
_CHANGE = """
UPDATE members_pointslot lot SET remaining = given.remaining
  FROM unnest(%(ids)b::uuid[], %(stored)b::numeric[], %(remaining)b::numeric[])
       AS given (id, stored, remaining)
 WHERE lot.store_id = %(store)s AND lot.id = given.id AND lot.remaining = given.stored
"""


def save_purses(store: Store, purses: Mapping[Key, Purse]) -> None:
    """Write what changed, in three statements however many there are.

    The lines that new lots belong to have to be there.  Raises if a lot is no longer as it was
    read: somebody did not hold the member's lock.
    """
    changed = [(key, lot) for key, purse in purses.items() for lot in purse.changed.values()]
    fresh = [(key, lot) for key, lot in changed if not lot.stored and lot.remaining]
    _execute(store, _REMOVE, [lot for _, lot in changed if lot.stored and not lot.remaining])
    _execute(store, _CHANGE, [lot for _, lot in changed if lot.stored and lot.remaining])
    PointsLot.for_store(store).bulk_create(
        PointsLot(
            id=lot.id,
            store=store,
            member_id=member_id,
            wallet=wallet,
            remaining=lot.remaining,
            expires_at=lot.expires_at,
        )
        for (member_id, wallet), lot in fresh
    )


def _execute(store: Store, statement: str, lots: Iterable[Lot]) -> None:
    given = list(lots)
    if not given:
        return
    values: dict[str, Any] = {
        "store": store.id,
        "ids": [lot.id for lot in given],
        "stored": [lot.stored for lot in given],
        "remaining": [lot.remaining for lot in given],
    }
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        if cursor.rowcount != len(given):
            raise RuntimeError("A wallet changed under somebody who did not lock its member.")
