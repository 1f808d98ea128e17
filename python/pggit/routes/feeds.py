"""The live feeds: two WebSockets, the same stream as server-sent events, and its pages."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, cast

import msgspec
from litestar import Request, Response, Router, WebSocket, get, websocket
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.exceptions import HTTPException, WebSocketDisconnect
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter
from litestar.types import Receive, Scope, Send
from msgspec import Meta

from pggit.db import Database
from pggit.feeds import CHANNELS, Feed, Group, Stream, message
from pggit.listener import Event
from pggit.peers import (
    NORMAL,
    POLICY,
    TRANSPORT,
    Peer,
    QueuePeer,
    SocketPeer,
    writable_socket,
)
from pggit.principal import Principal
from pggit.routes import Limit, errors
from pggit.settings import Settings
from pggit.structs import Answer

# Where the gate before the router leaves who asks, or why that is not known.
PRINCIPAL = "pggit.principal"
REASON = "pggit.unauthenticated"

# Milliseconds after which a client of server-sent events comes again.
RETRY = 1000


class FeedEvent(Answer, frozen=True, kw_only=True):
    """What happened."""

    position: Annotated[str, Meta(description="Pass it as `after` to go on after this event")]
    event_id: int
    type: Annotated[str, Meta(examples=["merge.completed"])]
    subject: str | None
    data: dict[str, Any]
    created_at: datetime


class FeedPage(Answer, frozen=True, kw_only=True):
    """Events after a position, oldest first."""

    items: list[FeedEvent]
    position: Annotated[str, Meta(description="Where to go on")]


class ClientFrame(msgspec.Struct, frozen=True):
    """What a client of a WebSocket may say."""

    type: str
    channels: list[str] | None = None
    last_event_id: str | None = None


def _reader(db: Database) -> Callable[[str, str, int], Awaitable[Sequence[Event]]]:
    async def read(after: str, until: str, limit: int) -> Sequence[Event]:
        return await db.call_list(Event, "follow_events", after=after, limit=limit, until=until)

    return read


class Conversation:
    """One WebSocket and what its client says."""

    def __init__(self, feed: Feed, db: Database, peer: Peer, stream: Stream) -> None:
        self._feed = feed
        self._peer = peer
        self._stream: Stream = stream
        self._read = _reader(db)
        self._began = ""
        self._wanted: frozenset[str] = frozenset()

    async def begin(self, after: str | None) -> bool:
        """Join the feed; False if it is away."""
        is_in = await self._feed.join(self._peer, self._group, after, self._read)
        self._began = self._peer.position
        return is_in

    @property
    def _group(self) -> Group:
        return (self._stream, self._wanted)

    async def hear(self, text: str | bytes) -> None:
        """Answer one frame."""
        try:
            frame = msgspec.json.decode(text, type=ClientFrame)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            self._refuse("INVALID_FRAME", str(error))
            return
        if frame.type == "ping":
            self._peer.say(message("pong", position=self._peer.position))
        elif frame.type == "subscribe":
            await self._subscribe(frame)
        elif frame.type != "pong":
            self._refuse("UNKNOWN_TYPE", f'a frame is "subscribe" or "ping", not "{frame.type}"')

    async def _subscribe(self, frame: ClientFrame) -> None:
        if self._stream == "status":
            self._refuse("UNAUTHORIZED", "alerts are for those who are known: a token is required")
            return
        channels = frame.channels
        unknown = sorted(set(channels or ()) - set(CHANNELS))
        if unknown:
            known = ", ".join(CHANNELS)
            self._refuse("UNKNOWN_CHANNEL", f"{', '.join(unknown)}: there are {known}")
            return
        if channels is not None:
            self._wanted = frozenset(channels)
            self._feed.regroup(self._peer, self._wanted)
        stands = self._peer.position
        if frame.last_event_id:
            # What came since it joined it has had; before that, it says from where.
            self._peer.held = []
            try:
                await self._feed.replay(
                    self._peer, self._group, frame.last_event_id, self._began, self._read
                )
            finally:
                # Where it stood before: the messages that it missed are older than those it had.
                self._peer.position = stands
                self._say_subscribed()
                self._peer.release()
        else:
            self._say_subscribed()

    def _say_subscribed(self) -> None:
        position, channels = self._peer.position, sorted(self._wanted)
        self._peer.say(message("subscribed", position=position, channels=channels))

    def _refuse(self, code: str, text: str) -> None:
        self._peer.say(message("error", {"code": code, "message": text}))


async def _converse(socket: WebSocket[Any, Any, Any], talk: Conversation) -> None:
    with contextlib.suppress(WebSocketDisconnect):
        while True:
            event = await socket.receive()
            if event["type"] != "websocket.receive":
                return
            await talk.hear(event.get("text") or event.get("bytes") or b"")


def _know(peer: Peer, principal: Principal | None) -> None:
    """A feed ends with the token or the key by which it was opened."""
    if principal is not None:
        peer.expires_at = principal.expires_at
        peer.key_id = principal.key_id


def _is_anonymous(socket: WebSocket[Any, Any, Any], cookie: str) -> bool:
    """Whether it did not even try to say who it is."""
    return not (
        {"authorization", "x-api-key"} & set(socket.headers)
        or "token" in socket.query_params
        or cookie in socket.cookies
    )


async def _serve(
    socket: WebSocket[Any, Any, Any],
    feed: Feed,
    db: Database,
    settings: Settings,
    stream: Stream,
) -> None:
    await socket.accept()
    found = cast("dict[str, Any]", socket.scope)
    reason: str | None = found.get(REASON)
    if reason is not None:
        if stream != "alerts" or not _is_anonymous(socket, settings.session_cookie):
            await socket.close(POLICY, reason)
            return
        stream = "status"
    principal: Principal | None = found.get(PRINCIPAL)
    protocol = writable_socket(socket.scope)
    after = None if stream == "status" else socket.query_params.get("last_event_id")
    if protocol is not None:
        peer: Peer = SocketPeer(feed.on_lag, protocol)
        _know(peer, principal)
        talk = Conversation(feed, db, peer, stream)
        try:
            if await talk.begin(after):
                await _converse(socket, talk)
        finally:
            feed.leave(peer)
        return

    async def send(data: bytes) -> None:
        await socket.send({"type": "websocket.send", "bytes": None, "text": data.decode()})

    queue = QueuePeer(feed.on_lag, send, None, is_joined=False)
    _know(queue, principal)
    talk = Conversation(feed, db, queue, stream)
    hearing: asyncio.Task[None] | None = None
    try:
        if await talk.begin(after):
            hearing = asyncio.create_task(_converse(socket, talk))
            hearing.add_done_callback(lambda _: queue.close(NORMAL, "the client is gone"))
            with contextlib.suppress(WebSocketDisconnect, OSError):
                await queue.run()
    finally:
        feed.leave(queue)
        if hearing is not None:
            is_gone = hearing.done()
            hearing.cancel()
            await asyncio.wait([hearing])
        else:
            is_gone = False
        if not is_gone and queue.closed is not None:
            with contextlib.suppress(WebSocketDisconnect, RuntimeError):
                await socket.close(*queue.closed)


@websocket("/alerts")
async def follow_alerts(
    socket: WebSocket[Any, Any, Any],
    feed: NamedDependency[Feed],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> None:
    """Alerts as they are raised; who is not known hears how the system is."""
    await _serve(socket, feed, db, settings, "alerts")


@websocket("/dashboard")
async def follow_dashboard(
    socket: WebSocket[Any, Any, Any],
    feed: NamedDependency[Feed],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
) -> None:
    """Everything that happens, and how the system is."""
    await _serve(socket, feed, db, settings, "dashboard")


class EventStream:
    """An ASGI application: one client of the server-sent events."""

    def __init__(self, feed: Feed, db: Database, group: Group, after: str | None) -> None:
        self._feed = feed
        self._db = db
        self._group = group
        self._after = after

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until the client, the token or the server is gone."""
        await send(
            {
                "type": "http.response.start",
                "status": 200,
                "headers": [
                    (b"content-type", b"text/event-stream; charset=utf-8"),
                    (b"cache-control", b"no-cache"),
                    (b"x-accel-buffering", b"no"),
                ],
            }
        )

        async def write(data: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": data, "more_body": more})

        await write(b"retry: %d\n\n" % RETRY)
        owner: Any = scope.get(TRANSPORT)
        peer = QueuePeer(
            self._feed.on_lag, write, getattr(owner, "transport", None), is_joined=True
        )
        principal: Principal | None = cast("dict[str, Any]", scope).get(PRINCIPAL)
        _know(peer, principal)

        async def watch() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass
            peer.close(NORMAL, "the client is gone")

        watching = asyncio.create_task(watch())
        try:
            running = asyncio.create_task(peer.run())
            try:
                await self._feed.join(peer, self._group, self._after, _reader(self._db))
                await running
            finally:
                running.cancel()
        finally:
            self._feed.leave(peer)
            watching.cancel()
            await asyncio.wait([watching, running])
        with contextlib.suppress(OSError):
            await write(b"", more=False)


class EventStreamResponse(Response[bytes]):
    """Answers with an EventStream."""

    def __init__(self, stream: EventStream) -> None:
        super().__init__(b"", media_type="text/event-stream")
        self._stream = stream

    def to_asgi_response(self, *_: Any, **__: Any) -> Any:
        """Give the application that streams."""
        return self._stream


Types = Annotated[
    str | None,
    QueryParameter(
        description='Only these types of events, separated by commas; "merge.*" fits all of a kind'
    ),
]


def _types(text: str | None) -> list[str]:
    return [part.strip() for part in (text or "").split(",") if part.strip()]


@get("/", responses=errors(409), summary="List events")
async def list_events(
    db: NamedDependency[Database],
    after: Annotated[
        str | None, QueryParameter(description="A position; without it, all that are kept")
    ] = None,
    types: Types = None,
    limit: Limit = 100,
) -> FeedPage:
    """What happened after a position, oldest first, each event once; events are kept for a week."""
    return await db.call_value(
        FeedPage, "list_feed", after=after, types=_types(types) or None, limit=limit
    )


_STREAM = {
    **errors(),
    200: ResponseSpec(
        data_container=str,
        media_type=MediaType.TEXT,
        generate_examples=False,
        description="Server-sent events (text/event-stream): id is a position, data an event as JSON",
    ),
}


@get("/stream", responses=_STREAM, summary="Follow events")
async def stream_events(
    request: Request[Any, Any, Any],
    feed: NamedDependency[Feed],
    db: NamedDependency[Database],
    types: Types = None,
    last_event_id: Annotated[
        str | None, QueryParameter(description="The position to go on after")
    ] = None,
    resume: Annotated[
        str | None,
        HeaderParameter(name="Last-Event-ID", description="The same, as browsers send it"),
    ] = None,
) -> Response[bytes]:
    """Server-sent events: what happens from now on, or from a position on."""
    if not feed.is_open:
        raise HTTPException(status_code=503, detail="the stream of events is away")
    group: Group = ("events", frozenset(_types(types)))
    return EventStreamResponse(EventStream(feed, db, group, resume or last_event_id))


router = Router(path="/events", tags=["feeds"], route_handlers=[list_events, stream_events])
sockets = Router(path="/ws", route_handlers=[follow_alerts, follow_dashboard])
