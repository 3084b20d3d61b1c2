"""Try a condition on history: what is found out, that nothing changes, and that it comes true."""

import random
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.db import connection
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker

from badges.conditions.compiler import Query, reached
from badges.models import BadgeEntry, BadgeType, MemberBadge, PublishPolicy
from badges.selectors import dry_runs as selector
from badges.services.conditions import publish_condition, save_draft
from badges.services.dry_runs import Repeat, start_dry_run
from badges.services.grants import grant_badge
from loyalty.models import Event, Job, JobState, Store
from members.models import EventSchema, Member, TouchedMember
from members.services.members import anonymize_member
from tests.architecture.worlds import RolledBack
from tests.builders import TESTER, make_badge_type, make_member, make_store
from tests.clients import Answer, ApiClient
from tests.evaluating import DAY, assert_verified, happened, settle

GOLD = "/api/ALPHA/badge-type/systemCode=gold/condition"
TWICE: Mapping[str, Any] = {"type": "count", "event": "visit", "target": 2}


@pytest.fixture
def visits(store: Store) -> None:
    EventSchema(store=store, event_type="visit", name="Visit").save()


def visit(store: Store, member: Member, *days_ago: float) -> None:
    now = timezone.now()
    for days in days_ago:
        happened(store, member=member, at=now - days * DAY)


def try_it(client: ApiClient, **asked: Any) -> dict[str, Any]:
    """What a dry run found out."""
    started = client.post(f"{GOLD}/dry-run", {"dryRun": asked})
    assert started.status_code == 202, started.content
    settle()
    read = client.get(f"{GOLD}/dry-run/{started.json()['jobId']}").json()
    assert read["state"] == "done", read
    return dict(read["result"])


def draft(client: ApiClient, tree: Any = TWICE, **more: Any) -> None:
    answer = client.put(f"{GOLD}/draft", {"condition": {"tree": tree, **more}})
    assert answer.status_code == 200, answer.content


def publish(client: ApiClient, **how: Any) -> None:
    answer = client.post(f"{GOLD}/publish", {"publish": how})
    assert answer.status_code == 200, answer.content
    settle()


def faults(answer: Answer) -> list[str]:
    assert answer.status_code == 400, answer.content
    return [error["path"] for error in answer.json()["errors"]]


YEARS = {"countingFrom": "2020-01-01T00:00:00Z"}


# --- What is found out --------------------------------------------------------------------------


@pytest.mark.usefixtures("visits")
def test_it_says_who_would_earn_the_badge_and_when(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    other = make_member(store)
    visit(store, member, 40, 30, 20, 10)
    visit(store, other, 30, 29)
    visit(store, make_member(store), 30)
    gone = make_member(store)
    visit(store, gone, 30, 20)
    anonymize_member(store, member=gone, actor=TESTER)
    draft(as_manager, repeatLimit=None)

    found = try_it(as_manager, **YEARS)

    assert (found["members"], found["completions"], found["isEdit"]) == (2, 3, False)
    assert found["countingFrom"] == "2020-01-01T00:00:00+00:00"
    sampled = {each["customerId"]: each for each in found["sample"]}
    assert {name: each["times"] for name, each in sampled.items()} == {
        str(member.id): 2, str(other.id): 1,
    }  # fmt: skip
    first = datetime.fromisoformat(sampled[str(member.id)]["firstAt"])
    assert abs(first - (timezone.now() - 30 * DAY)) < timedelta(minutes=5)
    effect = found["policies"]["onlyAdd"]
    assert (effect["granted"], effect["members"], effect["takenAway"]) == (3, 2, 0)
    assert found["gained"]["completions"] == 3
    assert (found["lost"]["members"], found["kept"]["members"]) == (0, 0)


@pytest.mark.usefixtures("visits")
@pytest.mark.parametrize(
    ("days", "unit", "buckets"),
    [(10, "day", 11), (200, "week", 30), (1000, "month", 34), (20_000, "year", 56)],
)
def test_the_curve_fits_its_span(
    days: int, unit: str, buckets: int, as_manager: ApiClient, store: Store, member: Member,
    badge_type: BadgeType,
) -> None:  # fmt: skip
    now = timezone.now()
    for at in (now - days * DAY, now - days * DAY + timedelta(hours=1), now):
        happened(store, member=member, at=at)

    found = try_it(
        as_manager, tree={**TWICE, "target": 1}, repeatLimit=None,
        countingFrom="1970-01-01T00:00:00Z",
    )  # fmt: skip

    curve = found["curve"]
    assert curve["unit"] == unit
    # Where the span begins within a period makes a difference of one.
    assert abs(len(curve["buckets"]) - buckets) <= 1
    assert sum(each["completions"] for each in curve["buckets"]) == 3
    assert sum(each["members"] for each in curve["buckets"]) == 1
    assert curve["buckets"][0]["completions"] > 0
    assert curve["buckets"][-1]["completions"] > 0


@pytest.mark.usefixtures("visits")
def test_the_curve_has_the_stores_days(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    Store.objects.filter(id=store.id).update(timezone="Asia/Tokyo")
    at = datetime.fromisoformat("2026-03-01T16:00:00+00:00")
    happened(store, member=member, at=at)

    found = try_it(as_manager, tree={**TWICE, "target": 1}, **YEARS)

    assert [each["start"] for each in found["curve"]["buckets"]] == ["2026-03-02"]


@pytest.mark.usefixtures("visits")
def test_an_edit_is_compared_with_the_ledger(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    one, three = make_member(store), make_member(store)
    visit(store, one, 0.5)
    visit(store, member, 0.5, 0.4)
    visit(store, three, 0.7, 0.6, 0.5)
    by_hand = make_member(store)
    draft(as_manager)
    publish(as_manager)
    grant_badge(store, member=by_hand, badge_type=badge_type, actor=TESTER, now=timezone.now())

    def side(found: dict[str, Any], name: str) -> tuple[int, list[str]]:
        return found[name]["members"], [each["customerId"] for each in found[name]["sample"]]

    harder = try_it(as_manager, tree={**TWICE, "target": 3})
    easier = try_it(as_manager, tree={**TWICE, "target": 1})

    assert harder["isEdit"]
    assert side(harder, "gained") == (0, [])
    assert side(harder, "lost") == (1, [str(member.id)])
    assert side(harder, "kept") == (1, [str(three.id)])
    assert harder["policies"]["onlyAdd"]["takenAway"] == 0
    assert harder["policies"]["takeAway"]["takenAway"] == 1
    assert side(easier, "gained") == (1, [str(one.id)])
    assert side(easier, "lost") == (0, [])
    assert easier["policies"]["onlyAdd"]["redated"] == 2
    assert easier["policies"]["fromNowOn"]["granted"] == 0


@pytest.mark.usefixtures("visits")
def test_what_is_tried_without_a_tree_is_the_draft_or_what_is_in_force(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    visit(store, member, 0.5)
    assert as_manager.post(f"{GOLD}/dry-run", {"dryRun": {}}).status_code == 404
    draft(as_manager)
    publish(as_manager)

    assert try_it(as_manager)["members"] == 0
    draft(as_manager, {**TWICE, "target": 1})
    assert try_it(as_manager)["members"] == 1


@pytest.mark.usefixtures("visits")
def test_a_dry_run_that_makes_no_sense_is_refused(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    draft(as_manager)

    def asked(**what: Any) -> list[str]:
        return faults(as_manager.post(f"{GOLD}/dry-run", {"dryRun": what}))

    assert asked(tree={**TWICE, "event": "unheard_of"}) == ["dryRun.tree.event"]
    assert asked(repeatLimit=0) == ["dryRun.repeatLimit"]
    future = (timezone.now() + DAY).isoformat()
    assert asked(countingFrom=future) == ["dryRun.countingFrom"]
    assert asked(countingFrom="1969-12-31T23:00:00Z") == ["dryRun.countingFrom"]
    assert not Job.for_store(store).exists()


# --- That nothing changes -----------------------------------------------------------------------


@pytest.mark.usefixtures("visits")
def test_nothing_changes_but_the_job(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    visit(store, member, 0.9, 0.5)
    draft(as_manager)
    publish(as_manager)
    draft(as_manager, {**TWICE, "target": 1})
    before = _everything(store)
    queue = TouchedMember.across_stores.count()

    try_it(as_manager, repeatLimit=None)

    after = _everything(store)
    assert after == before
    assert TouchedMember.across_stores.count() == queue == 0
    names = Event.for_store(store).order_by("-sequence").values_list("name", flat=True)
    assert list(names[:3]) == ["JobFinished", "JobCreated", "ConditionDraftSaved"]


def _everything(store: Store) -> list[Any]:
    tables = ("badges_badgeentry", "badges_memberbadge", "badges_conditionversion",
              "badges_conditioninput", "members_activity")  # fmt: skip
    found = []
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(
                f"SELECT t::text FROM {table} t WHERE store_id = %s ORDER BY 1", [store.id]
            )
            found.append(cursor.fetchall())
    return found


@pytest.mark.usefixtures("visits")
def test_one_that_takes_too_long_fails_with_clear_words(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    def endless(*args: Any, **kwargs: Any) -> Any:
        query = reached(*args, **kwargs)
        slow = f"{query.sql} UNION ALL SELECT gen_random_uuid(), 1, now() FROM pg_sleep(5)"
        return Query(slow, query.params)

    monkeypatch.setattr(selector, "reached", endless)
    monkeypatch.setattr(django_settings, "DRY_RUN_SECONDS", 1)
    draft(as_manager)
    job_id = as_manager.post(f"{GOLD}/dry-run", {"dryRun": {}}).json()["jobId"]

    settle()

    read = as_manager.get(f"{GOLD}/dry-run/{job_id}").json()
    assert (read["state"], read["result"]) == ("failed", None)
    assert read["error"] == "The dry run was not through after 1 s, and was stopped."


# --- That it comes true -------------------------------------------------------------------------

LEAVES = st.sampled_from(
    [
        {"type": "count", "event": "visit", "target": 1},
        {"type": "count", "event": "visit", "target": 2},
        {"type": "count", "event": "visit", "target": 3},
        {"type": "sum", "event": "visit", "target": 7},
        {"type": "count", "event": "visit", "target": 2, "window": {"type": "rolling", "days": 2}},
        {"type": "streak", "event": "visit", "target": 2, "unit": "day", "zone": "store"},
        {"type": "badge", "systemCode": "silver"},
    ]
)  # fmt: skip
TREES = st.one_of(
    LEAVES,
    st.builds(
        lambda kind, leaves: {"type": kind, "conditions": leaves},
        st.sampled_from(["all", "any"]),
        st.lists(LEAVES, min_size=1, max_size=3),
    ),
)
LIMITS = st.sampled_from([None, 1, 2, 3])


@pytest.fixture(scope="module")
def crowd(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[Store]:
    """A store with a few members who did this and that."""
    with django_db_blocker.unblock(), RolledBack():
        store = make_store("CROWD")
        EventSchema(store=store, event_type="visit", name="Visit").save()
        make_badge_type(store, "gold")
        silver = make_badge_type(store, "silver")
        chance = random.Random(7)
        now = timezone.now()
        for number in range(8):
            member = make_member(store)
            for _ in range(number):
                at = now - timedelta(hours=chance.randrange(1, 400))
                happened(store, member=member, at=at, value=chance.randrange(1, 6))
            if number % 3 == 0:
                grant_badge(store, member=member, badge_type=silver, actor=TESTER, now=now)
        settle()
        yield store


def _held(store: Store, badge_type: BadgeType) -> dict[Any, int]:
    held = MemberBadge.for_store(store).filter(badge_type=badge_type)
    return dict(held.values_list("member_id", "completed_count"))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    first=TREES, then=TREES, first_limit=LIMITS, limit=LIMITS,
    policy=st.sampled_from(PublishPolicy.values), by_hand=st.booleans(),
)  # fmt: skip
def test_what_it_says_is_what_publishing_does(
    first: Any, then: Any, first_limit: int | None, limit: int | None, policy: str, by_hand: bool,
    crowd: Store,
) -> None:  # fmt: skip
    """For a first version, and for an edit with each policy."""
    with RolledBack():
        badge_type = BadgeType.for_store(crowd).get(system_code="gold")
        since = timezone.now() - 15 * DAY
        if by_hand:
            someone = Member.for_store(crowd).order_by("id").last()
            assert someone is not None
            grant_badge(
                crowd, member=someone, badge_type=badge_type, actor=TESTER, now=timezone.now()
            )
        _try_and_publish(crowd, badge_type, first, first_limit, None, since)
        _try_and_publish(crowd, badge_type, then, limit, PublishPolicy(policy), None)
        assert_verified(crowd)


def _try_and_publish(
    store: Store,
    badge_type: BadgeType,
    tree: Any,
    limit: int | None,
    policy: PublishPolicy | None,
    since: datetime | None,
) -> None:
    save_draft(store, badge_type=badge_type, tree=tree, repeat_limit=limit, actor=TESTER)
    now = timezone.now()
    job = start_dry_run(
        store, badge_type=badge_type, counting_from=since, repeat=Repeat(limit), actor=TESTER,
        now=now,
    )  # fmt: skip
    settle()
    job.refresh_from_db()
    assert job.state == JobState.DONE, job.last_error
    assert job.result is not None
    said = job.result["policies"][policy or "onlyAdd"]
    before, lines = _held(store, badge_type), set(_lines(store, badge_type))

    publish_condition(
        store, badge_type=badge_type, policy=policy, counting_from=since, actor=TESTER, now=now
    )
    settle()

    written = [line for line in _lines(store, badge_type) if line not in lines]
    kinds = [kind for _, kind, _, _ in written]
    redated = kinds.count("correction")
    granted = kinds.count("grant") - redated
    assert {
        "granted": granted, "redated": redated, "takenAway": kinds.count("revocation"),
    } == {name: said[name] for name in ("granted", "redated", "takenAway")}  # fmt: skip
    after = _held(store, badge_type)
    gained = {each for each in after if after[each] > before.get(each, 0)}
    lost = {each for each in before if after.get(each, 0) < before[each]}
    if granted and not redated and not said["takenAway"]:
        assert (len(gained), len(lost)) == (said["members"], 0)
        if policy == PublishPolicy.FROM_NOW_ON:
            return  # Now is later than it was.
        moments = [at for _, kind, _, at in written if kind == "grant"]
        assert datetime.fromisoformat(said["firstAt"]) == min(moments)
        assert datetime.fromisoformat(said["lastAt"]) == max(moments)


def _lines(store: Store, badge_type: BadgeType) -> list[tuple[Any, str, int, datetime]]:
    found = BadgeEntry.for_store(store).filter(badge_type=badge_type)
    return list(found.values_list("id", "kind", "delta", "occurred_at"))
