"""The badge ledger, and what follows from it."""

from django.db import models
from django.db.models import Q

from badges.models.badge_types import BadgeType
from badges.models.conditions import ConditionVersion
from loyalty.actors import ActorKind, Source
from loyalty.models import StoreOwnedModel
from members.models import Member


class EntryKind(models.TextChoices):
    GRANT = "grant", "Granted"
    REVOCATION = "revocation", "Revoked"
    CORRECTION = "correction", "Count corrected"
    EXPIRY = "expiry", "Expired"
    REINSTATEMENT = "reinstatement", "Reinstated"


class BadgeEntry(StoreOwnedModel):
    """One line of the ledger: a member's count of one badge went up or down, and why.

    Append-only: the database refuses to change a row, and deletes it only with its member.
    `occurrence_key` is unique in the store: whoever can name what a grant is for (a job and its
    row, a rule and its occurrence) cannot grant for it twice.  `occurred_at` is when it was
    earned or lost, `recorded_at` when we learned of it.

    A line that a condition caused names its `version` and the `completion` that it is about: the
    k-th of the version's series.  What the sum of a completion's lines is, 1 or 0, says whether
    conditions have granted it; lines by hand have no completion and do not touch that.
    """

    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    badge_type = models.ForeignKey(
        BadgeType, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="+",
    )  # fmt: skip
    kind = models.CharField(max_length=16, choices=EntryKind)
    delta = models.IntegerField()
    # Compared byte by byte, so that the lines of one job stand together in the index.
    occurrence_key = models.CharField(max_length=255, db_collation="C")
    version = models.ForeignKey(
        ConditionVersion, null=True, on_delete=models.DO_NOTHING, db_constraint=False,
        db_index=False, related_name="+",
    )  # fmt: skip
    completion = models.PositiveIntegerField(null=True)
    reason = models.CharField(max_length=1024, blank=True)
    actor_kind = models.CharField(max_length=16, choices=ActorKind)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=255)
    source = models.CharField(max_length=16, choices=Source)
    source_id = models.CharField(max_length=255, blank=True)
    occurred_at = models.DateTimeField()
    recorded_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "badge entries"
        constraints = [
            models.UniqueConstraint(
                fields=["store", "occurrence_key"], name="badge_entry_occurs_once"
            ),
            models.CheckConstraint(condition=~Q(delta=0), name="badge_entry_changes_something"),
            models.CheckConstraint(
                condition=Q(version=None, completion=None)
                | Q(version__isnull=False, completion__gte=1),
                name="badge_entry_of_a_condition_names_its_completion",
            ),
        ]
        indexes = [
            models.Index(
                fields=["store", "member", "badge_type", "recorded_at"],
                name="badge_entry_of_a_member",
            ),
            models.Index(
                fields=["store", "badge_type", "recorded_at"], name="badge_entry_of_a_type"
            ),
            models.Index(fields=["store", "recorded_at"], name="badge_entry_by_time"),
            models.Index(
                fields=["store", "source_id"],
                condition=Q(completion__isnull=False),
                name="badge_entry_of_a_condition",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.delta:+d}"


class MemberBadge(StoreOwnedModel):
    """A badge that a member holds now: the sum of its ledger lines, kept ready for reading.

    The row disappears when the count reaches 0.  The first and last dates are those of the
    lines that added, so a badge that was taken away by mistake keeps its first date.
    """

    member = models.ForeignKey(
        Member, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="badges",
    )  # fmt: skip
    badge_type = models.ForeignKey(
        BadgeType, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False,
        related_name="holdings",
    )  # fmt: skip
    completed_count = models.PositiveIntegerField()
    first_earned_at = models.DateTimeField()
    last_earned_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "member", "badge_type"], name="member_holds_each_badge_once"
            ),
            models.CheckConstraint(
                condition=Q(completed_count__gte=1), name="member_badge_is_held_at_least_once"
            ),
        ]
        indexes = [
            models.Index(fields=["store", "badge_type", "first_earned_at"], name="badge_holders")
        ]

    def __str__(self) -> str:
        return f"{self.badge_type_id} x {self.completed_count}"
