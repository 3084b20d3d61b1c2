"""Let facts find each other that belong together and arrive at the same moment.

An activity may name a member who is being registered, a return may come with its purchase.  Each
looks for the other; but what a transaction has written, another one does not see before it is
committed, and so both could look in vain, and be left alone for ever.

Therefore each takes the lock of what they have in common *before* it looks, and keeps it until it
is committed.  Whichever is second then looks after the first one's commit, and finds it.  Those
who bring many of a kind (activity, purchases) share the lock with each other; those who come for
them (a registration, a return) have it alone.

The locks are PostgreSQL's advisory ones, of which a server has room for some thousands: names
share 64 locks in each store, so a batch of a thousand takes no more.  A transaction takes all of
its locks in one go, in one order; two of them never wait for each other in a ring.
"""

from collections.abc import Iterable

from django.db import connection

from loyalty.models import Store

# Names are compared in lower case, so that those which differ in case only have one lock.
_LOCK = """
SELECT CASE WHEN alone THEN pg_advisory_xact_lock(key) ELSE pg_advisory_xact_lock_shared(key) END
  FROM (SELECT hashtextextended(%(store)s || ':' || (hashtext(lower(named.name)) & 63), 0) AS key,
               bool_or(named.alone) AS alone
          FROM unnest(%(names)b::text[], %(alone)b::bool[]) AS named (name, alone)
         GROUP BY 1 ORDER BY 1 OFFSET 0) AS bucket
"""


def lock_names(store: Store, *, bringing: Iterable[str] = (), coming: Iterable[str] = ()) -> None:
    """Take the locks of the names, until the transaction ends.

    `bringing`: shared with others who bring; `coming`: alone.  Call it once in a transaction, and
    before its first look at what the names stand for.
    """
    wanted = dict.fromkeys(bringing, False) | dict.fromkeys(coming, True)
    if not wanted:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _LOCK,
            {"store": str(store.id), "names": list(wanted), "alone": list(wanted.values())},
        )


def member_name(key: str, value: str) -> str:
    """The name of whoever is called so: `key` as in a URL, such as "email"."""
    return f"{key}:{value}"


def document_name(external_id: str) -> str:
    """The name of a transaction."""
    return f"document:{external_id}"
