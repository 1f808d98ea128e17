"""One round trip: several statements that go to PostgreSQL together and are one transaction there.

libpq's pipeline mode without psycopg's cursors, which cost more than PostgreSQL takes for a small call.
"""

from collections.abc import Sequence
from time import monotonic
from typing import Any

import psycopg
from psycopg import pq
from psycopg.abc import PQGen
from psycopg.adapt import Buffer
from psycopg.waiting import Ready, Wait

# The epoch in which it was prepared, its text, the types of its arguments.
Statement = tuple[int, bytes, tuple[int, ...]]


class Unusable(psycopg.OperationalError):
    """The service's own login may not act for whoever asks: an error of the installation."""


class HungUp(psycopg.OperationalError):
    """The session ended, and the call did nothing, so that another session may do it."""

    sqlstate = "57P01"


class Connection(psycopg.AsyncConnection[dict[str, Any]]):
    """A connection that knows which statements PostgreSQL has parsed on it, and when it was used last."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.prepared: dict[Statement, bytes] = {}
        self.named = 0
        self.used_at = monotonic()
        self.is_dying = False

    def expire(self) -> None:
        """Let the pool close it when it comes back, and make another."""
        self._expire_at = monotonic()

    def hear(self, notice: psycopg.errors.Diagnostic) -> None:
        """Note PostgreSQL's farewell, which an idle connection gets as a notice."""
        self.is_dying |= notice.severity_nonlocalized == "FATAL"


class Pipeline:
    """Statements that go to the server together and are one transaction."""

    def __init__(self, connection: Connection, epoch: int | None) -> None:
        self._connection = connection
        self._pgconn = connection.pgconn
        self._epoch = epoch
        # Of each message: what is prepared if it succeeds.
        self._sent: list[tuple[Statement, bytes] | None] = []

    def send(self, text: bytes, values: Sequence[Buffer | None], types: Sequence[int]) -> None:
        """Add a statement; the first time on this connection, its preparation, too."""
        if self._epoch is None:
            self._pgconn.send_query_params(text, values, types)
            self._sent.append(None)
            return
        key = (self._epoch, text, tuple(types))
        name = self._connection.prepared.get(key)
        if name is None:
            self._connection.named += 1
            name = b"pggit_%d" % self._connection.named
            self._pgconn.send_prepare(name, text, types)
            self._sent.append((key, name))
        self._pgconn.send_query_prepared(name, values)
        self._sent.append(None)

    def exchange(self) -> PQGen[list[pq.abc.PGresult]]:
        """Send what was collected; give the results of the statements, without those of their preparation."""
        pgconn = self._pgconn
        while pgconn.flush():
            if (yield Wait.RW) & Ready.R:
                pgconn.consume_input()
        results: list[pq.abc.PGresult] = []
        number = 0
        while True:
            while pgconn.is_busy():
                yield Wait.R
                pgconn.consume_input()
            result = pgconn.get_result()
            if result is None:
                if pgconn.status == pq.ConnStatus.BAD:
                    if results:  # PostgreSQL's own last words
                        return results
                    raise psycopg.OperationalError("the connection is lost")
                continue
            status = result.status
            if status == pq.ExecStatus.PIPELINE_SYNC:
                return results
            noted = self._sent[number] if number < len(self._sent) else None
            number += 1
            if noted is not None and status == pq.ExecStatus.COMMAND_OK:
                self._connection.prepared[noted[0]] = noted[1]
            else:
                results.append(result)
