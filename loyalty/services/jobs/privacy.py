"""What jobs know of a person, when the person is to be forgotten."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from loyalty.models import Store

# Only e-mail addresses are the same in any case: a card number that differs in case is another's.
_FORGET = """
UPDATE loyalty_jobrow named
   SET identifier_key = 'id', identifier = %(member)s, raw = ''
  FROM unnest(%(keys)s::text[], %(values)s::text[]) AS given (key, value)
 WHERE named.store_id = %(store)s AND named.identifier_key NOT IN ('', 'id')
   AND named.identifier_key = given.key AND lower(named.identifier) = lower(given.value)
   AND (given.key = 'email' OR named.identifier = given.value)
"""


def forget_names_in_jobs(
    store: Store, *, member_id: UUID, names: Iterable[tuple[str, str]]
) -> None:
    """Lines of jobs that name the member so name them by their id from now on.

    A job that is still at work does them all the same.  `names` are keys and values, such as
    ("email", "anna@example.com").  A line that could not be read names nobody, and goes with
    its job's other lines 30 days after the job has ended.
    """
    given = list(names)
    with connection.cursor() as cursor:
        cursor.execute(
            _FORGET,
            {
                "store": store.id,
                "member": str(member_id),
                "keys": [key for key, _ in given],
                "values": [value for _, value in given],
            },
        )
