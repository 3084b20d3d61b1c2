"""What the form of a condition offers to choose from: what the store knows, in people's words."""

from collections.abc import Iterable
from typing import Any

from badges.admin.drawing import badge_name
from badges.conditions.wording_names import OWN_EVENTS
from badges.models import BadgeType
from badges.selectors.badge_types import badge_types
from badges.selectors.rules import rule_groups, rules
from loyalty.models import Store
from members.models import DEFAULT_WALLET, EventSchema, MemberList, WalletType

Option = dict[str, Any]
"""What a choice in the form is: `{value, label}`."""

_MOST = 500
_TYPES = {"number": "number", "integer": "number", "boolean": "boolean", "datetime": "datetime"}

# What every purchase and return tells, as the activity log keeps it.
_OF_A_PURCHASE = (
    ("value", "number", "the amount"),
    ("documentNumber", "text", "the number of the receipt"),
    ("purchasePlace", "text", "where it was bought"),
    ("channelId", "text", "the channel"),
    ("items.sku", "text", "a bought article's number"),
    ("items.name", "text", "a bought article's name"),
    ("items.category", "text", "a bought article's category"),
    ("items.maker", "text", "a bought article's maker"),
    ("items.grossValue", "number", "an item's price"),
    ("items.quantity", "number", "how many of an item"),
)


def vocabulary(store: Store, badge_type: BadgeType | None = None) -> dict[str, list[Option]]:
    """Everything that a condition of the badge type may name; a badge does not wait for itself."""
    return {
        "events": event_options(store),
        "wallets": _wallets(store),
        "badges": _badges(store, badge_type),
        "rules": _named(rules(store).order_by("name", "id")),
        "groups": _named(rule_groups(store).order_by("name", "id")),
        "lists": _named(MemberList.for_store(store).order_by("name", "id")),
    }


def event_options(store: Store) -> list[Option]:
    """The types of activity with their attributes: purchases, returns, and the store's events."""
    own = [
        {"value": event, "label": label, "attributes": _attributes(_OF_A_PURCHASE)}
        for event, label in OWN_EVENTS.items()
    ]
    schemas = EventSchema.for_store(store).order_by("name", "event_type")[:_MOST]
    return own + [
        {
            "value": schema.event_type,
            "label": schema.name or schema.event_type,
            "attributes": _attributes(_fields_of(schema)),
        }
        for schema in schemas
    ]


def _fields_of(schema: EventSchema) -> Iterable[tuple[str, str, str]]:
    """What is an object or a list has no value of its own to compare; its parts can be named."""
    for field in schema.fields:
        if field.get("type") not in {"object", "collection"}:
            kind = _TYPES.get(str(field.get("type")), "text")
            yield str(field.get("name", "")), kind, str(field.get("description") or "")


def _attributes(fields: Iterable[tuple[str, str, str]]) -> list[Option]:
    return [
        {"value": name, "type": kind, "label": description}
        for name, kind, description in fields
        if name
    ]


def _wallets(store: Store) -> list[Option]:
    found = WalletType.for_store(store).order_by("name")[:_MOST]
    options = [{"value": wallet.code, "label": wallet.name or wallet.code} for wallet in found]
    if all(option["value"] != DEFAULT_WALLET for option in options):
        options.insert(0, {"value": DEFAULT_WALLET, "label": "Points"})
    return options


def _badges(store: Store, badge_type: BadgeType | None) -> list[Option]:
    found = badge_types(store).select_related("store").order_by("display_rank", "id")
    return [
        {"value": str(row.id), "label": badge_name(row)}
        for row in found[:_MOST]
        if badge_type is None or row.id != badge_type.id
    ]


def _named(rows: Any) -> list[Option]:
    return [{"value": str(row.id), "label": row.name} for row in rows[:_MOST]]
