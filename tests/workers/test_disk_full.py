"""No table can grow: what was acknowledged stays and arrives once, what was not left no trace, and all goes on by itself."""

import collections
import json
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from api.service import serve, settings_for
from pggit import migrate
from pggit.embedded import Server
from servers import PgServer, own_server
from workers.bench import Hook, bench_on, eventually, settings_of, working

PAGE = 8192
# Beyond what a segment of the log (WAL) takes: the limit is one for every file.
LARGE = 17 * 2**20
# Four rows fill a page.
FILL = """
INSERT INTO _pggit.events (event_id, slot, type, data, actor)
SELECT n, _pggit.ring_slot(clock_timestamp()), 'custom.filler', jsonb_build_object('pad', repeat('x', 1850)), 'x'
FROM generate_series(1, 9000) AS n
"""


def limit_files(server: Server, conn: psycopg.Connection, size: int | str) -> None:
    """Let no file of the server's sessions grow beyond a size; the checkpointer goes on, as it does on a full disk."""
    rows = conn.execute(
        "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' "
        "UNION ALL SELECT split_part(pg_read_file('postmaster.pid'), E'\\n', 1)::integer"
    ).fetchall()
    for (pid,) in rows:
        # By the server's own user: to be root is not enough everywhere.
        command = ["prlimit", f"--pid={pid}", f"--fsize={size}:"]
        subprocess.run(command, check=True, capture_output=True, **server._run_as())


@contextmanager
def full(server: Server, conn: psycopg.Connection) -> Iterator[None]:
    """The events fill their file, which may not grow."""
    conn.execute(FILL)
    row = conn.execute("SELECT max(pg_relation_size(oid)) FROM pg_class").fetchone()
    assert row is not None
    # Not a whole number of pages: the last one is cut short, as on a disk.
    limit_files(server, conn, max(row[0], LARGE) + PAGE + PAGE // 2)
    yield
    limit_files(server, conn, "unlimited")


def publish_until_refused(hook: Hook, numbers: set[int], pad: str = "x" * 300) -> psycopg.Error:
    """How an event was refused; numbers are those that were acknowledged."""
    for number in range(10_000):
        try:
            hook.publish({"n": number, "pad": pad})
        except psycopg.Error as error:
            return error
        numbers.add(number)
    raise AssertionError("there was room for all of it")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("prlimit") is None, reason="prlimit is Linux's")
def test_nothing_is_lost_or_doubled_where_no_table_can_grow(pg: PgServer) -> None:
    with own_server(pg.major) as server, psycopg.connect(server.url(), autocommit=True) as conn:
        migrate.upgrade(conn)
        url = server.url()
        with serve(settings_for(url)) as api, bench_on(url) as bench:
            hook = bench.hook()
            alert = {"operation_type": "merge", "severity": "WARNING", "message": "x" * 1500}
            acknowledged: set[int] = set()
            with full(server, conn):
                code = publish_until_refused(hook, acknowledged).sqlstate
                assert code in ("53100", "XX000")
                answer = api.post("/api/v1/alerts", json=alert)
                assert (answer.status_code, answer.json()["error_code"]) == (
                    503,
                    "SERVICE_UNAVAILABLE",
                )
                assert answer.headers["Retry-After"] == "5"
                assert api.get("/api/v1/alerts").json()["total"] == 0
                assert api.get("/health").status_code == 200
                with working(settings_of(url)):
                    # Nothing is written for what arrives but attempts, which have room in a file of their own.
                    eventually(lambda: len(hook.seen) >= len(acknowledged), "what was acknowledged")
            assert api.post("/api/v1/alerts", json=alert).status_code == 201
            hook.publish({"n": -1})
            with working(settings_of(url)):
                eventually(
                    lambda: bench.value("SELECT count(*) = 0 FROM _pggit.deliveries"), "the rest"
                )
            seen = collections.Counter(json.loads(one.body)["data"]["n"] for one in hook.seen)
            assert seen == collections.Counter(acknowledged | {-1})


@contextmanager
def small_log(server: Server) -> Iterator[Path]:
    """The server's log (pg_wal) on a file system of its own, which can be filled; gives its folder."""
    place = server.home / "wal"
    place.mkdir()
    size = ["mount", "-t", "tmpfs", "-o", "size=112m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(size, capture_output=True).returncode != 0:
        pytest.skip("this user may not mount a file system to fill")
    try:
        server.stop()
        own = server.data / "pg_wal"
        owner = own.stat()
        os.chown(place, owner.st_uid, owner.st_gid)
        place.chmod(0o700)
        subprocess.run(["cp", "-a", f"{own}/.", str(place)], check=True)
        shutil.rmtree(own)
        own.symlink_to(place)
        server.start()
        yield place
        server.stop()
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True, capture_output=True)


def fill(place: Path) -> Path:
    """A file that takes all the room there is."""
    filler = place / "filler"
    with suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(bytes(1024 * 1024)):
            pass
    return filler


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="a file system to fill is mounted with tmpfs")
def test_nothing_is_lost_or_doubled_where_the_log_cannot_grow(pg: PgServer) -> None:
    """PostgreSQL itself stops then; with room again it starts, and nobody else has to."""
    small = {"max_wal_size": "64MB", "min_wal_size": "32MB", "restart_after_crash": "off"}
    with own_server(pg.major, **small) as server, small_log(server) as place:
        with psycopg.connect(server.url(), autocommit=True) as conn:
            migrate.upgrade(conn)
        url = server.url()
        with serve(settings_for(url)) as api, ExitStack() as benches:
            hook = benches.enter_context(bench_on(url)).hook()
            acknowledged: set[int] = set()
            filler = fill(place)
            # So that it is not pressed to nothing.
            refused = publish_until_refused(hook, acknowledged, secrets.token_hex(15_000))
            assert isinstance(refused, psycopg.OperationalError)
            eventually(
                lambda: (
                    api.get("/api/v1/branches").json().get("error_code") == "DATABASE_UNAVAILABLE"
                ),
                "the service to see that PostgreSQL has stopped",
            )
            answer = api.get("/api/v1/branches")
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
            assert api.get("/health").json()["status"] == "degraded"
            filler.unlink()
            server.stop()
            server.start()
            eventually(lambda: api.get("/health/ready").status_code == 200, "the service")
            bench = benches.enter_context(bench_on(url))
            with working(settings_of(url)):
                eventually(
                    lambda: bench.value("SELECT count(*) = 0 FROM _pggit.deliveries"), "the rest"
                )
            seen = {json.loads(one.body)["data"]["n"] for one in hook.seen}
            # What was cut off before its acknowledgement may have come about.
            assert acknowledged <= seen <= acknowledged | {len(acknowledged)}
            assert len(hook.seen) == len(seen)
