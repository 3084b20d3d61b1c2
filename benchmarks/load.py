"""Drive the web server with a load generator: wrk where it is installed, else our own."""

import json
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.server import HOST

_HERE = Path(__file__).parent
GENERATOR = "wrk" if shutil.which("wrk") else "benchmarks/client.py"


class LoadFailed(Exception):
    """The server did not answer as it should, so there is nothing to measure."""


@dataclass(frozen=True, slots=True)
class Driven:
    """What came of one run.  Latencies in milliseconds; `busy` is the generator's share of a core.

    A generator that is busy all the time measures itself.
    """

    rate: float
    p50: float
    p95: float
    p99: float
    busy: float


def write_requests(file: Path, requests: Iterable[bytes]) -> None:
    """In the form that both generators read: each after its length on a line."""
    file.write_bytes(b"".join(b"%d\n%b" % (len(each), each) for each in requests))


def drive(port: int, file: Path, *, connections: int, seconds: float) -> Driven:
    """Send the requests of the file for so long, one at a time on each connection."""
    before = _generators_time()
    finished = subprocess.run(
        _command(port, file, connections, seconds), check=False, capture_output=True, text=True
    )
    if finished.returncode:
        raise LoadFailed(f"{GENERATOR} failed: {finished.stdout}{finished.stderr}")
    result = json.loads(finished.stdout.strip().rpartition("\n")[2])
    if result["failed"] or not result["requests"]:
        raise LoadFailed(f"{result['failed']} of {result['requests']} requests failed.")
    p50, p95, p99 = (1000 * latency for latency in result["latencies"])
    busy = (_generators_time() - before) / result["seconds"]
    return Driven(result["requests"] / result["seconds"], p50, p95, p99, busy)


def _command(port: int, file: Path, connections: int, seconds: float) -> list[str]:
    if GENERATOR == "wrk":
        shape = ["-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s"]
        return ["wrk", *shape, "-s", str(_HERE / "wrk.lua"), f"http://{HOST}:{port}", str(file)]
    client = str(_HERE / "client.py")
    return [sys.executable, client, str(port), str(connections), str(seconds), str(file)]


def _generators_time() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
