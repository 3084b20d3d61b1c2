"""The kinds of jobs.  Each app registers its own; the kernel only knows how to drive them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from loyalty.actors import Actor, ActorKind, Source
from loyalty.models import Job, Store


@dataclass(frozen=True, slots=True)
class Row:
    """A line of input that could be read."""

    line: int
    identifier_key: str
    identifier: str
    data: Mapping[str, Any]


@dataclass(slots=True)
class Outcome:
    """What became of a chunk of rows: each is changed, unchanged or has a problem."""

    changed: int = 0
    unchanged: int = 0
    problems: dict[int, str] = field(default_factory=dict)
    members: dict[int, UUID] = field(default_factory=dict)
    """The member that an import made of a line."""
    result: Mapping[str, Any] | None = None
    """What the job found out, if that is its purpose; kept with the job, as JSON."""


@dataclass(frozen=True, slots=True)
class JobKind:
    """`work` does one chunk, inside the chunk's transaction, and may be called for it again.

    It raises a `DomainError` when the job as a whole makes no sense any more.
    """

    name: str
    title: str
    chunk_size: int
    work: Callable[[Store, Job, Sequence[Row], datetime], Outcome]
    undone_by: str = ""
    """The kind of the job that undoes one of this kind; empty: it cannot be undone."""
    one_at_a_time: bool = False
    """At most one process works on jobs of such a kind: its chunks are long, and the others are
    needed for what cannot wait."""


_KINDS: dict[str, JobKind] = {}


def register(kind: JobKind) -> None:
    """Called by an app as it starts."""
    _KINDS[kind.name] = kind


def kind_named(name: str) -> JobKind:
    return _KINDS[name]


def actor_of(job: Job) -> Actor:
    """Whoever made the job acts through it."""
    return Actor(ActorKind(job.actor_kind), job.actor_id, job.actor_label, Source.JOB)


def known_kinds() -> list[str]:
    return list(_KINDS)


def kinds_one_at_a_time() -> list[str]:
    return [kind.name for kind in _KINDS.values() if kind.one_at_a_time]
