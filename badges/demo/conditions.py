"""How badges of the demo are earned: those whose description a condition can tell."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Tree = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class DemoCondition:
    """`limit`: how often in all; None for a badge that can be earned again and again."""

    tree: Tree
    limit: int | None = 1


def _where(attribute: str, operator: str, value: object) -> Tree:
    return {"attribute": attribute, "operator": operator, "value": value}


def _count(event: str, target: int, *filters: Tree, **more: object) -> Tree:
    return {"type": "count", "event": event, "target": target, "filters": list(filters), **more}


def _again(tree: Tree) -> DemoCondition:
    return DemoCondition(tree, None)


HIGHLAND = ("Sidamo", "Yirgacheffe", "Nyeri", "Huila", "Antigua", "Chanchamayo")
MENU = (
    "Espresso", "Americano", "Cappuccino", "Flat white", "Latte", "Mocha", "Cold brew",
    "Cortado", "Matcha", "Chai",
)  # fmt: skip

CONDITIONS: Mapping[str, Mapping[str, DemoCondition]] = {
    "DEFAULT": {
        "first_cup": DemoCondition(_count("visit", 1)),
        "first_order": DemoCondition(
            _count("transaction", 1, _where("labels.channel", "eq", "app"))
        ),
        "early_bird": _again(_count("visit", 1, _where("minuteOfDay", "lt", 450))),
        "night_owl": _again(_count("visit", 1, _where("minuteOfDay", "gte", 1260))),
        "seven_day_streak": _again(
            {"type": "streak", "event": "visit", "target": 7, "unit": "day", "zone": "store"}
        ),
        "full_bag": _again(_count("visit", 1, _where("bakes", "gte", 5))),
        "special_delivery": _again(
            _count("transaction", 1, _where("labels.delivery", "eq", "bike"))
        ),
        "green_habit": DemoCondition(_count("visit", 10, _where("ownCup", "eq", True))),
        "star_regular": _again(
            _count("visit", 10, window={"type": "calendar", "period": "month", "zone": "store"})
        ),
        "good_company": _again(_count("friend_joined", 1)),
        "treat_giver": _again(
            _count("transaction", 1, _where("items.category", "eq", "Gift card"))
        ),
        "highland_explorer": DemoCondition(
            _count(
                "visit", len(HIGHLAND), _where("coffee", "in", list(HIGHLAND)), distinct="coffee"
            )
        ),
        "menu_royalty": DemoCondition(
            {
                "type": "all",
                "conditions": [
                    _count("visit", len(MENU), _where("drink", "in", list(MENU)), distinct="drink"),
                    {"type": "badge", "systemCode": "highland_explorer"},
                ],
            }
        ),
    },
    "OUTDOOR": {
        "first_order": DemoCondition(_count("transaction", 1)),
        "summit_seeker": DemoCondition(_count("peak_logged", 5, distinct="peak")),
        "weekend_streak": _again(
            {
                "type": "streak",
                "event": "hike",
                "target": 4,
                "unit": "week",
                "filters": [_where("weekend", "eq", True)],
            }
        ),
        "leave_no_trace": _again(_count("gear_repaired", 1)),
        "far_horizons": DemoCondition(_count("hike", 3, distinct="country")),
    },
}

Fields = tuple[tuple[str, str, str], ...]

# What the stores' custom events look like: (name, type, description) of each field.
EVENTS: Mapping[str, Mapping[str, tuple[str, Fields]]] = {
    "DEFAULT": {
        "visit": (
            "Visit to a coffee bar",
            (
                ("minuteOfDay", "number", "Minutes since midnight at the bar"),
                ("drink", "text", "What was ordered"),
                ("coffee", "text", "The coffee it was made of"),
                ("ownCup", "boolean", "Whether it was poured into the guest's own cup"),
                ("bakes", "number", "How many different bakes went home"),
            ),
        ),
        "friend_joined": ("A friend came along", (("friend", "text", "Who was invited"),)),
    },
    "OUTDOOR": {
        "peak_logged": ("Peak logged on the map", (("peak", "text", "Its name"),)),
        "hike": (
            "Hike",
            (
                ("country", "text", "Where the trail runs"),
                ("weekend", "boolean", "Whether it was on a weekend"),
            ),
        ),
        "gear_repaired": ("Gear repaired", (("item", "text", "What was repaired"),)),
    },
}
