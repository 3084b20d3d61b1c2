"""A receiver of webhooks that does as it is told, and remembers what came."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from aiohttp import web


@dataclass(frozen=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


Handler = Callable[[Received], Awaitable[web.StreamResponse]]


async def _take(_: Received) -> web.StreamResponse:
    return web.Response(text="thanks")


@dataclass
class Receiver:
    """`handler` answers; it may be replaced at any time."""

    handler: Handler = _take
    received: list[Received] = field(default_factory=list)
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def answer(self, request: web.Request) -> web.StreamResponse:
        came = Received(request.path_qs, dict(request.headers), await request.read())
        self.received.append(came)
        try:
            return await self.handler(came)
        except ConnectionResetError:  # The handler's word for breaking off.
            if request.transport is not None:
                request.transport.abort()
            return web.Response()


@contextmanager
def receiving(handler: Handler = _take) -> Iterator[Receiver]:
    """It listens in a thread of its own, until the end of the block."""
    receiver, ready = Receiver(handler), threading.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> web.AppRunner:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", receiver.answer)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        receiver.port = runner.addresses[0][1]
        return runner

    def run() -> None:
        asyncio.set_event_loop(loop)
        runner = loop.run_until_complete(serve())
        ready.set()
        loop.run_forever()
        loop.run_until_complete(runner.cleanup())
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield receiver
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
