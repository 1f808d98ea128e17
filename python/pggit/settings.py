"""Settings, all of them from the environment; `.env.example` lists them.

A field is a variable of the same name in upper case. Its type says what is read (lists are separated by commas) and, with
`Meta`, what is allowed; what several settings decide together is checked in `_checked`.
"""

import ipaddress
import os
from collections.abc import Mapping
from typing import Annotated, Literal, get_args, get_origin
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta

from pggit.dsn import normalize_dsn

DEFAULT_DSN = "postgresql:///postgres"

Positive = Annotated[int, Meta(ge=1, le=2**31 - 1)]
Count = Annotated[int, Meta(ge=0, le=2**31 - 1)]
Seconds = Annotated[float, Meta(gt=0, le=86400)]

# Never shown: not in a log, not in an error.
SECRET = {"secret": True}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the service needs to know before it starts."""

    # The database
    database_url: str = msgspec.field(default=DEFAULT_DSN)
    database_pool_size: Positive = 20
    database_max_overflow: Count = 10
    database_pool_min: Positive = 10
    database_pool_recycle: Positive = 3600
    database_pool_timeout: Seconds = 5.0
    database_prepare: bool = True
    database_listen_url: str = ""
    # Where requests act: {role} stands for reader, writer or admin. Without it, all act through database_url.
    database_role_url: str = ""

    # The shared cache and limiter
    valkey_url: str = ""
    cache_ttl: Seconds = 60.0
    cache_max_items: Positive = 10_000
    cache_max_bytes: Positive = 100 * 1024 * 1024

    # Who may
    environment: str = "development"
    auth_mode: Literal["none", "jwt"] = "none"
    jwt_secret: str = ""
    jwt_algorithm: Literal["HS256", "RS256"] = "HS256"
    jwt_public_key: str = ""
    jwt_audience: str = ""
    jwt_issuer: str = ""
    jwt_leeway: Annotated[int, Meta(ge=0, le=300)] = 0
    session_cookie: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "session"
    cors_origins: list[str] = msgspec.field(default_factory=lambda: ["http://localhost:3000"])
    trusted_proxies: list[str] = msgspec.field(default_factory=list)

    # How often
    rate_limit_enabled: bool = True
    rate_limit_requests: Positive = 100
    rate_limit_window: Annotated[int, Meta(ge=1, le=86400)] = 60

    # What is seen
    log_level: str = "INFO"
    health_strict: bool = False
    health_timeout: Seconds = 5.0
    health_interval: Annotated[float, Meta(ge=0, le=86400)] = 30.0
    enable_metrics: bool = True
    enable_tracing: bool = True
    otel_exporter_otlp_endpoint: str = ""
    jaeger_endpoint: str = ""

    # Webhooks that go out
    webhook_allowed_networks: list[str] = msgspec.field(default_factory=list)
    webhook_allow_http: bool = False
    worker_grace: Seconds = 10.0

    # Webhooks that come in, and the agent
    github_webhook_secret: str = ""
    github_token: str = ""
    codegen_token: str = ""
    codegen_org_id: str = ""
    webhook_max_payload_size: Positive = 1024 * 1024
    celery_broker_url: str = ""

    @property
    def pool_max(self) -> int:
        """Persistent connections plus overflow."""
        return self.database_pool_size + self.database_max_overflow

    def __repr__(self) -> str:
        """Names alone: URLs and keys hold secrets, and a repr ends up in logs."""
        return f"Settings(environment={self.environment!r}, auth_mode={self.auth_mode!r}, …)"


class SettingsError(ValueError):
    """A setting that cannot be used; the message names its variable."""


# Other names under which a setting is found where its own is not set.
ALIASES = {"VALKEY_URL": ("REDIS_URL",), "JWT_SECRET": ("SECRET_KEY", "JWT_SECRET_KEY")}
# What is never repeated in an error.
SECRETS = {
    "DATABASE_URL", "DATABASE_ROLE_URL", "VALKEY_URL", "JWT_SECRET", "JWT_PUBLIC_KEY", "GITHUB_WEBHOOK_SECRET",
    "GITHUB_TOKEN", "CODEGEN_TOKEN", "CELERY_BROKER_URL",
}  # fmt: skip
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# RFC 7518, 3.2: a key of HS256 has at least as many bits as the hash.
SHORTEST_SECRET = 32

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def _boolean(name: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise SettingsError(f"{name} must be true or false, not {text!r}")


def _read(name: str, kind: object, text: str) -> object:
    if kind is bool:
        return _boolean(name, text)
    if get_origin(kind) is list:
        return [part.strip() for part in text.split(",") if part.strip()]
    try:
        return msgspec.convert(text, kind, strict=False)
    except msgspec.ValidationError as error:
        said = "" if name in SECRETS else f", not {text!r}"
        raise SettingsError(f"{name} must be {_wanted(kind, str(error))}{said}") from None


def _wanted(kind: object, said: str) -> str:
    """What a type allows, in words; msgspec says limits in backquotes: Expected `int` >= 1."""
    if get_origin(kind) is Literal:
        return " or ".join(map(str, get_args(kind)))
    base = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    wanted = "a whole number" if base is int else "a number" if base is float else "a text"
    limit = said.rpartition("` ")[2]
    return f"{wanted} {limit}" if limit[:1] in ("<", ">") else wanted


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment, and refuse values that would only fail later."""
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        names = (name, *ALIASES.get(name, ()))
        found = next((one for one in names if environ.get(one, "").strip()), None)
        if found is not None:
            values[field.name] = _read(found, field.type, environ[found].strip())
    for name in ("database_url", "database_listen_url", "database_role_url"):
        if name in values:
            values[name] = normalize_dsn(str(values[name]))
    return checked(Settings(**values))  # type: ignore[arg-type]


def _check_url(name: str, url: str, schemes: tuple[str, ...]) -> None:
    if url and urlsplit(url).scheme not in schemes:
        raise SettingsError(f"{name} must begin with {' or '.join(s + '://' for s in schemes)}")


def _check_authentication(settings: Settings) -> None:
    if settings.auth_mode == "none":
        if settings.environment == "production":
            raise SettingsError("AUTH_MODE must be jwt where ENVIRONMENT is production")
        return
    if settings.jwt_algorithm == "RS256":
        if "-----BEGIN" not in settings.jwt_public_key:
            raise SettingsError(
                "JWT_PUBLIC_KEY must hold a public key in PEM where JWT_ALGORITHM is RS256"
            )
        return
    if not settings.jwt_secret:
        raise SettingsError("JWT_SECRET (or SECRET_KEY) must be set where AUTH_MODE is jwt")
    if settings.environment == "production" and len(settings.jwt_secret.encode()) < SHORTEST_SECRET:
        raise SettingsError(
            f"JWT_SECRET (or SECRET_KEY) must have at least {SHORTEST_SECRET} bytes in production"
        )


def check_logins(settings: Settings) -> None:
    """Refuse to serve in production through one login that may become every role; see pools.py."""
    is_one = settings.auth_mode != "none" and not settings.database_role_url
    if is_one and settings.environment == "production":
        raise SettingsError(
            "DATABASE_ROLE_URL must name a login for each role, as in "
            "postgresql://api_{role}:…@host/database, where AUTH_MODE is jwt in production"
        )


def checked(settings: Settings) -> Settings:
    """The same settings, if they can work together."""
    if settings.database_role_url and "{role}" not in settings.database_role_url:
        raise SettingsError(
            "DATABASE_ROLE_URL must hold {role}, which stands for reader, writer or admin"
        )
    if not 10 <= settings.pool_max <= 50:
        raise SettingsError(
            "DATABASE_POOL_SIZE + DATABASE_MAX_OVERFLOW must be between 10 and 50, "
            f"not {settings.pool_max}"
        )
    if settings.log_level.upper() not in LOG_LEVELS:
        raise SettingsError(
            f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {settings.log_level!r}"
        )
    _check_url(
        "VALKEY_URL (or REDIS_URL)",
        settings.valkey_url,
        ("redis", "rediss", "valkey", "valkeys", "unix"),
    )
    for network in settings.webhook_allowed_networks:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise SettingsError(
                f"WEBHOOK_ALLOWED_NETWORKS must list networks as in 10.1.0.0/16, not {network!r}"
            ) from None
    _check_url("JAEGER_ENDPOINT", settings.jaeger_endpoint, ("http", "https"))
    _check_authentication(settings)
    return settings
