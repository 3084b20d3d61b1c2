"""The kernel's routes, below /api/."""

from django.urls import path

from loyalty.api import paths as _converters  # noqa: F401 (registers the path converters)
from loyalty.api.resources.administrators import AdministratorsViewSet, ApiKeysViewSet
from loyalty.api.resources.audit import AuditViewSet
from loyalty.api.resources.feed import FeedViewSet
from loyalty.api.resources.health import HealthViewSet
from loyalty.api.resources.roles import RolesViewSet
from loyalty.api.resources.sessions import SessionViewSet
from loyalty.api.resources.stores import SettingsViewSet, StoresViewSet
from loyalty.api.resources.webhook_deliveries import WebhookDeliveriesViewSet
from loyalty.api.resources.webhooks import WebhookSubscriptionsViewSet

health, session = HealthViewSet.as_view, SessionViewSet.as_view
stores, roles = StoresViewSet.as_view, RolesViewSet.as_view
administrators, keys = AdministratorsViewSet.as_view, ApiKeysViewSet.as_view
settings = SettingsViewSet.as_view
feed = FeedViewSet.as_view
webhooks, deliveries = WebhookSubscriptionsViewSet.as_view, WebhookDeliveriesViewSet.as_view

_WEBHOOK = "<store_code:store_code>/webhook"
_SUBSCRIPTION = f"{_WEBHOOK}/subscription/<lower_uuid:subscription_id>"
_MESSAGE = f"{_SUBSCRIPTION}/delivery/<lower_uuid:message_id>"

urlpatterns = [
    path("", health({"get": "about"})),
    path("healthcheck", health({"get": "check"})),
    path("admin/login_check", session({"post": "login"})),
    path("token/refresh", session({"post": "refresh"})),
    path("store", stores({"get": "list", "post": "create"})),
    path("store/<lower_uuid:store_id>", stores({"get": "retrieve", "put": "update"})),
    path("acl/role", roles({"get": "list", "post": "create"})),
    path(
        "acl/role/<int:role_id>",
        roles({"get": "retrieve", "put": "update", "delete": "destroy"}),
    ),
    path("acl/accesses", roles({"get": "accesses"})),
    path("acl/resources", roles({"get": "resources"})),
    path("admin", administrators({"get": "list"})),
    path("admin/data", administrators({"post": "create"})),
    path("admin/data/<lower_uuid:admin_id>", administrators({"get": "retrieve", "put": "update"})),
    path("admin/permissions", administrators({"get": "permissions"})),
    path("admin/password", administrators({"put": "password"})),
    path("admin/<lower_uuid:admin_id>/api-key", keys({"get": "list", "post": "create"})),
    path(
        "admin/<lower_uuid:admin_id>/api-key/<lower_uuid:key_id>",
        keys({"put": "update", "delete": "destroy"}),
    ),
    path("audit/log", AuditViewSet.as_view({"get": "list"})),
    path("<store_code:store_code>/event", feed({"get": "list"})),
    path("<store_code:store_code>/event/stream", feed({"get": "stream"})),
    path("<store_code:store_code>/settings", settings({"get": "retrieve", "patch": "update"})),
    path(f"{_WEBHOOK}/event", webhooks({"get": "events"})),
    path(f"{_WEBHOOK}/subscription", webhooks({"get": "list", "post": "create"})),
    path(_SUBSCRIPTION, webhooks({"get": "retrieve", "put": "update", "delete": "destroy"})),
    path(f"{_SUBSCRIPTION}/active", webhooks({"post": "active"})),
    path(f"{_SUBSCRIPTION}/secret", webhooks({"post": "rotate"})),
    path(f"{_SUBSCRIPTION}/test", deliveries({"post": "test"})),
    path(f"{_SUBSCRIPTION}/redeliver", deliveries({"post": "redeliver_range"})),
    path(f"{_SUBSCRIPTION}/delivery", deliveries({"get": "list"})),
    path(_MESSAGE, deliveries({"get": "retrieve"})),
    path(f"{_MESSAGE}/redeliver", deliveries({"post": "redeliver_one"})),
]
