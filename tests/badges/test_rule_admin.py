"""Rules and rule groups in the admin."""

import json
from typing import Any

import pytest
from django.test import Client

from badges.models import Rule, RuleGroup, RuleKind
from badges.services.rule_groups import create_rule_group
from badges.services.rules import create_rule
from loyalty.models import Administrator, Store
from tests.builders import TESTER

RULES, GROUPS = "/admin/badges/rule/", "/admin/badges/rulegroup/"
COFFEE = [{"attribute": "items.category", "operator": "eq", "value": "Coffee"}]


@pytest.fixture
def client(manager: Administrator) -> Client:
    client = Client()
    client.force_login(manager)
    return client


def make_rule(store: Store, name: str = "Coffee") -> Rule:
    return create_rule(
        store, name=name, kind=RuleKind.ACTIVITY, event_type="transaction", filters=COFFEE,
        actor=TESTER,
    )  # fmt: skip


def given(**more: Any) -> dict[str, Any]:
    return {
        "name": "Coffee", "kind": "activity", "event_type": "transaction",
        "filters": json.dumps(COFFEE), **more,
    }  # fmt: skip


def test_a_rule_is_made_with_the_rows_of_a_condition(client: Client, store: Store) -> None:
    answer = client.post(f"{RULES}add/?store=ALPHA", given(description="Any coffee"))

    assert answer.status_code == 302
    rule = Rule.for_store(store).get()
    assert (rule.name, rule.description, rule.event_type) == ("Coffee", "Any coffee", "transaction")
    assert rule.filters == COFFEE
    assert "items category is “Coffee”" in client.get(RULES).text


def test_another_system_confirms_a_rule_without_filters(client: Client, store: Store) -> None:
    client.post(f"{RULES}add/?store=ALPHA", given(kind="external"))

    rule = Rule.for_store(store).get()
    assert (rule.kind, rule.event_type, rule.filters) == (RuleKind.EXTERNAL, "", [])


@pytest.mark.parametrize("filters", ["x", "{}", "1", "[" * 3000])
def test_filters_that_no_form_would_send_are_refused(
    client: Client, store: Store, filters: str
) -> None:
    answer = client.post(f"{RULES}add/?store=ALPHA", given(filters=filters))

    assert "filters" in answer.context["adminform"].form.errors
    assert not Rule.for_store(store).exists()


def test_a_fault_has_the_path_of_its_row(client: Client, store: Store) -> None:
    filters = [*COFFEE, {"attribute": "value", "operator": "gte", "value": None}]

    answer = client.post(f"{RULES}add/?store=ALPHA", given(filters=json.dumps(filters)))

    faults = answer.context["adminform"].form.faults
    assert [fault["path"] for fault in faults] == ["filters[1].value"]
    assert not Rule.for_store(store).exists()


def test_only_the_words_of_a_rule_change(client: Client, store: Store) -> None:
    rule = make_rule(store)

    page = client.get(f"{RULES}{rule.id}/change/")
    client.post(f"{RULES}{rule.id}/change/", given(name="Tea", event_type="x", filters="[]"))

    assert "items category is “Coffee”" in page.text
    rule.refresh_from_db()
    assert (rule.name, rule.event_type, rule.filters) == ("Tea", "transaction", COFFEE)


def test_a_rule_that_is_needed_is_not_deleted(client: Client, store: Store) -> None:
    rule, other = make_rule(store), make_rule(store, "Cake")
    create_rule_group(store, name="Café", rule_ids=[rule.id], actor=TESTER)

    refused = client.post(f"{RULES}{rule.id}/delete/")
    done = client.post(f"{RULES}{other.id}/delete/")

    assert refused.status_code == 422
    assert "Café" in refused.text
    assert done.status_code == 302
    assert client.get(f"{RULES}{other.id}/change/").status_code == 404
    names = [row.name for row in client.get(RULES).context["cl"].result_list]
    assert names == ["Coffee"]


def test_a_group_is_made_changed_and_deleted(client: Client, store: Store) -> None:
    coffee, cake = make_rule(store), make_rule(store, "Cake")
    chosen = [str(coffee.id), str(cake.id)]

    client.post(f"{GROUPS}add/?store=ALPHA", {"name": "Café", "rule_ids": chosen[:1]})
    group = RuleGroup.for_store(store).get()
    page = f"{GROUPS}{group.id}"
    client.post(f"{page}/change/", {"name": "C", "rule_ids": chosen, "required_count": "1"})

    group.refresh_from_db()
    assert (group.name, group.rule_ids, group.required_count) == ("C", chosen, 1)
    assert "1 of 2" in client.get(GROUPS).text
    assert client.post(f"{page}/delete/").status_code == 302
    assert client.get(f"{page}/change/").status_code == 404


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"rule_ids": []}, "rule_ids"),
        ({"required_count": "2"}, "required_count"),
        ({"required_count": "0"}, "required_count"),
        ({"name": ""}, "name"),
        ({"rule_ids": ["x"]}, "rule_ids"),
    ],
)
def test_a_group_that_makes_no_sense_is_refused_at_its_field(
    client: Client, store: Store, values: dict[str, Any], field: str
) -> None:
    rule = make_rule(store)
    sent = {"name": "Café", "rule_ids": [str(rule.id)], **values}

    answer = client.post(f"{GROUPS}add/?store=ALPHA", sent)

    assert list(answer.context["adminform"].form.errors) == [field]
    assert not RuleGroup.for_store(store).exists()


def test_rules_of_another_store_cannot_be_chosen(
    client: Client, store: Store, other_store: Store
) -> None:
    foreign = make_rule(other_store)

    answer = client.post(
        f"{GROUPS}add/?store=ALPHA", {"name": "Café", "rule_ids": [str(foreign.id)]}
    )

    assert list(answer.context["adminform"].form.errors) == ["rule_ids"]
    assert not RuleGroup.across_stores.exists()
