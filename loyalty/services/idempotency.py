"""Answer a repeated request with its first answer.

The key's row is committed empty before the work begins; the work, and the answer written into
that row, commit together.  A crash before that commit leaves nothing but an empty row, a crash
after it an answer to repeat; the lock is PostgreSQL's and vanishes with its holder, so there is
nothing to expire.
"""

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import Fernet
from django.conf import settings
from django.db import OperationalError, connection

from loyalty.errors import Conflict, DomainError
from loyalty.models import IdempotencyKey, Store
from loyalty.transactions import request_transaction

_LOCK_NOT_AVAILABLE = "55P03"


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes
    keep: bool
    """Whether the same request would be answered so again: a refused login would not."""
    replayed: bool = False


class KeyReused(DomainError):
    """The key has been used for another request."""


def once(
    store: Store | None,
    *,
    principal: str,
    key: str,
    fingerprint: bytes,
    now: datetime,
    work: Callable[[], Answer],
) -> Answer:
    """Do the work, or repeat the answer it was given when it was done.

    Raises `KeyReused` if the key came with another request before, and `Conflict` while the
    first request is still being worked on.
    """
    row_id = _reserve(store, principal, key, fingerprint, now)
    with request_transaction():
        row = _lock(row_id)
        if row.created_at < now - settings.IDEMPOTENCY_KEY_LIFETIME:
            row.fingerprint, row.status, row.created_at = fingerprint, None, now
            row.save(update_fields=["fingerprint", "status", "created_at"])
        if bytes(row.fingerprint) != fingerprint:
            raise KeyReused
        if row.status is not None:
            return Answer(row.status, _cipher().decrypt(bytes(row.body or b"")), True, True)
        answer = work()
        if answer.keep:
            IdempotencyKey.objects.filter(id=row_id).update(
                status=answer.status, body=_cipher().encrypt(answer.body)
            )
        return answer


def forget_old_keys(*, now: datetime) -> int:
    """Delete the keys past their promised life; returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DELETE FROM loyalty_idempotencykey WHERE id IN (
                SELECT id FROM loyalty_idempotencykey WHERE created_at < %s
                 LIMIT 10000 FOR UPDATE SKIP LOCKED)
            """,
            [now - settings.IDEMPOTENCY_KEY_LIFETIME],
        )
        return int(cursor.rowcount)


def _reserve(
    store: Store | None, principal: str, key: str, fingerprint: bytes, now: datetime
) -> int:
    """The row's number, found or made, committed by itself."""
    values = {
        "store": store.id if store else None,
        "principal": principal,
        "key": key,
        "fingerprint": fingerprint,
        "now": now,
    }
    with connection.cursor() as cursor:
        # DO UPDATE would lock the row that is there, and so wait for whoever works on it.
        cursor.execute(
            """
            INSERT INTO loyalty_idempotencykey (store_id, principal, key, fingerprint, created_at)
            VALUES (%(store)s, %(principal)s, %(key)s, %(fingerprint)s, %(now)s)
            ON CONFLICT (store_id, principal, key) DO NOTHING RETURNING id
            """,
            values,
        )
        made = cursor.fetchone()
        if made is None:
            cursor.execute(
                """
                SELECT id FROM loyalty_idempotencykey
                 WHERE store_id IS NOT DISTINCT FROM %(store)s
                   AND principal = %(principal)s AND key = %(key)s
                """,
                values,
            )
            made = cursor.fetchone()
    return int(made[0])


def _lock(row_id: int) -> IdempotencyKey:
    try:
        return IdempotencyKey.objects.select_for_update(nowait=True).get(id=row_id)
    except OperationalError as error:
        if getattr(error.__cause__, "sqlstate", None) == _LOCK_NOT_AVAILABLE:
            raise Conflict(
                "A request with this Idempotency-Key is being worked on.", retry_after=1
            ) from None
        raise


def _cipher() -> Fernet:
    key = hashlib.sha256(b"idempotency answers" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
