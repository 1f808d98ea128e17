"""`pggit migration --online`: waits for locks without standing in anybody's way, and goes on where it failed."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from compare.costs import faults, observe
from pggit.compare import Step
from servers import PgServer

BEFORE = """
CREATE SCHEMA app;
CREATE TYPE app.mood AS ENUM ('ok');
CREATE TABLE app.item (id integer, email text, n integer, small integer, gone text);
CREATE TABLE app.part (id integer PRIMARY KEY, item_id integer);
CREATE INDEX part_old ON app.part (item_id);
INSERT INTO app.item SELECT i, 'e' || i, i, i FROM generate_series(1, 2000) AS i;
"""
CHANGES = """
ALTER TABLE item ADD PRIMARY KEY (id), ADD UNIQUE (email), ADD CONSTRAINT positive CHECK (n > 0);
ALTER TABLE item ALTER n SET NOT NULL, DROP gone;
ALTER TABLE item ADD stamp timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE part ADD FOREIGN KEY (item_id) REFERENCES item;
CREATE INDEX part_new ON part (item_id, id);
DROP INDEX part_old;
ALTER TYPE mood ADD VALUE 'great';
CREATE VIEW mails AS SELECT id, email FROM item;
CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1';
ALTER TABLE part RENAME TO piece;
"""
# live against the branch: nothing is left to do
REST = "SELECT action, kind, name FROM pggit.diff('feature', NULL)"
ONLINE = "SELECT * FROM pggit.online_migration('main', 'feature')"


@pytest.fixture
def database_name(conn: psycopg.Connection) -> str:
    """A database whose branch differs from main by CHANGES."""
    conn.execute(BEFORE)
    conn.execute("SELECT pggit.init('app')")
    conn.execute("SELECT pggit.create_branch('feature')")
    conn.execute("SELECT pggit.checkout('feature')")
    conn.execute(CHANGES)
    conn.execute("SELECT pggit.commit('changes')")
    conn.execute("SELECT pggit.checkout('main')")
    return conn.info.dbname


def script(conn: psycopg.Connection, path: Path, start: str = "main", end: str = "feature") -> Path:
    row = conn.execute("SELECT pggit.migration_script(%s, %s, true)", [start, end]).fetchone()
    assert row is not None
    path.write_text(row[0])
    return path


def psql(pg: PgServer, database: str, path: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [pg.bin / "psql", "-XqAt", "-d", pg.url(database), "-f", path],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_waits_for_a_reader_without_blocking_others_and_goes_on_after_an_error(
    pg: PgServer,
    conn: psycopg.Connection,
    connect: Callable[..., psycopg.Connection],
    database_name: str,
    tmp_path: Path,
) -> None:
    up = script(conn, tmp_path / "up.sql")
    down = script(conn, tmp_path / "down.sql", "feature", "main")
    conn.execute("UPDATE app.item SET n = -1 WHERE id = 7")
    reader = connect(autocommit=False)
    reader.execute("SELECT count(*) FROM app.item")
    running = psql(pg, database_name, up)
    assert running.stderr is not None
    while "waiting for a lock" not in running.stderr.readline():
        assert running.poll() is None
    # it has let go of the place in the queue: readers and writers pass
    conn.execute("SET lock_timeout = '3s'")
    conn.execute("INSERT INTO app.item (id, email, n) VALUES (3000, 'late', 1)")
    reader.rollback()
    said = running.communicate(timeout=120)[1]
    assert running.returncode == 3, said
    assert "positive" in said
    assert conn.execute(REST).fetchall() != []

    conn.execute("UPDATE app.item SET n = 1 WHERE id = 7")
    for _ in range(2):  # the second time there is nothing left
        again = psql(pg, database_name, up)
        said = again.communicate(timeout=120)[1]
        assert again.returncode == 0, said
        assert conn.execute(REST).fetchall() == []
    filled = conn.execute("SELECT count(*), count(stamp) FROM app.item").fetchone()
    assert filled == (2001, 2001)

    back = psql(pg, database_name, down)
    said = back.communicate(timeout=120)[1]
    assert back.returncode == 0, said
    assert conn.execute("SELECT kind, name FROM pggit.diff('main', NULL)").fetchall() == []


def test_an_interrupted_index_build_is_begun_anew(
    pg: PgServer,
    conn: psycopg.Connection,
    connect: Callable[..., psycopg.Connection],
    database_name: str,
    tmp_path: Path,
) -> None:
    up = script(conn, tmp_path / "up.sql")
    older = connect(autocommit=False)  # a build waits for every snapshot that is older than it
    older.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    older.execute("SELECT 1")
    building = psql(pg, database_name, up)
    find = """
        SELECT pid FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event = 'virtualxid' AND query ~ '^CREATE UNIQUE INDEX CONCURRENTLY'
    """
    deadline = time.monotonic() + 60
    while (found := conn.execute(find).fetchone()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    conn.execute("SELECT pg_terminate_backend(%s)", found)
    building.communicate(timeout=60)
    assert building.returncode != 0
    older.rollback()
    invalid = "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid"
    assert len(conn.execute(invalid).fetchall()) == 1
    again = psql(pg, database_name, up)
    said = again.communicate(timeout=120)[1]
    assert again.returncode == 0, said
    assert conn.execute(REST).fetchall() == []
    assert conn.execute(invalid).fetchall() == []


def test_no_step_scans_or_rewrites_behind_a_lock_and_each_takes_the_lock_that_it_names(
    conn: psycopg.Connection, database_name: str
) -> None:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(ONLINE).fetchall()
    steps = [
        Step(
            step_no=row["position"],
            **{
                key: row[key]
                for key in (
                    "sql",
                    "lock_level",
                    "hazards",
                    "in_transaction",
                    "action",
                    "kind",
                    "identity",
                )
            },
        )
        for row in rows
    ]
    assert [one.sql for one in steps if {"long_lock", "table_rewrite"} & set(one.hazards)] == []
    found = []
    conn.row_factory = dict_row  # type: ignore[assignment]
    for step in steps:
        scanned_beside_writers = step.lock_level == "SHARE UPDATE EXCLUSIVE"
        found += [
            fault
            for fault in faults(step, observe(conn, step))  # type: ignore[arg-type]
            if not (scanned_beside_writers and fault.startswith("scans"))
        ]
    assert found == []
