"""Members' routes, below /api/."""

from django.urls import path

from loyalty.api import paths as _store_code  # noqa: F401 (registers the path converter)
from members.api import identifiers as _member  # noqa: F401 (registers the path converter)
from members.api.custom_events import CustomEventsViewSet
from members.api.event_schemas import EventSchemasViewSet
from members.api.external_identifiers import ExternalIdentifiersViewSet
from members.api.imports import ImportsViewSet, MemberFilesViewSet
from members.api.member_lists import ListFilesViewSet, MemberListsViewSet
from members.api.members import MembersViewSet, OwnPasswordViewSet
from members.api.points import PointsViewSet
from members.api.sessions import LogoutViewSet, MemberSessionViewSet
from members.api.transactions import TransactionsViewSet
from members.api.wallets import WalletsViewSet, WalletTypesViewSet

members, session = MembersViewSet.as_view, MemberSessionViewSet.as_view

imports = ImportsViewSet.as_view
events, schemas = CustomEventsViewSet.as_view, EventSchemasViewSet.as_view
transactions = TransactionsViewSet.as_view
points, wallet_types = PointsViewSet.as_view, WalletTypesViewSet.as_view
member_lists = MemberListsViewSet.as_view

MEMBER = "<store_code:store_code>/member/<member:member>"
IMPORTS = "<store_code:store_code>/import"
EVENTS = "<store_code:store_code>/customEvent"
SCHEMA = f"{EVENTS}/schema/<event_type:event_type>"
TRANSACTIONS = "<store_code:store_code>/transaction"
POINTS = "<store_code:store_code>/points"
TRANSFER = f"{POINTS}/<lower_uuid:transfer_id>"
WALLET_TYPES = "<store_code:store_code>/walletType"
WALLET_TYPE = f"{WALLET_TYPES}/<lower_uuid:wallet_type_id>"
LISTS = "<store_code:store_code>/memberList"
LIST = f"{LISTS}/<lower_uuid:list_id>"

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
    path(EVENTS, events({"get": "list", "post": "create"})),
    path(f"{EVENTS}/batch", events({"post": "create_many"})),
    path(f"{EVENTS}/<lower_uuid:custom_event_id>", events({"get": "retrieve"})),
    path(f"{EVENTS}/schema", schemas({"get": "list", "post": "create"})),
    path(SCHEMA, schemas({"get": "retrieve", "put": "update"})),
    path(f"{SCHEMA}/active", schemas({"post": "activate"})),
    path(TRANSACTIONS, transactions({"get": "list", "post": "create"})),
    path(f"{TRANSACTIONS}/batch", transactions({"post": "create_many"})),
    path(f"{TRANSACTIONS}/assign", transactions({"post": "assign"})),
    path(f"{TRANSACTIONS}/<lower_uuid:transaction_id>", transactions({"get": "retrieve"})),
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
    path(f"{MEMBER}/wallet", WalletsViewSet.as_view({"get": "list"})),
    path(POINTS, points({"get": "list"})),
    path(f"{POINTS}/add", points({"post": "add"})),
    path(f"{POINTS}/spend", points({"post": "spend"})),
    path(f"{POINTS}/batch", points({"post": "batch"})),
    path(TRANSFER, points({"get": "retrieve"})),
    path(f"{TRANSFER}/cancel", points({"post": "cancel"})),
    path(f"{TRANSFER}/expire", points({"post": "expire"})),
    path(WALLET_TYPES, wallet_types({"get": "list", "post": "create"})),
    path(WALLET_TYPE, wallet_types({"get": "retrieve", "put": "update"})),
    path(f"{WALLET_TYPE}/active", wallet_types({"post": "activity"})),
    path(LISTS, member_lists({"get": "list", "post": "create"})),
    path(LIST, member_lists({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(f"{LIST}/member", member_lists({"get": "members", "post": "add", "delete": "remove"})),
    path(f"{LIST}/csv", ListFilesViewSet.as_view({"post": "create"})),
]
