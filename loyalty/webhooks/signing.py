"""Signatures, as the receivers of each format check them."""

import base64
import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

PREFIX = "whsec_"


@dataclass(frozen=True, slots=True)
class Key:
    """One live secret; `until` is None for the newest, and the end of the overlap for others.

    `secret` is `whsec_` and base64 of 32 bytes, or the PEM of an RSA key.
    """

    version: int
    secret: str
    until: datetime | None = None


def new_secret() -> str:
    return PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()


def new_rsa_key() -> str:
    """The private key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


@lru_cache(maxsize=256)
def _loaded(private: str) -> rsa.RSAPrivateKey:
    key = serialization.load_pem_private_key(private.encode(), password=None)
    assert isinstance(key, rsa.RSAPrivateKey)  # noqa: S101 (`new_rsa_key` made it)
    return key


def public_key(private: str) -> str:
    """What a receiver needs to check: PEM, SubjectPublicKeyInfo."""
    return (
        _loaded(private)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        .decode()
    )


def key_id(version: int) -> str:
    return f"v{version}"


def standard_signature(key: Key, message_id: str, timestamp: int, body: bytes) -> str:
    """One entry of `webhook-signature` (Standard Webhooks 1.0.0)."""
    secret = base64.b64decode(key.secret.removeprefix(PREFIX))
    signed = b"%s.%d.%s" % (message_id.encode(), timestamp, body)
    return "v1," + base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()


def open_loyalty_signature(
    key: Key, *, host: str, path: str, body: bytes, timestamp: int, request_id: str
) -> str:
    """Hexadecimal, over Open Loyalty's canonical text of the request."""
    canonical = "\n".join(
        [
            "POST",
            f"{len(host.encode())}:{host}",
            f"{len(path.encode())}:{path}",
            hashlib.sha256(body).hexdigest(),
            str(timestamp),
            request_id,
        ]
    )
    secret = key.secret.removeprefix(PREFIX).encode()
    return hmac.digest(secret, canonical.encode(), "sha256").hex()


def wix_token(key: Key, claims: dict[str, Any]) -> str:
    return jwt.encode(
        claims, _loaded(key.secret), algorithm="RS256", headers={"kid": key_id(key.version)}
    )
