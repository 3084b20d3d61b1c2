"""What is no tree is refused, and the refusal names the node."""

from typing import Any

import pytest

from badges.conditions.parsing import parse, written
from badges.conditions.parsing_filters import parse_filters
from badges.conditions.tree import Threshold, inputs, walk
from loyalty.errors import Code, Invalid

BADGE = "0197f1b2-0000-7000-8000-000000000001"
COUNT = {"type": "count", "event": "visit", "target": 3}


def refused(data: Any) -> list[tuple[str, Code]]:
    with pytest.raises(Invalid) as refusal:
        parse(data)
    return [(each.path, each.code) for each in refusal.value.violations]


def nested(levels: int) -> dict[str, Any]:
    tree: dict[str, Any] = dict(COUNT)
    for _ in range(levels - 1):
        tree = {"type": "all", "conditions": [tree]}
    return tree


@pytest.mark.parametrize(
    ("data", "path", "code"),
    [
        (None, "tree", Code.TYPE),
        ([], "tree", Code.TYPE),
        ({}, "tree.type", Code.MISSING),
        ({"type": "never"}, "tree.type", Code.CHOICE),
        ({"type": ["all"]}, "tree.type", Code.CHOICE),
        ({"type": "all"}, "tree.conditions", Code.MISSING),
        ({"type": "all", "conditions": []}, "tree.conditions", Code.TOO_SHORT),
        ({"type": "all", "conditions": {}}, "tree.conditions", Code.TYPE),
        ({"type": "atLeast", "count": 2, "conditions": [COUNT]}, "tree.count", Code.TOO_HIGH),
        ({"type": "all", "count": 1, "conditions": [COUNT]}, "tree.count", Code.UNKNOWN_FIELD),
        (COUNT | {"limit": 1}, "tree.limit", Code.UNKNOWN_FIELD),
        (COUNT | {"target": 0}, "tree.target", Code.TOO_LOW),
        (COUNT | {"target": 1_000_001}, "tree.target", Code.TOO_HIGH),
        (COUNT | {"target": 1.0}, "tree.target", Code.TYPE),
        (COUNT | {"target": True}, "tree.target", Code.TYPE),
        (COUNT | {"event": " "}, "tree.event", Code.BLANK),
        (COUNT | {"event": "a\0"}, "tree.event", Code.PATTERN),
        (COUNT | {"event": "\ud800"}, "tree.event", Code.PATTERN),
        (COUNT | {"event": "x" * 256}, "tree.event", Code.TOO_LONG),
        (COUNT | {"id": "a b"}, "tree.id", Code.PATTERN),
        (COUNT | {"distinct": "a..b"}, "tree.distinct", Code.PATTERN),
        (COUNT | {"window": {"type": "rolling"}}, "tree.window.days", Code.MISSING),
        (COUNT | {"window": {"type": "rolling", "days": 1, "hours": 1}}, "tree.window.hours",
         Code.NOT_ALLOWED),
        (COUNT | {"window": {"type": "calendar", "period": "hour"}}, "tree.window.period",
         Code.CHOICE),
        (COUNT | {"window": {"type": "between", "from": "2024-05-02", "to": "2024-05-02"}},
         "tree.window.to", Code.TOO_LOW),
        (COUNT | {"window": {"type": "between", "from": "2024-02-30", "to": "2024-05-02"}},
         "tree.window.from", Code.DATETIME),
        ({"type": "sum", "event": "x", "target": 0.0005}, "tree.target", Code.PATTERN),
        ({"type": "sum", "event": "x", "target": float("inf")}, "tree.target", Code.TYPE),
        ({"type": "sum", "event": "x", "target": 1e13}, "tree.target", Code.TOO_HIGH),
        ({"type": "sum", "event": "x", "target": -1}, "tree.target", Code.TOO_LOW),
        ({"type": "streak", "event": "x", "target": 3, "unit": "month"}, "tree.unit", Code.CHOICE),
        ({"type": "points", "target": 5, "basis": "now"}, "tree.basis", Code.CHOICE),
        ({"type": "badge"}, "tree.badgeTypeId", Code.MISSING),
        ({"type": "badge", "badgeTypeId": "gold"}, "tree.badgeTypeId", Code.UUID),
        ({"type": "badge", "badgeTypeId": BADGE, "systemCode": "gold"}, "tree.systemCode",
         Code.NOT_ALLOWED),
        ({"type": "listed", "listId": 5}, "tree.listId", Code.UUID),
        ({"type": "external"}, "tree.key", Code.MISSING),
        ({"type": "rule", "ruleId": BADGE, "times": 0}, "tree.times", Code.TOO_LOW),
        ({"type": "ruleGroup", "ruleGroupId": BADGE, "count": 0}, "tree.count", Code.TOO_LOW),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(data: Any, path: str, code: Code) -> None:
    assert refused(data) == [(path, code)]


@pytest.mark.parametrize(
    ("given", "path", "code"),
    [
        ({"operator": "eq", "value": 1}, ".attribute", Code.MISSING),
        ({"attribute": "a", "value": 1}, ".operator", Code.MISSING),
        ({"attribute": "a", "operator": "like", "value": 1}, ".operator", Code.CHOICE),
        ({"attribute": "a", "operator": "eq"}, ".value", Code.MISSING),
        ({"attribute": "a", "operator": "eq", "value": {}}, ".value", Code.TYPE),
        ({"attribute": "a", "operator": "in", "value": "x"}, ".value", Code.TYPE),
        ({"attribute": "a", "operator": "in", "value": [1, None]}, ".value[1]", Code.TYPE),
        ({"attribute": "a", "operator": "gt", "value": "soon"}, ".value", Code.TYPE),
        ({"attribute": "a", "operator": "gt", "value": True}, ".value", Code.TYPE),
        ({"attribute": "a", "operator": "contains", "value": 1}, ".value", Code.TYPE),
        ({"attribute": "a", "operator": "exists", "value": 1}, ".value", Code.TYPE),
        ({"attribute": "a", "operator": "eq", "value": 1e300}, ".value", Code.TOO_HIGH),
        ({"attribute": "a", "operator": "eq", "value": 1, "or": 2}, ".or", Code.UNKNOWN_FIELD),
        ("a eq 1", "", Code.TYPE),
    ],
)
def test_a_filter_is_named_in_its_node(given: Any, path: str, code: Code) -> None:
    good = {"attribute": "a", "operator": "eq", "value": "x"}
    tree = {"type": "any", "conditions": [COUNT, COUNT | {"filters": [good, given]}]}

    assert refused(tree) == [(f"tree.conditions[1].filters[1]{path}", code)]
    with pytest.raises(Invalid) as refusal:
        parse_filters([good, given], path="rule.filters")
    assert [each.path for each in refusal.value.violations] == [f"rule.filters[1]{path}"]


def test_every_fault_is_told() -> None:
    tree = {"type": "all", "conditions": [COUNT | {"target": 0}, {"type": "x"}, COUNT | {"y": 1}]}

    assert refused(tree) == [
        ("tree.conditions[0].target", Code.TOO_LOW),
        ("tree.conditions[1].type", Code.CHOICE),
        ("tree.conditions[2].y", Code.UNKNOWN_FIELD),
    ]


def test_the_size_of_a_tree_is_limited() -> None:
    assert parse(nested(8))
    assert refused(nested(9)) == [("tree" + ".conditions[0]" * 8, Code.TOO_LONG)]
    assert parse({"type": "all", "conditions": [COUNT] * 99})
    many = {"type": "all", "conditions": [COUNT] * 100}
    assert refused(many) == [("tree.conditions[99]", Code.TOO_LONG)]
    filters = [{"attribute": "a", "operator": "exists", "value": True}] * 21
    assert refused(COUNT | {"filters": filters}) == [("tree.filters", Code.TOO_LONG)]


def test_ids_are_unique_and_filled_in() -> None:
    tree = parse({"type": "all", "conditions": [COUNT, COUNT | {"id": "n2"}, COUNT]})
    assert [node.id for node in walk(tree)] == ["n1", "n3", "n2", "n4"]
    assert parse(written(tree)) == tree

    twice = {"type": "all", "conditions": [COUNT | {"id": "a"}, COUNT | {"id": "a"}]}
    assert refused(twice) == [("tree.conditions[1].id", Code.TAKEN)]


def test_what_is_written_is_what_was_read() -> None:
    data: dict[str, Any] = {
        "type": "atLeast", "id": "root", "description": "Either way", "count": 1,
        "conditions": [
            {"type": "count", "id": "a", "event": "transaction", "target": 10,
             "filters": [{"attribute": "value", "operator": "gte", "value": 5.25},
                         {"attribute": "items.sku", "operator": "in", "value": ["x", 1, True]}],
             "distinct": "shop", "window": {"type": "rolling", "days": 30}},
            {"type": "sum", "id": "b", "event": "transaction", "target": 99.999,
             "window": {"type": "between", "from": "2024-01-01T00:00:00Z",
                        "to": "2025-01-01T00:00:00Z"}},
            {"type": "streak", "id": "c", "event": "visit", "target": 7, "unit": "day",
             "perPeriod": 2, "zone": "store"},
            {"type": "points", "id": "d", "wallet": "stars", "target": 500, "basis": "balance"},
            {"type": "badge", "id": "e", "badgeTypeId": BADGE, "times": 2},
            {"type": "badge", "id": "f", "systemCode": "gold", "times": 1},
            {"type": "rule", "id": "g", "ruleId": BADGE, "times": 3},
            {"type": "ruleGroup", "id": "h", "ruleGroupId": BADGE, "count": 2},
            {"type": "external", "id": "i", "key": "kyc"},
            {"type": "listed", "id": "j", "listId": BADGE},
            {"type": "count", "id": "k", "event": "visit", "target": 1,
             "window": {"type": "calendar", "period": "month", "zone": "member"}},
        ],
    }  # fmt: skip

    assert written(parse(data)) == data


def test_a_tree_says_what_it_listens_to() -> None:
    tree = parse({"type": "all", "conditions": [
        COUNT,
        {"type": "streak", "event": "check_in", "target": 2, "unit": "day"},
        {"type": "points", "target": 1}, {"type": "badge", "badgeTypeId": BADGE},
        {"type": "external", "key": "kyc"}, {"type": "listed", "listId": BADGE},
    ]})  # fmt: skip
    assert isinstance(tree, Threshold)

    assert inputs(tree) == {
        "activity:visit", "activity:check_in", "points:default", f"badge:{BADGE}",
        "activity:confirmation:kyc", f"list:{BADGE}", "member",
    }  # fmt: skip
    assert inputs(tree.conditions[0]) == {"activity:visit"}
