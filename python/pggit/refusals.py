"""Errors as bodies, for the router's handlers and for what stands before the router."""

import logging

import msgspec
import psycopg
from litestar.types import Send

from pggit.errors import (
    INTERNAL,
    UNAVAILABLE,
    ErrorCode,
    ErrorDetail,
    ErrorResponse,
    Outcome,
    envelope,
    outcome_of,
)
from pggit.telemetry import request_id

_log = logging.getLogger("pggit.app")

AWAY = "the database does not answer"
# Where PostgreSQL makes a file longer.
_EXTENDING = ("mdextend", "mdzeroextend")
UNAVAILABLE_BECAUSE = {
    "PoolTimeout": "no connection to the database was free, or could be made, in time",
    "TooManyRequests": "too many requests wait for the database",
    "Unusable": "the login of the service may not act for its users",
}


def _outcome(error: psycopg.Error) -> Outcome:
    if error.sqlstate is None and isinstance(error, psycopg.DataError):
        return outcome_of("22000")
    if error.sqlstate is None and not isinstance(error, psycopg.OperationalError):
        return INTERNAL
    # A quota that is used up, or a file that may not grow: PostgreSQL has a code for a full disk alone.
    if error.sqlstate == "XX000" and error.diag.source_function in _EXTENDING:
        return outcome_of("53100")
    return outcome_of(error.sqlstate)


def database_error(error: psycopg.Error, path: str) -> ErrorResponse:
    """What PostgreSQL refuses: message, detail and hint as they are, unless the fault is ours."""
    outcome = _outcome(error)
    message = error.diag.message_primary or str(error)
    details = []
    if error.diag.column_name and outcome.status == 400:
        column = error.diag.column_name
        details = [ErrorDetail(field=column, message=message, code=error.sqlstate or "unknown")]
    elif error.diag.message_detail:
        details = [ErrorDetail(message=error.diag.message_detail, code=error.sqlstate or "unknown")]
    hint = error.diag.message_hint
    extra = {"sqlstate": error.sqlstate, "error_code": outcome.code}
    if outcome is INTERNAL:
        _log.error("database error", exc_info=error, extra=extra)
        message, details, hint = "Internal server error", [], None
    elif outcome is UNAVAILABLE:
        _log.warning("database unavailable: %s", error, extra=extra)
        message, details, hint = UNAVAILABLE_BECAUSE.get(type(error).__name__, AWAY), [], None
    return envelope(
        message=message,
        code=outcome.code,
        status=outcome.status,
        path=path,
        request_id=request_id.get(),
        details=details,
        sqlstate=error.sqlstate,
        hint=hint or None,
        retry_after=outcome.retry_after,
    )


def unauthorized(reason: str, path: str) -> ErrorResponse:
    """Nobody knows who asks."""
    return envelope(
        message=reason,
        code=ErrorCode.UNAUTHORIZED,
        status=401,
        path=path,
        request_id=request_id.get(),
        hint="Send a token as Authorization: Bearer, or a key as X-API-Key.",
    )


async def send_error(
    body: ErrorResponse, send: Send, headers: list[tuple[bytes, bytes]] | None = None
) -> None:
    """Answer a request that does not get as far as the router."""
    content = msgspec.json.encode(body)
    sent = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(content)),
        *(headers or []),
    ]
    if isinstance(body.retry_after, int):
        sent.append((b"retry-after", b"%d" % body.retry_after))
    await send({"type": "http.response.start", "status": body.status_code, "headers": sent})
    await send({"type": "http.response.body", "body": content, "more_body": False})
