"""The hub: follows the stream of events once for the whole process, and hands each event to the cache and to the feeds.

Nothing is missed, since what is read comes from the table after a position, and LISTEN stands before the first reading. Nothing
comes twice, since a position is a snapshot: pggit.follow_events gives what is visible now and was not then. NOTIFY only wakes.
"""

import asyncio
import contextlib
import logging
import random
from collections.abc import Callable, Sequence
from time import monotonic
from typing import Protocol

import psycopg

from pggit.listener import Event, Listener, Rule

_log = logging.getLogger("pggit.hub")

POLL = 0.5
BATCH = 500
# Seconds after the last complete reading during which what we know still counts as known.
FRESH = 3.0
# Seconds between two attempts to connect, at first and at most: who lost the stream has caught up within two.
BACKOFF = (0.05, 1.0)
# Positions from which events are missing, or that are none.
LOST = ("VCS30", "VCV30")


class Follower(Protocol):
    """Who follows the stream through the hub."""

    def start(self, position: str, rules: Sequence[Rule]) -> None:
        """Everything before this position is not known: forget what rested on it."""

    def take(self, events: Sequence[Event]) -> None:
        """Note the events; no awaiting, since requests wait for it."""

    async def pass_on(self, events: Sequence[Event]) -> None:
        """Tell others about the events."""


class Hub:
    """One task, one connection. position is where the process stands in the stream."""

    def __init__(self, url: str, *, poll: float = POLL, batch: int = BATCH) -> None:
        self._url = url
        self._poll = poll
        self.batch = batch
        self._followers: list[Follower] = []
        self._woken = asyncio.Event()
        self._asked: list[tuple[asyncio.Future[None], Callable[[], None]]] = []
        self._task: asyncio.Task[None] | None = None
        self._read_at = float("-inf")
        self.position: str | None = None
        self.reconnects = 0
        self.events = 0

    def add(self, follower: Follower) -> None:
        """Let somebody follow, from the start."""
        self._followers.append(follower)

    @property
    def is_live(self) -> bool:
        """Whether everything that was committed a moment ago is known."""
        return monotonic() - self._read_at < FRESH

    async def open(self) -> None:
        """Start, without waiting for PostgreSQL."""
        self._task = asyncio.create_task(self._run(), name="pggit hub")

    async def close(self) -> None:
        """Stop."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self.doubt()

    async def catch_up(
        self, timeout: float, at_that_point: Callable[[], None] = lambda: None
    ) -> bool:
        """Wait until all that is committed before this call is known; False if that takes too long.

        at_that_point is called when it is, before anything else is read.
        """
        asked: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._asked.append((asked, at_that_point))
        self._woken.set()
        try:
            async with asyncio.timeout(timeout):
                await asked
        except TimeoutError:
            return False
        return True

    def doubt(self) -> None:
        """What is known may be old, until the next reading."""
        self._read_at = float("-inf")

    async def _run(self) -> None:
        pause = BACKOFF[0]
        told = False
        while True:
            try:
                listener = await Listener.connect(self._url)
                try:
                    if told:
                        _log.info("the stream of events is followed again")
                        told = False
                    await self._follow(listener)
                finally:
                    await listener.close()
            except (psycopg.Error, OSError, TimeoutError) as error:
                if self.is_live:
                    pause = BACKOFF[0]
                self.doubt()
                if not told and pause > BACKOFF[0]:
                    _log.warning("the stream of events cannot be followed: %s", error)
                    told = True
            self.reconnects += 1
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311  not a secret
            pause = min(pause * 2, BACKOFF[1])

    async def _follow(self, listener: Listener) -> None:
        rules = await listener.rules()
        if self.position is None:
            self._start(await listener.position(), rules)
        while True:
            self._woken.clear()
            asked, self._asked = self._asked, []
            try:
                await self._drain(listener, rules)
            except BaseException:
                # They are told by the next reading that succeeds.
                self._asked = asked + self._asked
                raise
            self._read_at = monotonic()
            for waiting, at_that_point in asked:
                if not waiting.done():
                    at_that_point()
                    waiting.set_result(None)
            if not self._woken.is_set():
                await listener.wait(self._woken, self._poll)

    def _start(self, position: str, rules: Sequence[Rule]) -> None:
        self.position = position
        for follower in self._followers:
            follower.start(position, rules)

    async def _drain(self, listener: Listener, rules: Sequence[Rule]) -> None:
        """Read until a reading that began where a whole batch ended finds no more than it may give."""
        while True:
            position = self.position or ""
            try:
                events = await listener.follow(position, self.batch)
            except psycopg.Error as error:
                if error.sqlstate not in LOST:
                    raise
                _log.warning("events are missing, all that was known is forgotten: %s", error)
                self._start(await listener.position(), rules)
                continue
            if events:
                self.position = events[-1].position
                self.events += len(events)
                for follower in self._followers:
                    follower.take(events)
                for follower in self._followers:
                    await follower.pass_on(events)
            if len(events) < self.batch and position.count("~") == 1:
                return
