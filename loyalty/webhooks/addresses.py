"""Where a webhook may go: to public addresses, and nowhere into our own network.

A URL is looked at when it is written down, for whoever types it.  What counts is the second look,
at the addresses themselves, in the moment of connecting (`loyalty.webhooks.client`).
"""

import ipaddress
import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from django.conf import settings
from yarl import URL

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

MAX_URL = 2048

# `is_global` of the standard library changes with Python's patch releases, and let some of these
# through in some of them; so the list is ours.
_NEVER_V4 = [
    IPv4Network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16",
        "172.16.0.0/12", "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24",
        "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15",
        "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        # A public address that each machine of one large cloud reaches its host at.
        "168.63.129.16/32",
    )
]  # fmt: skip
_PUBLIC_V6 = IPv6Network("2000::/3")
_NEVER_V6 = [
    IPv6Network(network)
    for network in (
        "2001::/23",  # Special purposes, Teredo among them, which wraps an IPv4 address.
        "2001:db8::/32", "2002::/16",  # 6to4 wraps one, too.
        "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip
# ISATAP: the last 64 bits say that an IPv4 address follows.
_ISATAP = {b"\x00\x00\x5e\xfe", b"\x02\x00\x5e\xfe"}

_URL_TEXT = re.compile(r"[!-\[\]-~]+\Z")  # Printable ASCII without the backslash.
_NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.?)+\Z")
_NUMBER = re.compile(r"(0[xX][0-9a-fA-F]*|[0-9]+)\Z")


class ForbiddenAddress(OSError):
    """The host has an address that webhooks may not go to."""


class BadUrl(ValueError):
    """The text is a sentence for whoever wrote the URL."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a deployment allows."""

    networks: tuple[Network, ...] = ()
    """Allowed although they are not public, with all of their ports."""
    ports: frozenset[int] = frozenset({80, 443, 8443})
    """Empty: every port."""
    plain_http: bool = False


def rules() -> Rules:
    return Rules(
        tuple(ipaddress.ip_network(network) for network in settings.WEBHOOKS_ALLOWED_NETWORKS),
        frozenset(settings.WEBHOOKS_PORTS),
        settings.WEBHOOKS_PLAIN_HTTP,
    )


def is_public(address: Address) -> bool:
    """Whether it is an address of somebody else in the internet."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _NEVER_V4)
    if address.scope_id or address not in _PUBLIC_V6 or address.packed[8:12] in _ISATAP:
        return False
    return not any(address in network for network in _NEVER_V6)


def check_address(text: str, rules: Rules) -> None:
    """Raises `ForbiddenAddress`.  The text is one of `getaddrinfo`, or from a URL."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        raise ForbiddenAddress("This is no address.") from None
    if not is_public(address) and not _is_listed(address, rules):
        raise ForbiddenAddress("The host has an address that is not public.")


def check_url(text: str, rules: Rules) -> URL:
    """The URL as it is going to be requested.  Raises `BadUrl`."""
    if len(text) > MAX_URL or not _URL_TEXT.match(text):
        raise BadUrl("This value is not a valid URL.")
    try:
        parts, url = urlsplit(text), URL(text)
        host, port = parts.hostname or "", parts.port
        same = (url.raw_host or "") == host and url.explicit_port == port
    except ValueError:
        raise BadUrl("This value is not a valid URL.") from None
    if url.scheme not in ({"http", "https"} if rules.plain_http else {"https"}):
        raise BadUrl("The URL must begin with https://.")
    if "@" in parts.netloc:
        raise BadUrl("The URL must not contain a name or a password.")
    if "#" in text:
        raise BadUrl("The URL must not contain a fragment.")
    if not host or not same:
        raise BadUrl("This value is not a valid URL.")
    address = _literal(host)
    if address is None and (not _NAME.match(host) or _ends_in_a_number(host)):
        raise BadUrl("This value is not a valid URL.")
    listed = address is not None and _is_listed(address, rules)
    if address is not None and not listed and not is_public(address):
        raise BadUrl("The URL must lead to a public address.")
    if rules.ports and url.port not in rules.ports and not listed:
        allowed = ", ".join(map(str, sorted(rules.ports)))
        raise BadUrl(f"The port must be one of {allowed}.")
    return url


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _is_listed(address: Address, rules: Rules) -> bool:
    return any(address in network for network in rules.networks)


def _ends_in_a_number(host: str) -> bool:
    """Resolvers read such a name as an IPv4 address: 127.1, 0x7f000001, 2130706433."""
    return bool(_NUMBER.match(host.rstrip(".").rpartition(".")[2]))
