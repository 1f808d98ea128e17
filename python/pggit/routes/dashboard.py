"""The dashboard: the repository and its service in numbers, each part one document of PostgreSQL's."""

from datetime import datetime
from typing import Annotated, Any

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from msgspec import Meta

from pggit.cache import Cache
from pggit.db import Database
from pggit.routes import Limit, Reads, errors, kept
from pggit.routes.alerts import Alert
from pggit.structs import Answer

# Kept for five minutes, or until an event of the repository, of alerts, webhooks or baselines; generated_at tells its age.
KEY = "dashboard_metrics"


class OpenAlerts(Answer, frozen=True, kw_only=True):
    """Alerts that are not resolved."""

    pending: int
    acknowledged: int
    info: int
    warning: int
    critical: int


class WorkerCounts(Answer, frozen=True, kw_only=True):
    """Worker processes."""

    known: Annotated[int, Meta(description="Seen within a day")]
    alive: Annotated[int, Meta(description="Seen within a minute")]


class WebhookCounts(Answer, frozen=True, kw_only=True):
    """Webhooks and their deliveries."""

    active_count: int
    failed_count: Annotated[int, Meta(description="Failing, or switched off because they failed")]
    pending_deliveries: int
    delivered: int
    failed: int


class Overview(Answer, frozen=True, kw_only=True):
    """All at a glance."""

    branches: int
    commits: int
    merges: Annotated[dict[str, int], Meta(description="Merges by status")]
    alerts: OpenAlerts
    webhooks: WebhookCounts
    workers: WorkerCounts
    has_drift: Annotated[bool, Meta(description="Whether live schema and branch main differ")]
    generated_at: datetime


class Baseline(Answer, frozen=True, kw_only=True):
    """How long an operation usually takes."""

    p50_ms: float
    p95_ms: float
    p99_ms: float
    sample_count: int
    calculated_at: datetime


class Operation(Answer, frozen=True, kw_only=True):
    """One kind of operation."""

    operation_type: str
    operations_24h: int
    avg_ms: Annotated[float | None, Meta(description="Of 24 hours")]
    max_ms: Annotated[float | None, Meta(description="Of 24 hours")]
    p95_ms: Annotated[float | None, Meta(description="Of the last hour with any")]
    p99_ms: Annotated[float | None, Meta(description="Of the last hour with any")]
    baseline: Baseline | None
    exceeds_baseline: bool


class OperationHour(Answer, frozen=True, kw_only=True):
    """An hour of one kind of operation."""

    hour: datetime
    operation_type: str
    operations: int
    avg_ms: float
    max_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


class Performance(Answer, frozen=True, kw_only=True):
    """How long operations take."""

    operations: list[Operation]
    hours: Annotated[list[OperationHour], Meta(description="The last 24")]
    generated_at: datetime


class Webhooks(WebhookCounts, frozen=True, kw_only=True):
    """Webhooks and how their deliveries fare."""

    items: Annotated[list[dict[str, Any]], Meta(description="The least healthy first")]
    total: int
    generated_at: datetime


class SlowHour(Answer, frozen=True, kw_only=True):
    """An hour in which an operation was slower than ever usual."""

    hour: datetime
    operation_type: str
    operations: int
    p95_ms: float
    baseline_ms: float
    ratio: float | None


class Anomalies(Answer, frozen=True, kw_only=True):
    """What was out of the ordinary."""

    days: int
    slow_hours: list[SlowHour]
    alerts: Annotated[list[Alert], Meta(description="The last hundred above INFO")]
    total: int
    generated_at: datetime


class Dashboard(Answer, frozen=True, kw_only=True):
    """All parts."""

    overview: Overview
    performance: Performance
    webhooks: Webhooks
    anomalies: Anomalies
    generated_at: datetime


@get("/", operation_id="GetDashboard", responses=errors(), summary="The whole dashboard")
async def get_dashboard(reads: NamedDependency[Reads]) -> Response[Dashboard]:
    """Overview, performance, webhooks and anomalies."""
    return kept(
        await reads.cache.read(
            KEY, ("dashboard",), lambda: reads.db.call_seen(Dashboard, "dashboard")
        )
    )


@get("/dashboard", operation_id="GetWholeDashboard", responses=errors(), summary="The same")
async def get_whole_dashboard(reads: NamedDependency[Reads]) -> Response[Dashboard]:
    """The same as /dashboard."""
    return kept(
        await reads.cache.read(
            KEY, ("dashboard",), lambda: reads.db.call_seen(Dashboard, "dashboard")
        )
    )


@get("/overview", responses=errors(), summary="Overview")
async def get_overview(reads: NamedDependency[Reads]) -> Response[Overview]:
    """Branches, merges, alerts, webhooks, workers."""
    return kept(
        await reads.cache.read(
            KEY, ("dashboard_overview",), lambda: reads.db.call_seen(Overview, "dashboard_overview")
        )
    )


@get("/performance", responses=errors(), summary="Performance")
async def get_performance(reads: NamedDependency[Reads]) -> Response[Performance]:
    """How long operations take, beside how long they usually do."""
    return kept(
        await reads.cache.read(
            KEY,
            ("dashboard_performance",),
            lambda: reads.db.call_seen(Performance, "dashboard_performance"),
        )
    )


@get("/webhooks", responses=errors(), summary="Webhooks")
async def get_webhooks(reads: NamedDependency[Reads], limit: Limit = 20) -> Response[Webhooks]:
    """How deliveries fare, the least healthy webhook first."""
    return kept(
        await reads.cache.read(
            KEY,
            ("dashboard_webhooks", limit),
            lambda: reads.db.call_seen(Webhooks, "dashboard_webhooks", limit=limit),
        )
    )


@get("/anomalies", responses=errors(), summary="Anomalies")
async def get_anomalies(
    reads: NamedDependency[Reads],
    days: Annotated[int, QueryParameter(ge=1, le=30, description="How far back")] = 7,
) -> Response[Anomalies]:
    """Hours beyond the baseline, and alerts above INFO."""
    return kept(
        await reads.cache.read(
            KEY,
            ("dashboard_anomalies", days),
            lambda: reads.db.call_seen(Anomalies, "dashboard_anomalies", days=days),
        )
    )


def read_ahead(cache: Cache, db: Database) -> None:
    """Keep what a dashboard asks for first."""
    cache.warms(KEY, ("dashboard",), lambda: db.call_seen(Dashboard, "dashboard"))
    cache.warms(KEY, ("dashboard_overview",), lambda: db.call_seen(Overview, "dashboard_overview"))


router = Router(
    path="/dashboard",
    tags=["dashboard"],
    route_handlers=[
        get_dashboard,
        get_whole_dashboard,
        get_overview,
        get_performance,
        get_webhooks,
        get_anomalies,
    ],
)
