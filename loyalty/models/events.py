"""What happened."""

from typing import Self

from django.db import models

from loyalty.actors import ActorKind, Source
from loyalty.models.keys import new_id
from loyalty.models.stores import Store


class Event(models.Model):
    """One thing that happened, written in the transaction that made it happen.

    Append-only: the database refuses to change or delete a row.  The same rows are the audit
    trail, a member's history and (later) what webhooks tell, so they hold no personal data:
    `data` names the fields of a member that changed, and does not copy what a person is called.
    """

    sequence = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, default=new_id, editable=False)
    store = models.ForeignKey(Store, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=64)
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    member_id = models.UUIDField(null=True, help_text="The member whose history this is part of.")
    data = models.JSONField(default=dict)
    actor_kind = models.CharField(max_length=16, choices=[(kind, kind) for kind in ActorKind])
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=255)
    source = models.CharField(max_length=16, choices=[(source, source) for source in Source])
    address = models.GenericIPAddressField(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    across_stores = models.Manager[Self]()

    class Meta:
        indexes = [
            models.Index(fields=["store", "member_id", "-sequence"], name="event_of_a_member"),
            models.Index(fields=["store", "-sequence"], name="event_of_a_store"),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.name}"

    @classmethod
    def for_store(cls, store: Store) -> models.QuerySet[Self]:
        return cls.across_stores.filter(store=store)
