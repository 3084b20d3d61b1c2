"""Book transfers of points, one or a thousand with the same number of statements.

They are booked in the order in which they are given, each as if it were alone: one that is
refused is left out, and changes nothing for the others.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import IntegrityError, transaction

from loyalty.actors import Actor
from loyalty.errors import Code, Conflict, Invalid, NotFound, Violation, taken
from loyalty.models import Store
from loyalty.models.keys import new_id
from members.models import DEFAULT_WALLET, Member, PointsEntry, PointsKind, WalletType
from members.services.locking import lock_members
from members.services.points_expiry import expire_before
from members.services.points_lines import Line, write_lines
from members.services.purses import Key, Lot, Purse, open_purses, save_purses

MOST_POINTS = Decimal(10) ** 12
LONGEST_VALIDITY = 36_500
"""In days."""
_AHEAD = timedelta(minutes=5)
_ATTEMPTS = 3
_BOOKED_ONCE = "points_transfer_is_booked_once"


@dataclass(frozen=True, slots=True)
class Transfer:
    """Points to add (`ADDING`) or to spend (`SPENDING`).

    `member_id` is None if nobody has the name that was given.  `occurred_at`: None is now.
    Points that are added expire `expires_in` after that, or never.
    """

    kind: PointsKind
    member_id: UUID | None
    points: Decimal
    wallet: str = DEFAULT_WALLET
    occurred_at: datetime | None = None
    expires_in: timedelta | None = None
    external_id: str | None = None
    comment: str = ""
    id: UUID = field(default_factory=new_id)


Booked = UUID | Invalid | NotFound
"""The line that a transfer has become, or why it was refused."""


def book(
    store: Store, transfers: Sequence[Transfer], *, actor: Actor, now: datetime
) -> list[Booked]:
    """One answer for each transfer, in their order, in the transaction under way.

    An `external_id` is booked once for ever: the same transfer again is answered with the first
    one's line, and another one is refused.  Raises `Conflict` if somebody else books the same
    external ids for other members at this very moment.
    """
    members = {each.member_id for each in transfers if each.member_id is not None}
    locked = lock_members(store, members)
    expire_before(store, locked, now=now)
    for _ in range(_ATTEMPTS):
        booking = _Booking(store, transfers, locked, now)
        try:
            with transaction.atomic():
                booking.write(actor)
        except IntegrityError as error:
            if _BOOKED_ONCE not in str(error):
                raise
        else:
            return booking.answers
    raise Conflict("These transfers are being booked by another request.", retry_after=1)


class _Booking:
    def __init__(
        self, store: Store, transfers: Sequence[Transfer], locked: set[UUID], now: datetime
    ) -> None:
        self._store, self._now = store, now
        self._members = locked - _anonymized(store, locked)
        self._anonymized = locked - self._members
        self._wallets = _wallets(store, {each.wallet for each in transfers})
        self._known = _known(store, [each.external_id for each in transfers if each.external_id])
        self._purses = open_purses(store, self._asked(transfers), now=now)
        self._lines: list[Line] = []
        self.answers = [self._answer(each) for each in transfers]

    def write(self, actor: Actor) -> None:
        write_lines(self._store, self._lines, actor=actor, now=self._now)
        save_purses(self._store, self._purses)

    def _asked(self, transfers: Sequence[Transfer]) -> Mapping[Key, Decimal]:
        """How much is to be taken out of each wallet, if everything can be."""
        asked: defaultdict[Key, Decimal] = defaultdict(Decimal)
        for each in transfers:
            if each.member_id in self._members and each.wallet in self._wallets:
                spent = each.points if each.kind == PointsKind.SPENDING else Decimal(0)
                asked[each.member_id, each.wallet] += min(max(spent, Decimal(0)), MOST_POINTS)
        return asked

    def _answer(self, transfer: Transfer) -> Booked:
        try:
            return self._booked(transfer)
        except (Invalid, NotFound) as refusal:
            return refusal

    def _booked(self, transfer: Transfer) -> UUID:
        occurred_at = transfer.occurred_at or self._now
        if transfer.member_id in self._anonymized:
            raise _refused(Code.NOT_ALLOWED, "customer", "The member is anonymized.")
        if transfer.member_id not in self._members:
            raise NotFound
        _check_points(transfer.points)
        if occurred_at > self._now + _AHEAD:
            raise _refused(Code.TOO_HIGH, "requestedAt", "This moment is in the future.")
        if known := self._known.get(transfer.external_id):
            return _same(known, transfer)
        self._check_wallet(transfer.wallet)
        purse = self._purses[transfer.member_id, transfer.wallet]
        line = self._line(transfer, transfer.member_id, purse, occurred_at)
        self._lines.append(line)
        if line.external_id is not None:
            self._known[line.external_id] = line
        return line.id

    def _line(
        self, transfer: Transfer, member_id: UUID, purse: Purse, occurred_at: datetime
    ) -> Line:
        adds = transfer.kind == PointsKind.ADDING
        if not adds and transfer.points > purse.balance:
            message = f"The member has {purse.balance} points, which is not enough."
            raise _refused(Code.TOO_HIGH, "points", message)
        expires_in = transfer.expires_in if adds else None
        line = Line(
            member_id,
            transfer.wallet,
            transfer.kind,
            transfer.points if adds else -transfer.points,
            occurred_at,
            expires_at=None if expires_in is None else occurred_at + expires_in,
            external_id=transfer.external_id,
            comment=transfer.comment,
            drawn={} if adds else purse.draw(transfer.points),
            id=transfer.id,
        )
        if adds:
            purse.put(Lot(line.id, line.expires_at, line.amount), self._now)
        return line

    def _check_wallet(self, wallet: str) -> None:
        if wallet not in self._wallets:
            raise _refused(Code.CHOICE, "walletCode", "There is no such wallet.")
        if not self._wallets[wallet]:
            raise _refused(Code.NOT_ALLOWED, "walletCode", "The wallet is not active.")


def _check_points(points: Decimal) -> None:
    if points <= 0:
        raise _refused(Code.TOO_LOW, "points", "This value should be greater than 0.")
    if points > MOST_POINTS:
        message = f"This value should be less than or equal to {MOST_POINTS}."
        raise _refused(Code.TOO_HIGH, "points", message)
    if points != points.quantize(Decimal("0.01")):
        raise _refused(Code.PATTERN, "points", "This value should have at most 2 decimals.")


def _same(known: "PointsEntry | Line", transfer: Transfer) -> UUID:
    """The line that is there; raises if it is of another transfer."""
    expires_in = known.expires_at and known.expires_at - known.occurred_at
    wanted = transfer.expires_in if transfer.kind == PointsKind.ADDING else None
    is_same = (
        known.member_id == transfer.member_id
        and known.wallet == transfer.wallet
        and known.kind == transfer.kind
        and abs(known.amount) == transfer.points
        and expires_in == wanted
        and transfer.occurred_at in (None, known.occurred_at)
    )
    if not is_same:
        raise taken("externalTransferId", "Another transfer has this externalTransferId.")
    return known.id


def _anonymized(store: Store, members: set[UUID]) -> set[UUID]:
    found = Member.for_store(store).filter(id__in=members, anonymized=True)
    return set(found.values_list("id", flat=True))


def _wallets(store: Store, codes: set[str]) -> dict[str, bool]:
    """Those of the wallets that there are, and whether they are active."""
    found = WalletType.for_store(store).filter(code__in=codes).values_list("code", "active")
    return {DEFAULT_WALLET: True, **dict(found)}


def _known(store: Store, external_ids: Sequence[str]) -> dict[str | None, PointsEntry | Line]:
    if not external_ids:
        return {}
    found = PointsEntry.for_store(store).filter(external_id__in=external_ids)
    return {entry.external_id: entry for entry in found}


def _refused(code: Code, path: str, message: str) -> Invalid:
    return Invalid(Violation(code, path, message))
