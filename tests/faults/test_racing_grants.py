"""Whoever grants and corrects at the same time: nothing is lost and nothing counts twice."""

import threading
import time
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, MemberBadge
from badges.services.grants import grant_badge
from badges.services.ledger import post
from loyalty.models import Event, Store
from members.models import Member
from tests.builders import TESTER, give_badge, make_badge_type
from tests.clients import ApiClient
from tests.faults.threads import PATIENCE, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

URL = "/api/ALPHA/member/email=anna@example.com/badge"
GOLD = f"{URL}/systemCode=gold"

Job = Callable[[], int]


def _grant(client: ApiClient) -> Job:
    return lambda: client.post(URL, {"systemCode": "gold"}).status_code


def _put(client: ApiClient, count: int) -> Job:
    return lambda: client.put(GOLD, {"badge": {"completedCount": count}}).status_code


def _in_turn(*jobs: Job) -> Callable[[], list[int]]:
    return lambda: [job() for job in jobs]


def _count_and_sum(store: Store) -> tuple[int, int]:
    """The projection and the ledger, in one statement and so at one moment."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (SELECT coalesce(sum(completed_count), 0) FROM badges_memberbadge
                     WHERE store_id = %(store)s),
                   (SELECT coalesce(sum(delta), 0) FROM badges_badgeentry
                     WHERE store_id = %(store)s)
            """,
            {"store": store.id},
        )
        count, total = cursor.fetchone()
    return int(count), int(total)


def _history(store: Store) -> list[tuple[int, int]]:
    """(count before, count after) of each change, in the order in which they happened."""
    events = Event.for_store(store).exclude(member_id=None).order_by("sequence")
    return [
        (event.data["previousCompletedCount"], event.data["currentCompletedCount"])
        for event in events
        if "currentCompletedCount" in event.data
    ]


def _is_chain(history: list[tuple[int, int]]) -> bool:
    """Whether each change began where the one before it had ended."""
    return all(earlier[1] == later[0] for earlier, later in pairwise(history))


def test_grants_at_once_all_count(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    answers = together([_in_turn(*[_grant(as_manager)] * 6) for _ in range(8)])

    assert answers == [[200] * 6] * 8
    assert _count_and_sum(store) == (48, 48)
    assert BadgeEntry.for_store(store).count() == 48
    assert _history(store) == [(number, number + 1) for number in range(48)]


def test_grants_and_corrections_keep_count_and_ledger_equal(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type, times=3)
    over = threading.Event()
    seen: list[tuple[int, int]] = []

    def watch() -> list[int]:
        while not over.is_set():
            seen.append(_count_and_sum(store))
        return []

    workers = [
        *(_in_turn(*[_grant(as_manager)] * 6) for _ in range(4)),
        *(_in_turn(*[_put(as_manager, count) for count in (5, 0, 17, 2, 0, 9)]) for _ in range(4)),
    ]

    def run_all() -> list[int]:
        try:
            return [status for answers in together(workers) for status in answers]
        finally:
            over.set()

    _, statuses = together([watch, run_all])

    # A correction of a badge that is gone at that moment is a 404, and nothing else goes wrong.
    assert set(statuses) <= {200, 204, 404}
    assert statuses.count(200) == 24
    assert len(seen) > 3
    assert [pair for pair in seen if pair[0] != pair[1]] == []
    assert _is_chain(_history(store))
    count, total = _count_and_sum(store)
    assert count == total == _history(store)[-1][1]


def test_corrections_at_once_end_with_one_of_them(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    give_badge(store, member, badge_type)
    counts = [10, 20, 30, 40, 50, 60, 70, 80]

    statuses = together([_put(as_manager, count) for count in counts])

    assert statuses == [204] * 8
    count, total = _count_and_sum(store)
    assert count == total
    assert count in counts
    assert _is_chain(_history(store))


def test_without_the_members_lock_corrections_do_go_wrong(
    as_manager: ApiClient,
    store: Store,
    member: Member,
    badge_type: BadgeType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    give_badge(store, member, badge_type)
    both_have_read = threading.Barrier(2)

    def post_late(*args: Any, **kwargs: Any) -> Any:
        both_have_read.wait(PATIENCE)
        return post(*args, **kwargs)

    monkeypatch.setattr("badges.services.grants.lock_member", lambda *_: None)
    monkeypatch.setattr("badges.services.grants.post", post_late)

    statuses = together([_put(as_manager, 10), _put(as_manager, 20)])

    assert statuses == [204, 204]
    # Both took 1 for what there was, and 9 + 19 came on top of it.
    assert _count_and_sum(store)[0] == 29


def test_with_the_members_lock_the_second_one_waits(
    as_manager: ApiClient,
    store: Store,
    member: Member,
    badge_type: BadgeType,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same pause as in the control, and the lock on: the second has not read yet."""
    give_badge(store, member, badge_type)
    inside: list[float] = []

    def post_late(*args: Any, **kwargs: Any) -> Any:
        inside.append(time.monotonic())
        time.sleep(0.3)
        return post(*args, **kwargs)

    monkeypatch.setattr("badges.services.grants.post", post_late)

    statuses = together([_put(as_manager, 10), _put(as_manager, 20)])

    assert statuses == [204, 204]
    assert inside[1] - inside[0] >= 0.3
    assert _count_and_sum(store)[0] in {10, 20}
    assert _is_chain(_history(store))


def test_one_occurrence_is_granted_once(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    def grant() -> None:
        grant_badge(
            store, member=member, badge_type=badge_type, actor=TESTER, now=timezone.now(),
            occurrence_key="order 4711",
        )  # fmt: skip

    together([grant] * 8)

    assert _count_and_sum(store) == (1, 1)
    assert _history(store) == [(0, 1)]


def test_members_and_badges_at_once_do_not_wait_in_a_ring(
    as_manager: ApiClient, store: Store, member: Member, badge_type: BadgeType
) -> None:
    make_badge_type(store, "silver")
    orders = [["gold", "silver"] * 4, ["silver", "gold"] * 4] * 3

    def grant_all(codes: list[str]) -> Callable[[], list[int]]:
        return lambda: [as_manager.post(URL, {"systemCode": code}).status_code for code in codes]

    answers = together([grant_all(codes) for codes in orders])

    assert answers == [[200] * 8] * 6
    held = MemberBadge.for_store(store).aggregate(total=Sum("completed_count"))
    assert held == {"total": 48}


def test_of_equal_system_codes_one_is_created(as_manager: ApiClient, store: Store) -> None:
    body = {"badgeType": {"systemCode": "gold", "translations": {"en": {"name": "Gold"}}}}

    answers = together([lambda: as_manager.post("/api/ALPHA/badge-type", body)] * 6)

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    assert BadgeType.for_store(store).count() == 1
    assert Event.for_store(store).filter(name="BadgeTypeCreated").count() == 1


def test_equal_names_get_slugs_of_their_own(as_manager: ApiClient, store: Store) -> None:
    def create(number: int) -> Callable[[], int]:
        inner = {"systemCode": f"gold_{number}", "translations": {"en": {"name": "Gold"}}}
        return lambda: as_manager.post("/api/ALPHA/badge-type", {"badgeType": inner}).status_code

    answers = together([create(number) for number in range(6)])

    assert answers == [200] * 6
    slugs = sorted(BadgeType.for_store(store).values_list("slug", flat=True))
    assert slugs == ["gold", "gold-2", "gold-3", "gold-4", "gold-5", "gold-6"]


def test_of_equal_e_mails_one_is_registered(as_manager: ApiClient, store: Store) -> None:
    body = {"customer": {"email": "new@example.com"}}

    answers = together([lambda: as_manager.post("/api/ALPHA/member", body)] * 6)

    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400, 400, 400]
    assert Member.for_store(store).count() == 1
