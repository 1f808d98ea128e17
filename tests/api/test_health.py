"""Health: 200 and healthy with PostgreSQL, a quick and honest answer without it."""

import re
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import httpx
import msgspec
import psycopg
import pytest

from api.service import assert_envelope, serve, settings_for
from workers.bench import eventually

MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_health_names_every_dependency_and_what_is_not_configured(empty_api: httpx.Client) -> None:
    response = empty_api.get("/health")
    assert response.status_code == 200
    body = response.json()
    assert body["status"] == "healthy"
    assert body["service"] == "pggit"
    assert body["uptime"] >= 0
    assert MILLISECONDS.fullmatch(body["timestamp"])
    database = body["checks"]["database"]
    assert database["status"] == "healthy"
    assert database["response_time_ms"] < 5000
    assert MILLISECONDS.fullmatch(database["timestamp"])
    assert body["checks_summary"] == {
        "database": "healthy",
        "cache": "not_configured",
        "celery": "not_configured",
        "workers": "not_configured",
        "github_api": "not_configured",
    }


def test_flat_health_has_one_word_a_check(empty_api: httpx.Client) -> None:
    body = empty_api.get("/health", params={"format": "flat"}).json()
    assert set(body) == {"status", "timestamp", "checks", "uptime"}
    assert body["checks"]["database"] == "healthy"


def test_deep_health_uses_its_own_words(empty_api: httpx.Client) -> None:
    body = empty_api.get("/health/deep").json()
    assert body["status"] == "healthy"
    assert body["database"]["status"] == "connected"
    assert set(body["cache"]) == {"status", "hit_rate"}
    assert set(body["webhooks"]) == {"status", "active_count", "failed_count"}


@pytest.mark.parametrize(
    ("path", "status", "word"),
    [
        ("/health", 200, "degraded"),
        ("/health?strict=true", 503, "unhealthy"),
        ("/health/ready", 503, "unhealthy"),
        ("/health/deep", 503, "unhealthy"),
        ("/health/live", 200, "healthy"),
    ],
)
def test_without_postgresql(away: httpx.Client, path: str, status: int, word: str) -> None:
    started = monotonic()
    response = away.get(path)
    assert (response.status_code, response.json()["status"]) == (status, word)
    assert ("retry-after" in response.headers) == (status == 503)
    assert monotonic() - started < 5


def test_a_request_without_postgresql_is_503_with_retry_after(away: httpx.Client) -> None:
    response = away.get("/api/v1/branches")
    assert response.status_code == 503
    assert response.json()["error_code"] == "DATABASE_UNAVAILABLE"
    assert int(response.headers["retry-after"]) > 0


def test_connections_that_postgresql_closed_are_replaced_unseen(
    api: httpx.Client, repository: str
) -> None:
    assert api.get("/api/v1/branches").status_code == 200
    with psycopg.connect(repository, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    for _ in range(5):
        answer = api.get("/api/v1/branches")
        assert answer.status_code == 200, answer.text


def test_without_a_free_connection_it_is_503_and_recovers_by_itself(repository: str) -> None:
    one = msgspec.structs.replace(
        settings_for(repository),
        database_pool_size=1,
        database_max_overflow=0,
        database_pool_timeout=0.3,
    )
    waiting = (
        "SELECT count(*) FROM pg_locks WHERE relation = '_pggit.api_keys'::regclass AND NOT granted"
    )
    with (
        serve(one) as client,
        psycopg.connect(repository, autocommit=True) as watch,
        psycopg.connect(repository) as lock,
        ThreadPoolExecutor(1) as pool,
    ):
        lock.execute("LOCK TABLE _pggit.api_keys")
        first = pool.submit(client.get, "/api/v1/api-keys")
        eventually(lambda: watch.execute(waiting).fetchone() == (1,), "the wait")
        refused = client.get("/api/v1/branches")
        assert_envelope(refused, 503, "DATABASE_UNAVAILABLE")
        assert int(refused.headers["retry-after"]) > 0
        assert client.get("/health").status_code == 200
        lock.rollback()
        assert first.result().status_code == 200
        assert client.get("/api/v1/branches").status_code == 200
