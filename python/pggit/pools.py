"""The connections of the service: one pool for all, or one for the service itself and one for each role.

Code of a branch (a default, a check, a function in an index) runs when a merge over REST applies it, in the session of whoever
merges, and can say RESET ROLE there. What it gains is the session's login. So where callers are told apart, each role has logins
of its own, which may become nobody but that role; PostgreSQL is asked for every connection whether that is so.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from time import monotonic
from typing import TYPE_CHECKING

import psycopg
from psycopg import pq
from psycopg.rows import dict_row

from pggit.pipeline import Connection, Unusable
from pggit.principal import Principal, Role
from pggit.settings import Settings
from pggit.statements import (
    BECOME_LOCAL,
    CONNECT_TIMEOUT,
    OPEN_NETWORKS,
    VALUE,
    prepare,
    statement,
)

if TYPE_CHECKING:
    from psycopg_pool import AsyncConnectionPool

_log = logging.getLogger("pggit.db")

# Seconds after which a connection that nobody used is asked whether it still works before it is given out.
IDLE = 10.0
# Requests that may wait for a connection; who comes beyond them hears at once that there is none.
WAITING = 1000
# Of the connections allowed, what each role and the service itself may have.
SHARES = {Role.READER: 0.3, Role.WRITER: 0.2, Role.ADMIN: 0.2}
SERVICE_SHARE = 0.3
# Seconds for which a login that was found unfit is not tried again.
REST = 5.0


class Pools:
    """Where to find a connection for whom."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        # Where the environment says nothing, the database's own settings hold.
        self._opened: tuple[str, ...] = ()
        if settings.webhook_allowed_networks or settings.webhook_allow_http:
            networks = ",".join(settings.webhook_allowed_networks)
            self._opened = (networks, "on" if settings.webhook_allow_http else "off")
        self.are_apart = bool(settings.database_role_url) and settings.auth_mode != "none"
        self._unfit: dict[str, float] = {}
        self._of_role: dict[str, AsyncConnectionPool[Connection]] = {}
        share = SERVICE_SHARE if self.are_apart else 1.0
        self._own = self._pool(settings.database_url, share, self._configure)
        for role in Role if self.are_apart else ():
            url = settings.database_role_url.replace("{role}", role.value)
            self._of_role[role.in_database] = self._pool(url, SHARES[role], self._fit(role))

    def _pool(
        self, url: str, share: float, configure: Callable[[Connection], Awaitable[None]]
    ) -> "AsyncConnectionPool[Connection]":
        from psycopg_pool import AsyncConnectionPool

        settings = self._settings
        most = max(1, round(settings.pool_max * share))
        return AsyncConnectionPool(
            url,
            connection_class=Connection,
            min_size=min(max(1, round(settings.database_pool_min * share)), most),
            max_size=most,
            max_lifetime=settings.database_pool_recycle,
            max_waiting=WAITING,
            timeout=settings.database_pool_timeout,
            open=False,
            name="pggit",
            configure=configure,
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

    async def _configure(self, connection: Connection) -> None:
        prepare(connection)
        connection.add_notice_handler(connection.hear)
        await connection.execute("SET timezone = 'UTC'")
        if self._opened:
            await connection.execute(OPEN_NETWORKS, self._opened)

    def _fit(self, role: Role) -> Callable[[Connection], Awaitable[None]]:
        async def configure(connection: Connection) -> None:
            await self._configure(connection)
            try:
                async with connection.transaction():
                    await connection.execute(BECOME_LOCAL, [role.in_database])
                    call = statement(VALUE, "check_login", ("role",))
                    await connection.execute(call, {"role": role.value})
            except psycopg.errors.InvalidSchemaName:
                pass  # where pggit is not installed there is nothing to protect
            except psycopg.errors.InsufficientPrivilege as error:
                if role.in_database not in self._unfit:
                    _log.error("DATABASE_ROLE_URL for %s: %s", role, error)
                self._unfit[role.in_database] = monotonic()
                raise
            self._unfit.pop(role.in_database, None)

        return configure

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

    def of(self, principal: Principal) -> "AsyncConnectionPool[Connection]":
        """The pool whose sessions are no more than the principal."""
        if principal.kind == "service" or principal.database_role is None:
            return self._own
        pool = self._of_role.get(principal.database_role)
        if pool is None:
            return self._own
        if monotonic() - self._unfit.get(principal.database_role, -REST) < REST:
            raise Unusable(f"the login for {principal.database_role} is unfit")
        return pool

    def _all(self) -> "Iterator[AsyncConnectionPool[Connection]]":
        yield self._own
        yield from self._of_role.values()

    async def open(self) -> None:
        """Start filling the pools, without waiting: the service answers while PostgreSQL is away."""
        for pool in self._all():
            await pool.open(wait=False)

    async def close(self) -> None:
        """Give the connections back."""
        await asyncio.gather(*(pool.close() for pool in self._all()))

    def stats(self) -> dict[str, int]:
        """Sizes and waits of all of them together."""
        total: dict[str, int] = {}
        for pool in self._all():
            for name, number in pool.get_stats().items():
                total[name] = total.get(name, 0) + number
        return total
