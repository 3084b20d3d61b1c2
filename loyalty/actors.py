"""Who does something: the value that every service is given and every ledger row keeps."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import TextChoices


class ActorKind(TextChoices):
    ADMIN = "admin", "Administrator"
    API_KEY = "api_key", "API key"
    MEMBER = "member", "Member"
    SYSTEM = "system", "The server itself"


class Source(TextChoices):
    """Through which door a change came in."""

    API = "api", "API"
    ADMIN = "admin", "Admin"
    JOB = "job", "Job"
    RULE = "rule", "Rule"
    IMPORT = "import", "Import"
    COMMAND = "command", "Command line"


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
