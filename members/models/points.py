"""Points in and out of members' wallets."""

from django.db import models
from django.db.models import Q, Value

from loyalty.actors import ActorKind, Source
from loyalty.models import StoreOwnedModel
from members.models.members import Member

DEFAULT_WALLET = "default"


class WalletType(StoreOwnedModel):
    """A kind of points of the store; each member has one wallet of each kind.

    Every store has the one whose code is `DEFAULT_WALLET`.
    """

    code = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    unit_singular = models.CharField(max_length=255, default="point", db_default="point")
    unit_plural = models.CharField(max_length=255, default="points", db_default="points")
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "code"], name="wallet_code_is_unique_in_its_store"
            )
        ]

    def __str__(self) -> str:
        return self.code


class PointsKind(models.TextChoices):
    """Open Loyalty's types of transfers (notes, section 7.6), and what undoes them."""

    ADDING = "adding", "Added"
    SPENDING = "spending", "Spent"
    EXPIRED = "expired", "Expired"
    CANCELLING = "cancelling", "Cancelled"


class PointsEntry(StoreOwnedModel):
    """One line of the points ledger.  The balance of a wallet is the sum of its amounts.

    Append-only.  `undoes` is the transfer that a cancelling or expiring line takes back, and
    `cancelled_at` the one thing that may still be learned about a line: that it was cancelled.
    The lifetime total is the sum of what was added and not cancelled.

    `drawn` says from which lines a negative one took how much, as `{id: "12.50"}`, so that
    cancelling it can put that back.
    """

    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    wallet = models.CharField(max_length=64)
    kind = models.CharField(max_length=16, choices=PointsKind)
    amount = models.DecimalField(max_digits=18, decimal_places=2)
    external_id = models.CharField(max_length=255, null=True)  # noqa: DJ001 (absent is not "")
    undoes = models.ForeignKey(
        "self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="undone_by",
    )  # fmt: skip
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)
    comment = models.CharField(max_length=1024, blank=True)
    drawn = models.JSONField(default=dict, db_default=Value({}, models.JSONField()))
    actor_kind = models.CharField(max_length=16, choices=ActorKind)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=255)
    source = models.CharField(max_length=16, choices=Source)

    class Meta:
        verbose_name_plural = "points entries"
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="points_entry_can_be_referred_to_with_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "external_id"], name="points_transfer_is_booked_once"
            ),
            models.UniqueConstraint(fields=["store", "undoes"], name="points_entry_is_undone_once"),
            models.CheckConstraint(condition=~Q(amount=0), name="points_entry_moves_something"),
        ]
        indexes = [
            models.Index(
                fields=["store", "wallet", "member", "occurred_at"], name="points_for_conditions"
            ),
            models.Index(fields=["store", "member", "-recorded_at"], name="points_of_a_member"),
            models.Index(fields=["store", "-recorded_at", "id"], name="points_by_arrival"),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+f} {self.wallet}"


class PointsLot(StoreOwnedModel):
    """What is left of a line that brought points in; `id` is the line's.

    A projection of the ledger: the lots of a wallet add up to the sum of its lines.  A lot that
    was spent, expired or cancelled is gone.  Spending takes from the lots in the order of
    `expires_at`, those that never expire last, and of ids.  Between `expires_at` and the line
    that says so, a lot is there and no longer counts.
    """

    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    wallet = models.CharField(max_length=64)
    remaining = models.DecimalField(max_digits=18, decimal_places=2)
    expires_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(remaining__gt=0), name="points_lot_is_gone_when_empty"
            )
        ]
        indexes = [
            models.Index(
                fields=["store", "member", "wallet", "expires_at"], name="points_lots_of_a_wallet"
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(expires_at__isnull=False),
                name="points_lots_that_expire",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining} {self.wallet}"
