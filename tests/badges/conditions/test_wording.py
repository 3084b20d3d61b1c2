"""Trees in the words in which people read them."""

from typing import Any
from uuid import UUID

import pytest

from badges.conditions.parsing import parse
from badges.conditions.wording import sentence

GOLD = "0197f1b2-0000-7000-8000-000000000001"
VISIT = {"type": "count", "event": "visit", "target": 1}
BUY = {"type": "count", "event": "transaction", "target": 10}


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (VISIT, "“visit” once"),
        (VISIT | {"target": 1000}, "“visit” 1,000 times"),
        (BUY | {"window": {"type": "rolling", "days": 30},
                "filters": [{"attribute": "value", "operator": "gte", "value": 5.5}]},
         "10 purchases of at least 5.5 within 30 days"),
        (BUY | {"target": 1, "filters": [
            {"attribute": "items.category", "operator": "in", "value": ["tea", "coffee"]},
            {"attribute": "coupon", "operator": "exists", "value": False}]},
         "a purchase where items.category is one of “tea”, “coffee” and coupon is not there"),
        (BUY | {"distinct": "shop", "window": {"type": "calendar", "period": "month"}},
         "10 different values of “shop” in purchases in one calendar month"),
        ({"type": "sum", "event": "transaction", "target": 1000.5,
          "window": {"type": "between", "from": "2024-01-01", "to": "2024-02-01T12:00:00Z"}},
         "a total of 1,000.5 from purchases from 2024-01-01 until 2024-02-01 12:00 UTC"),
        ({"type": "streak", "event": "visit", "target": 7, "unit": "day", "zone": "store"},
         "“visit” once in each of 7 days in a row (by the store's clock)"),
        ({"type": "streak", "event": "transaction", "target": 4, "unit": "week", "perPeriod": 2},
         "2 purchases in each of 4 weeks in a row"),
        ({"type": "points", "target": 500}, "500 points earned"),
        ({"type": "points", "wallet": "stars", "target": 500, "basis": "balance"},
         "a balance of 500 points in the wallet “Stars”"),
        ({"type": "badge", "badgeTypeId": GOLD, "times": 2}, "the badge “Gold” 2 times"),
        ({"type": "rule", "ruleId": GOLD}, "the rule “Gold” completed"),
        ({"type": "ruleGroup", "ruleGroupId": GOLD, "count": 2},
         "at least 2 of the rules of the group “Gold”"),
        ({"type": "external", "key": "kyc"}, "confirmed by another system as “kyc”"),
        ({"type": "listed", "listId": GOLD}, "on the list “Gold”"),
        ({"type": "all", "conditions": [VISIT, BUY, VISIT | {"description": "a hello"}]},
         "“visit” once, 10 purchases and a hello"),
        ({"type": "any", "conditions": [VISIT, {"type": "all", "conditions": [VISIT, BUY]}]},
         "“visit” once or (“visit” once and 10 purchases)"),
        ({"type": "atLeast", "count": 2, "conditions": [VISIT, BUY, VISIT]},
         "at least 2 of: “visit” once, 10 purchases and “visit” once"),
    ],
)  # fmt: skip
def test_a_tree_in_words(data: Any, words: str) -> None:
    assert sentence(parse(data), {UUID(GOLD): "Gold", "stars": "Stars"}) == words
