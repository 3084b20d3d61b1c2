"""What happened."""

from enum import StrEnum
from typing import Self

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from loyalty.actors import ActorKind, Source
from loyalty.models.keys import new_id
from loyalty.models.stores import Store


class EventName(StrEnum):
    """The catalogue.  Names that Open Loyalty has are its own (notes, section 3, history types)."""

    ADMINISTRATOR_CREATED = "AdministratorCreated"
    ADMINISTRATOR_UPDATED = "AdministratorUpdated"
    ADMINISTRATOR_PASSWORD_CHANGED = "AdministratorPasswordWasChanged"  # noqa: S105
    API_KEY_CREATED = "ApiKeyCreated"
    API_KEY_UPDATED = "ApiKeyUpdated"
    API_KEY_REVOKED = "ApiKeyRevoked"
    REFRESH_TOKEN_REPLAYED = "RefreshTokenWasReplayed"  # noqa: S105
    ROLE_CREATED = "RoleCreated"
    ROLE_UPDATED = "RoleUpdated"
    ROLE_DELETED = "RoleDeleted"
    SESSIONS_REVOKED = "SessionsWereRevoked"
    STORE_CREATED = "StoreCreated"
    STORE_UPDATED = "StoreUpdated"

    WEBHOOK_CREATED = "WebhookSubscriptionCreated"
    WEBHOOK_UPDATED = "WebhookSubscriptionUpdated"
    WEBHOOK_DELETED = "WebhookSubscriptionDeleted"
    WEBHOOK_ENABLED = "WebhookSubscriptionEnabled"
    WEBHOOK_DISABLED = "WebhookSubscriptionDisabled"
    WEBHOOK_SECRET_ROTATED = "WebhookSecretWasRotated"  # noqa: S105
    WEBHOOK_TESTED = "WebhookWasTested"
    WEBHOOK_REDELIVERED = "WebhookMessagesWereRequeued"

    JOB_CREATED = "JobCreated"
    JOB_PAUSED = "JobPaused"
    JOB_RESUMED = "JobResumed"
    JOB_CANCELLED = "JobCancelled"
    JOB_FINISHED = "JobFinished"
    JOB_FAILED = "JobFailed"

    MEMBER_REGISTERED = "CustomerWasRegistered"
    MEMBER_UPDATED = "CustomerWasUpdated"
    MEMBER_ACTIVATED = "CustomerWasActivated"
    MEMBER_DEACTIVATED = "CustomerWasDeactivated"
    MEMBER_ANONYMIZED = "CustomerWasAnonymized"
    MEMBER_DELETED = "CustomerWasDeleted"
    MEMBER_LABELS_CHANGED = "CustomerLabelsWereChanged"
    MEMBER_IDENTIFIERS_CHANGED = "CustomerIdentifiersWereChanged"
    MEMBER_PASSWORD_CHANGED = "CustomerPasswordWasChanged"  # noqa: S105

    BADGE_TYPE_CREATED = "BadgeTypeCreated"
    BADGE_TYPE_UPDATED = "BadgeTypeUpdated"
    BADGE_TYPE_ACTIVATED = "BadgeTypeActivated"
    BADGE_TYPE_DEACTIVATED = "BadgeTypeDeactivated"
    BADGE_TYPE_DELETED = "BadgeTypeDeleted"
    BADGE_COMPLETED = "BadgeCompleted"
    BADGE_COUNT_CHANGED = "MemberBadgeCompletedCountWasChanged"
    BADGE_EXPIRED = "BadgeExpired"

    CONDITION_DRAFT_SAVED = "ConditionDraftSaved"
    CONDITION_DRAFT_DISCARDED = "ConditionDraftDiscarded"
    CONDITION_PUBLISHED = "ConditionPublished"
    CONDITION_RETIRED = "ConditionRetired"
    RULE_CREATED = "RuleCreated"
    RULE_UPDATED = "RuleUpdated"
    RULE_DELETED = "RuleDeleted"
    RULE_GROUP_CREATED = "RuleGroupCreated"
    RULE_GROUP_UPDATED = "RuleGroupUpdated"
    RULE_GROUP_DELETED = "RuleGroupDeleted"

    EVENT_SCHEMA_CREATED = "CustomEventSchemaCreated"
    EVENT_SCHEMA_UPDATED = "CustomEventSchemaUpdated"
    CUSTOM_EVENT_OCCURRED = "CustomEventOccurred"
    TRANSACTION_REGISTERED = "TransactionRegistered"
    RULE_COMPLETED = "RuleWasCompleted"
    RULE_COMPLETION_WITHDRAWN = "RuleCompletionWasWithdrawn"
    FACT_CONFIRMED = "FactWasConfirmed"
    FACT_WITHDRAWN = "FactConfirmationWasWithdrawn"
    ACTIVITY_MATCHED = "ActivityWasMatched"
    POINTS_CHANGED = "AvailablePointsAmountChanged"
    WALLET_TYPE_CREATED = "WalletTypeCreated"
    WALLET_TYPE_UPDATED = "WalletTypeUpdated"
    MEMBER_LIST_CREATED = "MemberListCreated"
    MEMBER_LIST_UPDATED = "MemberListUpdated"
    MEMBER_LIST_DELETED = "MemberListDeleted"


class Event(models.Model):
    """One thing that happened, written in the transaction that made it happen.

    Append-only: the database refuses to change or delete a row.  The same rows are the audit
    trail, a member's history and (later) what webhooks tell, so they hold no personal data:
    `data` names the fields of a member that changed, and does not copy what a person is called.
    """

    sequence = models.BigAutoField(primary_key=True)
    id = models.UUIDField(unique=True, default=new_id, editable=False)
    store = models.ForeignKey(
        Store, null=True, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    name = models.CharField(max_length=64)  # One of EventName.
    subject_kind = models.CharField(max_length=32)
    subject_id = models.CharField(max_length=64)
    member_id = models.UUIDField(null=True, help_text="The member whose history this is part of.")
    data = models.JSONField(default=dict)
    actor_kind = models.CharField(max_length=16, choices=ActorKind)
    actor_id = models.UUIDField(null=True)
    actor_label = models.CharField(max_length=255)
    source = models.CharField(max_length=16, choices=Source)
    address = models.GenericIPAddressField(null=True)
    recorded_at = models.DateTimeField(auto_now_add=True)

    across_stores = models.Manager[Self]()

    class Meta:
        indexes = [
            models.Index(fields=["store", "member_id", "-sequence"], name="event_of_a_member"),
            models.Index(fields=["store", "-sequence"], name="event_of_a_store"),
            models.Index(fields=["store", "name", "-sequence"], name="event_of_a_name"),
            models.Index(fields=["store", "actor_label", "-sequence"], name="event_of_somebody"),
            # What an administrator looks up is about few rows: definitions, roles, jobs.  A badge
            # type that a million members earned has had a handful of changes.
            models.Index(
                fields=["subject_kind", "subject_id", "-sequence"],
                condition=models.Q(member_id=None),
                name="event_of_a_subject",
            ),
            BrinIndex(fields=["recorded_at"], name="event_of_a_time", autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.name}"

    @classmethod
    def for_store(cls, store: Store) -> models.QuerySet[Self]:
        return cls.across_stores.filter(store=store)
