"""What a tree is compiled for, and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from loyalty.models import Store

MOST_COMPLETIONS = 10_000
"""As often as a condition without a limit can be met by one member."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Of whom, since when, and how often at most.  `members` None: everybody in the store."""

    store: Store
    counting_from: datetime
    limit: int | None
    members: Sequence[UUID] | None

    @property
    def zone(self) -> ZoneInfo:
        """On whose clock moments are told."""
        return ZoneInfo(self.store.timezone)

    @property
    def most(self) -> int:
        return min(self.limit or MOST_COMPLETIONS, MOST_COMPLETIONS)


@dataclass(frozen=True, slots=True)
class Query:
    """A SELECT, and the values of its named parameters.

    It stands by itself, or in parentheses inside of a larger statement.  `%(store)s` is the
    store's id in every query; the other names begin with the query's prefix.
    """

    sql: str
    params: dict[str, Any]


@dataclass(slots=True)
class Binder:
    """The scope, and the parameters that are collected while its SQL is written."""

    scope: Scope
    prefix: str
    params: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.params["store"] = self.scope.store.id

    def bind(self, value: object, cast: str) -> str:
        """A placeholder for the value.  The cast is what PostgreSQL shall take it for."""
        name = f"{self.prefix}{len(self.params)}"
        self.params[name] = value
        return f"%({name})s::{cast}"

    def members(self) -> str:
        """A placeholder for the members' ids; they go over in binary, and once."""
        name = f"{self.prefix}members"
        self.params[name] = list(self.scope.members or ())
        return f"%({name})b::uuid[]"

    def query(self, sql: str) -> Query:
        return Query(sql, self.params)
