"""Every SQL text of the service and the shell, and how values cross to PostgreSQL and back."""

import functools
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import psycopg
from psycopg import pq, sql
from psycopg.abc import Transformer as AnyTransformer
from psycopg.adapt import Buffer, Loader, PyFormat
from psycopg.types.json import Jsonb, set_json_dumps, set_json_loads

CONNECT_TIMEOUT = 5


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


def prepare(connection: psycopg.BaseConnection[Any]) -> None:
    """Let a connection read and write values as pggit has them."""
    connection.adapters.register_loader("bytea", HexLoader)
    connection.adapters.register_dumper(int, _PlainInt)


def as_arguments(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Documents as jsonb."""
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
def statement(template: str, function: str, names: Sequence[str]) -> sql.Composed:
    """A call in named notation; function and names are literals of this package."""
    return _call(template, function, names, [sql.Placeholder(name) for name in names])


@functools.cache
def numbered(template: str, function: str, names: Sequence[str]) -> bytes:
    """The same with the placeholders of the protocol."""
    places = [sql.SQL(f"${number}") for number in range(1, len(names) + 1)]
    return _call(template, function, names, places).as_bytes()


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
# Functions in which code of a branch may run: defaults, checks, casts, index expressions.
RUNS_CODE = {"merge_branch", "preview_branch_merge", "settle_conflict", "finish_merge"}
HAS_REPOSITORY = "SELECT FROM pggit.branches LIMIT 1"
LOCK_SAMPLE = "SELECT pg_advisory_xact_lock(8244711560462188)"
NAME_SESSION = "SELECT pg_catalog.set_config('application_name', %s, false)"
ACT_SESSION = "SELECT pg_catalog.set_config('role', %s, false), pg_catalog.set_config('pggit.author', %s, false)"
OPEN_NETWORKS = (
    "SELECT pg_catalog.set_config('pggit.webhook_allowed_networks', %s, false), "
    "pg_catalog.set_config('pggit.webhook_allow_http', %s, false)"
)
# The types of the arguments of ACT and NAME_REQUEST.
TEXT = (25, 25, 25)
BECOME_LOCAL = "SELECT pg_catalog.set_config('role', %s, true)"
BECOME = "SELECT pg_catalog.set_config('role', %s, false)"
STALE = "cached plan must not change result type"
LISTEN = "LISTEN pggit_events"

JSON = {
    psycopg.adapters.types["json"].oid,
    psycopg.adapters.types["jsonb"].oid,
}


def as_sent(
    transformer: AnyTransformer, arguments: Sequence[Any]
) -> tuple[Sequence[Buffer | None], Sequence[int]]:
    """Values as the protocol takes them, and their types."""
    try:
        values = transformer.dump_sequence(arguments, [PyFormat.TEXT] * len(arguments))
    except UnicodeEncodeError as error:
        raise psycopg.DataError(f"text that is no Unicode: {error.reason}") from None
    return values, transformer.types or ()


def rows_of(result: pq.abc.PGresult, transformer: AnyTransformer) -> list[dict[str, Any]]:
    """Every row of a result by its columns' names."""
    transformer.set_pgresult(result)
    names = [(result.fname(number) or b"").decode() for number in range(result.nfields)]
    rows: list[dict[str, Any]] = transformer.load_rows(
        0, result.ntuples, lambda values: dict(zip(names, values, strict=True))
    )
    return rows
