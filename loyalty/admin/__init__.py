"""The admin's base, and the kernel's pages: stores, access, and the log of events."""

from loyalty.admin import (
    administrators,
    api_keys,
    deliveries,
    events,
    roles,
    stores,
    webhooks,
)

__all__ = ["administrators", "api_keys", "deliveries", "events", "roles", "stores", "webhooks"]
