"""Purchases and returns come in."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from loyalty.models import Event, Store
from loyalty.services.stores import update_store
from members.api.transaction_reading import (
    HEADER,
    ITEM,
    TRANSACTION,
    HeaderWrite,
    ItemWrite,
    TransactionWrite,
)
from members.models import Activity, Member, TouchedMember
from tests.builders import TESTER, make_member
from tests.clients import Answer, ApiClient
from tests.members.activity import TRANSACTIONS, comeback, item, sale

ANNA = {"email": "anna@example.com"}
BOUGHT, RETURNED = datetime(2026, 3, 1, 10, tzinfo=UTC), datetime(2026, 3, 5, 10, tzinfo=UTC)


def send(client: ApiClient, transaction: dict[str, Any]) -> Answer:
    return client.post(TRANSACTIONS, {"transaction": transaction})


def sent(client: ApiClient, transaction: dict[str, Any]) -> str:
    answer = send(client, transaction)
    assert answer.status_code == 200, answer.content
    return str(answer.json()["transactionId"])


def paths(answer: Answer) -> list[str]:
    assert answer.status_code == 400, answer.content
    return [error["path"] for error in answer.json()["errors"]]


def touched() -> list[tuple[UUID, str, datetime, bool]]:
    rows = TouchedMember.across_stores.order_by("id")
    return list(rows.values_list("member_id", "input", "since", "takes_away"))


def left(store: Store, number: str) -> tuple[Any, Any, bool]:
    """Value, how much of it came back, and whether that is all."""
    row = Activity.for_store(store).get(external_id=number)
    return row.value, row.returned, row.reversed_at is not None


def test_a_purchase_is_kept_and_read(store: Store, member: Member, as_root: ApiClient) -> None:
    labels = [{"key": "shop", "value": "7"}, {"key": "tag", "value": "a"}]
    more = [*labels, {"key": "tag", "value": "b"}]
    bought = sale(
        "S-1",
        item(9.99, highPrecisionQuantity=1.5, maker="Ours", labels=labels),
        item(-1, sku="SALE"),
        header={"purchasePlace": "Kraków", "labels": more},
        customerData={**ANNA, "name": "Anna", "nip": "", "address": {"city": "Kraków"}},
        channelId="web",
    )

    transaction_id = sent(as_root, bought)

    read = as_root.get(f"{TRANSACTIONS}/{transaction_id}").json()
    assert read.pop("createdAt")
    assert read == {
        "transactionId": transaction_id,
        "customerId": str(member.id),
        "customerData": {
            "customerId": str(member.id), "email": "anna@example.com", "phone": "+48600100200",
            "loyaltyCardNumber": "CARD-1",
        },
        "grossValue": 8.99,
        "returnedValue": 0.0,
        "returnedAt": None,
        "matched": True,
        "currency": "EUR",
        "channelId": "web",
        "header": {
            "documentNumber": "S-1", "documentType": "sell", "linkedDocumentNumber": None,
            "purchasedAt": "2026-03-01T10:00:00+00:00", "purchasePlace": "Kraków", "labels": more,
        },
        "items": [
            {
                "sku": "A1", "name": "Flat white", "category": "Coffee", "maker": "Ours",
                "grossValue": 9.99, "quantity": 1.5, "highPrecisionQuantity": 1.5,
                "labels": labels,
            },
            {
                "sku": "SALE", "name": "Flat white", "category": "Coffee", "maker": None,
                "grossValue": -1, "quantity": 1, "highPrecisionQuantity": 1, "labels": [],
            },
        ],
    }  # fmt: skip
    kept = Activity.for_store(store).get()
    # What conditions ask for.  A customer's name and address are the member's own matter.
    assert kept.attributes["labels"] == {"shop": "7", "tag": ["a", "b"]}
    assert kept.attributes["items"][0]["labels"] == {"shop": "7", "tag": "a"}
    assert "Anna" not in str(kept.attributes)
    assert (kept.type, kept.value) == ("transaction", Decimal("8.99"))
    assert touched() == [(member.id, "activity:transaction", BOUGHT, False)]


def test_a_document_is_taken_once(store: Store, member: Member, as_root: ApiClient) -> None:
    first = sent(as_root, sale("S-1", customerData=ANNA))

    assert sent(as_root, sale("S-1")) == first
    for other in (
        sale("S-1", item(11)),
        sale("S-1", item(sku="B2")),
        sale("S-1", header={"purchasedAt": "2026-03-01T10:00:01Z"}),
        comeback("S-1", "S-0"),
    ):
        assert paths(send(as_root, other)) == ["transaction.header.documentNumber"]

    assert Activity.for_store(store).count() == 1
    assert len(touched()) == 1


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"header": {"documentNumber": ""}}, "header.documentNumber"),
        ({"header": {"purchasedAt": "3000-01-01"}}, "header.purchasedAt"),
        ({"header": {"purchasedAt": None}}, "header.purchasedAt"),
        ({"header": {"documentType": "gift"}}, "header.documentType"),
        ({"header": {"labels": [{"key": "a"}]}}, "header.labels.0.value"),
        ({"header": {"surplus": 1}}, "header.surplus"),
        ({"items": None}, "items"),
        ({"items": [item()] * 101}, "items"),
        ({"items": [{}]}, "items.0.sku items.0.name items.0.category items.0.grossValue"),
        ({"items": [item("1")]}, "items.0.grossValue"),  # type: ignore[arg-type]
        ({"items": [item(10**11)]}, "items.0.grossValue"),
        ({"items": [item(quantity=-1)]}, "items.0.quantity"),
        ({"items": [item(surplus=1)]}, "items.0.surplus"),
        ({"customerData": {"phone": "x"}}, "customerData.phone"),
        ({"surplus": 1}, "surplus"),
    ],
)
def test_what_is_no_transaction_is_refused(
    wrong: dict[str, Any], path: str, store: Store, as_root: ApiClient
) -> None:
    bad = {**sale("S-1"), **wrong}
    if "header" in wrong:
        bad["header"] = {**sale("S-1")["header"], **wrong["header"]}
    expected = path.split()

    assert paths(send(as_root, bad)) == [f"transaction.{each}" for each in expected]
    batch = as_root.post(f"{TRANSACTIONS}/batch", {"transactions": [sale("S-2"), bad]}).json()
    assert batch["transactions"][0].keys() == {"index", "transactionId"}
    assert [error["path"] for error in batch["transactions"][1]["errors"]] == expected
    assert Activity.for_store(store).get().external_id == "S-2"


def test_moments_without_offset_are_the_stores_time(store: Store, as_root: ApiClient) -> None:
    update_store(store, timezone="Europe/Warsaw", actor=TESTER)

    sent(as_root, sale("S-1", header={"purchasedAt": "2026-07-01 12:00"}))

    assert Activity.for_store(store).get().occurred_at == datetime(2026, 7, 1, 10, tzinfo=UTC)


def test_a_return_takes_back_what_it_returns(
    store: Store, member: Member, as_root: ApiClient
) -> None:
    sent(as_root, sale("S-1", item(10), customerData=ANNA))
    TouchedMember.across_stores.all().delete()

    sent(as_root, comeback("R-1", "S-1", item(4), customerData=ANNA))
    assert left(store, "S-1") == (10, 4, False)
    sent(as_root, comeback("R-2", "S-1", item(-5)))
    assert left(store, "S-1") == (10, 9, False)
    sent(as_root, comeback("R-3", "S-1", item(5)))
    assert left(store, "S-1") == (10, 10, True)
    # A repeated return takes nothing back.
    before = Activity.for_store(store).get(external_id="S-1").reversed_at
    sent(as_root, comeback("R-3", "S-1", item(5)))
    sent(as_root, comeback("R-4", "S-1", item(5)))

    bought = Activity.for_store(store).get(external_id="S-1")
    assert bought.reversed_at == before
    returns: Any = Activity.for_store(store).filter(reverses=bought).order_by("external_id")
    assert list(returns.values_list("external_id", "value")) == [
        ("R-1", 4), ("R-2", 5), ("R-3", 5), ("R-4", 5),
    ]  # fmt: skip
    taken_away = (member.id, "activity:transaction", BOUGHT, True)
    came_back = (member.id, "activity:return_transaction", RETURNED, False)
    assert touched() == [came_back, taken_away, taken_away, taken_away, taken_away]
    read = as_root.get(f"{TRANSACTIONS}/{bought.id}").json()
    assert (read["grossValue"], read["returnedValue"]) == (10, 10)
    assert read["returnedAt"] is not None


def test_a_return_waits_for_its_purchase(store: Store, member: Member, as_root: ApiClient) -> None:
    sent(as_root, comeback("R-1", "S-1", item(4)))
    sent(as_root, comeback("R-2", "S-1", item(6)))
    assert touched() == []

    sent(as_root, sale("S-1", item(10), customerData=ANNA))

    assert left(store, "S-1") == (10, 10, True)
    # What was bought, and that it was taken back, in one row.
    assert touched() == [(member.id, "activity:transaction", BOUGHT, True)]


def test_a_batch_may_hold_purchases_with_their_returns(
    store: Store, member: Member, as_root: ApiClient
) -> None:
    answer = as_root.post(
        f"{TRANSACTIONS}/batch",
        {
            "transactions": [
                comeback("R-1", "S-1", item(3)),
                sale("S-1", item(10), customerData=ANNA),
                sale("S-2", item(5), customerData=ANNA),
                comeback("R-2", "S-1", item(4)),
                comeback("R-3", "S-2", item(5)),
                comeback("R-4", "S-0", item(5)),
                sale("S-2", item(6)),
            ]
        },
    ).json()

    taken = answer["transactions"]
    assert [each["index"] for each in taken if "transactionId" in each] == [0, 1, 2, 3, 4, 5]
    assert [error["path"] for error in taken[6]["errors"]] == ["header.documentNumber"]
    assert left(store, "S-1") == (10, 7, False)
    assert left(store, "S-2") == (5, 5, True)
    assert Activity.for_store(store).get(external_id="R-4").reverses is None


def test_a_return_without_a_purchase_reverses_nothing(store: Store, as_root: ApiClient) -> None:
    nothing = comeback("R-1", "S-1")
    del nothing["header"]["linkedDocumentNumber"]
    sent(as_root, nothing)
    sent(as_root, sale("S-1"))
    # What returns a return, or itself, returns nothing either.
    sent(as_root, comeback("R-2", "R-1"))
    sent(as_root, comeback("R-3", "R-3"))

    assert not Activity.for_store(store).exclude(reverses=None).exists()
    assert left(store, "S-1") == (10, 0, False)


def test_purchases_are_found(store: Store, member: Member, as_root: ApiClient) -> None:
    labels = [{"key": "shop", "value": "7"}, {"key": 'a "b"', "value": "x"}]
    sent(as_root, sale("S-1", item(labels=labels), customerData=ANNA, channelId="web"))
    sent(as_root, sale("S-2", item(20, sku="B2", category="Tea", maker="Theirs"),
                       header={"labels": labels, "purchasePlace": "Kraków"}))  # fmt: skip
    sent(as_root, comeback("R-1", "S-1", item(4), customerData=ANNA))

    def found(query: str) -> list[str]:
        answer = as_root.get(f"{TRANSACTIONS}?{query}")
        assert answer.status_code == 200, answer.content
        return sorted(each["header"]["documentNumber"] for each in answer.json()["items"])

    assert found("") == ["R-1", "S-1", "S-2"]
    assert found("header:documentNumber=S-2") == ["S-2"]
    assert found("header:documentType=return") == ["R-1"]
    assert found("header:linkedDocumentNumber=S-1") == ["R-1"]
    assert found("header:purchasePlace[like]=krak") == ["S-2"]
    assert found("header:purchasedAt[gt]=2026-03-02T00:00:00Z") == ["R-1"]
    assert found("matched=true") == found(f"customerId={member.id}") == ["R-1", "S-1"]
    assert found("matched=false") == ["S-2"]
    assert found("customerData:email=Anna@example.com") == ["R-1", "S-1"]
    assert found("channelId=web") == ["S-1"]
    assert found("grossValue[gte]=10") == ["S-1", "S-2"]
    assert found("items:sku=B2") == found("items:category=Tea") == ["S-2"]
    assert found("items:maker=Theirs") == ["S-2"]
    assert found("labels=(shop;7)") == found("header:labels=(shop;)") == ["S-2"]
    assert found("items:labels=(shop;7),(shop;8)") == ["S-1"]
    assert found('items:labels=(a "b";x)') == ["S-1"]
    assert found("attributes=(items.grossValue;20)") == ["S-2"]
    assert len(as_root.get(f"{TRANSACTIONS}?_scroll").json()["items"]) == 3


def assign(client: ApiClient, number: str, **member: str) -> Answer:
    body = {"assign": {"transactionDocumentNumber": number, **member}}
    return client.post(f"{TRANSACTIONS}/assign", body)


@pytest.mark.parametrize(
    "name",
    [
        {"customerEmail": "Anna@example.com"},
        {"customerPhoneNumber": "+48600100200"},
        {"customerLoyaltyCardNumber": "CARD-1"},
    ],
)
def test_a_transaction_is_assigned(
    name: dict[str, str], store: Store, member: Member, as_root: ApiClient
) -> None:
    transaction_id = sent(as_root, sale("S-1", customerData={"email": "typo@example.com"}))

    answer = assign(as_root, "S-1", **name)

    assert answer.status_code == 200
    assert answer.json() == {"transactionId": transaction_id, "customerId": str(member.id)}
    kept = Activity.for_store(store).get()
    assert (kept.member_id, kept.identifiers) == (member.id, {})
    assert touched() == [(member.id, "activity:transaction", BOUGHT, False)]
    matched = Event.for_store(store).get(name="ActivityWasMatched")
    assert (matched.member_id, matched.data) == (member.id, {"activityId": transaction_id})
    # Once more changes nothing.
    assert assign(as_root, "S-1", customerId=str(member.id)).json() == answer.json()
    assert len(touched()) == 1


def test_what_cannot_be_assigned(store: Store, member: Member, as_root: ApiClient) -> None:
    other = make_member(store)
    sent(as_root, sale("S-1", customerData=ANNA))

    for wrong, path in (
        (assign(as_root, "S-1", customerId=str(other.id)), "transactionDocumentNumber"),
        (assign(as_root, "S-2", customerId=str(other.id)), "transactionDocumentNumber"),
        (assign(as_root, "S-1", customerEmail="nobody@example.com"), "customerEmail"),
        (assign(as_root, "S-1"), "customerId"),
        (assign(as_root, "S-1", customerId=str(other.id), customerEmail="a@b.com"), "customerId"),
    ):
        assert paths(wrong) == [f"assign.{path}"]
    assert Activity.for_store(store).get().member_id == member.id


def test_who_may(store: Store, as_manager: ApiClient, as_member: ApiClient) -> None:
    for client in (as_manager, as_member):
        assert send(client, sale("S-1")).status_code == 403
        assert client.get(TRANSACTIONS).status_code == 403
        assert assign(client, "S-1", customerEmail="a@b.com").status_code == 403
    assert not Activity.for_store(store).exists()


def test_what_is_documented_is_what_is_read() -> None:
    assert list(TransactionWrite().fields) == list(TRANSACTION.members)
    assert list(HeaderWrite().fields) == list(HEADER.members)
    assert list(ItemWrite().fields) == list(ITEM.members)
