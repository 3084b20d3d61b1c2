"""Write lines into the points ledger.  The only code that does."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from loyalty.actors import Actor
from loyalty.models import EventName, Store
from loyalty.models.keys import new_id
from loyalty.services.events import Told, record_all
from members.models import PointsKind
from members.services.touching import Touch, touch


@dataclass(frozen=True, slots=True)
class Line:
    """One line to write; `amount` has the sign with which it enters the balance.

    `since`: the earliest moment about which conditions may think otherwise now; by default the
    line's own.
    """

    member_id: UUID
    wallet: str
    kind: PointsKind
    amount: Decimal
    occurred_at: datetime
    expires_at: datetime | None = None
    external_id: str | None = None
    undoes_id: UUID | None = None
    comment: str = ""
    drawn: Mapping[UUID, Decimal] = field(default_factory=dict)
    since: datetime | None = None
    id: UUID = field(default_factory=new_id)


def points_input(wallet: str) -> str:
    """What a condition on that wallet listens to."""
    return f"points:{wallet}"


_WRITE = """
INSERT INTO members_pointsentry
       (id, store_id, member_id, wallet, kind, amount, occurred_at, expires_at, external_id,
        undoes_id, comment, drawn, actor_kind, actor_id, actor_label, source, recorded_at)
SELECT line.id, %(store)s, line.member_id, line.wallet, line.kind, line.amount,
       line.occurred_at, line.expires_at, line.external_id, line.undoes_id, line.comment,
       line.drawn, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(source)s, %(now)s
  FROM unnest(%(ids)b::uuid[], %(members)b::uuid[], %(wallets)b::text[], %(kinds)b::text[],
              %(amounts)b::numeric[], %(moments)b::timestamptz[], %(expiries)b::timestamptz[],
              %(externals)b::text[], %(undone)b::uuid[], %(comments)b::text[],
              %(drawn)b::jsonb[])
       AS line (id, member_id, wallet, kind, amount, occurred_at, expires_at, external_id,
                undoes_id, comment, drawn)
"""


def write_lines(store: Store, lines: Sequence[Line], *, actor: Actor, now: datetime) -> None:
    """Add the lines to the transaction under way, in one statement; tell of them, touch members.

    The caller holds the members' locks.  Raises `IntegrityError` for an external id that is in
    the ledger already.
    """
    if not lines:
        return
    values: dict[str, Any] = {
        "store": store.id,
        "actor_kind": actor.kind,
        "actor_id": actor.id,
        "actor_label": actor.label,
        "source": actor.source,
        "now": now,
        "ids": [line.id for line in lines],
        "members": [line.member_id for line in lines],
        "wallets": [line.wallet for line in lines],
        "kinds": [str(line.kind) for line in lines],
        "amounts": [line.amount for line in lines],
        "moments": [line.occurred_at for line in lines],
        "expiries": [line.expires_at for line in lines],
        "externals": [line.external_id for line in lines],
        "undone": [line.undoes_id for line in lines],
        "comments": [line.comment for line in lines],
        "drawn": [_written(line.drawn) for line in lines],
    }
    with connection.cursor() as cursor:
        cursor.execute(_WRITE, values)
    record_all(store, (_told(line) for line in lines), actor=actor)
    touch(
        store,
        [
            Touch(
                line.member_id,
                points_input(line.wallet),
                line.since or line.occurred_at,
                takes_away=line.kind != PointsKind.ADDING,
            )
            for line in lines
        ],
        now=now,
    )


def _told(line: Line) -> Told:
    data = {
        "type": line.kind, "walletCode": line.wallet, "points": float(line.amount),
        "occurredAt": line.occurred_at, "expiresAt": line.expires_at,
        "undoneTransferId": line.undoes_id,
    }  # fmt: skip
    return Told(EventName.POINTS_CHANGED, "transfer", line.id, line.member_id, data)


def _written(drawn: Mapping[UUID, Decimal]) -> str:
    return json.dumps({str(lot_id): str(amount) for lot_id, amount in drawn.items()})
