"""Points: transfers, wallets and what is in them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import (
    Case,
    DecimalField,
    F,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Abs, Coalesce

from loyalty.errors import NotFound
from loyalty.models import Store
from members.models import (
    DEFAULT_WALLET,
    Member,
    PointsEntry,
    PointsKind,
    PointsLot,
    WalletType,
)

_NONE = Value(0, output_field=DecimalField(max_digits=18, decimal_places=2))


def wallet_types(store: Store) -> QuerySet[WalletType]:
    """With `is_default`."""
    return WalletType.for_store(store).annotate(
        is_default=Case(When(code=DEFAULT_WALLET, then=Value(True)), default=Value(False))
    )


def get_wallet_type(store: Store, wallet_type_id: UUID | str) -> WalletType:
    found = wallet_types(store).filter(id=wallet_type_id).first()
    if found is None:
        raise NotFound
    return found


def transfers(store: Store) -> QuerySet[PointsEntry]:
    """With `value`, the amount without its sign, and `cancelled`."""
    return PointsEntry.for_store(store).annotate(
        value=Abs("amount"),
        cancelled=Case(When(cancelled_at=None, then=Value(False)), default=Value(True)),
    )


def get_transfer(store: Store, transfer_id: UUID | str) -> PointsEntry:
    found = transfers(store).filter(id=transfer_id).first()
    if found is None:
        raise NotFound
    return found


def wallets(store: Store, member: Member, *, now: datetime) -> QuerySet[WalletType]:
    """The store's wallets with what the member has in each.

    `active_points` can be spent now; `next_expiry_points` of them expire at `next_expiry_at`.
    `earned_points` is everything that was ever added, `spent_points` and `expired_points` what
    became of it; transfers that were cancelled are in neither.
    """
    lines = PointsEntry.for_store(store).filter(member=member, wallet=OuterRef("code"))
    lots = PointsLot.for_store(store).filter(member=member, wallet=OuterRef("code"))
    alive = lots.filter(Q(expires_at=None) | Q(expires_at__gt=now))
    overdue = lots.filter(expires_at__lte=now)
    soonest = (
        lots.filter(expires_at__gt=now)
        .values("expires_at")
        .annotate(total=Sum("remaining"))
        .order_by("expires_at")[:1]
    )
    uncancelled = lines.filter(cancelled_at=None)
    return wallet_types(store).annotate(
        active_points=_total(alive, "remaining"),
        earned_points=_total(uncancelled.filter(kind=PointsKind.ADDING), "amount"),
        spent_points=-_total(uncancelled.filter(kind=PointsKind.SPENDING), "amount"),
        expired_points=_total(overdue, "remaining")
        - _total(lines.filter(kind=PointsKind.EXPIRED), "amount"),
        next_expiry_at=Subquery(soonest.values("expires_at")),
        next_expiry_points=Subquery(soonest.values("total")),
        opened_at=Subquery(
            lines.order_by().values("wallet").annotate(at=Min("recorded_at")).values("at")
        ),
    )


def _total(rows: QuerySet[Any], column: str) -> Coalesce:
    grouped = rows.order_by().values("wallet").annotate(total=Sum(F(column))).values("total")
    return Coalesce(Subquery(grouped), _NONE)
