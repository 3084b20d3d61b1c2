"""Jobs on badges from a list that somebody pasted: one member a line, called whatever they are.

`key=value` says what it is, as in a URL.  What stands alone is recognised: a UUID, an e-mail
address, a wallet's address, a phone number that begins with "+"; anything else is a card number,
unless it is all digits, no card has that number, and somebody's phone has.
"""

import re
from collections.abc import Collection, Iterator, Sequence

from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Job, Store
from loyalty.services.jobs.creation import Stage
from loyalty.services.jobs.staging import Staged, StagedRow, stage_rows
from members.selectors.identifiers import KEYS, member_ids

MAX_LINES = 10_000

_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_WALLET = re.compile(r"0x[0-9a-fA-F]{40}")
_PHONE = re.compile(r"\+[0-9]{1,31}")
_DIGITS = re.compile(r"[0-9]{1,32}")
_CARD = re.compile(r"[0-9a-zA-Z._-]{1,255}")
_LONGEST = 255
# What surrounds a value that was copied out of a table or an address book.
_AROUND = " \t\"'<>,;"
_NOBODY = "This names no member."
_KEYS = {"memberid": "id", "customerid": "id", **{key.lower(): key for key in KEYS}}


def stage_list(store: Store, text: str) -> Stage:
    """One row for each line that is not empty; raises `Invalid` on `names` for none or too many."""
    stripped = (line.strip(_AROUND) for line in text.splitlines())
    given = [(number, line) for number, line in enumerate(stripped, start=1) if line]
    if not given:
        raise Invalid(Violation(Code.BLANK, "names", "Name somebody."))
    if len(given) > MAX_LINES:
        message = f"These are more than {MAX_LINES:,} lines. Upload them as a file."
        raise Invalid(Violation(Code.TOO_LONG, "names", message))

    def stage(job: Job) -> Staged:
        # Before the rows go in: the connection is busy while they do.
        phones = _phones(store, [text for _, text in given if _DIGITS.fullmatch(text)])
        return stage_rows(job, _rows(given, phones))

    return stage


def _phones(store: Store, numbers: Sequence[str]) -> set[str]:
    """Those of the numbers that are somebody's phone number and nobody's card number."""
    phones = member_ids(store, [("phone", number) for number in numbers])
    cards = member_ids(store, [("loyaltyCardNumber", number) for _, number in phones])
    return {number for _, number in phones if ("loyaltyCardNumber", number) not in cards}


def _rows(given: Sequence[tuple[int, str]], phones: Collection[str]) -> Iterator[StagedRow]:
    for line, text in given:
        key, value = ("phone", text) if text in phones else _read(text)
        if key:
            yield StagedRow(line, key, value)
        else:
            yield StagedRow(line, raw=text, problem=_NOBODY)


def _read(text: str) -> tuple[str, str]:
    """The key and the value; no key for what can name nobody."""
    said, equals, value = text.partition("=")
    key = _KEYS.get(said.strip().lower(), "") if equals else ""
    value = value.strip(_AROUND) if key else text
    if not key:
        key = _recognised(text)
    if not value or len(value) > _LONGEST or (key == "id" and not _UUID.fullmatch(value)):
        return "", ""
    return key, value.lower() if key == "id" else value


def _recognised(text: str) -> str:
    forms = (("id", _UUID), ("walletAddress", _WALLET), ("phone", _PHONE))
    for key, form in forms:
        if form.fullmatch(text):
            return key
    if "@" in text and " " not in text:
        return "email"
    return "loyaltyCardNumber" if _CARD.fullmatch(text) else ""
