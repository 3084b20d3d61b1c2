"""Who is calling: a JWT in `Authorization`, or an API key in `X-AUTH-TOKEN`.

There are no cookies here, so no other site can make a browser call in somebody's name.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone
from rest_framework.request import Request

from loyalty.selectors.callers import Caller, administrator_by_key, administrator_by_token
from loyalty.services.api_keys import note_key_use
from loyalty.tokens import AccessToken, AdminAccessToken, read_access_token

_MAX_CREDENTIAL_LENGTH = 4096


@dataclass(frozen=True, slots=True)
class ApiKeyText:
    text: str


Credential = AccessToken | ApiKeyText

CallerLookup = Callable[[Credential, str | None, str | None], Caller | None]
"""From a credential, the store code of the URL and the address to the caller; None: not mine."""


def credential_of(request: Request) -> Credential | None:
    """What the caller presents, verified as far as that is possible without a query.

    Raises `Unauthenticated` for a token that is expired or not ours.
    """
    scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return read_access_token(token.strip()[:_MAX_CREDENTIAL_LENGTH])
    # Open Loyalty also takes the key from the query string (notes, section 1.3).
    key = request.META.get("HTTP_X_AUTH_TOKEN") or request.query_params.get("auth_token")
    return ApiKeyText(key.strip()[:_MAX_CREDENTIAL_LENGTH]) if key else None


def administrator_caller(
    credential: Credential, store_code: str | None, address: str | None
) -> Caller | None:
    """Administrators and API keys.  One statement, which also fetches the store of the URL."""
    if isinstance(credential, ApiKeyText):
        caller, use = administrator_by_key(credential.text, store_code, address)
        note_key_use(use, now=timezone.now())
        return caller
    if isinstance(credential, AdminAccessToken):
        return administrator_by_token(credential.owner_id, credential.version, store_code, address)
    return None
