"""Whoever spends at the same time cannot spend the same points, and nothing is booked twice."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db.models import Sum
from django.utils import timezone

from loyalty.models import Access, Resource, Store
from members.models import Member, PointsEntry, PointsLot
from members.services import booking
from members.services.points_expiry import expire_points
from members.services.purses import open_purses
from tests.builders import admin_token, give_points, make_administrator, make_member, make_role
from tests.clients import ApiClient
from tests.faults.threads import PATIENCE, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

POINTS = "/api/ALPHA/points"


@pytest.fixture
def cashier(store: Store) -> ApiClient:
    role = make_role((Resource.POINT_TRANSFER, Access.MODIFY), stores=(store,))
    return ApiClient.with_token(admin_token(make_administrator(role)))


def _book(client: ApiClient, how: str, points: int, **more: Any) -> Callable[[], int]:
    transfer = {"customer": "email=anna@example.com", "points": points, **more}
    return lambda: client.post(f"{POINTS}/{how}", {"transfer": transfer}).status_code


def _balance(store: Store) -> tuple[int, int]:
    """The ledger's sum and the projection's."""
    entries = PointsEntry.for_store(store).aggregate(total=Sum("amount"))["total"] or 0
    lots = PointsLot.for_store(store).aggregate(total=Sum("remaining"))["total"] or 0
    return int(entries), int(lots)


def test_points_are_spent_once(cashier: ApiClient, store: Store, member: Member) -> None:
    for _ in range(3):
        give_points(store, member, 10)

    statuses = together([_book(cashier, "spend", 4)] * 12)

    assert sorted(statuses) == [200] * 7 + [400] * 5
    assert _balance(store) == (2, 2)


def test_without_the_members_lock_spending_does_go_wrong(
    cashier: ApiClient, store: Store, member: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both read the same lot; the second finds it changed, and would have overdrawn the wallet."""
    give_points(store, member, 10)
    both_have_read = threading.Barrier(2)

    def open_both(*args: Any, **kwargs: Any) -> Any:
        purses = open_purses(*args, **kwargs)
        both_have_read.wait(PATIENCE)
        return purses

    monkeypatch.setattr(booking, "lock_members", lambda _, ids: set(ids))
    monkeypatch.setattr(booking, "open_purses", open_both)

    statuses = together([_book(cashier, "spend", 10)] * 2)

    assert sorted(statuses) == [200, 500]


def test_one_external_id_is_booked_once(cashier: ApiClient, store: Store, member: Member) -> None:
    statuses = together([_book(cashier, "add", 10, externalTransferId="A1")] * 8)

    assert statuses == [200] * 8
    assert PointsEntry.for_store(store).count() == 1
    assert _balance(store) == (10, 10)


def test_of_two_members_one_gets_what_an_external_id_is_about(
    cashier: ApiClient, store: Store, member: Member
) -> None:
    make_member(store, email="berta@example.com")
    both = [
        _book(cashier, "add", 10, externalTransferId="A1", customer=f"email={name}@example.com")
        for name in ("anna", "berta")
    ]

    statuses = together(both * 4)

    assert sorted(statuses) == [200] * 4 + [400] * 4
    assert _balance(store) == (10, 10)


def test_batches_that_cross_do_not_wait_in_a_ring(
    cashier: ApiClient, store: Store, member: Member
) -> None:
    people = [make_member(store) for _ in range(6)]

    def batch(order: int) -> Callable[[], list[bool]]:
        transfers = [
            {"type": kind, "customer": str(someone.id), "points": 5}
            for someone in people[::order] for kind in ("adding", "spending")
        ]  # fmt: skip

        def run() -> list[bool]:
            answer = cashier.post(f"{POINTS}/batch", {"transfers": transfers}).json()
            return ["transferId" in each for each in answer["transfers"]]

        return run

    answers = together([batch(1), batch(-1)] * 4)

    assert answers == [[True] * 12] * 8
    assert _balance(store) == (0, 0)


def test_several_rounds_at_once_expire_each_lot_once(store: Store, member: Member) -> None:
    past = timezone.now() - timedelta(days=3)
    for _ in range(20):
        give_points(store, member, 5, now=past, expires_in=timedelta(days=1))

    together([lambda: expire_points(timezone.now())] * 6)

    assert PointsEntry.for_store(store).filter(kind="expired").count() == 20
    assert _balance(store) == (0, 0)
