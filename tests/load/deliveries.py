"""Time the delivery of webhooks, each part beside a floor measured in the same run.

    .venv/bin/python tests/load/deliveries.py            all parts (make bench runs them, too)
    .venv/bin/python tests/load/deliveries.py tls        one of: deliver, tls, latency, held, dead

Receiver, worker and publishers are processes of their own on this machine, so a ratio says more than a rate.
"""

import asyncio
import contextlib
import json
import multiprocessing
import os
import shutil
import socket
import ssl
import statistics
import subprocess
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
        "SELECT (pggit.create_webhook(%s, %s, p_event_types => %s, p_hourly_limit => 100000000, p_timeout_seconds => %s, "
        "p_ssl_verify => %s)->>'id')::int",
        [name, url, [kind], more.get("timeout", 10), more.get("ssl_verify", True)],
    ).fetchone()
    assert row is not None
    return int(row[0])


# -- the receiver -----------------------------------------------------------------------------------------------------------


def receive(ports: Any, times: Any, certificate: str | None) -> None:
    """Answers 200 to whatever is whole, as cheaply as Python can, and keeps when which body came; over TLS it then hangs up."""
    tls = None
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        # No ticket: each connection shakes hands anew.
        tls.num_tickets = 0

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
                if tls is not None:
                    self.transport.close()

    seen: list[tuple[float, bytes]] = []

    async def main() -> None:
        server = await asyncio.get_running_loop().create_server(
            Receiver, "127.0.0.1", 0, backlog=1024, ssl=tls
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
    def __init__(self, certificate: str | None = None) -> None:
        ports = spawn.Queue()
        self.pipe, theirs = spawn.Pipe()
        self.process = spawn.Process(target=receive, args=(ports, theirs, certificate), daemon=True)
        self.process.start()
        self.url = f"{'http' if certificate is None else 'https'}://127.0.0.1:{ports.get()}"

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


# -- deliver ------------------------------------------------------------------------------------------------------------------


def bare(url: str, count: int, is_verified: bool = True) -> None:
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
                await client.post(url, head, body, is_verified=is_verified, timeout=10)

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


def rate_of(seen: list[tuple[float, bytes]]) -> float:
    """How many came a second."""
    return len(seen) / (seen[-1][0] - seen[0][0])


def delivered(url: str, receiver: Receiver, count: int, **more: Any) -> float:
    """Deliveries a second of as many events, without the first tenth: the growth of what may be under way."""
    with psycopg.connect(url, autocommit=True) as conn:
        one = hook(conn, "deliver", receiver.url, "custom.load", **more)
        conn.execute(
            "SELECT pggit.publish_event('custom.load', jsonb_build_object('n', n, 'pad', repeat('x', 200))) "
            "FROM generate_series(1, %s) AS n", [count])  # fmt: skip
        with running(url):
            receiver.wait(count)
            seen = receiver.take()
        conn.execute("SELECT pggit.delete_webhook(%s)", [one])
    return rate_of(seen[len(seen) // 10 :])


def deliver(url: str) -> None:
    receiver = Receiver()
    count = 6000
    floors = {}
    for name, client in (("our client alone", bare), ("aiohttp alone", bare_aiohttp)):
        timed(client, receiver.url, count)
        floors[name] = rate_of(receiver.take())
    ours = delivered(url, receiver, count)
    shown = ", ".join(
        f"{ours / floor:.2f} of {name} ({floor:.0f} /s)" for name, floor in floors.items()
    )
    line("deliveries to a receiver that keeps alive", f"{ours:8.0f} /s, {shown}")


def tls(url: str) -> None:
    """Each delivery over a connection of its own: the receiver hangs up after its answer, and gives out no tickets."""
    count = 3000
    with tempfile.TemporaryDirectory(prefix="pggit-bench-") as folder:
        certificate = str(Path(folder) / "both.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
             "-subj", "/CN=localhost", "-keyout", certificate, "-out", f"{certificate}.crt"],
            check=True, capture_output=True)  # fmt: skip
        with Path(certificate).open("a") as both:
            both.write(Path(f"{certificate}.crt").read_text())
        receiver = Receiver(certificate)
        timed(bare, receiver.url, count, False)
        floor = rate_of(receiver.take())
        ours = delivered(url, receiver, count, ssl_verify=False)
    line(
        "deliveries over fresh TLS",
        f"{ours:8.0f} /s, {ours / floor:.2f} of our client alone ({floor:.0f} /s)",
    )


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


def held(url: str) -> None:
    """Beside a transaction that holds back the clean-up of whatever is deleted meanwhile."""
    receiver = Receiver()
    with (
        psycopg.connect(url, autocommit=True) as conn,
        psycopg.connect(url) as old,
        running(url),
    ):
        one = hook(conn, "held", receiver.url, "custom.held")
        publish(url, ["custom.held"], 200, 10)
        time.sleep(1)
        before = percentiles(receiver.take())
        old.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        old.execute("SELECT count(*) FROM _pggit.events")
        publish(url, ["custom.held"], 200, 30)
        time.sleep(1)
        receiver.take()
        publish(url, ["custom.held"], 200, 10)
        time.sleep(1)
        after = percentiles(receiver.take())
        conn.execute("SELECT pggit.delete_webhook(%s)", [one])
    line(
        "an old snapshot held, from 30 to 40 s",
        f"p50 {after[0]:6.1f} ms, {after[0] / before[0]:5.2f} of before; "
        f"p99 {after[1]:6.1f} ms, {after[1] / before[1]:5.2f} of before",
    )


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


PARTS = {"deliver": deliver, "tls": tls, "latency": latency, "held": held, "dead": dead}


def main() -> None:
    wanted = sys.argv[1:] or list(PARTS)
    os.nice(5)
    for part in wanted:
        with cluster() as url:
            PARTS[part](url)


if __name__ == "__main__":
    main()
