"""The scheduler: workers side by side, one that dies, a job that fails, a database that takes no writes."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

import psycopg
import pytest

from pggit.workers import run_workers
from pggit.workers.scheduler import Scheduler

JOBS = 7


def rows(url: str, query: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as conn:
        return conn.execute(query.encode()).fetchall()


def run_until(workers: dict[str, Scheduler], is_done: Callable[[], bool]) -> None:
    """Run schedulers until it is so, at most 60 seconds."""

    async def main() -> None:
        stop = asyncio.Event()

        async def watch() -> None:
            limit = monotonic() + 60
            while not await asyncio.to_thread(is_done) and monotonic() < limit:  # noqa: ASYNC110  nothing in here sets an event
                await asyncio.sleep(0.05)
            stop.set()

        async with asyncio.TaskGroup() as group:
            group.create_task(run_workers({n: w.run for n, w in workers.items()}, stop))
            group.create_task(watch())

    asyncio.run(main())
    assert is_done()


ENDED = "SELECT count(*) FROM _pggit.scheduled_job_execution WHERE status <> 'RUNNING'"


def test_two_workers_run_each_job_once(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "SELECT pggit.schedule_job(job_name, '@every 1 day') FROM _pggit.job_definitions()"
        )
        conn.execute("UPDATE _pggit.scheduled_jobs SET next_run_at = now()")
    pair = {f"w{n}": Scheduler(database, interval=0.01) for n in range(2)}
    run_until(pair, lambda: rows(database, ENDED)[0][0] >= JOBS)
    found = dict(
        rows(database, "SELECT job_name, count(*) FROM _pggit.scheduled_job_execution GROUP BY 1")
    )
    assert len(found) == JOBS
    assert set(found.values()) == {1}
    ends = rows(database, "SELECT DISTINCT status FROM _pggit.scheduled_job_execution ORDER BY 1")
    assert ends == [("SKIPPED",), ("SUCCESS",)]  # without a repository there is no drift to check
    assert rows(database, "SELECT count(*) FROM _pggit.workers") == [(2,)]


def test_a_job_that_fails_is_recorded_and_alerted(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("ALTER TABLE _pggit.operation_hours RENAME TO gone")
    run_until(
        {"w": Scheduler(database, interval=0.01)}, lambda: rows(database, ENDED)[0][0] >= JOBS
    )
    failed = rows(
        database,
        "SELECT job_name, error_message FROM _pggit.scheduled_job_execution WHERE status = 'FAILED' ORDER BY 1",
    )
    assert ("roll_up_timings", 'relation "_pggit.operation_hours" does not exist') in failed
    alerts = rows(database, "SELECT operation_type FROM _pggit.alerts WHERE status = 'pending'")
    assert ("scheduler",) in alerts


def test_a_run_is_taken_over_only_when_its_worker_is_gone(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("SELECT pggit.schedule_job('check_server', '@every 1 day')")
        conn.execute("UPDATE _pggit.scheduled_jobs SET next_run_at = now()")
        claim = conn.execute("SELECT pggit.claim_job('first') ->> 'execution_id'").fetchone()
        assert claim is not None
        conn.execute(
            "UPDATE _pggit.scheduled_job_execution SET started_at = now() - interval '1 minute'"
        )
        status = "SELECT status FROM _pggit.scheduled_job_execution WHERE execution_id = %s"
        with psycopg.connect(database) as slow:
            # Under way: its row is locked, however long ago it began.
            slow.execute("SELECT pggit.run_job(%s)", [claim[0]])
            conn.execute("SELECT pggit.claim_job('second')")
            assert conn.execute(status, [claim[0]]).fetchone() == ("RUNNING",)
            slow.rollback()
        conn.execute("SELECT pggit.claim_job('second')")
        assert conn.execute(status, [claim[0]]).fetchone() == ("FAILED",)


@pytest.mark.parametrize("call", ["pggit.claim_job('w')", "pggit.diff('main', 'main')"])
def test_a_read_only_database_is_left_alone(database: str, call: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("CREATE SCHEMA app")
        conn.execute("SELECT pggit.init('app')")
        conn.execute("SET default_transaction_read_only = on")
        conn.execute(f"SELECT {call}".encode())
