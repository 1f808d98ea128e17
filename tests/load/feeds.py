"""Time the fan-out to many WebSocket clients: the feed against a raw ASGI application and Litestar's channels.

All serve the same frames to the same clients on one process. The raw application sends to one client after the other, each time
encoding the frame anew, as ASGI has it: that is the floor. The feed's events come from PostgreSQL: each is a transaction. It
writes what came meanwhile in one go; "single" is the feed with one event at a time, which costs it a query each.

Then the listener's connection is cut again and again while events are written: what is lost, what comes late.

    make bench, or .venv/bin/python tests/load/feeds.py --clients 1000 --events 200
"""

import argparse
import asyncio
import contextlib
import json
import multiprocessing
import resource
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import uvicorn
from psycopg.types.json import Jsonb
from websockets.sync.client import connect

from pggit import migrate
from pggit.embedded import Server, find_binaries
from pggit.peers import SOCKETS

DATA = {
    "id": 4711,
    "operation_type": "merge",
    "severity": "CRITICAL",
    "message": "merge took 812 ms where 120 ms are usual",
}
FRAME = json.dumps(
    {
        "type": "alert",
        "id": "425a619dbbaa952e~772:772:",
        "data": DATA | {"timestamp": "2026-01-01T12:00:00.000000Z"},
    }
)
HELLO = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)


# -- what is compared -------------------------------------------------------------------------


def raw_application() -> Any:
    """An ASGI application that sends to one client after the other."""
    sends: set[Callable[[Any], Awaitable[None]]] = set()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            sends.add(send)
            while (await receive())["type"] != "websocket.disconnect":
                pass
            sends.discard(send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b""})
            for _ in range(int(scope["query_string"])):
                for each in list(sends):
                    await each({"type": "websocket.send", "text": FRAME})
        else:
            await receive()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await send({"type": "lifespan.shutdown.complete"})

    return app


def channels_application() -> Any:
    """The same over Litestar's channels."""
    from litestar import Litestar, Request, WebSocket, get, websocket
    from litestar.channels import ChannelsPlugin
    from litestar.channels.backends.memory import MemoryChannelsBackend
    from litestar.exceptions import WebSocketDisconnect

    plugin = ChannelsPlugin(backend=MemoryChannelsBackend(), channels=["alerts"])

    @websocket("/ws")
    async def follow(socket: WebSocket[Any, Any, Any]) -> None:
        await socket.accept()
        async with (
            plugin.start_subscription("alerts") as subscriber,
            subscriber.run_in_background(socket.send_text),
        ):
            with contextlib.suppress(WebSocketDisconnect):
                while True:
                    await socket.receive_text()

    @get("/")
    async def publish(request: Request[Any, Any, Any]) -> None:
        for _ in range(int(request.scope["query_string"])):
            plugin.publish(FRAME, "alerts")
            await asyncio.sleep(0)

    return Litestar([follow, publish], plugins=[plugin])


def feed_application(url: str) -> Any:
    """pggit itself."""
    from pggit.app import create_app
    from pggit.settings import Settings

    return create_app(Settings(database_url=url, log_level="ERROR", rate_limit_enabled=False))


def serve(kind: str, url: str, ready: Any) -> None:
    makers = {"raw": raw_application, "channels": channels_application}
    app = makers[kind]() if kind in makers else feed_application(url)
    if kind == "single":
        app.state.live.hub.batch = 1
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    listener.listen(2048)
    config = uvicorn.Config(app, log_level="error", access_log=False, backlog=2048, **SOCKETS)

    class Ready(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets=sockets)
            ready.put(listener.getsockname()[1])

    Ready(config).run(sockets=[listener])


@contextlib.contextmanager
def running(kind: str, url: str) -> Iterator[tuple[int, int]]:
    """(port, process) of a server."""
    context = multiprocessing.get_context("spawn")
    ready = context.Queue()
    process = context.Process(target=serve, args=(kind, url, ready), daemon=True)
    process.start()
    try:
        yield ready.get(timeout=60), process.pid or 0
    finally:
        process.terminate()
        process.join(10)


# -- clients ----------------------------------------------------------------------------------


class Client(asyncio.Protocol):
    """Counts the frames that come; frames of a server are not masked."""

    def __init__(self, crowd: "Crowd", path: bytes) -> None:
        self.crowd = crowd
        self.path = path
        self.rest = b""
        self.is_open = False
        self.frames = 0

    def connection_made(self, transport: Any) -> None:
        transport.write(HELLO.replace(b"/ws", self.path))

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        if not self.is_open:
            end = data.find(b"\r\n\r\n")
            if end < 0:
                self.rest = data
                return
            assert data.startswith(b"HTTP/1.1 101"), data[:200]
            self.is_open = True
            self.crowd.opened += 1
            data = data[end + 4 :]
        at, size = 0, len(data)
        while at + 4 <= size:
            length = data[at + 1]
            head = 2
            if length == 126:
                length = int.from_bytes(data[at + 2 : at + 4], "big")
                head = 4
            if at + head + length > size:
                break
            # Heartbeats and the state of the system are no alerts.
            if (
                data[at + head : at + head + 15] == b'{"type":"alert"'
                or data[at + head : at + head + 16] == b'{"type": "alert"'
            ):
                self.frames += 1
                self.crowd.frames += 1
            at += head + length
        self.rest = data[at:]
        if self.crowd.frames >= self.crowd.wanted:
            self.crowd.done.set()


class Crowd:
    """All clients."""

    def __init__(self) -> None:
        self.opened = 0
        self.frames = 0
        self.wanted = sys.maxsize
        self.done = asyncio.Event()


async def fan_out(
    kind: str, port: int, clients: int, events: int, trigger: Callable[[], None]
) -> float:
    """Deliveries a second, from the first event to the last client."""
    crowd = Crowd()
    path = b"/ws" if kind in ("raw", "channels") else b"/api/v1/ws/alerts"
    loop = asyncio.get_running_loop()
    transports = []
    for start in range(0, clients, 50):
        made = [
            loop.create_connection(lambda: Client(crowd, path), "127.0.0.1", port)
            for _ in range(start, min(start + 50, clients))
        ]
        transports += [transport for transport, _ in await asyncio.gather(*made)]
    while crowd.opened < clients:  # noqa: ASYNC110
        await asyncio.sleep(0.05)
    await asyncio.sleep(2)  # until all have joined
    crowd.frames = 0
    crowd.wanted = clients * events
    started = time.perf_counter()
    threading.Thread(target=trigger, daemon=True).start()
    await asyncio.wait_for(crowd.done.wait(), 300)
    elapsed = time.perf_counter() - started
    for transport in transports:
        transport.abort()
    return clients * events / elapsed


def http_trigger(port: int, events: int) -> Callable[[], None]:
    def run() -> None:
        with socket.create_connection(("127.0.0.1", port)) as line:
            line.sendall(b"GET /?%d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % events)
            while line.recv(4096):
                pass

    return run


def database_trigger(url: str, events: int) -> Callable[[], None]:
    def run() -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            for number in range(events):
                conn.execute(
                    "SELECT _pggit.emit_event('alert.raised', 'alert/1', %s)", [Jsonb(DATA)]
                )
                if number % 20 == 0:
                    conn.execute("NOTIFY pggit_events")

    return run


def cut_again_and_again(url: str, port: int, cuts: int) -> tuple[int, int, float, float]:
    """Events written, events that came, seconds until all was caught up after a cut: the longest, and the median."""
    stop = threading.Event()
    written = 0
    heard: list[int] = []
    took: list[float] = []

    def write() -> None:
        nonlocal written
        with psycopg.connect(url, autocommit=True) as conn:
            while not stop.wait(0.005):
                data = Jsonb(DATA | {"id": written + 1})
                conn.execute("SELECT _pggit.emit_event('alert.raised', 'x', %s)", [data])
                written += 1

    def cut() -> None:
        with psycopg.connect(url, autocommit=True) as conn:
            while len(took) < cuts:
                started = time.perf_counter()
                row = conn.execute(
                    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'pggit hub'"
                ).fetchone()
                goal = written
                while row and row[0] and len(heard) < goal:
                    time.sleep(0.005)
                if row and row[0]:
                    took.append(time.perf_counter() - started)
                time.sleep(0.05)
        stop.set()

    with connect(f"ws://127.0.0.1:{port}/api/v1/ws/alerts", compression=None) as line:
        line.send('{"type":"ping"}')
        line.recv()
        threads = [threading.Thread(target=one) for one in (write, cut)]
        for thread in threads:
            thread.start()
        while threads[0].is_alive() or len(heard) < written:
            frame = json.loads(line.recv(60))
            if frame["type"] == "alert":
                heard.append(frame["data"]["id"])
    assert heard == list(range(1, written + 1)), "an event was lost, came twice, or out of order"
    took.sort()
    return written, len(heard), took[-1], took[len(took) // 2]


def memory_of(process: int) -> float:
    """Megabytes in use."""
    text = Path(f"/proc/{process}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--clients", type=int, default=1000)
    parser.add_argument("--events", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cuts", type=int, default=100)
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    home = Path(tempfile.mkdtemp(prefix="pggit-bench-"))
    best: dict[str, float] = {}
    try:
        with Server(home, find_binaries(), trust=True) as server:
            with psycopg.connect(server.url(), autocommit=True) as conn:
                migrate.upgrade(conn)
            for _ in range(options.rounds):
                for kind in ("raw", "channels", "single", "feed"):
                    with running(kind, server.url()) as (port, process):
                        trigger = (
                            database_trigger(server.url(), options.events)
                            if kind in ("feed", "single")
                            else http_trigger(port, options.events)
                        )
                        rate = asyncio.run(
                            fan_out(kind, port, options.clients, options.events, trigger)
                        )
                        best[kind] = max(best.get(kind, 0), rate)
                        used = f"{memory_of(process):6.0f} MB" if Path("/proc").is_dir() else ""
                        print(f"  {kind:<10} {rate:10.0f} deliveries/s {used}", flush=True)
            with running("feed", server.url()) as (port, _):
                written, heard, last, median = cut_again_and_again(server.url(), port, options.cuts)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(f"{options.clients} clients, {options.events} events, best of {options.rounds}:")
    for kind, rate in best.items():
        print(f"{kind:<12} {rate:10.0f} deliveries/s  {rate / best['raw']:6.2f} x raw")
    print(
        f"listener cut {options.cuts} times: {written} events written, {heard} came, "
        f"caught up after {median:.2f} s in the median, {last:.2f} s at most"
    )
    return 0 if best["feed"] >= max(best["raw"], best["channels"]) else 1


if __name__ == "__main__":
    sys.exit(main())
