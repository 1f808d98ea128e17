"""Settings come from the environment, and what cannot work is refused at the start."""

import pytest

from pggit.settings import SettingsError, load_settings, normalize_dsn


def test_without_an_environment_the_contract_s_defaults_hold() -> None:
    settings = load_settings({})
    assert (settings.database_pool_size, settings.database_max_overflow) == (20, 10)
    assert (settings.database_pool_min, settings.pool_max) == (10, 30)
    assert settings.database_pool_recycle == 3600
    assert settings.cors_origins == ["http://localhost:3000"]
    assert (settings.log_level, settings.auth_mode) == ("INFO", "none")


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("postgresql+asyncpg://u@h/d", "postgresql://u@h/d"),
        ("postgres://u@h/d", "postgresql://u@h/d"),
        ("postgresql://u@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require"),
        ("host=h dbname=d", "host=h dbname=d"),
    ],
)
def test_urls_of_other_drivers_are_accepted(given: str, taken: str) -> None:
    assert normalize_dsn(given) == taken
    assert load_settings({"DATABASE_URL": given}).database_url == taken


def test_lists_and_flags_are_read() -> None:
    settings = load_settings({"CORS_ORIGINS": "https://a, https://b", "HEALTH_STRICT": "yes"})
    assert settings.cors_origins == ["https://a", "https://b"]
    assert settings.health_strict is True


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"DATABASE_POOL_SIZE": "many"}, "DATABASE_POOL_SIZE"),
        ({"DATABASE_POOL_SIZE": "41"}, "DATABASE_POOL_SIZE"),
        ({"DATABASE_POOL_SIZE": "5", "DATABASE_MAX_OVERFLOW": "4"}, "DATABASE_POOL_SIZE"),
        ({"HEALTH_STRICT": "maybe"}, "HEALTH_STRICT"),
        ({"AUTH_MODE": "magic"}, "AUTH_MODE"),
        ({"ENVIRONMENT": "production"}, "AUTH_MODE"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
    ],
)
def test_what_cannot_work_is_refused_by_name(environment: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(environment)
