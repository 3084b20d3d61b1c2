"""Try, publish, give for the past, undo, discard and retire, from the pages that do it."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, ConditionVersion, MemberBadge, VersionState
from badges.services.conditions import save_draft
from loyalty.models import Administrator, Event, Job, JobState, Store
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from loyalty.transactions import request_transaction
from members.models import ActivitySource, Member
from members.models.activity import PURCHASE
from members.services.activity_rows import ActivityRow, record_activities
from tests.builders import TESTER, make_member


@pytest.fixture
def client(manager: Administrator) -> Client:
    client = Client()
    client.force_login(manager)
    return client


@pytest.fixture
def page(badge_type: BadgeType) -> str:
    return f"/admin/badges/badgetype/{badge_type.id}/how-earned"


@pytest.fixture
def ben(store: Store) -> Member:
    return make_member(store, email="ben@example.com", first_name="Ben")


@pytest.fixture
def bought(store: Store, member: Member, ben: Member) -> datetime:
    """Anna bought twice since the badge counts; Ben once, and once long before."""
    now = timezone.now()
    hours = {member: (3, 2), ben: (24 * 40, 1)}
    rows = [
        ActivityRow(
            type=PURCHASE, source=ActivitySource.TRANSACTION, external_id=f"{who.email} {ago}",
            occurred_at=now - timedelta(hours=ago), value=Decimal(5), member_id=who.id,
        )
        for who, times in hours.items()
        for ago in times
    ]  # fmt: skip
    with request_transaction():
        record_activities(store, rows, actor=TESTER, now=now)
    return now


def draft(store: Store, badge_type: BadgeType, target: int) -> None:
    tree = {"type": "count", "event": PURCHASE, "target": target}
    save_draft(store, badge_type=badge_type, tree=tree, actor=TESTER)


def work() -> None:
    start_queued_jobs(now=timezone.now())
    while work_one_chunk(now=timezone.now()):
        pass


def tried(client: Client, page: str, **given: str) -> Any:
    """The page of a dry run that is done."""
    answer = client.post(f"{page}/try/", given)
    work()
    return client.get(answer["Location"])


def holders(store: Store) -> set[str | None]:
    return {held.member.email for held in MemberBadge.for_store(store).select_related("member")}


def test_nothing_can_be_tried_or_published_without_a_draft(client: Client, page: str) -> None:
    for name in ("try", "publish"):
        assert client.get(f"{page}/{name}/").status_code == 404
        assert client.post(f"{page}/{name}/").status_code == 404
    assert client.post(f"{page}/retire/")["Location"] == f"{page}/"
    assert client.post(f"{page}/discard/")["Location"] == f"{page}/"


def test_a_draft_is_tried_published_changed_and_retired(
    client: Client, store: Store, badge_type: BadgeType, page: str, bought: datetime
) -> None:
    draft(store, badge_type, 2)
    result = tried(client, page).context
    assert result["sentences"][0].startswith("1 member would have earned it, by what happened")
    assert [one["known_as"].split(" ")[0] for one in result["sample"]] == ["anna@example.com"]
    assert not BadgeEntry.for_store(store).exists()
    assert "1 member gets it at once" in client.get(f"{page}/publish/").context["effect"]

    answer = client.post(f"{page}/publish/", {"announce": "on"})
    assert "/admin/loyalty/job/" in answer["Location"]
    work()
    assert holders(store) == {"anna@example.com"}
    assert "Award Gold" in client.get(answer["Location"]).text

    draft(store, badge_type, 3)
    changed = tried(client, page).context
    assert changed["sentences"][1] == "Nobody would gain it, and 1 member would lose it."
    choices = client.get(f"{page}/publish/").context["choices"]
    assert [choice["effect"] for choice in choices] == [
        "Nobody gets it at once. Nobody loses it.",
        "Nobody gets it at once. Nobody loses it.",
        "Nobody gets it at once. 1 member loses it.",
    ]
    refused = client.post(f"{page}/publish/")
    assert list(refused.context["form"].errors) == ["policy"]
    client.post(f"{page}/publish/", {"policy": "takeAway"})
    work()
    assert holders(store) == set()

    client.post(f"{page}/retire/")
    shown = client.get(f"{page}/").context
    assert shown["current"] is None
    states = [one["version"].state for one in shown["versions"]]
    assert states == [VersionState.RETIRED, VersionState.SUPERSEDED]


def test_a_draft_is_discarded(
    client: Client, store: Store, badge_type: BadgeType, page: str
) -> None:
    draft(store, badge_type, 2)

    assert "The draft is gone for good" in client.get(f"{page}/discard/").text
    client.post(f"{page}/discard/")

    assert not ConditionVersion.for_store(store).exists()


def test_the_past_is_given_and_taken_back_as_a_whole(
    client: Client, store: Store, badge_type: BadgeType, page: str, bought: datetime, ben: Member
) -> None:
    draft(store, badge_type, 2)
    client.post(f"{page}/publish/", {})
    work()
    since = (bought - timedelta(days=60)).date().isoformat()
    result = tried(client, page, count_from=since)
    assert result.context["may_backfill"] is True

    give = result.context["backfill_url"]
    assert "1 member gets it at once" in client.get(give).text
    answer = client.post(give)
    work()
    assert holders(store) == {"anna@example.com", "ben@example.com"}
    entry = BadgeEntry.for_store(store).get(member=ben)
    assert entry.occurred_at == bought - timedelta(hours=1)
    events = Event.for_store(store).filter(member_id=ben.id, actor_kind="admin")
    assert [event.data.get("silent") for event in events] == [True]

    job = answer["Location"]
    assert (
        "what this one wrote in the ledger for 1 member"
        in client.get(job.replace("change", "undo")).text
    )
    ledger = client.get(client.get(job).context["ledger_url"]).context["cl"].result_list
    assert [line.id for line in ledger] == [entry.id]
    client.post(job.replace("change", "undo"))
    work()
    assert holders(store) == {"anna@example.com"}


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "tomorrow", "2999-01-01"])
def test_days_that_cannot_be_are_refused(
    client: Client, store: Store, badge_type: BadgeType, page: str, day: str
) -> None:
    draft(store, badge_type, 2)

    for name in ("try", "publish"):
        answer = client.post(f"{page}/{name}/", {"count_from": day})
        assert list(answer.context["form"].errors) == ["count_from"]
    assert not Job.for_store(store).exists()


def test_a_dry_run_that_waits_says_so(
    client: Client, store: Store, badge_type: BadgeType, page: str
) -> None:
    draft(store, badge_type, 2)
    address = client.post(f"{page}/try/")["Location"]

    waiting = client.get(address)

    assert "Waiting for a worker." in waiting.text
    assert client.get(waiting.context["progress_url"]).json() == {"moves": True}
    give = client.get(waiting.context["backfill_url"])
    assert give.status_code == 404
    job = Job.for_store(store).get()
    assert client.get(f"/admin/loyalty/job/{job.id}/change/")["Location"] == address
    client.post(f"/admin/loyalty/job/{job.id}/cancel/")
    job.refresh_from_db()
    assert job.state == JobState.CANCELLED
    assert "stopped before there was a result" in client.get(address).text


def test_the_dashboard_says_what_is_not_well(
    client: Client, store: Store, badge_type: BadgeType, page: str
) -> None:
    assert client.get("/admin/").context["concern"] == ""
    draft(store, badge_type, 2)
    client.post(f"{page}/publish/", {})

    assert client.get("/admin/").context["concern"] == "1 badge waits for what does not happen."
