"""What badge types and badges can be searched by (Open Loyalty, Badge API reference)."""

from loyalty.api.search import choice, flag, identifier, moment, number, search, text

BadgeTypeSearch = search(
    "BadgeTypeSearch",
    {
        "badgeTypeId": identifier("id"),
        "name": text("name"),
        "systemCode": text("system_code"),
        "active": flag("active"),
        "createdAt": moment("created_at"),
        "updatedAt": moment("updated_at"),
    },
)

MemberBadgeSearch = search(
    "MemberBadgeSearch",
    {
        "badgeType:badgeTypeId": identifier("badge_type_id"),
        "badgeType:name": text("name"),
        "badgeType:systemCode": text("badge_type__system_code"),
        "badgeType:active": flag("badge_type__active"),
        "badgeTypeId": identifier("badge_type_id"),
        "name": text("name"),
        "completedCount": number("completed_count"),
        "createdAt": moment("first_earned_at"),
        "updatedAt": moment("updated_at"),
    },
)

HolderSearch = search(
    "HolderSearch",
    {
        "customerId": identifier("member_id"),
        "email": text("member__email"),
        "completedCount": number("completed_count"),
        "firstEarnedAt": moment("first_earned_at"),
        "lastEarnedAt": moment("last_earned_at"),
    },
)

CountSearch = search(
    "CountSearch",
    {"badgeTypeId": identifier("id"), "systemCode": text("system_code"), "active": flag("active")},
)

EntrySearch = search(
    "EntrySearch",
    {
        "badgeTypeId": identifier("badge_type_id"),
        "systemCode": text("badge_type__system_code"),
        "kind": choice("kind"),
        "source": choice("source"),
        "occurredAt": moment("occurred_at"),
        "recordedAt": moment("recorded_at"),
    },
)
