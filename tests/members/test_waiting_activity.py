"""Activity that came before its member."""

import io
from datetime import UTC, datetime
from typing import Any

import pytest
from django.utils import timezone

from loyalty.models import Event, Store
from loyalty.services.jobs.working import start_queued_jobs, work_one_chunk
from members.models import Activity, Member, TouchedMember
from members.services.imports import import_members
from members.services.members import anonymize_member, delete_member, update_member
from tests.builders import TESTER, make_member
from tests.clients import ApiClient
from tests.members.activity import EVENTS, TRANSACTIONS, event, make_schema, sale

MARCH = datetime(2026, 3, 1, 10, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _schema(store: Store, other_store: Store) -> None:
    make_schema(store)
    make_schema(other_store)


def wait(client: ApiClient, event_id: str, code: str = "ALPHA", **customer: str) -> None:
    body = {"event": event(eventId=event_id, customerData=customer)}
    answer = client.post(f"/api/{code}/customEvent", body)
    assert answer.status_code == 200, answer.content


def owners(store: Store) -> dict[str, Any]:
    return dict(Activity.for_store(store).values_list("external_id", "member_id"))


def names(store: Store) -> dict[str, Any]:
    """What senders called those whom nobody knows."""
    return dict(Activity.for_store(store).values_list("external_id", "identifiers"))


def touched() -> list[tuple[Any, ...]]:
    rows = TouchedMember.across_stores.order_by("id")
    return list(rows.values_list("member_id", "input", "since", "takes_away"))


def test_who_registers_is_given_what_waited(
    store: Store, other_store: Store, as_root: ApiClient
) -> None:
    wait(as_root, "1", email="New@Example.com")
    wait(as_root, "2", phone="+1555", email="typo@example.com")
    wait(as_root, "3", loyaltyCardNumber="C-9")
    wait(as_root, "4", loyaltyCardNumber="c-9")
    wait(as_root, "5", email="other@example.com")
    wait(as_root, "6", code="BETA", email="new@example.com")
    as_root.post(TRANSACTIONS, {"transaction": sale("S-1", customerData={"phone": "+1555"})})
    assert as_root.get(f"{EVENTS}?eventId=1").json()["items"][0]["customerData"] == {
        "email": "New@Example.com"
    }
    assert touched() == []

    customer = {"email": "new@example.com", "phone": "+1555", "loyaltyCardNumber": "C-9"}
    answer = as_root.post("/api/ALPHA/member", {"customer": customer})

    member = Member.for_store(store).get(id=answer.json()["customerId"])
    assert owners(store) == {
        "1": member.id, "2": member.id, "3": member.id, "4": None, "5": None, "S-1": member.id,
    }  # fmt: skip
    assert owners(other_store) == {"6": None}
    assert names(store) == {
        "1": {}, "2": {}, "3": {}, "S-1": {}, "4": {"loyaltyCardNumber": "c-9"},
        "5": {"email": "other@example.com"},
    }  # fmt: skip
    assert sorted(touched()) == [
        (member.id, "activity:transaction", MARCH, False),
        (member.id, "activity:visit", MARCH, False),
    ]
    matched = Event.for_store(store).get(name="ActivityWasMatched")
    assert (matched.member_id, matched.data) == (member.id, {"activities": 4})


def test_a_new_identifier_finds_what_waited(
    store: Store, member: Member, as_root: ApiClient
) -> None:
    wait(as_root, "1", email="new@example.com")
    wait(as_root, "2", phone="+1555")

    update_member(store, member=member, last_name="Nowak", actor=TESTER)
    assert owners(store) == {"1": None, "2": None}
    url = f"/api/ALPHA/member/{member.id}"
    assert as_root.put(url, {"customer": {"email": "new@example.com"}}).status_code == 200
    assert owners(store) == {"1": member.id, "2": None}
    assert as_root.put(url, {"customer": {"phone": "+1555"}}).status_code == 200
    assert owners(store) == {"1": member.id, "2": member.id}
    assert touched() == [(member.id, "activity:visit", MARCH, False)] * 2


def test_an_import_finds_what_waited(store: Store, as_root: ApiClient) -> None:
    for number in range(3):
        wait(as_root, f"{number}", email=f"m{number}@example.com")
    wait(as_root, "4", phone="+1555", email="m9@example.com")
    file = io.BytesIO(
        b"email,phone\nm0@example.com,+1555\nM1@example.com,\nm0@example.com,\nm9@example.com,\n"
    )

    job = import_members(store, file=file, actor=TESTER)
    start_queued_jobs(now=timezone.now())
    while work_one_chunk(now=timezone.now(), job_id=job.id):
        pass

    by_email = dict(Member.for_store(store).values_list("email", "id"))
    assert owners(store) == {
        # Of two who fit, the one with the e-mail address.
        "0": by_email["m0@example.com"], "1": by_email["M1@example.com"], "2": None,
        "4": by_email["m9@example.com"],
    }  # fmt: skip
    assert len(touched()) == 3


@pytest.mark.parametrize("forget", [anonymize_member, delete_member])
def test_who_is_forgotten_is_not_named_by_what_waits(
    forget: Any, store: Store, other_store: Store, as_root: ApiClient
) -> None:
    """Normally nothing that names a member waits.  A sender may have named two at once."""
    make_member(store, email="first@example.com")
    wait(as_root, "1", email="Gone@example.com")
    wait(as_root, "2", phone="+1555", loyaltyCardNumber="C-8")
    wait(as_root, "3", loyaltyCardNumber="C-9", phone="+1777")
    wait(as_root, "4", email="other@example.com")
    wait(as_root, "5", code="BETA", email="gone@example.com")
    member = make_member(store, email="later@example.com")
    # As if it had come without anybody's noticing.
    Member.for_store(store).filter(id=member.id).update(
        email="gone@example.com", phone="+1555", loyalty_card_number="C-9"
    )

    forget(store, member=member, actor=TESTER)

    assert names(store) == {"1": {}, "2": {}, "3": {}, "4": {"email": "other@example.com"}}
    assert names(other_store) == {"5": {"email": "gone@example.com"}}
    assert set(owners(store).values()) == {None}


def test_what_a_member_did_goes_with_them(store: Store, member: Member, as_root: ApiClient) -> None:
    wait(as_root, "1", email="anna@example.com")
    wait(as_root, "2", email="nobody@example.com")

    delete_member(store, member=member, actor=TESTER)

    assert owners(store) == {"2": None}
    assert touched() == []
