"""The part of a world that tells others: a subscription, and a message that did not arrive."""

from datetime import timedelta

from django.utils import timezone

from badges.models import BadgeType
from loyalty.models import Delivery, EventName, Store, Subscription
from loyalty.models.keys import new_id
from loyalty.selectors.webhooks import endpoint_of
from loyalty.services.webhooks.fan_out import fan_out
from loyalty.services.webhooks.settling import settle
from loyalty.services.webhooks.subscriptions import create_subscription
from loyalty.webhooks.messages import Message, Outcome
from members.models import Member
from tests.builders import TESTER, give_badge


def make_webhooks(
    store: Store, mark: str, member: Member, badge_type: BadgeType
) -> tuple[Subscription, Delivery, str]:
    """The subscription, the message and the secret."""
    now = timezone.now()
    subscription, key = create_subscription(
        store, event_names=[EventName.BADGE_COMPLETED], url=f"https://{mark}.example/hook",
        headers=[(mark, mark)], actor=TESTER, now=now,
    )  # fmt: skip
    give_badge(store, member, badge_type)
    fan_out()
    delivery = Delivery.for_store(store).get()
    message = Message(
        delivery.id, endpoint_of(subscription, store.code), delivery.message_type,
        delivery.happened_at, {},
    )  # fmt: skip
    outcome = Outcome(message, new_id(), now - timedelta(seconds=1), 0.2, 500, "", mark)
    settle([outcome], now=now)
    delivery.refresh_from_db()
    return subscription, delivery, key.secret
