"""/docs: the API, to read and to try."""

import json
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "openapi" / "openloyalty.json"


@require_safe
def openapi_document(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    return HttpResponse(DOCUMENT.read_bytes(), content_type="application/json")


@require_safe
def api_page(request: HttpRequest) -> HttpResponse:
    """Swagger UI.  In a demo it is logged in already, so the first call works at once."""
    return render(request, "docs/api.html", {"demo": _demo()})


def _demo() -> dict[str, object] | None:
    """What `./run` wrote for scripts; never on a server that is not a demo."""
    if not settings.DEMO:
        return None
    try:
        facts: dict[str, object] = json.loads(Path(settings.DEMO_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return facts
