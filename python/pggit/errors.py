"""The one place where SQLSTATE becomes an HTTP status, and the one error envelope."""

import enum
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType


class ErrorCode(enum.StrEnum):
    """What went wrong, for programs."""

    VALIDATION_ERROR = "VALIDATION_ERROR"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    RESOURCE_NOT_FOUND = "RESOURCE_NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE"
    RESOURCE_CONFLICT = "RESOURCE_CONFLICT"
    INVALID_STATE = "INVALID_STATE"
    MERGE_CONFLICT = "MERGE_CONFLICT"
    LOCK_TIMEOUT = "LOCK_TIMEOUT"
    PAYLOAD_TOO_LARGE = "PAYLOAD_TOO_LARGE"
    UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
    RATE_LIMIT_EXCEEDED = "RATE_LIMIT_EXCEEDED"
    READ_ONLY = "READ_ONLY"
    NOT_INSTALLED = "NOT_INSTALLED"
    NOT_CONFIGURED = "NOT_CONFIGURED"
    DATABASE_UNAVAILABLE = "DATABASE_UNAVAILABLE"
    SERVICE_UNAVAILABLE = "SERVICE_UNAVAILABLE"
    INTERNAL_ERROR = "INTERNAL_ERROR"


class ErrorDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One fact about an error: the field it is about, if any, and what is wrong with it."""

    field: str | None = None
    message: str
    code: str


class ErrorResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every error. detail, error and message are the same text."""

    detail: str
    error: str
    message: str
    error_code: ErrorCode
    status_code: int
    path: str
    timestamp: str
    correlation_id: str
    request_id: str
    details: list[ErrorDetail] | UnsetType = UNSET
    sqlstate: str | UnsetType = UNSET
    hint: str | UnsetType = UNSET
    retry_after: int | UnsetType = UNSET
    limit: int | UnsetType = UNSET
    remaining: int | UnsetType = UNSET
    reset_at: int | UnsetType = UNSET


class Outcome(msgspec.Struct, frozen=True):
    """Status and code of a class of errors."""

    status: int
    code: ErrorCode
    retry_after: int | None = None


INTERNAL = Outcome(500, ErrorCode.INTERNAL_ERROR)
UNAVAILABLE = Outcome(503, ErrorCode.DATABASE_UNAVAILABLE, 5)

# The third letter of pggit's own class VC.
FAMILIES = {
    "N": Outcome(404, ErrorCode.RESOURCE_NOT_FOUND),
    "C": Outcome(409, ErrorCode.RESOURCE_CONFLICT),
    "S": Outcome(409, ErrorCode.INVALID_STATE),
    "V": Outcome(400, ErrorCode.VALIDATION_ERROR),
    "A": Outcome(403, ErrorCode.FORBIDDEN),
    "L": Outcome(429, ErrorCode.RATE_LIMIT_EXCEEDED, 60),
}

# PostgreSQL's own codes; the longest prefix wins.
SQLSTATES = {
    "08": UNAVAILABLE,
    "0A000": Outcome(400, ErrorCode.VALIDATION_ERROR),
    "22": Outcome(400, ErrorCode.VALIDATION_ERROR),
    "23": Outcome(409, ErrorCode.RESOURCE_CONFLICT),
    "23502": Outcome(400, ErrorCode.VALIDATION_ERROR),
    "23514": Outcome(400, ErrorCode.VALIDATION_ERROR),
    "25006": Outcome(503, ErrorCode.READ_ONLY, 30),
    "28": UNAVAILABLE,
    "3D000": UNAVAILABLE,
    "3F000": Outcome(503, ErrorCode.NOT_INSTALLED, 30),
    "40001": Outcome(409, ErrorCode.RESOURCE_CONFLICT, 1),
    "40P01": Outcome(409, ErrorCode.RESOURCE_CONFLICT, 1),
    "42501": Outcome(403, ErrorCode.FORBIDDEN),
    "53": Outcome(503, ErrorCode.SERVICE_UNAVAILABLE, 5),
    "53400": Outcome(503, ErrorCode.SERVICE_UNAVAILABLE, 5),
    "55": Outcome(409, ErrorCode.INVALID_STATE),
    "55P03": Outcome(409, ErrorCode.LOCK_TIMEOUT, 2),
    "57": UNAVAILABLE,
    "57014": Outcome(503, ErrorCode.SERVICE_UNAVAILABLE, 5),
}

# DDL that is refused for what a branch holds is the caller's to mend, unlike an error in our own SQL.
HTTP_STATUSES = {
    400: ErrorCode.VALIDATION_ERROR,
    401: ErrorCode.UNAUTHORIZED,
    403: ErrorCode.FORBIDDEN,
    404: ErrorCode.RESOURCE_NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    406: ErrorCode.NOT_ACCEPTABLE,
    409: ErrorCode.RESOURCE_CONFLICT,
    413: ErrorCode.PAYLOAD_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    429: ErrorCode.RATE_LIMIT_EXCEEDED,
    503: ErrorCode.SERVICE_UNAVAILABLE,
}

RETRIED = ("40001", "40P01")

# Seconds after which one may ask again who was refused for the moment, where nothing better is known.
LATER = 5


def outcome_of(sqlstate: str | None) -> Outcome:
    """Status and code for a SQLSTATE; None is a connection that never answered."""
    if sqlstate is None:
        return UNAVAILABLE
    if sqlstate.startswith("VC"):
        return FAMILIES.get(sqlstate[2], INTERNAL)
    for length in (5, 2):
        found = SQLSTATES.get(sqlstate[:length])
        if found is not None:
            return found
    return INTERNAL


def utc_now() -> str:
    """Now, in milliseconds, with the Z of the API's timestamps."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def envelope(  # one argument per optional field of the body
    *,
    message: str,
    code: ErrorCode,
    status: int,
    path: str,
    request_id: str,
    details: list[ErrorDetail] | None = None,
    **extra: Any,
) -> ErrorResponse:
    """The error body; extra takes the optional fields of ErrorResponse, None meaning absent."""
    return ErrorResponse(
        detail=message,
        error=message,
        message=message,
        error_code=code,
        status_code=status,
        path=path,
        timestamp=utc_now(),
        correlation_id=request_id,
        request_id=request_id,
        details=details or UNSET,
        **{key: value for key, value in extra.items() if value is not None},
    )
