"""Refresh tokens, and the count of wrong passwords."""

from django.db import models
from django.db.models import Q

from loyalty.models.access import Administrator
from loyalty.models.keys import new_id
from loyalty.models.stores import Store


class RefreshToken(models.Model):
    """One link of a chain: each refresh uses a token up and adds its successor.

    The links of one login are a family.  A used token that comes back later than a double click
    would means that two parties hold the chain, and the whole family is revoked.  Only hashes
    are kept.  The owner is an administrator, or a member of a store; the members app adds the
    foreign key for the latter, because the kernel does not know its table.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    hash = models.BinaryField(max_length=32, unique=True)
    family = models.UUIDField()
    administrator = models.ForeignKey(
        Administrator, null=True, on_delete=models.CASCADE, related_name="+"
    )
    store = models.ForeignKey(Store, null=True, on_delete=models.CASCADE, related_name="+")
    member_id = models.UUIDField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(administrator__isnull=False, store__isnull=True, member_id__isnull=True)
                | Q(administrator__isnull=True, store__isnull=False, member_id__isnull=False),
                name="refresh_token_has_exactly_one_owner",
            )
        ]
        indexes = [
            models.Index(fields=["family"], name="refresh_token_family"),
            models.Index(fields=["store", "member_id"], name="refresh_token_member"),
        ]

    def __str__(self) -> str:
        return f"{self.family} of {self.administrator_id or self.member_id}"


class LoginFailures(models.Model):
    """How many wrong passwords came for one name from one address, or from one address, lately.

    `bucket` is a hash, so the table names nobody.
    """

    bucket = models.BinaryField(max_length=32, primary_key=True)
    failures = models.PositiveIntegerField()
    window_ends_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "login failures"

    def __str__(self) -> str:
        return f"{self.failures} until {self.window_ends_at}"
