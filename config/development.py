"""Settings on a developer's machine: supply what the environment does not name.

That is a database and a broker (`config.embedded`) and three secrets, all kept in `var/`.
"""

import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from config import embedded
from config.embedded.home import EmbeddedServerError

VAR = Path(os.environ.get("ROSETTE_VAR", Path(__file__).resolve().parent.parent / "var")).absolute()


def _private_key() -> str:
    return (
        rsa.generate_private_key(public_exponent=65537, key_size=2048)
        .private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        .decode()
    )


def _supply(name: str, generate: Callable[[], str]) -> None:
    """Name a file with the secret, made once; of two processes that make it, one wins."""
    if {name, f"{name}_FILE"} & os.environ.keys():
        return
    file = VAR / name.lower()
    if not file.exists():
        draft = file.with_suffix(f".{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(generate(), encoding="utf-8")
        with suppress(FileExistsError):
            file.hardlink_to(draft)
        draft.unlink()
    os.environ[f"{name}_FILE"] = str(file)


try:
    VAR.mkdir(parents=True, exist_ok=True)
    embedded.ensure(VAR)
    _supply("SECRET_KEY", lambda: secrets.token_urlsafe(50))
    _supply("JWT_PRIVATE_KEY", _private_key)
    _supply("SECRETS_KEY", lambda: Fernet.generate_key().decode())
except (EmbeddedServerError, OSError) as error:
    raise SystemExit(f"Rosette cannot start here. {error}") from None

os.environ.setdefault("HTTPS", "0")
os.environ.setdefault("ROSETTE_DEMO", "1")
# A receiver that is being developed listens beside us, on any port.
os.environ.setdefault("WEBHOOKS_ALLOWED_NETWORKS", "127.0.0.0/8,::1/128")
os.environ.setdefault("WEBHOOKS_PLAIN_HTTP", "1")
os.environ.setdefault("WEBHOOKS_PORTS", "")
os.environ.setdefault("ROSETTE_DEMO_FILE", str(VAR / "demo.json"))

from config.settings import *  # noqa: E402, F403

# Static files are served from where they are, so that nothing has to be collected.
STATIC_ROOT = VAR / "static"
STATIC_ROOT.mkdir(exist_ok=True)
WHITENOISE_USE_FINDERS = True
