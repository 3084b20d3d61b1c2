"""Logging in and out (Open Loyalty notes, section 1.1)."""

from typing import Any

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import CharField, Serializer

from loyalty.actors import Actor, ActorKind, Source
from loyalty.addresses import address_of
from loyalty.api.operations import operation
from loyalty.api.serializers import StrictSerializer, Text
from loyalty.api.views import ApiViewSet
from loyalty.errors import Unauthenticated
from loyalty.models import Administrator, Store
from loyalty.services.login import login_administrator
from loyalty.services.sessions import (
    Owner,
    ReplayedToken,
    open_session,
    refresh_session,
    revoke_family,
)
from loyalty.tokens import AdminAccessToken


class Credentials(StrictSerializer):
    """Older clients write `_username` and `_password`; both spellings are read."""

    username = Text(required=False, allow_blank=True)
    password = Text(required=False, allow_blank=True, max_length=1024)
    _username = Text(required=False, allow_blank=True)
    _password = Text(required=False, allow_blank=True, max_length=1024)

    def validate(self, attrs: Any) -> Any:
        return {
            name: attrs.get(name) or attrs.get(f"_{name}") or ""
            for name in ("username", "password")
        }


class RefreshWrite(StrictSerializer):
    refresh_token = Text(allow_blank=True)


class TokensRead(Serializer[Any]):
    """`token` is an RS256 JWT for `Authorization: Bearer`; `refresh_token` is opaque, used once."""

    token = CharField()
    refresh_token = CharField()


def tokens(access: object, refresh: str) -> Response:
    return Response(
        {"token": str(access), "refresh_token": refresh}, headers={"Cache-Control": "no-store"}
    )


def renewed(request: Request, presented: str, store: Store | None) -> tuple[Owner, str]:
    """Refresh, and end the family of a token that was stolen or kept."""
    try:
        return refresh_session(presented, store=store, now=timezone.now())
    except ReplayedToken as replay:
        address = address_of(request.META)
        stranger = Actor(ActorKind.SYSTEM, None, "token refresh", Source.API, address)
        revoke_family(replay.family, store=store, actor=stranger)
        raise


class SessionViewSet(ApiViewSet):
    @operation(
        "adminLoginCheck", "Log in as an administrator", None,
        body=Credentials, answer=TokensRead, tag="Authorization",
        checks_password=True,
    )  # fmt: skip
    def login(self, request: Request) -> Response:
        now = timezone.now()
        given = self.body()
        administrator = login_administrator(**given, address=address_of(request.META), now=now)
        refresh = open_session(Owner(administrator_id=administrator.id), now=now)
        return tokens(
            AdminAccessToken.issue(administrator.id, administrator.token_version), refresh
        )

    @operation(
        "tokenRefresh", "Renew an administrator's tokens", None,
        body=RefreshWrite, answer=TokensRead, tag="Authorization",
    )  # fmt: skip
    def refresh(self, request: Request) -> Response:
        owner, refresh = renewed(request, self.body()["refresh_token"], None)
        administrator = Administrator.objects.filter(id=owner.id, is_active=True).first()
        if administrator is None:
            raise Unauthenticated(Unauthenticated.Reason.BAD_CREDENTIALS)
        return tokens(
            AdminAccessToken.issue(administrator.id, administrator.token_version), refresh
        )
