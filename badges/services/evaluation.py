"""Bring the badge ledger in line with what a condition says of members."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from badges.models import ConditionVersion
from loyalty.actors import Actor
from loyalty.models import Store


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What one evaluation did: numbers of completions, and of members whose ledger changed."""

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
    """
    raise NotImplementedError
