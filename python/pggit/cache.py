"""Answers kept in the process (L1), and in Valkey where there is one (L2).

An answer is kept as the bytes that are sent, with the snapshot in which it was read. It is right as long as that snapshot sees
everything that the hub has seen of the events which make it stale; so nobody has to tell Valkey that an answer is void, and what
Valkey forgets, delays or brings back is not served by mistake. While the hub is away nothing is kept and nothing kept is served.
"""

import asyncio
import contextlib
import contextvars
import functools
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from fnmatch import fnmatchcase
from time import monotonic
from typing import Any, cast

import msgspec
import psycopg
from litestar.types import ASGIApp, Receive, Scope, Send

from pggit.hub import Hub
from pggit.listener import Event, Rule
from pggit.principal import EVERYONE, Principal, act_as, acting
from pggit.shared_cache import SharedCache

_log = logging.getLogger("pggit.cache")

# What an entry costs beyond its bytes: its key, its place in the order.
OVERHEAD = 400
INVALIDATED = "cache.invalidated"

# As routes.kept has them; requests whose answers are found without the router.
_HIT_HEADERS = [
    (b"content-type", b"application/json"),
    (b"cache-control", b"private, no-cache"),
    (b"x-cache", b"HIT"),
]
_KNOWN = 1000

# Seconds for which an answer is kept under each key; others have the default.
TTLS = {"webhooks_list": 120.0, "alerts_summary": 60.0, "dashboard_metrics": 300.0}

Fill = Callable[[], Awaitable[tuple[Any, str]]]
# Key, role, arguments.
Name = tuple[str, str, tuple[object, ...]]

# Which answer the request of this task asked for.
_asked: ContextVar[tuple[str, tuple[object, ...]] | None] = ContextVar("asked", default=None)


class Snapshot:
    """Which transactions somebody has seen: xmin:xmax:xip_list, as PostgreSQL writes it."""

    __slots__ = ("running", "xmax", "xmin")

    def __init__(self, text: str) -> None:
        xmin, xmax, running = text.split(":")
        self.xmin = int(xmin)
        self.xmax = int(xmax)
        self.running = frozenset(map(int, running.split(","))) if running else frozenset[int]()

    def contains(self, other: "Snapshot") -> bool:
        """Whether everything that the other has seen is seen here, too."""
        return self.xmin >= other.xmax or (
            self.xmax >= other.xmax
            and all(xid >= other.xmax or xid in other.running for xid in self.running)
        )


def snapshot_of(position: str) -> Snapshot:
    """What somebody has seen, at most, who stands at a position of the stream."""
    parts = position.split("~")
    return Snapshot(parts[2] if len(parts) == 4 else parts[1])


class Entry(msgspec.Struct, gc=False):
    """A kept answer."""

    body: bytes
    expires: float


class Stats(msgspec.Struct):
    """Counters since the start of the process."""

    cache_hits: int = 0
    cache_misses: int = 0
    evicted_entries: int = 0
    shared_hits: int = 0
    expired: int = 0
    invalidated: int = 0


class Cache:
    """The kept answers of this process; a follower of the hub."""

    def __init__(
        self,
        hub: Hub,
        shared: SharedCache | None = None,
        *,
        principals: Sequence[Principal] = (EVERYONE,),
        max_items: int = 10_000,
        max_bytes: int = 100 * 1024 * 1024,
        ttl: float = 60.0,
    ) -> None:
        self._hub = hub
        self.shared = shared
        self._principals = principals
        self._warm: list[tuple[str, tuple[object, ...], Fill]] = []
        self.max_items = max_items
        self.max_bytes = max_bytes
        self._ttl = ttl
        self._entries: OrderedDict[Name, Entry] = OrderedDict()
        self._names: dict[str, set[Name]] = {}
        self._flights: dict[Name, asyncio.Task[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._exact: dict[str, list[str]] = {}
        self._families: dict[str, list[str]] = {}
        self._epoch = ""
        # A kept answer must have seen this; for some keys, more.
        self._floor: Snapshot | None = None
        self._floors: dict[str, Snapshot] = {}
        self._purge_at = 0.0
        self.size = 0
        self.stats = Stats()
        hub.add(self)

    # -- what handlers call -------------------------------------------------------------------

    async def read(
        self,
        key: str,
        arguments: tuple[object, ...],
        fill: Fill,
        *,
        ttl: float | None = None,
    ) -> tuple[bytes, bool]:
        """The encoded answer, and whether it was kept; fill reads it, with its snapshot, if it was not.

        Requests for one answer that is not kept wait for one reading of it. Whoever acts in another role has answers of its own.
        """
        _asked.set((key, arguments))
        body = self.find(key, arguments)
        if body is not None:
            return body, True
        self.stats.cache_misses += 1
        if not self._hub.is_live:
            value, _ = await fill()
            return msgspec.json.encode(value), False
        name = (key, _role(), arguments)
        flight = self._flights.get(name)
        if flight is None:
            seconds = TTLS.get(key, self._ttl) if ttl is None else ttl
            flight = asyncio.create_task(self._fly(name, fill, seconds))
            self._flights[name] = flight
            flight.add_done_callback(functools.partial(self._landed, name))
        # Who asked first may hang up; the others still get their answer.
        return await asyncio.shield(flight), False

    def find(self, key: str, arguments: tuple[object, ...]) -> bytes | None:
        """The encoded answer, if it is kept in this process."""
        name = (key, _role(), arguments)
        entry = self._entries.get(name)
        if entry is None or not self._hub.is_live:
            return None
        if entry.expires > monotonic():
            self._entries.move_to_end(name)
            self.stats.cache_hits += 1
            return entry.body
        self._forget(name)
        self.stats.expired += 1
        return None

    def answer_kept(self, app: ASGIApp) -> ASGIApp:
        """ASGI middleware before the router: a request that was answered before with a kept answer need not be routed again.

        What a request asks for is what its handler asked for the last time: path and query decide that, and nothing else.
        """
        known: dict[tuple[str, bytes], tuple[Any, str, tuple[object, ...]]] = {}

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            request = cast("dict[str, Any]", scope)
            query: bytes = request.get("query_string", b"")
            if request.get("method") != "GET" or b"token=" in query:
                await app(scope, receive, send)
                return
            target = (request["path"], query)
            if target in known:
                request["path_template"], key, arguments = known[target]
                body = self.find(key, arguments)
                if body is not None:
                    size = b"%d" % len(body)
                    headers = [*_HIT_HEADERS, (b"content-length", size)]
                    await send({"type": "http.response.start", "status": 200, "headers": headers})
                    await send({"type": "http.response.body", "body": body, "more_body": False})
                    return
            _asked.set(None)
            await app(scope, receive, send)
            asked = _asked.get()
            if asked is not None:
                if len(known) >= _KNOWN:
                    known.clear()
                known[target] = (request.get("path_template"), *asked)

        return wrapped

    def warms(self, key: str, arguments: tuple[object, ...], fill: Fill) -> None:
        """Have an answer read ahead, at the start and whenever somebody says so."""
        self._warm.append((key, arguments, fill))

    async def warm(self) -> int:
        """Read ahead, in every role that may ask; how many answers are kept now."""
        tasks = []
        for principal in self._principals:
            context = contextvars.copy_context()
            context.run(act_as, principal)
            for key, arguments, fill in self._warm:
                reading = self.read(key, arguments, fill)
                tasks.append(asyncio.create_task(reading, context=context))
        await asyncio.gather(*tasks)
        return len(tasks) if self._hub.is_live else 0

    async def warm_at_start(self) -> None:
        """Read ahead as soon as the stream is followed."""
        while not await self._hub.catch_up(60.0):
            pass
        with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
            await self.warm()

    def invalidate(self, keys: Sequence[str] = (), pattern: str | None = None) -> int:
        """Forget what is kept under these keys in this process; how many answers that were."""
        chosen = [key for key in self._names if key in keys or _fits(key, pattern)]
        return sum(self._drop(key) for key in chosen)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
        self._names.clear()
        self._flights.clear()
        self.size = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def is_idle(self) -> bool:
        """Whether nothing is kept, or about to be."""
        return not self._entries and not self._flights

    @property
    def hit_rate(self) -> float:
        """Hits among all requests, 0 to 1."""
        total = self.stats.cache_hits + self.stats.cache_misses
        return self.stats.cache_hits / total if total else 0.0

    async def close(self) -> None:
        """Let go of what is under way."""
        for task in [*self._flights.values(), *self._tasks]:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await task
        if self.shared is not None:
            await self.shared.close()

    # -- what the hub calls -------------------------------------------------------------------

    def start(self, position: str, rules: Sequence[Rule]) -> None:
        """Nothing that was kept before is known to be right."""
        self.clear()
        self._epoch = position.partition("~")[0]
        self._floor = snapshot_of(position)
        self._floors = {}
        self._exact, self._families = {}, {}
        for rule in rules:
            family, _, rest = rule.event_type.partition(".")
            if rest == "*":
                self._families.setdefault(family, []).append(rule.cache_key)
            else:
                self._exact.setdefault(rule.event_type, []).append(rule.cache_key)

    def take(self, events: Sequence[Event]) -> None:
        """Forget what these events make stale, and refuse what was read before them."""
        stale: set[str] = set()
        seen = snapshot_of(events[-1].position)
        for event in events:
            stale.update(self._exact.get(event.type, ()))
            stale.update(self._families.get(event.type.partition(".")[0], ()))
            if event.type == INVALIDATED:
                stale.update(event.data.get("keys") or ())
                if (pattern := event.data.get("pattern")) is not None:
                    stale.update(key for key in self._names if _fits(key, pattern))
                    # Which keys Valkey holds we do not know.
                    self._floor = seen
        for key in stale:
            self._floors[key] = seen
            self.stats.invalidated += self._drop(key)
        if monotonic() > self._purge_at:
            self.purge()

    async def pass_on(self, events: Sequence[Event]) -> None:
        """Nobody is told."""

    # -- within -------------------------------------------------------------------------------

    def _is_right(self, key: str, snapshot: Snapshot) -> bool:
        return (
            self._hub.is_live
            and self._floor is not None
            and snapshot.contains(self._floor)
            and (key not in self._floors or snapshot.contains(self._floors[key]))
        )

    async def _fly(self, name: Name, fill: Fill, ttl: float) -> bytes:
        key, role, arguments = name
        place = ""
        if self.shared is not None:
            digest = hashlib.blake2b(repr(arguments).encode(), digest_size=16).hexdigest()
            place = f"pggit:{self._epoch}:{key}:{role}:{digest}"
            found = await self.shared.get(place)
            if found is not None and self._is_right(key, Snapshot(found.snapshot)):
                self.stats.cache_misses -= 1
                self.stats.cache_hits += 1
                self.stats.shared_hits += 1
                self._keep(name, found.body, min(ttl, found.seconds))
                return found.body
        value, text = await fill()
        body = msgspec.json.encode(value)
        if self._is_right(key, Snapshot(text)) and ttl > 0:
            self._keep(name, body, ttl)
            if self.shared is not None:
                task = asyncio.create_task(self.shared.put(place, text, body, ttl))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return body

    def _landed(self, name: Name, flight: asyncio.Task[bytes]) -> None:
        if self._flights.get(name) is flight:
            del self._flights[name]
        if not flight.cancelled():
            flight.exception()  # everybody who waited may have hung up

    def _keep(self, name: Name, body: bytes, ttl: float) -> None:
        if len(body) + OVERHEAD > self.max_bytes:
            return
        if name in self._entries:
            self._forget(name)
        self._entries[name] = Entry(body, monotonic() + ttl)
        self._names.setdefault(name[0], set()).add(name)
        self.size += len(body) + OVERHEAD
        while len(self._entries) > self.max_items or self.size > self.max_bytes:
            self._forget(next(iter(self._entries)))
            self.stats.evicted_entries += 1

    def _forget(self, name: Name) -> None:
        self.size -= len(self._entries.pop(name).body) + OVERHEAD
        names = self._names[name[0]]
        names.discard(name)
        if not names:
            del self._names[name[0]]

    def _drop(self, key: str) -> int:
        # Who asks from here on must not wait for a reading that began before.
        for name in [name for name in self._flights if name[0] == key]:
            del self._flights[name]
        names = list(self._names.get(key, ()))
        for name in names:
            self._forget(name)
        return len(names)

    def purge(self) -> None:
        """Forget what has expired."""
        now = monotonic()
        self._purge_at = now + self._ttl
        for name in [name for name, entry in self._entries.items() if entry.expires <= now]:
            self._forget(name)
            self.stats.expired += 1


def _role() -> str:
    """What PostgreSQL lets the asker see; where nobody is asked who they are, all see the same."""
    principal = acting()
    return (principal.database_role if principal is not None else None) or ""


def _fits(key: str, pattern: str | None) -> bool:
    return pattern is not None and fnmatchcase(key, pattern)
