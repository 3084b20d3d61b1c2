"""Scrolling: every row of a long list, once, in the order of creation (notes, section 4).

Pages grow slower the further one goes, and end at the 500th; a scroll does neither.  Each answer
says where the next one begins.
"""

import base64
import binascii
import json
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q

from loyalty.api.listing import ListQuery, Rows
from loyalty.errors import Code, Invalid, Violation

PARAMETER = "_scroll"


def answer_scroll(
    query: ListQuery,
    token: str,
    rows: Rows,
    *,
    columns: Iterable[str],
    render: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    moment: str = "created_at",
) -> dict[str, Any]:
    """`{"items": [...], "scroll": {"next": token}}`; at the end there are no items and no next.

    An empty token begins.  `columns` include `moment`, which says when a row came, and `id`.
    """
    left = query.narrowed(rows)
    if token:
        came_at, row_id = _read(token)
        # The first condition is what an index can begin with.
        left = left.filter(
            Q(**{f"{moment}__gt": came_at}) | Q(id__gt=row_id), **{f"{moment}__gte": came_at}
        )
    page = list(left.order_by(moment, "id").values(*columns)[: query.size])
    following = _write(page[-1][moment], page[-1]["id"]) if page else None
    return {"items": [render(row) for row in page], "scroll": {"next": following}}


def _write(created_at: datetime, row_id: UUID) -> str:
    place = {"createdAt": created_at.isoformat(), "id": str(row_id)}
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode()


def _read(token: str) -> tuple[datetime, UUID]:
    """The place in the list.  A token that was made up can only name another place in it."""
    try:
        place = json.loads(base64.urlsafe_b64decode(token.encode()))
        created_at = datetime.fromisoformat(place["createdAt"])
        if created_at.tzinfo is None:
            raise ValueError("no offset")
        return created_at, UUID(place["id"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError, binascii.Error):
        message = "This is not a scroll token."
        raise Invalid(Violation(Code.PATTERN, PARAMETER, message)) from None
