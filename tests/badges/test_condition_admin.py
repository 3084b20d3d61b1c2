"""Conditions in the admin: the form, the draft, publishing and retiring."""

import json
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client

from badges.admin.conditions.chart import curve
from badges.admin.conditions.local_time import on_the_clock
from badges.conditions.parsing import parse
from badges.models import BadgeType, ConditionVersion, RefundPolicy, VersionState
from loyalty.models import Administrator, Store
from members.models import EventSchema

Json = dict[str, Any]


@pytest.fixture
def client(manager: Administrator) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def page(badge_type: BadgeType) -> str:
    return f"/admin/badges/badgetype/{badge_type.id}/how-earned"


def purchases(target: object, **more: object) -> Json:
    return {"type": "count", "event": "transaction", "target": target, **more}


def sent(*conditions: Json, **more: object) -> Json:
    tree = {"type": "all", "conditions": list(conditions)}
    given = {"tree": json.dumps(tree), "repeat": "once", "refund_policy": "keep"}
    return {**given, **more}


def draft_of(store: Store) -> ConditionVersion:
    return ConditionVersion.for_store(store).get(state=VersionState.DRAFT)


def test_what_was_made_is_kept_as_a_draft(client: Client, store: Store, page: str) -> None:
    given = sent(
        purchases(10), repeat="several", times="3", refund_policy="grace", grace_days="14",
        hidden="on",
    )  # fmt: skip

    answer = client.post(f"{page}/edit/", given)

    assert answer["Location"] == f"{page}/"
    draft = draft_of(store)
    assert draft.tree["conditions"][0] == {**purchases(10), "id": "n2"}
    assert (draft.repeat_limit, draft.hidden) == (3, True)
    assert (draft.refund_policy, draft.grace_days) == (RefundPolicy.GRACE, 14)
    shown = client.get(f"{page}/edit/")
    assert json.loads(shown.context["form"]["tree"].value()) == draft.tree
    assert shown.context["form"]["times"].value() == 3


@pytest.mark.parametrize(("repeat", "limit"), [("once", 1), ("endless", None)])
def test_how_often(client: Client, store: Store, page: str, repeat: str, limit: int | None) -> None:
    client.post(f"{page}/edit/", sent(purchases(1), repeat=repeat, times="7"))

    assert draft_of(store).repeat_limit == limit


def test_each_fault_has_the_path_of_its_row(client: Client, store: Store, page: str) -> None:
    where = [{"attribute": "value", "operator": "gte", "value": None}]
    group = {"type": "any", "conditions": [purchases(0), purchases(1, filters=where)]}

    answer = client.post(f"{page}/edit/", sent(purchases(None), group))

    assert answer.status_code == 422
    assert {fault["path"] for fault in answer.context["form"].faults} == {
        "tree.conditions[0].target",
        "tree.conditions[1].conditions[0].target",
        "tree.conditions[1].conditions[1].filters[0].value",
    }
    kept = json.loads(answer.context["form"]["tree"].value())
    assert kept["conditions"][1]["conditions"][1]["filters"] == where
    assert not ConditionVersion.for_store(store).exists()


@pytest.mark.parametrize("tree", ["", "null", "[]", "1", "{", '"a"', "[" * 500, '{"type": {}}'])
def test_what_no_form_would_send_is_refused(
    client: Client, store: Store, page: str, tree: str
) -> None:
    answer = client.post(f"{page}/edit/", sent(tree=tree))

    assert answer.status_code == 422
    assert "The condition " in answer.text
    assert not ConditionVersion.for_store(store).exists()


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"repeat": "several"}, "times"),
        ({"repeat": "several", "times": "0"}, "times"),
        ({"repeat": "several", "times": "99999999"}, "times"),
        ({"repeat": "never"}, "repeat"),
        ({"refund_policy": "grace"}, "grace_days"),
        ({"refund_policy": "grace", "grace_days": "-1"}, "grace_days"),
        ({"refund_policy": "maybe"}, "refund_policy"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(
    client: Client, store: Store, page: str, given: Json, field: str
) -> None:
    answer = client.post(f"{page}/edit/", sent(purchases(1), **given))

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not ConditionVersion.for_store(store).exists()


def test_the_form_knows_the_stores_events(
    client: Client, store: Store, other_store: Store, page: str
) -> None:
    fields = [{"type": "number", "name": "guests"}, {"type": "object", "name": "room"}]
    for owner, name in ((store, "Visit"), (other_store, "Secret")):
        EventSchema(store=owner, event_type=name.lower(), name=name, fields=fields).save()

    events = client.get(f"{page}/edit/").context["vocabulary"]["events"]

    assert [event["label"] for event in events] == ["Purchase", "Return", "Visit"]
    attributes = [{"value": "guests", "type": "number", "label": ""}]
    assert events[2] == {"value": "visit", "label": "Visit", "attributes": attributes}


def test_dates_are_on_the_stores_clock() -> None:
    zone = ZoneInfo("Europe/Warsaw")
    stored = "2026-07-01T00:00:00+02:00"
    window = {"type": "between", "from": stored, "to": "2026-12-24T18:30:15Z"}
    tree: Json = {"type": "any", "conditions": [purchases(1, window=window)]}

    shown = on_the_clock(tree, zone)

    local = shown["conditions"][0]["window"]
    assert (local["from"], local["to"]) == ("2026-07-01T00:00", "2026-12-24T19:30:15")
    assert parse(shown, zone=zone) == parse(tree)
    assert tree["conditions"][0]["window"]["from"] == stored


def test_the_curve_counts_what_was_earned_until_each_day() -> None:
    first, second = date(2026, 1, 1), date(2026, 1, 11)

    drawn = curve([(first, 3), (second, 4)])

    assert drawn is not None
    assert list(drawn.rows) == [(first, 3, 3), (second, 4, 7)]
    assert [level.label for level in drawn.levels] == ["0", "2", "4", "6", "8"]
    assert curve([]) is None
