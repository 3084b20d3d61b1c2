"""Uploaded icons, for everybody: a storefront's <img> carries no token."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from badges.selectors.icons import find_icon

# The drawing was sanitised when it came in; opened by itself, it still may do nothing.
_SANDBOX = "default-src 'none'; style-src 'unsafe-inline'; sandbox"


@require_safe
def icon(request: HttpRequest, icon_id: UUID) -> HttpResponse:  # noqa: ARG001
    """An icon never changes, so a cache may keep it for good."""
    svg = find_icon(icon_id)
    if svg is None:
        raise Http404
    return HttpResponse(
        svg,
        content_type="image/svg+xml",
        headers={
            "Cache-Control": "public, max-age=31536000, immutable",
            "Content-Security-Policy": _SANDBOX,
            "X-Content-Type-Options": "nosniff",
        },
    )
