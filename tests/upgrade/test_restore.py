"""A dump restored, on the same server and on a newer one: hashes, identities and open merges are as before."""

import subprocess

import psycopg
import pytest

from servers import PgServer

BEFORE = """
SET client_min_messages = warning;
CREATE SCHEMA app;
SET search_path = app;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE users (id integer PRIMARY KEY, email varchar(20) NOT NULL DEFAULT 'x', m mood DEFAULT 'ok', n integer,
    CHECK (email <> ''));
CREATE TABLE bills (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id integer REFERENCES users, at date DEFAULT now());
CREATE VIEW v AS SELECT u.id, u.email, b.at FROM users AS u LEFT JOIN bills AS b ON b.user_id = u.id WHERE u.email IN ('a', 'b');
CREATE FUNCTION f(i integer) RETURNS integer LANGUAGE sql AS 'SELECT i';
CREATE INDEX ON users (lower(email)) WHERE id BETWEEN 1 AND 9;
INSERT INTO users VALUES (1, 'a'), (2, 'b');
SELECT pggit.init('app');
SELECT pggit.create_branch('side');
SELECT pggit.create_branch('clash');
SELECT pggit.checkout('side');
ALTER TABLE users RENAME email TO address;
ALTER TABLE bills RENAME TO invoices;
SELECT pggit.commit('renamed');
SELECT pggit.checkout('clash');
ALTER TABLE users ALTER n TYPE numeric;
SELECT pggit.commit('clash');
SELECT pggit.checkout('main');
SET search_path = app;
ALTER TABLE users ALTER n TYPE bigint;
ALTER TABLE bills ADD total numeric;
SELECT pggit.commit('main', 'main');
SELECT pggit.merge('clash', 'main');
"""
HISTORY = "SELECT array_agg(hash || tree_hash || message ORDER BY commit_id) FROM pggit.commits"


def dump(pg: PgServer, url: str, program: PgServer) -> str:
    command = [str(program.bin / "pg_dump"), "--no-owner", "-d", url]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def restore(pg: PgServer, url: str, text: str) -> None:
    pg.psql(url.rpartition("/")[2], "-v", "ON_ERROR_STOP=0", text=text)


def check(url: str, history: object) -> None:
    """Everything goes on where it stood: status, the waiting merge, and a merge that rests on identities."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET client_min_messages = warning")
        dirty = "SELECT b.name, s.* FROM pggit.branches AS b CROSS JOIN LATERAL pggit.status(b.name) AS s"
        assert conn.execute(dirty).fetchall() == []
        found = conn.execute(HISTORY).fetchone()
        assert found is not None
        assert isinstance(history, list)
        assert found[0][: len(history)] == history
        done = conn.execute("SELECT status FROM pggit.merge('side', 'main')").fetchone()
        assert done == ("completed",)
        assert conn.execute(
            "SELECT string_agg(address, '' ORDER BY id) FROM app.users"
        ).fetchone() == ("ab",)
        assert conn.execute(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = 'app'"
            " AND (table_name, column_name) IN (('users', 'address'), ('invoices', 'total'))"
        ).fetchone() == (2,)
        assert conn.execute(dirty).fetchall() == []


def test_dump_and_restore_change_no_hash_and_lose_no_identity(pg: PgServer, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(BEFORE)
        history = conn.execute(HISTORY).fetchone()
        assert history is not None
    with pg.database() as copy:
        restore(pg, copy, dump(pg, database, pg))
        with psycopg.connect(copy, autocommit=True) as conn:
            waiting = conn.execute("SELECT merge_id, status FROM pggit.merges").fetchone()
            assert waiting is not None
            assert waiting[1] == "pending_conflicts"
            conn.execute("SELECT pggit.resolve_conflicts(%s, 'use_target')", [waiting[0]])
            assert conn.execute(
                "SELECT status FROM pggit.complete_merge(%s)", [waiting[0]]
            ).fetchone() == ("completed",)
        check(copy, history[0])


def test_after_an_upgrade_of_the_server_status_is_empty_and_old_hashes_stand(
    servers: dict[int, PgServer],
) -> None:
    if len(servers) < 2:
        pytest.skip("one server only")
    old, new = servers[min(servers)], servers[max(servers)]
    with old.database(old.template()) as origin, new.database() as copy:
        with psycopg.connect(origin, autocommit=True) as conn:
            conn.execute(BEFORE)
            history = conn.execute(HISTORY).fetchone()
            assert history is not None
        restore(new, copy, dump(old, origin, new))
        with psycopg.connect(copy, autocommit=True) as conn:
            conn.execute("SELECT pggit.rebaseline()")
            merge_id = conn.execute("SELECT merge_id FROM pggit.merges").fetchone()
            assert merge_id is not None
            conn.execute("SELECT pggit.abort_merge(%s)", merge_id)
        check(copy, history[0])
