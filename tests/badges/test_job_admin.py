"""Jobs in the admin: choose, look, confirm, watch, undo; and who may not."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, MemberBadge
from badges.services.badge_types import delete_badge_type, set_badge_type_active
from badges.services.job_creation import create_badge_job, draft_badge_job, stage_chosen
from badges.services.job_lists import stage_list
from badges.services.jobs import ASSIGN
from loyalty.models import Access, Administrator, Event, Job, JobState, Resource, Store
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from members.models import Member
from members.services.members import anonymize_member, set_member_active
from tests.builders import (
    TESTER,
    give_badge,
    make_administrator,
    make_badge_type,
    make_member,
    make_role,
)

MEMBERS = "/admin/members/member/"
TO_WRITE = ("start", "discard", "pause", "resume", "cancel", "undo")
TO_SEE = ("change", "progress", "report", "history")


def as_staff(administrator: Administrator) -> Client:
    client = Client()
    client.force_login(administrator)
    return client


@pytest.fixture
def client(manager: Administrator) -> Client:
    return as_staff(manager)


@pytest.fixture
def start(badge_type: BadgeType) -> str:
    return f"/admin/badges/badgetype/{badge_type.id}/hand-out-many/"


def url(job: Job, page: str = "change") -> str:
    return f"/admin/loyalty/job/{job.id}/{page}/"


def draft_of(store: Store) -> Job:
    return Job.for_store(store).get(state=JobState.DRAFT)


def work() -> None:
    start_queued_jobs(now=timezone.now())
    while work_one_chunk(now=timezone.now()):
        pass


def make_job(store: Store, badge_type: BadgeType) -> Job:
    return create_badge_job(
        store, kind=ASSIGN, badge_type=badge_type, actor=TESTER,
        stage=stage_list(store, "anna@example.com\nnobody@example.com"),
    )  # fmt: skip


def shown(response: Any) -> str:
    """The page's words, without its tags' noise."""
    return " ".join(response.text.split())


# --- Choose, look, confirm --------------------------------------------------------------------


def test_a_file_is_looked_at_then_done_then_undone(
    client: Client, store: Store, start: str, member: Member, manager: Administrator
) -> None:
    file = SimpleUploadedFile(
        "a.csv", b"email;count\nanna@example.com;2\nnobody@example.com;1\nanna@example.com;many\n"
    )
    given = {"kind": "assign", "whom": "file", "file": file, "reason": "Summer"}

    answer = client.post(start, given)
    job = draft_of(store)
    assert answer["Location"] == url(job)
    page = shown(client.get(url(job)))
    assert "Assign <b>Gold</b> as often as the lines say to <b>1 member</b> of Alpha." in page
    assert "They do not hold it yet." in page
    assert "1 line cannot be read. 1 line names nobody in this store." in page
    assert "count is not a whole number" in page
    assert not MemberBadge.for_store(store).exists()
    assert not Event.for_store(store).filter(subject_kind="job").exists()

    client.post(url(job, "start"))
    work()
    progress = client.get(url(job, "progress")).json()
    assert progress == {
        "state": "done", "stateText": "Done", "tone": "good", "moves": False, "percent": 100,
        "sentence": "3 lines in less than a second", "changed": "1", "unchanged": "0",
        "rejected": "2",
    }  # fmt: skip
    entry = BadgeEntry.for_store(store).get()
    assert (entry.delta, entry.reason, entry.actor_id) == (2, "Summer", manager.id)
    assert "There is no such member." in client.get(url(job)).text
    report = client.get(url(job, "report"))
    assert b"".join(report).count(b"\r\n") == 3

    answer = client.post(url(job, "undo"))
    undoing = Job.for_store(store).get(undoes=job)
    assert answer["Location"] == url(undoing)
    work()
    assert not MemberBadge.for_store(store).exists()
    assert "It was undone" in client.get(url(job)).text
    assert "It undoes another job" in client.get(url(undoing)).text
    assert "Undo: Assign Gold" in client.get(url(undoing)).text
    assert client.post(url(job, "undo")).status_code == 422


@pytest.fixture
def people(store: Store) -> dict[str, Member]:
    named = {
        "anna": make_member(store, email="anna@example.com", first_name="Anna"),
        "hannah": make_member(store, phone="+48600", first_name="Hannah"),
        "zoe": make_member(store, email="zoe@example.com", loyalty_card_number="Z",
                           first_name="Zoë", labels=[{"key": "tier", "value": "silver"}]),
        "gone": make_member(store, email="gone@example.com"),
        "off": make_member(store, email="off@example.com", last_name="Nowak"),
    }  # fmt: skip
    # The store may have identified its members by phone before.
    Member.for_store(store).filter(id=named["hannah"].id).update(email=None)
    anonymize_member(store, member=named["gone"], actor=TESTER)
    set_member_active(store, member=named["off"], active=False, actor=TESTER)
    return named


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, {"anna", "hannah", "zoe", "off"}),
        ({"active": "yes"}, {"anna", "hannah", "zoe"}),
        ({"active": "no"}, {"off"}),
        ({"first_name": "ANNA"}, {"anna", "hannah"}),
        ({"last_name": "owa"}, {"off"}),
        ({"has_email": "no"}, {"hannah"}),
        ({"has_phone": "yes"}, {"hannah"}),
        ({"has_card": "yes"}, {"zoe"}),
        ({"label_key": "tier"}, {"zoe"}),
        ({"label_key": "tier", "label_value": "silver"}, {"zoe"}),
        ({"label_key": "tier", "label_value": "gold"}, set()),
        ({"registered_until": "2020-01-01"}, set()),
        ({"registered_from": "2020-01-01", "first_name": "anna", "has_email": "yes"}, {"anna"}),
        ({"holding": "yes"}, {"anna"}),
        ({"holding": "no", "active": "yes"}, {"hannah", "zoe"}),
    ],
)
def test_everybody_who_matches(
    client: Client, store: Store, other_store: Store, badge_type: BadgeType, start: str,
    people: dict[str, Member], given: dict[str, str], expected: set[str],
) -> None:  # fmt: skip
    make_member(other_store, first_name="Anna")
    give_badge(store, people["anna"], badge_type)

    client.post(start, {"kind": "assign", "whom": "everybody", **given})
    client.post(url(draft_of(store), "start"))
    work()

    rows = BadgeEntry.for_store(store).exclude(source="command")
    assert {row.member_id for row in rows} == {people[name].id for name in expected}


def test_the_day_of_registration_is_the_stores_day(
    client: Client, store: Store, start: str, member: Member
) -> None:
    today = timezone.localdate()

    client.post(start, {"kind": "assign", "registered_from": today, "registered_until": today,
                        "whom": "everybody"})  # fmt: skip

    assert draft_of(store).total == 1


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"whom": "list", "names": ""}, "names"),
        ({"whom": "list", "names": " \n,"}, "names"),
        ({"whom": "file"}, "file"),
        ({"whom": "nobody"}, "whom"),
        ({"kind": "undo"}, "kind"),
        ({"kind": "set_count"}, "count"),
        ({"count": "0"}, "count"),
        ({"count": "-1"}, "count"),
        ({"count": "99999999999"}, "count"),
        ({"label_value": "silver"}, "label_key"),
        ({"registered_from": "2026-02-02", "registered_until": "2026-02-01"}, "registered_until"),
        ({"registered_until": "9999-12-31"}, "registered_until"),
        ({"first_name": "a\0b"}, "first_name"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(
    client: Client, store: Store, start: str, given: dict[str, str], field: str
) -> None:
    answer = client.post(start, {"kind": "assign", "whom": "everybody", **given})

    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Job.for_store(store).exists()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "The file is empty."),
        (b"email\n", "The file has no lines below its header."),
        (b"name\nAnna\n", "Unknown column"),
        (b"email\n\xff\xfe\n", "not valid UTF-8"),
    ],
)
def test_a_file_that_means_nothing_is_refused(
    client: Client, store: Store, start: str, content: bytes, said: str
) -> None:
    file = SimpleUploadedFile("a.csv", content)

    answer = client.post(start, {"kind": "assign", "whom": "file", "file": file})

    assert said in answer.context["form"].errors["file"][0]
    assert not Job.for_store(store).exists()


def test_a_badge_that_is_off_is_taken_away_and_not_assigned(
    client: Client, store: Store, badge_type: BadgeType, start: str, member: Member
) -> None:
    give_badge(store, member, badge_type)
    set_badge_type_active(store, badge_type=badge_type, active=False, actor=TESTER)

    refused = client.post(start, {"kind": "assign", "whom": "everybody"})
    client.post(start, {"kind": "revoke", "whom": "everybody"})

    assert refused.context["form"].errors == {"kind": ["The badge type is not active."]}
    page = shown(client.get(url(draft_of(store))))
    assert "Take <b>Gold</b> away from <b>1 member</b> of Alpha. They hold it already." in page


def test_a_draft_that_makes_no_sense_any_more_cannot_be_started(
    client: Client, store: Store, badge_type: BadgeType, start: str, member: Member
) -> None:
    client.post(start, {"kind": "assign", "whom": "everybody"})
    job = draft_of(store)
    delete_badge_type(store, badge_type=badge_type, actor=TESTER, now=timezone.now())

    page = client.get(url(job))
    answer = client.post(url(job, "start"))

    assert "was deleted meanwhile" in page.text
    assert "Do it for" not in page.text
    assert answer.status_code == 422
    assert draft_of(store) == job


def test_a_discarded_draft_is_gone(
    client: Client, store: Store, start: str, member: Member
) -> None:
    client.post(start, {"kind": "assign", "whom": "everybody"})

    answer = client.post(url(draft_of(store), "discard"))

    assert answer.status_code == 302
    assert not Job.for_store(store).exists()


def test_starting_twice_starts_once(
    client: Client, store: Store, start: str, member: Member
) -> None:
    client.post(start, {"kind": "assign", "whom": "everybody"})
    job = draft_of(store)

    answers = [client.post(url(job, "start")) for _ in range(2)]
    client.post(url(job, "discard"))
    work()

    assert [answer["Location"] for answer in answers] == [url(job)] * 2
    assert MemberBadge.for_store(store).get().completed_count == 1


# --- From the member list ---------------------------------------------------------------------


def test_ticked_members_get_a_badge(
    client: Client, store: Store, badge_type: BadgeType, people: dict[str, Member]
) -> None:
    ticked = [str(people[name].id) for name in ("anna", "zoe")]
    asked = {"action": "badge_for_many", "index": "0", "_selected_action": ticked}

    page = client.post(MEMBERS, asked)
    assert "A badge for 2 members" in page.text
    client.post(MEMBERS, {**asked, "kind": "assign", "badge": str(badge_type.id), "count": "3"})
    client.post(url(draft_of(store), "start"))
    work()

    held = MemberBadge.for_store(store).values_list("member_id", "completed_count")
    assert set(held) == {(people["anna"].id, 3), (people["zoe"].id, 3)}


def test_all_members_whom_the_list_shows_are_chosen_across_its_pages(
    client: Client, store: Store, badge_type: BadgeType, people: dict[str, Member]
) -> None:
    one = [str(people["off"].id)]
    asked = {"action": "badge_for_many", "index": "0", "_selected_action": one,
             "select_across": "1", "kind": "assign", "badge": str(badge_type.id)}  # fmt: skip

    client.post(f"{MEMBERS}?active__exact=0&q=example.com", asked)

    assert draft_of(store).total == 1


def test_members_of_another_store_cannot_be_ticked(
    client: Client, other_store: Store, badge_type: BadgeType
) -> None:
    stranger = make_member(other_store)
    asked = {"action": "badge_for_many", "index": "0", "_selected_action": [str(stranger.id)],
             "kind": "assign", "badge": str(badge_type.id)}  # fmt: skip

    client.post(MEMBERS, asked)

    assert not Job.across_stores.filter(total__gt=0).exists()


@pytest.mark.parametrize("badge", ["", "nonsense", str(uuid4())])
def test_a_badge_has_to_be_chosen(
    client: Client, store: Store, member: Member, badge_type: BadgeType, badge: str
) -> None:
    asked = {"action": "badge_for_many", "index": "0", "_selected_action": [str(member.id)],
             "kind": "assign", "badge": badge}  # fmt: skip

    answer = client.post(MEMBERS, asked)

    assert answer.status_code == 422
    assert "Choose a badge." in answer.text
    assert not Job.for_store(store).exists()


# --- Watch and stop ---------------------------------------------------------------------------


def test_a_job_is_paused_resumed_and_cancelled(
    client: Client, store: Store, badge_type: BadgeType, member: Member
) -> None:
    job = make_job(store, badge_type)

    for page, state in (("pause", "paused"), ("resume", "queued"), ("cancel", "cancelled")):
        assert "0 of 2 lines are done." in client.get(url(job, page)).text
        assert client.post(url(job, page)).status_code == 302
        job.refresh_from_db()
        assert job.state == state
        assert client.post(url(job, page)).status_code == 422
    assert "Job cancelled" in client.get(url(job, "history")).text


def test_the_ledger_shows_the_lines_of_one_job(
    client: Client, store: Store, badge_type: BadgeType, member: Member
) -> None:
    give_badge(store, member, badge_type)
    job = make_job(store, badge_type)
    work()

    page = client.get(f"/admin/badges/badgeentry/?store=ALPHA&job={job.id}")

    assert len(page.context["cl"].result_list) == 1
    assert page.context["cl"].result_list[0].source_id == str(job.id)
    assert url(job) in page.text
    assert "Assign Gold (" in page.text
    for nonsense in ("x", uuid4()):
        empty = client.get(f"/admin/badges/badgeentry/?store=ALPHA&job={nonsense}")
        assert len(empty.context["cl"].result_list) == 0


def test_the_list_shows_jobs_and_no_drafts(
    client: Client, store: Store, badge_type: BadgeType, member: Member, start: str
) -> None:
    make_job(store, badge_type)
    client.post(start, {"kind": "revoke", "whom": "everybody"})

    assert "0 changed" in client.get("/admin/loyalty/job/?store=ALPHA").text

    def rows(query: str) -> list[str]:
        page = client.get(f"/admin/loyalty/job/?store=ALPHA{query}")
        return [row.kind for row in page.context["cl"].result_list]

    assert rows("") == ["assign"]
    assert rows("&state=queued") == ["assign"]
    assert rows("&state=draft") == rows("&state=done") == rows("&kind=undo") == []


def test_a_list_costs_the_same_however_long_it_is(
    client: Client, store: Store, badge_type: BadgeType, member: Member
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/loyalty/job/")
            client.get("/admin/badges/badgeentry/")
        return len(queries)

    make_job(store, badge_type)
    work()
    client.get("/admin/loyalty/job/")
    short = cost()
    for number in range(5):
        make_job(store, make_badge_type(store, f"more_{number}"))
    work()

    assert cost() == short


# --- Who may not ------------------------------------------------------------------------------


def everything() -> list[object]:
    jobs = Job.across_stores.order_by("id").values_list("id", "state")
    return [*jobs, Event.across_stores.count(), BadgeEntry.across_stores.count()]


@pytest.fixture
def foreign(other_store: Store) -> Job:
    badge_type = make_badge_type(other_store, "secret")
    make_member(other_store, email="anna@example.com")
    return make_job(other_store, badge_type)


@pytest.mark.parametrize("page", [*TO_SEE, *TO_WRITE])
@pytest.mark.parametrize("is_draft", [False, True])
def test_a_foreign_job_is_a_missing_job(
    client: Client, foreign: Job, page: str, is_draft: bool
) -> None:
    if is_draft:
        Job.across_stores.update(state=JobState.DRAFT)
    before = everything()
    nowhere = url(foreign, page).replace(str(foreign.id), str(uuid4()))

    for answer, missing in (
        (client.get(url(foreign, page)), client.get(nowhere)),
        (client.post(url(foreign, page)), client.post(nowhere)),
    ):
        assert answer.status_code == missing.status_code
        assert answer.status_code in {403, 404}
        assert b"secret" not in answer.content
    assert client.get(url(foreign, page)).status_code == 404
    assert everything() == before


def test_a_foreign_job_is_no_filter(client: Client, foreign: Job) -> None:
    page = client.get(f"/admin/badges/badgeentry/?job={foreign.id}")

    assert "secret" not in page.text
    assert client.get("/admin/loyalty/job/?store=BETA").status_code == 404


@pytest.mark.parametrize("page", TO_WRITE)
def test_a_viewer_watches_and_does_nothing(
    viewer: Administrator, store: Store, badge_type: BadgeType, member: Member, page: str
) -> None:
    client, job = as_staff(viewer), make_job(store, badge_type)
    before = everything()

    assert [client.get(url(job, seen)).status_code for seen in TO_SEE] == [200] * 4
    assert client.get(url(job, page)).status_code == 403
    assert client.post(url(job, page)).status_code == 403

    assert everything() == before
    assert "Cancel" not in client.get(url(job)).text


def test_a_viewer_starts_nothing_and_sees_no_draft(
    viewer: Administrator, store: Store, badge_type: BadgeType, member: Member, start: str
) -> None:
    client = as_staff(viewer)
    draft = draft_badge_job(
        store, kind=ASSIGN, badge_type=badge_type, actor=TESTER,
        stage=stage_chosen(Member.for_store(store)),
    )  # fmt: skip
    before = everything()

    assert client.get(start).status_code == client.post(start).status_code == 403
    for page in (*TO_SEE, "start", "discard"):
        assert client.post(url(draft, page)).status_code in {403, 404}
        assert client.get(url(draft, page)).status_code == (
            403 if page in {"start", "discard"} else 404
        )
    asked = {"action": "badge_for_many", "index": "0", "_selected_action": [str(member.id)],
             "kind": "assign", "badge": str(badge_type.id)}  # fmt: skip
    client.post(MEMBERS, asked)

    assert everything() == before
    assert "badge_for_many" not in client.get(MEMBERS).text


def test_whoever_sees_no_members_sees_no_names(
    store: Store, other_store: Store, badge_type: BadgeType, member: Member, start: str
) -> None:
    role = make_role((Resource.BADGE, Access.MODIFY), stores=(store,))
    client = as_staff(make_administrator(role))
    job = make_job(store, badge_type)
    work()

    page = client.get(url(job))

    assert page.status_code == 200
    assert "nobody@example.com" not in page.text
    assert client.get(url(job, "report")).status_code == 403
    assert client.get(start).status_code == 403


def test_other_kinds_of_jobs_have_no_page_here(client: Client, store: Store) -> None:
    job = Job(store=store, kind="member_import", chunk_size=1, actor_kind="system", source="api")
    job.save()

    assert [client.get(url(job, page)).status_code for page in TO_SEE] == [404] * 4
    assert not client.get("/admin/loyalty/job/").context["cl"].result_list
