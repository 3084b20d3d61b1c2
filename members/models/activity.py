"""What members did."""

from django.db import models
from django.db.models import F, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Lower

from loyalty.models import StoreOwnedModel
from members.models.members import Member

EVENT_TYPE = "[A-Za-z0-9_.-]{1,255}"
"""What a type of custom events looks like, since it stands in URLs."""
FIELD_NAME = "[A-Za-z0-9_-]{1,64}"
"""What a field of an event looks like, since conditions join names with dots."""

# The types that are ours; a custom event's type is whatever its schema calls it.
PURCHASE, RETURN = "transaction", "return_transaction"


class ActivitySource(models.TextChoices):
    """Where an activity's external id comes from: ids are unique within their source."""

    CUSTOM_EVENT = "custom_event", "Custom event"
    TRANSACTION = "transaction", "Transaction"
    RULE = "rule", "Completed rule"
    CONFIRMATION = "confirmation", "Confirmation"


class FieldType(models.TextChoices):
    """Open Loyalty's types of fields (notes, section 7.4)."""

    TEXT = "text", "Text"
    NUMBER = "number", "Number"
    DATETIME = "datetime", "Date and time"
    BOOLEAN = "boolean", "Yes or no"
    OBJECT = "object", "Object"
    COLLECTION = "collection", "Collection"


class EventSchema(StoreOwnedModel):
    """What custom events of one type look like (Open Loyalty notes, section 7.4).

    `fields` is a list of `{type, name, description}`.  `value_field` names the number that is
    the value of an activity of this type; if it is empty, a number called `value` is.
    """

    event_type = models.CharField(max_length=255)
    name = models.CharField(max_length=255)
    fields = models.JSONField(default=list)
    value_field = models.CharField(max_length=255, blank=True)
    active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "event_type"], name="event_schema_is_unique_in_its_store"
            )
        ]

    def __str__(self) -> str:
        return self.event_type


class Activity(StoreOwnedModel):
    """One thing that a member did: a custom event, a purchase, a return, a completed rule.

    Append-only: what happened never changes, and the database sees to it.  Three things may
    still be learned about a row: whose it is (`member`, once), what it takes back (`reverses`,
    once), and how much of it was taken back (`returned`, and `reversed_at` when that is all).
    `identifiers` are what the sender called a member whom nobody knew; they are forgotten when
    the member is known, or is to be forgotten.

    `value` is the amount of a purchase, or what a schema's field says; it is never negative.
    A condition counts an activity until `reversed_at` is set, and sums `value - returned`.
    """

    member = models.ForeignKey(
        Member, null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="activities",
    )  # fmt: skip
    type = models.CharField(max_length=255)
    source = models.CharField(max_length=16, choices=ActivitySource)
    external_id = models.CharField(max_length=255)
    occurred_at = models.DateTimeField()
    received_at = models.DateTimeField()
    value = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    attributes = models.JSONField(default=dict)
    identifiers = models.JSONField(default=dict)
    reverses_external_id = models.CharField(max_length=255, blank=True)
    reverses = models.ForeignKey(
        "self", null=True, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="reversals",
    )  # fmt: skip
    returned = models.DecimalField(max_digits=20, decimal_places=4, default=0)
    reversed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "activities"
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="activity_can_be_referred_to_with_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "source", "external_id"], name="activity_is_counted_once"
            ),
        ]
        indexes = [
            # The conditions' own: a type's activity, member by member, in the order of time.
            models.Index(
                fields=["store", "type", "member", "occurred_at"],
                condition=Q(member__isnull=False, reversed_at=None),
                name="activity_for_conditions",
            ),
            models.Index(
                fields=["store", "member", "-occurred_at"],
                condition=Q(member__isnull=False),
                name="activity_of_a_member",
            ),
            models.Index(fields=["store", "-received_at", "id"], name="activity_by_arrival"),
            # For lists.  The condition is always true; but only a query that names the type itself
            # can be known to agree, and those of conditions are not to take this one (facts.py).
            models.Index(
                fields=["store", "type", "-occurred_at"],
                condition=~Q(type=""),
                name="activity_by_type",
            ),
            models.Index(
                fields=["store", "reverses"],
                condition=Q(reverses__isnull=False),
                name="activity_that_reverses",
            ),
            # Returns that came before their purchase, and activity that came before its member.
            # Each of the latter holds only what has such an identifier: much has none, and without
            # statistics PostgreSQL would take any index that begins with the store.
            models.Index(
                fields=["store", "source", "reverses_external_id"],
                condition=~Q(reverses_external_id="") & Q(reverses=None),
                name="activity_return_that_waits",
            ),
            models.Index(
                F("store"), Lower(KeyTextTransform("email", "identifiers")),
                condition=Q(member=None, identifiers__has_key="email"),
                name="activity_waits_for_email",
            ),
            models.Index(
                F("store"), KeyTextTransform("phone", "identifiers"),
                condition=Q(member=None, identifiers__has_key="phone"),
                name="activity_waits_for_phone",
            ),
            models.Index(
                F("store"), KeyTextTransform("loyaltyCardNumber", "identifiers"),
                condition=Q(member=None, identifiers__has_key="loyaltyCardNumber"),
                name="activity_waits_for_card",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.type} {self.external_id}"


class TouchedMember(models.Model):
    """A member about whom something was learned that no condition has looked at yet.

    Written in the transaction that wrote the fact, deleted in the one that evaluated it: the
    queue of live evaluation, and the truth about what is left to do.

    `input` is what may listen to it: `activity:<type>`, `points:<wallet>`, `badge:<badge type>`,
    `list:<list>`, or `member` when the person's own details changed.  `since` is the earliest
    moment at which a condition could have been met or unmet by it.

    A row at which evaluation failed stays: `failures` times, the last of them for `problem`, and
    it is tried again at `retry_at`.
    """

    id = models.BigAutoField(primary_key=True)
    store_id = models.UUIDField()
    member_id = models.UUIDField()
    input = models.CharField(max_length=300)
    since = models.DateTimeField()
    takes_away = models.BooleanField(default=False)
    touched_at = models.DateTimeField()
    failures = models.PositiveIntegerField(default=0, db_default=0)
    problem = models.CharField(max_length=1024, blank=True, default="", db_default="")
    retry_at = models.DateTimeField(null=True)

    across_stores = models.Manager["TouchedMember"]()

    class Meta:
        indexes = [models.Index(fields=["store_id", "id"], name="touched_member_of_a_store")]

    def __str__(self) -> str:
        return f"{self.input} {self.member_id}"
