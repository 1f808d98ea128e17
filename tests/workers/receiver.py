"""A receiver of webhooks that behaves as badly as it is told: raw sockets on loopback, one behaviour for each path."""

import asyncio
import ssl
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Behaviour = Callable[["Exchange"], Awaitable[None]]


@dataclass
class Exchange:
    """One request, and the socket to answer it on."""

    path: str
    head: bytes
    headers: dict[str, str]
    body: bytes
    at: float
    connection: int
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: int, body: bytes = b"", *headers: str) -> None:
        lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}", *headers, "", ""]
        await self.send("\r\n".join(lines).encode("latin-1") + body)

    def reset(self) -> None:
        self.writer.transport.abort()


async def good(exchange: Exchange) -> None:
    await exchange.answer(200, b"ok")


@dataclass
class Receiver:
    """What came, by path; what to do with it, by path."""

    port: int = 0
    behaviours: dict[str, Behaviour] = field(default_factory=dict)
    seen: list[Exchange] = field(default_factory=list)
    connections: int = 0
    loop: asyncio.AbstractEventLoop | None = None

    def url(self, path: str, host: str = "127.0.0.1", scheme: str = "http") -> str:
        return f"{scheme}://{host}:{self.port}{path}"

    def at(self, path: str) -> list[Exchange]:
        return [one for one in self.seen if one.path.partition("?")[0] == path]

    def on(self, path: str, behaviour: Behaviour) -> None:
        self.behaviours[path] = behaviour

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines[1:] if line)
                }
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                path = lines[0].split(" ")[1]
                one = Exchange(path, head, headers, body, time.time(), number, reader, writer)
                self.seen.append(one)
                await self.behaviours.get(path.partition("?")[0], good)(one)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, OSError):
            pass
        finally:
            writer.transport.abort()


@contextmanager
def receiving(tls: ssl.SSLContext | None = None, host: str = "127.0.0.1") -> Iterator[Receiver]:
    """A receiver in a thread of its own."""
    receiver = Receiver()
    ready = threading.Event()
    stop = asyncio.Event()

    async def main() -> None:
        receiver.loop = asyncio.get_running_loop()
        server = await asyncio.start_server(
            receiver.serve, host, 0, ssl=tls, limit=2**20, backlog=1024
        )
        receiver.port = server.sockets[0].getsockname()[1]
        ready.set()
        await stop.wait()
        server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # sockets close in the loop's next turns

    thread = threading.Thread(target=lambda: asyncio.run(main()), daemon=True)
    thread.start()
    assert ready.wait(10)
    try:
        yield receiver
    finally:
        assert receiver.loop is not None
        receiver.loop.call_soon_threadsafe(stop.set)
        thread.join(10)
