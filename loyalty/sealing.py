"""Secrets at rest: what has to be read again later, and must not be readable in the database.

`SECRETS_KEY` holds one key or several, the newest first: that one seals, all of them open.
"""

from functools import cache

from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings


@cache
def _cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def seal(secret: bytes) -> bytes:
    return _cipher(tuple(settings.SECRETS_KEYS)).encrypt(secret)


def unseal(sealed: bytes) -> bytes:
    """Raises `InvalidToken` if the key it was sealed with is not there any more."""
    return _cipher(tuple(settings.SECRETS_KEYS)).decrypt(sealed)
