"""Who is told of what happened, what they were told, and how that went."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from loyalty.models.stores import Store, StoreOwnedModel


class WebhookFormat(models.TextChoices):
    OPEN_LOYALTY = "open_loyalty", "Open Loyalty"
    STANDARD = "standard", "Standard Webhooks"
    WIX = "wix", "Wix"


class DisabledReason(models.TextChoices):
    BY_HAND = "by_hand", "Switched off"
    GONE = "gone", "The receiver answered 410: it is gone for good"
    FAILING = "failing", "Nothing but failures for days"


class Subscription(StoreOwnedModel):
    """An address that is told of some kinds of events, in one format, from its creation on.

    `sealed_keys` and `sealed_headers` are encrypted (`loyalty.sealing`).  What follows them is
    the breaker: after some failures in a row its messages wait until `paused_until`, and then one
    of them tries.
    """

    event_names = ArrayField(models.CharField(max_length=64))
    url = models.CharField(max_length=2048)
    format = models.CharField(max_length=16, choices=WebhookFormat)
    include_silent = models.BooleanField(
        default=False, help_text="Also what was granted for the past, without announcing it."
    )
    sealed_headers = models.BinaryField()
    sealed_keys = models.BinaryField()
    since_sequence = models.BigIntegerField(help_text="It is told of events after this one.")
    active = models.BooleanField(default=True)
    disabled_reason = models.CharField(max_length=16, choices=DisabledReason, blank=True)
    disabled_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    failing_since = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="subscription_can_be_referred_to_with_its_store"
            )
        ]
        indexes = [models.Index(fields=["store", "created_at"], name="subscription_of_a_store")]

    def __str__(self) -> str:
        return self.url


class WebhookCursor(models.Model):
    """How far a store's events have been handed out: each up to `sequence` has its deliveries."""

    store = models.OneToOneField(
        Store, primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    sequence = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.store_id} up to {self.sequence}"


class DeliveryState(models.TextChoices):
    QUEUED = "queued", "Waiting"
    DELIVERED = "delivered", "Delivered"
    DEAD = "dead", "Given up"


class Delivery(StoreOwnedModel):
    """One message to one subscription; its id is what the receiver knows it by.

    The id follows from the event, so that telling it again later is the same message.  A sender
    that takes a message moves `next_attempt_at` to the end of its lease: if it dies, the message
    is due again then.  `payload` is there for what cannot be told from the event alone.
    """

    subscription = models.ForeignKey(
        Subscription, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+",
        db_index=False,
    )  # fmt: skip
    event_sequence = models.BigIntegerField(null=True)
    message_type = models.CharField(max_length=64)
    payload = models.JSONField(null=True)
    happened_at = models.DateTimeField()
    state = models.CharField(max_length=16, choices=DeliveryState, default=DeliveryState.QUEUED)
    next_attempt_at = models.DateTimeField()
    step = models.PositiveSmallIntegerField(default=0, help_text="Attempts of this schedule.")
    attempts = models.PositiveIntegerField(default=0, help_text="In all.")
    last_status = models.PositiveSmallIntegerField(null=True)
    queued_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "deliveries"
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="delivery_can_be_referred_to_with_its_store"
            )
        ]
        indexes = [
            models.Index(
                fields=["store", "subscription", "next_attempt_at", "event_sequence"],
                condition=Q(state=DeliveryState.QUEUED),
                name="delivery_that_waits",
            ),
            models.Index(
                fields=["store", "subscription", "-queued_at", "id"], name="delivery_of_one"
            ),
            models.Index(
                fields=["finished_at"],
                condition=~Q(state=DeliveryState.QUEUED),
                name="delivery_that_is_over",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class DeliveryAttempt(models.Model):
    """One request and what came of it.  `id` is the request's; kept for thirty days.

    The request itself is not here: it follows from the delivery.
    """

    id = models.UUIDField(primary_key=True)
    store_id = models.UUIDField()
    delivery = models.ForeignKey(
        Delivery, on_delete=models.DO_NOTHING, db_constraint=False, related_name="+",
        db_index=False,
    )  # fmt: skip
    at = models.DateTimeField()
    milliseconds = models.PositiveIntegerField()
    status = models.PositiveSmallIntegerField(null=True)
    error = models.CharField(max_length=255, blank=True)
    answer = models.TextField(blank=True, help_text="Its first 4 kB.")

    across_stores = models.Manager[Self]()

    class Meta:
        indexes = [
            models.Index(fields=["store_id", "delivery", "at"], name="attempts_of_a_delivery"),
            models.Index(fields=["at"], name="attempt_age"),
        ]

    def __str__(self) -> str:
        return f"{self.at} {self.status or self.error}"

    @classmethod
    def for_delivery(cls, delivery: Delivery) -> models.QuerySet[Self]:
        return cls.across_stores.filter(store_id=delivery.store_id, delivery_id=delivery.id)
