"""Access tokens: signed, short claims, one kind per class.

An administrator's and a member's token differ in audience and type, so neither is ever read as
the other.  This is the only module that knows the JWT library.
"""

import base64
from functools import cache
from typing import Any, ClassVar, Self
from uuid import UUID

import orjson
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_private_key,
)
from django.conf import settings
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import ExpiredTokenError, TokenError
from rest_framework_simplejwt.tokens import Token

from loyalty.errors import Unauthenticated

ISSUER = "rosette"


@cache
def _backend(audience: str) -> TokenBackend:
    private = load_pem_private_key(settings.JWT_PRIVATE_KEY.encode(), password=None)
    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return TokenBackend(
        "RS256", settings.JWT_PRIVATE_KEY, public.decode(), audience=audience, issuer=ISSUER
    )


class AccessToken(Token):
    """What the two kinds share: the owner's id, the owner's token version, and an end."""

    audience: ClassVar[str]
    lifetime = settings.ACCESS_TOKEN_LIFETIME

    def get_token_backend(self) -> TokenBackend:
        return _backend(self.audience)

    @property
    def owner_id(self) -> UUID:
        return UUID(self.payload["sub"])

    @property
    def version(self) -> int:
        return int(self.payload["tv"])


class AdminAccessToken(AccessToken):
    token_type = "admin"  # noqa: S105 (a kind, not a secret)
    audience = "rosette:admin"

    @classmethod
    def issue(cls, administrator_id: UUID, version: int) -> Self:
        token = cls()
        token["sub"], token["tv"] = str(administrator_id), version
        return token


class MemberAccessToken(AccessToken):
    """`store` is the id of the one store in which the token means anything."""

    token_type = "member"  # noqa: S105 (a kind, not a secret)
    audience = "rosette:member"

    @classmethod
    def issue(cls, store_id: UUID, member_id: UUID, version: int) -> Self:
        token = cls()
        token["sub"], token["store"], token["tv"] = str(member_id), str(store_id), version
        return token

    @property
    def store_id(self) -> UUID:
        return UUID(self.payload["store"])


_KINDS: dict[str, type[AccessToken]] = {
    kind.token_type: kind for kind in (AdminAccessToken, MemberAccessToken)
}


def _claimed_kind(encoded: str) -> str:
    """What the token says it is: only to choose the class, which then verifies all of it."""
    _, payload, _ = encoded.split(".")
    claims: dict[str, Any] = orjson.loads(base64.urlsafe_b64decode(f"{payload}=="))
    return str(claims["token_type"])


def read_access_token(encoded: str) -> AccessToken:
    """The token, verified; raises `Unauthenticated` if it is expired, forged or not ours."""
    try:
        token = _KINDS[_claimed_kind(encoded)](encoded)  # type: ignore[arg-type]
        # The claims that the rest of the code relies on are there, whatever was signed.
        _ = token.owner_id, token.version
        if isinstance(token, MemberAccessToken):
            _ = token.store_id
    except ExpiredTokenError:
        raise Unauthenticated(Unauthenticated.Reason.EXPIRED_TOKEN) from None
    except (TokenError, KeyError, TypeError, ValueError):
        raise Unauthenticated(Unauthenticated.Reason.INVALID_TOKEN) from None
    return token
