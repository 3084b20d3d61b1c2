"""The walls around the pages of conditions: a foreign row is a missing row."""

from typing import Any, NamedTuple
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, ConditionVersion, Rule, RuleGroup, RuleKind
from badges.services.conditions import publish_condition, save_draft
from badges.services.dry_runs import start_dry_run
from badges.services.rule_groups import create_rule_group
from badges.services.rules import create_rule
from loyalty.models import Access, Administrator, Event, Job, Resource, Store
from tests.builders import TESTER, make_administrator, make_badge_type, make_member, make_role

TREE = {"type": "count", "event": "transaction", "target": 3}

TYPE = "/admin/badges/badgetype/{t}"
TO_LOOK_AT = [
    f"{TYPE}/how-earned/",
    f"{TYPE}/how-earned/tries/{{j}}/",
    f"{TYPE}/how-earned/tries/{{j}}/progress/",
    "/admin/badges/rule/{r}/change/",
    "/admin/badges/rule/{r}/history/",
    "/admin/badges/rulegroup/{g}/change/",
    "/admin/badges/rulegroup/{g}/history/",
]
TO_WRITE = [
    f"{TYPE}/how-earned/edit/",
    f"{TYPE}/how-earned/discard/",
    f"{TYPE}/how-earned/publish/",
    f"{TYPE}/how-earned/retire/",
    f"{TYPE}/how-earned/try/",
    f"{TYPE}/how-earned/tries/{{j}}/backfill/",
    "/admin/badges/rule/{r}/delete/",
    "/admin/badges/rulegroup/{g}/delete/",
]
LISTS = ["/admin/badges/rule/", "/admin/badges/rulegroup/", "/admin/badges/badgetype/health/"]


class World(NamedTuple):
    t: UUID
    j: UUID
    r: UUID
    g: UUID


def nowhere() -> World:
    return World(uuid4(), uuid4(), uuid4(), uuid4())


def make_world(store: Store, badge_type: BadgeType) -> World:
    """A badge type with a condition in force, a draft, and a dry run of it; a rule in a group."""
    given: dict[str, Any] = {"badge_type": badge_type, "actor": TESTER}
    save_draft(store, tree=TREE, **given)
    publish_condition(store, now=timezone.now(), **given)
    save_draft(store, tree={**TREE, "target": 4}, **given)
    job = start_dry_run(store, now=timezone.now(), **given)
    rule = create_rule(
        store, name="Secret rule", kind=RuleKind.EXTERNAL, actor=TESTER, description="Hush"
    )
    group = create_rule_group(store, name="Secret group", rule_ids=[rule.id], actor=TESTER)
    return World(badge_type.id, job.id, rule.id, group.id)


@pytest.fixture
def foreign(other_store: Store) -> World:
    make_member(other_store, email="secret@example.com")
    named = {"en": {"name": "Secret"}}
    return make_world(other_store, make_badge_type(other_store, "secret", translations=named))


@pytest.fixture
def own(store: Store, badge_type: BadgeType) -> World:
    return make_world(store, badge_type)


def as_staff(administrator: Administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


def traces() -> list[object]:
    """Everything that a change would leave."""
    versions = ConditionVersion.across_stores.order_by("id").values_list("id", "state", "tree")
    rules = Rule.across_stores.order_by("id").values_list("name", "deleted_at")
    groups = RuleGroup.across_stores.order_by("id").values_list("name", "deleted_at")
    counts = [model.across_stores.count() for model in (Event, Job, BadgeEntry)]
    return [*versions, *rules, *groups, *counts]


@pytest.mark.parametrize("page", TO_LOOK_AT + TO_WRITE)
def test_a_foreign_row_is_a_missing_row(manager: Administrator, foreign: World, page: str) -> None:
    client = as_staff(manager)
    path, missing = page.format(**foreign._asdict()), page.format(**nowhere()._asdict())
    before = traces()

    for answers in ((client.get(path), client.get(missing)),
                    (client.post(path), client.post(missing))):  # fmt: skip
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].content == answers[1].content
    assert traces() == before


@pytest.mark.parametrize("page", TO_LOOK_AT + TO_WRITE)
def test_a_viewer_may_look_and_not_touch(viewer: Administrator, own: World, page: str) -> None:
    client = as_staff(viewer)
    path = page.format(**own._asdict())
    before = traces()

    looked, touched = client.get(path), client.post(path, {"name": "Other"})

    assert looked.status_code == (200 if page in TO_LOOK_AT else 403)
    assert touched.status_code == 403 or page in TO_LOOK_AT
    assert traces() == before


@pytest.mark.parametrize("page", LISTS)
def test_lists_show_the_chosen_store_alone(root: Administrator, foreign: World, page: str) -> None:
    client = as_staff(root)

    here, there = client.get(f"{page}?store=ALPHA"), client.get(f"{page}?store=BETA")

    assert "Secret" not in here.text
    assert there.status_code == 200
    assert "Secret" in there.text


@pytest.mark.parametrize(
    "page", [*LISTS, "/admin/badges/rule/add/", "/admin/badges/rulegroup/add/"]
)
def test_pages_of_a_foreign_store_are_not_there(manager: Administrator, page: str) -> None:
    client = as_staff(manager)

    assert client.get(f"{page}?store=BETA").status_code == 404
    assert client.post(f"{page}?store=BETA", {"name": "Mine"}).status_code == 404


@pytest.mark.parametrize("page", [*LISTS, *TO_LOOK_AT, *TO_WRITE])
def test_who_sees_no_badges_sees_no_conditions(store: Store, own: World, page: str) -> None:
    role = make_role((Resource.CUSTOMER, Access.MODIFY), stores=(store,))
    client = as_staff(make_administrator(role))

    assert client.get(page.format(**own._asdict())).status_code in {403, 404}


def test_a_dry_run_belongs_to_its_badge_type(
    manager: Administrator, store: Store, own: World
) -> None:
    other = make_badge_type(store)
    client = as_staff(manager)

    for page in ("", "progress/", "backfill/"):
        path = f"/admin/badges/badgetype/{other.id}/how-earned/tries/{own.j}/{page}"
        assert client.get(path).status_code == 404
        assert client.post(path).status_code == 404


def test_members_are_not_named_to_who_may_not_see_them(store: Store, own: World) -> None:
    role = make_role((Resource.BADGE, Access.VIEW), stores=(store,))
    client = as_staff(make_administrator(role))

    page = client.get(f"/admin/badges/badgetype/{own.t}/how-earned/tries/{own.j}/")

    assert page.status_code == 200
    assert page.context["sees_members"] is False
