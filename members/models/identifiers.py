"""Names that other systems have for a member."""

import re

from django.db import models

from loyalty.models import StoreOwnedModel
from members.models.members import Member


class ExternalKind(models.TextChoices):
    WALLET_ADDRESS = "walletAddress", "Wallet address"


_ETHEREUM_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


def as_kept(kind: str, value: str) -> str:
    """Ethereum's addresses mean the same in any case, which is but a checksum: in lower case."""
    if kind == ExternalKind.WALLET_ADDRESS and _ETHEREUM_ADDRESS.fullmatch(value):
        return value.lower()
    return value


class ExternalIdentifier(StoreOwnedModel):
    """Such a name: one of each kind for a member, and unique in the store."""

    member = models.ForeignKey(
        Member,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="external_identifiers",
    )
    kind = models.CharField(max_length=32, choices=ExternalKind)
    value = models.CharField(max_length=255)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "kind", "value"], name="external_identifier_is_unique_in_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "member", "kind"], name="member_has_one_identifier_of_each_kind"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}={self.value}"
