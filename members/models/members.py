"""The member."""

from django.contrib.auth.hashers import is_password_usable
from django.db import models
from django.db.models.functions import Lower

from loyalty.models import StoreOwnedModel

# The forms of what members are called, for the API, the admin and imports alike.
PHONE = "[0-9+]+"
CARD_NUMBER = "[0-9a-zA-Z._-]+"
COUNTRY = "[A-Z]{2}"


class Gender(models.TextChoices):
    MALE = "male", "Male"
    FEMALE = "female", "Female"
    NOT_DISCLOSED = "not_disclosed", "Not disclosed"


class Member(StoreOwnedModel):
    """A person in one store.

    E-mail address, phone number and loyalty card number are each unique within the store;
    e-mail addresses are compared without regard to case, card numbers with it (Open Loyalty,
    Limits).  An identifier that a member does not have is NULL, never "".
    """

    email = models.EmailField(max_length=255, null=True, blank=True)  # noqa: DJ001 (see above)
    phone = models.CharField(max_length=32, null=True, blank=True)  # noqa: DJ001
    loyalty_card_number = models.CharField(  # noqa: DJ001
        max_length=255, null=True, blank=True
    )
    first_name = models.CharField(max_length=255, blank=True)
    last_name = models.CharField(max_length=255, blank=True)
    gender = models.CharField(max_length=16, choices=Gender, default=Gender.NOT_DISCLOSED)
    birth_date = models.DateField(null=True, blank=True)
    address = models.JSONField(default=dict, blank=True)
    company = models.JSONField(default=dict, blank=True)
    labels = models.JSONField(default=list, blank=True, help_text="A list of {key, value}.")
    agreement1 = models.BooleanField("terms agreement", default=False)
    agreement2 = models.BooleanField("marketing agreement", default=False)
    agreement3 = models.BooleanField("data agreement", default=False)
    locale = models.CharField(
        max_length=16, blank=True, help_text="Empty: the store's default language."
    )
    timezone = models.CharField(
        max_length=64,
        blank=True,
        default="",
        db_default="",
        help_text="Empty: the store's time zone.",
    )
    active = models.BooleanField(default=True)
    anonymized = models.BooleanField(default=False, editable=False)
    password = models.CharField(max_length=128, blank=True, editable=False)
    token_version = models.PositiveIntegerField(default=0, editable=False)
    registered_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="member_can_be_referred_to_with_its_store"
            ),
            models.UniqueConstraint(
                "store", Lower("email"), name="member_email_is_unique_in_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "phone"], name="member_phone_is_unique_in_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "loyalty_card_number"], name="member_card_is_unique_in_its_store"
            ),
        ]
        indexes = [
            models.Index(fields=["store", "created_at", "id"], name="member_by_creation"),
            models.Index(fields=["store", "last_name", "first_name"], name="member_by_name"),
        ]

    def __str__(self) -> str:
        return self.email or self.phone or self.loyalty_card_number or str(self.id)

    @property
    def has_password(self) -> bool:
        return bool(self.password) and is_password_usable(self.password)
