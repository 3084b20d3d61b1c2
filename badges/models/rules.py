"""Rules: named filters over activity, in Snag's words."""

from django.db import models

from loyalty.models import StoreOwnedModel


class RuleKind(models.TextChoices):
    ACTIVITY = "activity", "Activity that fits a filter"
    EXTERNAL = "external", "Confirmed by another system"


class Rule(StoreOwnedModel):
    """Something that a member completes, once or again and again.

    A rule of the kind ACTIVITY is completed by each activity of `event_type` that all `filters`
    let through; one that is EXTERNAL, each time somebody says so through the API.  What it hears
    is fixed at creation, so that no badge changes its meaning behind its back; its words are not.
    """

    name = models.CharField(max_length=255)
    description = models.CharField(max_length=1000, blank=True)
    kind = models.CharField(max_length=16, choices=RuleKind)
    event_type = models.CharField(max_length=255, blank=True)
    filters = models.JSONField(default=list, blank=True)
    deleted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["store", "id"], name="rule_can_be_referred_to_with_its_store"
            )
        ]

    def __str__(self) -> str:
        return self.name


class RuleGroup(StoreOwnedModel):
    """Rules that belong together; `rule_ids` are in the order in which they are shown.

    A published condition keeps the group as it was; publish again to take a change in.
    """

    name = models.CharField(max_length=255)
    rule_ids = models.JSONField(default=list)
    required_count = models.PositiveIntegerField(
        null=True, help_text="How many of the rules must be completed; empty: all of them."
    )
    deleted_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return self.name
