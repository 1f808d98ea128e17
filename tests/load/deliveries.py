"""Time the delivery of webhooks, each part beside a floor measured in the same run.

    .venv/bin/python tests/load/deliveries.py            all parts (make bench runs them, too)
    .venv/bin/python tests/load/deliveries.py claim      one of: claim, enqueue, deliver, latency, dead

Receiver, worker and publishers are processes of their own on this machine, so a ratio says more than a rate.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pggit import migrate
from pggit.embedded import Server, find_binaries
from pggit.settings import Settings
from pggit.workers.addresses import AddressRule, Resolver, parse_networks
from pggit.workers.main import serve
from pggit.workers.outbound import Client

LOOPBACK = "127.0.0.0/8"
spawn = multiprocessing.get_context("spawn")


def line(name: str, text: str) -> None:
    print(f"{name:<44} {text}", flush=True)


def settings_of(url: str) -> Settings:
    return Settings(
        database_url=url,
        webhook_allowed_networks=[LOOPBACK],
        webhook_allow_http=True,
        log_level="ERROR",
    )


@contextmanager
def cluster() -> Iterator[str]:
    home = Path(tempfile.mkdtemp(prefix="pggit-bench-"))
    try:
        with Server(
            home, find_binaries(), settings={"max_connections": "100"}, trust=True
        ) as server:
            with psycopg.connect(server.url(), autocommit=True) as conn:
                migrate.upgrade(conn)
                conn.execute("ALTER DATABASE postgres SET pggit.webhook_allow_http = 'on'")
                conn.execute(
                    f"ALTER DATABASE postgres SET pggit.webhook_allowed_networks = '{LOOPBACK}'"
                )
            yield server.url()
    finally:
        shutil.rmtree(home, ignore_errors=True)


def hook(conn: psycopg.Connection, name: str, url: str, kind: str, **more: Any) -> int:
    row = conn.execute(
        "SELECT (pggit.create_webhook(%s, %s, p_event_types => %s, p_hourly_limit => 100000000, p_timeout_seconds => %s)"
        "->>'id')::int",
        [name, url, [kind], more.get("timeout", 10)],
    ).fetchone()
    assert row is not None
    return int(row[0])


# -- the receiver -----------------------------------------------------------------------------------------------------------


def receive(ports: Any, times: Any) -> None:
    """Answers 200 to whatever is whole, as cheaply as Python can, and keeps when which body came."""

    class Receiver(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            self.transport = transport
            self.buffer = b""

        def data_received(self, data: bytes) -> None:
            self.buffer += data
            while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
                head = self.buffer[:end].lower()
                at = head.index(b"content-length:") + 15
                whole = (
                    end + 4 + int(head[at : head.find(b"\r", at) if b"\r" in head[at:] else None])
                )
                if len(self.buffer) < whole:
                    return
                body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
                seen.append((time.time(), body))
                self.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    seen: list[tuple[float, bytes]] = []

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            Receiver, "127.0.0.1", 0, backlog=1024
        )
        ports.put(server.sockets[0].getsockname()[1])
        loop = asyncio.get_running_loop()
        while True:
            try:
                wanted = await loop.run_in_executor(None, times.recv)
            except EOFError:
                return
            if wanted == "count":
                times.send(len(seen))
            else:
                times.send(seen[:])
                seen.clear()

    asyncio.run(main())


class Receiver:
    def __init__(self) -> None:
        ports = spawn.Queue()
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=receive, args=(ports, theirs), daemon=True)
        self.process.start()
        self.url = f"http://127.0.0.1:{ports.get()}"

    def count(self) -> int:
        self.pipe.send("count")
        return int(self.pipe.recv())

    def take(self) -> list[tuple[float, bytes]]:
        self.pipe.send("take")
        found: list[tuple[float, bytes]] = self.pipe.recv()
        return found

    def wait(self, count: int, limit: float = 120) -> None:
        end = time.time() + limit
        while self.count() < count and time.time() < end:
            time.sleep(0.01)


@contextmanager
def running(url: str) -> Iterator[None]:
    process = spawn.Process(target=serve, args=(settings_of(url),), daemon=True)
    process.start()
    time.sleep(2)
    try:
        yield
    finally:
        process.terminate()
        process.join(20)


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


# -- deliver ------------------------------------------------------------------------------------------------------------------


def bare(url: str, count: int) -> None:
    """The client of the deliverer alone, 128 at a time, with bodies and headers like its own."""

    async def main() -> None:
        rule = AddressRule([], parse_networks([LOOPBACK]))
        client = Client(rule, Resolver(), allow_http=True)
        left = iter(range(count))
        body = json.dumps(
            {"id": "evt_" + "0" * 32, "type": "custom.load", "data": {"n": 1, "pad": "x" * 200}}
        ).encode()
        head = b"Content-Type: application/json\r\nwebhook-id: x\r\nwebhook-timestamp: 1\r\nwebhook-signature: v1,x\r\n"

        async def loop() -> None:
            for _ in left:
                await client.post(url, head, body, is_verified=True, timeout=10)

        await asyncio.gather(*(loop() for _ in range(128)))
        client.close()

    asyncio.run(main())


def bare_aiohttp(url: str, count: int) -> None:
    import aiohttp

    async def main() -> None:
        left = iter(range(count))
        body = json.dumps(
            {"id": "evt_" + "0" * 32, "type": "custom.load", "data": {"n": 1, "pad": "x" * 200}}
        ).encode()
        connector = aiohttp.TCPConnector(limit=128)
        async with aiohttp.ClientSession(connector=connector) as session:

            async def loop() -> None:
                for _ in left:
                    async with session.post(
                        url, data=body, headers={"webhook-id": "x"}, allow_redirects=False
                    ) as answer:
                        await answer.read()

            await asyncio.gather(*(loop() for _ in range(128)))

    asyncio.run(main())


def timed(target: Any, *arguments: Any) -> float:
    process = spawn.Process(target=target, args=arguments)
    process.start()
    process.join()
    return 0.0


def deliver(url: str) -> None:
    receiver = Receiver()
    count = 6000
    floors = {}
    for name, client in (("our client alone", bare), ("aiohttp alone", bare_aiohttp)):
        timed(client, receiver.url, count)
        seen = [at for at, _ in receiver.take()]
        floors[name] = len(seen) / (seen[-1] - seen[0])
    with psycopg.connect(url, autocommit=True) as conn:
        one = hook(conn, "deliver", receiver.url, "custom.load")
        conn.execute(
            "SELECT pggit.publish_event('custom.load', jsonb_build_object('n', n, 'pad', repeat('x', 200))) "
            "FROM generate_series(1, %s) AS n", [count])  # fmt: skip
        with running(url):
            receiver.wait(count)
            seen = [at for at, _ in receiver.take()]
        conn.execute("SELECT pggit.delete_webhook(%s)", [one])
    # The first tenth is the growth of what may be under way.
    seen = seen[len(seen) // 10 :]
    ours = len(seen) / (seen[-1] - seen[0])
    shown = ", ".join(
        f"{ours / floor:.2f} of {name} ({floor:.0f} /s)" for name, floor in floors.items()
    )
    line("deliveries to a receiver that keeps alive", f"{ours:8.0f} /s, {shown}")


# -- latency ------------------------------------------------------------------------------------------------------------------


def publish(url: str, kinds: list[str], per_second: int, seconds: float) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        start, number = time.time(), 0
        while (now := time.time()) < start + seconds:
            while number < (now - start) * per_second:
                kind = kinds[number % len(kinds)]
                conn.execute(
                    "SELECT pggit.publish_event(%s, jsonb_build_object('at', %s::float8))",
                    [kind, time.time()],
                )
                number += 1
            time.sleep(0.001)


def percentiles(seen: list[tuple[float, bytes]]) -> tuple[float, float]:
    late = []
    for at, body in seen:
        with contextlib.suppress(KeyError, ValueError):
            late.append((at - json.loads(body)["data"]["at"]) * 1000)
    cut = statistics.quantiles(late[len(late) // 5 :], n=100)
    return cut[49], cut[98]


def latency(url: str) -> None:
    receiver = Receiver()
    with psycopg.connect(url, autocommit=True) as conn, running(url):
        one = hook(conn, "latency", receiver.url, "custom.latency")
        publish(url, ["custom.latency"], 500, 6)
        time.sleep(1)
        middle, worst = percentiles(receiver.take())
        conn.execute("SELECT pggit.delete_webhook(%s)", [one])
    line("from commit to receiver at 500 /s", f"p50 {middle:6.1f} ms, p99 {worst:6.1f} ms")


def dead(url: str) -> None:
    """A hundred receivers, then one of them dead: it takes connections, and never answers."""
    receiver = Receiver()
    kinds = [f"custom.n{n}" for n in range(100)]
    with socket.socket() as silent, psycopg.connect(url, autocommit=True) as conn, running(url):
        silent.bind(("127.0.0.1", 0))
        silent.listen(512)
        ids = [hook(conn, kind, f"{receiver.url}/{kind}", kind) for kind in kinds]
        shown = []
        for _ in range(2):
            publish(url, kinds, 200, 6)
            time.sleep(1)
            shown.append(percentiles(receiver.take()))
            target = f"http://127.0.0.1:{silent.getsockname()[1]}/"
            conn.execute("SELECT pggit.update_webhook(%s, %s)", [ids[0], Jsonb({"url": target})])
        for one in ids:
            conn.execute("SELECT pggit.delete_webhook(%s)", [one])
    (_, before), (_, after) = shown
    line(
        "p99 of 99 beside a dead one",
        f"{after:6.1f} ms, {after / before:5.2f} of before ({before:.1f} ms)",
    )


PARTS = {"claim": claim, "enqueue": enqueue, "deliver": deliver, "latency": latency, "dead": dead}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    os.nice(5)
    for part in wanted:
        with cluster() as url:
            PARTS[part](url)


if __name__ == "__main__":
    main()
