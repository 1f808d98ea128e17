"""Settings, all of them from the environment; `.env.example` lists them."""

import os
from collections.abc import Mapping

import msgspec

DEFAULT_DSN = "postgresql:///postgres"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the service needs to know before it starts."""

    database_url: str = DEFAULT_DSN
    database_pool_size: int = 20
    database_max_overflow: int = 10
    database_pool_min: int = 10
    database_pool_recycle: int = 3600
    cors_origins: list[str] = msgspec.field(default_factory=lambda: ["http://localhost:3000"])
    log_level: str = "INFO"
    environment: str = "development"
    auth_mode: str = "none"
    health_strict: bool = False
    health_timeout: float = 5.0

    @property
    def pool_max(self) -> int:
        """Persistent connections plus overflow."""
        return self.database_pool_size + self.database_max_overflow


class SettingsError(ValueError):
    """A setting that cannot be used; the message names its variable."""


_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def normalize_dsn(dsn: str) -> str:
    """Accept the URL forms of other drivers: `postgresql+asyncpg://` is `postgresql://`."""
    scheme, separator, rest = dsn.partition("://")
    if separator and scheme.split("+")[0] in ("postgres", "postgresql"):
        return f"postgresql://{rest}"
    return dsn


def _boolean(name: str, text: str) -> bool:
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise SettingsError(f"{name} must be true or false, not {text!r}")


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the environment, and refuse values that would only fail later."""
    environ = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        text = environ.get(name, "").strip()
        if not text:
            continue
        try:
            if field.type is bool:
                values[field.name] = _boolean(name, text)
            elif field.type in (int, float):
                values[field.name] = field.type(text)
            elif field.type is str:
                values[field.name] = text
            else:
                values[field.name] = [part.strip() for part in text.split(",") if part.strip()]
        except SettingsError:
            raise
        except ValueError:
            raise SettingsError(f"{name} must be a number, not {text!r}") from None
    if "database_url" in values:
        values["database_url"] = normalize_dsn(str(values["database_url"]))
    return _checked(Settings(**values))  # type: ignore[arg-type]


def _checked(settings: Settings) -> Settings:
    if not 1 <= settings.pool_max <= 50:
        raise SettingsError(
            "DATABASE_POOL_SIZE + DATABASE_MAX_OVERFLOW must be between 1 and 50, "
            f"not {settings.pool_max}"
        )
    if settings.log_level.upper() not in ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"):
        raise SettingsError(
            f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {settings.log_level!r}"
        )
    if settings.auth_mode not in ("none", "jwt"):
        raise SettingsError(f"AUTH_MODE must be none or jwt, not {settings.auth_mode!r}")
    if settings.auth_mode == "none" and settings.environment == "production":
        raise SettingsError("AUTH_MODE must be jwt where ENVIRONMENT is production")
    if settings.auth_mode == "jwt":
        raise SettingsError("AUTH_MODE=jwt is not available in this version")
    return settings
