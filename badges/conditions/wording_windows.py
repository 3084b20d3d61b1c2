"""When something has to happen, in words: "within any 30 days"."""

from datetime import tzinfo

from badges.conditions.tree import Between, Calendar, Rolling, Window, Zone
from badges.conditions.wording_texts import moment_words, so_many


def window_words(window: Window | None, zone: tzinfo) -> str:
    """To stand behind what was done, with a space before it; empty if any time will do."""
    match window:
        case Rolling():
            return f" within any {span_words(window)}"
        case Calendar():
            return f" in one calendar {window.period}{clock_words(window.zone)}"
        case Between():
            since, until = moment_words(window.since, zone), moment_words(window.until, zone)
            return f" from {since} until just before {until}"
        case None:
            return ""


def span_words(window: Rolling) -> str:
    """Such as "30 days"; a day is 24 hours, wherever it begins."""
    if window.days and window.hours > 24:
        return so_many(window.hours // 24, "day")
    return "hour" if window.hours == 1 else so_many(window.hours, "hour")


def clock_words(zone: Zone) -> str:
    return " on the store's clock" if zone is Zone.STORE else ""
