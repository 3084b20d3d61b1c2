"""Write activity.

The only code that adds rows of `Activity`, whoever brings them: custom events, transactions,
completed rules and confirmations.  It works on sets: one row and a thousand take the same number
of statements.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from loyalty.models import Store
from loyalty.models.keys import new_id
from members.models import ActivitySource


@dataclass(frozen=True, slots=True)
class ActivityRow:
    """One thing that a member did, to be written.

    `external_id` is unique within the source, for ever.  The member is `member_id`, or is looked
    for by `identifiers`: any of `customerId` (a UUID), `email`, `phone`, `loyaltyCardNumber`, of
    which the first that names somebody counts, in this order.  Without either, or if nobody is
    called so, the activity waits for its member.

    `reverses_external_id` names an activity of the same source that this one takes back.
    """

    type: str
    source: ActivitySource
    external_id: str
    occurred_at: datetime
    value: Decimal = Decimal(0)
    attributes: Mapping[str, object] = field(default_factory=dict)
    member_id: UUID | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    reverses_external_id: str = ""
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a row: `id` is the activity that has its external id now.

    `is_new` is false if that one was there before, and nothing was written.
    """

    id: UUID
    is_new: bool


def record_activities(
    store: Store, rows: Sequence[ActivityRow], *, now: datetime
) -> list[Recorded]:
    """Write the rows whose external ids are new, in the transaction under way.

    Finds their members, applies what takes something back, and touches everybody concerned.
    The answer has one element for each row, in their order.
    """
    raise NotImplementedError
