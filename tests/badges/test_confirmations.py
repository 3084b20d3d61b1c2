"""What other systems say: completions of rules, and confirmations."""

from collections.abc import Callable
from typing import Any

import pytest

from loyalty.models import Store
from members.models import Activity, ExternalKind, Member, TouchedMember
from members.services.external_identifiers import set_external_identifier
from tests.builders import TESTER, make_member
from tests.clients import Answer, ApiClient
from tests.faults.threads import together

ANNA = {"email": "Anna@example.com"}
CONFIRM, WITHDRAW = "/api/ALPHA/confirmation", "/api/ALPHA/confirmation/withdraw"


@pytest.fixture
def rule_id(as_root: ApiClient, store: Store) -> str:
    answer = as_root.post("/api/ALPHA/rule", {"rule": {"name": "Quiz", "kind": "external"}})
    return str(answer.json()["ruleId"])


def complete(client: ApiClient, rule_id: str, customer: Any = ANNA, **more: Any) -> Answer:
    body = {"completion": {"customerData": customer, **more}}
    return client.post(f"/api/ALPHA/rule/{rule_id}/complete", body)


def confirm(client: ApiClient, url: str = CONFIRM, **more: Any) -> Answer:
    return client.post(url, {"confirmation": {"key": "vip", "customerData": ANNA, **more}})


def standing(store: Store, kind: str) -> int:
    """How often it counts."""
    return Activity.for_store(store).filter(type=kind, reversed_at=None).count()


@pytest.mark.parametrize(
    "customer",
    [
        lambda m: {"customerId": str(m.id)},
        lambda _: {"email": "ANNA@example.com"},
        lambda _: {"phone": "+48600100200"},
        lambda _: {"loyaltyCardNumber": "CARD-1"},
        lambda _: {"walletAddress": "0x" + "Ab" * 20},
    ],
)
def test_a_rule_is_completed_by_any_name_of_the_member(
    customer: Callable[[Member], Any], as_root: ApiClient, store: Store, member: Member,
    rule_id: str,
) -> None:  # fmt: skip
    set_external_identifier(
        store, member=member, kind=ExternalKind.WALLET_ADDRESS, value="0x" + "ab" * 20,
        actor=TESTER,
    )  # fmt: skip

    at = "2026-03-01T10:00:00+01:00"
    answer = complete(as_root, rule_id, customer(member), completionId="q-1", completedAt=at)

    assert answer.status_code == 200
    assert (answer.json()["completionId"], answer.json()["isNew"]) == ("q-1", True)
    told = Activity.for_store(store).get(id=answer.json()["activityId"])
    assert (told.member_id, told.type, told.source) == (member.id, f"rule:{rule_id}", "rule")
    assert told.occurred_at.isoformat() == "2026-03-01T09:00:00+00:00"
    touched = TouchedMember.across_stores.get(store_id=store.id)
    assert (touched.member_id, touched.input) == (member.id, f"activity:rule:{rule_id}")


def test_a_completion_id_counts_once_for_ever(
    as_root: ApiClient, store: Store, member: Member, rule_id: str
) -> None:
    first, again = (complete(as_root, rule_id, completionId="q-1").json() for _ in range(2))
    withdrawn = as_root.post(
        f"/api/ALPHA/rule/{rule_id}/withdraw", {"completion": {"completionId": "q-1"}}
    )
    after = complete(as_root, rule_id, completionId="q-1").json()

    assert withdrawn.status_code == 204
    assert (first["isNew"], again["isNew"], after["isNew"]) == (True, False, False)
    assert first["activityId"] == again["activityId"] == after["activityId"]
    assert standing(store, f"rule:{rule_id}") == 0


def test_without_a_completion_id_each_call_counts(
    as_root: ApiClient, store: Store, member: Member, rule_id: str
) -> None:
    ids = {complete(as_root, rule_id).json()["completionId"] for _ in range(3)}

    assert len(ids) == 3
    assert standing(store, f"rule:{rule_id}") == 3


def test_a_completion_id_of_another_member_is_refused(
    as_root: ApiClient, store: Store, member: Member, rule_id: str
) -> None:
    other = make_member(store)
    complete(as_root, rule_id, completionId="q-1")

    answer = complete(as_root, rule_id, {"customerId": str(other.id)}, completionId="q-1")

    assert answer.status_code == 409
    assert Activity.for_store(store).filter(member=other).count() == 0


@pytest.mark.parametrize("earlier", [True, False])
def test_a_withdrawal_takes_no_completion_id(
    earlier: bool, as_root: ApiClient, store: Store, member: Member, rule_id: str
) -> None:
    """Whatever the ids look like, and whichever comes first."""
    ids = ("q-1", "q-1:withdrawn")
    for completion_id in ids if earlier else ids[:1]:
        complete(as_root, rule_id, completionId=completion_id)

    url, body = f"/api/ALPHA/rule/{rule_id}/withdraw", {"completion": {"completionId": ids[0]}}
    assert as_root.post(url, body).status_code == 204
    other = complete(as_root, rule_id, completionId=ids[1]).json()

    assert other["isNew"] is not earlier
    (counts,) = Activity.for_store(store).filter(type=f"rule:{rule_id}", reversed_at=None)
    assert str(counts.id) == other["activityId"]
    withdrawal = Activity.for_store(store).get(type="withdrawal")
    assert withdrawal.reverses is not None
    assert withdrawal.reverses.external_id == f"{rule_id}:{ids[0]}"


def test_a_withdrawn_completion_is_reversed_and_the_log_says_by_whom(
    as_root: ApiClient, store: Store, member: Member, rule_id: str
) -> None:
    said = complete(as_root, rule_id, completionId="q-1").json()
    TouchedMember.across_stores.all().delete()
    url, body = f"/api/ALPHA/rule/{rule_id}/withdraw", {"completion": {"completionId": "q-1"}}

    answers = [as_root.post(url, body).status_code for _ in range(2)]

    assert answers == [204, 404]
    told = Activity.for_store(store).get(id=said["activityId"])
    assert told.reversed_at is not None
    withdrawal = Activity.for_store(store).get(reverses=told)
    assert withdrawal.attributes["saidBy"].startswith("root")
    touched = TouchedMember.across_stores.get(input=f"activity:rule:{rule_id}")
    assert (touched.takes_away, touched.since) == (True, told.occurred_at)


def test_a_rule_that_hears_activity_is_not_completed_by_hand(
    as_root: ApiClient, store: Store, member: Member
) -> None:
    rule = {"name": "Bought", "kind": "activity", "eventType": "transaction"}
    rule_id = as_root.post("/api/ALPHA/rule", {"rule": rule}).json()["ruleId"]

    assert complete(as_root, rule_id).status_code == 400
    assert not Activity.for_store(store).exists()


@pytest.mark.parametrize(
    "customer",
    [{"email": "nobody@example.com"}, {"customerId": "00000000-0000-0000-0000-000000000000"}],
)
def test_nobody_completes_nothing(
    customer: Any, as_root: ApiClient, store: Store, member: Member, rule_id: str
) -> None:
    assert complete(as_root, rule_id, customer).status_code == 404
    assert complete(as_root, rule_id, {}).status_code == 400
    assert not Activity.for_store(store).exists()


@pytest.mark.parametrize("moment", ["2999-01-01T00:00:00Z", "1969-12-31T00:00:00Z"])
def test_nothing_happens_at_an_impossible_moment(
    moment: str, as_root: ApiClient, store: Store, member: Member, rule_id: str
) -> None:
    completed = complete(as_root, rule_id, completedAt=moment)
    confirmed = confirm(as_root, confirmedAt=moment)

    paths = [answer.json()["errors"][0]["path"] for answer in (completed, confirmed)]
    assert paths == ["completion.completedAt", "confirmation.confirmedAt"]
    assert not Activity.for_store(store).exists()


def test_a_confirmation_stands_until_it_is_withdrawn(
    as_root: ApiClient, store: Store, member: Member
) -> None:
    first, again = confirm(as_root).json(), confirm(as_root).json()
    assert (first["isNew"], again["isNew"]) == (True, False)
    assert standing(store, "confirmation:vip") == 1

    assert confirm(as_root, WITHDRAW).status_code == 204
    assert confirm(as_root, WITHDRAW).status_code == 404
    assert standing(store, "confirmation:vip") == 0

    later = confirm(as_root).json()
    assert later["isNew"]
    assert later["activityId"] != first["activityId"]
    assert standing(store, "confirmation:vip") == 1


@pytest.mark.django_db(transaction=True)
def test_many_confirmations_at_once_are_one(
    as_root: ApiClient, store: Store, member: Member
) -> None:
    answers = together([lambda: confirm(as_root).json()] * 8)

    assert sum(answer["isNew"] for answer in answers) == 1
    assert standing(store, "confirmation:vip") == 1


def test_who_may_not_tell_is_refused(
    as_manager: ApiClient, as_member: ApiClient, store: Store, rule_id: str, member: Member
) -> None:
    """Modifying badges is another permission."""
    for client in (as_manager, as_member):
        assert complete(client, rule_id).status_code == 403
        assert confirm(client).status_code == 403
    assert not Activity.for_store(store).exists()
