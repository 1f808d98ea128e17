"""Health: always an answer, within seconds, whatever PostgreSQL does."""

from time import monotonic
from typing import Annotated, Any, Literal

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta

from pggit import __version__
from pggit.errors import LATER, utc_now
from pggit.monitor import CacheReading, Monitor, Reading
from pggit.routes import error_spec
from pggit.structs import Answer

HealthStatus = Literal["healthy", "degraded", "unhealthy", "unknown"]


class Check(Answer, frozen=True, kw_only=True, omit_defaults=True):
    """One dependency."""

    status: Literal["healthy", "unhealthy", "not_configured"]
    timestamp: str
    response_time_ms: float | None = None
    error: str | None = None


class Health(Answer, frozen=True, kw_only=True):
    """The service and what it depends on."""

    status: HealthStatus
    service: str
    version: str
    timestamp: str
    uptime: Annotated[float, Meta(description="Seconds since the service started")]
    checks: dict[str, Check]
    checks_summary: Annotated[dict[str, str], Meta(description="checks, each as its status alone")]


class FlatHealth(Answer, frozen=True, kw_only=True):
    """Health with one word per dependency."""

    status: HealthStatus
    timestamp: str
    checks: dict[str, str]
    uptime: float


class Liveness(Answer, frozen=True, kw_only=True):
    """The process answers."""

    status: Literal["healthy"]
    timestamp: str


class DeepDatabase(Answer, frozen=True, kw_only=True):
    """PostgreSQL, asked."""

    status: Literal["connected", "disconnected"]
    response_time_ms: float


class DeepCache(Answer, frozen=True, kw_only=True):
    """The cache."""

    status: Literal["operational", "degraded"]
    hit_rate: float


class DeepWebhooks(Answer, frozen=True, kw_only=True):
    """Outbound webhooks."""

    status: Literal["operational", "degraded", "unknown"]
    active_count: int
    failed_count: int


class DeepHealth(Answer, frozen=True, kw_only=True):
    """Every part, asked."""

    status: HealthStatus
    timestamp: str
    database: DeepDatabase
    cache: DeepCache
    webhooks: DeepWebhooks


STARTED = monotonic()


def _word(is_configured: bool, is_well: bool) -> Literal["healthy", "unhealthy", "not_configured"]:
    if not is_configured:
        return "not_configured"
    return "healthy" if is_well else "unhealthy"


def _checks(database: Reading, cache: CacheReading) -> dict[str, Check]:
    workers = database.facts.workers
    queue = Check(
        status=_word(workers.known > 0, workers.alive > 0),
        timestamp=database.timestamp,
        error="no worker was seen for a minute" if workers.known > workers.alive == 0 else None,
    )
    return {
        "database": Check(
            status="healthy" if database.is_up else "unhealthy",
            timestamp=database.timestamp,
            response_time_ms=database.milliseconds,
            error=database.error,
        ),
        "cache": Check(
            status=_word(cache.is_configured, cache.error is None),
            timestamp=cache.timestamp,
            response_time_ms=None if cache.milliseconds is None else round(cache.milliseconds, 1),
            error=cache.error,
        ),
        # The queue's workers, by their name and by the one that the contract has for them.
        "celery": queue,
        "workers": queue,
        "github_api": Check(status="not_configured", timestamp=database.timestamp),
    }


async def _answer(monitor: Monitor, strict: bool) -> tuple[int, Health]:
    database = await monitor.database()
    checks = _checks(database, await monitor.shared_cache())
    status: HealthStatus = "healthy"
    if any(check.status == "unhealthy" for check in checks.values()):
        status = "unhealthy" if strict and not database.is_up else "degraded"
    return (503 if status == "unhealthy" else 200), Health(
        status=status,
        service="pggit",
        version=__version__,
        timestamp=utc_now(),
        uptime=round(monotonic() - STARTED, 3),
        checks=checks,
        checks_summary={name: check.status for name, check in checks.items()},
    )


def _told(body: Any, status: int) -> Response[Any]:
    headers = {} if status == HTTP_200_OK else {"Retry-After": str(LATER)}
    return Response(body, status_code=status, headers=headers)


_STRICT_503 = {
    200: ResponseSpec(data_container=Health, generate_examples=False, description="Usable"),
    503: ResponseSpec(data_container=Health, generate_examples=False, description="Unhealthy"),
}


@get("/", responses=_STRICT_503 | {400: error_spec(400)}, summary="Health")
async def get_health(
    # One dependency and not two: for several Litestar starts a group of tasks, which costs more than the answer.
    monitor: NamedDependency[Monitor],
    strict: Annotated[
        bool | None, QueryParameter(description="503 when PostgreSQL is away, not 200")
    ] = None,
    shape: Annotated[
        Literal["full", "flat"],
        QueryParameter(name="format", description="flat: one word a check"),
    ] = "full",
) -> Response[Health | FlatHealth]:
    """200 always, `degraded` where something is away; `?strict=true` answers 503 instead."""
    status, body = await _answer(
        monitor, monitor.settings.health_strict if strict is None else strict
    )
    flat = FlatHealth(
        status=body.status, timestamp=body.timestamp, checks=body.checks_summary, uptime=body.uptime
    )
    shapes: dict[str, Health | FlatHealth] = {"full": body, "flat": flat}
    return _told(shapes[shape], status)


@get("/live", summary="Liveness")
async def get_liveness() -> Liveness:
    """The process answers; nothing else is asked."""
    return Liveness(status="healthy", timestamp=utc_now())


@get("/ready", responses=_STRICT_503, summary="Readiness")
async def get_readiness(monitor: NamedDependency[Monitor]) -> Response[Health]:
    """503 while PostgreSQL is away."""
    status, body = await _answer(monitor, True)
    return _told(body, status)


@get(
    "/deep",
    responses={
        200: ResponseSpec(data_container=DeepHealth, generate_examples=False, description="Usable"),
        503: ResponseSpec(
            data_container=DeepHealth, generate_examples=False, description="Unhealthy"
        ),
    },
    summary="Deep health",
)
async def get_deep_health(monitor: NamedDependency[Monitor]) -> Response[DeepHealth]:
    """Every part, asked; 503 while PostgreSQL is away."""
    database = await monitor.database()
    cache = await monitor.shared_cache()
    checks = _checks(database, cache)
    status: HealthStatus = "healthy"
    if any(check.status == "unhealthy" for check in checks.values()):
        status = "degraded" if database.is_up else "unhealthy"
    webhooks = database.facts.webhooks
    state: Literal["operational", "degraded", "unknown"] = "unknown"
    if database.is_up:
        state = "degraded" if webhooks.failed_count else "operational"
    body = DeepHealth(
        status=status,
        timestamp=utc_now(),
        database=DeepDatabase(
            status="connected" if database.is_up else "disconnected",
            response_time_ms=database.milliseconds,
        ),
        cache=DeepCache(
            status="operational" if cache.error is None else "degraded",
            hit_rate=round(monitor.cache.hit_rate, 4),
        ),
        webhooks=DeepWebhooks(
            status=state, active_count=webhooks.active_count, failed_count=webhooks.failed_count
        ),
    )
    return _told(body, 200 if database.is_up else 503)


router = Router(
    path="/health",
    tags=["health"],
    route_handlers=[get_health, get_liveness, get_readiness, get_deep_health],
)
