"""`pggit compare` where a database is missing, refuses, is broken, too old or too new, or goes away: exit 2, or a right plan."""

import json
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from servers import PgServer

# What PostgreSQL keeps although it does not work.
BROKEN = """
CREATE SCHEMA app;
SET check_function_bodies = off;
CREATE FUNCTION app.broken() RETURNS integer LANGUAGE sql AS 'SELECT no_such FROM nowhere';
CREATE FUNCTION app.broken_too() RETURNS integer LANGUAGE plpgsql AS 'BEGIN this is no statement';
CREATE TABLE app.item (id integer PRIMARY KEY, n integer, parent integer);
INSERT INTO app.item VALUES (1, -1, 7), (2, -1, 7);
ALTER TABLE app.item ADD CONSTRAINT positive CHECK (n > 0) NOT VALID;
ALTER TABLE app.item ADD CONSTRAINT parent FOREIGN KEY (parent) REFERENCES app.item NOT VALID;
CREATE VIEW app.seen AS SELECT 1 AS id, 1 / 0 AS n;
"""


def compare(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pggit.cli", "compare", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def refused(*arguments: str) -> str:
    """What a comparison says that ends as an error, with nothing that could be taken for a plan."""
    done = compare(*arguments)
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr
    return done.stderr


@contextmanager
def foreign_server(version: str, refusal: bytes = b"") -> Iterator[str]:
    """A server of another version, as far as a client sees before its first query, or one that refuses every password."""

    def message(kind: bytes, body: bytes) -> bytes:
        return kind + struct.pack("!I", len(body) + 4) + body

    def answer(listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except OSError:
                return
            with client:
                length = struct.unpack("!I", client.recv(4))[0]
                client.recv(length - 4)
                if refusal:
                    client.sendall(message(b"R", struct.pack("!I", 3)))
                    client.recv(1000)
                    client.sendall(message(b"E", refusal))
                    continue
                client.sendall(
                    message(b"R", struct.pack("!I", 0))
                    + message(b"S", b"server_version\0" + version.encode() + b"\0")
                    + message(b"Z", b"I")
                )
                client.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=answer, args=[listening], daemon=True).start()
        port = listening.getsockname()[1]
        yield f"postgresql://u@127.0.0.1:{port}/d?sslmode=disable&gssencmode=disable"
        listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("version", ["14.9", "19devel"])
def test_an_unsupported_version_is_named_whichever_side_has_it(
    empty_database: str, version: str
) -> None:
    with foreign_server(version) as foreign:
        for urls in ((foreign, empty_database), (empty_database, foreign)):
            said = refused(*urls)
            assert f"PostgreSQL {version[:2]} is not supported" in said
            assert "hint: pggit compares databases of PostgreSQL 15 to 18." in said


def test_a_database_that_cannot_be_reached_is_an_error_on_either_side(
    pg: PgServer, empty_database: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    bad = {
        pg.url("no_such_database"): 'database "no_such_database" does not exist',
        pg.url("postgres", "no_such_role"): 'role "no_such_role" does not exist',
        f"postgresql://u@127.0.0.1:{port}/d": "connection failed",
    }
    for url, reason in bad.items():
        assert reason in refused(url, empty_database)
        assert reason in refused(empty_database, url)


def test_a_wrong_password_and_an_unknown_host_are_errors_on_either_side(
    empty_database: str,
) -> None:
    refusal = b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed\0\0"
    with foreign_server("18.0", refusal) as foreign:
        wrong = foreign.replace("u@", "u:wrong@")
        unknown = "postgresql://u@no-such-host.invalid/d"
        for url, reason in ((wrong, "password authentication failed"), (unknown, "no-such-host")):
            for urls in ((url, empty_database), (empty_database, url)):
                assert reason in refused(*urls)


def test_a_schema_without_the_right_of_usage_is_an_error_and_not_printed_otherwise(
    pg: PgServer,
) -> None:
    """Such a schema is not on the path of the role, so that names in it would be qualified: differences where there are none."""
    with pg.database() as start, pg.database() as goal:
        name = goal.rpartition("/")[2]
        for url in (start, goal):
            pg.psql(
                url.rpartition("/")[2],
                text="CREATE SCHEMA app; CREATE SCHEMA open; CREATE TYPE app.mood AS ENUM ('ok');"
                " CREATE TABLE app.t (m app.mood) PARTITION BY LIST (m);"
                " CREATE TABLE app.t_ok PARTITION OF app.t DEFAULT",
            )
        with psycopg.connect(goal, autocommit=True) as conn:
            conn.execute(f"CREATE ROLE {name} LOGIN; GRANT USAGE ON SCHEMA open TO {name}")
            conn.execute("ALTER TABLE app.t OWNER TO CURRENT_USER")
            try:
                said = refused(start, pg.url(name, name))
                assert f"schema 'app' cannot be read by role '{name}'" in said
                assert "hint: GRANT USAGE ON SCHEMA" in said
                assert (
                    compare(start, pg.url(name, name), "--schema", "open").stdout.count("GRANT")
                    == 1
                )
                conn.execute(f"GRANT USAGE ON SCHEMA app TO {name}")
                shown = compare(start, pg.url(name, name), "--no-privileges")
                assert (shown.returncode, shown.stdout) == (0, ""), shown.stderr
            finally:
                conn.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_a_role_that_may_make_nothing_or_not_read_the_catalog_is_told_so(pg: PgServer) -> None:
    with pg.database() as start, pg.database() as goal:
        name = goal.rpartition("/")[2]
        with psycopg.connect(goal, autocommit=True) as conn:
            conn.execute(f"CREATE ROLE {name} LOGIN; REVOKE TEMP ON DATABASE {name} FROM PUBLIC")
            try:
                said = refused(start, pg.url(name, name))
                assert "permission denied to create temporary tables" in said
                assert "hint: Comparing makes temporary functions" in said
                conn.execute(f"GRANT TEMP ON DATABASE {name} TO {name}")
                conn.execute("REVOKE SELECT ON pg_catalog.pg_trigger FROM PUBLIC")
                said = refused(start, pg.url(name, name))
                assert "permission denied for table pg_trigger" in said
                assert "hint: Comparing makes temporary functions" in said
            finally:
                conn.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")


def test_transactions_that_are_read_only_by_default_do_not_matter(pg: PgServer) -> None:
    with pg.database() as start, pg.database() as goal:
        for url in (start, goal):
            name = url.rpartition("/")[2]
            pg.psql(name, text=f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        done = compare(start, goal)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr


def test_a_role_that_is_missing_is_named_before_anything_runs(
    pg: PgServer, servers: dict[int, PgServer]
) -> None:
    """The roles of a server of another version, where there is one, are not those of this one."""
    others = [one for one in servers.values() if one is not pg and one.major != pg.major]
    if not others:
        pytest.skip("two servers are needed")
    other = others[0]
    with pg.database() as start, other.database() as goal:
        names = [f"{kind}_{goal.rpartition('_')[2]}" for kind in ("owner", "reader", "both one")]
        quoted = [f'"{one}"' for one in names]
        with psycopg.connect(goal, autocommit=True) as conn:
            for one in quoted:
                conn.execute(f"CREATE ROLE {one}")
            conn.execute(
                "CREATE SCHEMA app; CREATE TABLE app.t (a int);"
                f"ALTER TABLE app.t OWNER TO {quoted[0]}; GRANT SELECT ON app.t TO {quoted[1]};"
                f"GRANT UPDATE (a) ON app.t TO {quoted[2]}"
            )
            plan = compare(start, goal)
            steps = json.loads(compare(start, goal, "--json").stdout)
            bare = compare(start, goal, "--no-owner", "--no-privileges")
            conn.execute("DROP SCHEMA app CASCADE")
            for one in quoted:
                conn.execute(f"DROP OWNED BY {one}; DROP ROLE {one}")
        head = plan.stdout.splitlines()[:3]
        assert all(any(repr(name) in line for line in head) for name in names), plan.stdout
        marked = [one["sql"] for one in steps if "missing_role" in one["hazards"]]
        named = [one["sql"] for one in steps if any(name in one["sql"] for name in names)]
        assert marked == named != []
        assert not any(name in bare.stdout for name in names)
        pg.psql(start.rpartition("/")[2], text=bare.stdout)


def test_owners_and_grants_that_are_left_out_stay_even_on_what_is_made_anew(pg: PgServer) -> None:
    with pg.database() as start, pg.database() as goal:
        role = f"owner_{goal.rpartition('_')[2]}"
        text = "CREATE SCHEMA app; CREATE VIEW app.v AS SELECT 1 AS a;"
        pg.psql(goal.rpartition("/")[2], text=text.replace("AS a", "AS b"))
        with psycopg.connect(start, autocommit=True) as conn:
            conn.execute(f"CREATE ROLE {role}; {text}")
            conn.execute(f"ALTER VIEW app.v OWNER TO {role}; GRANT SELECT ON app.v TO PUBLIC")
            conn.execute("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC")
            flags = ("--no-owner", "--no-privileges")
            plan = compare(start, goal, *flags)
            pg.psql(start.rpartition("/")[2], text=plan.stdout)
            row = conn.execute(
                "SELECT relowner::regrole::text, has_table_privilege('pg_monitor', oid, 'SELECT')"
                " FROM pg_class WHERE oid = 'app.v'::regclass"
            ).fetchone()
            again = compare(start, goal, *flags)
            whole = compare(start, goal)
            conn.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
        assert row == (role, True), plan.stdout
        assert (again.returncode, again.stdout) == (0, "")
        assert f"OWNER TO {role}" not in whole.stdout
        assert "OWNER TO" in whole.stdout
        assert "REVOKE SELECT" in whole.stdout


def test_what_does_not_work_is_carried_over_as_it_is(pg: PgServer) -> None:
    with pg.database() as start, pg.database() as goal:
        pg.psql(goal.rpartition("/")[2], text=BROKEN)
        with psycopg.connect(goal, autocommit=True) as conn:
            with pytest.raises(psycopg.errors.UniqueViolation):
                conn.execute("CREATE UNIQUE INDEX CONCURRENTLY one_n ON app.item (n)")
            (valid,) = conn.execute(
                "SELECT indisvalid FROM pg_index WHERE indexrelid = 'app.one_n'::regclass"
            ).fetchone() or (None,)
            assert valid is False
        plan = compare(start, goal)
        assert plan.returncode == 1, plan.stderr
        for named in ("broken()", "broken_too()", "positive", "parent", "seen"):
            assert named in plan.stdout
        assert plan.stdout.count("NOT VALID") == 2
        pg.psql(start.rpartition("/")[2], text=plan.stdout)
        again = compare(start, goal)
        assert (again.returncode, again.stdout, again.stderr) == (0, "", "")


def test_a_role_that_is_missing_stops_the_script_at_its_name(pg: PgServer) -> None:
    """Roles are the server's: here the other server is the same one, after its role has gone to another name."""
    with pg.database() as start, pg.database() as goal:
        name = f"owner_{goal.rpartition('_')[2]}"
        with psycopg.connect(goal, autocommit=True) as conn:
            conn.execute(f"CREATE ROLE {name}")
            conn.execute("CREATE SCHEMA app; CREATE TABLE app.t (a int)")
            conn.execute(f"ALTER TABLE app.t OWNER TO {name}")
            plan = compare(start, goal)
            conn.execute(f"ALTER ROLE {name} RENAME TO {name}_else")
            ran = pg.psql(start.rpartition("/")[2], "-1", text=plan.stdout, check=False)
            assert f'role "{name}" does not exist' in ran.stderr
            conn.execute(f"DROP OWNED BY {name}_else; DROP ROLE {name}_else")
        with psycopg.connect(start) as conn:
            assert conn.execute("SELECT to_regnamespace('app')").fetchone() == (None,)


def test_subscriptions_that_may_not_be_read_are_an_error_and_not_left_out(pg: PgServer) -> None:
    with pg.database() as start, pg.database() as goal:
        name = goal.rpartition("/")[2]
        with psycopg.connect(goal, autocommit=True) as conn:
            conn.execute(f"CREATE ROLE {name} LOGIN; CREATE TABLE t (a int)")
            try:
                without = compare(start, pg.url(name, name))
                assert without.returncode == 1, without.stderr
                conn.execute(
                    "CREATE SUBSCRIPTION n CONNECTION 'host=h' PUBLICATION p"
                    " WITH (connect = false, slot_name = NONE)"
                )
                said = refused(start, pg.url(name, name))
                assert f"subscriptions of database {name} cannot be read by role {name}" in said
                assert (
                    "hint: Connect as a superuser, or compare schemas alone with --schema." in said
                )
                alone = compare(start, pg.url(name, name), "--schema", "public")
                assert (alone.returncode, alone.stdout) == (1, without.stdout)
                conn.execute("DROP SUBSCRIPTION n")
            finally:
                conn.execute(f"DROP ROLE {name}")


def test_user_mappings_whose_options_are_hidden_are_an_error_and_not_left_out(
    pg: PgServer,
) -> None:
    with pg.database() as start, pg.database() as goal:
        name = goal.rpartition("/")[2]
        with psycopg.connect(goal, autocommit=True) as conn:
            conn.execute(
                f"CREATE ROLE {name} LOGIN; CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;"
                f" CREATE USER MAPPING FOR {name} SERVER s OPTIONS (user 'u')"
            )
            try:
                said = refused(start, pg.url(name, name))
                assert f"user mappings of database {name} cannot be read by role {name}" in said
                assert f"the mapping of {name} on server s" in said
                conn.execute(f"GRANT USAGE ON FOREIGN SERVER s TO {name}")
                shown = compare(start, pg.url(name, name))
                assert shown.returncode == 1, shown.stderr
                assert "OPTIONS (\"user\" 'u')" in shown.stdout
            finally:
                conn.execute(
                    f"DROP USER MAPPING FOR {name} SERVER s; DROP OWNED BY {name}; DROP ROLE {name}"
                )


@pytest.mark.parametrize("lost", [0, 1], ids=["from", "to"])
def test_a_connection_lost_in_the_middle_prints_no_part_of_a_plan(pg: PgServer, lost: int) -> None:
    """A lock on a catalog that is read holds the comparison in its middle until its session is ended."""
    with pg.database() as start, pg.database() as goal:
        urls = (start, goal)
        pg.psql(goal.rpartition("/")[2], text="CREATE TABLE item (id integer PRIMARY KEY)")
        with psycopg.connect(urls[lost]) as holder:
            holder.execute("LOCK TABLE pg_catalog.pg_rewrite IN ACCESS EXCLUSIVE MODE")
            command = [sys.executable, "-m", "pggit.cli", "compare", start, goal]
            running = subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            with psycopg.connect(pg.maintenance_url, autocommit=True) as watcher:
                deadline = time.monotonic() + 60
                while not watcher.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = 'pggit' AND wait_event_type = 'Lock' AND datname = %s",
                    [urls[lost].rpartition("/")[2]],
                ).fetchall():
                    assert time.monotonic() < deadline
                    assert running.poll() is None
            out, said = running.communicate(timeout=60)
        assert (running.returncode, out) == (2, "")
        assert "terminating connection" in said
        assert "Traceback" not in said
