"""`pggit db`: install, upgrade and removal over the plain form."""

import threading
import uuid

import psycopg
import pytest

from pggit import migrate
from servers import PgServer

HEAD = migrate.available()[-1]


def open_one(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def test_upgrade_installs_into_an_empty_database(empty_database: str) -> None:
    with open_one(empty_database) as conn:
        assert migrate.current(conn) is None
        assert migrate.history(conn) == []
        assert migrate.upgrade(conn) == [HEAD]
        assert migrate.current(conn) == HEAD
        assert [row.version for row in migrate.history(conn)] == [HEAD]
        assert migrate.upgrade(conn) == []


def test_twenty_concurrent_upgrades_end_in_one(empty_database: str) -> None:
    results: list[list[str] | BaseException] = []

    def run() -> None:
        try:
            with open_one(empty_database) as conn:
                results.append(migrate.upgrade(conn))
        except BaseException as error:
            results.append(error)

    threads = [threading.Thread(target=run) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, results)) == sorted([str([HEAD])] + ["[]"] * 19)
    with open_one(empty_database) as conn:
        assert [row.version for row in migrate.history(conn)] == [HEAD]


def test_downgrade_base_drops_pggit_and_its_worktrees_and_keeps_the_live_schemas(
    empty_database: str,
) -> None:
    with open_one(empty_database) as conn:
        migrate.upgrade(conn)
        conn.execute("CREATE SCHEMA app CREATE TABLE t (id int PRIMARY KEY)")
        conn.execute("INSERT INTO app.t VALUES (1)")
        conn.execute(
            "SELECT pggit.init('app'); SELECT pggit.create_branch('feature/x'); SELECT pggit.checkout('feature/x')"
        )
        conn.execute("CREATE TABLE u (id int)")
        assert migrate.downgrade(conn, "base") == ["base"]
        assert migrate.current(conn) is None
        schemas = conn.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname ~ '^(app|_?pggit)'"
        ).fetchall()
        assert schemas == [("app",)]
        assert conn.execute("SELECT id FROM app.t").fetchall() == [(1,)]
        assert migrate.downgrade(conn, "base") == []
        assert migrate.upgrade(conn) == [HEAD]


def test_downgrade_refuses_while_a_users_object_depends_on_pggit(empty_database: str) -> None:
    with open_one(empty_database) as conn:
        migrate.upgrade(conn)
        conn.execute("CREATE SCHEMA app CREATE VIEW v AS SELECT name FROM pggit.branches")
        with pytest.raises(migrate.MigrationError, match=r"view app\.v"):
            migrate.downgrade(conn, "base")
        assert migrate.current(conn) == HEAD


def test_downgrade_to_a_version_without_a_step_back_changes_nothing(empty_database: str) -> None:
    with open_one(empty_database) as conn:
        migrate.upgrade(conn)
        with pytest.raises(migrate.MigrationError, match="no step back"):
            migrate.downgrade(conn, "0.0.1")
        assert migrate.current(conn) == HEAD


def test_an_unknown_version_is_refused_by_name(empty_database: str) -> None:
    with open_one(empty_database) as conn:
        with pytest.raises(migrate.MigrationError, match=r"99\.0\.0"):
            migrate.upgrade(conn, "99.0.0")
        with pytest.raises(migrate.MigrationError, match="latest"):
            migrate.upgrade(conn, "latest")
        assert migrate.current(conn) is None


def test_a_planted_schema_makes_install_fail_rather_than_be_trusted(empty_database: str) -> None:
    with open_one(empty_database) as conn:
        conn.execute("CREATE SCHEMA pggit")
        with pytest.raises(psycopg.errors.DuplicateSchema):
            migrate.upgrade(conn)


def test_a_database_without_an_encoding_is_no_trouble(pg: PgServer) -> None:
    name = f"ascii_{uuid.uuid4().hex[:8]}"
    with open_one(pg.maintenance_url) as conn:
        conn.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    try:
        with open_one(pg.url(name)) as conn:
            assert migrate.upgrade(conn) == [HEAD]
            assert migrate.upgrade(conn) == []
            assert migrate.downgrade(conn, "base") == ["base"]
    finally:
        pg.drop_database(name)
