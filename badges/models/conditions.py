"""What awards a badge, version by version."""

from django.db import models
from django.db.models import Q

from badges.models.badge_types import BadgeType
from loyalty.actors import ActorKind, Source
from loyalty.models import StoreOwnedModel


class VersionState(models.TextChoices):
    DRAFT = "draft", "Draft"
    CURRENT = "current", "Current"
    SUPERSEDED = "superseded", "Superseded"
    RETIRED = "retired", "Retired"


class PublishPolicy(models.TextChoices):
    FROM_NOW_ON = "fromNowOn", "From now on"
    ONLY_ADD = "onlyAdd", "Look again, and only add"
    TAKE_AWAY = "takeAway", "Look again, and take away"


class RefundPolicy(models.TextChoices):
    """What becomes of a badge whose activity was taken back."""

    KEEP = "keep", "The badge stays"
    REVOKE = "revoke", "The badge goes"
    GRACE = "grace", "The badge goes within a grace period, and stays after it"


class ConditionVersion(StoreOwnedModel):
    """One version of the conditions of a badge type.

    A draft may be changed, and there is at most one; what was published never changes, and the
    database sees to it.  `tree` is what people wrote, `resolved` the same with rules and groups
    written out, and the one that is compiled.

    Versions of one `series` number completions together: the third completion of a series is
    granted once, whichever version finds it.  "From now on" begins a series of its own.
    `repeat_limit` is how often the badge can be earned in all; NULL: without end.
    Only what happened at `counting_from` or later counts.
    """

    badge_type = models.ForeignKey(
        BadgeType, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="condition_versions",
    )  # fmt: skip
    number = models.PositiveIntegerField()
    series = models.UUIDField()
    state = models.CharField(max_length=16, choices=VersionState, default=VersionState.DRAFT)
    policy = models.CharField(max_length=16, choices=PublishPolicy, blank=True)
    tree = models.JSONField()
    resolved = models.JSONField(null=True)
    repeat_limit = models.PositiveIntegerField(null=True, default=1)
    counting_from = models.DateTimeField(null=True)
    refund_policy = models.CharField(
        max_length=16, choices=RefundPolicy, default=RefundPolicy.GRACE
    )
    grace_days = models.PositiveIntegerField(default=30)
    hidden = models.BooleanField(
        default=False, help_text="Members see neither the conditions nor their progress."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)
    published_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True, help_text="When it was superseded or retired.")
    actor_kind = models.CharField(max_length=16, choices=ActorKind, blank=True)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=255, blank=True)
    source = models.CharField(max_length=16, choices=Source, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="condition_version_can_be_referred_to_with_its_store"
            ),
            models.UniqueConstraint(
                fields=["store", "badge_type", "number"], name="condition_version_is_numbered"
            ),
            models.UniqueConstraint(
                fields=["store", "badge_type"], condition=Q(state=VersionState.CURRENT),
                name="badge_type_has_one_current_condition",
            ),
            models.UniqueConstraint(
                fields=["store", "badge_type"], condition=Q(state=VersionState.DRAFT),
                name="badge_type_has_one_draft_condition",
            ),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"version {self.number}"


class ConditionInput(StoreOwnedModel):
    """Something that the current condition of a badge type listens to.

    `input` is written as in `TouchedMember`.  The rows are those of current versions only, and
    change with them.
    """

    badge_type = models.ForeignKey(
        BadgeType, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="+",
    )  # fmt: skip
    input = models.CharField(max_length=300)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "input", "badge_type"], name="condition_hears_each_input_once"
            )
        ]

    def __str__(self) -> str:
        return self.input
