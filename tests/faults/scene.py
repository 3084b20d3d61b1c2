"""`python -m tests.faults.scene CODE MEMBERS`: a store with so many members, and a job for all.

The members come from SQL, the job from the product's own service.  Prints the ids of both.
"""

import sys

from tests.faults import rehearsed  # noqa: F401 (sets Django up, and what a test adds)

# isort: split
from django.db import connection

from badges.services.job_creation import create_badge_job, stage_chosen
from badges.services.jobs import ASSIGN
from members.models import Member
from tests.builders import TESTER, make_badge_type, make_store

MEMBERS = """
INSERT INTO members_member
       (id, store_id, email, first_name, last_name, gender, address, company, labels, agreement1,
        agreement2, agreement3, locale, timezone, active, anonymized, password, token_version,
        registered_at, created_at, updated_at)
SELECT gen_random_uuid(), %s, 'm' || n || '@example.com', '', '', 'not_disclosed', '{}', '{}',
       '[]', false, false, false, '', '', true, false, '', 0, now(), now(), now()
  FROM generate_series(1, %s) n
"""


def main(code: str, members: int) -> None:
    store = make_store(code)
    badge_type = make_badge_type(store, "gold")
    with connection.cursor() as cursor:
        cursor.execute(MEMBERS, [store.id, members])
        cursor.execute("ANALYZE members_member")
    job = create_badge_job(
        store, kind=ASSIGN, badge_type=badge_type, actor=TESTER,
        stage=stage_chosen(Member.for_store(store)),
    )  # fmt: skip
    sys.stdout.write(f"{store.id} {job.id}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
