"""What a request with an `Idempotency-Key` was answered."""

from django.db import models

from loyalty.models.stores import Store


class IdempotencyKey(models.Model):
    """A key that a caller chose, and once the effect is committed, the answer to repeat.

    `status` is empty until then.  The answer may hold a secret that is shown only once (a new
    API key), so the body is encrypted.
    """

    id = models.BigAutoField(primary_key=True)
    store = models.ForeignKey(Store, null=True, on_delete=models.CASCADE, related_name="+")
    principal = models.CharField(max_length=64)
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField(max_length=32)
    status = models.PositiveSmallIntegerField(null=True)
    body = models.BinaryField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "principal", "key"],
                nulls_distinct=False,
                name="idempotency_key_is_unique_per_caller",
            )
        ]
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_age")]

    def __str__(self) -> str:
        return f"{self.principal} {self.key}"
