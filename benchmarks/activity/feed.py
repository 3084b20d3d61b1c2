"""Events over HTTP, in batches, as an integration sends them."""

import http.client
import random
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson
from django.db import connection

from benchmarks import data
from benchmarks.activity.scene import EVENTS, STORE
from benchmarks.data import FIRST_MEMBER, Credentials
from benchmarks.load import LoadFailed
from benchmarks.server import HOST

BATCH = 1000
_PATIENCE = 600.0
_LOOK_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Feed:
    port: int
    credentials: Credentials
    members: int

    def batches(self, name: str, events: int) -> list[bytes]:
        """Bodies made before the clock runs; `name` keeps the event ids of rounds apart."""
        luck = random.Random(name)  # The same load each time.
        now = datetime.now(UTC).isoformat()
        return [
            orjson.dumps(
                {
                    "events": [
                        {
                            "type": luck.choice(EVENTS),
                            "eventDate": now,
                            "eventId": f"{name}-{start + place}",
                            "customerData": {"customerId": self._anybody(luck)},
                            "body": {
                                "amount": luck.randrange(100),
                                "shop": f"shop {luck.randrange(7)}",
                            },
                        }
                        for place in range(min(BATCH, events - start))
                    ]
                }
            )
            for start in range(0, events, BATCH)
        ]

    def send(self, batches: list[bytes], senders: int) -> None:
        """All of them, by so many connections at once."""
        queue, failures = iter(batches), list[str]()
        lock = threading.Lock()
        threads = [
            threading.Thread(target=self._send_some, args=(queue, lock, failures))
            for _ in range(senders)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise LoadFailed(failures[0])

    def _send_some(self, queue: Iterator[bytes], lock: threading.Lock, failures: list[str]) -> None:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_PATIENCE)
        path = f"/api/{data.store_code(STORE)}/customEvent/batch"
        headers = {
            "Authorization": f"Bearer {self.credentials.token}",
            "Content-Type": "application/json",
        }
        while True:
            with lock:
                body = next(queue, None)
            if body is None or failures:
                return
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status != http.HTTPStatus.OK or b'"errors"' in answer:
                failures.append(f"{response.status} {answer[:500].decode()}")

    def _anybody(self, luck: random.Random) -> str:
        return data.member_id(STORE, FIRST_MEMBER + luck.randrange(self.members))


def wait_until_evaluated() -> None:
    """Until no condition has anything left to look at."""
    deadline = time.monotonic() + _PATIENCE
    while _count("members_touchedmember"):
        if time.monotonic() > deadline:
            raise LoadFailed("The conditions did not catch up.")
        time.sleep(_LOOK_EVERY)


def grants() -> int:
    return _count("badges_badgeentry")


def _count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return int(cursor.fetchone()[0])
