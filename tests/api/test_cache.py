"""The cache over HTTP: nothing stale, whoever writes; one reading for many; Valkey and the listener away; roles apart."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from time import sleep
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
import redis

from api.feeds import hear, here, open_socket
from api.service import assert_envelope, serve, settings_for
from api.valkey import Valkey
from pggit import migrate
from pggit.app import create_app
from pggit.settings import Settings
from servers import PgServer, own_server

ALERTS = "/api/v1/alerts"
STATS = "/api/v1/cache/stats"
WITHIN = 60.0


@pytest.fixture(scope="module")
def database_url(pg: PgServer) -> Iterator[str]:
    with pg.database(pg.template()) as url:
        yield url


@pytest.fixture(scope="module")
def cached(database_url: str) -> Iterator[httpx.Client]:
    """A service with a cache of its own, for all tests of this file."""
    with serve(settings_for(database_url)) as client:
        yield client


@pytest.fixture
def conn(database_url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


def raise_alert(conn: psycopg.Connection, message: str) -> int:
    row = conn.execute(
        "SELECT (pggit.raise_alert('merge', 'WARNING', %s) ->> 'id')::bigint", [message]
    ).fetchone()
    assert row is not None
    return int(row[0])


def page(api: httpx.Client, **query: Any) -> tuple[dict[str, Any], bool]:
    """The list, and whether it was kept."""
    response = api.get(ALERTS, params=query)
    assert response.status_code == 200, response.text
    return response.json(), response.headers["x-cache"] == "HIT"


def soon(look: Any) -> None:
    """What another process, or psql, did shows when its event has come."""
    for _ in range(int(WITHIN / 0.05)):
        if look():
            return
        sleep(0.05)
    assert look()


def keep(api: httpx.Client, **query: Any) -> dict[str, Any]:
    """The list, kept from here on."""
    soon(lambda: page(api, **query)[1])
    return page(api, **query)[0]


def test_a_second_request_is_a_hit_with_the_same_bytes(cached: httpx.Client) -> None:
    keep(cached, limit=7)
    before = cached.get(STATS).json()
    one, two = cached.get(ALERTS, params={"limit": 7}), cached.get(ALERTS, params={"limit": 7})
    assert one.content == two.content
    cached.post("/api/v1/cache/invalidate", json={"keys": ["alerts_summary"]})
    routed = cached.get(ALERTS, params={"limit": 7})
    assert routed.content == one.content
    for hit in (one, two):
        # Whichever way it came, only these tell an answer that was kept.
        other = {"x-cache", "x-request-id", "x-response-time", "date"}
        assert {k: v for k, v in hit.headers.items() if k not in other} == {
            k: v for k, v in routed.headers.items() if k not in other
        }
    after = cached.get(STATS).json()
    assert set(after) == {
        "hit_rate", "total_requests", "cache_hits", "cache_misses", "evicted_entries",
        "current_size_bytes", "max_size_bytes",
    }  # fmt: skip
    assert after["cache_hits"] == before["cache_hits"] + 2
    assert after["total_requests"] == after["cache_hits"] + after["cache_misses"]
    assert 0 < after["hit_rate"] <= 1
    assert 0 < after["current_size_bytes"] < after["max_size_bytes"] == 104857600


def test_a_write_through_the_process_shows_at_once(cached: httpx.Client) -> None:
    for number in range(20):
        keep(cached)
        body = {"operation_type": "x", "severity": "INFO", "message": f"own {number}"}
        alert = cached.post(ALERTS, json=body).json()
        assert page(cached)[0]["items"][0]["id"] == alert["id"]
        keep(cached)
        cached.post(f"{ALERTS}/acknowledge", json={"alert_ids": [alert["id"]]})
        assert page(cached)[0]["items"][0]["status"] == "acknowledged"


def test_webhooks_are_kept_until_one_changes(cached: httpx.Client) -> None:
    path = "/api/v1/webhooks"

    def names() -> list[str]:
        soon(lambda: cached.get(path).headers["x-cache"] == "HIT")
        return [item["name"] for item in cached.get(path).json()["items"]]

    assert names() == []
    body = {"name": "kept", "url": "https://hooks.example.org/x"}
    made = cached.post(path, json=body).json()
    assert [item["name"] for item in cached.get(path).json()["items"]] == ["kept"]
    assert names() == ["kept"]
    cached.put(f"{path}/{made['id']}", json={"name": "changed"})
    assert [item["name"] for item in cached.get(path).json()["items"]] == ["changed"]
    assert names() == ["changed"]
    assert cached.delete(f"{path}/{made['id']}").status_code == 204
    assert cached.get(path).json()["items"] == []


def test_a_repeat_that_nobody_is_told_of_is_counted(
    cached: httpx.Client, conn: psycopg.Connection
) -> None:
    body = {"operation_type": "x", "severity": "INFO", "message": "again and again"}
    for count in range(1, 8):
        cached.post(ALERTS, json=body)
        assert page(cached)[0]["items"][0]["occurrences"] == count
        keep(cached)


def test_a_write_from_psql_shows_soon(cached: httpx.Client, conn: psycopg.Connection) -> None:
    keep(cached)
    made = raise_alert(conn, "from psql")
    soon(lambda: [one["id"] for one in page(cached)[0]["items"]][:1] == [made])


def test_a_transaction_that_stays_open_hides_no_other(
    cached: httpx.Client, conn: psycopg.Connection, database_url: str
) -> None:
    with psycopg.connect(database_url) as slow:
        late = raise_alert(slow, "committed late")
        keep(cached)
        made = raise_alert(conn, "committed early")
        soon(lambda: [one["id"] for one in page(cached)[0]["items"]][:1] == [made])
        keep(cached)
        slow.commit()
    soon(lambda: late in [item["id"] for item in page(cached)[0]["items"]])


def test_requests_for_one_answer_share_one_reading(
    database_url: str, conn: psycopg.Connection
) -> None:
    """The reading waits for a lock, so that all requests come while it is under way."""
    with serve(settings_for(database_url)) as api:
        keep(api)
        with psycopg.connect(database_url) as blocker, ThreadPoolExecutor(20) as crowd:
            blocker.execute("LOCK TABLE _pggit.alerts")
            before = api.get(STATS).json()
            base = str(api.base_url)
            asking = [
                crowd.submit(httpx.get, f"{base}{ALERTS}?limit=3", timeout=30) for _ in range(20)
            ]
            soon(lambda: api.get(STATS).json()["cache_misses"] == before["cache_misses"] + 20)
            waiting = conn.execute(
                "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = '_pggit.alerts'::regclass"
            ).fetchone()
            blocker.rollback()
            assert {one.result().status_code for one in asking} == {200}
        assert waiting == (1,)


def test_invalidation_by_key_and_by_pattern(cached: httpx.Client) -> None:
    def forget(**body: Any) -> dict[str, Any]:
        response = cached.post("/api/v1/cache/invalidate", json=body)
        assert response.status_code == 200, response.text
        return dict(response.json())

    forget(keys=["alerts_summary"])
    keep(cached, limit=1), keep(cached, limit=2)
    assert forget(keys=["nothing", "cache_stats"], pattern=None)["invalidated"] == 0
    done = forget(keys=["alerts_summary"], pattern=None)
    assert done["invalidated"] == 2
    assert page(cached, limit=1)[1] is False
    keep(cached, limit=1)
    assert forget(keys=[], pattern="alerts_*") == {
        "invalidated": 1,
        "total_entries": done["total_entries"],
    }
    assert page(cached, limit=1)[1] is False
    assert_envelope(
        cached.post("/api/v1/cache/invalidate", json={"keys": "x"}), 400, "VALIDATION_ERROR"
    )


def test_warming_keeps_what_is_asked_first(cached: httpx.Client) -> None:
    cached.post("/api/v1/cache/invalidate", json={"pattern": "*"})
    warmed = cached.post("/api/v1/cache/warm").json()
    assert set(warmed) == {"status", "warmed_entries", "duration_ms", "timestamp"}
    assert (warmed["status"], warmed["warmed_entries"] > 0) == ("success", True)
    assert page(cached)[1] is True


def test_the_cache_is_warm_after_the_start(database_url: str) -> None:
    with serve(settings_for(database_url)) as api:
        soon(lambda: api.get(STATS).json()["current_size_bytes"] > 0)
        assert page(api)[1] is True


def test_two_processes_hear_of_each_other(cached: httpx.Client, database_url: str) -> None:
    with serve(settings_for(database_url)) as other:
        keep(cached), keep(other)
        body = {"operation_type": "x", "severity": "INFO", "message": "by the other"}
        made = other.post(ALERTS, json=body).json()["id"]
        assert page(other)[0]["items"][0]["id"] == made
        soon(lambda: [one["id"] for one in page(cached)[0]["items"]][:1] == [made])
        keep(cached)
        other.post("/api/v1/cache/invalidate", json={"pattern": "*"})
        soon(lambda: cached.get(STATS).json()["current_size_bytes"] == 0)


def test_without_its_listener_the_cache_steps_aside(
    database_url: str, conn: psycopg.Connection
) -> None:
    settings = settings_for(database_url)
    with serve(settings) as api:
        keep(api)
        name = conn.info.dbname
        with psycopg.connect(database_url.replace(name, "postgres"), autocommit=True) as admin:
            # No new connection to this database, and the listener's is cut: those of the pool stay.
            admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
            try:
                conn.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND application_name = 'pggit hub'"
                )
                soon(lambda: api.get("/api/v1/cache/health").json()["status"] == "degraded")
                made = raise_alert(conn, "while nobody listens")
                found, is_hit = page(api)
                assert (found["items"][0]["id"], is_hit) == (made, False)
                assert page(api)[1] is False
            finally:
                admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        soon(lambda: api.get("/api/v1/cache/health").json()["status"] == "healthy")
        assert keep(api)["items"][0]["id"] == made


def test_readers_and_writers_never_see_an_answer_from_before_their_write(
    cached: httpx.Client, database_url: str
) -> None:
    """Many at once: whoever raised an alert finds it in the next list, whatever is being read and kept meanwhile."""
    base = str(cached.base_url)
    stop = threading.Event()

    def read() -> None:
        with httpx.Client(base_url=base, timeout=60) as api:
            while not stop.is_set():
                page(api, limit=100)

    def write(who: int) -> list[bool]:
        with httpx.Client(base_url=base, timeout=60) as api:
            found = []
            for number in range(15):
                body = {"operation_type": "x", "severity": "INFO", "message": f"{who} {number}"}
                made = api.post(ALERTS, json=body).json()["id"]
                items = page(api, limit=100)[0]["items"]
                found.append(made in [item["id"] for item in items])
            return found

    with ThreadPoolExecutor(5) as crowd:
        reading = [crowd.submit(read) for _ in range(2)]
        writing = [crowd.submit(write, who) for who in range(3)]
        found = [one for each in writing for one in each.result()]
        stop.set()
        for each in reading:
            each.result()
    assert found == [True] * 45


# -- Valkey -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def valkey() -> Iterator[Valkey]:
    server = Valkey()
    yield server
    server.kill()


@contextmanager
def sharing(database_url: str, valkey: Valkey) -> Iterator[httpx.Client]:
    """A process that shares its answers."""
    settings: Settings = msgspec.structs.replace(
        settings_for(database_url), valkey_url=valkey.url, log_level="CRITICAL"
    )
    with serve(settings) as api:
        yield api


def test_processes_share_answers_and_never_a_stale_one(
    database_url: str, conn: psycopg.Connection, valkey: Valkey
) -> None:
    with sharing(database_url, valkey) as one, sharing(database_url, valkey) as two:
        assert one.get("/api/v1/cache/health").json()["l2"]["status"] == "operational"
        keep(one, limit=9)
        soon(lambda: valkey.keys() > 0)
        before = two.get(STATS).json()
        assert page(two, limit=9)[1] is False  # the process has not got it,
        after = two.get(STATS).json()
        assert after["cache_hits"] == before["cache_hits"] + 1  # but PostgreSQL is not asked
        assert after["cache_misses"] == before["cache_misses"]
        # What stands in Valkey from before is never served again, though nobody deleted it.
        made = one.post(
            ALERTS, json={"operation_type": "x", "severity": "INFO", "message": "shared"}
        ).json()["id"]
        assert page(one, limit=9)[0]["items"][0]["id"] == made
        soon(lambda: page(two, limit=9)[0]["items"][0]["id"] == made)


def test_garbage_in_valkey_is_no_answer(database_url: str, valkey: Valkey) -> None:
    with sharing(database_url, valkey) as api, closing(redis.Redis.from_url(valkey.url)) as client:
        keep(api, limit=11)
        soon(lambda: valkey.keys() > 0)
        for value in (b"", b"x", b"1:1:\n{", b"0:0:x\n{}", b"\xff\n[]"):
            for key in client.keys("pggit:*"):
                client.set(key, value, ex=60)
            api.post("/api/v1/cache/invalidate", json={"keys": ["alerts_summary"]})
            assert "items" in page(api, limit=11)[0]


def test_valkey_killed_and_back_means_slower_and_never_wrong(
    database_url: str, conn: psycopg.Connection, valkey: Valkey
) -> None:
    with sharing(database_url, valkey) as api:
        keep(api)
        valkey.kill()
        made = raise_alert(conn, "valkey is dead")
        soon(lambda: made in [one["id"] for one in page(api)[0]["items"]])
        health = api.get("/api/v1/cache/health").json()
        assert (health["status"], health["l2"]["status"]) == ("degraded", "unavailable")
        assert health["l2"]["error"]
        assert keep(api)["items"][0]["id"] == made  # kept in the process all the same
        valkey.start()
        soon(lambda: api.get("/api/v1/cache/health").json()["status"] == "healthy")
        api.post("/api/v1/cache/invalidate", json={"keys": ["alerts_summary"]})
        keep(api)
        soon(lambda: valkey.keys() > 0)


def test_a_valkey_that_hangs_delays_a_request_once(
    database_url: str, conn: psycopg.Connection, valkey: Valkey
) -> None:
    with sharing(database_url, valkey) as api:
        keep(api)
        os.kill(valkey.process.pid, signal.SIGSTOP)
        try:
            made = raise_alert(conn, "valkey hangs")
            soon(lambda: made in [one["id"] for one in page(api)[0]["items"]])
            assert api.get("/api/v1/cache/health").json()["l2"]["status"] == "unavailable"
            assert keep(api)["items"][0]["id"] == made
        finally:
            os.kill(valkey.process.pid, signal.SIGCONT)


def test_postgresql_that_restarts_leaves_nothing_stale(pg: PgServer) -> None:
    """A server of its own, since it is stopped."""
    with own_server(pg.major) as server:
        with psycopg.connect(server.url(), autocommit=True) as conn:
            migrate.upgrade(conn)
        with serve(settings_for(server.url())) as api, open_socket(api) as line:
            position = here(line)
            keep(api)
            server.stop()
            assert_envelope(api.get(ALERTS, params={"limit": 3}), 503, "DATABASE_UNAVAILABLE")
            server.start()
            with psycopg.connect(server.url(), autocommit=True) as conn:
                made = raise_alert(conn, "after the restart")
            assert hear(line)["data"]["id"] == made
            soon(lambda: api.get(ALERTS).status_code == 200)
            assert page(api)[0]["items"][0]["id"] == made
        with (
            serve(settings_for(server.url())) as api,
            open_socket(api, last_event_id=position) as line,
        ):
            assert hear(line)["data"]["id"] == made


def test_one_pool_of_connections_leads_to_valkey_as_the_contract_has_it() -> None:
    app = create_app(
        Settings(
            database_url="postgresql:///x", valkey_url="redis://127.0.0.1:1/0", log_level="ERROR"
        )
    )
    shared = app.state.live.cache.shared
    pool = shared.client.connection_pool
    assert pool.max_connections == 20
    made = pool.make_connection()
    assert (made.socket_timeout, made.socket_keepalive, made.health_check_interval) == (5, True, 30)
