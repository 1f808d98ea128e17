"""Alerts: what wants a person's attention; raised, seen, ended."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Meta

from pggit.cache import Cache
from pggit.db import Database
from pggit.routes import Limit, Offset, Reads, errors, kept
from pggit.structs import Answer, Request

AlertStatus = Literal["pending", "acknowledged", "resolved"]
Severity = Literal["INFO", "WARNING", "CRITICAL"]
AlertNumber = Annotated[int, PathParameter(ge=1, le=2**63 - 1, description="Id of an alert")]
# PostgreSQL's texts hold no NUL.
OperationType = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00]*[^\s\x00][^\x00]*$",
        description="What it is about: commit, merge, diff, … or a word of your own",
        examples=["merge"],
    ),
]


class Alert(Answer, frozen=True, kw_only=True):
    """A trouble, from its first time until it is resolved."""

    id: int
    operation_type: Annotated[str, Meta(description="What it is about", examples=["commit"])]
    severity: Severity
    message: str
    status: AlertStatus
    created_at: datetime
    last_raised_at: Annotated[datetime, Meta(description="When it was last seen")]
    occurrences: Annotated[int, Meta(description="How often it was seen while it is open")]


class AlertDetail(Alert, frozen=True, kw_only=True):
    """An alert with all that is known about it."""

    context: Annotated[
        dict[str, Any],
        Meta(
            description="Facts about it",
            examples=[{"p99_ms": 812.5, "baseline_ms": 120.0, "affected_operations": 7}],
        ),
    ]
    raised_by: str
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    resolved_at: datetime | None
    resolved_by: str | None
    note: Annotated[str | None, Meta(description="What was done about it")]


class AcknowledgedAlert(AlertDetail, frozen=True, kw_only=True):
    """An alert that somebody has seen, and the counts that a batch gives."""

    acknowledged: int
    failed: int


class AlertPage(Answer, frozen=True, kw_only=True):
    """One page of alerts."""

    items: list[Alert]
    total: Annotated[int, Meta(description="Alerts there are, on all pages")]


class AlertIds(Request, frozen=True, kw_only=True):
    """The alerts to acknowledge."""

    alert_ids: Annotated[
        list[Annotated[int, Meta(ge=1, le=2**63 - 1)]],
        Meta(max_length=1000, description="Their ids", examples=[[1, 2]]),
    ]


class Acknowledged(Answer, frozen=True, kw_only=True):
    """How many were acknowledged, and how many are unknown or resolved."""

    acknowledged: int
    failed: int


class NewAlert(Request, frozen=True, kw_only=True):
    """An alert to raise."""

    operation_type: OperationType
    severity: Severity
    message: Annotated[
        str, Meta(min_length=1, max_length=2000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
    ]
    context: Annotated[dict[str, Any], Meta(description="Facts about it")] = msgspec.field(
        default_factory=dict
    )
    dedupe_key: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=300,
                pattern=r"^[^\x00]*$",
                description="What makes two of them the same trouble; "
                "the operation and the message if absent",
            ),
        ]
        | None
    ) = None


class AlertResolution(Request, frozen=True, kw_only=True):
    """The end of an alert."""

    note: Annotated[
        str, Meta(max_length=2000, pattern=r"^[^\x00]*$", description="What was done about it")
    ] = ""


@get("/", responses=errors(), summary="List alerts")
async def list_alerts(
    reads: NamedDependency[Reads],
    status: Annotated[AlertStatus | None, QueryParameter(description="Only these")] = None,
    severity: Annotated[Severity | None, QueryParameter(description="Only these")] = None,
    operation_type: Annotated[
        str | None, QueryParameter(max_length=100, description="Only those about this")
    ] = None,
    limit: Limit = 20,
    offset: Offset = 0,
) -> Response[AlertPage]:
    """Alerts, newest first; kept until an alert changes."""
    return kept(
        await reads.cache.read(
            "alerts_summary",
            (status, severity, operation_type, limit, offset),
            lambda: reads.db.call_seen(
                AlertPage,
                "list_alerts",
                status=status,
                severity=severity,
                operation_type=operation_type,
                limit=limit,
                offset=offset,
            ),
        )
    )


def read_ahead(cache: Cache, db: Database) -> None:
    """Keep the first page from the start."""
    cache.warms(
        "alerts_summary",
        (None, None, None, 20, 0),
        lambda: db.call_seen(
            AlertPage,
            "list_alerts",
            status=None,
            severity=None,
            operation_type=None,
            limit=20,
            offset=0,
        ),
    )


@post("/", responses=errors(), summary="Raise an alert")
async def raise_alert(db: NamedDependency[Database], data: JSONBody[NewAlert]) -> AlertDetail:
    """A new alert; or, while the same trouble is open, that one with one more occurrence."""
    return await db.call_value(
        AlertDetail,
        "raise_alert",
        operation_type=data.operation_type,
        severity=data.severity,
        message=data.message,
        context=data.context,
        dedupe_key=data.dedupe_key,
    )


@get("/{alert_id:int}", responses=errors(404), summary="Get an alert")
async def get_alert(db: NamedDependency[Database], alert_id: AlertNumber) -> AlertDetail:
    """One alert with its context."""
    return await db.call_value(AlertDetail, "get_alert", alert_id=alert_id)


async def _acknowledge(db: Database, ids: list[int]) -> Acknowledged:
    return await db.call_value(Acknowledged, "acknowledge_alerts", alert_ids=ids)


@post("/acknowledge", status_code=200, responses=errors(), summary="Acknowledge alerts")
async def acknowledge_alerts(
    db: NamedDependency[Database], data: JSONBody[AlertIds]
) -> Acknowledged:
    """Somebody has seen them. Again is no error; failed are those that are unknown or resolved."""
    return await _acknowledge(db, data.alert_ids)


@post("/acknowledge-batch", status_code=200, responses=errors(), summary="Acknowledge alerts")
async def acknowledge_batch(
    db: NamedDependency[Database], data: JSONBody[AlertIds]
) -> Acknowledged:
    """The same as /alerts/acknowledge."""
    return await _acknowledge(db, data.alert_ids)


@post(
    "/{alert_id:int}/acknowledge",
    status_code=200,
    responses=errors(404, 409),
    summary="Acknowledge an alert",
)
async def acknowledge_alert(
    db: NamedDependency[Database], alert_id: AlertNumber
) -> AcknowledgedAlert:
    """Somebody has seen it. Again is no error."""
    return await db.call_value(AcknowledgedAlert, "acknowledge_alert", alert_id=alert_id)


@post(
    "/{alert_id:int}/resolve",
    status_code=200,
    responses=errors(404, 409),
    summary="Resolve an alert",
)
async def resolve_alert(
    db: NamedDependency[Database],
    alert_id: AlertNumber,
    data: JSONBody[AlertResolution | None] = None,
) -> AlertDetail:
    """The trouble is over; if it comes back, it is a new alert."""
    note = data.note if data is not None else None
    return await db.call_value(AlertDetail, "resolve_alert", alert_id=alert_id, note=note)


router = Router(
    path="/alerts",
    tags=["alerts"],
    route_handlers=[
        list_alerts,
        raise_alert,
        get_alert,
        acknowledge_alerts,
        acknowledge_batch,
        acknowledge_alert,
        resolve_alert,
    ],
)
