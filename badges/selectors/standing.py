"""How far one member is towards a badge, by the version in force."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from badges.conditions.compiler import reached
from badges.conditions.progress import Progress, leaf_values, progress
from badges.conditions.query import Scope
from badges.conditions.tree import Node
from badges.models import ConditionVersion
from badges.selectors.comparison import condition_of
from loyalty.models import Store
from members.models import Member


@dataclass(frozen=True, slots=True)
class Standing:
    """`met` is how often the member has met the condition, and `time` which time comes next.

    When it cannot be met again, `time` is the last one.
    """

    node: Node
    met: int
    time: int
    progress: Progress


def standing(store: Store, version: ConditionVersion, member: Member, *, now: datetime) -> Standing:
    """What the logs say of the member; the ledger is not asked."""
    node = condition_of(version)
    assert version.counting_from is not None  # noqa: S101 (it was published)
    everything = Scope(store, version.counting_from, version.repeat_limit, [member.id])
    met = _times_met(node, everything)
    time = min(met + 1, everything.most)
    towards = Scope(store, version.counting_from, time, [member.id])
    values = leaf_values(node, towards, now=now).get(member.id, {})
    return Standing(node, met, time, progress(node, values, time=time))


def _times_met(node: Node, scope: Scope) -> int:
    query = reached(node, scope)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT coalesce(max(k), 0) FROM ({query.sql}) met",  # noqa: S608 (the compiler's)
            query.params,
        )
        (found,) = cursor.fetchone()
    return int(found)
