"""How URLs name rows: a bare UUID, or `key=value` (Open Loyalty: {member}, {badgeType}).

Pure grammar: which keys there are is up to the resource.
"""

from dataclasses import dataclass
from uuid import UUID

UUID_PATTERN = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@dataclass(frozen=True, slots=True)
class Identifier:
    """`key` is "id" for a bare UUID."""

    key: str
    value: str

    @classmethod
    def parse(cls, text: str) -> "Identifier":
        key, equals, value = text.partition("=")
        return cls(key, value) if equals else cls("id", text)

    @property
    def uuid(self) -> UUID:
        return UUID(self.value)

    def __str__(self) -> str:
        return self.value if self.key == "id" else f"{self.key}={self.value}"


class IdentifierConverter:
    """A Django path converter; subclasses set `regex`.  What does not match is a 404."""

    regex = UUID_PATTERN

    def to_python(self, value: str) -> Identifier:
        return Identifier.parse(value)

    def to_url(self, value: Identifier | str) -> str:
        return str(value)
