"""The `Idempotency-Key` header."""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

from django.core.files import File
from django.http import HttpResponse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.errors import Code, Invalid, Violation
from loyalty.models import Store
from loyalty.services.idempotency import Answer, once

MUTATING = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_KEY = re.compile(r"[\x21-\x7e]{8,255}\Z")
# A refused login, a busy server: the same request may be answered otherwise next time.
_NOT_KEPT = frozenset({401, 403, 409, 429})


def key_of(request: Request) -> str | None:
    """The caller's key; raises `Invalid` for one that is not 8 to 255 visible ASCII characters."""
    if request.method not in MUTATING or "HTTP_IDEMPOTENCY_KEY" not in request.META:
        return None
    key: str = request.META["HTTP_IDEMPOTENCY_KEY"]
    if not _KEY.match(key):
        message = "An Idempotency-Key has 8 to 255 visible ASCII characters."
        raise Invalid(Violation(Code.PATTERN, "Idempotency-Key", message))
    return key


def answer_once(
    request: Request,
    store: Store | None,
    principal: str,
    key: str,
    work: Callable[[], Response],
) -> HttpResponse:
    """Run `work` at most once for this key; `work` answers with a finished, rendered response."""

    def answer() -> Answer:
        response = work()
        status = response.status_code
        return Answer(status, response.content, keep=status < 500 and status not in _NOT_KEPT)

    given = once(
        store,
        principal=principal,
        key=key,
        fingerprint=_fingerprint(request),
        now=timezone.now(),
        work=answer,
    )
    response = HttpResponse(given.body, status=given.status, content_type="application/json")
    if not given.body:
        del response["Content-Type"]
    if given.replayed:
        response["Idempotent-Replayed"] = "true"
    return response


def _fingerprint(request: Request) -> bytes:
    query = sorted((name, values) for name, values in request.query_params.lists())
    parts: list[Any] = [request.method, request.path, query, _said(request.data)]
    text = json.dumps(parts, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "replace")).digest()


def _said(data: Any) -> Any:
    """What the body says; of a file, the digest of its content, whatever its name."""
    if not isinstance(data, MultiValueDict):
        return data
    return sorted(
        (name, [_digest(value) if isinstance(value, File) else value for value in values])
        for name, values in data.lists()
    )


def _digest(file: "File[bytes]") -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return digest.hexdigest()
