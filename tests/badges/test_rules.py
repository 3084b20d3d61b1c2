"""Rules and rule groups over HTTP."""

from typing import Any
from uuid import uuid4

import pytest

from badges.models import BadgeType, Rule, RuleGroup
from loyalty.models import Event, Store
from members.models import Member
from tests.clients import Answer, ApiClient

RULES, GROUPS = "/api/ALPHA/rule", "/api/ALPHA/ruleGroup"
COFFEE = {
    "name": "Drank a coffee",
    "description": "Any coffee will do",
    "kind": "activity",
    "eventType": "transaction",
    "filters": [{"attribute": "items.category", "operator": "eq", "value": "Coffee"}],
}
QUIZ = {"name": "Passed the quiz", "kind": "external"}


def add(client: ApiClient, rule: dict[str, Any]) -> str:
    answer = client.post(RULES, {"rule": rule})
    assert answer.status_code == 200, answer.content
    return str(answer.json()["ruleId"])


def group(client: ApiClient, *rule_ids: str, **more: Any) -> Answer:
    return client.post(GROUPS, {"ruleGroup": {"name": "All of it", "ruleIds": rule_ids, **more}})


def faults(answer: Answer) -> list[str]:
    assert answer.status_code == 400, answer.content
    return [error["path"] for error in answer.json()["errors"]]


def draft(client: ApiClient, tree: dict[str, Any]) -> None:
    url = "/api/ALPHA/badge-type/systemCode=gold/condition/draft"
    assert client.put(url, {"condition": {"tree": tree}}).status_code == 200


def test_a_rule_is_read_as_it_was_made(as_manager: ApiClient, store: Store) -> None:
    rule_id = add(as_manager, COFFEE)

    answer = as_manager.get(f"{RULES}/{rule_id}").json()

    assert {name: answer[name] for name in COFFEE} == COFFEE
    assert as_manager.get(RULES).json()["items"] == [answer]
    event = Event.for_store(store).get(name="RuleCreated")
    assert (event.subject_id, event.data["eventType"]) == (rule_id, "transaction")


def test_only_the_words_of_a_rule_change(as_manager: ApiClient, store: Store) -> None:
    rule_id = add(as_manager, COFFEE)
    url = f"{RULES}/{rule_id}"

    assert as_manager.put(url, {"rule": {"name": "Coffee!"}}).status_code == 204
    refused = as_manager.put(url, {"rule": {"name": "Tea", "eventType": "return_transaction"}})

    assert faults(refused) == ["rule.eventType"]
    changed = as_manager.get(url).json()
    assert (changed["name"], changed["description"]) == ("Coffee!", "Any coffee will do")
    assert Event.for_store(store).filter(name="RuleUpdated").count() == 1


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"eventType": "unheard_of"}, "rule.eventType"),
        ({"eventType": ""}, "rule.eventType"),
        ({"filters": [{"attribute": "x", "operator": "like", "value": 1}]},
         "rule.filters[0].operator"),
        ({"filters": [{"attribute": "x", "operator": "eq"}]}, "rule.filters[0].value"),
        ({"filters": {}}, "rule.filters"),
        ({"kind": "nonsense"}, "rule.kind"),
        ({"name": " "}, "rule.name"),
    ],
)  # fmt: skip
def test_what_a_rule_cannot_be_is_named(
    change: dict[str, Any], path: str, as_manager: ApiClient, store: Store
) -> None:
    assert faults(as_manager.post(RULES, {"rule": {**COFFEE, **change}})) == [path]
    assert not Rule.for_store(store).exists()


def test_an_external_rule_hears_no_activity(as_manager: ApiClient, store: Store) -> None:
    answer = as_manager.post(RULES, {"rule": {**COFFEE, "kind": "external"}})

    assert faults(answer) == ["rule.eventType", "rule.filters"]
    assert not Rule.for_store(store).exists()


def test_a_deleted_rule_is_gone(as_manager: ApiClient, store: Store) -> None:
    rule_id = add(as_manager, QUIZ)

    assert as_manager.delete(f"{RULES}/{rule_id}").status_code == 204

    assert as_manager.get(f"{RULES}/{rule_id}").status_code == 404
    assert as_manager.delete(f"{RULES}/{rule_id}").status_code == 404
    assert as_manager.get(RULES).json()["items"] == []
    assert Event.for_store(store).filter(name="RuleDeleted").count() == 1


def test_a_group_is_read_as_it_was_made_and_set_anew(as_manager: ApiClient) -> None:
    rule_ids = [add(as_manager, COFFEE), add(as_manager, QUIZ)]
    group_id = group(as_manager, *rule_ids, requiredCount=1).json()["ruleGroupId"]
    url = f"{GROUPS}/{group_id}"

    assert as_manager.get(url).json() | {"ruleIds": rule_ids, "requiredCount": 1} == (
        as_manager.get(url).json()
    )
    changed = {"name": "One", "ruleIds": rule_ids[:1]}
    assert as_manager.put(url, {"ruleGroup": changed}).status_code == 204

    after = as_manager.get(url).json()
    assert (after["name"], after["ruleIds"], after["requiredCount"]) == ("One", rule_ids[:1], None)
    assert as_manager.delete(url).status_code == 204
    assert as_manager.get(url).status_code == 404


def test_what_a_group_cannot_be_is_named(as_manager: ApiClient, store: Store) -> None:
    rule_id = add(as_manager, COFFEE)

    assert faults(group(as_manager, rule_id, str(uuid4()))) == ["ruleGroup.ruleIds.1"]
    assert faults(group(as_manager, rule_id, rule_id)) == ["ruleGroup.ruleIds"]
    assert faults(group(as_manager)) == ["ruleGroup.ruleIds"]
    assert faults(group(as_manager, rule_id, requiredCount=2)) == ["ruleGroup.requiredCount"]
    assert faults(group(as_manager, rule_id, requiredCount=0)) == ["ruleGroup.requiredCount"]
    assert not RuleGroup.for_store(store).exists()


def test_a_rule_in_a_group_stays(as_manager: ApiClient) -> None:
    rule_id = add(as_manager, COFFEE)
    group(as_manager, rule_id)

    answer = as_manager.delete(f"{RULES}/{rule_id}")

    assert answer.status_code == 409
    assert answer.json()["message"] == "The rule is in rule groups: All of it."
    assert as_manager.get(f"{RULES}/{rule_id}").status_code == 200


def test_what_a_published_condition_needs_stays(
    as_manager: ApiClient, badge_type: BadgeType
) -> None:
    rule_id = add(as_manager, COFFEE)
    other_id = add(as_manager, QUIZ)
    group_id = group(as_manager, other_id).json()["ruleGroupId"]
    draft(as_manager, {"type": "all", "conditions": [
        {"type": "rule", "ruleId": rule_id}, {"type": "ruleGroup", "ruleGroupId": group_id},
    ]})  # fmt: skip
    badge = "/api/ALPHA/badge-type/systemCode=gold"
    assert as_manager.post(f"{badge}/condition/publish", {"publish": {}}).status_code == 200

    kept = [as_manager.delete(f"{RULES}/{rule_id}"), as_manager.delete(f"{GROUPS}/{group_id}")]

    assert [answer.status_code for answer in kept] == [409, 409]
    assert kept[0].json()["message"] == "The rule awards badges: gold."
    assert as_manager.post(f"{badge}/condition/retire").status_code == 204
    assert as_manager.delete(f"{GROUPS}/{group_id}").status_code == 204
    assert as_manager.delete(f"{RULES}/{rule_id}").status_code == 204


def test_a_draft_whose_rule_is_gone_is_not_published(
    as_manager: ApiClient, badge_type: BadgeType
) -> None:
    rule_id = add(as_manager, COFFEE)
    draft(as_manager, {"type": "any", "conditions": [{"type": "rule", "ruleId": rule_id}]})
    as_manager.delete(f"{RULES}/{rule_id}")
    url = "/api/ALPHA/badge-type/systemCode=gold/condition"

    answer = as_manager.post(f"{url}/publish", {"publish": {}})

    assert faults(answer) == ["publish.tree.conditions[0].ruleId"]
    assert as_manager.get(url).status_code == 404


def test_who_may_only_look_changes_nothing(
    as_viewer: ApiClient, as_member: ApiClient, store: Store, member: Member
) -> None:
    for client in (as_viewer, as_member):
        assert client.post(RULES, {"rule": COFFEE}).status_code == 403
    assert as_viewer.get(RULES).status_code == 200
    assert as_member.get(RULES).status_code == 403
    assert not Rule.for_store(store).exists()
