"""How often: one exact count for all routes and replicas, kept by PostgreSQL or by Valkey."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import msgspec
import psycopg
import pytest
import redis

from api.service import assert_envelope, bearer, guarded_settings, serve, token
from api.valkey import Valkey
from pggit import limits
from pggit.limits import Addresses
from pggit.settings import Settings, SettingsError
from servers import PgServer


@pytest.fixture(scope="module")
def settings(pg: PgServer) -> Iterator[Settings]:
    """Of a service that admits twenty requests in a long time."""
    with pg.database(pg.template()) as url:
        yield guarded_settings(
            url, rate_limit_enabled=True, rate_limit_requests=20, rate_limit_window=3600
        )


def ask(client: httpx.Client, name: str) -> httpx.Response:
    return client.get("/api/v1/me", headers=bearer(token(name=name)))


def test_the_limit_is_exact_over_replicas_and_routes(settings: Settings) -> None:
    paths = ["/api/v1/me", "/api/v1/branches", "/api/v1/nothing"]
    headers = bearer(token(name="many"))
    with serve(settings) as one, serve(settings) as two, ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda n: (one, two)[n % 2].get(paths[n % 3], headers=headers), range(60))
        )
    assert sum(answer.status_code != 429 for answer in answers) == 20
    refused = next(answer for answer in answers if answer.status_code == 429)
    body = assert_envelope(refused, 429, "RATE_LIMIT_EXCEEDED")
    assert (body["limit"], body["remaining"]) == (20, 0)
    assert body["retry_after"] == int(refused.headers["retry-after"]) > 0
    assert body["reset_at"] == int(refused.headers["x-ratelimit-reset"]) > time.time()


def test_what_remains_counts_down_and_others_are_not_counted(settings: Settings) -> None:
    with serve(settings) as client:
        left = [int(ask(client, "few").headers["x-ratelimit-remaining"]) for _ in range(3)]
        assert left == [19, 18, 17]
        assert ask(client, "another").headers["x-ratelimit-remaining"] == "19"
        assert ask(client, "another").headers["x-ratelimit-limit"] == "20"


def test_wrong_keys_use_up_their_address_and_nobody_else_s_place(settings: Settings) -> None:
    admin = bearer(token("admin", name="root"))
    with serve(settings) as client:
        key = client.post("/api/v1/api-keys", json={"name": "good"}, headers=admin).json()["key"]
        assert client.get("/api/v1/me", headers={"X-API-Key": key}).status_code == 200
        tried = [
            client.get("/api/v1/me", headers={"X-API-Key": f"pggit_{n}"}).status_code
            for n in range(200)
        ]
        assert tried == [401] * 20 + [429] * 180
        assert client.get("/api/v1/me", headers={"X-API-Key": key}).status_code == 200
        assert ask(client, "somebody").status_code == 200
        with psycopg.connect(settings.database_url) as conn:
            # However many keys were tried, they left one row: that of their address.
            rows = conn.execute("SELECT principal FROM _pggit.rate_limits WHERE principal ~ '^ip:'")
            assert len(rows.fetchall()) == 1
        for path in ("/health", "/health/live", "/metrics"):
            exempt = client.get(path)
            assert exempt.status_code == 200
            assert "x-ratelimit-limit" not in exempt.headers


def test_valkey_counts_and_where_it_is_away_postgresql_does(settings: Settings) -> None:
    away = msgspec.structs.replace(settings, valkey_url="redis://127.0.0.1:1/0")
    with serve(away) as client:
        answers = [ask(client, "fallback").status_code for _ in range(25)]
    assert answers == [200] * 20 + [429] * 5


def test_valkey_counts_exactly_and_postgresql_goes_on_when_it_dies(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # On a busy machine a living Valkey may be slow, and PostgreSQL would count instead.
    monkeypatch.setattr(limits, "PATIENCE", 60.0)
    valkey = Valkey()
    try:
        kept = msgspec.structs.replace(settings, valkey_url=valkey.url)
        headers = bearer(token(name="shared"))
        with serve(kept) as one, serve(kept) as two, ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(lambda n: (one, two)[n % 2].get("/api/v1/me", headers=headers), range(60))
            )
            assert sum(answer.status_code == 200 for answer in answers) == 20
            refused = next(answer for answer in answers if answer.status_code == 429)
            reset = int(refused.headers["x-ratelimit-reset"])
            assert 0 < reset - time.time() <= settings.rate_limit_window + 1
            assert refused.headers["x-ratelimit-remaining"] == "0"
            with psycopg.connect(settings.database_url) as conn:
                counted = "SELECT count(*) FROM _pggit.rate_limits WHERE principal LIKE %s"
                row = conn.execute(counted, ["%shared"]).fetchone()
            assert row == (0,), "Valkey counted, and nobody else"
            # A key that lost its end gets one, and does not refuse for ever.
            with redis.Redis.from_url(valkey.url) as client:
                client.set("pggit:rate:user:endless", 20)
                assert ask(one, "endless").status_code == 429
                assert 0 < client.ttl("pggit:rate:user:endless") <= settings.rate_limit_window
            valkey.kill()
            after = [ask(one, "heir").status_code for _ in range(25)]
            assert after == [200] * 20 + [429] * 5
    finally:
        valkey.kill()


def test_a_forwarded_address_counts_only_from_a_proxy_that_is_trusted() -> None:
    trusting = Addresses(["10.0.0.0/8"])
    assert trusting.of("10.0.0.1", "6.6.6.6, 1.2.3.4, 10.0.0.2") == "1.2.3.4"
    assert trusting.of("9.9.9.9", "1.2.3.4") == "9.9.9.9"
    assert Addresses([]).of("10.0.0.1", "1.2.3.4") == "10.0.0.1"
    assert Addresses([]).of("2001:db8:1:2:3:4:5:6", None) == "2001:db8:1:2::"
    with pytest.raises(SettingsError, match="TRUSTED_PROXIES"):
        Addresses(["nonsense"])
