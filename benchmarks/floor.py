"""The floor: the same SQL without Rosette, sent by pgbench.

The statements are not written here.  The real view is called in this process, what it sends to
PostgreSQL is noted, and the values that differ from request to request become pgbench's.
"""

import os
import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from benchmarks import data
from benchmarks.cases import Case, Subject
from benchmarks.data import Credentials, Size
from config.embedded.postgres import binaries as postgres_binaries

MODES = ("prepared", "simple")
"""`prepared`: PostgreSQL plans each statement once for each connection; `simple`: each time."""

_SUBJECT = Subject(data.FIRST_STORE, data.FIRST_MEMBER, data.FIRST_BADGE)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
# psycopg escapes a text with backslashes in it; pgbench would take that for a function call.
_ESCAPED = re.compile(r" ?\bE'((?:[^'\\]|''|\\.)*)'")
# psycopg writes ids without hyphens; in texts they have them.
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\b")
_BOUNDARIES = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE SAVEPOINT")
_TPS = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)
# Texts with a variable in them, by the text they have in the noted statements.
_IDS = {
    data.store_id(_SUBJECT.store): data.store_id("{store}"),
    data.member_id(_SUBJECT.store, _SUBJECT.member): data.member_id("{store}", "{member}"),
    data.badge_type_id(_SUBJECT.store, _SUBJECT.badge): data.badge_type_id("{store}", "{badge}"),
}
_VARIABLE = {
    data.store_code(_SUBJECT.store): data.store_code("{store}"),
    data.badge_code(_SUBJECT.badge): data.badge_code("{badge}"),
    **_IDS,
    **{text.replace("-", ""): variable for text, variable in _IDS.items()},
}
# The row of an idempotency key has a number that only PostgreSQL knows.
_KEY_ROW = re.compile(r'("loyalty_idempotencykey"\."id" = )\d+')


def write_script(file: Path, case: Case, credentials: Credentials, size: Size) -> Sequence[str]:
    """Write what pgbench does for one request: the same statements, for somebody else each time.

    Returns the statements of one real request, without the ends of transactions.
    """
    # The first request of an API key in an hour also notes its use.
    _, before, sent = (_statements_of(case, credentials) for _ in range(3))
    # An id that was not in the request before is new each time.
    known = set(_UUID.findall("\n".join(before)))
    lines = [
        f"\\set store random({data.FIRST_STORE}, {data.FIRST_STORE + size.stores - 1})",
        f"\\set member random({data.FIRST_MEMBER}, {data.FIRST_MEMBER + size.members - 1})",
        f"\\set badge random({data.FIRST_BADGE}, {data.FIRST_BADGE + size.badges - 1})",
    ]
    for statement in sent:
        varied = _LITERAL.sub(lambda found: _varied(found[0], known), statement).strip()
        makes_key = "INSERT INTO loyalty_idempotencykey" in statement
        lines.append(_KEY_ROW.sub(r"\1:key_id", varied) + (" \\gset key_" if makes_key else ";"))
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [statement for statement in sent if not statement.startswith(_BOUNDARIES)]


def transactions_per_second(script: Path, mode: str, *, connections: int, seconds: float) -> float:
    """Let pgbench run the script; raises if a statement fails."""
    database = connection.settings_dict
    command = [
        str(postgres_binaries() / "pgbench"), "--no-vacuum", "--protocol", mode,
        "--client", str(connections), "--jobs", str(min(connections, os.cpu_count() or 1)),
        "--time", str(max(1, round(seconds))), "--file", str(script),
        "--host", str(database["HOST"]), "--port", str(database["PORT"]),
        "--username", str(database["USER"]), str(database["NAME"]),
    ]  # fmt: skip
    finished = subprocess.run(command, check=False, capture_output=True, text=True)
    found = _TPS.search(finished.stdout)
    if finished.returncode or found is None:
        raise SystemExit(f"pgbench failed on {script}:\n{finished.stderr}")
    return float(found[1])


def _statements_of(case: Case, credentials: Credentials) -> Sequence[str]:
    """What the real view sends, the ends of transactions included; raises if it refuses."""
    request = case.request(credentials, _SUBJECT)
    with CaptureQueriesContext(connection) as captured:
        response = Client().generic(
            request.method,
            request.path,
            request.body,
            content_type="application/json",
            headers={"Host": "127.0.0.1", **request.headers},
        )
    if not 200 <= response.status_code < 300:
        raise SystemExit(f"{case.title}: {response.status_code} {response.content.decode()}")
    return [_ESCAPED.sub(_plain, query["sql"]) for query in captured.captured_queries]


def _plain(escaped: re.Match[str]) -> str:
    text = re.sub(r"\\(.)", r"\1", escaped[1])
    return f" '{text}'"


def _varied(literal: str, known: set[str]) -> str:
    """The literal, or an expression of the same type whose value differs from time to time."""
    varied = literal
    for text, variable in _VARIABLE.items():
        varied = varied.replace(text, variable)
    varied = _UUID.sub(lambda found: found[0] if found[0] in known else "{new}", varied)
    if varied == literal:
        return literal
    return f"({re.sub(r'[{](store|member|badge|new)[}]', _joined, varied)})"


def _joined(found: re.Match[str]) -> str:
    value = _new_uuid() if found[1] == "new" else f":{found[1]}::text"
    return f"' || {value} || '"


def _new_uuid() -> str:
    # Version 7 comes with PostgreSQL 18; its order spares the indexes, as Rosette's own does.
    recent = connection.pg_version >= 180000  # type: ignore[attr-defined]
    return "uuidv7()" if recent else "gen_random_uuid()"
