"""A worker's own connection to PostgreSQL: calls one after the other, or one channel to listen on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import sql
from psycopg.rows import tuple_row
from psycopg.types.json import Jsonb

from pggit.db import retried
from pggit.statements import CONNECT_TIMEOUT, VALUE, prepare, statement

T = TypeVar("T")

# A server that vanished without a word is noticed within seconds, not hours.
KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 3, "keepalives_count": 3}


class Link:
    """Calls of pggit.* on a connection of the worker's own, each in a transaction of its own."""

    def __init__(self, connection: psycopg.AsyncConnection[Any]) -> None:
        self._connection = connection

    async def call_value(self, result: type[T], function: str, /, **arguments: Any) -> T:
        """The value of pggit.<function>; a jsonb value becomes a struct."""
        given = {
            key: Jsonb(value) if isinstance(value, dict | list) else value
            for key, value in arguments.items()
        }
        call = statement(VALUE, function, tuple(arguments))

        async def once() -> Any:
            return await (await self._connection.execute(call, given)).fetchone()

        # Given up for another's sake it left nothing behind, and whoever waits for this worker should not wait for a restart.
        row = await retried(once)
        return msgspec.convert(row[0] if row else None, result)

    async def listen(self, channel: str, heard: asyncio.Event, silence: float = 60.0) -> None:
        """Set the event at each notification, until the connection ends; looks after it in silence."""
        await self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
        heard.set()
        while True:
            async for _ in self._connection.notifies(timeout=silence):
                heard.set()
            await self._connection.execute("")


@asynccontextmanager
async def connected(dsn: str, name: str) -> AsyncIterator[Link]:
    """A connection that ends with the block."""
    connection = await psycopg.AsyncConnection.connect(
        dsn,
        autocommit=True,
        row_factory=tuple_row,
        connect_timeout=CONNECT_TIMEOUT,
        application_name=name,
        client_encoding="utf8",
        **KEEPALIVE,  # type: ignore[arg-type]
    )
    try:
        prepare(connection)
        yield Link(connection)
    finally:
        await connection.close()
