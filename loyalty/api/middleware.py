"""Where the API begins.

The API uses no session, no cookie, no CSRF token and no browser language, so its requests are
answered here, before the middleware that serves browsers: it costs them nothing and can do
nothing to them.  What goes wrong outside of a view (a URL that matches nothing, a malformed
request) gets the API's own error body.
"""

from collections.abc import Callable
from http import HTTPStatus

import orjson
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve

from loyalty.api.errors import open_loyalty_body, refusal_for

PREFIX = "/api/"
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    # Answers belong to one caller; what a cache may keep, an endpoint says itself.
    "Cache-Control": "private, no-store",
}


class ApiBoundary:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if not request.path_info.startswith(PREFIX):
            return self._get_response(request)
        response = self._answer(request)
        if isinstance(response, HttpResponse) and response.status_code != HTTPStatus.NO_CONTENT:
            response.headers["Content-Length"] = str(len(response.content))
        for name, value in _HEADERS.items():
            response.headers.setdefault(name, value)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        try:
            match = resolve(request.path_info)
            request.resolver_match = match
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        except Exception as error:  # noqa: BLE001 (errors become answers, and 500s are logged)
            refusal = refusal_for(error)
            response = HttpResponse(
                orjson.dumps(open_loyalty_body(refusal)),
                status=refusal.status,
                content_type="application/json",
                headers=dict(refusal.headers),
            )
        return response
