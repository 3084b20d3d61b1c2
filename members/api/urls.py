"""Members' routes, below /api/."""

from django.urls import path

from loyalty.api import paths as _store_code  # noqa: F401 (registers the path converter)
from members.api import identifiers as _member  # noqa: F401 (registers the path converter)
from members.api.external_identifiers import ExternalIdentifiersViewSet
from members.api.imports import ImportsViewSet, MemberFilesViewSet
from members.api.members import MembersViewSet, OwnPasswordViewSet
from members.api.sessions import LogoutViewSet, MemberSessionViewSet

members, session = MembersViewSet.as_view, MemberSessionViewSet.as_view

imports = ImportsViewSet.as_view

MEMBER = "<store_code:store_code>/member/<member:member>"
IMPORTS = "<store_code:store_code>/import"

urlpatterns = [
    path("token/revoke", LogoutViewSet.as_view({"get": "revoke", "post": "revoke"})),
    path("<store_code:store_code>/member/login_check", session({"post": "login"})),
    path("<store_code:store_code>/token/refresh", session({"post": "refresh"})),
    path("<store_code:store_code>/member", members({"get": "list", "post": "create"})),
    path("<store_code:store_code>/member/password", OwnPasswordViewSet.as_view({"put": "update"})),
    path(IMPORTS, imports({"get": "list"})),
    path(f"{IMPORTS}/member", MemberFilesViewSet.as_view({"post": "create"})),
    path(f"{IMPORTS}/<lower_uuid:import_id>", imports({"get": "retrieve"})),
    path(f"{IMPORTS}/<lower_uuid:import_id>/report", imports({"get": "report"})),
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
