"""Workers that die, stop and stand side by side; PostgreSQL that restarts under them. Real processes: `pggit worker`."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from pggit import migrate
from pggit.embedded import Binaries, Server
from servers import SETTINGS, PgServer
from workers.bench import Bench, Hook, bench_on, eventually, settings_of, working
from workers.receiver import Exchange, good

WORKER = [sys.executable, "-m", "pggit.cli", "worker"]


@contextmanager
def worker(url: str, **more: str) -> Iterator["subprocess.Popen[bytes]"]:
    """A process of its own; killed at the end if it still runs."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {
        "DATABASE_URL": url,
        "WEBHOOK_ALLOWED_NETWORKS": "127.0.0.0/8",
        "WEBHOOK_ALLOW_HTTP": "true",
        "LOG_LEVEL": "CRITICAL",
        **more,
    }
    process = subprocess.Popen(WORKER, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(20)


@pytest.fixture(scope="module")
def bench(pg: PgServer) -> Iterator[Bench]:
    with pg.database(pg.template()) as url, bench_on(url) as made:
        yield made


def holding(bench: Bench, hook: Hook) -> threading.Event:
    """The receiver takes each request, and answers once the event is set."""
    release = threading.Event()

    async def hold(exchange: Exchange) -> None:
        while not release.is_set():  # noqa: ASYNC110  another thread sets it
            await asyncio.sleep(0.01)
        await good(exchange)

    bench.receiver.on(hook.path, hold)
    return release


def expire_leases(bench: Bench) -> None:
    """Let the time go by in which a dead worker's deliveries are still his."""
    bench.conn.execute(
        "UPDATE _pggit.deliveries SET due_at = clock_timestamp() WHERE leased_by IS NOT NULL"
    )


def test_killed_before_it_posts_nothing_is_lost_or_sent_twice(bench: Bench) -> None:  # out-tx-004
    hook = bench.hook()
    hook.publish()
    # A worker that claims and is never heard of again.
    claimed = bench.value("SELECT pggit.claim_deliveries('dead', 100)->'deliveries'")
    assert len(claimed) == 1
    with worker(bench.url):
        other = bench.hook()
        other.attempt()
        assert hook.seen == [], "it is leased"
        expire_leases(bench)
        assert hook.attempts()[0]["outcome"] == "delivered"
        assert len(hook.seen) == 1
        # And if the dead one was only slow, what it says now changes nothing.
        late = [
            {
                **claimed[0],
                "is_delivered": False,
                "status_code": 500,
                "duration_ms": 1,
                "body": None,
            }
        ]
        told = bench.value("SELECT pggit.finish_deliveries('dead', %s)", Jsonb(late))
        assert told == 0
        assert hook.deliveries()[0]["status"] == "delivered"


def test_killed_while_it_posts_the_delivery_is_sent_again(bench: Bench) -> None:
    hook = bench.hook()
    release = holding(bench, hook)
    with worker(bench.url) as first:
        hook.publish()
        eventually(lambda: hook.seen, "a post")
        first.kill()
        first.wait(20)
    assert hook.health()["waiting"] == 1
    release.set()
    expire_leases(bench)
    with worker(bench.url):
        assert hook.attempts()[0]["outcome"] == "delivered"
    assert len(hook.seen) == 2
    assert len({one.headers["webhook-id"] for one in hook.seen}) == 1, "receivers can tell"


def test_killed_between_the_answer_and_its_word_of_it_the_delivery_is_sent_again(
    bench: Bench,
) -> None:
    hook = bench.hook()
    with psycopg.connect(bench.url) as lock, worker(bench.url) as first:
        release = holding(bench, hook)
        hook.publish()
        eventually(lambda: hook.seen, "a post")
        # What the worker is going to say must wait for us.
        lock.execute("SELECT FROM _pggit.deliveries WHERE webhook_id = %s FOR UPDATE", [hook.id])
        release.set()
        eventually(
            lambda: bench.value(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
                "AND application_name = 'pggit deliverer' AND datname = current_database()"
            ),
            "the wait",
        )
        first.kill()
        first.wait(20)
    # The server notices at its next word to the dead client, at the latest when the statement ends.
    eventually(
        lambda: (
            not bench.value(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE application_name = 'pggit deliverer' AND datname = current_database()"
            )
        ),
        "the end of its session",
    )
    expire_leases(bench)
    with worker(bench.url):
        hook.attempts()
        eventually(lambda: hook.health()["waiting"] == 0)
    assert len(hook.seen) <= 2
    assert hook.deliveries()[0]["status"] == "delivered"


def test_told_to_stop_it_ends_what_it_can_and_gives_back_the_rest(
    bench: Bench,
) -> None:  # out-tx-018
    hooks = [bench.hook() for _ in range(20)]
    releases = [holding(bench, hook) for hook in hooks]
    with worker(bench.url, WORKER_GRACE="1.5") as first:
        for hook in hooks:
            bench.conn.execute(
                "SELECT pggit.publish_event(%s, '{}') FROM generate_series(1, 10)", [hook.kind]
            )
        eventually(lambda: sum(len(hook.seen) for hook in hooks) == 200, "200 posts")
        first.send_signal(signal.SIGTERM)
        for release in releases[:10]:
            release.set()
        assert first.wait(30) == 0
    leased = "SELECT count(*) FROM _pggit.deliveries WHERE leased_by IS NOT NULL"
    assert bench.value(leased) == 0
    assert [hook.health()["waiting"] for hook in hooks] == [0] * 10 + [10] * 10
    for release in releases:
        release.set()
    with worker(bench.url):
        for hook in hooks:
            hook.attempts(10)
            eventually(lambda hook=hook: hook.health()["waiting"] == 0)
    counts = [len(hook.seen) for hook in hooks]
    assert counts == [10] * 10 + [20] * 10, "none twice but those that were cut off"


def test_side_by_side_each_delivery_is_claimed_once(bench: Bench) -> None:  # out-tx-006
    hooks = [bench.hook() for _ in range(10)]
    bench.conn.execute("UPDATE _pggit.webhook_health_metrics SET concurrency = 128")
    for hook in hooks:
        bench.conn.execute(
            "SELECT pggit.publish_event(%s, '{}') FROM generate_series(1, 200)", [hook.kind]
        )
    claimed: Counter[int] = Counter()

    def work(name: str) -> None:
        with psycopg.connect(bench.url, autocommit=True) as conn:
            silent = 0
            while silent < 20:
                row = conn.execute(
                    "SELECT pggit.claim_deliveries(%s, 50)->'deliveries'", [name]
                ).fetchone()
                assert row is not None
                claimed.update(one["delivery_id"] for one in row[0])
                done = [
                    {**{k: one[k] for k in ("delivery_id", "webhook_id", "attempt")},
                     "is_delivered": True, "status_code": 200, "duration_ms": 1}
                    for one in row[0]
                ]  # fmt: skip
                conn.execute("SELECT pggit.finish_deliveries(%s, %s)", [name, Jsonb(done)])
                silent = 0 if row[0] else silent + 1

    threads = [threading.Thread(target=work, args=(f"w{n}",)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 2000
    assert set(claimed.values()) == {1}


def test_a_claim_waits_for_nobody_and_takes_what_is_free(bench: Bench) -> None:
    held, taken, free = bench.hook(), bench.hook(), bench.hook()
    for hook in (held, taken, free):
        hook.publish()
        hook.publish()
    first = "SELECT min(delivery_id) FROM _pggit.deliveries WHERE webhook_id = %s"
    with psycopg.connect(bench.url) as other:
        # As one who finishes would hold them, and one who looks at a row by hand.
        other.execute(
            "SELECT FROM _pggit.webhook_health_metrics WHERE webhook_id = %s FOR UPDATE", [held.id]
        )
        locked = bench.value(first, taken.id)
        other.execute("SELECT FROM _pggit.deliveries WHERE delivery_id = %s FOR UPDATE", [locked])
        bench.conn.execute("SET lock_timeout = 1")
        try:
            claimed = bench.value("SELECT pggit.claim_deliveries('w', 100)->'deliveries'")
        finally:
            bench.conn.execute("RESET lock_timeout")
    counts = Counter(one["webhook_id"] for one in claimed)
    assert counts == {taken.id: 1, free.id: 2}
    assert locked not in {one["delivery_id"] for one in claimed}
    for hook in (held, taken, free):
        bench.value("SELECT pggit.delete_webhook(%s)::text", hook.id)


def test_two_deliverers_send_each_event_once(bench: Bench) -> None:
    hooks = [bench.hook(), bench.hook(is_ordered=True)]
    with worker(bench.url), worker(bench.url):
        for hook in hooks:
            for n in range(50):
                hook.publish({"n": n})
        for hook in hooks:
            hook.attempts(50)
    for hook in hooks:
        assert len(hook.seen) == 50
    bodies = [json.loads(one.body)["data"]["n"] for one in hooks[1].seen]
    assert bodies == list(range(50)), "in order where it was asked for, whoever sends"


def test_a_lease_outlives_the_longest_attempt(bench: Bench) -> None:  # out-tx-005
    hook = bench.hook(timeout_seconds=120)
    hook.publish()
    bench.conn.execute("SELECT pggit.claim_deliveries('w', 1)")
    left = "SELECT extract(epoch FROM due_at - clock_timestamp()) FROM _pggit.deliveries WHERE webhook_id = %s"
    assert bench.value(left, hook.id) >= 149


def test_a_thousand_receivers_are_served_by_one_transaction_or_none(
    bench: Bench,
) -> None:  # out-tx-013
    bench.conn.execute(
        "SELECT pggit.create_webhook('fan ' || n, 'https://fan.example.org/' || n, p_event_types => '{custom.fan}') "
        "FROM generate_series(1, 900) AS n"
    )
    queued = "SELECT count(*) FROM _pggit.deliveries WHERE event_id = %s"
    with bench.conn.transaction(force_rollback=True):
        lost = bench.publish("custom.fan")
        assert bench.value(queued, lost["event_id"]) == 900
    assert bench.value(queued, lost["event_id"]) == 0
    event = bench.publish("custom.fan")
    assert bench.value(queued, event["event_id"]) == 900
    # There is an end to how many there may be.  out-ten-002
    with pytest.raises(psycopg.Error) as caught:
        bench.conn.execute(
            "SELECT pggit.create_webhook('more ' || n, 'https://fan.example.org/') FROM generate_series(1, 101) AS n"
        )
    assert caught.value.sqlstate == "VCL30"
    bench.conn.execute(
        "SELECT pggit.delete_webhook(webhook_id) FROM _pggit.webhooks WHERE name LIKE 'fan %'"
    )


@pytest.fixture
def own_server(pg: PgServer) -> Iterator[tuple[Server, str]]:
    """A server that may be restarted."""
    home = Path(tempfile.mkdtemp(prefix="pggit-restart-"))
    server = Server(home, Binaries(pg.bin, pg.major), settings=SETTINGS, trust=True)
    try:
        server.start()
        with psycopg.connect(server.url(), autocommit=True) as conn:
            migrate.upgrade(conn)
        yield server, server.url()
        server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def test_postgresql_restarts_under_delivery_and_nothing_is_lost(
    own_server: Any,
) -> None:  # out-tx-008
    server, url = own_server
    with working(settings_of(url)), bench_on(url) as before:
        hook = before.hook()
        release = holding(before, hook)
        hook.publish({"n": 0})
        eventually(lambda: hook.seen, "a post")
        path, receiver, number, kind = hook.path, before.receiver, hook.id, hook.kind
        before.conn.close()
        server.stop()
        release.set()  # its answer comes while PostgreSQL is away
        server.start()
        assert server.url() == url
        with psycopg.connect(url, autocommit=True) as conn:
            after = Bench(url, conn, receiver)
            again = Hook(after, number, path, kind, "")
            again.publish({"n": 1})
            attempts = again.attempts(2)
            eventually(lambda: again.health()["waiting"] == 0)
            assert {one["outcome"] for one in attempts} == {"delivered"}
            assert len(again.deliveries()) == 2
            assert len(again.seen) == 2, (
                "what had been answered was told after the restart, not sent again"
            )
