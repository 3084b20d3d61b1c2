"""Numbers, moments and lists of things as people write them."""

from collections.abc import Sequence
from datetime import date, datetime, tzinfo
from decimal import Decimal

_ORDINALS = {1: "first", 2: "second", 3: "third"}
_ENDINGS = {1: "st", 2: "nd", 3: "rd"}


def quoted(text: str) -> str:
    return f"“{text}”"


def plain(number: Decimal | int) -> str:
    """Without an exponent and needless zeros, with commas between thousands."""
    text = f"{Decimal(number):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def so_many(number: Decimal | int, one: str) -> str:
    """A number of things whose plural has an s, such as "1 point" and "1,000 points"."""
    return f"{plain(number)} {one if number == 1 else f'{one}s'}"


def times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def ordinal(number: int) -> str:
    if number in _ORDINALS:
        return _ORDINALS[number]
    is_teen = number // 10 % 10 == 1
    return f"{number:,}{'th' if is_teen else _ENDINGS.get(number % 10, 'th')}"


def joined(parts: Sequence[str], word: str) -> str:
    """ "a, b and c"; with semicolons if one of them has a comma of its own."""
    if len(parts) < 2:
        return "".join(parts)
    if any(", " in part for part in parts):
        return f"{'; '.join(parts[:-1])}; {word} {parts[-1]}"
    return f"{', '.join(parts[:-1])} {word} {parts[-1]}"


def moment_words(moment: datetime, zone: tzinfo) -> str:
    """A moment on the zone's clock; of midnight, the day."""
    local = moment.astimezone(zone)
    clock = f"{local:, %H:%M}" if local.hour or local.minute else ""
    return f"{day_words(local)}{clock}"


def day_words(day: date) -> str:
    return f"{day:%-d %b %Y}"
