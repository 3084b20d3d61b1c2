"""How staff log in to the admin: the same check, and the same limit on guessing, as the API."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from loyalty.addresses import address_of
from loyalty.errors import Unauthenticated
from loyalty.models import Administrator
from loyalty.services.login import login_administrator


class AdministratorBackend:
    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **_: Any,
    ) -> Administrator | None:
        """Raises `TooManyAttempts`: that is not a wrong password, and the form says so."""
        if not username or not password:
            return None
        address = address_of(request.META) if request else None
        try:
            return login_administrator(
                username=username, password=password, address=address, now=timezone.now()
            )
        except Unauthenticated:
            return None

    def get_user(self, user_id: UUID) -> Administrator | None:
        """Asked on each request, so a deactivated account is out with its next click."""
        return Administrator.objects.filter(id=user_id, is_active=True).first()
