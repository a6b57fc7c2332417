"""Django settings. Everything that differs between installations comes from the environment.

The launcher sets the environment; ``docs/operations.md`` lists the names. Web and worker processes
know the login ``weiye_app`` alone: the owner's login is there only while setting up and testing.
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from weiye.config.telemetry import logs

ROOT = Path(__file__).resolve().parents[3]
HOME = Path(os.environ.get("WEIYE_HOME", ROOT / "var"))
PACKS_DIR = Path(os.environ.get("WEIYE_PACKS", ROOT / "packs"))
DEMO = os.environ.get("WEIYE_DEMO", "0") == "1"

SECRET_KEY = os.environ.get("WEIYE_SECRET_KEY", "")
# Rings of keys (base.privacy.keyring). Where the environment says nothing the secrets file holds
# them, and running programs follow it.
FIELD_KEYS = os.environ.get("WEIYE_FIELD_KEYS") or os.environ.get("WEIYE_FIELD_KEY", "")
INDEX_KEYS = os.environ.get("WEIYE_INDEX_KEYS") or os.environ.get("WEIYE_INDEX_KEY", "")
SECRETS_FILE = HOME / "secrets.json"

DEBUG = False
ALLOWED_HOSTS = os.environ.get("WEIYE_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("WEIYE_ORIGINS", "").split(",") if o]


def database(url: str) -> dict[str, Any]:
    """Turn ``postgresql://user:password@host:port/name?sslmode=…`` into Django's form."""
    parts = urlsplit(url)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        # A plan prepared for one community and reused for a city took 2 s instead of 0.1 ms.
        "OPTIONS": {
            "prepare_threshold": None,
            "connect_timeout": 10,
            **dict(parse_qsl(parts.query)),
        },
    }


DATABASES: dict[str, dict[str, Any]] = {
    "default": database(os.environ.get("WEIYE_APP_URL", "postgresql://weiye_app@127.0.0.1/weiye"))
}
if os.environ.get("WEIYE_OWNER_URL"):
    DATABASES["owner"] = database(os.environ["WEIYE_OWNER_URL"])
DATABASE_ROUTERS = ["weiye.base.scope.router.OwnerMigrates"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "procrastinate.contrib.django",
    "weiye.base.scope",
    "weiye.base.regions",
    "weiye.base.accounts",
    "weiye.base.audit",
    "weiye.base.privacy",
    "weiye.base.packs",
    "weiye.base.drafts",
    "weiye.base.integrity",
    "weiye.base.files",
    "weiye.base.runs",
    "weiye.registers.people",
    "weiye.registers.employers",
    "weiye.registers.training",
    "weiye.services.assistance",
    "weiye.services.linkage",
    "weiye.services.exchange",
    "weiye.services.certification",
    "weiye.services.demonstration",
    "weiye.desks.components",
    "weiye.desks.community",
    "weiye.desks.resident",
    "weiye.desks.administration",
]

MIDDLEWARE = [
    "weiye.config.middleware.Proxies",
    "weiye.config.health.Probes",
    "weiye.config.telemetry.requests.Observed",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "weiye.config.middleware.Headers",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "weiye.config.middleware.UploadLimit",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "weiye.desks.components.middleware.Drafts",
    # Last: the gate runs the view itself, inside the fence.
    "weiye.base.scope.gate.Gate",
]

ROOT_URLCONF = "weiye.config.urls"
WSGI_APPLICATION = "weiye.config.wsgi.application"
AUTH_USER_MODEL = "accounts.Account"
AUTHENTICATION_BACKENDS = ["weiye.base.accounts.backend.FencedBackend"]
LOGIN_URL = "/signin/"
# Memory-hard and part of OpenSSL: no package of its own (docs/decisions/0008-signing-in.md).
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
# Rules of passwords, lockout and sessions: base/accounts/rules.yaml. The second factor of staff:
# required | optional | off; a demonstration's printed sign-ins work without.
TOTP = os.environ.get("WEIYE_TOTP") or ("optional" if DEMO else "required")
# Proxies of one's own before the web server: who is asking stands so far back in X-Forwarded-For.
PROXIES = int(os.environ.get("WEIYE_PROXIES", "0"))
SESSION_ENGINE = "weiye.base.accounts.sessions"
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
HTTPS = os.environ.get("WEIYE_HTTPS", "0") == "1"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
if HTTPS:
    # The prefix makes browsers refuse such a cookie from a neighbour host or without HTTPS.
    SESSION_COOKIE_NAME = "__Host-weiye"
    CSRF_COOKIE_NAME = "__Host-weiye-csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# Believed with WEIYE_PROXIES alone: else `Proxies` drops it.
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Bearer token for /metrics and the details of /readyz; without one this machine alone may ask.
METRICS_TOKEN = os.environ.get("WEIYE_METRICS_TOKEN", "")
# 64 hexadecimal digits; without it `backup.key` in the state folder.
BACKUP_KEY = os.environ.get("WEIYE_BACKUP_KEY", "")
# A second place for the audit chain: a file, syslog://host:port or udp://host:port.
AUDIT_SINK = os.environ.get("WEIYE_AUDIT_SINK", "")
# Where traces go (OTLP over HTTP); the other OTEL_… names are read by OpenTelemetry itself.
TRACES_TO = os.environ.get("OTEL_EXPORTER_OTLP_ENDPOINT", "")

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.messages.context_processors.messages",
                "weiye.desks.components.context.page",
            ],
        },
    }
]

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "/static/"
STATIC_ROOT = HOME / "static"
STATICFILES_DIRS = [("vendor", HOME / "vendor")] if (HOME / "vendor").is_dir() else []
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_MAX_AGE = 3600

# An upload waits in memory, or encrypted in a nameless file, until its request ends.
FILE_UPLOAD_HANDLERS = ["weiye.base.files.uploads.SealedUploadHandler"]
UPLOAD_LIMIT_BYTES = 50 * 1024 * 1024
# A roster of a million people is as large.
IMPORT_LIMIT_BYTES = 300 * 1024 * 1024
UPLOAD_LIMITS = {"/community/imports/": IMPORT_LIMIT_BYTES}
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000

PROCRASTINATE_ON_APP_READY = None
PROCRASTINATE_IMPORT_PATHS = [
    "weiye.registers.people.transfers.jobs",
    "weiye.services.assistance.jobs",
    "weiye.services.linkage.jobs",
    "weiye.services.exchange.jobs",
    "weiye.services.exchange.filling.jobs",
    "weiye.services.exchange.reflow.jobs",
    "weiye.services.certification.jobs",
    "weiye.base.regions.jobs",
    "weiye.base.runs.jobs",
    "weiye.base.integrity.jobs",
    "weiye.base.audit.jobs",
    "weiye.base.privacy.jobs",
    "weiye.base.accounts.jobs",
    "weiye.desks.components.jobs",
    "weiye.desks.administration.units.jobs",
]

# "json", "plain", or by whether somebody looks on at a terminal.
LOG_FORMAT = os.environ.get("WEIYE_LOG_FORMAT", "")
LOGGING = logs.settings(
    json={"json": True, "plain": False}.get(LOG_FORMAT),
    level=os.environ.get("WEIYE_LOG_LEVEL", "INFO").upper(),
)
