"""Clients of the feeds. A frame is encoded once and written to each without waiting for any; whoever does not read is cut off.

Under uvicorn a WebSocket frame goes straight to the transport, as bytes that are the same for everybody. Server-sent events, and
WebSockets under another server, go through a queue. What is not read yet is bounded either way.
"""

import asyncio
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from time import monotonic
from typing import Any

from litestar.types import ASGIApp, Receive, Scope, Send

# Bytes that may wait for one client when more comes: a burst may be larger, but not two.
LIMIT = 512 * 1024
SEND_BUFFER = 64 * 1024
# Seconds without a byte taken after which a client has stalled, and for which the reason may travel before the line is cut.
STALLED = 3.0
GRACE = 1.0
# How uvicorn serves the WebSockets: without deflate (53 kB a connection against 19), and no frame of a client is large.
SOCKETS: dict[str, Any] = {
    "ws": "websockets-sansio",
    "ws_per_message_deflate": False,
    "ws_max_size": 64 * 1024,
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
}
# Where the transport of the server stands in a scope.
TRANSPORT = "pggit.transport"

# RFC 6455, 7.4: what we close with.
NORMAL, AWAY, POLICY, AGAIN = 1000, 1001, 1008, 1013


def websocket_frame(payload: bytes) -> bytes:
    """A text frame from a server: final, not masked (RFC 6455, 5.2)."""
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class Batch:
    """Messages for many clients: the position of each, and its JSON."""

    def __init__(self, messages: Sequence[tuple[str, bytes]]) -> None:
        self.messages = messages

    @property
    def position(self) -> str:
        """Where stands who has had it."""
        return self.messages[-1][0]

    @cached_property
    def frames(self) -> bytes:
        """As WebSocket frames."""
        return b"".join(websocket_frame(payload) for _, payload in self.messages)

    @cached_property
    def events(self) -> bytes:
        """As server-sent events."""
        return b"".join(
            b"id: %b\ndata: %b\n\n" % (position.encode("ascii"), payload)
            for position, payload in self.messages
        )


class Peer:
    """One client."""

    def __init__(self, on_lag: Callable[["Peer"], None]) -> None:
        self._on_lag = on_lag
        self.position = ""
        # Until when it may hear, and by which API key it came, if by one.
        self.expires_at: float | None = None
        self.key_id: int | None = None
        # While what it missed is read from the table, what happens now waits here.
        self.held: list[Batch] | None = None
        self.closed: tuple[int, str] | None = None
        self._written = 0
        self._taken = 0
        self._taken_at = monotonic()

    # -- what each kind does ------------------------------------------------------------------

    def waiting(self) -> int:
        """Bytes that it has not taken."""
        raise NotImplementedError

    def _put(self, batch: Batch) -> int:
        raise NotImplementedError

    def say(self, payload: bytes) -> None:
        """One message that is no event."""
        raise NotImplementedError

    def _hang_up(self, code: int, reason: str, is_stalled: bool) -> None:
        raise NotImplementedError

    # -- what all do --------------------------------------------------------------------------

    def push(self, batch: Batch) -> None:
        """Pass on what happened now."""
        if self.held is None:
            self.write(batch)
        else:
            self.held.append(batch)
            if sum(len(one.frames) for one in self.held) > LIMIT:
                self.close(AGAIN, "resync: too much happened meanwhile")

    def write(self, batch: Batch) -> None:
        """Write without waiting."""
        if self.closed is not None:
            return
        if self.waiting() > LIMIT:
            self.close(AGAIN, "resync: it reads too slowly", is_stalled=True)
            return
        self.position = batch.position
        self._wrote(self._put(batch))

    def _wrote(self, size: int) -> None:
        waiting = self.waiting()
        if waiting:
            if self._written - self._taken == 0:
                self._taken_at = monotonic()
            self._written += size
            self._on_lag(self)
        else:
            self._written = self._taken = 0

    def release(self) -> None:
        """What was missed is read: go on with what waited."""
        held, self.held = self.held or [], None
        for batch in held:
            self.write(batch)

    def lags(self, now: float) -> bool:
        """Whether it still has something to take; a client that took nothing for a while is cut off."""
        waiting = self.waiting()
        if self.closed is not None or not waiting:
            self._written = self._taken = 0
            return False
        taken = self._written - waiting
        if taken > self._taken:
            self._taken, self._taken_at = taken, now
        elif now - self._taken_at > STALLED:
            self.close(AGAIN, "resync: it does not read", is_stalled=True)
            return False
        return True

    def close(self, code: int, reason: str, is_stalled: bool = False) -> None:
        """End it, with a reason; nothing is written to it from here on."""
        if self.closed is None:
            self.closed = (code, reason)
            self._hang_up(code, reason, is_stalled)


def bound_kernel(transport: asyncio.Transport) -> None:
    """Let the kernel hold little: it would take 4 MB for a client that reads nothing, and we would not see it."""
    line = transport.get_extra_info("socket")
    if line is not None:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def reset(transport: asyncio.Transport) -> None:
    """Cut the line, and with it what the kernel holds: a mere close would keep that for minutes."""
    line = transport.get_extra_info("socket")
    if line is not None and not transport.is_closing():
        line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


class SocketPeer(Peer):
    """A WebSocket of uvicorn: frames go to its transport."""

    def __init__(self, on_lag: Callable[[Peer], None], protocol: Any) -> None:
        super().__init__(on_lag)
        self._protocol = protocol
        self._transport: asyncio.Transport = protocol.transport
        bound_kernel(self._transport)

    def waiting(self) -> int:
        """Bytes that the kernel did not take."""
        return self._transport.get_write_buffer_size()

    def _put(self, batch: Batch) -> int:
        frames = batch.frames
        if not self._protocol.close_sent and not self._transport.is_closing():
            self._transport.write(frames)
        return len(frames)

    def say(self, payload: bytes) -> None:
        """One message that is no event."""
        if (
            self.closed is None
            and not self._protocol.close_sent
            and not self._transport.is_closing()
        ):
            frame = websocket_frame(payload)
            self._transport.write(frame)
            self._wrote(len(frame))

    def _hang_up(self, code: int, reason: str, is_stalled: bool) -> None:
        transport = self._transport
        if self._protocol.close_sent or transport.is_closing():
            return
        self._protocol.conn.send_close(code, reason)
        transport.write(b"".join(self._protocol.conn.data_to_send()))
        self._protocol.close_sent = True
        # A handshake that nobody answers must not keep the line, and a full buffer would never empty.
        loop = asyncio.get_running_loop()
        loop.call_later(GRACE if is_stalled else 2 * GRACE, reset, transport)


class QueuePeer(Peer):
    """A client behind a queue, emptied by run()."""

    def __init__(
        self,
        on_lag: Callable[[Peer], None],
        send: Callable[[bytes], Awaitable[None]],
        transport: asyncio.Transport | None,
        is_joined: bool,
    ) -> None:
        super().__init__(on_lag)
        self._send = send
        self._transport = transport
        if transport is not None:
            bound_kernel(transport)
        # Server-sent events are one text; a WebSocket's messages stand alone.
        self._is_joined = is_joined
        self._queue: list[bytes] = []
        self._size = 0
        self._woken = asyncio.Event()
        self._task: asyncio.Task[Any] | None = None

    def waiting(self) -> int:
        """Bytes that the server, or the kernel, did not take."""
        below = self._transport.get_write_buffer_size() if self._transport is not None else 0
        return self._size + below

    def _enqueue(self, data: bytes) -> int:
        self._queue.append(data)
        self._size += len(data)
        self._woken.set()
        return len(data)

    def _put(self, batch: Batch) -> int:
        if self._is_joined:
            return self._enqueue(batch.events)
        return sum(self._enqueue(payload) for _, payload in batch.messages)

    def say(self, payload: bytes) -> None:
        """One message that is no event."""
        if self.closed is None:
            self._wrote(self._enqueue(payload))

    def _hang_up(self, code: int, reason: str, is_stalled: bool) -> None:
        self._woken.set()
        if not is_stalled:
            return
        if self._transport is not None:
            reset(self._transport)
        elif self._task is not None:
            self._task.cancel()

    async def run(self) -> None:
        """Send what comes, until the client is closed."""
        self._task = asyncio.current_task()
        while self.closed is None:
            self._woken.clear()
            queue, self._queue = self._queue, []
            for data in [b"".join(queue)] if self._is_joined and queue else queue:
                await self._send(data)
                self._size -= len(data)
            if not self._queue:
                await self._woken.wait()


def expose_transport(app: ASGIApp) -> ASGIApp:
    """ASGI middleware: uvicorn's own object behind `send`, for those who write more than an answer.

    ASGI has no word for "write if you can, tell me how much waits, cut the line". Under another server there is none.
    """

    async def exposed(scope: Scope, receive: Receive, send: Send) -> None:
        owner = getattr(send, "__self__", None)
        if isinstance(getattr(owner, "transport", None), asyncio.Transport):
            scope[TRANSPORT] = owner  # type: ignore[literal-required]
        await app(scope, receive, send)

    return exposed


def writable_socket(scope: Any) -> Any:
    """The protocol of a WebSocket to whose transport frames can be written, if it is one."""
    owner = scope.get(TRANSPORT)
    conn = getattr(owner, "conn", None)
    is_known = hasattr(owner, "close_sent") and hasattr(conn, "data_to_send")
    return owner if is_known and hasattr(conn, "send_close") else None
