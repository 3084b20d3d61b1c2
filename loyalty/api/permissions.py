"""Nobody may do anything that an endpoint did not declare."""

from typing import Any

from rest_framework.permissions import BasePermission
from rest_framework.request import Request


class NobodyUnlessDeclared(BasePermission):
    """The default for any view: closed.  `ApiViewSet` does its own check and does not ask this."""

    def has_permission(self, request: Request, view: Any) -> bool:
        return False
