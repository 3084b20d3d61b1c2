"""Members who are nearly there, as a CSV file."""

import csv
import io
from collections.abc import Iterable, Iterator

from badges.selectors.near_members import NearMember
from loyalty.selectors.reports import harmless


def near_lines(found: Iterable[NearMember], *, with_people: bool = False) -> Iterator[str]:
    """Line by line, and safe to open in a spreadsheet; `with_people` adds what they are called."""
    names = ("firstName", "lastName") if with_people else ()
    yield _line("memberId", "email", "phone", "loyaltyCardNumber", *names, "steps")
    for each in found:
        who = each.member
        texts = [who.email, who.phone, who.loyalty_card_number]
        texts += [who.first_name, who.last_name] if with_people else []
        yield _line(str(who.id), *(text or "" for text in texts), str(each.steps))


def _line(*cells: str) -> str:
    line = io.StringIO()
    csv.writer(line).writerow([harmless(cell) for cell in cells])
    return line.getvalue()
