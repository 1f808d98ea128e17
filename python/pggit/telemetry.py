"""Correlation ids and structured logs: who asked, what was answered, how long it took."""

import json
import logging
import re
import sys
import uuid
from collections.abc import Iterable
from contextvars import ContextVar
from time import perf_counter
from typing import Any, Protocol, cast

from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from pggit.errors import utc_now

request_id: ContextVar[str] = ContextVar("request_id", default="-")

_log = logging.getLogger("pggit.request")
_USABLE_ID = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_EXTRA = ("method", "path", "status", "duration_ms", "sqlstate", "error_code")


def new_request_id(offered: str | None) -> str:
    """The caller's id where it is safe to log and to send back, else a new one."""
    if offered is not None and _USABLE_ID.fullmatch(offered):
        return offered
    return uuid.uuid4().hex


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Render the record with its correlation id."""
        entry: dict[str, object] = {
            "timestamp": utc_now(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "correlation_id": request_id.get(),
        }
        entry.update({key: vars(record)[key] for key in _EXTRA if key in vars(record)})
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


def configure_logging(level: str) -> None:
    """Send the package's log to stderr; a host that configured logging itself keeps its own."""
    logger = logging.getLogger("pggit")
    logger.setLevel(level.upper())
    if logger.handlers or logging.getLogger().handlers:
        return
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    logger.addHandler(handler)
    logger.propagate = False
    # The pool says once a second and connection that PostgreSQL is away; a request that fails says it, too.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)


class Watcher(Protocol):
    """Who counts requests."""

    def observe(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """A request was answered."""


class Tracer(Protocol):
    """Who follows them."""

    def start(
        self, method: str, path: str, headers: Iterable[tuple[bytes, bytes]], request_id: str
    ) -> object:
        """A request has come; gives its span."""

    def end(self, span: Any, method: str, route: str | None, status: int) -> None:
        """It was answered."""


def trace_requests(
    app: ASGIApp, watcher: Watcher | None = None, tracer: Tracer | None = None
) -> ASGIApp:
    """ASGI middleware: X-Request-ID in and out, X-Response-Time, one log line, count and span a request."""

    async def traced(scope: Scope, receive: Receive, send: Send) -> None:
        # The server says plain "http"; the enumeration that the type names is a str, too.
        if str.__ne__(scope["type"], "http"):
            await app(scope, receive, send)
            return
        http = cast("HTTPScope", scope)
        method, path = str(http["method"]), http["path"]
        offered = next((v for k, v in scope["headers"] if k == b"x-request-id"), None)
        current = new_request_id(offered.decode("latin-1") if offered is not None else None)
        token = request_id.set(current)
        started = perf_counter()
        span = tracer.start(method, path, scope["headers"], current) if tracer else None
        answered = 500

        async def send_with_headers(message: Message) -> None:
            nonlocal answered
            if message["type"] == "http.response.start":
                seconds = perf_counter() - started
                answered = message["status"]
                message["headers"] = [
                    *message["headers"],
                    (b"x-request-id", current.encode("latin-1")),
                    (b"x-response-time", f"{seconds * 1000:.1f}ms".encode()),
                    *cast("dict[str, list[tuple[bytes, bytes]]]", scope).get("pggit.headers", ()),
                ]
                if watcher is not None:
                    watcher.observe(method, http.get("path_template"), answered, seconds)
                if _log.isEnabledFor(logging.INFO):
                    _log.info(
                        "request",
                        extra={
                            "method": method,
                            "path": path,
                            "status": answered,
                            "duration_ms": round(seconds * 1000, 1),
                        },
                    )
            await send(message)

        try:
            await app(scope, receive, send_with_headers)
        finally:
            if tracer is not None:
                tracer.end(span, method, http.get("path_template"), answered)
            request_id.reset(token)

    return traced
