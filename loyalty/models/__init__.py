from loyalty.models.access import (
    Access,
    Administrator,
    ApiKey,
    Resource,
    Role,
    RolePermission,
)
from loyalty.models.events import Event, EventName
from loyalty.models.heartbeats import WorkerHeartbeat
from loyalty.models.idempotency import IdempotencyKey
from loyalty.models.jobs import UNFINISHED, Job, JobRow, JobState
from loyalty.models.sessions import LoginFailures, RefreshToken
from loyalty.models.stores import IdentificationMethod, Store, StoreOwnedModel
from loyalty.models.webhooks import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    DisabledReason,
    Subscription,
    WebhookCursor,
    WebhookFormat,
)

__all__ = [
    "UNFINISHED",
    "Access",
    "Administrator",
    "ApiKey",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryState",
    "DisabledReason",
    "Event",
    "EventName",
    "IdempotencyKey",
    "IdentificationMethod",
    "Job",
    "JobRow",
    "JobState",
    "LoginFailures",
    "RefreshToken",
    "Resource",
    "Role",
    "RolePermission",
    "Store",
    "StoreOwnedModel",
    "Subscription",
    "WebhookCursor",
    "WebhookFormat",
    "WorkerHeartbeat",
]
