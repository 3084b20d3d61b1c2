from badges.models.badge_types import BadgeIcon, BadgeType, Validity
from badges.models.conditions import (
    ConditionInput,
    ConditionVersion,
    PublishPolicy,
    RefundPolicy,
    VersionState,
)
from badges.models.ledger import BadgeEntry, EntryKind, MemberBadge
from badges.models.rules import Rule, RuleGroup, RuleKind

__all__ = [
    "BadgeEntry",
    "BadgeIcon",
    "BadgeType",
    "ConditionInput",
    "ConditionVersion",
    "EntryKind",
    "MemberBadge",
    "PublishPolicy",
    "RefundPolicy",
    "Rule",
    "RuleGroup",
    "RuleKind",
    "Validity",
    "VersionState",
]
