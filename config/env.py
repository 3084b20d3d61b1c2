"""Read the environment, loudly.

Each function names the variable it misses.  A secret may also be given as a file: when
`NAME_FILE` is set, the value is that file's content.
"""

import binascii
import os
from base64 import urlsafe_b64decode
from pathlib import Path


class MissingSetting(Exception):
    """A variable that the deployment must set is not there, or does not read as it should."""


def env_text(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise MissingSetting(f"{name} is not set. docs/deployment.md lists every variable.")
    return value


def env_int(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    try:
        return int(text)
    except ValueError:
        raise MissingSetting(f"{name} must be a whole number, not {text!r}.") from None


def env_bool(name: str, *, default: bool) -> bool:
    text = os.environ.get(name, "1" if default else "0").lower()
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off", ""}:
        return False
    raise MissingSetting(f"{name} must be 1 or 0, not {text!r}.")


def env_list(name: str, default: str = "") -> list[str]:
    """A comma-separated list; blanks around and between the items do not count."""
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


def env_secret(name: str) -> str:
    """The secret itself, or the content of the file that `NAME_FILE` names."""
    file = os.environ.get(f"{name}_FILE")
    if file is None:
        return env_text(name)
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise MissingSetting(f"{name}_FILE names a file that cannot be read: {error}.") from None


def env_keys(name: str) -> list[str]:
    """One Fernet key or several, with commas or blanks between; as a secret, or in a file."""
    keys = env_secret(name).replace(",", " ").split()
    try:
        good = bool(keys) and all(len(urlsafe_b64decode(key)) == 32 for key in keys)
    except (binascii.Error, ValueError):
        good = False
    if not good:
        raise MissingSetting(f"{name} must be 32 random bytes in URL-safe base64.")
    return keys
