"""Following the stream: every event once, whatever commits when, and nobody is waited for."""

import random
from collections.abc import Callable, Iterator
from typing import Any

import psycopg

Connect = Callable[..., psycopg.Connection]
EMIT = "SELECT _pggit.emit_event('alert.raised', NULL, '{}')"


def emit(conn: psycopg.Connection) -> int:
    row = conn.execute(EMIT).fetchone()
    assert row is not None
    return int(row[0])


def start(conn: psycopg.Connection) -> str:
    row = conn.execute("SELECT pggit.feed_position()").fetchone()
    assert row is not None
    return str(row[0])


class Reader:
    """Somebody who follows, a few events at a time."""

    def __init__(self, conn: psycopg.Connection, position: str, limit: int = 500) -> None:
        self.conn = conn
        self.position = position
        self.limit = limit
        self.seen: list[int] = []

    def read(self, until: str | None = None) -> list[int]:
        """One call."""
        rows: list[Any] = self.conn.execute(
            "SELECT position, event_id FROM pggit.follow_events(p_after => %s, p_limit => %s, p_until => %s)",
            [self.position, self.limit, until],
        ).fetchall()
        if rows:
            self.position = rows[-1][0]
        self.seen += [row[1] for row in rows]
        return [row[1] for row in rows]

    def drain(self, until: str | None = None) -> list[int]:
        """All there is."""
        return [one for got in iter(lambda: self.read(until), []) for one in got]


def test_an_open_transaction_holds_back_nothing(conn: psycopg.Connection, connect: Connect) -> None:
    slow = connect(autocommit=False)
    reader = Reader(conn, start(conn))
    first = emit(slow)
    second = emit(conn)
    assert reader.drain() == [second]
    slow.commit()
    assert reader.drain() == [first]
    assert reader.drain() == []


def test_events_that_are_rolled_back_never_come(conn: psycopg.Connection, connect: Connect) -> None:
    other = connect(autocommit=False)
    reader = Reader(conn, start(conn))
    emit(other)
    other.rollback()
    assert reader.drain() == []


def transactions(connect: Connect, dice: random.Random) -> Iterator[tuple[bool, list[int]]]:
    """Transactions that begin, write and end in any order; gives what each wrote, and whether it was kept."""
    free = [connect(autocommit=False) for _ in range(6)]
    for each in free:
        # Positions are compared with the transactions of all: those of the test must not be the only ones.
        each.execute("SELECT 1")
        each.rollback()
    running: list[tuple[psycopg.Connection, list[int]]] = []
    for _ in range(150):
        move = dice.random()
        if move < 0.4 and free:
            running.append((free.pop(), []))
        elif running and move < 0.7:
            conn, wrote = dice.choice(running)
            wrote.append(emit(conn))
        elif running:
            conn, wrote = running.pop(dice.randrange(len(running)))
            is_kept = dice.random() < 0.8
            conn.commit() if is_kept else conn.rollback()
            free.append(conn)
            yield is_kept, wrote


def test_each_event_comes_once_however_transactions_end(
    conn: psycopg.Connection, connect: Connect
) -> None:
    dice = random.Random(20)
    began = start(conn)
    readers = [Reader(conn, began, limit) for limit in (1, 2, 3, 500)]
    kept: list[int] = []
    for is_kept, wrote in transactions(connect, dice):
        kept += wrote if is_kept else []
        for reader in readers:
            if dice.random() < 0.3:
                reader.read()
    for reader in readers:
        reader.drain()
        assert sorted(reader.seen) == sorted(kept)
    assert len(kept) > 20


def test_a_client_that_comes_back_gets_what_it_missed_and_no_more(
    conn: psycopg.Connection, connect: Connect
) -> None:
    dice = random.Random(4)
    began = start(conn)
    live = Reader(conn, began)
    # Each client stopped somewhere in the middle, comes back at a moment at which live stands between two batches.
    clients = [Reader(conn, began, limit) for limit in (1, 2, 500)]
    for number, (_, _) in enumerate(transactions(connect, dice)):
        live.read()
        if number == 10:
            for client in clients:
                client.read()
        if number == 25:
            break
    live.drain()
    joined = live.position
    before = set(live.seen)
    open_one = connect(autocommit=False)
    late = emit(open_one)
    open_one.commit()
    for client in clients:
        client.drain(until=joined)
        assert sorted(client.seen) == sorted(before)
        assert client.position == joined
        assert client.drain() == [late]
