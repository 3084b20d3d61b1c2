"""Settings for the tests: the development settings, apart from a developer's own data."""

from config.development import *  # noqa: F403
from config.development import REDIS_URL

# Argon2 is slow on purpose, and the tests make many administrators.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# A stream says what there is, and ends.
EVENT_STREAM_SECONDS = 0
# Some tests leave one open.
EVENT_STREAMS_PER_PROCESS = 100

# The test database has a name of its own, and so has the broker's: a test must not wake the
# worker of a `./run` beside it.
if REDIS_URL.startswith("unix://"):
    CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1) + "?virtual_host=1"
    REDIS_URL = f"{REDIS_URL}?db=1"
