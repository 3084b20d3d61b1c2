"""A client that speaks JSON, as one of the cast."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart


class ApiClient:
    """Sends and reads JSON; `body` may also be raw bytes for what no JSON library would write."""

    def __init__(self, **headers: str) -> None:
        self._client = Client()
        self._headers = headers

    @classmethod
    def with_token(cls, token: str) -> "ApiClient":
        return cls(Authorization=f"Bearer {token}")

    @classmethod
    def with_key(cls, key: str) -> "ApiClient":
        return cls(**{"X-AUTH-TOKEN": key})

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = "application/json",
        **headers: str,
    ) -> HttpResponse:
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body)
        return self._client.generic(  # type: ignore[no-any-return]
            method, path, data, content_type, headers={**self._headers, **headers}
        )

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.request("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.request("POST", path, {} if body is None else body, **headers)

    def upload(self, path: str, form: dict[str, Any], **headers: str) -> HttpResponse:
        """A form; its files are `ContentFile`s."""
        body = encode_multipart(BOUNDARY, form)
        return self.request("POST", path, body, content_type=MULTIPART_CONTENT, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.request("PUT", path, body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.request("PATCH", path, body, **headers)

    def delete(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.request("DELETE", path, body, **headers)
