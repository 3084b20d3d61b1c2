"""Write the lines that say what expired.

Balances do not wait for it: points stop counting at their own moment, by which the lines are
dated.  So it makes no difference when they are written, as long as they are there before the next
line of their wallet: a condition on the balance believes the ledger.
"""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection

from loyalty.actors import Actor, ActorKind, Source
from loyalty.models import Store
from loyalty.services.rounds import register_round
from loyalty.transactions import writes
from members.models import PointsKind
from members.services.locking import lock_members
from members.services.points_lines import Line, write_lines

_EVERY = timedelta(minutes=1)
_BATCH, _MOST_BATCHES = 5000, 20
_CLOCK = Actor(ActorKind.SYSTEM, None, "expiry", Source.RULE)

_DUE = """
SELECT store_id, member_id, id FROM members_pointslot
 WHERE expires_at <= %(now)s ORDER BY expires_at LIMIT %(batch)s
"""
_TAKE = """
DELETE FROM members_pointslot lot USING unnest(%(ids)b::uuid[]) AS given (id)
 WHERE lot.store_id = %(store)s AND lot.id = given.id AND lot.expires_at <= %(now)s
RETURNING lot.member_id, lot.wallet, lot.remaining, lot.expires_at, lot.id
"""
_TAKE_ALL = """
DELETE FROM members_pointslot lot USING unnest(%(members)b::uuid[]) AS given (id)
 WHERE lot.store_id = %(store)s AND lot.member_id = given.id AND lot.expires_at <= %(now)s
RETURNING lot.member_id, lot.wallet, lot.remaining, lot.expires_at, lot.id
"""


def register_expiry() -> None:
    register_round("points expiry", _EVERY, expire_points)


def expire_points(now: datetime) -> None:
    """Let everything expire that is due, in small transactions; the next call goes on."""
    for _ in range(_MOST_BATCHES):
        with connection.cursor() as cursor:
            cursor.execute(_DUE, {"now": now, "batch": _BATCH})
            due = cursor.fetchall()
        by_store: defaultdict[UUID, dict[UUID, UUID]] = defaultdict(dict)
        for store_id, member_id, lot_id in due:
            by_store[store_id][lot_id] = member_id
        for store in Store.objects.filter(id__in=by_store):
            expire_lots(store, lots=by_store[store.id], actor=_CLOCK, now=now)
        if len(due) < _BATCH:
            return


@writes
def expire_lots(store: Store, *, lots: dict[UUID, UUID], actor: Actor, now: datetime) -> None:
    """Let those of the lots (with their members) expire that are still there, and due."""
    lock_members(store, set(lots.values()))
    _write(store, _TAKE, {"ids": list(lots)}, actor=actor, now=now)


def expire_before(store: Store, members: Collection[UUID], *, now: datetime) -> None:
    """Let everything of these members expire that is due, before they get other lines.

    The caller holds the members' locks.
    """
    _write(store, _TAKE_ALL, {"members": list(members)}, actor=_CLOCK, now=now)


def _write(
    store: Store, statement: str, given: dict[str, list[UUID]], *, actor: Actor, now: datetime
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"store": store.id, "now": now, **given})
        lines = [
            Line(
                member_id, wallet, PointsKind.EXPIRED, -remaining, expires_at, undoes_id=lot_id
            )
            for member_id, wallet, remaining, expires_at, lot_id in cursor.fetchall()
        ]  # fmt: skip
    write_lines(store, lines, actor=actor, now=now)
