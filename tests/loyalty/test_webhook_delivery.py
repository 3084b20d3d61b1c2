"""What happens is told: once for each event, signed, again if it must be, and never for ever."""

import hashlib
import hmac
import json
from datetime import timedelta

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from django.db import connection, transaction
from django.utils import timezone
from standardwebhooks import Webhook

from badges.models import BadgeType
from loyalty.errors import Invalid
from loyalty.models import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    DisabledReason,
    Event,
    EventName,
    Store,
    Subscription,
)
from loyalty.services.events import record
from loyalty.services.webhooks import redelivery
from loyalty.services.webhooks.fan_out import fan_out
from loyalty.services.webhooks.queue import Endpoints, claim
from loyalty.services.webhooks.redelivery import redeliver, redeliver_range, send_test
from loyalty.services.webhooks.settling import settle
from loyalty.services.webhooks.subscriptions import (
    create_subscription,
    rotate_secret,
    set_subscription_active,
)
from loyalty.services.webhooks.tidying import KEEP, tidy_webhooks
from loyalty.webhooks.schedule import STANDARD_WEBHOOKS, give_up_after
from loyalty.webhooks.signing import Key
from members.models import Member
from tests.builders import TESTER, give_badge
from tests.faults.threads import together
from tests.loyalty.webhook_receiver import Received, Receiver, receiving
from tests.loyalty.webhook_sending import attempt, due, send_due

pytestmark = pytest.mark.django_db

COMPLETED = str(EventName.BADGE_COMPLETED)


def subscribe(store: Store, url: str, **details: object) -> tuple[Subscription, Key]:
    details = {"event_names": [COMPLETED], **details}
    return create_subscription(
        store,
        url=url,
        actor=TESTER,
        now=timezone.now(),
        **details,  # type: ignore[arg-type]
    )


def deliveries(store: Store) -> list[Delivery]:
    return list(Delivery.for_store(store).order_by("event_sequence"))


def test_an_event_is_told_once_in_open_loyaltys_envelope(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    with receiving() as receiver:
        _, key = subscribe(store, f"{receiver.url}?to=us", headers=[("Authorization", "Bearer 1")])
        give_badge(store, member, badge_type)
        [outcome] = send_due()
        assert send_due() == []

    [came] = receiver.received
    [event] = Event.for_store(store).filter(name=COMPLETED)
    [delivery] = deliveries(store)
    body = json.loads(came.body)
    assert body.keys() == {
        "messageId", "requestId", "eventName", "storeCode", "createdAt", "data"
    }  # fmt: skip
    assert (body["messageId"], body["requestId"]) == (str(delivery.id), str(outcome.request_id))
    assert (body["eventName"], body["storeCode"]) == (COMPLETED, "ALPHA")
    assert body["data"]["event"]["sequence"] == event.sequence
    assert body["data"]["member"] == {"customerId": str(member.id)}
    assert body["data"]["currentCompletedCount"] == 1
    assert came.headers["Authorization"] == "Bearer 1"
    assert came.headers["Accept-Encoding"] == "identity"
    assert_open_loyalty_signature(came, receiver, key)
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("delivered", 1, 200)
    [logged] = DeliveryAttempt.for_delivery(delivery)
    assert (logged.id, logged.status, logged.answer) == (outcome.request_id, 200, "thanks")


def assert_open_loyalty_signature(came: Received, receiver: Receiver, key: Key) -> None:
    """Calculated here from the documentation, and not by the code under test."""
    host = f"127.0.0.1:{receiver.port}"
    canonical = (
        f"POST\n{len(host)}:{host}\n{len(came.path)}:{came.path}\n"
        f"{hashlib.sha256(came.body).hexdigest()}\n{came.headers['X-Webhook-Timestamp']}\n"
        f"{came.headers['X-Webhook-Request-Id']}"
    )
    secret = key.secret.removeprefix("whsec_").encode()
    wanted = hmac.new(secret, canonical.encode(), hashlib.sha256).hexdigest()
    assert came.headers["X-Webhook-Signature"] == wanted
    assert came.headers["X-Webhook-Signature-Version"] == str(key.version)
    assert came.headers["X-Webhook-Signature-Algorithm"] == "hmac-sha256"


def test_the_official_library_verifies_standard_webhooks_through_a_rotation(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    with receiving() as receiver:
        subscription, old = subscribe(store, receiver.url, webhook_format="standard")
        new = rotate_secret(
            store, subscription_id=subscription.id, actor=TESTER, now=timezone.now()
        )
        give_badge(store, member, badge_type)
        send_due()
        rotate_secret(
            store, subscription_id=subscription.id, actor=TESTER, now=timezone.now(),
            overlap=timedelta(0),
        )  # fmt: skip
        give_badge(store, member, badge_type)
        send_due()

    first, second = receiver.received
    for key in (old, new):
        said = Webhook(key.secret).verify(first.body, first.headers)
        assert said["type"] == COMPLETED
        assert said["data"]["member"] == {"customerId": str(member.id)}
        with pytest.raises(Exception, match="No matching signature"):
            Webhook(key.secret).verify(second.body, second.headers)
    with pytest.raises(Exception, match="No matching signature"):
        Webhook(new.secret).verify(first.body + b" ", first.headers)


def test_a_failure_is_tried_again_with_the_same_id_and_another_request(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    answers = iter([web.Response(status=500, text="no\0pe"), web.Response(status=204)])

    async def in_turn(_: Received) -> web.StreamResponse:
        return next(answers)

    with receiving(in_turn) as receiver:
        subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        before = timezone.now()
        send_due()
        [waiting] = deliveries(store)
        assert send_due() == []
        make_due()
        send_due()

    pause = (waiting.next_attempt_at - before).total_seconds()
    assert STANDARD_WEBHOOKS[0] * 0.8 <= pause <= STANDARD_WEBHOOKS[0] * 1.2 + 1
    first, second = (json.loads(came.body) for came in receiver.received)
    assert first["messageId"] == second["messageId"]
    assert first["requestId"] != second["requestId"]
    [delivery] = deliveries(store)
    assert (delivery.state, delivery.attempts) == (DeliveryState.DELIVERED, 2)
    log = DeliveryAttempt.for_delivery(delivery).order_by("at")
    assert [(each.status, each.answer) for each in log] == [(500, "no\ufffdpe"), (204, "")]


def make_due() -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_delivery SET next_attempt_at = now() WHERE state = 'queued'")
        cursor.execute("UPDATE loyalty_subscription SET paused_until = NULL")


def test_a_message_is_given_up_at_the_end_of_its_schedule(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    subscribe(store, "http://127.0.0.1:9/")
    give_badge(store, member, badge_type)
    for _ in range(20):
        send_due()
        make_due()

    [delivery] = deliveries(store)
    assert (delivery.state, delivery.attempts) == ("dead", len(STANDARD_WEBHOOKS) + 1)
    assert delivery.finished_at is not None


def test_what_a_receiver_asks_for_is_granted_within_bounds(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    async def busy(_: Received) -> web.StreamResponse:
        return web.Response(status=429, headers={"Retry-After": "86400"})

    with receiving(busy) as receiver:
        subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        before = timezone.now()
        send_due()

    [delivery] = deliveries(store)
    assert 110 <= (delivery.next_attempt_at - before).total_seconds() <= 125


def test_an_answer_of_410_switches_the_subscription_off_at_once(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    async def gone(_: Received) -> web.StreamResponse:
        return web.Response(status=410)

    with receiving(gone) as receiver:
        subscription, _ = subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        send_due()
        give_badge(store, member, badge_type)
        make_due()
        assert send_due() == []

    subscription.refresh_from_db()
    assert (subscription.active, subscription.disabled_reason) == (False, DisabledReason.GONE)
    told = Event.for_store(store).get(name=EventName.WEBHOOK_DISABLED)
    assert (told.subject_id, told.data) == (str(subscription.id), {"reason": "gone"})
    assert len(deliveries(store)) == 1, "What happens while it is off is not queued."


def test_five_days_of_nothing_but_failures_switch_it_off(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    subscription, _ = subscribe(store, "http://127.0.0.1:9/")
    give_badge(store, member, badge_type)
    [outcome] = attempt(due())
    now = timezone.now()
    for failed, day in ((9, 0), (1, 4)):
        settle([outcome] * failed, now=now + timedelta(days=day))
        subscription.refresh_from_db()
        assert subscription.active
    settle([outcome], now=now + timedelta(days=5))

    subscription.refresh_from_db()
    assert (subscription.active, subscription.disabled_reason) == (False, DisabledReason.FAILING)


def test_behind_a_breaker_one_message_tries_and_the_others_wait(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    with receiving() as receiver:
        subscription, _ = subscribe(store, f"http://127.0.0.1:9/?really={receiver.port}")
        give_badge(store, member, badge_type, times=8)
        assert len(send_due(room=5)) == 5
        subscription.refresh_from_db()
        assert subscription.failures == 5
        assert subscription.paused_until is not None
        assert due() == [], "It is left alone."
        Subscription.for_store(store).update(paused_until=None, url=receiver.url,
                                             changed_at=timezone.now())  # fmt: skip
        [probe] = due()
        assert due() == [], "One probe at a time."
        settle(attempt([probe]), now=timezone.now())
        well = Subscription.for_store(store).get(id=subscription.id)
        after = (well.failures, well.paused_until, well.failing_since)
        assert after == (0, None, None)
        assert len(send_due()) == 2


def test_a_claimed_message_is_nobody_elses_until_its_lease_ends(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    subscribe(store, "http://127.0.0.1:9/")
    give_badge(store, member, badge_type)

    assert len(due()) == 1
    assert due() == []
    make_due()  # As if its sender had died, and the lease were over.
    assert len(claim(Endpoints(), rooms={}, room=4, most=10)) == 1


def test_a_slower_senders_failure_does_not_undo_a_delivery(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    with receiving() as receiver:
        subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        [message] = due()
        [good] = attempt([message])
    [bad] = attempt([message])
    assert (good.delivered, bad.delivered) == (True, False)
    settle([good], now=timezone.now())
    settle([bad], now=timezone.now())

    [delivery] = deliveries(store)
    assert delivery.state == DeliveryState.DELIVERED


def test_an_event_is_handed_out_once_even_by_a_cursor_set_back(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    subscribe(store, "http://127.0.0.1:9/")
    subscribe(store, "http://127.0.0.1:9/two", event_names=[COMPLETED, "CustomerWasRegistered"])
    give_badge(store, member, badge_type)
    fan_out()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE loyalty_webhookcursor SET sequence = 0")
    fan_out()

    assert len(deliveries(store)) == 2


def test_what_is_silent_is_told_to_those_who_ask_for_it(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    subscribe(store, "http://127.0.0.1:9/loud")
    wants_all, _ = subscribe(store, "http://127.0.0.1:9/all", include_silent=True)
    record(store, EventName.BADGE_COMPLETED, subject_kind="badgeType", subject_id=badge_type.id,
           actor=TESTER, member_id=member.id, data={"silent": True})  # fmt: skip
    fan_out()

    assert [each.subscription_id for each in deliveries(store)] == [wants_all.id]


def test_another_stores_events_are_not_told(
    store: Store, other_store: Store, member: Member, badge_type: BadgeType
) -> None:
    subscribe(other_store, "http://127.0.0.1:9/")
    give_badge(store, member, badge_type)
    fan_out()

    assert not Delivery.for_store(other_store).exists()
    assert not Delivery.for_store(store).exists()


def test_one_message_is_sent_again(store: Store, member: Member, badge_type: BadgeType) -> None:
    with receiving() as receiver:
        subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        send_due()
        [delivery] = deliveries(store)
        redeliver(store, delivery=delivery, actor=TESTER)
        send_due()

    ids = {json.loads(came.body)["messageId"] for came in receiver.received}
    assert (len(receiver.received), ids) == (2, {str(delivery.id)})


def test_a_time_is_sent_again_with_what_was_missed_while_off(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    begin = timezone.now()
    with receiving() as receiver:
        subscription, _ = subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        send_due()
        for active in (False, True):
            set_subscription_active(
                store, subscription_id=subscription.id, active=active, actor=TESTER,
                now=timezone.now(),
            )  # fmt: skip
            if not active:
                give_badge(store, member, badge_type)
                fan_out()
        assert send_due() == []
        count = redeliver_range(
            store, subscription_id=subscription.id, begin=begin - timedelta(hours=1),
            end=timezone.now() + timedelta(hours=1), actor=TESTER,
        )  # fmt: skip
        send_due()

    assert count == 2
    ids = [json.loads(came.body)["messageId"] for came in receiver.received]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 2


def test_only_what_was_given_up_is_sent_again(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    subscription, _ = subscribe(store, "http://127.0.0.1:9/")
    give_badge(store, member, badge_type, times=2)
    fan_out()
    dead, _ = deliveries(store)
    Delivery.for_store(store).filter(id=dead.id).update(state="dead", finished_at=timezone.now())

    count = redeliver_range(
        store, subscription_id=subscription.id, begin=dead.happened_at - timedelta(1),
        end=dead.happened_at + timedelta(1), actor=TESTER, only_dead=True,
    )  # fmt: skip

    assert count == 1
    assert {each.state for each in deliveries(store)} == {"queued"}


@pytest.mark.parametrize("only_dead", [True, False])
def test_more_than_can_be_sent_again_is_refused_as_a_whole(
    store: Store,
    member: Member,
    badge_type: BadgeType,
    monkeypatch: pytest.MonkeyPatch,
    only_dead: bool,
) -> None:
    subscription, _ = subscribe(store, "http://127.0.0.1:9/")
    give_badge(store, member, badge_type, times=3)
    fan_out()
    Delivery.for_store(store).update(state="dead", finished_at=timezone.now())

    def again() -> int:
        return redeliver_range(
            store, subscription_id=subscription.id, begin=timezone.now() - timedelta(1),
            end=timezone.now() + timedelta(1), actor=TESTER, only_dead=only_dead,
        )  # fmt: skip

    monkeypatch.setattr(redelivery, "MAX_MESSAGES", 2)
    with pytest.raises(Invalid, match="more than 2 messages"):
        again()
    assert {each.state for each in deliveries(store)} == {"dead"}
    monkeypatch.setattr(redelivery, "MAX_MESSAGES", 3)
    assert again() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("only_dead", [True, False])
def test_a_time_is_sent_again_while_its_subscription_is_being_written(
    store: Store, member: Member, badge_type: BadgeType, only_dead: bool
) -> None:
    subscription, _ = subscribe(store, "http://127.0.0.1:9/")
    give_badge(store, member, badge_type)
    fan_out()
    Delivery.for_store(store).update(state="dead", finished_at=timezone.now())

    def again() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        return redeliver_range(
            store, subscription_id=subscription.id, begin=timezone.now() - timedelta(1),
            end=timezone.now() + timedelta(1), actor=TESTER, only_dead=only_dead,
        )  # fmt: skip

    with transaction.atomic():  # As a sender does that settles an attempt.
        Subscription.for_store(store).select_for_update(no_key=True).get()
        assert together([again]) == [1]


def test_a_test_says_that_it_is_one(store: Store) -> None:
    with receiving() as receiver:
        subscription, _ = subscribe(store, receiver.url)
        send_test(store, subscription_id=subscription.id, actor=TESTER, now=timezone.now())
        make_due()
        send_due()

    [came] = receiver.received
    assert json.loads(came.body)["data"] == {"test": True}


def test_what_is_over_is_forgotten_after_thirty_days(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    with receiving() as receiver:
        subscribe(store, receiver.url)
        give_badge(store, member, badge_type)
        send_due()
    [delivery] = deliveries(store)

    tidy_webhooks(now=timezone.now() + KEEP - timedelta(hours=1))
    assert DeliveryAttempt.for_delivery(delivery).exists()
    tidy_webhooks(now=timezone.now() + KEEP + timedelta(hours=1))

    assert deliveries(store) == []
    assert not DeliveryAttempt.for_delivery(delivery).exists()


def test_what_waits_behind_a_subscription_that_is_off_is_given_up_in_the_end(
    store: Store, member: Member, badge_type: BadgeType
) -> None:
    subscription, _ = subscribe(store, "http://127.0.0.1:9/")
    give_badge(store, member, badge_type)
    fan_out()
    set_subscription_active(
        store, subscription_id=subscription.id, active=False, actor=TESTER, now=timezone.now()
    )
    tidy_webhooks(now=timezone.now() + give_up_after() - timedelta(minutes=1))
    assert [each.state for each in deliveries(store)] == ["queued"]
    tidy_webhooks(now=timezone.now() + give_up_after() + timedelta(minutes=1))

    assert [each.state for each in deliveries(store)] == ["dead"]


def test_a_key_that_is_lost_holds_up_nobody_else(
    store: Store, member: Member, badge_type: BadgeType, caplog: pytest.LogCaptureFixture
) -> None:
    with receiving() as receiver:
        lost, _ = subscribe(store, receiver.url)
        subscribe(store, receiver.url)
        Subscription.for_store(store).filter(id=lost.id).update(
            sealed_keys=Fernet(Fernet.generate_key()).encrypt(b"[]")
        )
        give_badge(store, member, badge_type)
        [outcome] = send_due()

    assert outcome.message.endpoint.id != lost.id
    assert str(lost.id) in caplog.text
    waiting = Delivery.for_store(store).get(subscription_id=lost.id)
    assert (waiting.state, waiting.attempts) == ("queued", 0)


def test_secrets_are_unreadable_in_the_database(store: Store) -> None:
    _, key = subscribe(store, "http://127.0.0.1:9/", headers=[("X-Token", "swordfish")])

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT convert_from(sealed_keys, 'UTF8') || convert_from(sealed_headers, "
            "'UTF8') || s::text FROM loyalty_subscription s"
        )
        (raw,) = cursor.fetchone()
        cursor.execute("SELECT string_agg(e::text, '') FROM loyalty_event e")
        (log,) = cursor.fetchone()

    for secret in (key.secret, key.secret.removeprefix("whsec_"), "swordfish"):
        assert secret not in raw
        assert secret not in log
