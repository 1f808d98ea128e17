"""Worktrees built by several sessions at once, in batches, and by processes that are killed on the way."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import psycopg
import pytest

from pggit.embedded import Server
from servers import INSTALL, PgServer, own_server

Connect = Callable[..., psycopg.Connection]

TABLES = 60
# Every kind of lock that counts: tables with keys, further indexes, foreign keys, a partition, a view and a function.
SCHEMA = f"""
CREATE SCHEMA shop;
DO $$
BEGIN
    FOR i IN 1 .. {TABLES} LOOP
        EXECUTE format('CREATE TABLE shop.t%s (id serial PRIMARY KEY, label text UNIQUE, other integer)', i);
        EXECUTE format('CREATE INDEX ON shop.t%s (other)', i);
        IF i > 1 THEN
            EXECUTE format('ALTER TABLE shop.t%s ADD FOREIGN KEY (other) REFERENCES shop.t%s', i, i - 1);
        END IF;
    END LOOP;
END;
$$;
CREATE TABLE shop.log (at date, id integer) PARTITION BY RANGE (at);
CREATE TABLE shop.log_1 PARTITION OF shop.log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE VIEW shop.v AS SELECT a.id, b.label FROM shop.t1 AS a JOIN shop.t2 AS b USING (id);
CREATE FUNCTION shop.f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM shop.v; END;
SELECT pggit.init('shop');
SELECT pggit.create_branch('side');
"""


def state(conn: psycopg.Connection, branch: str = "side") -> str | None:
    row = conn.execute(
        "SELECT worktree_state FROM pggit.branches WHERE name = %s", [branch]
    ).fetchone()
    assert row is not None
    return None if row[0] is None else str(row[0])


def assert_whole(conn: psycopg.Connection, branch: str = "side") -> None:
    """The worktree is ready and equals its commit."""
    assert state(conn, branch) == "ready"
    assert conn.execute("SELECT count(*) FROM pggit.status(%s)", [branch]).fetchone() == (0,)


def schemas(conn: psycopg.Connection) -> list[str]:
    found = conn.execute("SELECT nspname FROM pg_namespace WHERE nspname LIKE '%@%'").fetchall()
    return [row[0] for row in found]


def test_sessions_that_check_out_one_branch_at_once_share_its_worktree(
    conn: psycopg.Connection, connect: Connect
) -> None:
    conn.execute("CREATE SCHEMA shop CREATE TABLE item (id integer PRIMARY KEY)")
    conn.execute("SELECT pggit.init('shop')")
    conn.execute("SELECT pggit.create_branch('side')")
    start = Barrier(4)

    def check_out(session: psycopg.Connection) -> object:
        start.wait()
        session.execute("SELECT pggit.checkout('side')")
        return session.execute("SELECT pggit.current_branch(), 'item'::regclass::oid").fetchone()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(check_out, [connect() for _ in range(4)]))
    assert len(set(results)) == 1
    assert_whole(conn)


def test_a_terminated_checkout_leaves_nothing(conn: psycopg.Connection, connect: Connect) -> None:
    conn.execute(SCHEMA)
    for delay in (0.05, 0.2, 0.4, 0.8):
        session = connect()
        with ThreadPoolExecutor() as pool:
            running = pool.submit(session.execute, "SELECT pggit.checkout('side')")
            time.sleep(delay)
            conn.execute("SELECT pg_terminate_backend(%s)", [session.info.backend_pid])
            try:
                running.result()
            except psycopg.OperationalError:
                assert state(conn) is None
                assert schemas(conn) == []
            else:
                assert_whole(conn)
                break
    connect().execute("SELECT pggit.checkout('side')")
    assert_whole(conn)


def test_building_in_batches_goes_on_after_every_interruption(
    small: Server, small_conn: psycopg.Connection
) -> None:
    """With max_connections = 20 the lock table is small: checkout says so before any effect, the procedures work."""
    with pytest.raises(psycopg.DatabaseError) as error:
        small_conn.execute("SELECT pggit.checkout('side')")
    assert error.value.sqlstate == "VCL01"
    assert "CALL pggit.build_worktree('side')" in str(error.value.diag.message_hint)
    assert state(small_conn) is None
    assert schemas(small_conn) == []

    interruptions = 0
    for attempt in range(12):
        session = psycopg.connect(small.url("work"), autocommit=True)
        with ThreadPoolExecutor() as pool:
            running = pool.submit(session.execute, "CALL pggit.build_worktree('side')")
            time.sleep(0.2 * 1.5**attempt)
            small_conn.execute("SELECT pg_terminate_backend(%s)", [session.info.backend_pid])
            try:
                running.result()
            except psycopg.OperationalError:
                interruptions += 1
                if state(small_conn) == "building":
                    with pytest.raises(psycopg.DatabaseError) as error:
                        small_conn.execute("SELECT pggit.checkout('side')")
                    assert error.value.sqlstate == "VCS07"
            else:
                break
            finally:
                session.close()
    assert interruptions
    assert_whole(small_conn)
    small_conn.execute("SELECT pggit.checkout('side')")
    small_conn.execute("SELECT pggit.checkout('main')")

    with pytest.raises(psycopg.DatabaseError) as error:
        small_conn.execute("SELECT pggit.delete_branch('side')")
    assert error.value.sqlstate == "VCL01"
    assert_whole(small_conn)
    small_conn.execute("CALL pggit.drop_worktree('side')")
    assert state(small_conn) is None
    assert schemas(small_conn) == []
    small_conn.execute("CALL pggit.build_worktree('side')")
    assert_whole(small_conn)
    small_conn.execute("CALL pggit.drop_worktree('side')")
    small_conn.execute("SELECT pggit.delete_branch('side')")


def test_after_kill_9_of_the_server_the_state_is_the_one_before_or_after(
    small: Server, small_conn: psycopg.Connection
) -> None:
    for statement, delay in (
        ("CALL pggit.build_worktree('side')", 0.3),
        ("CALL pggit.build_worktree('side')", 0.6),
        ("SELECT pggit.commit('empty', 'main', true)", 0.05),
        ("SELECT pggit.commit('empty', 'main', true)", 0.2),
        ("CALL pggit.drop_worktree('side')", 0.2),
    ):
        with psycopg.connect(small.url("work"), autocommit=True) as conn:
            before = conn.execute("SELECT count(*) FROM pggit.log('main', NULL)").fetchone()
        client = subprocess.Popen(
            [small.binaries.program("psql"), "-Xq", "-d", small.url("work"), "-c", statement],
            stderr=subprocess.DEVNULL,
        )
        time.sleep(delay)
        kill_server(small)
        client.wait()
        small.stop()
        small.start()
        with psycopg.connect(small.url("work"), autocommit=True) as conn:
            after = conn.execute("SELECT count(*) FROM pggit.log('main', NULL)").fetchone()
            assert before is not None
            assert after is not None
            assert after[0] - before[0] in (0, 1)
            assert conn.execute("SELECT count(*) FROM pggit.status('main')").fetchone() == (0,)
            assert state(conn) in (None, "building", "ready", "dropping")
            if state(conn) == "ready":
                assert_whole(conn)
    with psycopg.connect(small.url("work"), autocommit=True) as conn:
        if state(conn) == "dropping":
            conn.execute("CALL pggit.drop_worktree('side')")
        conn.execute("CALL pggit.build_worktree('side')")
        assert_whole(conn)


def kill_server(server: Server) -> None:
    """kill -9 of the postmaster and of every process of its."""
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in (pid, *map(int, children)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(one, signal.SIGKILL)


@pytest.fixture(scope="module")
def small(pg: PgServer) -> Iterator[Server]:
    """A server of our own, with a lock table so small that nothing but batches will do."""
    with own_server(pg.major, max_connections="20") as server:
        yield server


@pytest.fixture
def small_conn(small: Server) -> Iterator[psycopg.Connection]:
    with psycopg.connect(small.url(), autocommit=True) as conn:
        conn.execute("DROP DATABASE IF EXISTS work WITH (FORCE)")
        conn.execute("CREATE DATABASE work")
    psql = small.binaries.program("psql")
    subprocess.run(
        [psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-d", small.url("work"), "-f", str(INSTALL)],
        check=True,
        capture_output=True,
    )
    with psycopg.connect(small.url("work"), autocommit=True) as conn:
        conn.execute(SCHEMA)
        yield conn
