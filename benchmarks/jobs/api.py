"""Jobs over HTTP, as an integration makes and follows them."""

import http.client
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from benchmarks import data
from benchmarks.data import Credentials
from benchmarks.load import LoadFailed
from benchmarks.server import HOST

_PATIENCE = 1800.0
_LOOK_EVERY = 0.1
_BOUNDARY = "between-the-parts"
_PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class Jobs:
    """The jobs of one store."""

    port: int
    credentials: Credentials
    store: int

    def assign_to_all(self, badge: int) -> str:
        """The new job's id; when it is known, all of the job's lines are there."""
        job = {"kind": "assign", "badgeType": f"systemCode={data.badge_code(badge)}", "filter": ""}
        return str(self._ask("POST", "", {"job": job})["jobId"])

    def upload(self, badge: int, file: Path) -> str:
        """The same from a CSV file, which is sent piece by piece."""
        fields = {"kind": "assign", "badgeType": f"systemCode={data.badge_code(badge)}"}
        head = "".join(_part(f'name="{name}"', text) + "\r\n" for name, text in fields.items())
        head += _part('name="file"; filename="members.csv"', "")
        tail = f"\r\n--{_BOUNDARY}--\r\n"
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_PATIENCE)
        connection.putrequest("POST", self._path("/csv"))
        for name, value in self._headers(f"multipart/form-data; boundary={_BOUNDARY}").items():
            connection.putheader(name, value)
        length = len(head) + file.stat().st_size + len(tail)
        connection.putheader("Content-Length", str(length))
        connection.endheaders()
        connection.send(head.encode())
        with file.open("rb") as content:
            while piece := content.read(_PIECE):
                connection.send(piece)
        connection.send(tail.encode())
        return str(_answer(connection)["jobId"])

    def read(self, job: str) -> Any:
        return self._ask("GET", f"/{job}")

    def tell(self, job: str, what: str) -> None:
        """`pause`, `resume` or `cancel`."""
        self._ask("POST", f"/{job}/{what}")

    def wait_for(self, job: str) -> None:
        """Until the job is done, and each of its lines with success."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            seen = self.read(job)
            if seen["state"] == "done":
                break
            if seen["state"] not in ("queued", "running") or time.monotonic() > deadline:
                raise LoadFailed(f"The job did not end: {seen}")
            time.sleep(_LOOK_EVERY)
        if seen["changed"] != seen["total"]:
            raise LoadFailed(f"The job could not do everything: {seen}")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_PATIENCE)
        content = orjson.dumps(body) if body else None
        headers = self._headers("application/json") if body else self._headers()
        connection.request(method, self._path(path), content, headers)
        return _answer(connection)

    def _path(self, path: str) -> str:
        return f"/api/{data.store_code(self.store)}/job{path}"

    def _headers(self, content_type: str = "") -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.credentials.token}"}
        return headers | ({"Content-Type": content_type} if content_type else {})


def _part(disposition: str, content: str) -> str:
    head = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {disposition}\r\n\r\n"
    return head + content


def _answer(connection: http.client.HTTPConnection) -> Any:
    response = connection.getresponse()
    content = response.read()
    connection.close()
    if not 200 <= response.status < 300:
        raise LoadFailed(f"{response.status} {content[:500].decode()}")
    return orjson.loads(content) if content else None
