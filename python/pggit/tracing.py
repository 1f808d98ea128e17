"""Traces of requests, sent over OTLP where an endpoint is configured."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from pggit import __version__

Headers = Iterable[tuple[bytes, bytes]]
_TRACE = (b"traceparent", b"tracestate")


def traces_url(endpoint: str) -> str:
    """Where OTLP over HTTP takes traces: the endpoint itself if it has a path, else /v1/traces."""
    if urlsplit(endpoint).path in ("", "/"):
        return endpoint.rstrip("/") + "/v1/traces"
    return endpoint


class Tracing:
    """A span for each request, in the trace of the caller if it sends one."""

    def __init__(self, endpoint: str) -> None:
        resource = Resource.create({"service.name": "pggit", "service.version": __version__})
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=traces_url(endpoint), timeout=5)
        self._provider.add_span_processor(
            BatchSpanProcessor(exporter, schedule_delay_millis=1000, max_queue_size=4096)
        )
        self._tracer = self._provider.get_tracer("pggit")
        self._propagator = TraceContextTextMapPropagator()

    def start(self, method: str, path: str, headers: Headers, request_id: str) -> Any:
        """A request has come."""
        carrier = {
            name.decode(): value.decode("latin-1") for name, value in headers if name in _TRACE
        }
        return self._tracer.start_span(
            method,
            context=self._propagator.extract(carrier),
            kind=SpanKind.SERVER,
            attributes={
                "http.request.method": method,
                "url.path": path,
                "pggit.request_id": request_id,
            },
        )

    def end(self, span: Any, method: str, route: str | None, status: int) -> None:
        """It has been answered. The name is the template: names with ids cannot be grouped."""
        if route:
            span.update_name(f"{method} {route}")
            span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", status)
        if status >= 500:
            span.set_status(Status(StatusCode.ERROR))
        span.end()

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._provider.force_flush(3000)
        self._provider.shutdown()
