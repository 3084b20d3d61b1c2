"""The data: one store whose badges are read all the time, and stores whose members get a badge."""

from django.db import connection

from benchmarks import data
from benchmarks.data import FIRST_BADGE, FIRST_MEMBER, FIRST_STORE, Credentials, Size

READ = Size(stores=1, members=2500, badges=12)
"""The first store: of its members the badges are listed while others get theirs."""

SMALL, JOB, RAW = FIRST_STORE + 1, FIRST_STORE + 2, FIRST_STORE + 3
"""One with a twentieth of the members, one for Rosette's jobs, one for the raw SQL."""

BADGES = 12
_SHARE_OF_SMALL = 20


def members_of(store: int, members: int) -> int:
    return max(1, members // _SHARE_OF_SMALL) if store == SMALL else members


def load(members: int) -> Credentials:
    data.load(READ)
    for store in (SMALL, JOB, RAW):
        data.make_store(store, BADGES)
        add_members(store, members_of(store, members))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    return data.employ(Size(RAW - FIRST_STORE + 1, members, BADGES))


def settle() -> None:
    """What is timed next starts with no writes outstanding from what came before."""
    with connection.cursor() as cursor:
        cursor.execute("CHECKPOINT")


def badge(round_number: int) -> int:
    """Each round gives a badge that nobody has."""
    return FIRST_BADGE + round_number


def email(member: int) -> str:
    return f"member{member}@example.com"


def add_members(store: int, members: int) -> None:
    """As `data` has them, but made by PostgreSQL: there are millions."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO members_member
                   (id, store_id, email, first_name, last_name, gender, address, company, labels,
                    agreement1, agreement2, agreement3, locale, active, anonymized, password,
                    token_version, registered_at, created_at, updated_at)
            SELECT (%(prefix)s || number)::uuid, %(store)s::uuid,
                   'member' || number || '@example.com', 'Anna', 'Number ' || number,
                   'not_disclosed', '{}', '{}', '[]', false, false, false, '', true, false, '', 0,
                   now(), now(), now()
              FROM generate_series(%(first)s::int, %(last)s::int) AS number
            """,
            {
                "prefix": data.member_id(store, ""),
                "store": data.store_id(store),
                "first": FIRST_MEMBER,
                "last": FIRST_MEMBER + members - 1,
            },
        )
