"""Points: added, spent, cancelled, expired."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from loyalty.models import Access, Resource, Store
from members.models import Member, PointsEntry, PointsKind, PointsLot, TouchedMember, WalletType
from members.services.members import anonymize_member
from members.services.points_expiry import expire_points
from tests.builders import (
    TESTER,
    admin_token,
    give_points,
    make_administrator,
    make_member,
    make_role,
)
from tests.clients import Answer, ApiClient

POINTS = "/api/ALPHA/points"
WALLET = "/api/ALPHA/member/email=anna@example.com/wallet"
DAY = timedelta(days=1)


@pytest.fixture
def cashier(store: Store, member: Member) -> ApiClient:
    role = make_role(
        (Resource.POINT_TRANSFER, Access.MODIFY), (Resource.WALLET, Access.MODIFY), stores=(store,)
    )
    return ApiClient.with_token(admin_token(make_administrator(role)))


def add(client: ApiClient, points: float, **more: Any) -> Answer:
    transfer = {"customer": "email=anna@example.com", "points": points, **more}
    return client.post(f"{POINTS}/add", {"transfer": transfer})


def spend(client: ApiClient, points: float, **more: Any) -> Answer:
    transfer = {"customer": "email=anna@example.com", "points": points, **more}
    return client.post(f"{POINTS}/spend", {"transfer": transfer})


def account(client: ApiClient, wallet: str = "default") -> dict[str, Any]:
    items = client.get(WALLET).json()["items"]
    (found,) = [item["account"] for item in items if item["walletType"]["code"] == wallet]
    return dict(found)


def lines(store: Store) -> list[tuple[str, Decimal]]:
    found = PointsEntry.for_store(store).order_by("recorded_at", "id")
    return list(found.values_list("kind", "amount"))


def refused(answer: Answer) -> list[tuple[str, str]]:
    assert answer.status_code == 400, answer.content
    return [(error["path"], error["message"]) for error in answer.json()["errors"]]


def check_projection(store: Store) -> None:
    """What is left in lots is what the ledger adds up to."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT member_id, wallet, sum(amount) FROM (
                   SELECT member_id, wallet, amount FROM members_pointsentry
                    WHERE store_id = %(store)s
                   UNION ALL
                   SELECT member_id, wallet, -remaining FROM members_pointslot
                    WHERE store_id = %(store)s) both_sides
             GROUP BY member_id, wallet HAVING sum(amount) <> 0
            """,
            {"store": store.id},
        )
        assert cursor.fetchall() == []


def test_points_are_added_and_spent(cashier: ApiClient, store: Store) -> None:
    first = add(cashier, 100.25, comment="Welcome", expiresInDays=30)
    second = spend(cashier, 40)

    assert (first.status_code, second.status_code) == (200, 200)
    assert first.json().keys() == {"transferId"}
    assert lines(store) == [("adding", Decimal("100.25")), ("spending", Decimal("-40.00"))]
    found = account(cashier)
    expires_at = found.pop("nextExpiryAt")
    assert found == {
        "activePoints": 60.25, "earnedPoints": 100.25, "spentPoints": 40, "expiredPoints": 0,
        "nextExpiryPoints": 60.25,
    }  # fmt: skip
    left = datetime.fromisoformat(expires_at) - timezone.now()
    assert timedelta(days=29, hours=23) < left <= timedelta(days=30)
    check_projection(store)


def test_a_transfer_is_read_and_found(cashier: ApiClient, store: Store, member: Member) -> None:
    transfer = add(
        cashier, 7, externalTransferId="A1", comment="x", requestedAt="2026-01-31T12:00:00Z"
    ).json()["transferId"]
    spend(cashier, 2)

    found = cashier.get(f"{POINTS}/{transfer}").json()

    created = found.pop("createdAt")
    assert datetime.fromisoformat(created) > datetime.fromisoformat(found["requestedAt"])
    assert found == {
        "transferId": transfer, "type": "adding", "value": 7, "amount": 7,
        "customerId": str(member.id), "walletCode": "default", "comment": "x",
        "externalTransferId": "A1", "cancelled": False, "pending": False,
        "requestedAt": "2026-01-31T12:00:00+00:00", "expiresAt": None, "undoes": None,
        "createdBy": found["createdBy"],
    }  # fmt: skip
    for query, total in {
        "": 2, "type=spending": 1, "type[in]=spending,adding": 2, "externalTransferId=A1": 1,
        "walletCode=default": 2, "walletCode=stars": 0, f"customer={member.id}": 2,
        f"customer={uuid4()}": 0, "member:email=anna@example.com": 2, "comment[like]=X": 1,
        "cancelled=true": 0, "createdAt[gt]=2026-01-01": 2, "requestedAt[lt]=2026-02-01": 1,
    }.items():  # fmt: skip
        answer = cashier.get(f"{POINTS}?{query}")
        assert answer.json()["total"]["filtered"] == total, query
    assert [item["amount"] for item in cashier.get(POINTS).json()["items"]] == [-2, 7]


def test_more_than_the_balance_cannot_be_spent(cashier: ApiClient, store: Store) -> None:
    add(cashier, 10)

    answer = spend(cashier, 10.01)

    assert refused(answer) == [
        ("transfer.points", "The member has 10.00 points, which is not enough.")
    ]
    assert lines(store) == [("adding", Decimal(10))]
    assert spend(cashier, 10).status_code == 200
    assert refused(spend(cashier, 0.01))[0][0] == "transfer.points"
    assert not PointsLot.for_store(store).exists()


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"points": 0}, "points"),
        ({"points": -1}, "points"),
        ({"points": 0.001}, "points"),
        ({"points": 1_000_000_000_000.01}, "points"),
        ({"points": 1e300}, "points"),
        ({"points": 1e-300}, "points"),
        ({"points": True}, "points"),
        ({"points": "5"}, "points"),
        ({"expiresInDays": 0}, "expiresInDays"),
        ({"lockedUntilDays": 1}, "lockedUntilDays"),
        ({"walletCode": "stars"}, "walletCode"),
        ({"requestedAt": "2999-01-01T00:00:00Z"}, "requestedAt"),
        ({"customer": "anna@example.com"}, "customer"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_makes_no_sense_is_refused(
    more: dict[str, Any], path: str, cashier: ApiClient, store: Store
) -> None:
    answer = add(cashier, **{"points": 5, **more})

    assert [at for at, _ in refused(answer)] == [f"transfer.{path}"]
    assert lines(store) == []
    assert add(cashier, 1_000_000_000_000).status_code == 200


def test_a_moment_without_an_offset_is_the_stores_time(cashier: ApiClient, store: Store) -> None:
    Store.objects.filter(id=store.id).update(timezone="Europe/Warsaw")

    add(cashier, 5, requestedAt="2026-07-01T12:00:00")

    (entry,) = PointsEntry.for_store(store)
    assert entry.occurred_at.isoformat() == "2026-07-01T10:00:00+00:00"


def test_nobody_gets_points(cashier: ApiClient, store: Store, other_store: Store) -> None:
    stranger = make_member(other_store, email="berta@example.com")
    gone = make_member(store, email="carla@example.com")
    anonymize_member(store, member=gone, actor=TESTER)

    for customer in (str(uuid4()), str(stranger.id), "email=berta@example.com"):
        assert add(cashier, 5, customer=customer).status_code == 404
    assert refused(add(cashier, 5, customer=str(gone.id))) == [
        ("transfer.customer", "The member is anonymized.")
    ]
    assert lines(store) == lines(other_store) == []


def test_an_external_id_is_booked_once_for_ever(cashier: ApiClient, store: Store) -> None:
    first = add(cashier, 10, externalTransferId="A1", expiresInDays=5)

    again = add(cashier, 10, externalTransferId="A1", expiresInDays=5, comment="other words")

    assert (again.status_code, again.json()) == (200, first.json())
    for other in (
        add(cashier, 11, externalTransferId="A1", expiresInDays=5),
        add(cashier, 10, externalTransferId="A1", expiresInDays=6),
        add(cashier, 10, externalTransferId="A1"),
        spend(cashier, 10, externalTransferId="A1"),
        add(cashier, 10, externalTransferId="A1", expiresInDays=5, requestedAt="2026-01-01"),
    ):
        assert refused(other) == [
            ("transfer.externalTransferId", "Another transfer has this externalTransferId.")
        ]
    assert lines(store) == [("adding", Decimal(10))]
    cashier.post(f"{POINTS}/{first.json()['transferId']}/cancel")
    assert add(cashier, 10, externalTransferId="A1", expiresInDays=5).json() == first.json()
    assert account(cashier)["activePoints"] == 0


def test_members_are_touched(cashier: ApiClient, store: Store, member: Member) -> None:
    def touched() -> list[Any]:
        rows = TouchedMember.across_stores.filter(store_id=store.id, member_id=member.id)
        found = list(rows.order_by("id").values_list("input", "since", "takes_away"))
        rows.delete()
        return found

    transfer = add(cashier, 10, requestedAt="2026-01-31T12:00:00Z").json()["transferId"]
    added_at = PointsEntry.for_store(store).get(id=transfer).occurred_at
    assert touched() == [("points:default", added_at, False)]
    spend(cashier, 3, requestedAt="2026-02-01T12:00:00Z")
    assert touched() == [("points:default", added_at + DAY, True)]
    add(cashier, 3)
    touched()
    cashier.post(f"{POINTS}/{transfer}/cancel")
    assert touched() == [("points:default", added_at, True)]


# --- Cancelling ---------------------------------------------------------------------------------


def test_an_addition_is_cancelled(cashier: ApiClient, store: Store) -> None:
    add(cashier, 5)
    transfer = add(cashier, 10).json()["transferId"]

    assert cashier.post(f"{POINTS}/{transfer}/cancel").status_code == 204

    assert lines(store)[-1] == ("cancelling", Decimal(-10))
    assert cashier.get(f"{POINTS}/{transfer}").json()["cancelled"] is True
    found = account(cashier)
    assert (found["activePoints"], found["earnedPoints"], found["spentPoints"]) == (5, 5, 0)
    again = cashier.post(f"{POINTS}/{transfer}/cancel")
    assert refused(again) == [("", "The transfer is cancelled already.")]
    check_projection(store)


def test_what_was_spent_of_a_cancelled_addition_is_taken_from_others(
    cashier: ApiClient, store: Store
) -> None:
    transfer = add(cashier, 10, expiresInDays=1).json()["transferId"]
    add(cashier, 10, expiresInDays=2)
    spend(cashier, 4)

    assert cashier.post(f"{POINTS}/{transfer}/cancel").status_code == 204

    # 6 of its own, and 4 of the other one's 10.
    assert list(PointsLot.for_store(store).values_list("remaining", flat=True)) == [Decimal(6)]
    assert account(cashier)["activePoints"] == 6
    check_projection(store)


def test_an_addition_that_was_spent_cannot_be_cancelled(cashier: ApiClient, store: Store) -> None:
    transfer = add(cashier, 10).json()["transferId"]
    spend(cashier, 4)
    before = lines(store)

    answer = cashier.post(f"{POINTS}/{transfer}/cancel")

    assert refused(answer) == [("", "The member has 6.00 points, which is not enough.")]
    assert lines(store) == before
    assert account(cashier)["activePoints"] == 6


def test_cancelled_spending_goes_back_to_where_it_came_from(
    cashier: ApiClient, store: Store
) -> None:
    soon = add(cashier, 10, expiresInDays=1).json()["transferId"]
    later = add(cashier, 10, expiresInDays=2).json()["transferId"]
    spent = spend(cashier, 15).json()["transferId"]

    assert cashier.post(f"{POINTS}/{spent}/cancel").status_code == 204

    left = {str(lot.id): lot.remaining for lot in PointsLot.for_store(store)}
    assert left == {soon: Decimal(10), later: Decimal(10)}
    assert lines(store)[-1] == ("cancelling", Decimal(15))
    found = account(cashier)
    assert (found["activePoints"], found["spentPoints"], found["nextExpiryPoints"]) == (20, 0, 10)
    check_projection(store)


def test_points_whose_own_have_expired_come_back_for_ever(
    cashier: ApiClient, store: Store, member: Member
) -> None:
    month_ago = timezone.now() - 30 * DAY
    give_points(store, member, 10, now=month_ago, expires_in=10 * DAY)
    spent = give_points(store, member, -10, now=month_ago + DAY)

    assert cashier.post(f"{POINTS}/{spent.id}/cancel").status_code == 204

    found = account(cashier)
    assert (found["activePoints"], found["nextExpiryAt"]) == (10, None)
    expire_points(timezone.now())
    assert account(cashier)["activePoints"] == 10
    check_projection(store)


def test_only_transfers_can_be_cancelled(cashier: ApiClient, store: Store) -> None:
    transfer = add(cashier, 10).json()["transferId"]
    cashier.post(f"{POINTS}/{transfer}/cancel")
    line = PointsEntry.for_store(store).get(kind=PointsKind.CANCELLING)

    assert refused(cashier.post(f"{POINTS}/{line.id}/cancel")) == [
        ("", "Only what was added or spent can be cancelled.")
    ]
    assert cashier.post(f"{POINTS}/{uuid4()}/cancel").status_code == 404
    assert cashier.post(f"{POINTS}/{uuid4()}/expire").status_code == 404


# --- Expiry -------------------------------------------------------------------------------------


def test_what_has_expired_is_gone_before_the_round(
    cashier: ApiClient, store: Store, member: Member
) -> None:
    week_ago = timezone.now() - 7 * DAY
    entry = give_points(store, member, 10, now=week_ago, expires_in=5 * DAY)
    give_points(store, member, 4, now=week_ago)
    give_points(store, member, -3, now=week_ago)

    before = account(cashier)
    assert refused(spend(cashier, 5))[0][0] == "transfer.points"
    expire_points(timezone.now())
    expire_points(timezone.now())

    assert account(cashier) == before
    assert before == {
        "activePoints": 4, "earnedPoints": 14, "spentPoints": 3, "expiredPoints": 7,
        "nextExpiryAt": None, "nextExpiryPoints": None,
    }  # fmt: skip
    line = PointsEntry.for_store(store).get(kind=PointsKind.EXPIRED)
    assert (line.amount, line.undoes_id) == (Decimal(-7), entry.id)
    assert line.occurred_at == entry.expires_at
    touched = TouchedMember.across_stores.filter(since=line.occurred_at, takes_away=True)
    assert touched.get().input == "points:default"
    assert refused(cashier.post(f"{POINTS}/{entry.id}/cancel")) == [
        ("", "The points have expired.")
    ]
    check_projection(store)


def test_what_has_expired_is_written_before_anything_else_of_the_member(
    cashier: ApiClient, store: Store, member: Member
) -> None:
    """Or the ledger would show a balance, for a while, that the member never had."""
    week_ago = timezone.now() - 7 * DAY
    give_points(store, member, 10, now=week_ago, expires_in=5 * DAY)

    add(cashier, 4)

    assert ("expired", Decimal(-10)) in lines(store)
    check_projection(store)


def test_the_round_serves_every_store_in_batches(
    store: Store, other_store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("members.services.points_expiry._BATCH", 3)
    month_ago = timezone.now() - 30 * DAY
    for where in (store, other_store):
        for _ in range(4):
            someone = make_member(where)
            for days in (1, 2, 50):
                give_points(where, someone, days, now=month_ago, expires_in=days * DAY)

    expire_points(timezone.now())

    for where in (store, other_store):
        expired = PointsEntry.for_store(where).filter(kind=PointsKind.EXPIRED)
        assert expired.count() == 8
        assert PointsLot.for_store(where).count() == 4
        check_projection(where)


def test_points_can_be_made_to_expire(cashier: ApiClient, store: Store) -> None:
    transfer = add(cashier, 10, expiresInDays=5).json()["transferId"]
    spend(cashier, 4)

    assert cashier.post(f"{POINTS}/{transfer}/expire").status_code == 204

    line = PointsEntry.for_store(store).get(kind=PointsKind.EXPIRED)
    assert (line.amount, str(line.undoes_id)) == (Decimal(-6), transfer)
    assert timezone.now() - line.occurred_at < timedelta(minutes=1)
    assert (account(cashier)["activePoints"], account(cashier)["expiredPoints"]) == (0, 6)
    assert refused(cashier.post(f"{POINTS}/{transfer}/expire")) == [
        ("", "Nothing is left of it that could expire.")
    ]
    check_projection(store)


# --- Many at once -------------------------------------------------------------------------------


def test_a_batch_keeps_what_is_good_and_answers_what_is_not(
    cashier: ApiClient, store: Store
) -> None:
    def one(kind: str, points: Any, **more: Any) -> dict[str, Any]:
        return {"type": kind, "customer": "email=anna@example.com", "points": points, **more}

    answer = cashier.post(
        f"{POINTS}/batch",
        {
            "transfers": [
                one("spending", 1),
                one("adding", 10, externalTransferId="A1"),
                one("spending", 6),
                one("spending", 6),
                one("adding", 10, externalTransferId="A1"),
                one("adding", 11, externalTransferId="A1"),
                one("adding", "many"),
                one("adding", 5, customer="email=nobody@example.com"),
                "nonsense",
                one("spending", 1, expiresInDays=3),
                one("adding", 1, walletCode="stars"),
            ]
        },
    )

    assert answer.status_code == 200
    told = answer.json()["transfers"]
    assert [each["index"] for each in told] == list(range(11))
    assert [each.get("errors", [{}])[0].get("path") for each in told] == [
        "points", None, None, "points", None, "externalTransferId", "points", "customer", "",
        "expiresInDays", "walletCode",
    ]  # fmt: skip
    assert told[1]["transferId"] == told[4]["transferId"]
    assert lines(store) == [("adding", Decimal(10)), ("spending", Decimal(-6))]
    assert account(cashier)["activePoints"] == 4
    check_projection(store)


def test_a_batch_of_any_size_has_as_many_statements(cashier: ApiClient, store: Store) -> None:
    def statements(count: int) -> int:
        people = [make_member(store) for _ in range(count)]
        transfers = [
            {"type": kind, "customer": str(someone.id), "points": points,
             "externalTransferId": str(uuid4())}
            for someone in people for kind, points in (("adding", 9), ("spending", 5))
        ]  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            answer = cashier.post(f"{POINTS}/batch", {"transfers": transfers})
        assert all("transferId" in each for each in answer.json()["transfers"])
        return len(queries)

    statements(1)
    assert statements(20) == statements(2)
    assert refused(cashier.post(f"{POINTS}/batch", {"transfers": [{}] * 1001}))


# --- Who may do what ----------------------------------------------------------------------------


def test_points_have_a_permission_of_their_own(
    as_manager: ApiClient, as_member: ApiClient, store: Store, member: Member
) -> None:
    transfer = give_points(store, member, 5)

    for client in (as_manager, as_member):
        assert add(client, 5).status_code == 403
        assert client.get(POINTS).status_code == 403
        assert client.post(f"{POINTS}/{transfer.id}/cancel").status_code == 403
    assert as_manager.get(WALLET).status_code == 403
    assert account(as_member)["activePoints"] == 5
    other = make_member(store, email="berta@example.com")
    answer = as_member.get(f"/api/ALPHA/member/{other.id}/wallet")
    assert answer.status_code == 403


# --- Wallets ------------------------------------------------------------------------------------


def test_each_store_has_a_default_wallet(cashier: ApiClient, store: Store) -> None:
    (found,) = cashier.get("/api/ALPHA/walletType").json()["items"]

    found.pop("createdAt")
    wallet_id = found.pop("walletTypeId")
    assert found == {
        "code": "default", "name": "Points", "unitSingularName": "point",
        "unitPluralName": "points", "active": True, "isDefault": True,
    }  # fmt: skip
    off = cashier.post(f"/api/ALPHA/walletType/{wallet_id}/active", {"active": False})
    assert refused(off) == [("active", "The default wallet is always active.")]


def test_wallets_are_kept_apart(cashier: ApiClient, store: Store) -> None:
    body = {"walletType": {"code": "stars", "name": "Stars", "unitPluralName": "stars"}}
    made = cashier.post("/api/ALPHA/walletType", body)
    assert made.status_code == 200
    assert refused(cashier.post("/api/ALPHA/walletType", body))[0][0] == "walletType.code"

    add(cashier, 5, walletCode="stars")
    add(cashier, 2)

    assert account(cashier, "stars")["activePoints"] == 5
    assert account(cashier)["activePoints"] == 2
    assert refused(spend(cashier, 3))[0][0] == "transfer.points"
    url = f"/api/ALPHA/walletType/{made.json()['walletTypeId']}"
    assert cashier.post(f"{url}/active", {"active": False}).status_code == 204
    assert refused(spend(cashier, 3, walletCode="stars")) == [
        ("transfer.walletCode", "The wallet is not active.")
    ]
    assert cashier.put(url, {"walletType": {"name": "Old stars"}}).status_code == 204
    kept = WalletType.for_store(store).get(id=UUID(made.json()["walletTypeId"]))
    assert (kept.code, kept.name, kept.active) == ("stars", "Old stars", False)
