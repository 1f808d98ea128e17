"""The door to PostgreSQL: every SQL text of this package stands here, and every call is one function.

`Database` is the service's pool (async), `Session` the shell's single connection (blocking).
"""

import asyncio
import contextlib
import functools
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import sql
from psycopg.adapt import Buffer, Loader
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads

from pggit.errors import RETRIED
from pggit.settings import Settings

T = TypeVar("T")

ATTEMPTS = 4
CONNECT_TIMEOUT = 5
_WAIT = 5.0


class HexLoader(Loader):
    """Hashes cross the API as lower-case hex text."""

    def load(self, data: Buffer) -> str:
        """Take bytea's own hex form without its `\\x`."""
        return bytes(data)[2:].decode("ascii")


class _PlainInt(psycopg.adapt.Dumper):
    """Send numbers untyped, so that PostgreSQL resolves them against the function's parameter."""

    def dump(self, obj: int) -> bytes:
        return str(obj).encode("ascii")


set_json_loads(msgspec.json.decode)
set_json_dumps(msgspec.json.encode)


def _prepare(connection: psycopg.BaseConnection[Any]) -> None:
    connection.adapters.register_loader("bytea", HexLoader)
    connection.adapters.register_dumper(int, _PlainInt)


def _arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: Jsonb(value) if isinstance(value, dict) else value for key, value in arguments.items()
    }


@functools.cache
def _statement(template: str, function: str, names: Sequence[str]) -> sql.Composed:
    """A call in named notation; function and names are literals of this package."""
    parameters = sql.SQL(", ").join(
        sql.SQL("{}{} => {}").format(
            sql.SQL("VARIADIC " if (function, name) in VARIADIC else ""),
            sql.Identifier("p_" + name),
            sql.Placeholder(name),
        )
        for name in names
    )
    return sql.SQL(template).format(sql.Identifier("pggit", function), parameters)


# Arguments that PostgreSQL takes as an array only where it is told so.
VARIADIC = {("init", "schemas")}

ROWS = "SELECT * FROM {}({})"
VALUE = "SELECT {}({})"
CALL = "CALL {}({})"
NAME_REQUEST = "SELECT set_config('application_name', %s, true)"
HAS_REPOSITORY = "SELECT FROM pggit.branches LIMIT 1"
LOCK_SAMPLE = "SELECT pg_advisory_xact_lock(8244711560462188)"
NAME_SESSION = "SELECT set_config('application_name', %s, false)"
PING = "SELECT pggit.version()"


class Database:
    """The pool of the service. A call is one transaction, named after the request it serves."""

    def __init__(self, settings: Settings, name_of_request: Callable[[], str]) -> None:
        from psycopg_pool import AsyncConnectionPool

        self._name_of_request = name_of_request
        self._pool: AsyncConnectionPool[psycopg.AsyncConnection[dict[str, Any]]] = (
            AsyncConnectionPool(
                settings.database_url,
                min_size=min(settings.database_pool_min, settings.pool_max),
                max_size=settings.pool_max,
                max_lifetime=settings.database_pool_recycle,
                timeout=_WAIT,
                open=False,
                name="pggit",
                configure=self._configure,
                check=AsyncConnectionPool.check_connection,
                kwargs={
                    "row_factory": dict_row,
                    "connect_timeout": CONNECT_TIMEOUT,
                    "application_name": "pggit",
                    "client_encoding": "utf8",
                    "autocommit": True,
                },
            )
        )

    @staticmethod
    async def _configure(connection: psycopg.AsyncConnection[dict[str, Any]]) -> None:
        _prepare(connection)
        await connection.execute("SET timezone = 'UTC'")

    async def open(self) -> None:
        """Start filling the pool, without waiting: the service answers while PostgreSQL is away."""
        await self._pool.open(wait=False)

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()

    def stats(self) -> dict[str, int]:
        """Sizes and waits of the pool."""
        return self._pool.get_stats()

    async def ping(self, timeout: float) -> float:
        """Milliseconds of one answer from PostgreSQL, or the error, within timeout seconds."""
        started = perf_counter()
        async with asyncio.timeout(timeout):
            async with self._pool.connection(timeout=timeout) as connection:
                await connection.execute(PING)
        return (perf_counter() - started) * 1000

    async def _run(
        self, statement: sql.Composed, arguments: Mapping[str, Any]
    ) -> list[dict[str, Any]]:
        async def once() -> list[dict[str, Any]]:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(NAME_REQUEST, [self._name_of_request()])
                cursor = await connection.execute(statement, _arguments(arguments))
                return await cursor.fetchall()

        return await retried(once)

    async def call_list(self, result: type[T], function: str, /, **arguments: Any) -> list[T]:
        """Every row of pggit.<function>."""
        rows = await self._run(_statement(ROWS, function, tuple(arguments)), arguments)
        return msgspec.convert(rows, list[result])  # type: ignore[valid-type]

    async def call_one(self, result: type[T], function: str, /, **arguments: Any) -> T:
        """The one row of pggit.<function>."""
        rows = await self._run(_statement(ROWS, function, tuple(arguments)), arguments)
        return msgspec.convert(rows[0], result)

    async def call_value(self, result: type[T], function: str, /, **arguments: Any) -> T:
        """The value of pggit.<function>; a jsonb value becomes a struct."""
        rows = await self._run(_statement(VALUE, function, tuple(arguments)), arguments)
        return msgspec.convert(next(iter(rows[0].values())), result)

    async def call_none(self, function: str, /, **arguments: Any) -> None:
        """pggit.<function>, for its effect."""
        await self._run(_statement(VALUE, function, tuple(arguments)), arguments)

    async def call_procedure(self, function: str, /, **arguments: Any) -> None:
        """CALL pggit.<function>: it commits by itself, so no transaction stands around it."""
        statement = _statement(CALL, function, tuple(arguments))
        async with self._pool.connection() as connection:
            await connection.execute(NAME_SESSION, [self._name_of_request()])
            try:
                await connection.execute(statement, _arguments(arguments))
            finally:
                with contextlib.suppress(psycopg.Error):
                    await connection.execute("RESET application_name")


async def retried(once: Callable[[], Awaitable[T]]) -> T:
    """Repeat a transaction that PostgreSQL gave up for another's sake."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await once()
        except psycopg.Error as error:
            if error.sqlstate not in RETRIED or attempt == ATTEMPTS:
                raise
        await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  not a secret
    raise AssertionError("unreachable")


class Session:
    """The shell's connection: one transaction a call, on the branch that its search_path says."""

    def __init__(self, dsn: str) -> None:
        self.dsn = dsn
        self._connection = psycopg.connect(
            dsn,
            autocommit=True,
            row_factory=dict_row,
            connect_timeout=CONNECT_TIMEOUT,
            fallback_application_name="pggit",
            client_encoding="utf8",
        )
        _prepare(self._connection)

    def close(self) -> None:
        """Give the connection back."""
        self._connection.close()

    def on_notice(self, handler: Callable[[str], None]) -> None:
        """Hand PostgreSQL's notices to the shell."""
        self._connection.add_notice_handler(lambda notice: handler(notice.message_primary or ""))

    def _execute(self, template: str, function: str, arguments: Mapping[str, Any]) -> Any:
        statement = _statement(template, function, tuple(arguments))
        return self._connection.execute(statement, _arguments(arguments))

    def run_once(self, script: str) -> bool:
        """A script in one transaction, unless the database has a repository already."""
        with self._connection.transaction():
            self._connection.execute(LOCK_SAMPLE)
            if self._connection.execute(HAS_REPOSITORY).fetchone() is not None:
                return False
            self._connection.execute(script.encode())
        return True

    def call_list(self, function: str, /, **arguments: Any) -> list[dict[str, Any]]:
        """Every row of pggit.<function>."""
        rows: list[dict[str, Any]] = self._execute(ROWS, function, arguments).fetchall()
        return rows

    def call_one(self, function: str, /, **arguments: Any) -> dict[str, Any]:
        """The one row of pggit.<function>."""
        return self.call_list(function, **arguments)[0]

    def call_value(self, function: str, /, **arguments: Any) -> Any:
        """The value of pggit.<function>."""
        return next(iter(self._execute(VALUE, function, arguments).fetchone().values()))

    def call_procedure(self, function: str, /, **arguments: Any) -> None:
        """CALL pggit.<function>, which commits by itself."""
        self._execute(CALL, function, arguments)


@contextlib.contextmanager
def session(dsn: str) -> Iterator[Session]:
    """A session that ends with the block."""
    opened = Session(dsn)
    try:
        yield opened
    finally:
        opened.close()
