"""The cache that processes share, in Valkey. It may be slow or away: it is asked, never relied on."""

import asyncio
import logging
import re
from time import monotonic
from typing import Any

import msgspec

_log = logging.getLogger("pggit.cache")

# What the contract has for Valkey: connections of a process, seconds for one of them, seconds between two checks of one at rest.
POOL = 20
SOCKET_TIMEOUT = 5.0
HEALTH_CHECK = 30
# Seconds: what Valkey is given at most for one answer to us, and how long it is left alone after it failed.
WAIT = 0.5
REST = 5.0
SNAPSHOT = re.compile(rb"\d+:\d+:(\d+(,\d+)*)?")


class Found(msgspec.Struct, frozen=True):
    """An answer that somebody kept, and how long it is to be kept yet."""

    snapshot: str
    body: bytes
    seconds: float


class SharedCache:
    """A client of Valkey that gives up quickly and comes back by itself."""

    def __init__(self, url: str) -> None:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError
        from redis.retry import Retry  # type: ignore[attr-defined,unused-ignore]

        self.errors = (RedisError, OSError, TimeoutError)
        scheme, separator, rest = url.partition("://")
        known = {"valkey": "redis", "valkeys": "rediss"}
        self.client: Any = Redis(
            connection_pool=BlockingConnectionPool.from_url(
                known.get(scheme, scheme) + separator + rest,
                max_connections=POOL,
                timeout=WAIT,
                socket_timeout=SOCKET_TIMEOUT,
                socket_connect_timeout=SOCKET_TIMEOUT,
                socket_keepalive=True,
                health_check_interval=HEALTH_CHECK,
                retry=Retry(NoBackoff(), 0),
            )
        )
        self._rests_until = 0.0
        self.error: str | None = None

    @property
    def is_resting(self) -> bool:
        """Whether Valkey failed a moment ago and is left alone."""
        return monotonic() < self._rests_until

    def _failed(self, error: Exception) -> None:
        reason = str(error) or type(error).__name__
        if self.error is None:
            _log.warning("the shared cache does not answer: %s", reason)
        self.error = reason
        self._rests_until = monotonic() + REST

    def _worked(self) -> None:
        if self.error is not None:
            _log.info("the shared cache answers again")
            self.error = None

    async def get(self, place: str) -> Found | None:
        """What is kept there, if Valkey says so in time."""
        if self.is_resting:
            return None
        try:
            async with asyncio.timeout(WAIT), self.client.pipeline(transaction=False) as pipe:
                value, left = await pipe.get(place).pttl(place).execute()
        except self.errors as error:
            self._failed(error)
            return None
        self._worked()
        if value is None or left <= 0:
            return None
        snapshot, separator, body = value.partition(b"\n")
        if not separator or SNAPSHOT.fullmatch(snapshot) is None:
            return None
        return Found(snapshot.decode("ascii"), body, left / 1000)

    async def put(self, place: str, snapshot: str, body: bytes, seconds: float) -> None:
        """Keep an answer, if Valkey takes it in time."""
        if self.is_resting:
            return
        try:
            async with asyncio.timeout(WAIT):
                await self.client.set(
                    place, snapshot.encode() + b"\n" + body, px=max(1, int(seconds * 1000))
                )
        except self.errors as error:
            self._failed(error)
            return
        self._worked()

    async def ping(self) -> float | None:
        """Milliseconds of one answer; None if there is none. This one does not spare Valkey."""
        started = monotonic()
        try:
            async with asyncio.timeout(WAIT):
                await self.client.ping()
        except self.errors as error:
            self._failed(error)
            return None
        self._worked()
        self._rests_until = 0.0
        return (monotonic() - started) * 1000

    async def close(self) -> None:
        """Hang up."""
        await self.client.aclose()
        await self.client.connection_pool.disconnect()
