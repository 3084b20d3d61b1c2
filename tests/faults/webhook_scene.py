"""`python -m tests.faults.webhook_scene CODE EVENTS URL...`: so many events, told to each URL.

Prints the store's id and those of the subscriptions.
"""

import sys

from tests.faults import rehearsed  # noqa: F401 (sets Django up)

# isort: split
from django.db import connection
from django.utils import timezone

from loyalty.models import EventName, Store
from loyalty.services.webhooks.subscriptions import create_subscription
from tests.builders import TESTER, make_store

_EVENTS = """
INSERT INTO loyalty_event
       (id, store_id, name, subject_kind, subject_id, data, actor_kind, actor_label, source,
        recorded_at)
SELECT gen_random_uuid(), %s, 'BadgeCompleted', 'badgeType', 'x', '{}', 'system', '', 'job', now()
  FROM generate_series(1, %s)
"""


def main(code: str, events: int, urls: list[str]) -> None:
    store = make_store(code)
    subscriptions = [
        create_subscription(
            store, event_names=[EventName.BADGE_COMPLETED], url=url, actor=TESTER,
            now=timezone.now(),
        )[0]
        for url in urls
    ]  # fmt: skip
    happen(store, events)
    ids = " ".join(str(each.id) for each in subscriptions)
    sys.stdout.write(f"{store.id} {ids}\n")


def happen(store: Store, events: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_EVENTS, [store.id, events])


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3:])
