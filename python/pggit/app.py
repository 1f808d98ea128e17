"""The ASGI application: routes, the error envelope, the pool's life, OpenAPI."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
from litestar import Litestar, Request, Response, Router
from litestar.config.cors import CORSConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, RedocRenderPlugin, SwaggerRenderPlugin
from litestar.openapi.spec import Contact, License, Tag
from litestar.static_files import create_static_files_router
from litestar.status_codes import HTTP_503_SERVICE_UNAVAILABLE

from pggit import __version__
from pggit.db import Database
from pggit.errors import (
    HTTP_STATUSES,
    INTERNAL,
    LATER,
    ErrorCode,
    ErrorDetail,
    ErrorResponse,
    envelope,
)
from pggit.gate import Gate
from pggit.limits import Limiter
from pggit.live import Live
from pggit.metrics import Metrics
from pggit.monitor import Monitor
from pggit.peers import expose_transport
from pggit.refusals import database_error
from pggit.routes import (
    Reads,
    access,
    alerts,
    branches,
    cache,
    dashboard,
    feeds,
    health,
    history,
    merges,
    system,
    webhooks,
)
from pggit.sessions import Sessions
from pggit.settings import Settings, check_logins, load_settings
from pggit.telemetry import configure_logging, request_id, trace_requests

_log = logging.getLogger("pggit.app")

STATIC = Path(__file__).parent / "static"
MAX_BODY = 1024 * 1024

AnyRequest = Request[Any, Any, State]


def _respond(body: ErrorResponse, headers: dict[str, str] | None = None) -> Response[ErrorResponse]:
    headers = dict(headers or {})
    if isinstance(body.retry_after, int):
        headers["Retry-After"] = str(body.retry_after)
    return Response(
        body, status_code=body.status_code, headers=headers, media_type="application/json"
    )


# Litestar says "data" where the body as a whole is wrong.
_FIELDS: dict[str, str | None] = {"data": None}


def _details(error: HTTPException) -> list[ErrorDetail]:
    if not isinstance(error.extra, list):
        return []
    return [
        ErrorDetail(
            field=_FIELDS.get(str(entry.get("key")), entry.get("key")),
            message=str(entry.get("message", "")).replace("'data'", "a JSON body is required"),
            code="invalid",
        )
        for entry in error.extra
        if isinstance(entry, dict)
    ]


def on_http_error(request: AnyRequest, error: HTTPException) -> Response[ErrorResponse]:
    """What the framework refuses: routes, methods, bodies, parameters."""
    details = _details(error)
    message = error.detail
    if isinstance(error, ValidationException) and details:
        message = "; ".join(f"{d.field}: {d.message}" if d.field else d.message for d in details)
    status = error.status_code
    code = HTTP_STATUSES.get(status, INTERNAL.code if status >= 500 else HTTP_STATUSES[400])
    body = envelope(
        message=message,
        code=code,
        status=status,
        path=request.url.path,
        request_id=request_id.get(),
        details=details,
        retry_after=LATER if status == HTTP_503_SERVICE_UNAVAILABLE else None,
    )
    return _respond(body, error.headers)


def on_database_error(request: AnyRequest, error: psycopg.Error) -> Response[ErrorResponse]:
    """What PostgreSQL refuses."""
    return _respond(database_error(error, request.url.path))


def on_depth(request: AnyRequest, _: RecursionError) -> Response[ErrorResponse]:
    """A body so deep that the parser gives up; nothing else here recurses."""
    message = "the body is nested too deeply"
    body = envelope(
        message=message,
        code=ErrorCode.VALIDATION_ERROR,
        status=400,
        path=request.url.path,
        request_id=request_id.get(),
        details=[ErrorDetail(message=message, code="invalid")],
    )
    return _respond(body)


def on_defect(request: AnyRequest, error: Exception) -> Response[ErrorResponse]:
    """Anything else is a defect of the service: logged in full, told in general."""
    _log.error("unhandled error", exc_info=error)
    body = envelope(
        message="Internal server error",
        code=ErrorCode.INTERNAL_ERROR,
        status=500,
        path=request.url.path,
        request_id=request_id.get(),
    )
    return _respond(body)


class _DocumentationRouter(Router):
    """Litestar's own router for documentation, without its HTML page for every unknown path."""

    def register(self, value: Any) -> Any:
        """Leave the page out: an unknown path answers with the error envelope."""
        if getattr(getattr(value, "fn", None), "__name__", "") == "handle_schema_path_not_found":
            return []
        return super().register(value)


def _openapi() -> OpenAPIConfig:
    swagger: dict[str, Any] = {}
    redoc: dict[str, Any] = {}
    if (STATIC / "swagger-ui-bundle.js").exists():
        icon = "<link rel='icon' type='image/png' href='/static/favicon-32x32.png'>"
        swagger = {
            "js_url": "/static/swagger-ui-bundle.js",
            "css_url": "/static/swagger-ui.css",
            "standalone_preset_js_url": "/static/swagger-ui-standalone-preset.js",
            "favicon": icon,
        }
        redoc = {"js_url": "/static/redoc.standalone.js", "google_fonts": False, "favicon": icon}
    return OpenAPIConfig(
        title="pggit",
        version=__version__,
        description="Git for PostgreSQL: branch, change, diff and merge database schemas.",
        contact=Contact(name="pggit"),
        license=License(name="PostgreSQL", identifier="PostgreSQL"),
        path="/",
        use_handler_docstrings=True,
        openapi_router=_DocumentationRouter("/", route_handlers=[], include_in_schema=False),
        tags=[
            Tag(name="branches", description="Branches and their worktrees"),
            Tag(name="history", description="Commits, differences, migrations"),
            Tag(name="merge", description="Merges and their conflicts"),
            Tag(name="alerts", description="What wants a person's attention"),
            Tag(name="feeds", description="What happens, as it happens"),
            Tag(name="cache", description="Answers that are kept"),
            Tag(name="webhooks", description="Receivers of events, and what is sent to them"),
            Tag(name="dashboard", description="The repository and its service in numbers"),
            Tag(name="system", description="The service itself"),
            Tag(name="access", description="Who may: keys, protected branches, the audit trail"),
            Tag(name="health", description="Whether the service and PostgreSQL answer"),
        ],
        render_plugins=[
            SwaggerRenderPlugin(path="/docs", **swagger),
            RedocRenderPlugin(path="/redoc", **redoc),
            JsonRenderPlugin(path="/openapi.json"),
        ],
    )


def create_app(settings: Settings | None = None) -> Litestar:
    """Build the application; without settings, from the environment."""
    current = settings if settings is not None else load_settings()
    check_logins(current)
    configure_logging(current.log_level)
    if current.celery_broker_url:
        _log.info("CELERY_BROKER_URL is accepted and not used: the queue is PostgreSQL")
    database = Database(current, request_id.get)
    live = Live(current, database)
    alerts.read_ahead(live.cache, database)
    webhooks.read_ahead(live.cache, database)
    dashboard.read_ahead(live.cache, database)
    monitor = Monitor(current, database, live.cache)
    metrics = Metrics(monitor) if current.enable_metrics else None
    endpoint = current.otel_exporter_otlp_endpoint or current.jaeger_endpoint
    tracing = None
    if endpoint and current.enable_tracing:
        # A third of a second, which only those who trace should pay.
        from pggit.tracing import Tracing

        tracing = Tracing(endpoint)
    shared = live.cache.shared
    limiter = Limiter(current, database, None if shared is None else shared.client)
    sessions = Sessions(shared)

    @asynccontextmanager
    async def pool(_: Litestar) -> AsyncIterator[None]:
        await database.open()
        try:
            async with live.run(), monitor.run():
                yield
        finally:
            await database.close()
            if tracing is not None:
                await asyncio.to_thread(tracing.close)

    api = Router(
        path="/api/v1",
        route_handlers=[
            branches.router,
            history.router,
            merges.router,
            alerts.router,
            feeds.router,
            feeds.sockets,
            cache.router,
            webhooks.router,
            dashboard.router,
            system.router,
            system.get_service_metrics,
            access.router,
        ],
    )
    handlers: list[Any] = [health.router, system.get_metrics, api]
    if STATIC.is_dir():
        handlers.append(
            create_static_files_router(
                path="/static", directories=[STATIC], include_in_schema=False
            )
        )
    app = Litestar(
        route_handlers=handlers,
        dependencies={
            "db": Provide(lambda: database, sync_to_thread=False),
            "monitor": Provide(lambda: monitor, sync_to_thread=False),
            "metrics": Provide(lambda: metrics, sync_to_thread=False),
            "settings": Provide(lambda: current, sync_to_thread=False),
            "hub": Provide(lambda: live.hub, sync_to_thread=False),
            "cache": Provide(lambda: live.cache, sync_to_thread=False),
            "reads": Provide(lambda: Reads(live.cache, database), sync_to_thread=False),
            "feed": Provide(lambda: live.feed, sync_to_thread=False),
            "sessions": Provide(lambda: sessions, sync_to_thread=False),
        },
        exception_handlers={
            HTTPException: on_http_error,
            psycopg.Error: on_database_error,
            RecursionError: on_depth,
            Exception: on_defect,
        },
        cors_config=CORSConfig(
            allow_origins=current.cors_origins,
            allow_credentials="*" not in current.cors_origins,
            expose_headers=[
                "X-Request-ID",
                "X-Response-Time",
                "Retry-After",
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
            ],
        ),
        openapi_config=_openapi(),
        lifespan=[pool],
        request_max_body_size=MAX_BODY,
        logging_config=None,
        debug=False,
    )
    # Within what answers to browsers of other origins, so that they may read a refusal, too; before the router,
    # and before the answers that are kept, which are kept by the role that the gate finds.
    cors: Any = app.asgi_handler
    cors.app = Gate(live.cache.answer_kept(cors.app), current, database, limiter, sessions)
    # Outside the router, so that requests that match no route are traced, too.
    app.asgi_handler = trace_requests(
        live.read_your_writes(app.asgi_handler), watcher=metrics, tracer=tracing
    )
    # Outside of all that wrap `send`.
    app.asgi_handler = expose_transport(app.asgi_handler)
    app.state.live = live
    return app
