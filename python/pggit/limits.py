"""The one limiter, exact over all routes and replicas, because one place counts: Valkey if configured, else PostgreSQL."""

import asyncio
import ipaddress
import logging
from collections.abc import Sequence
from functools import lru_cache
from time import monotonic, time
from typing import Any

import msgspec

from pggit.db import Database
from pggit.errors import ErrorCode, ErrorResponse, envelope
from pggit.settings import Settings, SettingsError
from pggit.telemetry import request_id

_log = logging.getLogger("pggit.limits")

# Counts unless the window is used up, and says when it ends; one script, so that nobody comes in between.
TAKE = """
local used = tonumber(redis.call('GET', KEYS[1]) or '0')
local limit = tonumber(ARGV[1])
local allowed = 0
if used < limit then
    used = redis.call('INCR', KEYS[1])
    allowed = 1
end
local left = redis.call('PTTL', KEYS[1])
if left < 0 or left > tonumber(ARGV[2]) * 1000 then
    redis.call('PEXPIRE', KEYS[1], ARGV[2] * 1000)
    left = ARGV[2] * 1000
end
return {allowed, used, left}
"""
# Seconds without asking a Valkey that did not answer, and seconds in which it must.
REST = 1.0
PATIENCE = 0.25
_REMEMBERED = 10_000


class Admission(msgspec.Struct, frozen=True):
    """One request, counted or refused."""

    is_allowed: bool
    limit: int
    remaining: int
    reset_at: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """What the caller is told."""
        return [
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % self.reset_at),
        ]


class Admitted(msgspec.Struct, frozen=True):
    """A key, if it is one, and the admission, if there is a limit."""

    key: dict[str, Any] | None
    admission: Admission | None


def too_many(admission: Admission, path: str) -> ErrorResponse:
    """The refusal."""
    return envelope(
        message=f"Too many requests: {admission.limit} are allowed in this time",
        code=ErrorCode.RATE_LIMIT_EXCEEDED,
        status=429,
        path=path,
        request_id=request_id.get(),
        hint="Wait until reset_at.",
        retry_after=max(1, admission.reset_at - int(time())),
        limit=admission.limit,
        remaining=admission.remaining,
        reset_at=admission.reset_at,
    )


class Limiter:
    """Counts requests by principal: user:…, key:… or ip:…."""

    def __init__(self, settings: Settings, database: Database, valkey: Any = None) -> None:
        self._db = database.as_service()
        self.limit = settings.rate_limit_requests
        self.window = settings.rate_limit_window
        # A window that is used up stays so until it ends, whoever asks: nobody has to be asked again.
        self._refused: dict[str, Admission] = {}
        # The client of the shared cache, so that a process has one pool of connections to Valkey.
        self._script: Any = None if valkey is None else valkey.register_script(TAKE)
        self._resting_until = 0.0

    def refused(self, principal: str) -> Admission | None:
        """The refusal that still holds for a principal, if this process knows of one."""
        known = self._refused.get(principal)
        if known is None:
            return None
        if known.reset_at <= time():
            del self._refused[principal]
            return None
        return known

    async def take(self, principal: str, limit: int | None = None) -> Admission:
        """Count one request."""
        limit = self.limit if limit is None else limit
        known = self.refused(principal)
        if known is not None and known.limit == limit:
            return known
        admission = await self._ask_valkey(principal, limit)
        if admission is None:
            admission = await self._db.call_value(
                Admission, "take_request", principal=principal, limit=limit, window=self.window
            )
        return self._noted(principal, admission)

    async def take_key(self, key_hash: str, address: str) -> Admitted:
        """Authenticate a key and count the request: one call where PostgreSQL counts."""
        if self._script is None or monotonic() < self._resting_until:
            found = await self._db.call_value(
                Admitted,
                "admit_key",
                key_hash=key_hash,
                address=address,
                limit=self.limit,
                window=self.window,
            )
            if found.admission is not None:
                self._noted(_principal(found.key, address), found.admission)
            return found
        key = await self.find_key(key_hash)
        limit = self.limit if key is None else self._limit_of(key)
        if limit is None:
            return Admitted(key, None)
        return Admitted(key, await self.take(_principal(key, address), limit))

    async def find_key(self, key_hash: str) -> dict[str, Any] | None:
        """Authenticate a key without counting."""
        kind: Any = dict[str, Any] | None
        found: dict[str, Any] | None = await self._db.call_value(
            kind, "authenticate_key", key_hash=key_hash
        )
        return found

    def _limit_of(self, key: dict[str, Any]) -> int | None:
        """The same as _pggit.limit_of."""
        if key["rate_limit"] is not None:
            return int(key["rate_limit"])
        return {"unlimited": None, "premium": 10 * self.limit}.get(key["tier"], self.limit)

    def _noted(self, principal: str, admission: Admission) -> Admission:
        if not admission.is_allowed:
            if len(self._refused) >= _REMEMBERED:
                self._refused.clear()
            self._refused[principal] = admission
        return admission

    async def _ask_valkey(self, principal: str, limit: int) -> Admission | None:
        """None where there is no Valkey, or it does not answer: then PostgreSQL counts, and nobody is let through uncounted."""
        from redis.exceptions import RedisError

        if self._script is None or monotonic() < self._resting_until:
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                allowed, used, left = await self._script(
                    keys=[f"pggit:rate:{principal}"], args=[limit, self.window]
                )
        except (RedisError, OSError, TimeoutError) as error:
            _log.warning("Valkey does not count, PostgreSQL does: %s", error)
            self._resting_until = monotonic() + REST
            return None
        return Admission(
            is_allowed=bool(allowed),
            limit=limit,
            remaining=max(0, limit - int(used)),
            reset_at=int(time() + int(left) / 1000) + 1,
        )


def _principal(key: dict[str, Any] | None, address: str) -> str:
    return f"ip:{address}" if key is None else f"key:{key['key_id']}"


class Addresses:
    """Where requests come from: the peer, or, behind a proxy that is trusted, whom that proxy names."""

    def __init__(self, trusted: Sequence[str]) -> None:
        try:
            self._trusted = [ipaddress.ip_network(one, strict=False) for one in trusted]
        except ValueError as error:
            raise SettingsError(
                f"TRUSTED_PROXIES must list addresses or networks: {error}"
            ) from None

    def of(self, peer: str, forwarded: str | None) -> str:
        """The address to count by."""
        if self._trusted and forwarded and self._is_trusted(peer):
            # Each proxy appends whom it saw; what stands left of the last one that is trusted, anybody may have written.
            for hop in reversed(forwarded.split(",")):
                peer = hop.strip().removeprefix("[").partition("]")[0]
                if not self._is_trusted(peer):
                    break
        return group_of(peer)

    def _is_trusted(self, peer: str) -> bool:
        try:
            address = ipaddress.ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


@lru_cache(maxsize=4096)
def group_of(peer: str) -> str:
    """An IPv4 address by itself, an IPv6 address by its /64, of which one user has all."""
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return "unknown"
    if address.version == 4:
        return peer
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((int(address) >> 64 << 64, 64)).network_address)
