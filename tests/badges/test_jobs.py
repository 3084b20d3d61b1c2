"""Jobs through the API, worked on by hand."""

from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, MemberBadge
from loyalty.models import Store
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from tests.builders import give_badge, make_badge_type, make_member
from tests.clients import ApiClient

JOBS = "/api/ALPHA/job"


def work() -> None:
    """Do everything that a worker would do."""
    start_queued_jobs(now=timezone.now())
    while work_one_chunk(now=timezone.now()):
        pass


def test_a_job_assigns_a_badge_to_named_members_and_reports_the_others(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    anna = make_member(store, email="anna@example.com")
    bert = make_member(store)
    names = ["email=ANNA@example.com", str(bert.id), "phone=+1", "email=anna@example.com"]
    body = {"job": {"kind": "assign", "badgeType": "systemCode=gold", "members": names}}

    created = as_manager.post(JOBS, body)
    assert created.status_code == 202
    url = f"{JOBS}/{created.json()['jobId']}"
    assert as_manager.get(url).json()["state"] == "queued"
    work()

    job = as_manager.get(url).json()
    assert [job[name] for name in ("state", "total", "processed", "changed", "rejected")] == [
        "done", 4, 4, 2, 2,
    ]  # fmt: skip
    held = MemberBadge.for_store(store).values_list("member_id", "completed_count")
    assert dict(held) == {anna.id: 1, bert.id: 1}
    report = b"".join(as_manager.get(f"{url}/report").streaming_content).decode()
    assert report.splitlines() == [
        "line,member,problem,text",
        "3,phone=+1,There is no such member.,",
        "4,email=anna@example.com,The member was named before in this job.,",
    ]


def test_a_job_is_undone_as_one_act(
    as_manager: ApiClient, store: Store, badge_type: BadgeType
) -> None:
    members = [make_member(store, first_name="Anna") for _ in range(3)]
    make_member(store, first_name="Bert")
    give_badge(store, members[0], badge_type)
    body = {"job": {"kind": "assign", "badgeType": "systemCode=gold", "filter": "firstName=Anna"}}
    job_id = as_manager.post(JOBS, body).json()["jobId"]
    work()
    assert MemberBadge.for_store(store).count() == 3

    undone = as_manager.post(f"{JOBS}/{job_id}/undo")
    assert undone.status_code == 202
    work()

    held = MemberBadge.for_store(store).values_list("member_id", "completed_count")
    assert dict(held) == {members[0].id: 1}
    assert BadgeEntry.for_store(store).count() == 7
    again = as_manager.post(f"{JOBS}/{job_id}/undo")
    assert (again.status_code, again.json()["message"]) == (409, "The job was undone before.")


def test_counts_are_set_and_badges_revoked(as_manager: ApiClient, store: Store) -> None:
    badge_type = make_badge_type(store, "silver")
    members = [make_member(store) for _ in range(2)]
    give_badge(store, members[0], badge_type, times=5)
    names = [str(member.id) for member in members]
    body = {"kind": "set_count", "badgeType": "systemCode=silver", "members": names, "count": 3}

    as_manager.post(JOBS, {"job": body})
    work()
    held = MemberBadge.for_store(store)
    assert set(held.values_list("completed_count", flat=True)) == {3}

    as_manager.post(JOBS, {"job": {**body, "kind": "revoke", "count": 1}})
    work()
    assert set(held.values_list("completed_count", flat=True)) == {2}

    del body["count"]
    as_manager.post(JOBS, {"job": {**body, "kind": "revoke"}})
    work()
    assert not held.exists()
