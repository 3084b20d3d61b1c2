"""The load generator for machines without wrk: a process of its own that does nothing else.

Like wrk it keeps its connections open, has one request under way on each, and sends requests that
were written before the clock started.  It uses nothing but the standard library.

    python client.py PORT CONNECTIONS SECONDS FILE
"""

import json
import selectors
import socket
import sys
import time
from itertools import cycle
from pathlib import Path

_ENOUGH = 1 << 16
_LENGTH = b"\r\ncontent-length:"
_LAST_CHUNK = b"\r\n0\r\n\r\n"


def main() -> None:
    port, connections, seconds, file = sys.argv[1:]
    result = drive(int(port), int(connections), float(seconds), _requests(Path(file)))
    sys.stdout.write(json.dumps(result))


def drive(
    port: int, connections: int, seconds: float, requests: list[bytes]
) -> dict[str, float | list[float]]:
    clock = time.perf_counter
    selector = selectors.DefaultSelector()
    todo = cycle(requests)
    sent_at: dict[int, float] = {}
    latencies: list[float] = []
    failed = 0
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ, connection)
    began = clock()
    end = began + seconds
    for key in selector.get_map().values():
        sent_at[key.fd] = clock()
        key.data.sendall(next(todo))
    while (now := clock()) < end:
        for key, _ in selector.select(end - now):
            connection = key.data
            status = _read_answer(connection)
            now = clock()
            latencies.append(now - sent_at[key.fd])
            if not status.startswith(b"http/1.1 2"):
                failed += 1
            sent_at[key.fd] = now
            connection.sendall(next(todo))
    took = clock() - began
    latencies.sort()
    return {
        "requests": len(latencies),
        "failed": failed,
        "seconds": took,
        "latencies": [_percentile(latencies, share) for share in (0.5, 0.95, 0.99)],
    }


def _read_answer(connection: socket.socket) -> bytes:
    """One whole answer, of which the first line is returned."""
    answer = connection.recv(_ENOUGH)
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += _more(connection)
    head = answer[:end].lower()
    if b"\r\ntransfer-encoding: chunked" in head:
        while not answer.endswith(_LAST_CHUNK):
            answer += _more(connection)
    elif (at := head.find(_LENGTH)) >= 0:
        length = int(head[at + len(_LENGTH) :].partition(b"\r\n")[0])
        missing = end + 4 + length - len(answer)
        while missing > 0:
            missing -= len(_more(connection))
    return head.partition(b"\r\n")[0]


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(_ENOUGH)
    if not received:
        raise SystemExit("The server closed a connection in the middle of an answer.")
    return received


def _percentile(latencies: list[float], share: float) -> float:
    return latencies[min(int(len(latencies) * share), len(latencies) - 1)] if latencies else 0.0


def _requests(file: Path) -> list[bytes]:
    """Each with its length in decimal on a line before it; the same file serves wrk."""
    requests = []
    with file.open("rb") as lines:
        while length := lines.readline():
            requests.append(lines.read(int(length)))
    return requests


if __name__ == "__main__":
    main()
