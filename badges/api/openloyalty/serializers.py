"""Badge types and member badges on the wire (Open Loyalty, Badge API reference)."""

from collections.abc import Mapping
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.serializers import (
    BooleanField,
    CharField,
    ChoiceField,
    DateTimeField,
    DictField,
    IntegerField,
    Serializer,
    UUIDField,
)

from badges.models import Validity
from badges.selectors.as_of import BadgeAsOf
from loyalty.api.serializers import (
    Choice,
    Count,
    Flag,
    Moment,
    Pattern,
    StrictSerializer,
    Text,
    wrapped,
)
from loyalty.errors import Code


class TranslationWrite(StrictSerializer):
    name = Text()
    description = Text(required=False, allow_blank=True, max_length=1000)


class TranslationsWrite(DictField):
    """`{locale: {name, description}}`.  Which locales there are, the store says."""

    default_error_messages = {
        "not_a_dict": "This value should be of type object.",
        "required": "This field is missing.",
        "null": "This value should not be null.",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child=TranslationWrite(), **kwargs)

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping) and len(data) > 100:
            raise ValidationError(ErrorDetail("Too many languages.", Code.TOO_HIGH))
        return super().to_internal_value(data)


class BadgeTypeCreate(StrictSerializer):
    systemCode = Pattern(r"^[a-zA-Z0-9_-]+\Z")
    active = Flag(required=False)
    translations = TranslationsWrite()


class BadgeTypeUpdate(StrictSerializer):
    """Without a system code: it is fixed at creation."""

    active = Flag(required=False)
    translations = TranslationsWrite()


class ActiveWrite(StrictSerializer):
    active = Flag()


class AttributesUpdate(StrictSerializer):
    """Only what is sent is changed.  `permissionsEnabled` is decided in the admin alone.

    `validity` says how long a badge is good for: `unlimited`; `fixed`, until `validUntil`; or
    `relative`, for `validDays` days of 24 hours after it was earned last.
    """

    backgroundColor = Pattern(r"^#[0-9A-F]{6}\Z", required=False)
    textColor = Pattern(r"^#[0-9A-F]{6}\Z", required=False)
    icon = Text(required=False, allow_blank=True, max_length=2048)
    displayRank = Count(required=False)
    validity = Choice(choices=Validity.values, required=False)
    validUntil = Moment(required=False, allow_null=True)
    validDays = Count(required=False, allow_null=True)


class BadgeGrantWrite(StrictSerializer):
    systemCode = Text()


class CompletedCountWrite(StrictSerializer):
    completedCount = Count()


BadgeTypeCreateBody = wrapped("badgeType", BadgeTypeCreate)
BadgeTypeUpdateBody = wrapped("badgeType", BadgeTypeUpdate)
AttributesBody = wrapped("attributes", AttributesUpdate)
CompletedCountBody = wrapped("badge", CompletedCountWrite)


class BadgeTypeIdRead(Serializer[Any]):
    badgeTypeId = UUIDField()


class TranslationRead(Serializer[Any]):
    name = CharField()
    description = CharField(required=False)


class BadgeTypeRead(Serializer[Any]):
    """`name` is the name in `_locale`, else in the store's default language."""

    badgeTypeId = UUIDField()
    name = CharField()
    systemCode = CharField()
    active = BooleanField()
    translations = DictField(child=TranslationRead())
    createdAt = DateTimeField()
    updatedAt = DateTimeField()


class HeldBadgeTypeRead(Serializer[Any]):
    badgeTypeId = UUIDField()
    systemCode = CharField()
    active = BooleanField()
    name = CharField()
    translations = DictField(child=TranslationRead())


class BadgeMemberRead(Serializer[Any]):
    """`createdAt`: first earned; `updatedAt`: when the count changed last."""

    badgeType = HeldBadgeTypeRead()
    badgeTypeId = UUIDField()
    name = CharField()
    completedCount = IntegerField()
    createdAt = DateTimeField()
    updatedAt = DateTimeField()


class AsOfQuery(StrictSerializer):
    date = Moment(
        required=False, help_text="Without an offset, in the store's time; without it, now."
    )


class BadgeAsOfRead(Serializer[Any]):
    """`validUntil` is null for a badge that is good for ever."""

    badgeTypeId = UUIDField()
    systemCode = CharField()
    name = CharField()
    completedCount = IntegerField()
    firstEarnedAt = DateTimeField()
    lastEarnedAt = DateTimeField()
    validUntil = DateTimeField(allow_null=True)


class BadgesAsOfRead(Serializer[Any]):
    date = DateTimeField()
    items = BadgeAsOfRead(many=True)


class AttributesRead(Serializer[Any]):
    backgroundColor = CharField()
    textColor = CharField()
    icon = CharField(help_text="An absolute address, or empty.")
    displayRank = IntegerField()
    validity = ChoiceField(choices=Validity.values)
    validUntil = DateTimeField(allow_null=True)
    validDays = IntegerField(allow_null=True)
    permissionsEnabled = BooleanField()
    slug = CharField()
    revision = IntegerField()


class AttributesEnvelope(Serializer[Any]):
    attributes = AttributesRead()


class HolderRead(Serializer[Any]):
    customerId = UUIDField()
    email = CharField(allow_null=True)
    phone = CharField(allow_null=True)
    loyaltyCardNumber = CharField(allow_null=True)
    completedCount = IntegerField()
    firstEarnedAt = DateTimeField()
    lastEarnedAt = DateTimeField()


class BadgeTypeCountRead(Serializer[Any]):
    """`members` hold the badge; `completions` counts each time anew."""

    badgeTypeId = UUIDField()
    systemCode = CharField()
    members = IntegerField()
    completions = IntegerField()


class BadgeEntryRead(Serializer[Any]):
    """One line of the ledger.  `occurredAt`: when earned or lost; `recordedAt`: when written."""

    entryId = UUIDField()
    badgeTypeId = UUIDField()
    systemCode = CharField()
    kind = CharField()
    delta = IntegerField()
    previousCompletedCount = IntegerField()
    currentCompletedCount = IntegerField()
    reason = CharField()
    source = CharField()  # type: ignore[assignment]  # Field.source means something else.
    actorKind = CharField()
    actorId = UUIDField(allow_null=True)
    actor = CharField()
    occurredAt = DateTimeField()
    recordedAt = DateTimeField()


BADGE_TYPE_COLUMNS = (
    "id", "name", "system_code", "active", "translations", "created_at", "updated_at",
)  # fmt: skip
COUNT_COLUMNS = ("id", "system_code", "members", "completions")
HOLDER_COLUMNS = (
    "member_id", "member__email", "member__phone", "member__loyalty_card_number",
    "completed_count", "first_earned_at", "last_earned_at",
)  # fmt: skip
ENTRY_COLUMNS = (
    "id", "badge_type_id", "badge_type__system_code", "kind", "delta", "count_after",
    "reason", "source", "actor_kind", "actor_id", "actor_label", "occurred_at",
    "recorded_at",
)  # fmt: skip

Row = Mapping[str, Any]


def badge_type_read(row: Row) -> dict[str, Any]:
    return {
        "badgeTypeId": row["id"],
        "name": row["name"],
        "systemCode": row["system_code"],
        "active": row["active"],
        "translations": row["translations"],
        "createdAt": row["created_at"],
        "updatedAt": row["updated_at"],
    }


def badge_member_read(row: Row) -> dict[str, Any]:
    return {
        "badgeType": {
            "badgeTypeId": row["badge_type_id"],
            "systemCode": row["system_code"],
            "active": row["active"],
            "name": row["name"],
            "translations": row["translations"],
        },
        "badgeTypeId": row["badge_type_id"],
        "name": row["name"],
        "completedCount": row["completed_count"],
        "createdAt": row["first_earned_at"],
        "updatedAt": row["updated_at"],
    }


def count_read(row: Row) -> dict[str, Any]:
    return {
        "badgeTypeId": row["id"],
        "systemCode": row["system_code"],
        "members": row["members"],
        "completions": row["completions"],
    }


def holder_read(row: Row) -> dict[str, Any]:
    return {
        "customerId": row["member_id"],
        "email": row["member__email"],
        "phone": row["member__phone"],
        "loyaltyCardNumber": row["member__loyalty_card_number"],
        "completedCount": row["completed_count"],
        "firstEarnedAt": row["first_earned_at"],
        "lastEarnedAt": row["last_earned_at"],
    }


def badge_as_of_read(row: BadgeAsOf) -> dict[str, Any]:
    return {
        "badgeTypeId": row.badge_type_id,
        "systemCode": row.system_code,
        "name": row.name,
        "completedCount": row.completed_count,
        "firstEarnedAt": row.first_earned_at,
        "lastEarnedAt": row.last_earned_at,
        "validUntil": row.valid_until,
    }


def entry_read(row: Row) -> dict[str, Any]:
    return {
        "entryId": row["id"],
        "badgeTypeId": row["badge_type_id"],
        "systemCode": row["badge_type__system_code"],
        "kind": row["kind"],
        "delta": row["delta"],
        "previousCompletedCount": row["count_after"] - row["delta"],
        "currentCompletedCount": row["count_after"],
        "reason": row["reason"],
        "source": row["source"],
        "actorKind": row["actor_kind"],
        "actorId": row["actor_id"],
        "actor": row["actor_label"],
        "occurredAt": row["occurred_at"],
        "recordedAt": row["recorded_at"],
    }
