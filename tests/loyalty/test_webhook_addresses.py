"""A webhook goes to the internet or nowhere: no connection is made to anything else.

Connections are counted where the interpreter makes them, whichever code asks for one, and by
receivers that listen where many of these URLs lead.
"""

import asyncio
import contextlib
import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from yarl import URL

from loyalty.webhooks import client as client_module
from loyalty.webhooks.addresses import (
    BadUrl,
    ForbiddenAddress,
    Rules,
    check_address,
    check_url,
    is_public,
)
from loyalty.webhooks.client import Client, Lookup, Reply
from loyalty.webhooks.messages import Request
from tests.loyalty.webhook_receiver import Received, receiving

pytestmark = pytest.mark.enable_socket

STRICT = Rules()
OPEN_PORTS = Rules(ports=frozenset(), plain_http=True)
HERE = Rules((ipaddress.ip_network("127.0.0.1/32"),), frozenset(), plain_http=True)

# {port} is one at which somebody listens.
BY_ADDRESS = [
    "http://127.0.0.1:{port}/", "http://127.0.0.1.:{port}/", "http://127.1:{port}/",
    "http://127.0.1:{port}/", "http://2130706433:{port}/", "http://0x7f000001:{port}/",
    "http://0x7f.0.0.1:{port}/", "http://0177.0.0.1:{port}/", "http://017700000001:{port}/",
    "http://0:{port}/", "http://0.0.0.0:{port}/", "http://127.255.255.254:{port}/",
    "http://10.0.0.1/", "http://10.255.255.255/", "http://172.16.0.1/", "http://172.31.255.255/",
    "http://192.168.0.1/", "http://192.168.255.255/", "http://169.254.169.254/latest/meta-data/",
    "http://169.254.0.1/", "http://100.64.0.1/", "http://100.100.100.200/", "http://0xa9fea9fe/",
    "http://168.63.129.16/", "http://192.0.0.192/", "http://192.0.2.1/", "http://198.18.0.1/",
    "http://198.51.100.1/", "http://203.0.113.1/", "http://192.88.99.1/", "http://224.0.0.1/",
    "http://239.255.255.255/", "http://240.0.0.1/", "http://255.255.255.255/",
    "http://[::1]:{port}/", "http://[::]:{port}/", "http://[0:0:0:0:0:0:0:1]:{port}/",
    "http://[::ffff:127.0.0.1]:{port}/", "http://[::ffff:7f00:1]:{port}/",
    "http://[::ffff:10.0.0.1]/", "http://[::127.0.0.1]:{port}/", "http://[::7f00:1]:{port}/",
    "http://[::ffff:0:127.0.0.1]:{port}/", "http://[64:ff9b::127.0.0.1]/",
    "http://[64:ff9b::a9fe:a9fe]/", "http://[64:ff9b:1::10.0.0.1]/", "http://[2002:7f00:1::]/",
    "http://[2002:a9fe:a9fe::1]/", "http://[2001:0:7f00:1::]/", "http://[2001:db8::1]/",
    "http://[2606:4700::5efe:127.0.0.1]/", "http://[2606:4700::200:5efe:10.0.0.1]/",
    "http://[3fff::1]/", "http://[100::1]/", "http://[fc00::1]/", "http://[fd00:ec2::254]/",
    "http://[fe80::1]/", "http://[fe80::1%25lo]/", "http://[fec0::1]/", "http://[ff02::1]/",
    "http://[5f00::1]/",
]  # fmt: skip
# What a name server may say of a name.
NAMES = {
    "localhost": ["127.0.0.1"],
    "ip6-localhost": ["::1"],
    "127.0.0.1.names.example": ["127.0.0.1"],
    "ten.example": ["10.1.2.3"],
    "metadata.example": ["169.254.169.254"],
    "mapped.example": ["::ffff:127.0.0.1"],
    "nat64.example": ["64:ff9b::7f00:1"],
    "scoped.example": ["fe80::1%lo"],
    # Only the first address is anybody's, or only the last.
    "first.example": ["93.184.216.34", "127.0.0.1"],
    "last.example": ["10.0.0.1", "93.184.216.34"],
    "mixed.example": ["2606:4700::1111", "::1"],
    "empty.example": [],
    "xn--n3h.example": ["192.168.1.1"],
}
BY_NAME = [f"http://{name}:{{port}}/" for name in NAMES]
MALFORMED = [
    "", "http://", "http:///x", "//example.com/", "example.com", "ftp://example.com/",
    "file:///etc/passwd", "gopher://127.0.0.1:{port}/", "dict://127.0.0.1:{port}/",
    "javascript:alert(1)", "unix:/var/run/docker.sock", "http+unix://%2Fvar%2Frun/",
    "http://user:secret@127.0.0.1:{port}/", "http://user@example.com/", "http://@127.0.0.1:{port}/",
    "http://example.com@127.0.0.1:{port}/", "http://127.0.0.1:{port}\\@example.com/",
    "http://example.com#@127.0.0.1:{port}/", "http://example.com:0x50/", "http://example.com:-1/",
    "http://example.com:65536/", "http://exa mple.com/", "http://example.com/\r\nHost: x",
    "http://example.com\t.internal/", "http://127.0.0.1%00.example.com/", "http://127。0。0。1/",
    "http://①②⑦.⓪.⓪.①:{port}/", "http://exämple.com/", "http://[::1/", "http://[v1.a]/",
    "http://example..com/", f"http://{'a' * 64}.com/", "http://example.com/" + "x" * 2048,
    "http://0x.example.0x7f/", "http://1.2.3.4.5/",
]  # fmt: skip


def lookup(host: str, port: int) -> list[tuple[Any, ...]]:
    """Names are ours; everything that a resolver reads as a number, it reads."""
    if host.rstrip(".") not in NAMES:
        return list(
            socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        )
    return answered(NAMES[host.rstrip(".")], port)


def answered(addresses: list[str], port: int) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = []
    for address in addresses:
        wide = ":" in address
        family = socket.AF_INET6 if wide else socket.AF_INET
        place = (address, port, 0, 0) if wide else (address, port)
        found.append((family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", place))
    return found


@dataclass
class Connections:
    """The addresses that this thread connected to."""

    made: list[Any] = field(default_factory=list)
    thread: int = 0

    def heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "socket.connect" and threading.get_ident() == self.thread:
            self.made.append(arguments[1])


_HEARD = Connections()
_hooked = False


@pytest.fixture
def connections() -> Iterator[list[Any]]:
    global _hooked
    if not _hooked:
        _hooked = True
        sys.addaudithook(_HEARD.heard)
    _HEARD.made, _HEARD.thread = [], threading.get_ident()
    yield _HEARD.made
    _HEARD.thread = 0


def post(
    url: str, rules: Rules, *, lookup: Lookup = lookup, patience: float = 2.0, times: int = 1
) -> Reply:
    async def send() -> Reply:
        client = Client(rules, lookup=lookup)
        request = Request(uuid4(), {"X-Secret": "swordfish"}, b'{"secret": "swordfish"}')
        for _ in range(times):
            reply = await client.post(url, request, patience=patience)
        await client.close()
        return reply

    return asyncio.run(send())


def test_there_are_sixty_of_them_and_more() -> None:
    assert len({*BY_ADDRESS, *BY_NAME, *MALFORMED}) > 100


@pytest.mark.parametrize("rules", [STRICT, OPEN_PORTS], ids=["strict", "open ports"])
@pytest.mark.parametrize("url", [*BY_ADDRESS, *BY_NAME, *MALFORMED])
def test_a_hostile_url_is_not_connected_to(url: str, rules: Rules, connections: list[Any]) -> None:
    with receiving() as receiver:
        url = url.replace("{port}", str(receiver.port))
        for scheme in ("http:", "https:"):
            reply = post(url.replace("http:", scheme, 1), rules)

            assert reply.status is None
            assert reply.error
            assert "swordfish" not in repr(reply)
        assert receiver.received == []
    assert connections == []


@pytest.mark.parametrize("url", [*BY_ADDRESS, *BY_NAME])
def test_nor_is_it_without_the_look_at_the_text(
    url: str, connections: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The addresses themselves are looked at when a socket is about to connect."""
    monkeypatch.setattr(client_module, "check_url", lambda text, _: URL(text))
    with receiving() as receiver:
        reply = post(url.replace("{port}", str(receiver.port)), OPEN_PORTS)

        assert receiver.received == []
    assert reply.status is None
    assert connections == []


def test_without_the_look_at_addresses_they_are(
    connections: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The positive control: what the tests above count is there to be counted."""
    monkeypatch.setattr(client_module, "check_url", lambda text, _: URL(text))
    monkeypatch.setattr(client_module, "check_address", lambda *_: None)
    loopback = [
        *("http://127.0.0.1:{port}/", "http://0x7f000001:{port}/"),
        *("http://[::ffff:127.0.0.1]:{port}/", "http://localhost:{port}/"),
        "http://mapped.example:{port}/",
    ]
    assert set(loopback) <= {*BY_ADDRESS, *BY_NAME}
    with receiving() as receiver:
        for url in loopback:
            post(url.replace("{port}", str(receiver.port)), OPEN_PORTS, patience=0.3)

        assert len(receiver.received) == len(loopback)
    assert len(connections) == len(loopback)


def test_a_name_that_changes_its_mind_leads_nowhere(connections: list[Any]) -> None:
    """It is asked once for each connection, which goes to what was checked."""
    answers = iter([["127.0.0.2"], ["127.0.0.1"], ["127.0.0.1"]])

    def rebinding(host: str, port: int) -> list[tuple[Any, ...]]:
        return answered(next(answers), port)

    rules = Rules((ipaddress.ip_network("127.0.0.2/32"),), frozenset(), plain_http=True)
    with receiving() as receiver:
        url = f"http://rebinding.example:{receiver.port}/"
        post(url, rules, lookup=rebinding)
        reply = post(url, rules, lookup=rebinding)

        assert receiver.received == []
        assert connections == [("127.0.0.2", receiver.port)]
        assert reply.error == "The host has an address that is not public."


@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 305, 307, 308])
def test_a_redirect_is_not_followed(status: int, connections: list[Any]) -> None:
    with receiving() as inner:

        async def away(_: Received) -> web.StreamResponse:
            return web.Response(status=status, headers={"Location": inner.url, "Refresh": "0"})

        with receiving(away) as outer:
            reply = post(outer.url, HERE)

        assert reply.status == status
        assert inner.received == []
    assert connections == [("127.0.0.1", outer.port)]


def test_no_proxy_is_asked(connections: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            for variable in (name, name.lower()):
                monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert post(receiver.url, HERE).status == 200

        assert proxy.received == []
    assert connections == [("127.0.0.1", receiver.port)]


def test_cookies_are_not_kept() -> None:
    async def baking(_: Received) -> web.StreamResponse:
        answer = web.Response()
        answer.set_cookie("session", "1")
        return answer

    with receiving(baking) as receiver:
        post(receiver.url, HERE, times=2)

        assert all("Cookie" not in came.headers for came in receiver.received)
        assert len(receiver.received) == 2


def test_an_endless_answer_is_read_up_to_a_bound() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        sent = [0]

        def pour() -> None:
            peer, _ = server.accept()
            with contextlib.suppress(OSError):
                peer.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
                while sent[0] < 500_000_000:
                    sent[0] += peer.send(b"x" * 16_384)
            peer.close()

        thread = threading.Thread(target=pour)
        thread.start()
        reply = post(f"http://127.0.0.1:{server.getsockname()[1]}/", HERE)
        thread.join(10)

    assert (reply.status, reply.answer) == (200, "x" * 4096)
    assert sent[0] < 50_000_000


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense",
        b"",
    ],
)
def test_an_answer_that_is_none_is_a_failure(head: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            with contextlib.suppress(OSError):
                peer, _ = server.accept()
                peer.recv(65_536)
                peer.sendall(head)
                peer.close()

        thread = threading.Thread(target=answer)
        thread.start()
        reply = post(f"http://127.0.0.1:{server.getsockname()[1]}/", HERE)
        thread.join(5)

    assert reply.status is None
    assert reply.error
    assert len(reply.error) < 100


def test_an_answer_that_drips_is_not_waited_for() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = threading.Event()

        def drip() -> None:
            peer, _ = server.accept()
            with contextlib.suppress(OSError):
                peer.sendall(b"HTTP/1.1 200 OK\r\n")
                while not stop.wait(0.05):
                    peer.sendall(b"X: y\r\n")
            peer.close()

        thread = threading.Thread(target=drip)
        thread.start()
        reply = post(f"http://127.0.0.1:{server.getsockname()[1]}/", HERE, patience=0.5)
        stop.set()
        thread.join(5)

    assert reply.error == "There was no answer within 0.5 s."


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "8.8.8.8", "2606:4700::1111", "2a00:1450:4001::8"]
)
def test_what_is_somebody_elses_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))
    check_address(address, STRICT)


def test_an_allowed_network_is_only_itself() -> None:
    rules = Rules((ipaddress.ip_network("10.1.0.0/16"),))
    check_address("10.1.2.3", rules)
    with pytest.raises(ForbiddenAddress):
        check_address("10.2.0.1", rules)


@pytest.mark.parametrize(
    "url",
    ["https://example.com/", "https://example.com:8443/a?b=c", "https://xn--exmple-cua.com/",
     "https://a_b.example.com/%20x", "https://93.184.216.34/", "https://[2606:4700::1111]/",
     "https://example.com./"],
)  # fmt: skip
def test_a_good_url_is_taken_as_it_is(url: str) -> None:
    assert str(check_url(url, STRICT)) == url


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("http://example.com/", "https"), ("https://example.com:22/", "port"),
        ("https://a:b@example.com/", "password"), ("https://10.0.0.1/", "public"),
        ("https://example.com/#x", "fragment"),
    ],
)  # fmt: skip
def test_a_bad_url_says_what_is_wrong_with_it(url: str, word: str) -> None:
    with pytest.raises(BadUrl, match=word):
        check_url(url, STRICT)
