"""The tenant, and the base class of everything that belongs to one."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower

from loyalty.models.keys import new_id


class IdentificationMethod(models.TextChoices):
    """The identifier that a member of the store must have."""

    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"
    LOYALTY_CARD_NUMBER = "loyaltyCardNumber", "Loyalty card number"


def english_only() -> list[str]:
    return ["en"]


class Store(models.Model):
    """A tenant.  `code` stands in URLs and is matched without regard to case."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    code = models.CharField(max_length=64)
    name = models.CharField(max_length=255)
    currency = models.CharField(max_length=3, help_text="ISO 4217, for example EUR.")
    timezone = models.CharField(
        max_length=64, default="UTC", help_text="Times without an offset are read in this zone."
    )
    locales = ArrayField(
        models.CharField(max_length=16),
        default=english_only,
        help_text="Languages in which the store writes its texts.",
    )
    default_locale = models.CharField(max_length=16, default="en")
    active = models.BooleanField(default=True)
    identification_method = models.CharField(
        max_length=32, choices=IdentificationMethod, default=IdentificationMethod.EMAIL
    )
    created_by = models.CharField(max_length=255, blank=True)
    updated_by = models.CharField(max_length=255, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("code"), name="store_code_is_unique_whatever_its_case")
        ]
        ordering = ["code"]

    def __str__(self) -> str:
        return self.name


class StoreOwnedModel(models.Model):
    """A row that belongs to exactly one store.

    There is deliberately no `objects`: `BadgeType.objects` is an AttributeError, so a query that
    forgets the store cannot be written by habit.  Start from `for_store(store)`.
    `across_stores` is for Django itself (uniqueness checks, related objects) and for the few
    places that tests/architecture/test_tenancy.py lists.

    References between such rows are composite `(store_id, id)` foreign keys, added in SQL by the
    migrations: the database refuses a row that links two stores, whatever Python did.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    # Without an index of its own: every other index begins with the store, and of two that fit
    # PostgreSQL would take this one while it knows no figures, and read the whole store.
    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="+", db_index=False)

    across_stores = models.Manager[Self]()

    class Meta:
        abstract = True

    @classmethod
    def for_store(cls, store: Store) -> models.QuerySet[Self]:
        return cls.across_stores.filter(store=store)
