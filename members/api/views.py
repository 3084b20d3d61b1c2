"""The sealed base of every endpoint that is about one member."""

from typing import ClassVar

from loyalty.api.authentication import CallerLookup, administrator_caller
from loyalty.api.views import StoreViewSet
from loyalty.errors import Forbidden
from loyalty.identifiers import Identifier
from loyalty.selectors.callers import Caller
from members.api.authentication import member_caller
from members.models import Member
from members.selectors.members import get_member
from members.selectors.sessions import MemberCaller


class MemberViewSet(StoreViewSet):
    """Below /api/{storeCode}/member/{member}.  A member gets here only under their own name.

    Another member's name is refused before anything is looked up, so nobody learns who exists.
    """

    caller_lookups: ClassVar[tuple[CallerLookup, ...]] = (administrator_caller, member_caller)

    names_member: ClassVar[bool] = True

    def _check(self, caller: Caller) -> None:
        super()._check(caller)
        if isinstance(caller, MemberCaller) and self.names_member:
            named: Identifier | None = self.kwargs.get("member")
            if named is None or not caller.is_called(named):
                raise Forbidden

    def member(self, identifier: Identifier) -> Member:
        """The member that the URL names; a member's own row was fetched with the token."""
        if isinstance(self.caller, MemberCaller):
            return self.caller.member
        return get_member(self.store, identifier)
