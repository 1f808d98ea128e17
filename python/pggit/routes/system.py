"""The service itself: versions, the server under it, metrics for Prometheus."""

import platform
from datetime import datetime
from time import monotonic
from typing import Annotated

from litestar import MediaType, Response, Router, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from msgspec import Meta
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from pggit import __version__
from pggit.db import Database
from pggit.errors import utc_now
from pggit.metrics import Metrics
from pggit.routes import error_spec, errors
from pggit.routes.dashboard import WorkerCounts
from pggit.routes.health import STARTED
from pggit.settings import Settings
from pggit.structs import Answer


class DatabaseInfo(Answer, frozen=True, kw_only=True):
    """The database under the service."""

    version: Annotated[str, Meta(description="Of pggit in the database")]
    server_version: str
    database: str
    database_size_bytes: int
    is_replica: bool
    server_started_at: datetime
    max_connections: int
    tracked_schemas: list[str]
    workers: WorkerCounts


class SystemInfo(Answer, frozen=True, kw_only=True):
    """The service, and what it runs on."""

    service: str
    version: str
    environment: str
    python_version: str
    platform: str
    uptime: Annotated[float, Meta(description="Seconds since the service started")]
    timestamp: str
    database: DatabaseInfo


class VersionInfo(Answer, frozen=True, kw_only=True):
    """Versions."""

    service: str
    version: str
    api_version: str
    python_version: str


class MetricValue(Answer, frozen=True, kw_only=True):
    """One number."""

    name: Annotated[str, Meta(examples=["alerts_open"])]
    value: float
    unit: Annotated[str, Meta(examples=["count"])]
    labels: dict[str, str]


class ServiceMetrics(Answer, frozen=True, kw_only=True):
    """The service in numbers."""

    webhook_events_total: Annotated[int, Meta(description="Events that were ever written")]
    workflow_tasks_total: Annotated[int, Meta(description="Runs of jobs that are remembered")]
    task_executions_total: int
    tasks_by_status: Annotated[
        dict[str, int], Meta(description="pending, running, completed, failed, cancelled")
    ]
    events_by_type: Annotated[dict[str, int], Meta(description="Of the last 10,000 events")]
    avg_processing_time_ms: Annotated[
        float | None, Meta(description="Of the runs between start_time and end_time")
    ]
    metrics: list[MetricValue]
    start_time: datetime
    end_time: datetime


@get("/metrics", tags=["system"], responses=errors(), summary="The service in numbers")
async def get_service_metrics(db: NamedDependency[Database]) -> ServiceMetrics:
    """Events, tasks, webhooks, alerts and operations as JSON; `/metrics` is for Prometheus."""
    return await db.call_value(ServiceMetrics, "service_metrics")


@get("/info", responses=errors(), summary="System information")
async def get_info(
    db: NamedDependency[Database], settings: NamedDependency[Settings]
) -> SystemInfo:
    """The service and the PostgreSQL under it."""
    return SystemInfo(
        service="pggit",
        version=__version__,
        environment=settings.environment,
        python_version=platform.python_version(),
        platform=platform.system(),
        uptime=round(monotonic() - STARTED, 3),
        timestamp=utc_now(),
        database=await db.call_value(DatabaseInfo, "system_info"),
    )


@get("/version", responses=errors(), summary="Version")
async def get_version() -> VersionInfo:
    """Which version answers; PostgreSQL is not asked."""
    return VersionInfo(
        service="pggit",
        version=__version__,
        api_version="v1",
        python_version=platform.python_version(),
    )


@get(
    "/metrics",
    tags=["system"],
    media_type=MediaType.TEXT,
    responses={404: error_spec(404)},
    summary="Metrics for Prometheus",
)
async def get_metrics(metrics: NamedDependency[Metrics | None]) -> Response[bytes]:
    """Requests, pool, cache, queues, deliveries, alerts; 404 where ENABLE_METRICS is false."""
    if metrics is None:
        raise NotFoundException("metrics are switched off (ENABLE_METRICS)")
    return Response(await metrics.render(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})


router = Router(path="/system", tags=["system"], route_handlers=[get_info, get_version])
