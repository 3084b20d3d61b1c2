"""Refusals as HTTP: the only table of statuses, and Open Loyalty's envelope.

Every refusal first becomes a `Refusal`, which belongs to no dialect; the view's dialect then
gives it a body.  Source of the texts: Open Loyalty notes, sections 1.2 and 5.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404
from psycopg_pool import PoolTimeout
from rest_framework import exceptions
from rest_framework.response import Response

from loyalty.errors import (
    Code,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    TooManyAttempts,
    TooManyStreams,
    Unauthenticated,
    Violation,
)
from loyalty.services.idempotency import KeyReused

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    message: str
    violations: tuple[Violation, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    string_code: bool = False
    """Open Loyalty declares the code of some refusals as a string."""
    with_code: bool = True


NOT_FOUND = Refusal(404, "Not Found")
FORBIDDEN = Refusal(403, "Forbidden.")
BROKEN = Refusal(500, "Internal Server Error")
BUSY = Refusal(503, "Service Unavailable", headers={"Retry-After": "1"})

_CHALLENGE = {"WWW-Authenticate": "Bearer"}
_UNAUTHENTICATED = {
    Unauthenticated.Reason.MISSING: Refusal(
        401, "Authentication Required", headers=_CHALLENGE, with_code=False
    ),
    Unauthenticated.Reason.BAD_CREDENTIALS: Refusal(
        401, "Bad credentials.", headers=_CHALLENGE, with_code=False
    ),
    Unauthenticated.Reason.EXPIRED_TOKEN: Refusal(
        401, "Expired JWT Token.", headers=_CHALLENGE, string_code=True
    ),
    Unauthenticated.Reason.INVALID_TOKEN: Refusal(
        401, "Invalid JWT Token", headers=_CHALLENGE, string_code=True
    ),
}

# Open Loyalty's errors are Symfony's constraint violations; these are the constraints' codes.
_SYMFONY = {
    Code.MISSING: "2fa2158c-2a7f-484b-98aa-975522539ff8",
    Code.BLANK: "c1051bb4-d103-4f74-8988-acbcafc7fdc3",
    Code.NULL: "ad32d13f-c3d4-423b-909a-857b961eaa72",
    Code.TYPE: "ba785a8c-82cb-4283-967c-3cf342181b40",
    Code.UNKNOWN_FIELD: "6e5212ed-a197-4339-99aa-5654798a4854",
    Code.TOO_LONG: "d94b19cc-114f-4f44-9cc4-4138e80a87b9",
    Code.TOO_SHORT: "9ff3fdc4-b214-49db-8718-39c315e33d45",
    Code.TOO_LOW: "ea4e51d1-3342-48bd-87f1-9e672cd90cad",
    Code.TOO_HIGH: "30fbb013-d015-4232-8b3b-8f3be97a7e14",
    Code.PATTERN: "de1e3db3-5ed4-4941-aae4-59f3667cc3a3",
    Code.CHOICE: "8e179f1b-97aa-4560-a02f-2a8b42e49df7",
    Code.TAKEN: "23bd9dbf-6b9b-41cd-a99e-4844bcf3077f",
    Code.EMAIL: "bd79c0ab-ddba-46cc-a703-a7a4b08de310",
    Code.DATE: "69819696-02ac-4a99-9ff0-14e127c4d1bc",
    Code.DATETIME: "1a9da513-2640-4f84-9b6a-4d99dcddc628",
    Code.UUID: "51120b12-a2bc-41bf-aa53-cd73daf330d0",
    Code.URL: "57c2f299-1154-4870-89bb-ef3b1f5ad229",
    Code.PASSWORD: "2d2a8bb4-ddc8-45e4-9b0f-8670d3a3e290",
    Code.NOT_ALLOWED: "780baf41-7a40-4e6f-a9e1-2ea0d3ae8e2f",
}

# What DRF calls a bad value, in the domain's words; our own fields use these already.
_FROM_DRF = {
    **{str(code): code for code in Code},
    "required": Code.MISSING,
    "blank": Code.BLANK,
    "null": Code.NULL,
    "max_length": Code.TOO_LONG,
    "min_length": Code.TOO_SHORT,
    "min_value": Code.TOO_LOW,
    "max_value": Code.TOO_HIGH,
    "invalid_choice": Code.CHOICE,
}


def answer_error(error: Exception, context: Mapping[str, Any]) -> Response:
    """DRF's exception handler: every error that a view raises ends here."""
    refusal = refusal_for(error, prefix=getattr(context.get("view"), "body_root", ""))
    body = getattr(context.get("view"), "error_body", open_loyalty_body)
    return Response(body(refusal), status=refusal.status, headers=dict(refusal.headers))


def open_loyalty_body(refusal: Refusal) -> dict[str, Any]:
    body: dict[str, Any] = {}
    if refusal.with_code:
        body["code"] = str(refusal.status) if refusal.string_code else refusal.status
    body["message"] = refusal.message
    if refusal.status == 400:
        body["errors"] = [violation_body(violation) for violation in refusal.violations]
    return body


def violation_body(violation: Violation) -> dict[str, Any]:
    return {
        "message": violation.message,
        "parameters": dict(violation.parameters),
        "plural": None,
        "code": _SYMFONY[violation.code],
        "path": violation.path,
    }


def refusal_for(error: Exception, *, prefix: str = "") -> Refusal:
    """What to tell the caller.  `prefix` is the key that wraps the request's body."""
    match error:
        case Invalid():
            return _invalid(*(violation.below(prefix) for violation in error.violations))
        case exceptions.ValidationError():
            return _invalid(*_from_drf(error.detail, ""))
        case NotFound() | Http404() | exceptions.NotFound():
            return NOT_FOUND
        case Forbidden() | exceptions.PermissionDenied():
            return FORBIDDEN
        case Unauthenticated():
            return _UNAUTHENTICATED[error.reason]
        case TooManyAttempts() | TooManyStreams():
            headers = {"Retry-After": str(error.retry_after)}
            return Refusal(429, "Too Many Requests", headers=headers)
        case Conflict():
            wait = error.retry_after
            headers = {} if wait is None else {"Retry-After": str(wait)}
            return Refusal(409, str(error), headers=headers)
        case KeyReused():
            return Refusal(422, "This Idempotency-Key was used for another request.")
        case exceptions.MethodNotAllowed():
            return Refusal(405, "Method Not Allowed.", string_code=True)
        case RequestDataTooBig():
            return Refusal(413, "The request body is too large.")
        case exceptions.UnsupportedMediaType():
            return Refusal(415, "Send the body as application/json in UTF-8.")
        case exceptions.APIException():
            return Refusal(error.status_code, str(error.detail))
        case SuspiciousOperation():
            return Refusal(400, "The request is malformed.")
        case OperationalError() | InterfaceError() | PoolTimeout():
            log.warning("The database did not answer: %s", error)
            return BUSY
        case _:
            log.error("An error that nothing expected.", exc_info=error)
            return BROKEN


def _invalid(*violations: Violation) -> Refusal:
    return Refusal(400, "Validation failed", violations)


def _from_drf(detail: Any, path: str) -> Iterator[Violation]:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            at = path if name == "non_field_errors" else ".".join(filter(None, (path, str(name))))
            yield from _from_drf(inner, at)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _from_drf(inner, f"{path}.{position}" if nested else path)
    else:
        yield Violation(_FROM_DRF.get(detail.code, Code.TYPE), path, str(detail))
