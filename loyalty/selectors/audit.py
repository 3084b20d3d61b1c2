"""Who did what: the log of events, as those see it who may look at the audit of a store."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from loyalty.models import Access, Event, Resource
from loyalty.selectors.access import Reach

_SEES = ((Resource.AUDIT, Access.VIEW), (Resource.AUDIT, Access.MODIFY))


def audited_stores(reach: Reach) -> frozenset[UUID]:
    """The stores in which the caller may look at the audit log; nothing to a master role, which
    sees them all."""
    return frozenset(
        store
        for store, resource, access in reach.permissions
        if (resource, access) in _SEES and not reach.is_master
    )


def audit_log(reach: Reach) -> list[QuerySet[Event]]:
    """The rows that the caller may see, in parts that each have an index in the log's order.

    A master role sees one part: every store, and what belongs to none of them (roles,
    administrators, keys).
    """
    if reach.is_master:
        return [Event.across_stores.all()]
    return [Event.across_stores.filter(store_id=store) for store in sorted(audited_stores(reach))]


def latest(
    parts: Sequence[QuerySet[Event]], *, offset: int, size: int, columns: Iterable[str]
) -> list[dict[str, Any]]:
    """The columns of the latest rows of all parts together, without the first `offset`."""
    count = offset + size
    found = [
        sequence
        for part in parts
        for sequence in part.order_by("-sequence").values_list("sequence", flat=True)[:count]
    ]
    page = sorted(found, reverse=True)[offset:count]
    rows = [row for part in parts for row in part.filter(sequence__in=page).values(*columns)]
    return sorted(rows, key=lambda row: -row["sequence"])
