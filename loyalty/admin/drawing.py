"""Small pieces that several pages draw alike."""

from datetime import datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString


def pill(text: str, tone: str = "quiet") -> SafeString:
    """A word in a coloured capsule; `tone` is quiet, good, bad, warm or brand."""
    return format_html('<span class="rs-pill rs-{}">{}</span>', tone, text)


def state(active: bool) -> SafeString:
    return pill("Active", "good") if active else pill("Off", "quiet")


def two_lines(first: str, second: str) -> SafeString:
    return format_html(
        '<span class="rs-two"><strong>{}</strong><small>{}</small></span>', first, second
    )


def link(url: str, text: object) -> SafeString:
    return format_html('<a class="rs-link" href="{}">{}</a>', url, text)


def moment(value: datetime) -> SafeString:
    """A day, and below it the time, on the store's clock (see `StaffSite.admin_view`)."""
    local = timezone.localtime(value)
    return format_html(
        '<time class="rs-when" datetime="{}">{}<small>{}</small></time>',
        value.isoformat(),
        date_format(local, "j M Y"),
        date_format(local, "H:i"),
    )


def delta(number: int) -> SafeString:
    """A signed number, green or red."""
    text = f"{number:+d}".replace("-", "\N{MINUS SIGN}")
    return format_html('<b class="rs-delta rs-{}">{}</b>', "good" if number > 0 else "bad", text)
