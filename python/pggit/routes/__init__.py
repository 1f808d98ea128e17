"""The resources of the API, one module each."""

from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple

from litestar import Response
from litestar.openapi import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter, QueryParameter

from pggit.cache import Cache
from pggit.db import Database
from pggit.errors import ErrorCode, ErrorDetail, ErrorResponse, envelope

# litestar checks a parameter by its own marks only: msgspec's Meta would go unheard here.
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Items to give back")]
Offset = Annotated[int, QueryParameter(ge=0, le=2**31 - 1, description="Items to skip")]
BranchNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="Id of a branch")]
CommitNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="Id of a commit")]
ConflictNumber = Annotated[int, PathParameter(ge=1, le=2**63 - 1, description="Id of a conflict")]
MergeName = Annotated[
    str, PathParameter(min_length=1, max_length=100, description="Id of a merge, mrg_…")
]

_EXAMPLES: dict[int, tuple[ErrorCode, str, dict[str, Any]]] = {
    400: (
        ErrorCode.VALIDATION_ERROR,
        "Validation failed",
        {
            "details": [
                ErrorDetail(
                    field="merge_message",
                    message="Expected `str` of length >= 1",
                    code="invalid",
                )
            ]
        },
    ),
    401: (ErrorCode.UNAUTHORIZED, "Missing or invalid token", {}),
    403: (
        ErrorCode.FORBIDDEN,
        "permission denied for table users",
        {"sqlstate": "42501", "hint": "Ask the owner of the table for the rights that DDL needs."},
    ),
    404: (
        ErrorCode.RESOURCE_NOT_FOUND,
        'branch "feature/x" does not exist',
        {"sqlstate": "VCN01", "hint": "List the branches."},
    ),
    405: (ErrorCode.METHOD_NOT_ALLOWED, "Method Not Allowed", {}),
    409: (
        ErrorCode.INVALID_STATE,
        "merge mrg_3f2a9c1d is already completed",
        {"sqlstate": "VCS01"},
    ),
    413: (ErrorCode.PAYLOAD_TOO_LARGE, "Request Entity Too Large", {}),
    429: (
        ErrorCode.RATE_LIMIT_EXCEEDED,
        "Too many requests",
        {"retry_after": 42, "limit": 100, "remaining": 0, "reset_at": 1767225642},
    ),
    500: (ErrorCode.INTERNAL_ERROR, "Internal server error", {}),
    503: (
        ErrorCode.DATABASE_UNAVAILABLE,
        "the database does not answer",
        {"retry_after": 5},
    ),
}

_DESCRIPTIONS = {
    400: "The request is not valid",
    401: "Not authenticated",
    403: "PostgreSQL does not allow it",
    404: "No such thing",
    405: "Method not allowed",
    409: "It exists already, or its state does not allow this",
    413: "The body is too large",
    429: "Too many requests",
    500: "A defect of the service",
    503: "PostgreSQL is not available",
}


def error_spec(status: int, container: Any = ErrorResponse) -> ResponseSpec:
    """One documented error with an example of its body."""
    code, message, extra = _EXAMPLES[status]
    example = envelope(
        message=message,
        code=code,
        status=status,
        path="/api/v1/merge/1/merge",
        request_id="2f1c7d9e4b8a4c61a3d5e8f90b7c6d21",
        **extra,
    )
    return ResponseSpec(
        data_container=container,
        generate_examples=False,
        description=_DESCRIPTIONS[status],
        examples=[Example(summary=code.value, value=example)],
    )


class Reads(NamedTuple):
    """What a handler needs whose answers are kept; as one, since for several Litestar starts a group of tasks."""

    cache: Cache
    db: Database


def kept(found: tuple[bytes, bool]) -> Response[Any]:
    """The answer that cache.read gave, and whether it was kept. Nobody on the way may keep it: we could not call it back."""
    body, is_hit = found
    headers = {"Cache-Control": "private, no-cache", "X-Cache": "HIT" if is_hit else "MISS"}
    return Response(body, media_type="application/json", headers=headers)


def errors(*statuses: int) -> dict[int, ResponseSpec]:
    """The errors of a handler; what any handler may meet is always among them."""
    everywhere: Iterable[int] = (400, 401, 403, 429, 500, 503)
    return {status: error_spec(status) for status in sorted({*statuses, *everywhere})}


def as_is(document: bytes, status: int = 200) -> Response[Any]:
    """A document that PostgreSQL wrote (`db.call_json`), sent on as it is; the handler's annotation says its shape."""
    return Response(document, status_code=status, media_type="application/json")
