"""What Prometheus sees: requests as they end, and gauges read when it asks."""

from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import generate_latest

from pggit import __version__
from pggit.monitor import Monitor

# 100 ms is the limit of the database, 500 ms that of a request.
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
UNKNOWN = "unmatched"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

# A second series for each counter, which nobody reads.
disable_created_metrics()  # type: ignore[no-untyped-call]


class Metrics:
    """The registry of one application."""

    def __init__(self, monitor: Monitor) -> None:
        self._monitor = monitor
        self._numbers: dict[str, Any] = {}
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pggit_http_requests",
            "Requests by route and status",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._errors = Counter(
            "pggit_http_errors",
            "Answers of 400 and more",
            ["method", "route", "status"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "pggit_http_request_duration_seconds",
            "Seconds from a request to the start of its answer",
            ["method", "route"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._registry.register(self)

    def observe(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """One answer. The route is the template: a path would make a series of every id."""
        verb = method if method in _METHODS else "OTHER"
        route = route or UNKNOWN
        self._requests.labels(verb, route, str(status)).inc()
        if status >= 400:
            self._errors.labels(verb, route, str(status)).inc()
        self._seconds.labels(verb, route).observe(seconds)

    async def render(self) -> bytes:
        """The text that Prometheus reads."""
        self._numbers = await self._monitor.numbers()
        return generate_latest(self._registry)

    def collect(self) -> Iterable[Metric]:
        """The gauges: of this process, and of the database as last read."""
        yield _gauge("pggit_info", "Version of the service", {(("version", __version__),): 1})
        yield from self._process()
        if self._numbers:
            yield from _database(self._numbers)

    def _process(self) -> Iterable[Metric]:
        pool = self._monitor.pool.stats()
        size, free = pool.get("pool_size", 0), pool.get("pool_available", 0)
        # The pool counts connections that it only tries to make.
        active = size - free if self._monitor.is_up else 0
        yield _gauge("database_connections_active", "Connections that serve a request", active)
        yield _gauge("pggit_database_pool_size", "Connections of the pool", size)
        yield _gauge("pggit_database_pool_max", "Connections at most", pool.get("pool_max", 0))
        yield _gauge("pggit_database_pool_waiting", "Waiting", pool.get("requests_waiting", 0))
        yield _counter(
            "pggit_database_pool_errors", "Given up waiting", pool.get("requests_errors", 0)
        )
        cache = self._monitor.cache
        stats = cache.stats
        yield _gauge("pggit_cache_hit_ratio", "Hits among all look-ups", cache.hit_rate)
        yield _counter("pggit_cache_hits", "Answers that were kept", stats.cache_hits)
        yield _counter("pggit_cache_misses", "Answers that were not", stats.cache_misses)
        yield _counter("pggit_cache_evictions", "Answers pushed out", stats.evicted_entries)
        yield _gauge("pggit_cache_size_bytes", "Bytes kept", cache.size)


def _database(numbers: dict[str, Any]) -> Iterable[Metric]:
    webhooks, workers = numbers["webhooks"], numbers["workers"]
    queues: dict[Labels, float] = {
        (("queue_name", "deliveries"),): webhooks["pending_deliveries"],
        (("queue_name", "jobs"),): numbers["due_jobs"],
    }
    yield _gauge("pggit_queue_size", "What waits", queues)
    yield _gauge("celery_queue_size", "The same as pggit_queue_size", queues)
    yield _gauge("pggit_workers_alive", "Workers seen in the last minute", workers["alive"])
    yield _gauge(
        "pggit_webhooks",
        "Webhooks by state",
        {
            (("state", "active"),): webhooks["active_count"],
            (("state", "failing"),): webhooks["failed_count"],
        },
    )
    yield _counter(
        "pggit_deliveries",
        "Deliveries that ended",
        {
            (("outcome", "delivered"),): webhooks["delivered"],
            (("outcome", "failed"),): webhooks["failed"],
        },
    )
    alerts = numbers["alerts"]
    severities = ("info", "warning", "critical")
    yield _gauge(
        "pggit_alerts_open",
        "Alerts that are not resolved",
        {(("severity", one.upper()),): alerts[one] for one in severities},
    )
    yield _gauge(
        "pggit_merges_pending", "Merges that wait for a resolution", numbers["merges_pending"]
    )
    yield _gauge(
        "pggit_operation_p95_seconds",
        "P95 of the last hour with any",
        {
            (("operation_type", one["operation_type"]),): one["p95_ms"] / 1000
            for one in numbers["operations"]
            if one["p95_ms"] is not None
        },
    )


Labels = tuple[tuple[str, str], ...]
Samples = float | Mapping[Labels, float]


def _fill(family: GaugeMetricFamily | CounterMetricFamily, samples: Samples) -> Metric:
    if not isinstance(samples, Mapping):
        samples = {(): samples}
    for labels, value in samples.items():
        family.add_metric([text for _, text in labels], value)
    return family


def _names(samples: Samples) -> list[str]:
    if not isinstance(samples, Mapping):
        return []
    return [name for name, _ in next(iter(samples), ())]


def _gauge(name: str, text: str, samples: Samples) -> Metric:
    family = GaugeMetricFamily(name, text, labels=_names(samples))
    return _fill(family, samples)


def _counter(name: str, text: str, samples: Samples) -> Metric:
    family = CounterMetricFamily(name, text, labels=_names(samples))
    return _fill(family, samples)
