"""What this process knows about its surroundings: asked seldom, told often.

A health check must stay cheap with many clients and with a pool that is used up, and honest all the same. So the probe has a
connection of its own, and all who ask share one question. What was well a moment ago is said at once while that is under way; for
how a trouble stands, and for news after a silence, one waits.
"""

import asyncio
import contextlib
import logging
import os
import socket
from collections.abc import AsyncIterator
from time import monotonic, perf_counter
from typing import Any

import msgspec
import psycopg
from psycopg.rows import tuple_row

from pggit.cache import Cache
from pggit.db import Database
from pggit.errors import utc_now
from pggit.principal import SERVICE
from pggit.settings import Settings
from pggit.statements import BECOME, VALUE, prepare, statement

_log = logging.getLogger("pggit.monitor")

# Seconds after which one asks again, and up to which a good answer is given meanwhile.
FRESH, STALE = 1.0, 3.0
# Seconds for which the numbers of /metrics hold.
METRICS_FRESH = 5.0


class Workers(msgspec.Struct, frozen=True):
    """Worker processes of the last day, and of the last minute."""

    known: int = 0
    alive: int = 0


class WebhookFacts(msgspec.Struct, frozen=True):
    """Webhooks and deliveries in numbers."""

    active_count: int = 0
    failed_count: int = 0
    delivered: int = 0
    failed: int = 0


class Facts(msgspec.Struct, frozen=True):
    """What pggit.health_facts says."""

    workers: Workers = Workers()
    webhooks: WebhookFacts = WebhookFacts()


class Reading(msgspec.Struct, frozen=True):
    """What PostgreSQL said, and after how long."""

    is_up: bool
    milliseconds: float
    error: str | None
    timestamp: str
    facts: Facts = Facts()


class CacheReading(msgspec.Struct, frozen=True):
    """What Valkey said; None is healthy."""

    is_configured: bool
    error: str | None
    milliseconds: float | None
    timestamp: str


class Probe:
    """One connection beside the pool, made anew after whatever went wrong."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def ask(self) -> tuple[Facts, float]:
        """The answer to one question and its milliseconds, connecting not counted; raises what went wrong."""
        try:
            async with asyncio.timeout(self._settings.health_timeout):
                if self._connection is None or self._connection.closed:
                    self._connection = await self._connect()
                call = statement(VALUE, "health_facts", ())
                started = perf_counter()
                cursor = await self._connection.execute(call)
                row = await cursor.fetchone()
                elapsed = (perf_counter() - started) * 1000
                return msgspec.convert(row[0] if row else {}, Facts), elapsed
        except BaseException:
            await self.close()
            raise

    async def _connect(self) -> psycopg.AsyncConnection[Any]:
        connection = await psycopg.AsyncConnection.connect(
            self._settings.database_url,
            autocommit=True,
            row_factory=tuple_row,
            application_name="pggit health",
            client_encoding="utf8",
            prepare_threshold=1 if self._settings.database_prepare else None,
        )
        prepare(connection)
        if self._settings.auth_mode != "none" and SERVICE.database_role:
            try:
                await connection.execute(BECOME, [SERVICE.database_role])
            except BaseException:
                await connection.close()
                raise
        return connection

    async def close(self) -> None:
        """Hang up."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(psycopg.Error, OSError):
                await connection.close()


class Monitor:
    """The surroundings of one process."""

    def __init__(self, settings: Settings, db: Database, cache: Cache) -> None:
        self.settings = settings
        self.cache = cache
        self.pool = db
        self.name = f"api {socket.gethostname()}:{os.getpid()}"
        self._db = db.as_service()
        self._probe = Probe(settings)
        self._reading: tuple[float, Reading] | None = None
        self._asking: asyncio.Task[Reading] | None = None
        self._cache_reading: tuple[float, CacheReading] | None = None
        self._numbers: tuple[float, dict[str, Any]] | None = None
        self._counting: asyncio.Task[dict[str, Any]] | None = None
        self._reported = True

    @property
    def is_up(self) -> bool:
        """What the last reading said."""
        return self._reading is not None and self._reading[1].is_up

    async def database(self) -> Reading:
        """How PostgreSQL is: a few seconds old at most, and never later than the setting HEALTH_TIMEOUT."""
        known = self._reading
        age = monotonic() - known[0] if known is not None else STALE
        if known is not None and age < FRESH:
            return known[1]
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask(), name="pggit health")
        if known is not None and age < STALE and known[1].is_up:
            return known[1]
        # One who hangs up must not end the question of the others.
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Reading:
        started = perf_counter()
        known = self._reading[1].facts if self._reading is not None else Facts()
        facts = Facts(workers=Workers(known=known.workers.known))
        error, elapsed = None, 0.0
        try:
            facts, elapsed = await self._probe.ask()
        except (psycopg.Error, OSError, msgspec.ValidationError) as caught:
            is_silent = isinstance(caught, (psycopg.OperationalError, OSError))
            error = type(caught).__name__ if is_silent else str(caught)
            error = error or "no answer in time"
            elapsed = (perf_counter() - started) * 1000
        reading = Reading(error is None, round(elapsed, 1), error, utc_now(), facts)
        self._reading = (monotonic(), reading)
        return reading

    async def shared_cache(self) -> CacheReading:
        """How Valkey is, at most a second old."""
        if self._cache_reading is not None and monotonic() - self._cache_reading[0] < FRESH:
            return self._cache_reading[1]
        shared = self.cache.shared
        if shared is None:
            reading = CacheReading(False, None, None, utc_now())
        else:
            milliseconds = await shared.ping()
            error = None if milliseconds is not None else shared.error or "no answer in time"
            reading = CacheReading(True, error, milliseconds, utc_now())
        self._cache_reading = (monotonic(), reading)
        return reading

    async def numbers(self) -> dict[str, Any]:
        """The numbers of the database for /metrics, a few seconds old at most; the last known while it is away."""
        if self._numbers is not None and monotonic() - self._numbers[0] < METRICS_FRESH:
            return self._numbers[1]
        if self._counting is None or self._counting.done():
            self._counting = asyncio.create_task(self._count(), name="pggit metrics")
        return await asyncio.shield(self._counting)

    async def _count(self) -> dict[str, Any]:
        known: dict[str, Any] = self._numbers[1] if self._numbers is not None else {}
        with contextlib.suppress(psycopg.Error, OSError, TimeoutError):
            async with asyncio.timeout(self.settings.health_timeout):
                known = await self._db.call_value(dict, "metrics_facts")
        self._numbers = (monotonic(), known)
        return known

    async def look(self) -> None:
        """Ask, and raise or resolve the alerts that follow from the answer."""
        reading = await self.database()
        if not reading.is_up:
            _log.warning("the database does not answer: %s", reading.error)
            self._reported = False
            return
        shared = await self.shared_cache()
        failing = {} if shared.error is None else {"cache": shared.error}
        if not self._reported:
            # It could not be told while it lasted; nobody should learn of it from the log alone.
            await self._report("degraded", None, {"database": "did not answer"})
        await self._report("degraded" if failing else "healthy", reading.milliseconds, failing)
        self._reported = True

    async def _report(
        self, status: str, milliseconds: float | None, failing: dict[str, str]
    ) -> None:
        await self._db.call_none(
            "report_health",
            source=self.name,
            status=status,
            response_time_ms=milliseconds,
            failing=failing,
        )

    async def _watch(self) -> None:
        while self.settings.health_interval:
            try:
                await self.look()
            except (psycopg.Error, OSError) as error:
                # A standby takes no reports; PostgreSQL away is what the next look finds.
                _log.info("health could not be reported: %s", error)
            except Exception as error:
                _log.error("the health monitor broke", exc_info=error)
            await asyncio.sleep(self.settings.health_interval)

    def forget(self, settings: Settings) -> None:
        """Ask anew, and with these settings."""
        self._probe = Probe(settings)
        self._reading = self._cache_reading = self._numbers = None

    async def close(self) -> None:
        """Hang up."""
        await self._probe.close()

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Look every half a minute, from the start of the process to its end."""
        watching = asyncio.create_task(self._watch(), name="pggit monitor")
        try:
            yield
        finally:
            tasks = [t for t in (watching, self._asking, self._counting) if t is not None]
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            await self.close()
