"""Rules and groups are written out; what is not there is named."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from badges.conditions.parsing import parse, written
from badges.conditions.resolving import GroupFacts, RuleFacts, resolve, with_badge_ids
from loyalty.errors import Code, Invalid

VISIT, REVIEW, GONE = uuid4(), uuid4(), uuid4()
RULES = {
    VISIT: RuleFacts(VISIT, "Visit the shop", "visit",
                     [{"attribute": "shop", "operator": "eq", "value": "A"}]),
    REVIEW: RuleFacts(REVIEW, "Write a review"),
}  # fmt: skip
GROUP = uuid4()


def group(*rules: UUID, required: int | None = None) -> dict[UUID, GroupFacts]:
    return {GROUP: GroupFacts(GROUP, "First steps", rules, required)}


def resolved(data: Any, groups: dict[UUID, GroupFacts] | None = None) -> Any:
    found = resolve(parse(data), RULES, groups or {})
    assert parse(written(found)) == found
    return written(found)


def refused(data: Any, groups: dict[UUID, GroupFacts] | None = None) -> list[tuple[str, Code]]:
    with pytest.raises(Invalid) as refusal:
        resolve(parse(data), RULES, groups or {})
    return [(each.path, each.code) for each in refusal.value.violations]


def test_a_rule_counts_what_it_hears() -> None:
    assert resolved({"type": "rule", "id": "a", "ruleId": str(VISIT), "times": 3}) == {
        "type": "count", "id": "a", "description": "Visit the shop", "event": "visit", "target": 3,
        "filters": [{"attribute": "shop", "operator": "eq", "value": "A"}],
    }  # fmt: skip
    described = {"type": "rule", "id": "a", "description": "Tell us", "ruleId": str(REVIEW)}
    assert resolved(described) == {
        "type": "count", "id": "a", "description": "Tell us", "event": f"rule:{REVIEW}", "target": 1
    }  # fmt: skip


@pytest.mark.parametrize(
    ("own", "of_the_group", "needed"), [(None, None, 2), (None, 1, 1), (2, 1, 2), (None, 9, 2)]
)
def test_a_group_asks_for_so_many_of_its_rules(
    own: int | None, of_the_group: int | None, needed: int
) -> None:
    leaf = {"type": "ruleGroup", "id": "g", "ruleGroupId": str(GROUP)}
    other = {"type": "rule", "id": "g-1", "ruleId": str(VISIT)}
    tree = {"type": "all", "conditions": [leaf | ({"count": own} if own else {}), other]}

    found = resolved(tree, group(VISIT, REVIEW, GONE, required=of_the_group))["conditions"][0]

    assert (found["type"], found["id"], found["count"]) == ("atLeast", "g", needed)
    assert found["description"] == "First steps"
    assert [each["id"] for each in found["conditions"]] == ["g-2", "g-3"]
    assert [each["event"] for each in found["conditions"]] == ["visit", f"rule:{REVIEW}"]


def test_what_is_not_there_is_named() -> None:
    leaf = {"type": "ruleGroup", "ruleGroupId": str(GROUP)}
    tree = {"type": "any", "conditions": [leaf, {"type": "rule", "ruleId": str(GONE)}]}

    assert refused(tree) == [
        ("tree.conditions[0].ruleGroupId", Code.NOT_ALLOWED),
        ("tree.conditions[1].ruleId", Code.NOT_ALLOWED),
    ]
    assert refused(leaf, group()) == [("tree.ruleGroupId", Code.NOT_ALLOWED)]
    assert refused(leaf | {"count": 3}, group(VISIT, REVIEW)) == [("tree.count", Code.TOO_HIGH)]


def test_a_group_at_the_deepest_level_can_be_read_again() -> None:
    tree: dict[str, Any] = {"type": "ruleGroup", "ruleGroupId": str(GROUP)}
    for _ in range(6):
        tree = {"type": "all", "conditions": [tree]}
    assert resolved(tree, group(VISIT, REVIEW))
    with pytest.raises(Invalid):
        parse({"type": "all", "conditions": [tree]})


def test_badges_are_found_by_their_codes() -> None:
    badge = uuid4()
    tree = parse({"type": "any", "conditions": [{"type": "badge", "systemCode": "gold"}]})

    found = with_badge_ids(tree, {"gold": badge})

    assert written(found)["conditions"] == [
        {"type": "badge", "id": "n2", "badgeTypeId": str(badge), "times": 1}
    ]
    with pytest.raises(Invalid) as refusal:
        with_badge_ids(tree, {})
    assert [each.path for each in refusal.value.violations] == ["tree.conditions[0].systemCode"]
