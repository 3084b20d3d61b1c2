"""JSON in, strictly.

The parser refuses everything that would later mean two things, or nothing: repeated keys,
numbers beyond what JSON readers agree on, NUL and half characters (PostgreSQL stores neither),
and nesting that is only there to hurt.
"""

import json
import re
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

MAX_DEPTH = 32
MAX_INTEGER_DIGITS = 16
# Outside of strings only brackets nest; a string is skipped as a whole, escapes included.
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*+"?|[\[{]|[\]}]', re.DOTALL)


class BodyTooLarge(APIException):
    status_code = 413
    default_detail = "The request body is too large."


class UnsupportedBody(APIException):
    status_code = 415
    default_detail = "Send the body as application/json in UTF-8."


class StrictJSONParser(BaseParser):
    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        request: Request = (parser_context or {})["request"]
        _check_encoding(request)
        return parse_json(_read(request, stream))


def parse_json(body: bytes) -> Any:
    """The value, or a `ParseError` that says what is wrong with the text."""
    _check_depth(body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        raise ParseError("The body is not valid UTF-8.") from None
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}.") from None
    _check_texts(value)
    return value


def _read(request: Request, stream: IO[Any]) -> bytes:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdigit() or int(declared) > limit:
        raise BodyTooLarge
    body: bytes = stream.read(limit + 1)
    if len(body) > limit:
        raise BodyTooLarge
    return body


def _check_encoding(request: Request) -> None:
    # A small compressed body can unpack to gigabytes, so none is unpacked.
    if request.META.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise UnsupportedBody("A compressed request body is not accepted.")
    for parameter in (request.content_type or "").split(";")[1:]:
        name, _, value = parameter.strip().partition("=")
        if name.lower() == "charset" and value.strip('"').lower() not in {"utf-8", "utf8"}:
            raise UnsupportedBody


def _check_depth(body: bytes) -> None:
    depth = 0
    for token in _NESTING.finditer(body):
        first = token.group()[:1]
        if first in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise ParseError(f"The body is nested more than {MAX_DEPTH} levels deep.")
        elif first in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("an object has the same key twice")
    return members


def _integer(text: str) -> int:
    if len(text.lstrip("-")) > MAX_INTEGER_DIGITS:
        raise ValueError(f"a whole number has more than {MAX_INTEGER_DIGITS} digits")
    return int(text)


def _float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number is too large")
    return number


def _constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


def _check_texts(value: Any) -> None:
    """Refuse NUL and lone surrogates in any text, keys included."""
    if isinstance(value, str):
        check_text(value)
    elif isinstance(value, list):
        for item in value:
            _check_texts(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            check_text(key)
            _check_texts(item)


def check_text(text: str) -> None:
    if "\0" in text:
        raise ParseError("A text contains the NUL character.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise ParseError("A text contains half of a surrogate pair.") from None
