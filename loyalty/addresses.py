"""From where a request came."""

import ipaddress
from collections.abc import Mapping
from typing import Any

from django.conf import settings


def address_of(meta: Mapping[str, Any]) -> str | None:
    """The caller's IP address, as far as it can be trusted; `meta` is the request's `META`.

    Each trusted proxy appends the address it saw, so the last of them appended ours; what
    stands further left, anybody can write.
    """
    address = meta.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = meta.get("HTTP_X_FORWARDED_FOR", "").split(",")
        address = hops[-min(settings.TRUSTED_PROXIES, len(hops))].strip()
    try:
        return str(ipaddress.ip_address(address))
    except ValueError:
        return None
