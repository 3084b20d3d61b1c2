"""What Wix is told of badges and of who holds them."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid5

from badges.models import BadgeType
from loyalty.models import Event, EventName, Store
from loyalty.services.webhooks.message_types import WixMessageType, register_wix_message

# A badge has all of its completions in one assignment: it begins with the first of them, and
# ends with the last.
_BEGINS = "$.previousCompletedCount == 0 && $.currentCompletedCount > 0"
_ENDS = "$.previousCompletedCount > 0 && $.currentCompletedCount == 0"
_ASSIGNED: dict[EventName, str | None] = {
    EventName.BADGE_COMPLETED: _BEGINS,
    EventName.BADGE_COUNT_CHANGED: _BEGINS,
}
_UNASSIGNED: dict[EventName, str | None] = {
    EventName.BADGE_COUNT_CHANGED: _ENDS,
    EventName.BADGE_EXPIRED: _ENDS,
}
_CREATED: dict[EventName, str | None] = {EventName.BADGE_TYPE_CREATED: None}
_UPDATED: dict[EventName, str | None] = {
    EventName.BADGE_TYPE_UPDATED: None,
    EventName.BADGE_TYPE_ACTIVATED: None,
    EventName.BADGE_TYPE_DEACTIVATED: None,
}
_DELETED: dict[EventName, str | None] = {EventName.BADGE_TYPE_DELETED: None}

Said = Mapping[int, Mapping[str, Any]]
Entity = Callable[[Store, BadgeType], dict[str, Any]]


def register_wix_messages() -> None:
    for version, entity in (("v3", badge_v3), ("v4", badge_v4)):
        badge = f"wix.badges.{version}.badge"
        for name, sources, render in (
            ("created", _CREATED, _badges("createdEvent", "entity", entity)),
            ("updated", _UPDATED, _badges("updatedEvent", "currentEntity", entity)),
            ("deleted", _DELETED, _deleted),
        ):
            register_wix_message(WixMessageType(f"{badge}_{name}", sources, render))
    for name, sources in (("badge_assigned", _ASSIGNED), ("badge_unassigned", _UNASSIGNED)):
        register_wix_message(WixMessageType(f"wix.badges.v3.badge_{name}", sources, _member))
    assignment = "wix.badges.v4.badge_assignment"
    for name, sources, key in (
        ("created", _ASSIGNED, "entity"),
        ("deleted", _UNASSIGNED, "deletedEntity"),
    ):
        register_wix_message(
            WixMessageType(f"{assignment}_{name}", sources, _assignments(f"{name}Event", key))
        )


def badge_v3(store: Store, badge_type: BadgeType) -> dict[str, Any]:
    """The badge as Wix's older API shows it."""
    texts = badge_type.translations.get(store.default_locale, {})
    return {
        "id": str(badge_type.id),
        "title": texts.get("name", badge_type.system_code),
        "description": texts.get("description") or "",
        "backgroundColor": badge_type.background_color,
        "textColor": badge_type.text_color,
        "icon": badge_type.icon,
        "permissionsEnabled": badge_type.permissions_enabled,
        "slug": badge_type.slug,
        "createdDate": badge_type.created_at.isoformat(),
        "updatedDate": badge_type.updated_at.isoformat(),
    }


def badge_v4(store: Store, badge_type: BadgeType) -> dict[str, Any]:
    """The same as its newer API shows it: with a revision, and with an icon that is an object."""
    badge = badge_v3(store, badge_type)
    icon = {"url": badge["icon"]} if badge["icon"] else None
    return {**badge, "revision": str(badge_type.revision), "icon": icon}


def assignment_id(badge_type_id: UUID, member_id: UUID) -> UUID:
    """Of a badge and who holds it: one each, for as long as both exist."""
    return uuid5(badge_type_id, str(member_id))


def _badges(part: str, key: str, entity: Entity) -> Callable[[Store, Sequence[Event]], Said]:
    def render(store: Store, events: Sequence[Event]) -> Said:
        ids = {event.subject_id for event in events}
        found = {str(row.id): row for row in BadgeType.for_store(store).filter(id__in=ids)}
        return {
            event.sequence: {
                "entityId": event.subject_id,
                part: _both(key, entity(store, found[event.subject_id])),
            }
            for event in events
            if event.subject_id in found
        }

    return render


def _deleted(_: Store, events: Sequence[Event]) -> Said:
    return {event.sequence: {"entityId": event.subject_id, "deletedEvent": {}} for event in events}


def _member(_: Store, events: Sequence[Event]) -> Said:
    return {
        event.sequence: {
            "entityId": event.subject_id,
            "actionEvent": _both("body", {"memberId": str(event.member_id)}),
        }
        for event in events
    }


def _assignments(part: str, key: str) -> Callable[[Store, Sequence[Event]], Said]:
    def render(_: Store, events: Sequence[Event]) -> Said:
        said: dict[int, Mapping[str, Any]] = {}
        for event in events:
            badge_type_id, member_id = UUID(event.subject_id), event.member_id
            if member_id is None:
                continue
            moment = event.recorded_at.isoformat()
            row = str(assignment_id(badge_type_id, member_id))
            entity = {
                "id": row, "badgeId": str(badge_type_id), "memberId": str(member_id),
                "createdDate": moment, "updatedDate": moment,
            }  # fmt: skip
            said[event.sequence] = {"entityId": row, part: _both(key, entity)}
        return said

    return render


def _both(key: str, value: Mapping[str, Any]) -> dict[str, Any]:
    """Wix's typings call it by one name and its SDK reads the other; each finds its own."""
    return {key: value, f"{key}AsJson": json.dumps(value)}
