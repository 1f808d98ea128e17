"""Merges beside others who use the target: nobody is blocked who need not be, and of two rivals one is told."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

Connect = Callable[..., psycopg.Connection]


@pytest.fixture
def shop(conn: psycopg.Connection) -> psycopg.Connection:
    """main and two branches: one merges, one conflicts."""
    conn.execute("SET client_min_messages = warning")
    conn.execute(
        "CREATE SCHEMA shop; CREATE TABLE shop.item (id integer PRIMARY KEY, label text, price integer);"
        "INSERT INTO shop.item SELECT i, 'x', i FROM generate_series(1, 100) AS i;"
        "CREATE TABLE shop.bill (id integer PRIMARY KEY, item_id integer REFERENCES shop.item)"
    )
    conn.execute("SELECT pggit.init('shop')")
    for branch, ddl in (
        ("side", "ALTER TABLE item ADD stock integer NOT NULL DEFAULT 1, ADD CHECK (price > 0)"),
        ("clash", "ALTER TABLE item ALTER price TYPE bigint; ALTER TABLE bill ADD at date"),
    ):
        conn.execute("SELECT pggit.create_branch(%s)", [branch])
        conn.execute("SELECT pggit.checkout(%s)", [branch])
        conn.execute(ddl)
        conn.execute("SELECT pggit.commit(%s)", [branch])
    conn.execute("SELECT pggit.checkout('main')")
    return conn


def strong_locks(watcher: psycopg.Connection, session: psycopg.Connection) -> list[str]:
    """What a session holds on live tables beyond reading."""
    return [
        f"{row[0]} {row[1]}"
        for row in watcher.execute(
            "SELECT l.relation::regclass, l.mode FROM pg_locks AS l JOIN pg_class AS c ON c.oid = l.relation"
            " JOIN pg_namespace AS n ON n.oid = c.relnamespace"
            " WHERE l.pid = %s AND n.nspname = 'shop' AND l.mode <> 'AccessShareLock'",
            [session.info.backend_pid],
        )
    ]


def write(conn: psycopg.Connection) -> None:
    """What an application does; it does not wait."""
    conn.execute("SET lock_timeout = '100ms'")
    conn.execute("UPDATE shop.item SET price = price + 1 WHERE id = 1")
    conn.execute(
        "INSERT INTO shop.bill SELECT max(id) + 1, 1 FROM (SELECT 0 UNION SELECT id FROM shop.bill) AS b(id)"
    )
    assert conn.execute("SELECT count(*) FROM shop.item").fetchone() == (100,)


def calls(conn: psycopg.Connection, name: str) -> int:
    """How often a function was called in this transaction."""
    row = conn.execute(
        "SELECT coalesce(sum(calls), 0) FROM pg_stat_xact_user_functions WHERE funcname = %s",
        [name],
    ).fetchone()
    return int(row[0]) if row else 0


def test_a_merge_tries_its_plan_once_and_asks_for_rows_only_where_it_may_lose_some(
    conn: psycopg.Connection,
) -> None:
    conn.execute("SET client_min_messages = warning")
    conn.execute("SET track_functions = 'all'")
    # a second schema, with which the merge has nothing to do
    conn.execute(
        "CREATE SCHEMA shop; CREATE SCHEMA rest; CREATE TABLE shop.item (id integer PRIMARY KEY, label text, old text);"
        "CREATE TABLE shop.bill (id integer PRIMARY KEY, item_id integer REFERENCES shop.item);"
        "SELECT pggit.init('shop', 'rest')"
    )
    conn.execute("SELECT pggit.create_branch('side'); SELECT pggit.checkout('side')")
    conn.execute("ALTER TABLE item ADD stock integer; SELECT pggit.commit('side')")
    with conn.transaction():
        status = conn.execute("SELECT status FROM pggit.merge('side', 'main')").fetchone()
        assert status == ("completed",)
        assert calls(conn, "try_plan") == 1
        assert calls(conn, "holds_data") == 0
    conn.execute("ALTER TABLE item DROP old; SELECT pggit.commit('old')")
    with conn.transaction():
        status = conn.execute("SELECT status FROM pggit.merge('side', 'main')").fetchone()
        assert status == ("completed",)
        assert calls(conn, "holds_data") == 1


def test_while_a_merge_is_previewed_main_is_read_and_written(
    shop: psycopg.Connection, connect: Connect
) -> None:
    merger = connect(autocommit=False)
    for source in ("side", "clash"):
        assert merger.execute(
            "SELECT count(*) > 0 FROM pggit.preview_merge(%s, 'main')", [source]
        ).fetchone() == (True,)
        assert strong_locks(shop, merger) == []
        write(connect())
    merger.rollback()


def test_while_a_merge_waits_for_its_conflicts_main_is_read_and_written(
    shop: psycopg.Connection, connect: Connect
) -> None:
    shop.execute("ALTER TABLE shop.item ALTER price TYPE numeric")
    shop.execute("SELECT pggit.commit('numeric', 'main')")
    merger = connect(autocommit=False)
    row = merger.execute("SELECT merge_id, status FROM pggit.merge('clash', 'main')").fetchone()
    assert row is not None
    assert row[1] == "pending_conflicts"
    assert strong_locks(shop, merger) == []
    write(connect())
    merger.execute("SELECT pggit.resolve_conflicts(%s, 'use_target')", [row[0]])
    assert strong_locks(shop, merger) == []
    write(connect())
    merger.commit()
    write(connect())
    done = shop.execute("SELECT status FROM pggit.complete_merge(%s)", [row[0]]).fetchone()
    assert done == ("completed",)


def test_a_merge_that_waits_for_a_long_reader_gives_up_and_leaves_nothing(
    shop: psycopg.Connection, connect: Connect
) -> None:
    reader = connect(autocommit=False)
    reader.execute("SELECT count(*) FROM shop.item")
    shop.execute("SET pggit.lock_timeout = '200ms'")
    with pytest.raises(psycopg.errors.LockNotAvailable):
        shop.execute("SELECT pggit.merge('side', 'main')")
    assert shop.execute("SELECT count(*) FROM pggit.merges").fetchone() == (0,)
    assert shop.execute("SELECT count(*) FROM pggit.status('main')").fetchone() == (0,)
    reader.rollback()
    assert shop.execute("SELECT status FROM pggit.merge('side', 'main')").fetchone() == (
        "completed",
    )


def test_of_two_merges_into_one_branch_one_wins_and_the_other_is_told(
    shop: psycopg.Connection, connect: Connect
) -> None:
    first, second = connect(autocommit=False), connect()
    first.execute("SELECT pggit.merge('side', 'main')")
    with ThreadPoolExecutor() as pool:
        loser = pool.submit(second.execute, "SELECT pggit.merge('clash', 'main')")
        while not loser.done() and shop.execute(
            "SELECT cardinality(pg_blocking_pids(%s))", [second.info.backend_pid]
        ).fetchone() == (0,):
            time.sleep(0.02)
        first.commit()
        with pytest.raises(psycopg.DatabaseError) as error:
            loser.result()
    assert error.value.sqlstate in ("VCC01", "55P03")
    assert error.value.diag.message_hint
    assert shop.execute("SELECT array_agg(status) FROM pggit.merges").fetchone() == (["completed"],)
    assert second.execute("SELECT status FROM pggit.merge('clash', 'main')").fetchone() == (
        "completed",
    )
    assert shop.execute("SELECT count(*) FROM pggit.status('main')").fetchone() == (0,)


def test_of_two_who_complete_one_merge_one_wins(shop: psycopg.Connection, connect: Connect) -> None:
    shop.execute("ALTER TABLE shop.item ALTER price TYPE numeric")
    shop.execute("SELECT pggit.commit('numeric', 'main')")
    row = shop.execute("SELECT merge_id FROM pggit.merge('clash', 'main')").fetchone()
    assert row is not None
    shop.execute("SELECT pggit.resolve_conflicts(%s, 'use_source')", [row[0]])
    first, second = connect(autocommit=False), connect()
    first.execute("SELECT pggit.complete_merge(%s)", [row[0]])
    with ThreadPoolExecutor() as pool:
        loser = pool.submit(second.execute, "SELECT pggit.complete_merge(%s)", [row[0]])
        while shop.execute(
            "SELECT cardinality(pg_blocking_pids(%s))", [second.info.backend_pid]
        ).fetchone() == (0,):
            time.sleep(0.02)
        first.commit()
        with pytest.raises(psycopg.DatabaseError) as error:
            loser.result()
    assert error.value.sqlstate == "VCS20"
    assert shop.execute(
        "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = 'shop.item'::regclass AND attname = 'price'"
    ).fetchone() == ("bigint",)
