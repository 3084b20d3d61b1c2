"""Facts that belong together arrive at the same moment, and none of them is left alone."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from threading import Event, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction
from django.utils import timezone

from loyalty.models import Store
from members.models import Activity, Member, TouchedMember
from members.services import activity_rows, waiting
from members.services.custom_events import GivenEvent, Taken, take_custom_events
from members.services.members import register_member, update_member
from members.services.transactions import GivenItem, GivenTransaction, take_transactions
from tests.builders import TESTER, make_member
from tests.clients import ApiClient
from tests.faults.threads import together
from tests.members.activity import EVENTS, event, make_schema

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

MARCH = datetime(2026, 3, 1, 10, tzinfo=UTC)
ROUNDS = 12


def visit(event_id: str, **customer: str) -> GivenEvent:
    return GivenEvent("visit", MARCH, customer, {}, event_id)


def take(store: Store, *events: GivenEvent) -> list[Taken]:
    return take_custom_events(store, events=events, actor=TESTER, now=timezone.now())


def document(number: str, value: int, linked: str = "") -> GivenTransaction:
    item = GivenItem("A1", "Flat white", "Coffee", Decimal(value))
    kind = "return" if linked else "sell"
    return GivenTransaction(number, MARCH, kind, [item], linked_document_number=linked)


def sell(store: Store, *documents: GivenTransaction) -> list[Taken]:
    return take_transactions(store, transactions=documents, actor=TESTER, now=timezone.now())


def test_one_event_a_hundred_times_is_one_activity(
    store: Store, member: Member, as_root: ApiClient
) -> None:
    make_schema(store)
    body = {"event": event(eventId="e-1", customerData={"email": "anna@example.com"})}
    as_root.get(EVENTS)  # Notes the first use of the key.

    def send() -> list[tuple[int, str]]:
        return [(answer.status_code, answer.json()["customEventId"])
                for answer in (as_root.post(EVENTS, body) for _ in range(10))]  # fmt: skip

    answers = {answer for part in together([send] * 10) for answer in part}

    assert answers == {(200, str(Activity.for_store(store).get().id))}
    assert TouchedMember.across_stores.count() == 1


def test_batches_with_the_same_events_in_any_order(store: Store, member: Member) -> None:
    make_schema(store)
    events = [visit(f"{number}", customerId=str(member.id)) for number in range(200)]

    def send(given: list[GivenEvent]) -> Callable[[], list[UUID | None]]:
        return lambda: [taken.id for taken in take(store, *given)]

    one, other, third = together([send(events), send(events[::-1]), send(events[100:])])

    assert one == other[::-1]
    assert one[100:] == third
    assert Activity.for_store(store).count() == 200


def _register_while_an_event_comes(store: Store, number: int) -> bool:
    """Whether the event found its member."""
    email, event_id = f"m{number}@example.com", f"{number}"
    jobs: list[Callable[[], Any]] = [
        lambda: register_member(store, email=email, actor=TESTER, now=timezone.now()),
        lambda: take(store, visit(event_id, email=email.upper())),
    ]
    together(jobs if number % 2 else jobs[::-1])
    return Activity.for_store(store).get(external_id=event_id).member_id is not None


def test_an_event_finds_who_is_being_registered(store: Store) -> None:
    make_schema(store)

    assert [_register_while_an_event_comes(store, number) for number in range(ROUNDS)] == [
        True
    ] * ROUNDS


def test_an_event_finds_who_is_being_renamed(store: Store) -> None:
    make_schema(store)
    for number in range(ROUNDS):
        member, phone = make_member(store), f"+1{number}"
        rename = partial(update_member, store, member=member, phone=phone, actor=TESTER)
        jobs: list[Callable[[], Any]] = [rename, partial(take, store, visit(phone, phone=phone))]
        together(jobs)

        assert Activity.for_store(store).get(external_id=phone).member_id == member.id


def _interleaved(store: Store, number: int) -> UUID | None:
    """An event is written, a member registered, and only then is either committed.

    The worst order, and made on purpose: with the locks the registration waits for the event's
    commit, so the second transaction here runs in a thread.  Returns the event's member.
    """
    email, event_id = f"m{number}@example.com", f"{number}"
    written, done = Event(), Event()

    def arrive() -> None:
        try:
            with transaction.atomic():
                row = activity_rows.ActivityRow(
                    "visit", "custom_event", event_id, MARCH,  # type: ignore[arg-type]
                    identifiers={"email": email},
                )  # fmt: skip
                activity_rows.record_activities(store, [row], actor=TESTER, now=timezone.now())
                written.set()
                # The registration gets as far as it can meanwhile.
                done.wait(0.5)
        finally:
            connection.close()

    thread = Thread(target=arrive)
    thread.start()
    written.wait(10)
    register_member(store, email=email, actor=TESTER, now=timezone.now())
    done.set()
    thread.join()
    return Activity.for_store(store).get(external_id=event_id).member_id


def test_the_worst_order_is_no_problem(store: Store) -> None:
    assert _interleaved(store, 1) == Member.for_store(store).get(email="m1@example.com").id


def test_without_the_locks_the_worst_order_leaves_it_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    for module in (activity_rows, waiting):
        monkeypatch.setattr(module, "lock_names", lambda *_, **__: None)

    assert _interleaved(store, 1) is None


def test_returns_and_their_purchase_at_once(store: Store) -> None:
    for number in range(ROUNDS):
        sale = f"S-{number}"
        jobs = [
            partial(sell, store, document(sale, 10)),
            partial(sell, store, document(f"{sale}-a", 4, sale)),
            partial(sell, store, document(f"{sale}-b", 3, sale), document(f"{sale}-c", 3, sale)),
        ]
        together(jobs[number % 3 :] + jobs[: number % 3])

        bought = Activity.for_store(store).get(external_id=sale)
        assert bought.returned == bought.value == Decimal(10)
        assert bought.reversed_at is not None
        assert Activity.for_store(store).filter(reverses=bought).count() == 3
