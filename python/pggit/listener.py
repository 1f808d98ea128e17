"""The one connection of a process that hears NOTIFY and reads the stream of events: its own, direct, to the primary."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

from pggit.statements import CONNECT_TIMEOUT, LISTEN, ROWS, VALUE, statement

# A primary that was fenced or unplugged says nothing: after this many seconds a question to it is lost.
PATIENCE = 5.0


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What happened. position is what its reader passes to go on after it."""

    position: str
    event_id: int
    type: str
    subject: str | None
    data: dict[str, Any]
    created_at: datetime


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A kept answer, and an event that makes it stale."""

    cache_key: str
    event_type: str


class Listener:
    """A connection behind a transaction pooler would not hear, and one to a standby may not listen."""

    def __init__(self, connection: psycopg.AsyncConnection[dict[str, Any]]) -> None:
        self._connection = connection
        # Otherwise psycopg keeps what it heard for somebody who asks; we only want to be woken.
        connection.add_notify_handler(lambda _: None)

    @classmethod
    async def connect(cls, url: str) -> "Listener":
        """Connect and listen: whatever is committed from here on wakes us."""
        connection = await psycopg.AsyncConnection.connect(
            url,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_TIMEOUT,
            application_name="pggit hub",
            client_encoding="utf8",
            target_session_attrs="primary",
            keepalives_idle=5,
            keepalives_interval=2,
            keepalives_count=2,
        )
        listener = cls(connection)
        try:
            async with asyncio.timeout(PATIENCE):
                await connection.execute(LISTEN)
        except BaseException:
            await listener.close()
            raise
        return listener

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()

    async def wait(self, woken: asyncio.Event, seconds: float) -> None:
        """Until PostgreSQL says something (or hangs up), somebody sets woken, or the time is over."""
        loop = asyncio.get_running_loop()
        number = self._connection.fileno()
        loop.add_reader(number, woken.set)
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            pass
        finally:
            loop.remove_reader(number)

    async def call_rows(self, function: str, /, **arguments: Any) -> list[dict[str, Any]]:
        """Every row of pggit.<function>."""
        async with asyncio.timeout(PATIENCE):
            cursor = await self._connection.execute(
                statement(ROWS, function, tuple(arguments)), arguments
            )
            return await cursor.fetchall()

    async def position(self) -> str:
        """The position of now."""
        async with asyncio.timeout(PATIENCE):
            cursor = await self._connection.execute(statement(VALUE, "feed_position", ()))
            row = await cursor.fetchone()
        return str(next(iter((row or {}).values())))

    async def follow(self, after: str, limit: int) -> Sequence[Event]:
        """What is visible now and was not at that position, at most limit of it."""
        rows = await self.call_rows("follow_events", after=after, limit=limit)
        return msgspec.convert(rows, list[Event])

    async def rules(self) -> Sequence[Rule]:
        """Which events make which kept answers stale."""
        return msgspec.convert(await self.call_rows("list_cache_rules"), list[Rule])
