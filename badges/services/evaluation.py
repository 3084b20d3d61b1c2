"""Bring the badge ledger in line with what a condition says of members."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection

from badges.models import ConditionVersion, EntryKind
from badges.selectors.comparison import Difference, Fault, differences
from badges.services.expiry import expire_badge
from badges.services.ledger import Change, Line, post, record_changes
from loyalty.actors import Actor
from loyalty.models import Store
from members.services.locking import lock_members

TAKEN_BACK = "What earned it was taken back."
EARLIER = "It was earned earlier than was known."


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one evaluation did: numbers of completions, and the members whose ledger changed."""

    granted: int = 0
    redated: int = 0
    revoked: int = 0
    members: frozenset[UUID] = frozenset()


def evaluate(
    store: Store,
    version: ConditionVersion,
    member_ids: Collection[UUID],
    *,
    actor: Actor,
    now: datetime,
    source_id: str,
    silent: bool = False,
    take_away: bool = False,
) -> Evaluated:
    """Write the lines that the ledger lacks, in the transaction under way.

    It locks the members first, so what was committed before is seen, and whoever evaluates the
    same members at the same time finds nothing left to do.  With `take_away`, whatever the
    conditions do not say any more goes, whatever the version's refund policy is.  `silent` marks
    the events, so that nobody is congratulated for what is years old.

    Badges of types that are inactive or deleted are left alone.
    """
    badge_type = version.badge_type
    if not badge_type.active or badge_type.deleted_at is not None:
        return Evaluated()
    locked = lock_members(store, member_ids)
    _read_by_index()
    found = differences(store, version, locked, now=now, take_away=take_away)
    if not found:
        return Evaluated()
    members = frozenset(difference.member_id for difference in found)
    # What is renewed begins to count anew.
    expire_badge(store, badge_type, members, now=now)
    lines = [
        line
        for difference in found
        for line in _lines(version, difference, now=now, source_id=source_id)
    ]
    changes = post(store, lines, actor=actor, now=now)
    record_evaluation(store, version, changes, actor=actor, silent=silent)
    count = {fault: sum(each.fault == fault for each in found) for fault in Fault}
    return Evaluated(count[Fault.MISSING], count[Fault.LATE], count[Fault.EXCESS], members)


def _read_by_index() -> None:
    """What is asked from now on, in this transaction, is about given members.

    A log that grew from nothing within the last minute still counts as a handful of rows to
    PostgreSQL, which would then read all of them for each of the members.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")


def _lines(
    version: ConditionVersion, found: Difference, *, now: datetime, source_id: str
) -> Iterator[Line]:
    """Each key names the completion, and how many lines were written of it before."""
    key = f"rule:{version.series.hex}:{found.member_id}:{found.completion}"
    generation = found.lines
    if found.granted_at is not None:
        # The line that takes away is its version's who had granted it.
        is_late = found.fault == Fault.LATE
        yield Line(
            found.member_id,
            version.badge_type_id,
            EntryKind.CORRECTION if is_late else EntryKind.REVOCATION,
            -1,
            found.granted_at if is_late else now,
            EARLIER if is_late else TAKEN_BACK,
            source_id,
            f"{key}:{generation}",
            found.granted_by,
            found.completion,
        )
        generation += 1
    if found.due_at is not None:
        yield Line(
            found.member_id,
            version.badge_type_id,
            EntryKind.GRANT,
            1,
            found.due_at,
            EARLIER if found.fault == Fault.LATE else "",
            source_id,
            f"{key}:{generation}",
            version.id,
            found.completion,
        )


def record_evaluation(
    store: Store,
    version: ConditionVersion,
    changes: Sequence[Change],
    *,
    actor: Actor,
    silent: bool,
) -> None:
    """Events in Open Loyalty's words (notes, section 6.2); a change of dates alone is none."""
    about = {"conditionVersionId": str(version.id), **({"silent": True} if silent else {})}
    by_nobody = {"adminId": None, "manuallyEdited": False}
    record_changes(
        store,
        [each for each in changes if each.after > each.before],
        badge_type=version.badge_type,
        actor=actor,
        corrected=False,
        more=about,
    )
    record_changes(
        store,
        [each for each in changes if each.after < each.before],
        badge_type=version.badge_type,
        actor=actor,
        corrected=True,
        more={**about, **by_nobody},
    )
