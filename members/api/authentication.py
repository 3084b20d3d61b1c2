"""Members' tokens."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from loyalty.actors import Actor
from loyalty.api.authentication import address_of, credential_of, store_code_of
from loyalty.tokens import MemberAccessToken
from members.selectors.sessions import MemberCaller, member_by_token


class MemberAuthentication(BaseAuthentication):
    """One statement, which fetches the member with their store."""

    def authenticate(self, request: Request) -> tuple[Actor, MemberCaller] | None:
        credential = credential_of(request)
        if not isinstance(credential, MemberAccessToken):
            return None
        caller = member_by_token(credential, store_code_of(request), address_of(request))
        return caller.actor, caller
