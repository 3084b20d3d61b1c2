"""When a message that did not arrive is sent again."""

import random
from collections.abc import Sequence
from datetime import timedelta

from django.conf import settings

from loyalty.webhooks.messages import WIX

_MINUTE, _HOUR = 60, 3600
# After the first attempt; each is counted from the failure before it.
STANDARD_WEBHOOKS = [
    5, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 14 * _HOUR, 20 * _HOUR,
    24 * _HOUR,
]  # fmt: skip
WIX_RETRIES = [
    _MINUTE, 10 * _MINUTE, _HOUR, 2 * _HOUR, 2 * _HOUR, 2 * _HOUR, 4 * _HOUR, 4 * _HOUR,
    4 * _HOUR, 8 * _HOUR, 8 * _HOUR, 12 * _HOUR,
]  # fmt: skip
_JITTER = 0.2
# What a receiver asks for is granted up to twice what it would have been given anyway.
_MOST_RETRY_AFTER = 2.0
_OVERLOADED, _BREATH = {429, 502, 503, 504}, 60.0


def retries(webhook_format: str) -> Sequence[float]:
    """Seconds between the attempts."""
    if settings.WEBHOOKS_RETRY_SECONDS:
        return list(map(float, settings.WEBHOOKS_RETRY_SECONDS))
    return WIX_RETRIES if webhook_format == WIX else STANDARD_WEBHOOKS


def give_up_after() -> timedelta:
    """The schedule, its jitter and a lease: no message waits for longer."""
    longest = max(sum(retries(webhook_format)) for webhook_format in ("standard", WIX))
    return timedelta(seconds=(1 + _JITTER) * longest + settings.WEBHOOKS_LEASE_SECONDS)


def next_pause(
    webhook_format: str, step: int, *, status: int | None = None, retry_after: float | None = None
) -> float | None:
    """Seconds until the next attempt, after `step` failed ones; None: that was the last."""
    table = retries(webhook_format)
    if step > len(table):
        return None
    pause = table[step - 1]
    if status in _OVERLOADED and not settings.WEBHOOKS_RETRY_SECONDS:
        pause = max(pause, _BREATH)
    if retry_after is not None:
        return min(max(retry_after, pause), _MOST_RETRY_AFTER * pause)
    return pause * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 (nobody guesses it)
