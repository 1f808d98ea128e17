"""The main job on a schema of 1,400 tables, with the smallest lock table: two checkouts side by side, merges, the migration."""

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from pggit.embedded import Server
from servers import INSTALL, PgServer, own_server

pytestmark = [
    pytest.mark.skipif(
        "PGGIT_LARGE" not in os.environ, reason="takes minutes: make large, with PGGIT_SCHEMAS"
    ),
]
SCHEMAS = ("public", "gitlab_partitions_dynamic", "gitlab_partitions_static")
TABLES = (
    "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' "
    'AND NOT c.relispartition ORDER BY c.relname COLLATE "C" LIMIT 20'
)
KINDS = (
    "ALTER TABLE {table} ADD COLUMN {name} integer",
    "CREATE INDEX {name} ON {table} ((1))",
    "COMMENT ON TABLE {table} IS {text}",
    "ALTER TABLE {table} ADD CONSTRAINT {name} CHECK (true)",
    "CREATE TABLE {name} (LIKE {table})",
)


@pytest.fixture
def small(pg: PgServer) -> Iterator[Server]:
    """A server of its own whose lock table holds 20 connections' worth."""
    with own_server(pg.major, max_connections="20") as server:
        yield server


def psql(pg: PgServer, url: str, *arguments: str, text: str | None = None) -> None:
    command = [pg.bin / "psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", url, *arguments]
    done = subprocess.run(command, input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def database(pg: PgServer, server: Server, name: str) -> str:
    with psycopg.connect(server.url(), autocommit=True) as conn:
        conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    psql(pg, server.url(name), "-f", str(Path(os.environ["PGGIT_SCHEMAS"]) / "large.sql"))
    return server.url(name)


def change(conn: psycopg.Connection, tag: str) -> None:
    """Twenty statements; both sides meet at the same tables, in different attributes."""
    tables = [row[0] for row in conn.execute(TABLES).fetchall()]
    shift = 2 if tag == "ours" else 0
    for number, table in enumerate(tables):
        statement = sql.SQL(KINDS[(number + shift) % len(KINDS)]).format(
            table=sql.Identifier(table),
            name=sql.Identifier(f"{tag}_{number}"),
            text=sql.Literal(tag),
        )
        conn.execute(statement)


def on_branch(url: str, branch: str) -> str:
    """Build a worktree and change it: what one of two developers does while the other does the same."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("CALL pggit.build_worktree(%s)", [branch])
        conn.execute("SELECT pggit.checkout(%s)", [branch])
        change(conn, branch)
        row = conn.execute("SELECT pggit.commit(%s)", [branch]).fetchone()
        assert row is not None
        return str(row[0])


def test_the_main_job_on_a_large_schema(pg: PgServer, small: Server) -> None:
    url, copy = database(pg, small, "live"), database(pg, small, "copy")
    psql(pg, url, "-f", str(INSTALL))
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SELECT pggit.init(%s, %s, %s)", list(SCHEMAS))
        for branch in ("ours", "theirs"):
            conn.execute("SELECT pggit.create_branch(%s)", [branch])
        with ThreadPoolExecutor() as both:
            list(both.map(on_branch, (url, url), ("ours", "theirs")))
        for branch in ("ours", "theirs"):
            merged = conn.execute(
                "SELECT status FROM pggit.merge(%s, 'main', %s)", [branch, branch]
            ).fetchone()
            assert merged is not None
            assert merged[0] == "completed"
        assert conn.execute("SELECT * FROM pggit.status()").fetchall() == []
        script = conn.execute("SELECT pggit.migration_script('main~2', 'main')").fetchone()
        assert script is not None
        psql(pg, copy, "-1", text=script[0])
        for branch in ("ours", "theirs"):
            conn.execute("CALL pggit.drop_worktree(%s)", [branch])
    compare = [sys.executable, "-m", "pggit.cli", "compare", copy, url]
    done = subprocess.run(compare, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout[:2000] + done.stderr
