"""Who evaluates conditions, and who changes them, do not do so at the same time.

A store's conditions are what its evaluation found when it began, until its transaction ends.  So
whatever is learned about a member is either evaluated by the old conditions, and was there when
the new ones were published, or by the new ones.
"""

from django.db import connection

from loyalty.models import Store

# A key for PostgreSQL's advisory locks, beside the store's own.
_CONDITIONS = 7_305_413

_SHARED = "SELECT pg_advisory_xact_lock_shared(%s, hashtext(%s))"
_ALONE = "SELECT pg_advisory_xact_lock(%s, hashtext(%s))"


def hold_conditions(store: Store) -> None:
    """Until the transaction ends, the store's current conditions stay what they are.

    So does its timezone, which is read once more: it may have changed while this waited.
    """
    _take(_SHARED, store)
    store.refresh_from_db(fields=["timezone"])


def change_conditions(store: Store) -> None:
    """Wait for evaluations under way; those that come wait for this transaction.

    To be called first in every transaction that changes which conditions of the store are
    current, what they listen to, which of its badge types are active, or its timezone.
    """
    _take(_ALONE, store)


def _take(lock: str, store: Store) -> None:
    with connection.cursor() as cursor:
        cursor.execute(lock, [_CONDITIONS, str(store.id)])
