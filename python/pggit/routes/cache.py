"""The cache: how it does, filling it, emptying it."""

from time import perf_counter
from typing import Annotated, Literal

import msgspec
from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from pggit.cache import Cache
from pggit.db import Database
from pggit.errors import utc_now
from pggit.hub import Hub
from pggit.routes import errors
from pggit.structs import Answer, Request

CATCH_UP = 1.0


class CacheStats(Answer, frozen=True, kw_only=True):
    """Counters of this process since it started."""

    hit_rate: Annotated[float, Meta(ge=0, le=1, description="Hits among all requests")]
    total_requests: int
    cache_hits: int
    cache_misses: int
    evicted_entries: int
    current_size_bytes: int
    max_size_bytes: Annotated[int, Meta(examples=[104857600])]


class Warmed(Answer, frozen=True, kw_only=True):
    """What was read ahead."""

    status: Literal["success"]
    warmed_entries: int
    duration_ms: float
    timestamp: str


class Invalidation(Request, frozen=True, kw_only=True):
    """What to forget."""

    keys: Annotated[
        list[Annotated[str, Meta(min_length=1, max_length=200)]],
        Meta(max_length=1000, description="Keys", examples=[["webhooks_list"]]),
    ] = msgspec.field(default_factory=list)
    pattern: Annotated[
        Annotated[str, Meta(max_length=200)] | None,
        Meta(description="Keys that fit it, too: * and ? as in file names", examples=["alerts_*"]),
    ] = None


class Invalidated(Answer, frozen=True, kw_only=True):
    """What was forgotten."""

    invalidated: Annotated[int, Meta(description="Answers that this process forgot")]
    total_entries: Annotated[int, Meta(description="Answers that it keeps yet")]


class LocalCache(Answer, frozen=True, kw_only=True):
    """The cache in the process."""

    status: Annotated[
        Literal["operational", "bypassed"],
        Meta(description="bypassed: the stream of events is away, so nothing kept is served"),
    ]
    entries: int
    max_entries: int
    current_size_bytes: int
    max_size_bytes: int
    hit_rate: float


class SharedCacheHealth(Answer, frozen=True, kw_only=True):
    """Valkey."""

    status: Literal["operational", "unavailable", "not_configured"]
    response_time_ms: float | None
    error: str | None


class CacheHealth(Answer, frozen=True, kw_only=True):
    """The cache: degraded means slower, never wrong."""

    status: Literal["healthy", "degraded"]
    l1: LocalCache
    l2: SharedCacheHealth
    timestamp: str


@get("/stats", responses=errors(), summary="Cache statistics")
async def get_cache_stats(cache: NamedDependency[Cache]) -> CacheStats:
    """Hits, misses, size; never kept itself."""
    stats = cache.stats
    return CacheStats(
        hit_rate=round(cache.hit_rate, 4),
        total_requests=stats.cache_hits + stats.cache_misses,
        cache_hits=stats.cache_hits,
        cache_misses=stats.cache_misses,
        evicted_entries=stats.evicted_entries,
        current_size_bytes=cache.size,
        max_size_bytes=cache.max_bytes,
    )


@post("/warm", responses=errors(), status_code=HTTP_200_OK, summary="Warm the cache")
async def warm_cache(cache: NamedDependency[Cache]) -> Warmed:
    """Reads ahead what the dashboards ask for; the same happens at the start."""
    started = perf_counter()
    warmed = await cache.warm()
    return Warmed(
        status="success",
        warmed_entries=warmed,
        duration_ms=round((perf_counter() - started) * 1000, 1),
        timestamp=utc_now(),
    )


@post("/invalidate", responses=errors(), status_code=HTTP_200_OK, summary="Invalidate the cache")
async def invalidate_cache(
    db: NamedDependency[Database],
    hub: NamedDependency[Hub],
    cache: NamedDependency[Cache],
    data: JSONBody[Invalidation],
) -> Invalidated:
    """Every process forgets what it keeps under these keys; the numbers are this one's."""
    await db.call_value(int, "invalidate_cache", keys=data.keys, pattern=data.pattern)
    forgotten = cache.invalidate(data.keys, data.pattern)
    await hub.catch_up(CATCH_UP)
    return Invalidated(invalidated=forgotten, total_entries=len(cache))


async def shared_health(cache: Cache) -> SharedCacheHealth:
    """Valkey, asked."""
    if cache.shared is None:
        return SharedCacheHealth(status="not_configured", response_time_ms=None, error=None)
    milliseconds = await cache.shared.ping()
    return SharedCacheHealth(
        status="unavailable" if milliseconds is None else "operational",
        response_time_ms=None if milliseconds is None else round(milliseconds, 1),
        error=cache.shared.error,
    )


@get("/health", responses=errors(), summary="Cache health")
async def get_cache_health(cache: NamedDependency[Cache], hub: NamedDependency[Hub]) -> CacheHealth:
    """200 always; `degraded` where Valkey or the stream of events is away."""
    shared = await shared_health(cache)
    is_whole = hub.is_live and shared.status != "unavailable"
    return CacheHealth(
        status="healthy" if is_whole else "degraded",
        l1=LocalCache(
            status="operational" if hub.is_live else "bypassed",
            entries=len(cache),
            max_entries=cache.max_items,
            current_size_bytes=cache.size,
            max_size_bytes=cache.max_bytes,
            hit_rate=round(cache.hit_rate, 4),
        ),
        l2=shared,
        timestamp=utc_now(),
    )


router = Router(
    path="/cache",
    tags=["cache"],
    route_handlers=[get_cache_stats, warm_cache, invalidate_cache, get_cache_health],
)
