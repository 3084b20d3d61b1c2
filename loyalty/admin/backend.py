"""How staff log in to the admin: the same check, and the same limit on guessing, as the API."""

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils import timezone

from loyalty.errors import TooManyAttempts, Unauthenticated
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
        if not username or not password:
            return None
        address = request.META.get("REMOTE_ADDR") if request else None
        try:
            return login_administrator(
                username=username, password=password, address=address, now=timezone.now()
            )
        except (Unauthenticated, TooManyAttempts):
            return None

    def get_user(self, user_id: UUID) -> Administrator | None:
        return Administrator.objects.filter(id=user_id, is_active=True).first()
