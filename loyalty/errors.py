"""What the domain refuses, in the domain's own words.

A refusal has a kind (the class), and for bad values a code, a path and parameters.  Status
numbers and bodies belong to the edge: each dialect turns these into its own shape.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum


class Code(StrEnum):
    """Why a value was refused.  Stable: integrators may match on it."""

    MISSING = "missing"
    BLANK = "blank"
    NULL = "null"
    TYPE = "type"
    UNKNOWN_FIELD = "unknown_field"
    TOO_LONG = "too_long"
    TOO_SHORT = "too_short"
    TOO_LOW = "too_low"
    TOO_HIGH = "too_high"
    PATTERN = "pattern"
    CHOICE = "choice"
    TAKEN = "taken"
    EMAIL = "email"
    DATE = "date"
    DATETIME = "datetime"
    UUID = "uuid"
    URL = "url"
    PASSWORD = "password"  # noqa: S105 (a code, not a secret)
    NOT_ALLOWED = "not_allowed"


@dataclass(frozen=True, slots=True)
class Violation:
    """One bad value: `path` names it from the object's root with dots ("translations.en.name")."""

    code: Code
    path: str
    message: str
    parameters: Mapping[str, object] = field(default_factory=dict)

    def below(self, prefix: str) -> "Violation":
        """The same violation, its path seen from one level further up."""
        return replace(self, path=".".join(part for part in (prefix, self.path) if part))


class DomainError(Exception):
    """The parent of every refusal; never raised itself."""


class Invalid(DomainError):
    """The request cannot mean anything: one or more values are bad.  Nothing was written."""

    def __init__(self, *violations: Violation) -> None:
        super().__init__("; ".join(f"{v.path}: {v.message}" for v in violations))
        self.violations: Sequence[Violation] = violations


class NotFound(DomainError):
    """There is no such row in this store.  A row of another store is just as absent."""


class Forbidden(DomainError):
    """The caller is known, and may not do this."""


class Conflict(DomainError):
    """The request is good, but not now: another one is in the way, or the row moved on."""

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unauthenticated(DomainError):
    """The caller is not known.  `reason` picks the edge's words and says no more than they do."""

    class Reason(StrEnum):
        MISSING = "missing"
        BAD_CREDENTIALS = "bad_credentials"
        EXPIRED_TOKEN = "expired_token"  # noqa: S105 (a reason, not a secret)
        INVALID_TOKEN = "invalid_token"  # noqa: S105 (a reason, not a secret)

    def __init__(self, reason: Reason) -> None:
        super().__init__(reason)
        self.reason = reason


class TooManyAttempts(DomainError):
    """Too many wrong passwords; try again after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Try again in {retry_after} s.")
        self.retry_after = retry_after


class TooManyStreams(DomainError):
    """As many streams as this process serves are open; try again after `retry_after` seconds."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many streams are open. Try again in {retry_after} s.")
        self.retry_after = retry_after


def taken(path: str, message: str = "This value is already used.") -> Invalid:
    return Invalid(Violation(Code.TAKEN, path, message))
