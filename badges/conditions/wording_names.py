"""What people call the things that a tree names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from types import MappingProxyType
from uuid import UUID

from badges.conditions.wording_texts import quoted
from members.models.activity import PURCHASE, RETURN

OWN_EVENTS = MappingProxyType({PURCHASE: "Purchase", RETURN: "Return"})
"""What the types of activity are called that no store defines."""


def _nothing() -> Mapping[str, str]:
    return {}


def _nobody() -> Mapping[UUID, str]:
    return {}


@dataclass(frozen=True, slots=True)
class Names:
    """`events` by their types, `wallets` by their codes, and everything else by its id.

    `zone` is the store's, on whose clock moments are told.
    """

    events: Mapping[str, str] = field(default_factory=_nothing)
    wallets: Mapping[str, str] = field(default_factory=_nothing)
    rows: Mapping[UUID, str] = field(default_factory=_nobody)
    """Badge types, rules, rule groups and lists; those that were deleted, too."""
    zone: tzinfo = UTC

    def event(self, event: str) -> str:
        return self.events.get(event) or OWN_EVENTS.get(event, event)

    def row(self, what: str, row_id: UUID | None) -> str:
        """Such as “the list “Founders””."""
        name = self.rows.get(row_id) if row_id else None
        return f"a {what} that was deleted" if name is None else f"the {what} {quoted(name)}"


NO_NAMES = Names()
