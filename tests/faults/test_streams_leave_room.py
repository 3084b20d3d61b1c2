"""Streams of events on the web server that production has."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection, HTTPResponse

import pytest

from tests.faults.rig import Rig
from tests.running.processes import CHECKOUT, free_port, wait_until

pytestmark = pytest.mark.faults

STREAM, FEED, SETTINGS = "/api/STREAMS/event/stream", "/api/STREAMS/event", "/api/STREAMS/settings"


class Caller:
    def __init__(self, port: int, key: str) -> None:
        self._port, self._headers = port, {"X-AUTH-TOKEN": key, "Content-Type": "application/json"}

    def call(self, method: str, path: str, body: str = "") -> int:
        """The status of the answer, which is read to its end."""
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            connection.request(method, path, body, self._headers)
            answer = connection.getresponse()
            answer.read()
            return answer.status

    @contextmanager
    def following(self) -> Iterator[HTTPResponse]:
        """A stream; in the end its reader goes without a word."""
        with closing(HTTPConnection("127.0.0.1", self._port, timeout=30)) as connection:
            connection.request("GET", STREAM, headers=self._headers)
            answer = connection.getresponse()
            with answer:
                yield answer

    def is_up(self) -> bool:
        try:
            return self.call("GET", FEED) == 200
        except OSError:
            return False

    def finds_a_place(self) -> bool:
        with self.following() as stream:
            return stream.status == 200


def read_until(stream: HTTPResponse, start: bytes) -> bytes:
    while not (line := stream.readline()).startswith(start):
        assert line, "The stream ended."
    return line


def test_streams_tell_at_once_and_leave_room_for_others(
    rig: Rig, tell: Callable[[str], None]
) -> None:
    key = subprocess.check_output(
        [sys.executable, "-m", "tests.faults.stream_scene", "STREAMS"], cwd=CHECKOUT,
        env=rig.environment(), text=True,
    ).strip()  # fmt: skip
    port = free_port()
    rig.run(
        *("-m", "granian", "config.wsgi:application", "--interface", "wsgi", "--http", "1"),
        *("--no-ws", "--port", str(port), "--workers", "1", "--blocking-threads", "4"),
        DATABASE_POOL="1",
    )
    caller = Caller(port, key)
    wait_until(caller.is_up, 30)

    with caller.following() as first, caller.following() as second:
        assert [first.readline(), second.readline()] == [b"retry: 2000\n"] * 2
        with caller.following() as refused:
            assert (refused.status, refused.headers["Retry-After"]) == (429, "5")
        began = time.monotonic()
        assert {caller.call("GET", FEED) for _ in range(50)} == {200}
        took = time.monotonic() - began

        began = time.monotonic()
        body = json.dumps({"settings": {"timezone": "Europe/Warsaw"}})
        assert caller.call("PATCH", SETTINGS, body) < 300
        for stream in (first, second):
            read_until(stream, b"event: StoreUpdated")
            told = json.loads(read_until(stream, b"data: ").removeprefix(b"data: "))
            assert told["data"]["after"] == {"timezone": "Europe/Warsaw"}
        heard = time.monotonic() - began
    assert heard < 3

    # Nobody said goodbye; the next heartbeat but one finds it out.
    began = time.monotonic()
    wait_until(caller.finds_a_place, 20)
    tell(
        f"Two streams open: 50 calls in {took:.2f} s, an event heard after {heard:.2f} s;"
        f" a place free {time.monotonic() - began:.1f} s after its reader went."
    )
