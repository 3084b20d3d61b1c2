"""One activity comes two hundred times at once: it happened once, and is rewarded once."""

import threading
from collections.abc import Callable
from uuid import uuid4

import pytest
from django.utils import timezone

from badges.models import BadgeEntry, BadgeType, MemberBadge
from badges.services.evaluation_queue import evaluate_some
from loyalty.models import Event, Store
from members.models import Activity, Member
from tests.clients import ApiClient
from tests.evaluating import assert_verified, publish
from tests.faults.threads import together
from tests.members.activity import EVENTS, event, make_schema

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

SENDERS, EACH = 20, 10
ANNA = {"email": "anna@example.com"}
VISIT = {"type": "count", "event": "visit", "target": 1}


@pytest.fixture
def visits(store: Store, member: Member, badge_type: BadgeType) -> None:
    make_schema(store)
    publish(store, badge_type, VISIT)


def _storm(client: ApiClient, event_id: Callable[[], str]) -> list[tuple[int, str]]:
    """What the senders were answered, while two others evaluate whatever there is."""
    over = threading.Event()
    sent = threading.Semaphore(0)

    def send() -> list[tuple[int, str]]:
        answers = []
        for _ in range(EACH):
            answer = client.post(
                EVENTS, {"event": event(eventId=event_id(), body={}, customerData=ANNA)}
            )
            answers.append((answer.status_code, str(answer.json())))
        sent.release()
        return answers

    def evaluate() -> list[tuple[int, str]]:
        while not over.is_set():
            evaluate_some(timezone.now())
        return []

    def watch() -> list[tuple[int, str]]:
        for _ in range(SENDERS):
            sent.acquire(timeout=60)
        over.set()
        return []

    answers = together([*([send] * SENDERS), evaluate, evaluate, watch])
    return [answer for those in answers for answer in those]


@pytest.mark.usefixtures("visits")
def test_a_storm_of_one_activity_is_one_activity(
    as_root: ApiClient, store: Store, member: Member
) -> None:
    answers = _storm(as_root, lambda: "visit 4711")

    assert len(answers) == SENDERS * EACH
    assert {status for status, _ in answers} == {200}
    assert len({answer for _, answer in answers}) == 1
    assert Activity.for_store(store).count() == 1
    assert_verified(store)
    assert BadgeEntry.for_store(store).count() == 1
    assert MemberBadge.for_store(store).get().completed_count == 1
    assert Event.for_store(store).filter(name="BadgeCompleted").count() == 1


@pytest.mark.usefixtures("visits")
def test_as_many_activities_are_as_many(as_root: ApiClient, store: Store, member: Member) -> None:
    """The control: with ids of their own each of them counts, and each is rewarded once."""
    answers = _storm(as_root, lambda: str(uuid4()))

    assert {status for status, _ in answers} == {200}
    assert Activity.for_store(store).count() == SENDERS * EACH
    assert_verified(store)
    assert MemberBadge.for_store(store).get().completed_count == SENDERS * EACH
    assert BadgeEntry.for_store(store).filter(delta=1).count() == SENDERS * EACH
