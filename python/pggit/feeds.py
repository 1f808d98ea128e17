"""The feeds: who hears what, resuming, heartbeats. One Feed serves all clients of the process; it follows the hub."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from time import monotonic, time
from typing import Any, Literal

import msgspec
import psycopg

from pggit.errors import utc_now
from pggit.hub import LOST, Hub
from pggit.listener import Event, Rule
from pggit.peers import AGAIN, AWAY, POLICY, Batch, Peer

_log = logging.getLogger("pggit.feeds")

# "status": who is not known hears how the system is, and nothing else.
Stream = Literal["alerts", "dashboard", "events", "status"]
# Stream, and the channels (or, for server-sent events, the types) that are wanted; none: all.
Group = tuple[Stream, frozenset[str]]

# Seconds between two strokes of the clock, which finds the stalled, the expired and the new.
STROKE = 0.5
HEARTBEAT = 25.0
STATUS = 5.0
# Seconds between two questions whether the keys by which clients came are still good.
KEYS = 2.0
# Seconds to wait for the hub when a client comes; events that are read again for one.
JOIN = 5.0
REPLAY_LIMIT = 10_000
REPLAY_BATCH = 500
# Clients to write to before others get their turn.
TURN = 250

# What the channels of the alerts hold.
CHANNELS = {"critical_alerts": "CRITICAL", "performance_warnings": "WARNING"}
ALERTS = ("alert.raised", "alert.repeated")
ALERT_FIELDS = ("id", "operation_type", "severity", "message")

encode = msgspec.json.encode


def message(kind: str, data: Any = None, position: str | None = None, **more: Any) -> bytes:
    """A message as JSON: its type, the position of who has had it, its data."""
    body: dict[str, Any] = {"type": kind}
    if position:
        body["id"] = position
    if data is not None:
        body["data"] = data
    return encode(body | more)


def alert_message(event: Event) -> bytes:
    """An alert that was raised, or happened again."""
    data = {name: event.data.get(name) for name in ALERT_FIELDS}
    return message("alert", data | {"timestamp": event.created_at}, event.position)


def event_data(event: Event) -> dict[str, Any]:
    """An event as everybody sees it."""
    return {
        "event_id": event.event_id,
        "type": event.type,
        "subject": event.subject,
        "data": event.data,
        "created_at": event.created_at,
    }


def fits(event_type: str, wanted: frozenset[str]) -> bool:
    """Whether a filter takes a type; as pggit.follow_events has it."""
    family = event_type.partition(".")[0] + ".*"
    return not wanted or not wanted.isdisjoint(("*", event_type, family))


def messages(events: Sequence[Event], group: Group) -> list[tuple[str, bytes]]:
    """What a group hears of these events."""
    stream, wanted = group
    if stream == "status":
        return []
    found = []
    for event in events:
        if event.type.startswith("cache."):  # the processes' own business
            continue
        is_alert = event.type in ALERTS
        if stream == "events":
            if fits(event.type, wanted):
                found.append((event.position, encode(event_data(event))))
        elif is_alert:
            severity = event.data.get("severity")
            if not wanted or any(CHANNELS.get(name) == severity for name in wanted):
                found.append((event.position, alert_message(event)))
        elif stream == "dashboard":
            found.append((event.position, message("event", event_data(event), event.position)))
    return found


Status = Callable[[], Awaitable[dict[str, Any]]]
GoodKeys = Callable[[Sequence[int]], Awaitable[Sequence[int]]]
Read = Callable[[str, str, int], Awaitable[Sequence[Event]]]


class Feed:
    """All clients of the process."""

    def __init__(
        self,
        hub: Hub,
        status: Status,
        *,
        good_keys: GoodKeys | None = None,
        heartbeat: float = HEARTBEAT,
        every: float = STATUS,
    ) -> None:
        self._hub = hub
        self._status = status
        self._good_keys = good_keys
        # Both beside the clock: a database that is slow to answer must not stop it.
        self._checking: asyncio.Task[None] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._heartbeat = heartbeat
        self._every = every
        self._groups: dict[Group, set[Peer]] = {}
        self._group_of: dict[Peer, Group] = {}
        self._lagging: set[Peer] = set()
        # Who came since the clock struck last, and has not been told how the system is.
        self._newcomers: set[Peer] = set()
        self._is_passing_on = False
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None
        self._last_status: dict[str, Any] | None = None
        self._told_at = 0.0
        self.position = ""
        self.dropped = 0
        hub.add(self)

    async def open(self) -> None:
        """Start the clock of the feeds."""
        self._task = asyncio.create_task(self._tick(), name="pggit feeds")

    def stop(self) -> None:
        """Tell every client to come again elsewhere; the server is about to end."""
        self._is_closing = True
        for peer in list(self._group_of):
            peer.close(AWAY, "the server is going away")

    async def close(self) -> None:
        """End everything."""
        self.stop()
        for task in (self._task, self._checking, self._telling):
            if task is not None:
                task.cancel()
                await asyncio.wait([task])

    @property
    def is_open(self) -> bool:
        """Whether clients may come."""
        return self._hub.is_live and not self._is_closing

    def __len__(self) -> int:
        return len(self._group_of)

    def on_lag(self, peer: Peer) -> None:
        """A client has not taken all that was written to it."""
        self._lagging.add(peer)

    # -- clients ------------------------------------------------------------------------------

    def _place(self, peer: Peer, group: Group) -> None:
        self._groups.setdefault(group, set()).add(peer)
        self._group_of[peer] = group

    def leave(self, peer: Peer) -> None:
        """Forget a client."""
        group = self._group_of.pop(peer, None)
        if group is not None:
            peers = self._groups[group]
            peers.discard(peer)
            if not peers:
                del self._groups[group]
        self._lagging.discard(peer)
        self._newcomers.discard(peer)

    def regroup(self, peer: Peer, wanted: frozenset[str]) -> None:
        """Let a client hear other channels from here on."""
        stream = self._group_of[peer][0]
        is_new = peer in self._newcomers
        self.leave(peer)
        self._place(peer, (stream, wanted))
        if is_new:
            self._newcomers.add(peer)

    async def join(self, peer: Peer, group: Group, after: str | None, read: Read) -> bool:
        """Let a client hear what happens from now on, and before it what happened since a position; False: closed."""

        def place() -> None:
            peer.position = self.position
            if after is not None:
                peer.held = []
            self._place(peer, group)
            if group[0] != "events":
                self._newcomers.add(peer)

        # From that very point on it hears what happens, so what it missed ends there: nothing is lost between, or doubled.
        if self._is_closing or not await self._hub.catch_up(JOIN, place):
            peer.close(AGAIN, "the stream of events is away: try again")
            return False
        if after is not None:
            await self.replay(peer, group, after, peer.position, read)
            peer.release()
        return True

    async def replay(self, peer: Peer, group: Group, after: str, until: str, read: Read) -> None:
        """Pass on what happened after a position, up to where the client's own stream began."""
        reason = f"more than {REPLAY_LIMIT} events happened meanwhile"
        for _ in range(REPLAY_LIMIT // REPLAY_BATCH):
            try:
                events = await read(after, until, REPLAY_BATCH)
            except psycopg.Error as error:
                if error.sqlstate not in LOST:
                    reason = "the database does not answer"
                    _log.warning("a client could not resume: %s", error)
                else:
                    reason = error.diag.message_primary or str(error)
                break
            if not events:
                return
            after = events[-1].position
            found = messages(events, group)
            if found:
                peer.write(Batch(found))
            # The transport has no word for "it took something".
            while peer.waiting() > 64 * 1024 and peer.closed is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
            if peer.closed is not None:
                return
        peer.say(self._render(group, message("resync", {"reason": reason}, until), until))

    @staticmethod
    def _render(group: Group, payload: bytes, position: str) -> bytes:
        if group[0] != "events":
            return payload
        return b"id: %b\nevent: resync\ndata: %b\n\n" % (position.encode("ascii"), payload)

    # -- what the hub calls -------------------------------------------------------------------

    def start(self, position: str, rules: Sequence[Rule]) -> None:
        """Events before this position may be missing: clients are told to read the state anew."""
        self.position = position
        for peer, group in self._group_of.items():
            data = {"reason": "events are missing"}
            peer.say(self._render(group, message("resync", data, position), position))

    def take(self, events: Sequence[Event]) -> None:
        """Nothing to note."""

    async def pass_on(self, events: Sequence[Event]) -> None:
        """Write the events to all who want them."""
        plan = [(group, list(peers)) for group, peers in self._groups.items()]
        written = 0
        self._is_passing_on = True
        try:
            for group, peers in plan:
                found = messages(events, group)
                if not found:
                    continue
                batch = Batch(found)
                for peer in peers:
                    peer.push(batch)
                    written += 1
                    if written % TURN == 0:
                        await asyncio.sleep(0)
        finally:
            self._is_passing_on = False
        self.position = events[-1].position

    # -- the clock ----------------------------------------------------------------------------

    async def _tick(self) -> None:
        beat_at = status_at = keys_at = monotonic()
        while True:
            await asyncio.sleep(STROKE)
            now = monotonic()
            for peer in [peer for peer in self._lagging if not peer.lags(now)]:
                self._lagging.discard(peer)
                if peer.closed is not None:
                    self.dropped += 1
                    _log.info("a client was cut off: %s", peer.closed[1])
            self._end_expired()
            if now - keys_at >= KEYS and (self._checking is None or self._checking.done()):
                keys_at = now
                self._checking = asyncio.create_task(self._end_revoked(), name="pggit feed keys")
            if now - beat_at >= self._heartbeat and not self._is_passing_on:
                beat_at = now
                self._beat()
            is_due = now - status_at >= self._every and bool(self._group_of)
            if (is_due or self._newcomers) and (self._telling is None or self._telling.done()):
                status_at = now if is_due else status_at
                self._telling = asyncio.create_task(
                    self._tell_status(now), name="pggit feed status"
                )

    def _end_expired(self) -> None:
        now = time()
        for peer in list(self._group_of):
            if peer.expires_at is not None and peer.expires_at <= now:
                peer.close(POLICY, "the token has expired")

    async def _end_revoked(self) -> None:
        asked = {peer.key_id for peer in self._group_of if peer.key_id is not None}
        if self._good_keys is None or not asked:
            return
        try:
            good = set(await self._good_keys(sorted(asked)))
        except (psycopg.Error, OSError, TimeoutError):
            return
        for peer in list(self._group_of):
            if peer.key_id in asked and peer.key_id not in good:
                peer.close(POLICY, "the API key is not valid any more")

    def _beat(self) -> None:
        payload = message("heartbeat", position=self.position, timestamp=utc_now())
        comment = b": heartbeat\nid: %b\n\n" % self.position.encode("ascii")
        for peer, group in self._group_of.items():
            # Who still reads what it missed does not stand where the others stand.
            if peer.held is None:
                peer.say(comment if group[0] == "events" else payload)

    async def _tell_status(self, now: float) -> None:
        # Who comes while PostgreSQL is asked is told with the next.
        newcomers, self._newcomers = self._newcomers, set()
        try:
            status = await self._status()
        except (psycopg.Error, OSError, TimeoutError):
            self._newcomers |= newcomers & self._group_of.keys()
            return
        is_news = status != self._last_status or now - self._told_at >= 6 * self._every
        if is_news:
            self._last_status, self._told_at = status, now
        payload = message("system_status", status)
        for peer, group in self._group_of.items():
            if group[0] != "events" and (is_news or peer in newcomers):
                peer.say(payload)
