"""Members' tokens."""

from loyalty.api.authentication import Credential
from loyalty.tokens import MemberAccessToken
from members.selectors.sessions import MemberCaller, member_by_token


def member_caller(
    credential: Credential, store_code: str | None, address: str | None
) -> MemberCaller | None:
    """One statement, which fetches the member with their store."""
    if not isinstance(credential, MemberAccessToken):
        return None
    return member_by_token(credential, store_code, address)
