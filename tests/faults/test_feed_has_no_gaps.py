"""Readers of the feed beside writers who commit late, out of order, or not at all."""

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event as Flag
from typing import Any
from uuid import UUID

import pytest
from django.db import connection, transaction

from loyalty.models import Event, EventName, Store
from loyalty.selectors import events as feed
from loyalty.selectors.events import settled_page
from loyalty.services.events import record, record_for_members
from tests.builders import TESTER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

WRITERS, READERS, TRANSACTIONS = 8, 3, 60


class _TurnedBackError(Exception):
    """What makes a writer roll back."""


def happen(store: Store, count: int = 1) -> None:
    record_for_members(
        store, EventName.MEMBER_UPDATED, subject_kind="member", subject_id=store.id, actor=TESTER,
        data={UUID(int=number): {} for number in range(count)},
    )  # fmt: skip


def write(store: Store, dice: random.Random) -> None:
    """Transactions of a few events, that linger before and after, and often come to nothing."""
    for _ in range(TRANSACTIONS):
        try:
            with transaction.atomic():
                happen(store, dice.randint(1, 5))
                time.sleep(dice.random() * 0.01)
                try:
                    with transaction.atomic():
                        happen(store, dice.randint(1, 3))
                        if dice.random() < 0.3:
                            raise _TurnedBackError
                except _TurnedBackError:
                    time.sleep(dice.random() * 0.005)
                happen(store)
                time.sleep(dice.random() * dice.random() * 0.04)
                if dice.random() < 0.2:
                    raise _TurnedBackError
        except _TurnedBackError:
            pass
    connection.close()


def follow(store: Store, written: Flag, size: int) -> list[int]:
    """The sequences that a reader is shown who always goes on after the last one."""
    seen: list[int] = []
    after = 0
    while True:
        last_look = written.is_set()
        page = settled_page(store, after=after, limit=size)
        after = page.next
        seen += [event.sequence for event in page.events]
        if last_look and not page.events:
            connection.close()
            return seen


def storm(store: Store) -> tuple[list[int], list[list[int]]]:
    """What was committed in the end, in order, and what each of the readers was shown."""
    written = Flag()
    with ThreadPoolExecutor(WRITERS + READERS) as pool:
        readers = [pool.submit(follow, store, written, 1 + 50 * n) for n in range(READERS)]
        writers = [pool.submit(write, store, random.Random(seed)) for seed in range(WRITERS)]
        try:
            for writer in writers:
                writer.result()
        finally:
            written.set()
        shown = [reader.result() for reader in readers]
    there = Event.for_store(store).order_by("sequence").values_list("sequence", flat=True)
    return list(there), shown


def test_no_reader_misses_an_event_or_sees_one_twice(
    store: Store, tell: Callable[[str], None]
) -> None:
    begun = time.monotonic()

    there, shown = storm(store)

    assert len(there) > WRITERS * TRANSACTIONS
    for seen in shown:
        assert seen == there
    tell(
        f"{WRITERS} writers, {READERS} readers: {len(there)} events of {there[-1]} numbers,"
        f" 0 missed, 0 doubled, {time.monotonic() - begun:.1f} s"
    )


def test_readers_of_whatever_is_committed_miss_some(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the horizon the same storm leaves gaps."""
    monkeypatch.setattr(feed, "event_horizon", lambda: 2**62)

    there, shown = storm(store)

    assert any(set(seen) < set(there) for seen in shown)


def _numbers(store: Store) -> list[int]:
    return [event.sequence for event in settled_page(store, after=0, limit=1000).events]


def test_a_transaction_under_way_holds_back_what_is_higher_and_nothing_else(store: Store) -> None:
    def apart(work: Callable[[], Any]) -> Any:
        """On another connection."""

        def run() -> Any:
            try:
                return work()
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            return pool.submit(run).result()

    def told() -> None:
        with transaction.atomic():
            happen(store)

    apart(told)
    before = _numbers(store)
    with transaction.atomic():
        happen(store)
        apart(told)
        assert apart(lambda: _numbers(store)) == before
        # Rolled back to where it had not written yet, it holds nothing back any more.
        transaction.set_rollback(True)
    with transaction.atomic():
        with transaction.atomic():
            happen(store)
            transaction.set_rollback(True)
        after = apart(lambda: _numbers(store))

    assert len(after) == len(before) + 1
    assert after[: len(before)] == before


def test_an_event_needs_a_transaction(store: Store) -> None:
    with pytest.raises(AssertionError, match="transaction"):
        record(store, EventName.STORE_UPDATED, subject_kind="store", subject_id=store.id,
               actor=TESTER)  # fmt: skip


def test_numbers_beyond_31_bits_are_told_apart(store: Store) -> None:
    """The lock has room for 31 bits of a number, and the log for 63."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM loyalty_event_sequence_seq")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT setval('loyalty_event_sequence_seq', %s)", [2**31 * 5 - 2])
    try:
        there, shown = storm(store)
        assert there[-1] > 2**31 * 5
        assert all(seen[-len(there) :] == there for seen in shown)
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT setval('loyalty_event_sequence_seq', %s)", [before])
