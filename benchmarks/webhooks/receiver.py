"""`python -m benchmarks.webhooks.receiver PORT`: takes every message, as fast as it can.

It reads no more of HTTP than it must, so that what is measured is the sender.  What is sent to
/hang is not answered.
"""

import asyncio
import re
import sys

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class _Receiving(asyncio.Protocol):
    def __init__(self) -> None:
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(b"\r\n\r\n")) >= 0:
            found = _LENGTH.search(self._read, 0, end)
            whole = end + 4 + (int(found[1]) if found else 0)
            if len(self._read) < whole:
                return
            if not self._read.startswith(b"POST /hang"):
                self._transport.write(_TAKEN)
            self._read = self._read[whole:]


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(_Receiving, "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
