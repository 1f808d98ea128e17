"""What lives as long as the process: the hub, and those who follow it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from pggit.cache import Cache
from pggit.db import Database
from pggit.feeds import Feed
from pggit.hub import Hub
from pggit.logins import url_as
from pggit.principal import EVERYONE, Principal, Role
from pggit.settings import Settings
from pggit.shared_cache import SharedCache

# Seconds that a write waits, at most, until this process knows what it made stale.
CATCH_UP = 1.0
_READS = ("GET", "HEAD", "OPTIONS")


def principals(settings: Settings) -> Sequence[Principal]:
    """Whoever may ask for a kept answer: one for all, or one a role."""
    if settings.auth_mode == "none":
        return (EVERYONE,)
    return [Principal(name="pggit", role=role, database_role=role.in_database) for role in Role]


def listening_url(settings: Settings) -> str:
    """Where to listen, and as whom: the login itself may have no right but to act for others."""
    url = settings.database_listen_url or settings.database_url
    if settings.auth_mode == "none":
        return url
    return url_as(url, Role.READER)


class Live:
    """The hub, the cache and the feeds of a process, in the order in which they hear of events."""

    def __init__(self, settings: Settings, db: Database) -> None:
        self._db = db.as_service()
        self.hub = Hub(listening_url(settings))
        self.cache = Cache(
            self.hub,
            SharedCache(settings.valkey_url) if settings.valkey_url else None,
            principals=principals(settings),
            max_items=settings.cache_max_items,
            max_bytes=settings.cache_max_bytes,
            ttl=settings.cache_ttl,
        )
        self.feed = Feed(self.hub, self._status, good_keys=self._good_keys)

    async def _good_keys(self, key_ids: Sequence[int]) -> Sequence[int]:
        return await self._db.call_value(list[int], "find_good_keys", key_ids=list(key_ids))

    async def _status(self) -> dict[str, Any]:
        counts = await self._db.call_value(dict[str, int], "feed_status")
        return {"cache_hit_rate": round(self.cache.hit_rate, 4), **counts}

    @contextlib.asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """From the start of the process to its end."""
        await self.hub.open()
        await self.feed.open()
        warming = asyncio.create_task(self.cache.warm_at_start(), name="pggit warming")
        try:
            yield
        finally:
            warming.cancel()
            await asyncio.wait([warming])
            await self.feed.close()
            await self.hub.close()
            await self.cache.close()

    def read_your_writes(self, app: ASGIApp) -> ASGIApp:
        """ASGI middleware: a write is answered when this process has forgotten what the write made stale."""

        async def wrapped(scope: Scope, receive: Receive, send: Send) -> None:
            if cast("Any", scope).get("method", "GET") in _READS:
                await app(scope, receive, send)
                return

            async def send_later(message: Message) -> None:
                # Asked now, not before the write: a reading may have begun meanwhile that does not see it.
                if (
                    message["type"] == "http.response.start"
                    and not self.cache.is_idle
                    and self.hub.is_live
                    and not await self.hub.catch_up(CATCH_UP)
                ):
                    self.hub.doubt()
                await send(message)

            await app(scope, receive, send_later)

        return wrapped
