"""Members' routes, below /api/."""

from django.urls import path

from loyalty.api import paths as _store_code  # noqa: F401 (registers the path converter)
from members.api import identifiers as _member  # noqa: F401 (registers the path converter)
from members.api.external_identifiers import ExternalIdentifiersViewSet
from members.api.members import MembersViewSet, OwnPasswordViewSet
from members.api.sessions import LogoutViewSet, MemberSessionViewSet

members, session = MembersViewSet.as_view, MemberSessionViewSet.as_view

MEMBER = "<store_code:store_code>/member/<member:member>"

urlpatterns = [
    path("token/revoke", LogoutViewSet.as_view({"get": "revoke", "post": "revoke"})),
    path("<store_code:store_code>/member/login_check", session({"post": "login"})),
    path("<store_code:store_code>/token/refresh", session({"post": "refresh"})),
    path("<store_code:store_code>/member", members({"get": "list", "post": "create"})),
    path("<store_code:store_code>/member/password", OwnPasswordViewSet.as_view({"put": "update"})),
    path(MEMBER, members({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(f"{MEMBER}/anonymize", members({"post": "anonymize"})),
    path(f"{MEMBER}/activate", members({"post": "activate"})),
    path(f"{MEMBER}/deactivate", members({"post": "deactivate"})),
    path(f"{MEMBER}/custom-attribute", members({"put": "put_labels", "delete": "delete_labels"})),
    path(f"{MEMBER}/password", members({"post": "set_password"})),
    path(
        f"{MEMBER}/external-identifier",
        ExternalIdentifiersViewSet.as_view({"get": "retrieve", "put": "update"}),
    ),
    path(f"{MEMBER}/history", members({"get": "history"})),
]
