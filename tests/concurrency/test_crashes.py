"""Calls that are killed at every step: the state is the one before or the one after.

A step is stopped by a lock that another session holds on a relation that the call writes to: a table of pggit, a catalog, a live
table. PGGIT_EVERY_POINT takes all of them, a plain run every fifth, another fifth on each server.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg import sql

from pggit.embedded import Server
from servers import INSTALL, PgServer, own_server

BEFORE = """
CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, label text, price integer);
INSERT INTO shop.item SELECT i, 'item ' || i, i FROM generate_series(1, 20) AS i;
CREATE TABLE shop.bill (id integer PRIMARY KEY, item_id integer REFERENCES shop.item, at date);
CREATE VIEW shop.v AS SELECT id, label FROM shop.item;
CREATE FUNCTION shop.f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM shop.v; END;
SELECT pggit.init('shop');
SELECT pggit.create_branch('new');
SELECT pggit.create_branch('side');
SELECT pggit.create_branch('clash');
SELECT pggit.checkout('side');
ALTER TABLE item ADD stock integer NOT NULL DEFAULT 0;
CREATE INDEX item_label_idx ON item (label);
ALTER TABLE bill ALTER at SET DEFAULT now();
ALTER TABLE bill RENAME TO invoice;
CREATE TABLE shelf (id integer PRIMARY KEY, item_id integer REFERENCES item);
SELECT pggit.commit('side');
SELECT pggit.checkout('clash');
ALTER TABLE item ALTER price TYPE bigint;
ALTER TABLE item ALTER label SET NOT NULL;
SELECT pggit.commit('clash');
SELECT pggit.checkout('main');
ALTER TABLE shop.item ALTER price TYPE numeric;
SELECT pggit.commit('main', 'main');
SELECT pggit.merge('clash', 'main');
SELECT pggit.resolve_conflicts(merge_id, 'use_source') FROM pggit.merges;
"""
CALLS = {
    "checkout": "SELECT pggit.checkout('new')",
    "commit": "ALTER TABLE shop.item ADD note text; SELECT pggit.commit('noted', 'main')",
    "merge": "SELECT pggit.merge('side', 'main')",
    "complete_merge": "SELECT pggit.complete_merge(merge_id) FROM pggit.merges WHERE status = 'in_progress'",
    "rebase": "SELECT pggit.rebase('side', 'main')",
    "reset": "SELECT pggit.reset('HEAD~1', 'side', true)",
    "build_worktree": "CALL pggit.build_worktree('new')",
    "drop_worktree": "CALL pggit.drop_worktree('side')",
}
CATALOGS = (
    "pg_namespace",
    "pg_class",
    "pg_attribute",
    "pg_constraint",
    "pg_depend",
    "pg_proc",
    "pg_rewrite",
)
STATE = """
SELECT jsonb_build_object(
    'branches', (SELECT jsonb_agg(jsonb_build_array(b.name, b.worktree_state,
        (SELECT array_agg(l.message ORDER BY l.commit_id) FROM pggit.log(b.name) AS l)) ORDER BY b.name)
        FROM pggit.branches AS b),
    'merges', (SELECT jsonb_agg(m.status ORDER BY m.status) FROM pggit.merges AS m),
    'open', (SELECT count(*) FROM pggit.conflicts AS c WHERE c.resolution_status = 'pending'),
    'schemas', (SELECT jsonb_agg(n.nspname ORDER BY n.nspname) FROM pg_namespace AS n WHERE n.nspname ~ '^shop'),
    'columns', (SELECT jsonb_agg(concat_ws(' ', a.attrelid::regclass, a.attname, format_type(a.atttypid, a.atttypmod),
            a.attnotnull)
            ORDER BY a.attrelid::regclass::text, a.attnum)
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname ~ '^shop' AND a.attnum > 0 AND NOT a.attisdropped),
    'rows', (SELECT count(*) FROM shop.item),
    'dirty', (SELECT count(*) FROM pggit.branches AS b CROSS JOIN LATERAL pggit.status(b.name) AS s
        WHERE b.worktree_state = 'ready'))
"""


def state(conn: psycopg.Connection) -> dict[str, object]:
    conn.execute("SET search_path = pg_catalog")
    row = conn.execute(STATE).fetchone()
    assert row is not None
    found: dict[str, object] = row[0]
    return found


def is_half_way(found: dict[str, object]) -> bool:
    """A worktree that is built or dropped in batches: what comes next goes on from there."""
    return any(word in str(found["branches"]) for word in ("'building'", "'dropping'"))


def points(conn: psycopg.Connection, call: str) -> list[str]:
    """Every relation that a call writes to, as it comes to have them."""
    found = [f"pg_catalog.{name}" for name in CATALOGS]
    if call.startswith("CALL"):
        tables = ("worktrees", "worktree_schemas", "identities")
        return [*(f"_pggit.{name}" for name in tables), *found]
    conn.execute("BEGIN")
    conn.execute(call)
    rows = conn.execute(
        "SELECT DISTINCT n.nspname || '.' || quote_ident(c.relname) FROM pg_locks AS l"
        " JOIN pg_class AS c ON c.oid = l.relation JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE l.pid = pg_backend_pid() AND l.mode NOT IN ('AccessShareLock', 'RowShareLock')"
        " AND c.relkind IN ('r', 'p') AND n.nspname IN ('_pggit', 'shop') ORDER BY 1"
    ).fetchall()
    conn.execute("ROLLBACK")
    return [row[0] for row in rows if row[0] != "shop.shelf"] + found


def prepare(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET client_min_messages = warning")
        conn.execute(BEFORE)


def kill_when_blocked(
    psql: str, url: str, call: str, point: str, kill: Callable[[psycopg.Connection, int, int], None]
) -> bool:
    """Run a call in a psql of its own until it wants `point`, then kill it there; whether it ever came to it."""
    with psycopg.connect(url, autocommit=True) as watcher, psycopg.connect(url) as holder:
        try:
            holder.execute(f"LOCK TABLE {point} IN SHARE MODE")
        except psycopg.errors.UndefinedTable:
            return False
        environment = {
            **os.environ,
            "PGAPPNAME": "victim",
            "PGOPTIONS": "-c pggit.lock_timeout=60s",
        }
        victim = subprocess.Popen(
            [
                psql,
                "-Xq",
                "-v",
                "ON_ERROR_STOP=1",
                "-d",
                url,
                *(a for c in call.split("; ") for a in ("-c", c)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        try:
            while victim.poll() is None:
                row = watcher.execute(
                    "SELECT pid FROM pg_stat_activity WHERE application_name = 'victim' AND datname = current_database()"
                    " AND cardinality(pg_blocking_pids(pid)) > 0"
                ).fetchone()
                if row is not None:
                    kill(watcher, victim.pid, row[0])
                    return True
                time.sleep(0.02)
            return False
        finally:
            victim.kill()
            victim.wait()


def kill_client(_: psycopg.Connection, client: int, backend: int) -> None:
    os.kill(client, signal.SIGKILL)


def end_backend(watcher: psycopg.Connection, client: int, backend: int) -> None:
    watcher.execute("SELECT pg_terminate_backend(%s)", [backend])


def wait_for_backends(conn: psycopg.Connection) -> None:
    while conn.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'victim' AND datname = current_database()"
    ).fetchone() != (0,):
        time.sleep(0.02)


@pytest.fixture(scope="module")
def before(pg: PgServer) -> Iterator[str]:
    name = pg.create_database(pg.template())
    prepare(pg.url(name))
    yield name
    pg.drop_database(name)


@pytest.mark.parametrize("call", CALLS.values(), ids=list(CALLS))
def test_a_call_that_is_killed_at_any_step_leaves_the_state_before_or_after(
    pg: PgServer, before: str, call: str
) -> None:
    with pg.database(before) as url, psycopg.connect(url, autocommit=True) as conn:
        stops = points(conn, call)
        old = state(conn)
        for part in call.split("; "):
            conn.execute(part)
        new = state(conn)
    assert old != new
    if "PGGIT_EVERY_POINT" not in os.environ:
        stops = stops[pg.major % 5 :: 5]
    reached = 0
    for place, point in enumerate(stops):
        with pg.database(before) as url:
            kill = (kill_client, end_backend)[place % 2]
            if not kill_when_blocked(str(pg.bin / "psql"), url, call, point, kill):
                continue
            reached += 1
            with psycopg.connect(url, autocommit=True) as conn:
                wait_for_backends(conn)
                found = state(conn)
                if call.startswith("ALTER") and found != new:
                    # the change before the call was a transaction of its own
                    conn.execute("ALTER TABLE shop.item DROP COLUMN IF EXISTS note")
                    found = state(conn)
                if not is_half_way(found):
                    assert found in (old, new), f"killed at {point}"
                if found != new:
                    for part in call.split("; "):
                        conn.execute(part)
                    assert state(conn) == new, f"after it was killed at {point}"
    assert reached


@pytest.fixture(scope="module")
def own(pg: PgServer) -> Iterator[Server]:
    """A server that may be killed."""
    with own_server(pg.major) as server:
        with psycopg.connect(server.url(), autocommit=True) as conn:
            conn.execute("CREATE DATABASE before")
        psql = [str(server.binaries.program("psql")), "-Xq", "-v", "ON_ERROR_STOP=1"]
        subprocess.run(
            [*psql, "-d", server.url("before"), "-f", str(INSTALL)], check=True, capture_output=True
        )
        prepare(server.url("before"))
        yield server


def wait_for_server(url: str) -> None:
    while True:
        with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url) as conn:
            conn.execute("SELECT 1")
            return
        time.sleep(0.05)


# Late in each call: most of its work is done and would be lost or half done.
@pytest.mark.parametrize(
    ("name", "point"),
    [
        ("checkout", "pg_catalog.pg_rewrite"),
        ("commit", "_pggit.branches"),
        ("merge", "shop.bill"),
        ("complete_merge", "pg_catalog.pg_depend"),
        ("build_worktree", "pg_catalog.pg_constraint"),
        ("drop_worktree", "pg_catalog.pg_class"),
    ],
)
def test_a_server_that_is_killed_at_a_step_comes_back_before_or_after(
    own: Server, name: str, point: str
) -> None:
    call = CALLS[name]
    if "PGGIT_EVERY_POINT" not in os.environ and (list(CALLS).index(name) + own.binaries.major) % 2:
        pytest.skip("the other server takes this one")

    def kill_server(watcher: psycopg.Connection, client: int, backend: int) -> None:
        # The postmaster ends every other process, ours too, and starts them anew from the log.
        os.kill(backend, signal.SIGKILL)
        with contextlib.suppress(psycopg.OperationalError):
            while watcher.execute("SELECT 1"):
                time.sleep(0.01)

    with psycopg.connect(own.url(), autocommit=True) as conn:
        for copy in ("after", "work"):
            conn.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(copy))
            )
            conn.execute(sql.SQL("CREATE DATABASE {} TEMPLATE before").format(sql.Identifier(copy)))
    with psycopg.connect(own.url("after"), autocommit=True) as conn:
        old = state(conn)
        for part in call.split("; "):
            conn.execute(part)
        new = state(conn)
    with contextlib.suppress(psycopg.OperationalError):
        assert kill_when_blocked(
            str(own.binaries.program("psql")), own.url("work"), call, point, kill_server
        )
    wait_for_server(own.url("work"))
    with psycopg.connect(own.url("work"), autocommit=True) as conn:
        found = state(conn)
        if call.startswith("ALTER"):
            conn.execute("ALTER TABLE shop.item DROP COLUMN IF EXISTS note")
            found = state(conn)
        if not is_half_way(found):
            assert found == old
        for part in call.split("; "):
            conn.execute(part)
        assert state(conn) == new
