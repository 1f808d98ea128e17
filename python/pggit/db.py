"""The service's door to PostgreSQL: every call is one function, one transaction and one round trip.

What the transaction needs to know (the role of whoever asks, their name, the request's id) and the call itself are sent together,
in libpq's pipeline mode. Without BEGIN they are one transaction up to the synchronisation at the end, which commits it, or rolls
it back if a part failed (PostgreSQL 55.2.4). The SQL texts are in statements.py, the shell's door is session.py.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from time import monotonic, perf_counter
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import pq
from psycopg.abc import Transformer as AnyTransformer
from psycopg.adapt import Transformer
from psycopg.errors import error_from_result
from psycopg.types.json import Jsonb

from pggit.errors import RETRIED
from pggit.pipeline import HungUp, Pipeline, Unusable
from pggit.pools import Pools
from pggit.principal import EVERYONE, NOBODY, SERVICE, Principal, acting
from pggit.settings import Settings
from pggit.statements import (
    ACT,
    ACT_SESSION,
    CALL,
    JSON,
    NAME_REQUEST,
    NAME_SESSION,
    READS,
    ROWS,
    RUNS_CODE,
    SEEN,
    STALE,
    TEXT,
    VALUE,
    as_arguments,
    as_sent,
    numbered,
    rows_of,
    statement,
)

T = TypeVar("T")

ATTEMPTS = 4


class Database:
    """The pool of the service. A call is one transaction of whoever asks, named after the request it serves."""

    def __init__(
        self,
        settings: Settings,
        name_of_request: Callable[[], str],
        default: Principal | None = None,
    ) -> None:
        self._name_of_request = name_of_request
        self._authenticates = settings.auth_mode != "none"
        self._default = default or (NOBODY if self._authenticates else EVERYONE)
        self._is_bound = default is not None
        self._epoch: int | None = 0 if settings.database_prepare else None
        self._pools = Pools(settings)

    def as_service(self) -> "Database":
        """The same pool for the service's own work, which no request asked for."""
        own = object.__new__(Database)
        own.__dict__.update(self.__dict__)
        own._default = SERVICE if self._authenticates else EVERYONE
        own._is_bound = True
        return own

    async def open(self) -> None:
        """Start filling the pool, without waiting: the service answers while PostgreSQL is away."""
        await self._pools.open()

    async def close(self) -> None:
        """Give the connections back."""
        await self._pools.close()

    def stats(self) -> dict[str, int]:
        """Sizes and waits of the pool."""
        return self._pools.stats()

    async def ping(self, timeout: float) -> float:
        """Milliseconds of one answer from PostgreSQL, or the error, within timeout seconds."""
        started = perf_counter()
        async with asyncio.timeout(timeout):
            await self._run(VALUE, "version", {})
        return (perf_counter() - started) * 1000

    def _principal(self) -> Principal:
        return self._default if self._is_bound else acting() or self._default

    async def _run(
        self, template: str, function: str, arguments: Mapping[str, Any]
    ) -> tuple[pq.abc.PGresult, AnyTransformer]:
        """One call in a transaction of its own, in one round trip."""
        text = numbered(template, function, tuple(arguments))
        principal = self._principal()
        values = [
            Jsonb(value) if isinstance(value, dict) else value for value in arguments.values()
        ]

        async def once() -> tuple[pq.abc.PGresult, AnyTransformer]:
            pool = self._pools.of(principal)
            connection = await pool.getconn()
            try:
                transformer: AnyTransformer = Transformer(connection)
                dumped, types = as_sent(transformer, values)
                pipeline = Pipeline(connection, self._epoch)
                named = [self._name_of_request().encode()]
                connection.pgconn.enter_pipeline_mode()
                try:
                    if principal.database_role is None:
                        pipeline.send(NAME_REQUEST, named, TEXT[:1])
                    else:
                        role = principal.database_role.encode()
                        pipeline.send(ACT, [*named, role, principal.name.encode()], TEXT)
                    pipeline.send(text, dumped, types)
                    connection.pgconn.pipeline_sync()
                    results = await connection.wait(pipeline.exchange())
                    if connection.pgconn.status == pq.ConnStatus.OK:
                        connection.pgconn.exit_pipeline_mode()
                except psycopg.OperationalError as error:
                    connection.pgconn.finish()
                    # Without an answer nobody knows what became of the call; a call that only reads may simply be made again.
                    raise (HungUp(str(error)) if function.startswith(READS) else error) from error
                except BaseException:
                    # Whatever stands half way on the wire, nobody else may read.
                    connection.pgconn.finish()
                    raise
                connection.used_at = monotonic()
                if self._authenticates and function in RUNS_CODE:
                    # What that code left in the session (settings, prepared statements, functions) it left for nobody.
                    connection.expire()
                return self._checked(results), transformer
            finally:
                await pool.putconn(connection)

        return await retried(once)

    def _checked(self, results: list[pq.abc.PGresult]) -> pq.abc.PGresult:
        """The result of the call, or the first error."""
        for number, result in enumerate(results):
            if result.status == pq.ExecStatus.FATAL_ERROR:
                error = error_from_result(result, encoding="utf-8")
                if error.sqlstate == "0A000" and str(error).startswith(STALE):
                    # An upgrade ran meanwhile: every connection parses anew.
                    self._epoch = (self._epoch or 0) + 1
                    raise psycopg.errors.SerializationFailure(str(error)) from error
                if number == 0 and error.sqlstate in ("42501", "22023"):
                    raise Unusable(str(error)) from error
                if number == 0 and error.sqlstate == "57P01":
                    raise HungUp(str(error)) from error
                raise error
        return results[1]

    async def call_list(self, result: type[T], function: str, /, **arguments: Any) -> list[T]:
        """Every row of pggit.<function>."""
        found, transformer = await self._run(ROWS, function, arguments)
        return msgspec.convert(rows_of(found, transformer), list[result])  # type: ignore[valid-type]

    async def call_one(self, result: type[T], function: str, /, **arguments: Any) -> T:
        """The one row of pggit.<function>."""
        found, transformer = await self._run(ROWS, function, arguments)
        return msgspec.convert(rows_of(found, transformer)[0], result)

    async def call_value(self, result: type[T], function: str, /, **arguments: Any) -> T:
        """The value of pggit.<function>; a jsonb value becomes a struct."""
        found, transformer = await self._run(VALUE, function, arguments)
        value = found.get_value(0, 0)
        if found.ftype(0) in JSON and value is not None:
            return msgspec.json.decode(value, type=result)
        return msgspec.convert(next(iter(rows_of(found, transformer)[0].values())), result)

    async def call_json(self, function: str, /, **arguments: Any) -> bytes:
        """The document that pggit.<function> gives, as PostgreSQL writes it: for answers that nobody has to look into."""
        found, _ = await self._run(VALUE, function, arguments)
        return found.get_value(0, 0) or b"null"

    async def call_seen(self, result: type[T], function: str, /, **arguments: Any) -> tuple[T, str]:
        """The document that pggit.<function> gives, and the snapshot in which it was read; see cache.py."""
        found, _ = await self._run(SEEN, function, arguments)
        document = msgspec.json.decode(found.get_value(0, 0) or b"null", type=result)
        return document, (found.get_value(0, 1) or b"").decode("ascii")

    async def call_none(self, function: str, /, **arguments: Any) -> None:
        """pggit.<function>, for its effect."""
        await self._run(VALUE, function, arguments)

    async def call_procedure(self, function: str, /, **arguments: Any) -> None:
        """CALL pggit.<function>: it commits by itself, so no transaction stands around it, and the session is the caller's."""
        call = statement(CALL, function, tuple(arguments))
        principal = self._principal()
        async with self._pools.of(principal).connection() as connection:
            await connection.execute(NAME_SESSION, [self._name_of_request()])
            try:
                if principal.database_role is not None:
                    await connection.execute(ACT_SESSION, [principal.database_role, principal.name])
                await connection.execute(call, as_arguments(arguments))
            finally:
                # It acted as the session; one that is only reset would serve the next caller with what is left.
                connection.expire()


async def retried(once: Callable[[], Awaitable[T]]) -> T:
    """Repeat a transaction that PostgreSQL gave up for another's sake."""
    for attempt in range(1, ATTEMPTS + 1):
        try:
            return await once()
        except HungUp:
            if attempt == ATTEMPTS:
                raise
            continue
        except psycopg.Error as error:
            if error.sqlstate not in RETRIED or attempt == ATTEMPTS:
                raise
        await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311  not a secret
    raise AssertionError("unreachable")
