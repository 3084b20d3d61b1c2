"""The server dies at the worst moment, and the client tries again with the same key."""

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from django.db import connection

from badges.models import BadgeEntry, BadgeType
from loyalty.models import Administrator, Event, IdempotencyKey, Store
from members.models import Member
from tests.builders import admin_token
from tests.faults.dying_server import BEFORE_THE_ANSWER, INSIDE_THE_TRANSACTION
from tests.running.processes import CHECKOUT

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.faults]

PATH = "/api/ALPHA/member/email=anna@example.com/badge"
KILLS = 20


@dataclass
class Shop:
    """An integrator's program: it sends a grant and reads the answer, if there is one."""

    port: int
    token: str

    def grant(self, *, key: str = "", die: str = "") -> tuple[int, dict[str, str], bytes] | None:
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        headers |= {"Idempotency-Key": key} if key else {}
        headers |= {"X-Die": die} if die else {}
        call = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            call.request("POST", PATH, json.dumps({"systemCode": "gold"}), headers)
            answer = call.getresponse()
            return answer.status, dict(answer.getheaders()), answer.read()
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return None
        finally:
            call.close()


@pytest.fixture
def shop(manager: Administrator, member: Member, badge_type: BadgeType) -> Iterator[Shop]:
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.dying_server"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=CHECKOUT,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.settings",
            "DATABASE_URL": _test_database(),
        },
    )
    with server:
        try:
            assert server.stdout is not None
            yield Shop(int(server.stdout.readline()), admin_token(manager))
        finally:
            server.kill()


def _test_database() -> str:
    """The URL of the database that this test run uses, for a process of its own."""
    settings = connection.settings_dict
    host, port = quote(str(settings["HOST"]), safe=""), settings["PORT"]
    who = f"{quote(str(settings['USER']))}:{quote(str(settings['PASSWORD']))}"
    place = f":{port}" if port else ""
    return f"postgresql://{who}@{place}/{quote(str(settings['NAME']))}?host={host}"


def test_a_retry_after_the_commit_gets_the_first_answer(
    shop: Shop, store: Store, badge_type: BadgeType
) -> None:
    expected = b'{"badgeTypeId":"%s"}' % str(badge_type.id).encode()
    for kill in range(1, KILLS + 1):
        key = f"order-{kill:04d}"
        assert shop.grant(key=key, die=BEFORE_THE_ANSWER) is None
        assert BadgeEntry.for_store(store).count() == kill, "It died before the commit."

        answer = shop.grant(key=key)

        assert answer is not None
        status, headers, body = answer
        assert (status, body) == (200, expected)
        assert headers["Idempotent-Replayed"] == "true"
        assert BadgeEntry.for_store(store).count() == kill

    assert Event.for_store(store).filter(name="BadgeCompleted").count() == KILLS


def test_a_retry_after_a_death_inside_the_transaction_does_the_work(
    shop: Shop, store: Store
) -> None:
    for kill in range(1, KILLS // 2 + 1):
        key = f"order-{kill:04d}"
        assert shop.grant(key=key, die=INSIDE_THE_TRANSACTION) is None
        assert BadgeEntry.for_store(store).count() == kill - 1
        assert IdempotencyKey.objects.get(key=key).status is None

        answer = shop.grant(key=key)

        assert answer is not None
        assert answer[0] == 200
        assert "Idempotent-Replayed" not in answer[1]
        assert BadgeEntry.for_store(store).count() == kill


def test_without_a_key_the_retry_counts_again(shop: Shop, store: Store) -> None:
    """The positive control: the death is real, and only the key helps."""
    assert shop.grant(die=BEFORE_THE_ANSWER) is None

    answer = shop.grant()

    assert answer is not None
    assert answer[0] == 200
    assert BadgeEntry.for_store(store).count() == 2
