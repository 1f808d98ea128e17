"""The shell's door to PostgreSQL: one blocking connection, on the branch that its search_path says."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pggit.statements import (
    CALL,
    CONNECT_TIMEOUT,
    HAS_REPOSITORY,
    LOCK_SAMPLE,
    OPEN_NETWORKS,
    ROWS,
    VALUE,
    as_arguments,
    prepare,
    statement,
)


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
        prepare(self._connection)

    @property
    def database(self) -> str:
        """The database's name."""
        return self._connection.info.dbname

    def verifier(self, user: str, password: str) -> str:
        """What PostgreSQL keeps of a password, so that the password itself reaches no statement."""
        pgconn = self._connection.pgconn
        return pgconn.encrypt_password(password.encode(), user.encode(), b"scram-sha-256").decode()

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
        call = statement(template, function, tuple(arguments))
        return self._connection.execute(call, as_arguments(arguments))

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
