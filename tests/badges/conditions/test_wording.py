"""Trees in the words in which people read them."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from badges.conditions.parsing import parse
from badges.conditions.parsing_filters import parse_filters
from badges.conditions.wording import own_words, said, words_of
from badges.conditions.wording_filters import filters_words
from badges.conditions.wording_names import Names
from badges.conditions.wording_texts import ordinal

GOLD = "0197f1b2-0000-7000-8000-000000000001"
GONE = "0197f1b2-0000-7000-8000-000000000002"
WARSAW = ZoneInfo("Europe/Warsaw")
NAMES = Names({"visit": "Visit to a coffee bar"}, {"stars": "Stars"}, {UUID(GOLD): "Gold"}, WARSAW)
VISIT = {"type": "count", "event": "visit", "target": 1}
BUY = {"type": "count", "event": "transaction", "target": 10}
STREAK = {"type": "streak", "event": "visit", "target": 7, "unit": "day"}
OWN_CUP = [{"attribute": "ownCup", "operator": "eq", "value": True}]
ONCE = "has done “Visit to a coffee bar” at least once"
TOTAL = "has reached a total of 1,000.5 in “Purchase”"
TEN = "has done “Purchase” at least 10 times"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (VISIT, ONCE),
        (VISIT | {"target": 1000}, "has done “Visit to a coffee bar” at least 1,000 times"),
        (VISIT | {"event": "hike"}, "has done “hike” at least once"),
        (BUY | {"window": {"type": "rolling", "days": 30}, "filters": OWN_CUP},
         f"{TEN} within any 30 days, where own cup is yes"),
        (BUY | {"window": {"type": "rolling", "days": 1}}, f"{TEN} within any 24 hours"),
        (BUY | {"window": {"type": "rolling", "hours": 1}}, f"{TEN} within any hour"),
        (BUY | {"distinct": "shop.id", "window": {"type": "calendar", "period": "month"}},
         f"{TEN} in one calendar month, counting each different shop id once"),
        (BUY | {"window": {"type": "calendar", "period": "day", "zone": "store"}},
         f"{TEN} in one calendar day on the store's clock"),
        ({"type": "count", "event": f"rule:{GOLD}", "target": 2},
         "has completed the rule “Gold” at least twice"),
        ({"type": "sum", "event": "transaction", "target": 1000.5,
          "window": {"type": "between", "from": "2024-01-01T00:00:00+01:00",
                     "to": "2024-02-01T12:00:00Z"}},
         f"{TOTAL} from 1 Jan 2024 until just before 1 Feb 2024, 13:00"),
        (STREAK | {"zone": "store"}, f"{ONCE} each day for 7 days in a row on the store's clock"),
        (STREAK | {"event": "transaction", "target": 4, "unit": "week", "perPeriod": 2,
                   "filters": OWN_CUP},
         "has done “Purchase” at least twice each week for 4 weeks in a row, where own cup is yes"),
        (STREAK | {"target": 1, "unit": "week"}, f"{ONCE} in one calendar week"),
        ({"type": "points", "target": 1},
         "has collected in all at least 1 point in the wallet “default”"),
        ({"type": "points", "wallet": "stars", "target": 1500, "basis": "balance"},
         "has a balance of at least 1,500 points in the wallet “Stars”"),
        ({"type": "badge", "badgeTypeId": GOLD}, "holds the badge “Gold”"),
        ({"type": "badge", "badgeTypeId": GOLD, "times": 2},
         "holds the badge “Gold” at least twice"),
        ({"type": "badge", "badgeTypeId": GONE}, "holds a badge that was deleted"),
        ({"type": "badge", "systemCode": "gold"}, "holds the badge “gold”"),
        ({"type": "rule", "ruleId": GOLD}, "has completed the rule “Gold”"),
        ({"type": "rule", "ruleId": GOLD, "times": 3},
         "has completed the rule “Gold” at least 3 times"),
        ({"type": "ruleGroup", "ruleGroupId": GOLD, "count": 1},
         "has completed at least 1 rule of the group “Gold”"),
        ({"type": "ruleGroup", "ruleGroupId": GOLD},
         "has completed as many rules of the group “Gold” as it asks for"),
        ({"type": "external", "key": "kyc"}, "was confirmed by another system as “kyc”"),
        ({"type": "listed", "listId": GOLD}, "is on the list “Gold”"),
        ({"type": "all", "conditions": [VISIT, BUY, VISIT | {"description": "a hello"}]},
         f"{ONCE}, {TEN} and {ONCE}"),
        ({"type": "all", "conditions": [VISIT | {"filters": OWN_CUP}, BUY]},
         f"{ONCE}, where own cup is yes; and {TEN}"),
        ({"type": "any", "conditions": [VISIT, {"type": "all", "conditions": [VISIT, BUY]}]},
         f"{ONCE} or ({ONCE} and {TEN})"),
        ({"type": "any", "conditions": [VISIT, {"type": "all", "conditions": [BUY]}]},
         f"{ONCE} or {TEN}"),
        ({"type": "atLeast", "count": 2, "conditions": [VISIT, BUY, VISIT]},
         f"meets at least 2 of these: {ONCE}, {TEN} or {ONCE}"),
    ],
)  # fmt: skip
def test_a_tree_in_words(data: Any, words: str) -> None:
    assert own_words(parse(data), NAMES) == words


def test_a_node_that_people_described_says_what_they_said() -> None:
    node = parse(VISIT | {"description": "Say hello"})

    assert words_of(node, NAMES) == "Say hello"
    assert said(node, NAMES) == f"Earned when a member {ONCE}."


@pytest.mark.parametrize(
    ("operator", "value", "words"),
    [
        ("in", ["tea", "hot coffee", 7], "is one of “tea”, “hot coffee” or 7"),
        ("notIn", ["tea"], "is none of “tea”"),
        ("eq", False, "is no"),
        ("neq", "tea", "is not “tea”"),
        ("gte", 5.50, "is at least 5.5"),
        ("lt", 1000, "is less than 1,000"),
        ("lt", "2024-06-01", "is before 1 Jun 2024"),
        ("gte", "2024-06-01T22:30:00Z", "is on or after 2 Jun 2024, 00:30"),
        ("startsWith", "t", "begins with “t”"),
        ("exists", True, "is given"),
        ("exists", False, "is not given"),
    ],
)
def test_a_filter_in_words(operator: str, value: Any, words: str) -> None:
    filters = parse_filters([{"attribute": "kind_of.drink", "operator": operator, "value": value}])

    assert filters_words(filters, WARSAW) == f"kind of drink {words}"


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("value", "the value"),
        ("documentNumber", "document number"),
        ("items.SKU", "items SKU"),
        ("__", "__"),
    ],
)
def test_an_attribute_in_words(path: str, words: str) -> None:
    filters = parse_filters([{"attribute": path, "operator": "exists", "value": True}] * 2)

    assert filters_words(filters) == f"{words} is given and {words} is given"


def test_a_place_in_a_row_in_words() -> None:
    said = [ordinal(number) for number in (1, 2, 3, 4, 11, 12, 13, 21, 22, 103, 1111)]

    assert said == [
        "first", "second", "third", "4th", "11th", "12th", "13th", "21st", "22nd", "103rd",
        "1,111th",
    ]  # fmt: skip
