"""Hold answers against Open Loyalty's own description of the eight badge operations.

`open-loyalty-badge.openapi.json` is the vendor's document and is not edited.  Where we answer
with a status that it does not list, `EXTENSIONS` says so.
"""

import json
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from jsonschema import Draft7Validator, FormatChecker

DOCUMENT = Path(__file__).with_name("open-loyalty-badge.openapi.json")

# Statuses that the vendor leaves out of every operation: an idempotency key in use or reused, a
# body too large or of another type, too many logins, a database that does not answer.
EXTENSIONS = {409, 413, 415, 422, 429, 503}
# The vendor leaves 401 out of the operations that write, although they need credentials, too.
UNAUTHENTICATED = 401

_TYPES = {"date-time": "2026-01-01T00:00:00+00:00", "uuid": "x"}


class Said(Protocol):
    """What of an answer a contract can speak of."""

    status_code: int

    @property
    def content(self) -> bytes: ...

    def __getitem__(self, header: str, /) -> str: ...


@cache
def contract() -> dict[str, Any]:
    """The document, its `nullable` written as JSON Schema writes it."""
    document: dict[str, Any] = _without_nullable(json.loads(DOCUMENT.read_text(encoding="utf-8")))
    return document


def _without_nullable(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_nullable(item) for item in part]
    if not isinstance(part, dict):
        return part
    plain = {name: _without_nullable(value) for name, value in part.items() if name != "nullable"}
    if part.get("nullable") is True:
        plain["type"] = [plain["type"], "null"]
    return plain


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """The part that a `$ref` points at, or the part itself."""
    while "$ref" in part:
        target: Any = contract()
        for name in part["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        part = target
    return part


def operations() -> dict[str, tuple[str, str, dict[str, Any]]]:
    """(method, path, operation) by the operation's id."""
    return {
        operation["operationId"]: (method, path, operation)
        for path, methods in contract()["paths"].items()
        for method, operation in methods.items()
    }


def formats() -> FormatChecker:
    """Formats that are named and not checked would prove nothing."""
    checker = FormatChecker()
    assert _TYPES.keys() <= checker.checkers.keys(), "rfc3339-validator is not installed."
    return checker


def check(answer: Said, operation_id: str) -> None:
    """Raises for a status, a content type or a body that the contract does not have."""
    _, _, operation = operations()[operation_id]
    status = answer.status_code
    declared = operation["responses"].get(str(status))
    if declared is None:
        assert status in EXTENSIONS or status == UNAUTHENTICATED, (
            f"{operation_id} answers {status}, which is not in the contract."
        )
        # Undocumented refusals keep the shape of the documented ones.
        body = json.loads(answer.content)
        assert isinstance(body["message"], str), body
        return
    content = resolved(declared).get("content")
    if content is None:
        assert answer.content == b""
        return
    assert answer["Content-Type"] == "application/json"
    schema = {**content["application/json"]["schema"], "components": contract()["components"]}
    validator = Draft7Validator(schema, format_checker=formats())
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(
        json.loads(answer.content))]  # fmt: skip
    assert not errors, f"{operation_id} {status}: {errors}"
