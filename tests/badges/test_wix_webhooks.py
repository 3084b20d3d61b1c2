"""What a receiver that was written for Wix finds: a signed token, and three levels of JSON."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import jwt
import pytest
from aiohttp import web
from django.db import connection
from django.utils import timezone

from badges.models import BadgeType
from badges.services.badge_types import delete_badge_type, update_badge_type
from badges.services.grants import set_completed_count
from badges.services.wix_messages import assignment_id
from loyalty.models import Delivery, Event, EventName, Store
from loyalty.services.webhooks import message_types
from loyalty.services.webhooks.fan_out import fan_out
from loyalty.services.webhooks.message_types import wix_message_types
from loyalty.services.webhooks.subscriptions import create_subscription, rotate_secret
from loyalty.webhooks.schedule import WIX_RETRIES
from loyalty.webhooks.signing import public_key
from members.models import Member
from tests.builders import TESTER, give_badge, make_badge_type, make_member
from tests.loyalty.webhook_receiver import Received, receiving
from tests.loyalty.webhook_sending import send_due

pytestmark = pytest.mark.django_db

V3, V4 = "wix.badges.v3.badge", "wix.badges.v4"


def subscribe(store: Store, url: str, *names: str) -> str:
    """Returns the public key."""
    _, key = create_subscription(
        store, event_names=names, url=url, webhook_format="wix", actor=TESTER, now=timezone.now()
    )
    return public_key(key.secret)


def opened(came: Received, key: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The event of the envelope, and what is within it; verified as Wix's SDK does."""
    claims = jwt.decode(came.body, key, algorithms=["RS256"], options={"require": ["exp", "iat"]})
    assert isinstance(claims["data"], str)
    event = json.loads(claims["data"])
    assert isinstance(event["data"], str)
    assert json.loads(event["identity"])["identityType"] == "APP"
    return event, json.loads(event["data"])


def test_the_names_are_wixs() -> None:
    assert set(wix_message_types()) == {
        f"{V3}_created", f"{V3}_updated", f"{V3}_deleted", f"{V3}_badge_assigned",
        f"{V3}_badge_unassigned", f"{V4}.badge_created", f"{V4}.badge_updated",
        f"{V4}.badge_deleted", f"{V4}.badge_assignment_created",
        f"{V4}.badge_assignment_deleted",
    }  # fmt: skip


def test_a_badge_that_begins_is_told_once_for_each_member(
    store: Store, badge_type: BadgeType
) -> None:
    people = [make_member(store), make_member(store)]
    with receiving() as receiver:
        key = subscribe(store, receiver.url, f"{V3}_badge_assigned")
        for someone in people:
            give_badge(store, someone, badge_type, times=3)
        send_due()

    said = [opened(came, key) for came in receiver.received]
    assert [event["eventType"] for event, _ in said] == [f"{V3}_badge_assigned"] * 2
    assert {inner["entityId"] for _, inner in said} == {str(badge_type.id)}
    members = [inner["actionEvent"]["body"]["memberId"] for _, inner in said]
    assert sorted(members) == sorted(str(someone.id) for someone in people)
    for (event, inner), came in zip(said, receiver.received, strict=True):
        assert (inner["entityFqdn"], inner["slug"]) == (V3, "badge_assigned")
        assert json.loads(inner["actionEvent"]["bodyAsJson"]) == inner["actionEvent"]["body"]
        assert event["instanceId"] == str(store.id)
        assert came.headers["Content-Type"].startswith("text/plain")
    numbers = [int(inner["entityEventSequence"]) for _, inner in said]
    assert numbers == sorted(numbers)
    assert len({inner["id"] for _, inner in said}) == 2


def test_a_badge_that_ends_is_told(store: Store, member: Member, badge_type: BadgeType) -> None:
    with receiving() as receiver:
        key = subscribe(
            store, receiver.url, f"{V3}_badge_unassigned", f"{V4}.badge_assignment_deleted"
        )
        give_badge(store, member, badge_type, times=3)
        for count in (1, 0):
            set_completed_count(
                store, member=member, badge_type=badge_type, completed_count=count, reason="x",
                actor=TESTER, now=timezone.now(),
            )  # fmt: skip
        send_due()

    said = {
        event["eventType"]: inner for event, inner in (opened(c, key) for c in receiver.received)
    }
    assert len(receiver.received) == 2
    assert said[f"{V3}_badge_unassigned"]["actionEvent"]["body"] == {"memberId": str(member.id)}
    ended = said[f"{V4}.badge_assignment_deleted"]
    assert ended["entityFqdn"] == f"{V4}.badge_assignment"
    assert ended["entityId"] == str(assignment_id(badge_type.id, member.id))
    assert ended["deletedEvent"]["deletedEntity"]["badgeId"] == str(badge_type.id)


def test_the_life_of_a_badge_is_told_in_both_versions(store: Store) -> None:
    names = [f"{badge}_{slug}" for badge in (V3, f"{V4}.badge")
             for slug in ("created", "updated", "deleted")]  # fmt: skip
    with receiving() as receiver:
        key = subscribe(store, receiver.url, *names)
        badge_type = make_badge_type(store, "gold", translations={"en": {"name": "Gold"}})
        send_due()
        update_badge_type(
            store, badge_type=badge_type, background_color="#112233", actor=TESTER,
            icon="https://icons.example/a.svg",
        )  # fmt: skip
        send_due()
        delete_badge_type(store, badge_type=badge_type, actor=TESTER, now=timezone.now())
        send_due()

    said = {
        event["eventType"]: inner for event, inner in (opened(c, key) for c in receiver.received)
    }
    assert sorted(said) == sorted(names)
    assert {inner["entityId"] for inner in said.values()} == {str(badge_type.id)}
    made, changed = said[f"{V3}_created"], said[f"{V4}.badge_updated"]
    assert made["createdEvent"]["entity"]["title"] == "Gold"
    assert made["createdEvent"]["entity"]["icon"] == ""
    assert json.loads(made["createdEvent"]["entityAsJson"]) == made["createdEvent"]["entity"]
    current = changed["updatedEvent"]["currentEntity"]
    assert (current["backgroundColor"], current["revision"]) == ("#112233", "2")
    assert current["icon"] == {"url": "https://icons.example/a.svg"}
    assert said[f"{V4}.badge_deleted"]["deletedEvent"] == {}


def test_each_attempt_says_what_the_first_said(store: Store) -> None:
    answers = iter([web.Response(status=204), web.Response(status=200)])

    async def in_turn(_: Received) -> web.StreamResponse:
        return next(answers)

    with receiving(in_turn) as receiver:
        key = subscribe(store, receiver.url, f"{V3}_created")
        badge_type = make_badge_type(store, "gold", translations={"en": {"name": "Before"}})
        send_due()
        [delivery] = Delivery.for_store(store)
        assert (delivery.state, delivery.last_status) == ("queued", 204), "Only 200 will do."
        assert (delivery.next_attempt_at - delivery.queued_at).total_seconds() >= (
            WIX_RETRIES[0] * 0.8
        )
        update_badge_type(
            store, badge_type=badge_type, translations={"en": {"name": "After"}}, actor=TESTER
        )
        Delivery.for_store(store).update(next_attempt_at=delivery.queued_at)
        send_due()

    first, second = (opened(came, key)[1] for came in receiver.received)
    assert first == second
    assert first["createdEvent"]["entity"]["title"] == "Before"


def test_a_message_that_cannot_be_told_holds_up_nobody_else(
    store: Store,
    other_store: Store,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    created, updated = wix_message_types()[f"{V3}_created"], f"{V3}_updated"

    def fails_in_one_store(asked: Store, events: Sequence[Event]) -> Any:
        if asked == store:
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
        return created.render(asked, events)

    broken = replace(created, render=fails_in_one_store)
    with receiving() as receiver:
        subscribe(store, receiver.url, created.name, updated)
        subscribe(other_store, receiver.url, created.name)
        with monkeypatch.context() as patched:
            patched.setitem(message_types._TYPES, created.name, broken)
            for each in (store, other_store):
                badge_type = make_badge_type(each, "gold")
                update_badge_type(
                    each, badge_type=badge_type, background_color="#112233", actor=TESTER
                )
            told = {(each.message.endpoint.store_id, each.message.type) for each in send_due()}
        [waiting] = Delivery.for_store(store).filter(message_type=created.name)
        Delivery.for_store(store).update(next_attempt_at=waiting.queued_at)
        [late] = send_due()

    assert told == {(store.id, updated), (other_store.id, created.name)}
    assert f"Messages {created.name} of store {store.id} could not be told." in caplog.text
    assert (waiting.state, waiting.attempts, waiting.payload) == ("queued", 0, None)
    assert waiting.next_attempt_at > waiting.queued_at, "It is claimed until the lease ends."
    assert (late.message.id, late.delivered) == (waiting.id, True)
    assert "createdEvent" in late.message.data


def test_a_receiver_has_the_overlap_to_put_the_new_key_in_place(store: Store) -> None:
    with receiving() as receiver:
        old = subscribe(store, receiver.url, f"{V3}_created")
        [subscription_id] = Event.for_store(store).filter(
            name=EventName.WEBHOOK_CREATED).values_list("subject_id", flat=True)  # fmt: skip
        new = rotate_secret(
            store, subscription_id=subscription_id, actor=TESTER,  # type: ignore[arg-type]
            now=timezone.now(),
        )  # fmt: skip
        make_badge_type(store, "one")
        send_due()
        rotate_secret(
            store, subscription_id=subscription_id, actor=TESTER,  # type: ignore[arg-type]
            now=timezone.now(), overlap=timedelta(0),
        )  # fmt: skip
        make_badge_type(store, "two")
        send_due()

    during, after = receiver.received
    opened(during, old)
    assert jwt.get_unverified_header(during.body)["kid"] == "v1"
    assert jwt.get_unverified_header(after.body)["kid"] == "v3"
    for key in (old, public_key(new.secret)):
        with pytest.raises(jwt.InvalidSignatureError):
            opened(after, key)


def test_what_only_goes_on_is_not_told(store: Store, member: Member, badge_type: BadgeType) -> None:
    give_badge(store, member, badge_type)
    subscribe(store, "http://127.0.0.1:9/", *wix_message_types())
    give_badge(store, member, badge_type)
    fan_out()

    assert not Delivery.for_store(store).exists()
