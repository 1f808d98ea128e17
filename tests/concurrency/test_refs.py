"""Two and more sessions that move branches at once."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import psycopg
import pytest

Connect = Callable[..., psycopg.Connection]


@pytest.fixture
def shop(conn: psycopg.Connection) -> psycopg.Connection:
    """A repository with one table."""
    conn.execute("CREATE SCHEMA shop CREATE TABLE item (id integer PRIMARY KEY)")
    conn.execute("SELECT pggit.init('shop')")
    return conn


def head(conn: psycopg.Connection, branch: str) -> int:
    row = conn.execute(
        "SELECT head_commit_id FROM pggit.branches WHERE name = %s", [branch]
    ).fetchone()
    assert row is not None
    return int(row[0])


def wait_until_blocked(watcher: psycopg.Connection, session: psycopg.Connection) -> None:
    """Until another session's lock holds up the statement of `session`."""
    while watcher.execute(
        "SELECT cardinality(pg_blocking_pids(%s))", [session.info.backend_pid]
    ).fetchone() == (0,):
        time.sleep(0.02)


def test_of_two_writers_on_one_branch_one_wins_and_the_other_is_told(
    shop: psycopg.Connection, connect: Connect
) -> None:
    first = connect(autocommit=False)
    second = connect()
    first.execute("SELECT pggit.commit('first', 'main', true)")
    with ThreadPoolExecutor() as pool:
        loser = pool.submit(second.execute, "SELECT pggit.commit('second', 'main', true)")
        # The second waits for the row of the branch: only then does the first commit.
        wait_until_blocked(shop, second)
        first.commit()
        with pytest.raises(psycopg.DatabaseError) as error:
            loser.result()
    assert error.value.sqlstate == "VCC01"
    assert error.value.diag.message_primary == 'branch "main" has moved'
    assert error.value.diag.message_hint
    log = [row[0] for row in shop.execute("SELECT message FROM pggit.log('main')")]
    assert log == ["first", "Track shop"]
    second.execute("SELECT pggit.commit('second', 'main', true)")
    assert head(shop, "main") > 2


def test_a_writer_whose_rival_rolled_back_wins(shop: psycopg.Connection, connect: Connect) -> None:
    first = connect(autocommit=False)
    second = connect()
    first.execute("SELECT pggit.commit('first', 'main', true)")
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(second.execute, "SELECT pggit.commit('second', 'main', true)")
        wait_until_blocked(shop, second)
        first.rollback()
        waiting.result()
    log = [row[0] for row in shop.execute("SELECT message FROM pggit.log('main')")]
    assert log == ["second", "Track shop"]


def test_of_twenty_sessions_that_commit_at_once_each_wins_or_is_told(
    shop: psycopg.Connection, connect: Connect
) -> None:
    sessions = [connect() for _ in range(20)]
    start = Barrier(len(sessions))

    def commit(number: int) -> str:
        start.wait()
        try:
            sessions[number].execute(f"SELECT pggit.commit('writer {number}', 'main', true)")
        except psycopg.DatabaseError as error:
            return str(error.sqlstate)
        return "won"

    with ThreadPoolExecutor(len(sessions)) as pool:
        results = list(pool.map(commit, range(len(sessions))))
    assert set(results) <= {"won", "VCC01"}
    winners = {f"writer {number}" for number, result in enumerate(results) if result == "won"}
    assert winners
    log = [row[0] for row in shop.execute("SELECT message FROM pggit.log('main', NULL)")]
    assert set(log) == winners | {"Track shop"}
    assert len(log) == len(winners) + 1


def test_one_of_two_calls_of_init_wins(conn: psycopg.Connection, connect: Connect) -> None:
    conn.execute("CREATE SCHEMA shop")
    start = Barrier(4)

    def init(session: psycopg.Connection) -> str:
        start.wait()
        try:
            session.execute("SELECT pggit.init('shop')")
        except psycopg.DatabaseError as error:
            return str(error.sqlstate)
        return "won"

    with ThreadPoolExecutor(4) as pool:
        results = sorted(pool.map(init, [connect() for _ in range(4)]))
    assert results == ["VCS02", "VCS02", "VCS02", "won"]


def test_one_of_two_branches_of_one_name_is_made(
    shop: psycopg.Connection, connect: Connect
) -> None:
    start = Barrier(4)

    def create(session: psycopg.Connection) -> str:
        start.wait()
        try:
            session.execute("SELECT pggit.create_branch('twin')")
        except psycopg.DatabaseError as error:
            return str(error.sqlstate)
        return "won"

    with ThreadPoolExecutor(4) as pool:
        results = sorted(pool.map(create, [connect() for _ in range(4)]))
    assert results == ["VCC02", "VCC02", "VCC02", "won"]


def test_many_sessions_work_on_many_branches(shop: psycopg.Connection, connect: Connect) -> None:
    sessions = [connect() for _ in range(8)]
    start = Barrier(len(sessions))

    def work(number: int) -> list[tuple[str, str]]:
        session = sessions[number]
        start.wait()
        session.execute("SELECT pggit.create_branch(%s, 'main')", [f"side/{number}"])
        session.execute("SELECT pggit.checkout(%s)", [f"side/{number}"])
        session.execute(f"ALTER TABLE item ADD COLUMN own_{number} integer")
        session.execute(f"CREATE TABLE fresh_{number} (a integer)")
        session.execute("SELECT pggit.commit('work')")
        return session.execute(
            "SELECT kind, name FROM pggit.diff('main', 'HEAD') WHERE name LIKE %s ORDER BY 1, 2",
            [f"%\\_{number}"],
        ).fetchall()

    with ThreadPoolExecutor(len(sessions)) as pool:
        results = list(pool.map(work, range(len(sessions))))
    for number, result in enumerate(results):
        assert result == [("column", f"own_{number}"), ("table", f"fresh_{number}")]
    assert shop.execute("SELECT count(*) FROM pggit.status('main')").fetchone() == (0,)
