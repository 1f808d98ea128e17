"""The door to PostgreSQL: every SQL text of this package stands here, and every call is one function.

`Database` is the service's pool (async), `Session` the shell's single connection (blocking).

A call of the service is one transaction and one round trip: what the transaction needs to know (the role of whoever asks,
their name, the request's id) and the call itself are sent together, in libpq's pipeline mode. Without BEGIN they are one
transaction up to the synchronisation at the end, which commits it, or rolls it back if a part failed (PostgreSQL 55.2.4).
"""

import asyncio
import contextlib
import functools
import random
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from time import monotonic, perf_counter
from typing import Any, TypeVar

import msgspec
import psycopg
from psycopg import pq, sql
from psycopg.abc import Transformer as AnyTransformer
from psycopg.adapt import Buffer, Loader, PyFormat, Transformer
from psycopg.errors import error_from_result
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads

from pggit.errors import RETRIED
from pggit.pipeline import Connection, HungUp, Pipeline, Unusable
from pggit.principal import EVERYONE, NOBODY, SERVICE, Principal, acting
from pggit.settings import Settings

T = TypeVar("T")

ATTEMPTS = 4
CONNECT_TIMEOUT = 5
# Seconds after which a connection that nobody used is asked whether it still works before it is given out.
IDLE = 10.0
# Requests that may wait for a connection; who comes beyond them hears at once that there is none.
WAITING = 1000


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


def _call(
    template: str, function: str, names: Sequence[str], places: Sequence[sql.Composable]
) -> sql.Composed:
    parameters = sql.SQL(", ").join(
        sql.SQL("{}{} => {}").format(
            sql.SQL("VARIADIC " if (function, name) in VARIADIC else ""),
            sql.Identifier("p_" + name),
            place,
        )
        for name, place in zip(names, places, strict=True)
    )
    return sql.SQL(template).format(sql.Identifier("pggit", function), parameters)


@functools.cache
def _statement(template: str, function: str, names: Sequence[str]) -> sql.Composed:
    """A call in named notation; function and names are literals of this package."""
    return _call(template, function, names, [sql.Placeholder(name) for name in names])


@functools.cache
def _numbered(template: str, function: str, names: Sequence[str]) -> bytes:
    """The same with the placeholders of the protocol."""
    places = [sql.SQL(f"${number}") for number in range(1, len(names) + 1)]
    return _call(template, function, names, places).as_bytes()


# For connections that stand elsewhere, as the hub's does.
call_statement = _statement

# Arguments that PostgreSQL takes as an array only where it is told so.
VARIADIC = {("init", "schemas")}

ROWS = "SELECT * FROM {}({})"
VALUE = "SELECT {}({})"
# With what the reading statement saw: whoever keeps the document can tell later what it lacks.
SEEN = "SELECT {}({}), pg_catalog.pg_current_snapshot()::text"
CALL = "CALL {}({})"
NAME_REQUEST = b"SELECT pg_catalog.set_config('application_name', $1, true)"
ACT = (
    b"SELECT pg_catalog.set_config('role', $2, true), pg_catalog.set_config('pggit.author', $3, true), "
    b"pg_catalog.set_config('application_name', $1, true)"
)
# By their names, functions that may be called twice: what they leave behind, if anything, is a measurement.
READS = ("get_", "list_", "find_", "read_", "version")
HAS_REPOSITORY = "SELECT FROM pggit.branches LIMIT 1"
LOCK_SAMPLE = "SELECT pg_advisory_xact_lock(8244711560462188)"
NAME_SESSION = "SELECT pg_catalog.set_config('application_name', %s, false)"
ACT_SESSION = "SELECT pg_catalog.set_config('role', %s, false), pg_catalog.set_config('pggit.author', %s, false)"
RESET_SESSION = "RESET ROLE; RESET pggit.author; RESET application_name"
OPEN_NETWORKS = (
    "SELECT pg_catalog.set_config('pggit.webhook_allowed_networks', %s, false), "
    "pg_catalog.set_config('pggit.webhook_allow_http', %s, false)"
)
STALE = "cached plan must not change result type"
LISTEN = "LISTEN pggit_events"

_JSON = {
    psycopg.adapters.types["json"].oid,
    psycopg.adapters.types["jsonb"].oid,
}


def _dumped(
    transformer: AnyTransformer, arguments: Sequence[Any]
) -> tuple[Sequence[Buffer | None], Sequence[int]]:
    try:
        values = transformer.dump_sequence(arguments, [PyFormat.TEXT] * len(arguments))
    except UnicodeEncodeError as error:
        raise psycopg.DataError(f"text that is no Unicode: {error.reason}") from None
    return values, transformer.types or ()


class Database:
    """The pool of the service. A call is one transaction of whoever asks, named after the request it serves."""

    def __init__(
        self,
        settings: Settings,
        name_of_request: Callable[[], str],
        default: Principal | None = None,
    ) -> None:
        from psycopg_pool import AsyncConnectionPool

        self._name_of_request = name_of_request
        self._authenticates = settings.auth_mode != "none"
        self._default = default or (NOBODY if self._authenticates else EVERYONE)
        self._is_bound = default is not None
        # Where the environment says nothing, the database's own settings hold.
        self._opened: tuple[str, ...] = ()
        if settings.webhook_allowed_networks or settings.webhook_allow_http:
            networks = ",".join(settings.webhook_allowed_networks)
            self._opened = (networks, "on" if settings.webhook_allow_http else "off")
        self._epoch: int | None = 0 if settings.database_prepare else None
        self._pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            settings.database_url,
            connection_class=Connection,
            min_size=min(settings.database_pool_min, settings.pool_max),
            max_size=settings.pool_max,
            max_lifetime=settings.database_pool_recycle,
            max_waiting=WAITING,
            timeout=settings.database_pool_timeout,
            open=False,
            name="pggit",
            configure=self._configure,
            check=self._check,
            kwargs={
                "row_factory": dict_row,
                "connect_timeout": CONNECT_TIMEOUT,
                "application_name": "pggit",
                "client_encoding": "utf8",
                "autocommit": True,
                "prepare_threshold": 5 if settings.database_prepare else None,
            },
        )

    def as_service(self) -> "Database":
        """The same pool for the service's own work, which no request asked for."""
        own = object.__new__(Database)
        own.__dict__.update(self.__dict__)
        own._default = SERVICE if self._authenticates else EVERYONE
        own._is_bound = True
        return own

    async def _configure(self, connection: Connection) -> None:
        _prepare(connection)
        connection.add_notice_handler(connection.hear)
        await connection.execute("SET timezone = 'UTC'")
        if self._opened:
            await connection.execute(OPEN_NETWORKS, self._opened)

    @staticmethod
    async def _check(connection: Connection) -> None:
        """Look whether the server hung up, which costs nothing; ask it only after a long silence."""
        pgconn = connection.pgconn
        pgconn.consume_input()
        if pgconn.is_busy() or connection.is_dying or pgconn.status == pq.ConnStatus.BAD:
            # Unless it is closed on our side, too, the pool takes it back and offers it again.
            pgconn.finish()
            raise psycopg.OperationalError("the server has closed the connection")
        now = monotonic()
        if now - connection.used_at > IDLE:
            await connection.execute("")
        connection.used_at = now

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
            await self._run(VALUE, "version", {})
        return (perf_counter() - started) * 1000

    def _principal(self) -> Principal:
        return self._default if self._is_bound else acting() or self._default

    async def _run(
        self, template: str, function: str, arguments: Mapping[str, Any]
    ) -> tuple[pq.abc.PGresult, AnyTransformer]:
        """One call in a transaction of its own, in one round trip."""
        text = _numbered(template, function, tuple(arguments))
        principal = self._principal()
        values = [
            Jsonb(value) if isinstance(value, dict) else value for value in arguments.values()
        ]

        async def once() -> tuple[pq.abc.PGresult, AnyTransformer]:
            connection = await self._pool.getconn()
            try:
                transformer: AnyTransformer = Transformer(connection)
                dumped, types = _dumped(transformer, values)
                pipeline = Pipeline(connection, self._epoch)
                named = [self._name_of_request().encode()]
                connection.pgconn.enter_pipeline_mode()
                try:
                    if principal.database_role is None:
                        pipeline.send(NAME_REQUEST, named, _TEXT[:1])
                    else:
                        role = principal.database_role.encode()
                        pipeline.send(ACT, [*named, role, principal.name.encode()], _TEXT)
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
                return self._checked(results), transformer
            finally:
                await self._pool.putconn(connection)

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
        return msgspec.convert(_rows(found, transformer), list[result])  # type: ignore[valid-type]

    async def call_one(self, result: type[T], function: str, /, **arguments: Any) -> T:
        """The one row of pggit.<function>."""
        found, transformer = await self._run(ROWS, function, arguments)
        return msgspec.convert(_rows(found, transformer)[0], result)

    async def call_value(self, result: type[T], function: str, /, **arguments: Any) -> T:
        """The value of pggit.<function>; a jsonb value becomes a struct."""
        found, transformer = await self._run(VALUE, function, arguments)
        value = found.get_value(0, 0)
        if found.ftype(0) in _JSON and value is not None:
            return msgspec.json.decode(value, type=result)
        return msgspec.convert(next(iter(_rows(found, transformer)[0].values())), result)

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
        statement = _statement(CALL, function, tuple(arguments))
        principal = self._principal()
        async with self._pool.connection() as connection:
            await connection.execute(NAME_SESSION, [self._name_of_request()])
            try:
                if principal.database_role is not None:
                    await connection.execute(ACT_SESSION, [principal.database_role, principal.name])
                await connection.execute(statement, _arguments(arguments))
            finally:
                try:
                    await connection.execute(RESET_SESSION)
                except BaseException:
                    # A session that could not be reset would serve the next caller with this one's rights.
                    await connection.close()
                    raise


_TEXT = (25, 25, 25)


def _rows(result: pq.abc.PGresult, transformer: AnyTransformer) -> list[dict[str, Any]]:
    transformer.set_pgresult(result)
    names = [(result.fname(number) or b"").decode() for number in range(result.nfields)]
    rows: list[dict[str, Any]] = transformer.load_rows(
        0, result.ntuples, lambda values: dict(zip(names, values, strict=True))
    )
    return rows


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

    def allow_receivers(self, networks: str) -> None:
        """Let this session name webhooks in these networks, and over http."""
        self._connection.execute(OPEN_NETWORKS, [networks, "on"])

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
