"""Looking for what is due: whatever commits when, and whatever old snapshots keep, each delivery is found, and cheaply."""

from collections.abc import Callable
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

Connect = Callable[..., psycopg.Connection]


def value(conn: psycopg.Connection, query: str, *arguments: Any) -> Any:
    row = conn.execute(query.encode(), arguments).fetchone()
    assert row is not None
    return row[0]


def hook(conn: psycopg.Connection) -> int:
    made = "SELECT pggit.create_webhook('one', 'https://example.org/', p_event_types => '{custom.one}', p_hourly_limit => 100000)"
    return int(value(conn, made)["id"])


def publish(conn: psycopg.Connection) -> int:
    return int(value(conn, "SELECT pggit.publish_event('custom.one', '{}')")["event_id"])


def claim(conn: psycopg.Connection) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = value(conn, "SELECT pggit.claim_deliveries('w', 100)")[
        "deliveries"
    ]
    return found


def finish(conn: psycopg.Connection, claimed: list[dict[str, Any]]) -> None:
    results = [
        {key: one[key] for key in ("delivery_id", "webhook_id", "attempt")}
        | {"is_delivered": True, "status_code": 200, "duration_ms": 1}
        for one in claimed
    ]
    assert value(conn, "SELECT pggit.finish_deliveries('w', %s)", Jsonb(results)) == len(claimed)


def deliver(conn: psycopg.Connection, count: int) -> None:
    """One after the other, and each is found at once."""
    for _ in range(count):
        event = publish(conn)
        claimed = claim(conn)
        assert [one["event_id"] for one in claimed] == [event]
        finish(conn, claimed)


MARK = "SELECT extract(epoch FROM due_from)::float8 FROM _pggit.webhook_health_metrics WHERE webhook_id = %s"


def move(conn: psycopg.Connection, webhook: int, beyond: float) -> None:
    """Deliver until the mark lies beyond a moment; a transaction of any other test in this cluster holds it back for a while."""
    for _ in range(3000):
        if value(conn, MARK, webhook) > beyond:
            return
        deliver(conn, 1)
    raise AssertionError("the mark stays where it was")


def test_what_commits_late_is_found_behind_what_was_done_meanwhile(
    conn: psycopg.Connection, connect: Connect
) -> None:
    one = hook(conn)
    move(conn, one, float("-inf"))
    slow = connect(autocommit=False)
    late = publish(slow)
    queued = value(slow, "SELECT extract(epoch FROM min(due_at))::float8 FROM _pggit.deliveries")
    deliver(conn, 20)
    # However much is done meanwhile, the look does not begin behind what an open transaction may hold.
    assert value(conn, MARK, one) <= queued
    slow.commit()
    claimed = claim(conn)
    assert [found["event_id"] for found in claimed] == [late]
    finish(conn, claimed)
    move(conn, one, queued)


def test_what_failed_is_found_again_though_younger_ones_were_delivered(
    conn: psycopg.Connection,
) -> None:
    hook(conn)
    deliver(conn, 5)
    first = publish(conn)
    given_back = claim(conn)
    deliver(conn, 10)
    result = {key: given_back[0][key] for key in ("delivery_id", "webhook_id", "attempt")}
    value(conn, "SELECT pggit.finish_deliveries('w', %s)", Jsonb([result | {"is_released": True}]))
    again = claim(conn)
    assert [one["event_id"] for one in again] == [first]
    finish(conn, again)
    deliver(conn, 5)
    value(
        conn,
        "SELECT pggit.retry_delivery(%s, %s)",
        again[0]["webhook_id"],
        again[0]["delivery_id"],
    )
    assert [one["event_id"] for one in claim(conn)] == [first]


def test_beside_an_old_snapshot_a_look_does_not_pass_all_that_was_delivered(
    conn: psycopg.Connection, connect: Connect
) -> None:
    one = hook(conn)
    old = connect(autocommit=False)
    old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
    old.execute("SELECT count(*) FROM _pggit.events")
    deliver(conn, 200)
    move(conn, one, value(conn, "SELECT extract(epoch FROM clock_timestamp())::float8"))
    publish(conn)
    looker = connect(autocommit=False)
    assert len(claim(looker)) == 1
    passed = "SELECT pg_stat_get_xact_tuples_returned('_pggit.deliveries_due_idx'::regclass)"
    assert value(looker, passed) < 50


def test_a_sweep_finds_what_lies_before_the_mark(conn: psycopg.Connection) -> None:
    one = hook(conn)
    event = publish(conn)
    # As a clock that was set back leaves it.
    conn.execute(
        "UPDATE _pggit.webhook_health_metrics SET due_from = clock_timestamp() WHERE webhook_id = %s",
        [one],
    )
    assert claim(conn) == []
    value(conn, "SELECT pggit.sweep_deliveries()")
    assert [found["event_id"] for found in claim(conn)] == [event]


def test_a_mark_that_lies_ahead_is_no_mark(conn: psycopg.Connection) -> None:
    one = hook(conn)
    event = publish(conn)
    conn.execute(
        "UPDATE _pggit.webhook_health_metrics SET due_from = clock_timestamp() + interval '1 hour', seen_xid = '3', "
        "seen_at = clock_timestamp() + interval '1 hour' WHERE webhook_id = %s",
        [one],
    )
    claimed = claim(conn)
    assert [found["event_id"] for found in claimed] == [event]
    finish(conn, claimed)
    deliver(conn, 5)
