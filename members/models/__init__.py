from members.models.activity import (
    EVENT_TYPE,
    FIELD_NAME,
    PURCHASE,
    RETURN,
    Activity,
    ActivitySource,
    EventSchema,
    FieldType,
    TouchedMember,
)
from members.models.identifiers import ExternalIdentifier, ExternalKind, as_kept
from members.models.lists import ListedMember, MemberList
from members.models.members import CARD_NUMBER, COUNTRY, PHONE, Gender, Member
from members.models.points import (
    DEFAULT_WALLET,
    PointsEntry,
    PointsKind,
    PointsLot,
    WalletType,
)

__all__ = [
    "CARD_NUMBER",
    "COUNTRY",
    "DEFAULT_WALLET",
    "EVENT_TYPE",
    "FIELD_NAME",
    "PHONE",
    "PURCHASE",
    "RETURN",
    "Activity",
    "ActivitySource",
    "EventSchema",
    "ExternalIdentifier",
    "ExternalKind",
    "FieldType",
    "Gender",
    "ListedMember",
    "Member",
    "MemberList",
    "PointsEntry",
    "PointsKind",
    "PointsLot",
    "TouchedMember",
    "WalletType",
    "as_kept",
]
