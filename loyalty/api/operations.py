"""What an endpoint says about itself, once: its name, who may call it, what goes in and out.

The same declaration guards the call, parses the body and writes the OpenAPI document.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from rest_framework.serializers import BaseSerializer, Serializer

from loyalty.models import Access, Resource

Action = TypeVar("Action", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Need:
    """The permission that an administrator or API key must hold.

    `own_member`: a member may call it too, about nobody but themselves.
    """

    resource: Resource | None
    access: Access = Access.VIEW
    own_member: bool = False


VIEW_SELF = Need(None)
"""Any administrator: the answer is only about the caller."""


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    summary: str
    need: Need | None
    """None: open to everybody, such as a login."""
    body: type[BaseSerializer[Any]] | None = None
    answer: type[BaseSerializer[Any]] | None = None
    query: type[Serializer[Any]] | None = None
    """The parameters of an answer that is no list; a list has a `search`."""
    many: bool = False
    status: int = 200
    search: Any = None
    tag: str = ""
    file_type: str = ""
    """The media type of the answer, if that is a file and not JSON."""
    checks_password: bool = False
    """Guessing is counted, and answered with 429."""
    is_stream: bool = False
    """There is room for a few at once; further ones are answered with 429."""


def operation(
    id: str,
    summary: str,
    need: Need | None,
    **details: Any,
) -> Callable[[Action], Action]:
    """Declare an action of an `ApiViewSet`; see `Operation` for the details."""

    def declare(action: Action) -> Action:
        action.operation = Operation(id, summary, need, **details)  # type: ignore[attr-defined]
        return action

    return declare
