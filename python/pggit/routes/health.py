"""Health: always an answer, within seconds, whatever PostgreSQL does."""

from dataclasses import dataclass
from time import monotonic
from typing import Annotated, Literal

import psycopg
from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter
from msgspec import Meta

from pggit import __version__
from pggit.db import Database
from pggit.errors import utc_now
from pggit.settings import Settings
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

    status: Literal["operational", "not_configured"]
    hit_rate: float


class DeepWebhooks(Answer, frozen=True, kw_only=True):
    """Outbound webhooks."""

    status: Literal["operational", "not_configured"]
    active_count: int
    failed_count: int


class DeepHealth(Answer, frozen=True, kw_only=True):
    """Every part, asked."""

    status: HealthStatus
    timestamp: str
    database: DeepDatabase
    cache: DeepCache
    webhooks: DeepWebhooks


_STARTED = monotonic()
_OPTIONAL = ("cache", "celery", "github_api")
_DOWN: dict[bool, tuple[int, HealthStatus]] = {False: (200, "degraded"), True: (503, "unhealthy")}
_UP: tuple[int, HealthStatus] = (200, "healthy")


@dataclass(frozen=True)
class Probe:
    """What PostgreSQL said, and after how long."""

    is_up: bool
    milliseconds: float
    error: str | None


async def probe(db: Database, timeout: float) -> Probe:
    """Ask PostgreSQL, for at most timeout seconds."""
    started = monotonic()
    try:
        elapsed = await db.ping(timeout)
    except (psycopg.Error, OSError) as error:
        reason = type(error).__name__ if isinstance(error, psycopg.OperationalError) else str(error)
        return Probe(False, round((monotonic() - started) * 1000, 1), reason or "no answer in time")
    return Probe(True, round(elapsed, 1), None)


def _health(found: Probe, status: HealthStatus) -> Health:
    now = utc_now()
    database = Check(
        status="healthy" if found.is_up else "unhealthy",
        timestamp=now,
        response_time_ms=found.milliseconds,
        error=found.error,
    )
    checks = {"database": database} | {
        name: Check(status="not_configured", timestamp=now) for name in _OPTIONAL
    }
    return Health(
        status=status,
        service="pggit",
        version=__version__,
        timestamp=now,
        uptime=round(monotonic() - _STARTED, 3),
        checks=checks,
        checks_summary={name: check.status for name, check in checks.items()},
    )


async def _answer(db: Database, settings: Settings, strict: bool) -> tuple[int, Health]:
    found = await probe(db, settings.health_timeout)
    status, word = _UP if found.is_up else _DOWN[strict]
    return status, _health(found, word)


_STRICT_503 = {
    200: ResponseSpec(data_container=Health, generate_examples=False, description="Usable"),
    503: ResponseSpec(data_container=Health, generate_examples=False, description="Unhealthy"),
}


@get("/", responses=_STRICT_503, summary="Health")
async def get_health(
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    strict: Annotated[
        bool | None, QueryParameter(description="503 when PostgreSQL is away, not 200")
    ] = None,
    shape: Annotated[
        Literal["full", "flat"],
        QueryParameter(name="format", description="flat: one word a check"),
    ] = "full",
) -> Response[Health | FlatHealth]:
    """200 always, `degraded` where something is away; `?strict=true` answers 503 instead."""
    status, body = await _answer(db, settings, settings.health_strict if strict is None else strict)
    flat = FlatHealth(
        status=body.status, timestamp=body.timestamp, checks=body.checks_summary, uptime=body.uptime
    )
    shapes: dict[str, Health | FlatHealth] = {"full": body, "flat": flat}
    return Response(shapes[shape], status_code=status)


@get("/live", summary="Liveness")
async def get_liveness() -> Liveness:
    """The process answers; nothing else is asked."""
    return Liveness(status="healthy", timestamp=utc_now())


@get("/ready", responses=_STRICT_503, summary="Readiness")
async def get_readiness(
    db: NamedDependency[Database], settings: NamedDependency[Settings]
) -> Response[Health]:
    """503 while PostgreSQL is away."""
    status, body = await _answer(db, settings, True)
    return Response(body, status_code=status)


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
async def get_deep_health(
    db: NamedDependency[Database], settings: NamedDependency[Settings]
) -> Response[DeepHealth]:
    """Every part, asked; 503 while PostgreSQL is away."""
    found = await probe(db, settings.health_timeout)
    status, word = _UP if found.is_up else _DOWN[True]
    body = DeepHealth(
        status=word,
        timestamp=utc_now(),
        database=DeepDatabase(
            status="connected" if found.is_up else "disconnected",
            response_time_ms=found.milliseconds,
        ),
        cache=DeepCache(status="not_configured", hit_rate=0.0),
        webhooks=DeepWebhooks(status="not_configured", active_count=0, failed_count=0),
    )
    return Response(body, status_code=status)


router = Router(
    path="/health",
    tags=["health"],
    route_handlers=[get_health, get_liveness, get_readiness, get_deep_health],
)
