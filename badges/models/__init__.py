from badges.models.badge_types import BadgeIcon, BadgeType
from badges.models.ledger import BadgeEntry, EntryKind, MemberBadge

__all__ = ["BadgeEntry", "BadgeIcon", "BadgeType", "EntryKind", "MemberBadge"]
