"""Time the queue of deliveries: claiming and finishing beside a floor and other queues, and what enqueueing costs a commit.

    .venv/bin/python tests/load/queues.py            both parts (make bench runs them, too)
    .venv/bin/python tests/load/queues.py claim      one of: claim, enqueue

The other queues are installed from the package index into an environment of their own, for this run.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
from deliveries import cluster, hook, line, spawn
from psycopg.types.json import Jsonb

PROGRAM = Path(__file__).with_name("queue_peers.py")
PEERS = ("procrastinate==3.10.0", "pgqueuer==1.6.0", "asyncpg==0.32.0", "psycopg[binary]==3.3.9")

# -- claim and finish ---------------------------------------------------------------------------------------------------------

FLOOR = """
CREATE TABLE IF NOT EXISTS public.floor_queue (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, webhook_id int NOT NULL, payload jsonb NOT NULL,
    attempt int NOT NULL DEFAULT 0,
    due_at timestamptz NOT NULL DEFAULT clock_timestamp(), leased_by text) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS floor_due ON public.floor_queue (due_at, id);
CREATE TABLE IF NOT EXISTS public.floor_log (id bigint, webhook_id int, attempt int, status int, ms float8,
    at timestamptz DEFAULT clock_timestamp(), PRIMARY KEY (webhook_id, id, attempt));
CREATE OR REPLACE FUNCTION public.floor_claim(n int) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE v jsonb;
BEGIN
    WITH c AS (
        UPDATE public.floor_queue q SET attempt = attempt + 1, due_at = clock_timestamp() + interval '1 min', leased_by = 'w'
        WHERE q.id = ANY (ARRAY(SELECT i.id FROM public.floor_queue i WHERE i.due_at <= clock_timestamp()
            ORDER BY i.due_at, i.id LIMIT n FOR UPDATE SKIP LOCKED)) RETURNING q.*)
    SELECT jsonb_agg(jsonb_build_object(
        'delivery_id', id, 'webhook_id', webhook_id, 'attempt', attempt, 'body', payload::text)) INTO v FROM c;
    RETURN coalesce(v, '[]');
END $$;
CREATE OR REPLACE FUNCTION public.floor_finish(r jsonb) RETURNS void LANGUAGE sql AS $$
    WITH d AS (DELETE FROM public.floor_queue q
        USING jsonb_to_recordset(r) AS x(delivery_id bigint, attempt int, status_code int, duration_ms float8)
        WHERE q.id = x.delivery_id AND q.attempt = x.attempt
        RETURNING q.id, q.webhook_id, q.attempt, x.status_code, x.duration_ms)
    INSERT INTO public.floor_log (id, webhook_id, attempt, status, ms) SELECT * FROM d $$;
"""


def drain(conn: psycopg.Connection, claim: str, finish: str) -> float:
    """Rows a second of claiming and finishing all there is, 100 at a time."""
    started, count = time.perf_counter(), 0
    while True:
        row = conn.execute(claim.encode()).fetchone()
        assert row is not None
        if not row[0]:
            return count / (time.perf_counter() - started)
        count += len(row[0])
        done = [
            {"delivery_id": one["delivery_id"], "webhook_id": one["webhook_id"], "attempt": one["attempt"],
             "is_delivered": True, "status_code": 200, "duration_ms": 1.5}
            for one in row[0]
        ]  # fmt: skip
        conn.execute(finish.encode(), [Jsonb(done)])


def peers(url: str, rows: int) -> dict[str, float]:
    """Rows a second of other queues, each in a database of its own; none without a package index."""
    with tempfile.TemporaryDirectory(prefix="pggit-bench-") as home:
        venv.create(home, with_pip=True)
        pip = [f"{home}/bin/pip", "install", "-q", *PEERS]
        if subprocess.run(pip, capture_output=True, check=False).returncode != 0:
            return {}
        found = {}
        for name in ("procrastinate", "pgqueuer"):
            with psycopg.connect(url, autocommit=True) as conn:
                conn.execute(f"CREATE DATABASE {name}".encode())
            command = [
                f"{home}/bin/python",
                str(PROGRAM),
                name,
                urlsplit(url)._replace(path=f"/{name}").geturl(),
                str(rows),
            ]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            found[name] = max(float(one) for one in done.stdout.split())
    return found


def claim(url: str) -> None:
    rows = 10_000
    rates: dict[str, list[float]] = {"ours": [], "floor": []}
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(FLOOR.encode())
        ids = [
            hook(conn, f"claim {n}", f"https://example.org/{n}", "custom.claim") for n in range(10)
        ]
        conn.execute("UPDATE _pggit.webhook_health_metrics SET concurrency = 128")
        for _ in range(3):
            conn.execute(
                "INSERT INTO public.floor_queue (webhook_id, payload) SELECT n %% 10, "
                "jsonb_build_object('n', n, 'pad', repeat('x', 200)) "
                "FROM generate_series(1, %s) AS n", [rows])  # fmt: skip
            rates["floor"].append(
                drain(conn, "SELECT public.floor_claim(100)", "SELECT public.floor_finish(%s)")
            )
            conn.execute(
                "SELECT pggit.publish_event('custom.claim', jsonb_build_object('n', n, 'pad', repeat('x', 200))) "
                "FROM generate_series(1, %s) AS n", [rows // 10])  # fmt: skip
            ours = "SELECT pggit.claim_deliveries('w', 100)->'deliveries'"
            rates["ours"].append(drain(conn, ours, "SELECT pggit.finish_deliveries('w', %s)"))
        for one in ids:
            conn.execute("SELECT pggit.delete_webhook(%s)", [one])
    ours, floor = max(rates["ours"]), max(rates["floor"])
    line(
        "claim and finish, 100 at a time",
        f"{ours:8.0f} /s, {ours / floor:5.2f} of SKIP LOCKED with a log ({floor:.0f} /s)",
    )
    for name, theirs in peers(url, rows).items():
        line(f"  the same of {name}", f"{theirs:8.0f} /s: ours is {ours / theirs:.1f} times that")


# -- enqueue ------------------------------------------------------------------------------------------------------------------


def commits(url: str, statement: str, seconds: float, counts: Any) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        count, end = 0, time.monotonic() + seconds
        while time.monotonic() < end:
            conn.execute(statement.encode(), prepare=True)
            count += 1
    counts.put(count)


BUSINESS = "SELECT public.business()"
WITH_EVENT = "SELECT public.business_with_event()"
SETUP = """
CREATE TABLE IF NOT EXISTS public.account (id int PRIMARY KEY, balance int NOT NULL DEFAULT 0) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS public.history (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, account int, amount int, at timestamptz DEFAULT now());
INSERT INTO public.account (id) SELECT generate_series(1, 10000) ON CONFLICT DO NOTHING;
CREATE OR REPLACE FUNCTION public.business() RETURNS void LANGUAGE plpgsql AS $$
DECLARE a int := 1 + floor(random() * 10000);
BEGIN
    UPDATE public.account SET balance = balance + 1 WHERE id = a;
    PERFORM balance FROM public.account WHERE id = a;
    INSERT INTO public.history (account, amount) VALUES (a, 1);
END $$;
CREATE OR REPLACE FUNCTION public.business_with_event() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM public.business();
    PERFORM _pggit.emit_event('custom.paid', NULL, '{"amount": 1}');
END $$;
"""


def rate(url: str, statement: str, clients: int, seconds: float = 4) -> float:
    counts = spawn.Queue()
    processes = [
        spawn.Process(target=commits, args=(url, statement, seconds, counts))
        for _ in range(clients)
    ]
    for process in processes:
        process.start()
    total = sum(counts.get() for _ in processes)
    for process in processes:
        process.join()
    return float(total / seconds)


def enqueue(url: str) -> None:
    """With the ticker at work, and a webhook that takes each event; no deliverer, which is another's work."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(SETUP.encode())
        one = hook(conn, "enqueue", "https://example.org/", "custom.paid")
    ticking = spawn.Process(target=tick, args=(url,), daemon=True)
    ticking.start()
    try:
        for clients in (8, 16):
            plain, event = [], []
            for _ in range(2):
                plain.append(rate(url, BUSINESS, clients))
                event.append(rate(url, WITH_EVENT, clients))
            ratio = max(event) / max(plain)
            line(
                f"commits with an event, {clients} clients",
                f"{max(event):8.0f} /s, {ratio:5.2f} of those without ({max(plain):.0f} /s)",
            )
    finally:
        ticking.terminate()
        ticking.join()
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SELECT pggit.delete_webhook(%s)", [one])


def tick(url: str) -> None:
    from pggit.workers.ticker import Ticker

    asyncio.run(Ticker(url).run(asyncio.Event()))


PARTS = {"claim": claim, "enqueue": enqueue}


def main() -> None:
    os.nice(5)
    for part in sys.argv[1:] or list(PARTS):
        with cluster() as url:
            PARTS[part](url)


if __name__ == "__main__":
    main()
