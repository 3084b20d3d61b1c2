"""Every setting once, read from the environment.

There is no insecure default: without its database, broker and secrets the server refuses to
start.  `config.development` supplies them on a developer's machine and then imports this file.
"""

from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

from config.appearance import UNFOLD as UNFOLD
from config.env import env_bool, env_int, env_keys, env_list, env_secret, env_text

BASE_DIR = Path(__file__).resolve().parent.parent
VERSION = "0.1.0"


def _database(url: str) -> dict[str, object]:
    parts = urlsplit(url)
    options: dict[str, object] = {name: value[-1] for name, value in parse_qs(parts.query).items()}
    # PostgreSQL then plans a statement once, and not at each of the thousands of times that a
    # connection sends it: for the hottest reads that is most of its work.
    options |= {"server_side_binding": True, "prepare_threshold": 2}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", parts.hostname or ""),
        "PORT": parts.port or "",
        "OPTIONS": options,
    }


# --- Who we are -------------------------------------------------------------------------------

SECRET_KEY = env_secret("SECRET_KEY")
DEBUG = False
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
# The address of the caller is the one that this many trusted proxies in front of us appended.
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)
DEMO = env_bool("ROSETTE_DEMO", default=False)
DEMO_FILE = env_text("ROSETTE_DEMO_FILE", str(BASE_DIR / "var" / "demo.json"))

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # The other one would put a site of its own in place of ours.
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "config.admin_site.RosetteAdminConfig",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "loyalty",
    "members",
    "badges",
    "config",
]
AUTH_USER_MODEL = "loyalty.Administrator"
SILENCED_SYSTEM_CHECKS = [
    "auth.W004",  # The username is unique whatever its case, by a constraint it does not see.
    "security.W005",  # What else runs below the deployment's domain is not ours to decide on,
    "security.W021",  # nor is whether that domain joins the browsers' preload list.
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False

MIDDLEWARE = [
    "loyalty.api.middleware.ApiBoundary",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# --- Data -------------------------------------------------------------------------------------

DATABASES = {"default": _database(env_secret("DATABASE_URL"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Celery closes its connections after each task, which would empty a pool: web processes only.
if env_bool("DATABASE_POOL", default=False):
    DATABASES["default"]["OPTIONS"]["pool"] = {  # type: ignore[index]
        "min_size": 1,
        "max_size": env_int("DATABASE_POOL_SIZE", 8),
        "timeout": 3,
    }

REDIS_URL = env_secret("REDIS_URL")

# --- Passwords and tokens ---------------------------------------------------------------------

AUTHENTICATION_BACKENDS = ["loyalty.admin.backend.AdministratorBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
_VALIDATION = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"{_VALIDATION}.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": f"{_VALIDATION}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATION}.UserAttributeSimilarityValidator"},
]
JWT_PRIVATE_KEY = env_secret("JWT_PRIVATE_KEY")
ACCESS_TOKEN_LIFETIME = timedelta(minutes=env_int("ACCESS_TOKEN_MINUTES", 24 * 60))
REFRESH_TOKEN_LIFETIME = timedelta(days=env_int("REFRESH_TOKEN_DAYS", 30))
REFRESH_TOKEN_GRACE = timedelta(seconds=env_int("REFRESH_TOKEN_GRACE_SECONDS", 10))
# Wrong passwords a minute, for one name from one address, and for one address in all.
LOGIN_FAILURES_PER_NAME = env_int("LOGIN_FAILURES_PER_NAME", 20)
LOGIN_FAILURES_PER_ADDRESS = env_int("LOGIN_FAILURES_PER_ADDRESS", 100)
IDEMPOTENCY_KEY_LIFETIME = timedelta(hours=24)

# --- The API ----------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": ["loyalty.api.permissions.NobodyUnlessDeclared"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "loyalty.api.rendering.JsonWhateverIsAsked",
    "DEFAULT_PARSER_CLASSES": ["loyalty.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["loyalty.api.rendering.OrjsonRenderer"],
    "DEFAULT_SCHEMA_CLASS": "loyalty.api.openapi.OperationSchema",
    "EXCEPTION_HANDLER": "loyalty.api.errors.answer_error",
    "UNAUTHENTICATED_USER": None,
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000

SPECTACULAR_SETTINGS = {
    "TITLE": "Rosette",
    "DESCRIPTION": "Loyalty with badges at heart, in Open Loyalty's dialect.",
    "VERSION": VERSION,
    "SCHEMA_PATH_PREFIX": "/api/",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": False,
    "SORT_OPERATIONS": True,
    "POSTPROCESSING_HOOKS": ["loyalty.api.openapi.camel_case_paths"],
    "APPEND_COMPONENTS": {
        "securitySchemes": {
            "Bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            "token": {"type": "apiKey", "in": "header", "name": "X-AUTH-TOKEN"},
        }
    },
}

# --- Streams of events ------------------------------------------------------------------------

# Each keeps a thread of the web server busy, of which a process has four.
EVENT_STREAMS_PER_PROCESS = env_int("EVENT_STREAMS_PER_PROCESS", 2)
EVENT_STREAM_SECONDS = env_int("EVENT_STREAM_SECONDS", 60)

# --- Work in the background -------------------------------------------------------------------

# One store with many jobs must not keep the others waiting.
JOBS_AT_ONCE_IN_A_STORE = env_int("JOBS_AT_ONCE_IN_A_STORE", 2)
# One statement looks at the whole history of a store; it must end before a task's limit below.
DRY_RUN_SECONDS = env_int("DRY_RUN_SECONDS", 60)
# Whom a badge is near to is asked in a request, which nobody wants to wait for so long.
NEAR_MEMBERS_SECONDS = env_int("NEAR_MEMBERS_SECONDS", 15)

CELERY_BROKER_URL = REDIS_URL.replace("unix://", "redis+socket://", 1)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SOFT_TIME_LIMIT = 90
CELERY_TASK_TIME_LIMIT = 120
# A worker that prefetches can stay deaf after the broker restarts while it is busy.
CELERY_WORKER_DISABLE_PREFETCH = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
# A worker told to stop finishes its chunks within this time, or they are rolled back.
WORKER_STOP_WITHIN_SECONDS = env_int("WORKER_STOP_WITHIN_SECONDS", 30)
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = WORKER_STOP_WITHIN_SECONDS
# A worker may go deaf all the same: it sends itself a message this often, and one that hears none
# for so long is replaced; with 0 nobody looks.
CELERY_WORKER_DIRECT = True
WORKER_CANARY_SECONDS = env_int("WORKER_CANARY_SECONDS", 15)
WORKER_DEAF_AFTER_SECONDS = env_int("WORKER_DEAF_AFTER_SECONDS", 60)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
# A hint that cannot be sent now is not worth a caller's time: the row is already there.
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_connect_timeout": 1,
    "socket_timeout": 15,
    "health_check_interval": 10,
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}

# --- Webhooks ---------------------------------------------------------------------------------

# Seal what webhooks are signed with: the newest key first, and older ones that still open.
SECRETS_KEYS = env_keys("SECRETS_KEY")
# Webhooks go to public addresses by https; these are for a developer, or for one's own network.
WEBHOOKS_ALLOWED_NETWORKS = env_list("WEBHOOKS_ALLOWED_NETWORKS")
WEBHOOKS_PLAIN_HTTP = env_bool("WEBHOOKS_PLAIN_HTTP", default=False)
# Empty: every port.
WEBHOOKS_PORTS = [int(port) for port in env_list("WEBHOOKS_PORTS", "80,443,8443")]
# Requests under way at once, of one sending process: to one endpoint, for one store, in all.
WEBHOOKS_AT_ONCE_TO_AN_ENDPOINT = env_int("WEBHOOKS_AT_ONCE_TO_AN_ENDPOINT", 4)
WEBHOOKS_AT_ONCE_OF_A_STORE = env_int("WEBHOOKS_AT_ONCE_OF_A_STORE", 64)
WEBHOOKS_AT_ONCE = env_int("WEBHOOKS_AT_ONCE", 512)
WEBHOOKS_SECONDS = env_int("WEBHOOKS_SECONDS", 15)
# A sender that dies gives its messages back after so long.
WEBHOOKS_LEASE_SECONDS = env_int("WEBHOOKS_LEASE_SECONDS", 60)
# In place of the formats' own schedules of about three days.
WEBHOOKS_RETRY_SECONDS = [float(pause) for pause in env_list("WEBHOOKS_RETRY_SECONDS")]
# An endpoint that failed so often in a row is left alone for a while, which doubles up to the end.
WEBHOOKS_BREAKER_FAILURES = env_int("WEBHOOKS_BREAKER_FAILURES", 5)
WEBHOOKS_BREAKER_SECONDS = [
    float(pause) for pause in env_list("WEBHOOKS_BREAKER_SECONDS", "10,300")
]

# --- Language, time, files --------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("pl", "Polski")]
USE_TZ = True
TIME_ZONE = "UTC"
STATIC_URL = "/static/"
STATIC_ROOT = Path(env_text("STATIC_ROOT", str(BASE_DIR / "static")))

# --- The browser's side -----------------------------------------------------------------------

SECURE_CONTENT_TYPE_NOSNIFF = True
# Not "no-referrer": browsers then send `Origin: null` with a form, and Django refuses it.
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_AGE = 8 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
_HTTPS = env_bool("HTTPS", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
SECURE_SSL_REDIRECT = _HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
LOGIN_URL = "admin:login"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    # Django logs the path of each refused request, and a path may hold an e-mail address.
    "loggers": {"django.request": {"level": "CRITICAL"}},
    "root": {"handlers": ["console"], "level": env_text("LOG_LEVEL", "WARNING")},
}
