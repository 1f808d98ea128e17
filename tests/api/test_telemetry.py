"""Traces reach a collector; health does not queue behind a pool that is used up; alerts follow from what the monitor sees."""

import asyncio
import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import msgspec
import psycopg
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from api.service import serve, settings_for
from pggit.cache import Cache
from pggit.db import Database
from pggit.hub import Hub
from pggit.monitor import Monitor
from pggit.settings import Settings
from pggit.tracing import traces_url

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


class Collector(BaseHTTPRequestHandler):
    """Takes OTLP over HTTP and keeps the spans."""

    spans: list[Any]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        request = ExportTraceServiceRequest.FromString(body)
        for resource in request.resource_spans:
            for scope in resource.scope_spans:
                self.spans += [(self.path, span) for span in scope.spans]
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def collector() -> Iterator[tuple[str, list[Any]]]:
    """The address of a collector, and what it was sent."""
    spans: list[Any] = []
    handler = type("Handler", (Collector,), {"spans": spans})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", spans
        server.shutdown()
        thread.join()


def test_a_request_is_a_span_named_by_its_route(
    database: str, collector: tuple[str, list[Any]]
) -> None:
    endpoint, spans = collector
    settings = msgspec.structs.replace(settings_for(database), otel_exporter_otlp_endpoint=endpoint)
    with serve(settings) as api:
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "X-Request-ID": "mine"}
        assert api.get("/api/v1/alerts/77", headers=headers).status_code == 404
    # The service sends what is left when it ends.
    path, span = next(one for one in spans if one[1].name == "GET /api/v1/alerts/{alert_id}")
    assert path == "/v1/traces"
    assert span.trace_id.hex() == TRACE
    assert span.parent_span_id.hex() == "00f067aa0ba902b7"
    attributes = {a.key: a.value for a in span.attributes}
    assert attributes["http.response.status_code"].int_value == 404
    assert attributes["pggit.request_id"].string_value == "mine"


@pytest.mark.parametrize(
    ("endpoint", "url"),
    [
        ("http://c:4318", "http://c:4318/v1/traces"),
        ("http://c:4318/", "http://c:4318/v1/traces"),
        ("http://c/otlp/v1/traces", "http://c/otlp/v1/traces"),
    ],
)
def test_where_traces_go(endpoint: str, url: str) -> None:
    assert traces_url(endpoint) == url


def test_health_answers_while_the_pool_is_used_up(database: str) -> None:
    settings = msgspec.structs.replace(
        settings_for(database),
        database_pool_size=1,
        database_max_overflow=0,
        database_pool_timeout=30.0,
    )
    with (
        serve(settings) as api,
        psycopg.connect(database) as holder,
        ThreadPoolExecutor(1) as threads,
    ):
        holder.execute("LOCK TABLE _pggit.branches")
        waiting = threads.submit(api.get, "/api/v1/branches")
        for _ in range(3):
            with httpx.Client(base_url=api.base_url) as other:
                assert other.get("/health").json()["checks"]["database"]["status"] == "healthy"
        assert not waiting.done()
        holder.rollback()
        assert waiting.result(30).status_code == 200


def alerts(url: str) -> list[tuple[Any, ...]]:
    query = (
        "SELECT severity::text, status::text FROM _pggit.alerts WHERE dedupe_key LIKE 'health api%'"
    )
    with psycopg.connect(url) as conn:
        return conn.execute(query).fetchall()


def test_the_monitor_tells_of_a_database_that_was_away(database: str) -> None:
    async def main() -> None:
        settings = settings_for(database)
        db = Database(settings, lambda: "-")
        monitor = Monitor(settings, db, Cache(Hub(database), None))
        await db.open()
        try:
            await monitor.look()
            assert alerts(database) == []
            away = msgspec.structs.replace(
                settings, database_url="postgresql://127.0.0.1:1/none", health_timeout=1.0
            )
            await _point(monitor, away)
            await monitor.look()
            assert not monitor.is_up
            await _point(monitor, settings)
            await monitor.look()
            assert monitor.is_up
            # Raised and resolved in one: nobody has to find it in a log.
            assert alerts(database) == [("CRITICAL", "resolved")]
        finally:
            await monitor.close()
            await db.close()

    asyncio.run(main())


async def _point(monitor: Monitor, settings: Settings) -> None:
    """Let the probe ask another server, at once."""
    await monitor.close()
    monitor.forget(settings)
