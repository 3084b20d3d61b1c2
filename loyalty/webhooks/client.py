"""Send one request to a host that somebody else chose.

Every address that the host resolves to is checked, and the connection goes to one of those; the
socket's own address is checked once more before it connects.  So a name that answers differently
the second time leads nowhere, and neither does a literal address.  No redirect is followed, no
proxy is asked, no cookie is kept, and what comes back is read up to a bound.
"""

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from loyalty.webhooks.addresses import BadUrl, ForbiddenAddress, Rules, check_address, check_url
from loyalty.webhooks.messages import Request

_CONNECT_SECONDS = 5.0
_MOST_READ, _MOST_KEPT, _MOST_HEADER = 65_536, 4_096, 8_190
_RESOLVING_THREADS = 64
_KEEP_ALIVE = 30.0

Lookup = Callable[[str, int], list[tuple[Any, ...]]]
"""`getaddrinfo` of a host and a port."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The status and the beginning of the answer, or the reason why there is none."""

    status: int | None = None
    error: str = ""
    answer: str = ""
    retry_after: float | None = None


class CheckedResolver(AbstractResolver):
    """Refuses a host of which any address is forbidden: the next answer might begin with it."""

    def __init__(self, rules: Rules, lookup: Lookup | None = None) -> None:
        self._rules, self._lookup = rules, lookup or _system_lookup
        # Of our own: names that resolve slowly must not use up the threads of everything else.
        self._threads = ThreadPoolExecutor(_RESOLVING_THREADS, thread_name_prefix="resolve")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._lookup, host, port)
        results: list[ResolveResult] = []
        for family_, _, proto, _, place in found:
            check_address(_with_scope(place), self._rules)
            results.append(
                ResolveResult(
                    hostname=host, host=str(place[0]), port=port, family=family_, proto=proto,
                    flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
                )
            )  # fmt: skip
        if not results:
            raise OSError("The host has no address.")
        return results

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class Client:
    """One pool of connections; made and used inside a running event loop."""

    def __init__(self, rules: Rules, *, lookup: Lookup | None = None) -> None:
        self._rules = rules
        self._resolver = CheckedResolver(rules, lookup)
        connector = aiohttp.TCPConnector(
            resolver=self._resolver, use_dns_cache=False, limit=0,
            keepalive_timeout=_KEEP_ALIVE, socket_factory=self._checked_socket,
        )  # fmt: skip
        self._session = aiohttp.ClientSession(
            connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False, max_line_size=_MOST_HEADER, max_field_size=_MOST_HEADER,
        )  # fmt: skip

    async def close(self) -> None:
        await self._session.close()
        await self._resolver.close()

    async def post(self, url: str, request: Request, *, patience: float) -> Reply:
        """Never raises but when it is cancelled.  Nothing of what was sent is in what it says."""
        try:
            async with asyncio.timeout(patience):
                return await self._post(check_url(url, self._rules), request)
        except TimeoutError:
            return Reply(error=f"There was no answer within {patience:g} s.")
        except BadUrl as error:
            return Reply(error=str(error))
        except (aiohttp.ClientError, OSError, ValueError, AssertionError) as error:
            return Reply(error=_words(error))

    async def _post(self, url: URL, request: Request) -> Reply:
        timeout = aiohttp.ClientTimeout(total=None, connect=_CONNECT_SECONDS)
        async with self._session.post(
            url, data=request.body, headers=request.headers, allow_redirects=False, timeout=timeout
        ) as response:
            body = await _beginning(response)
            return Reply(
                status=response.status,
                answer=_kept(body),
                retry_after=_seconds(response.headers.get("Retry-After", "")),
            )

    def _checked_socket(self, info: Any) -> socket.socket:
        """The last gate: whatever led here, it connects to this address."""
        family, kind, proto, _, place = info
        check_address(_with_scope(place), self._rules)
        made = socket.socket(family, kind, proto)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made


def _system_lookup(host: str, port: int) -> list[tuple[Any, ...]]:
    return list(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))


def _with_scope(place: tuple[Any, ...]) -> str:
    scoped = len(place) == 4 and place[3] and "%" not in place[0]
    return f"{place[0]}%{place[3]}" if scoped else str(place[0])


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Up to the bound.  A connection with more to say is closed, and not kept."""
    body = b""
    while len(body) <= _MOST_READ:
        piece = await response.content.read(_MOST_READ)
        if not piece:
            return body
        body += piece
    response.close()
    return body


def _kept(body: bytes) -> str:
    """PostgreSQL takes no NUL, and a log that is read by people no other controls either."""
    text = body[:_MOST_KEPT].decode("utf-8", "replace")
    kept = "".join(
        c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text
    )
    return kept.encode()[:_MOST_KEPT].decode("utf-8", "ignore")


def _seconds(retry_after: str) -> float | None:
    """Only as seconds; a date would trust the receiver's clock."""
    text = retry_after.strip()
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None


def _words(error: BaseException) -> str:
    """Our own sentence: the error's own may repeat what was sent."""
    forbidden = error if isinstance(error, ForbiddenAddress) else error.__cause__
    if isinstance(forbidden, ForbiddenAddress):
        return str(forbidden)
    os_error = getattr(error, "os_error", None)
    if isinstance(os_error, ForbiddenAddress):
        return str(os_error)
    kinds: list[tuple[type[BaseException], str]] = [
        (aiohttp.ClientConnectorCertificateError, "The host's certificate is not valid."),
        (aiohttp.ClientSSLError, "TLS could not be agreed on with the host."),
        (aiohttp.ClientConnectorDNSError, "The host could not be found."),
        (aiohttp.ConnectionTimeoutError, "The host did not take the connection in time."),
        (aiohttp.ClientConnectorError, "The host did not take the connection."),
        (aiohttp.ServerDisconnectedError, "The host closed the connection without an answer."),
        (aiohttp.ClientPayloadError, "The answer broke off."),
        (aiohttp.ClientResponseError, "The answer was not HTTP."),
        (socket.gaierror, "The host could not be found."),
    ]
    for kind, words in kinds:
        if isinstance(error, kind):
            return words
    return "The connection broke."
