"""Members log in and out (Open Loyalty notes, section 1.1)."""

from typing import ClassVar

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response

from loyalty.addresses import address_of
from loyalty.api.authentication import CallerLookup, administrator_caller
from loyalty.api.operations import Need, operation
from loyalty.api.resources.sessions import (
    Credentials,
    RefreshWrite,
    TokensRead,
    renewed,
    tokens,
)
from loyalty.api.views import ApiViewSet
from loyalty.errors import Unauthenticated
from loyalty.models import Store
from loyalty.services.sessions import Owner, open_session, revoke_sessions
from loyalty.tokens import MemberAccessToken
from members.api.authentication import member_caller
from members.models import Member
from members.selectors.sessions import MemberCaller
from members.services.login import login_member


class MemberSessionViewSet(ApiViewSet):
    """Open endpoints, so the store is only a name here: it is looked up with the password."""

    @operation(
        "memberLoginCheck", "Log in as a member", None,
        body=Credentials, answer=TokensRead, tag="Authorization",
        checks_password=True,
    )  # fmt: skip
    def login(self, request: Request, store_code: str) -> Response:
        now = timezone.now()
        member = login_member(
            store_code=store_code, **self.body(), address=address_of(request.META), now=now
        )
        refresh = open_session(Owner(store_id=member.store_id, member_id=member.id), now=now)
        return _tokens(member, refresh)

    @operation(
        "tokenRefreshMember", "Renew a member's tokens", None,
        body=RefreshWrite, answer=TokensRead, tag="Authorization",
    )  # fmt: skip
    def refresh(self, request: Request, store_code: str) -> Response:
        presented = self.body()["refresh_token"]
        store = Store.objects.filter(code__iexact=store_code, active=True).first()
        if store is None:
            raise Unauthenticated(Unauthenticated.Reason.BAD_CREDENTIALS)
        owner, refresh = renewed(request, presented, store)
        member = Member.for_store(store).filter(id=owner.id, active=True).first()
        if member is None:
            raise Unauthenticated(Unauthenticated.Reason.BAD_CREDENTIALS)
        return _tokens(member, refresh)


class LogoutViewSet(ApiViewSet):
    """For administrators and members alike.  Open Loyalty logs out by GET; POST does the same."""

    caller_lookups: ClassVar[tuple[CallerLookup, ...]] = (administrator_caller, member_caller)
    http_method_names = ["get", "post"]  # Nobody expects a HEAD to change anything.

    @operation(
        "userGetTokenRevoke", "Log out: revoke every refresh token of the caller",
        Need(None, own_member=True), status=204, tag="Authorization",
    )  # fmt: skip
    def revoke(self, request: Request) -> Response:
        caller = self.caller
        if isinstance(caller, MemberCaller):
            owner = Owner(store_id=caller.member.store_id, member_id=caller.member.id)
        else:
            owner = Owner(administrator_id=caller.administrator_id)
        revoke_sessions(caller.store, owner=owner, actor=self.actor)
        return Response(status=204, headers={"Cache-Control": "no-store"})


def _tokens(member: Member, refresh: str) -> Response:
    access = MemberAccessToken.issue(member.store_id, member.id, member.token_version)
    return tokens(access, refresh)
