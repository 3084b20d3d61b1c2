"""Who does something: the value that every service is given and every ledger row keeps."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    ADMIN = "admin"
    API_KEY = "api_key"
    MEMBER = "member"
    SYSTEM = "system"


class Source(StrEnum):
    """Through which door a change came in."""

    API = "api"
    ADMIN = "admin"
    JOB = "job"
    RULE = "rule"
    IMPORT = "import"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class Actor:
    """`label` is what a person reads in a log ("anna@example.com"); `address` an IP, if known."""

    kind: ActorKind
    id: UUID | None
    label: str
    source: Source
    address: str | None = None


def command_line(name: str) -> Actor:
    """The actor of a management command."""
    return Actor(ActorKind.SYSTEM, None, f"manage {name}", Source.COMMAND)
