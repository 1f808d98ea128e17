"""Webhooks that go out: who is told of events, how they fare, what was sent and what is to be sent again."""

from typing import Annotated, Any

import idna
from litestar import Request, Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, PathParameter, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED, HTTP_503_SERVICE_UNAVAILABLE

from pggit.cache import Cache
from pggit.db import Database
from pggit.errors import ErrorCode, ErrorResponse, envelope
from pggit.routes import Limit, Offset, Reads, errors, kept
from pggit.telemetry import request_id
from pggit.webhooks import (
    DeadLetterPage,
    Delivery,
    DeliveryPage,
    NewReplay,
    NewRotation,
    NewWebhook,
    Replay,
    Rotation,
    Webhook,
    WebhookChanges,
    WebhookHealth,
    WebhookPage,
    WebhookWithSecret,
)

# Seconds after which a sender of webhooks may ask whether they are served now.
UNTIL_CONFIGURED = 3600

WebhookNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="Id of a webhook")]
DeliveryNumber = Annotated[int, PathParameter(ge=1, le=2**63 - 1, description="Id of a delivery")]


def in_ascii(url: str) -> str:
    """The URL with its host as the DNS has it: https://bücher.example as https://xn--bcher-kva.example.

    PostgreSQL has no table of Unicode; what cannot be put so is left for it to refuse.
    """
    scheme, mark, rest = url.partition("://")
    end = next((at for at, c in enumerate(rest) if c in "/?#"), len(rest))
    host, colon, port = rest[:end].partition(":")
    if host.isascii() or not mark:
        return url
    try:
        return f"{scheme}://{idna.encode(host, uts46=True).decode()}{colon}{port}{rest[end:]}"
    except idna.IDNAError:
        return url


@get("/", responses=errors(), summary="List webhooks")
async def list_webhooks(
    reads: NamedDependency[Reads],
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response[WebhookPage]:
    """Webhooks by id, oldest first; kept until one changes. `last_used_at` may be two minutes old here."""
    return kept(
        await reads.cache.read(
            "webhooks_list",
            (limit, offset),
            lambda: reads.db.call_seen(WebhookPage, "list_webhooks", limit=limit, offset=offset),
        )
    )


def read_ahead(cache: Cache, db: Database) -> None:
    """Keep the first page from the start."""
    cache.warms(
        "webhooks_list",
        (100, 0),
        lambda: db.call_seen(WebhookPage, "list_webhooks", limit=100, offset=0),
    )


@post("/", responses=errors(409), summary="Create a webhook")
async def create_webhook(
    db: NamedDependency[Database], data: JSONBody[NewWebhook]
) -> WebhookWithSecret:
    """Its secret is in this answer and in no other. From now on, events that fit are sent."""
    return await db.call_value(
        WebhookWithSecret,
        "create_webhook",
        name=data.name,
        url=in_ascii(data.url),
        description=data.description,
        is_active=data.is_active,
        retry_policy=data.retry_policy.given(),
        timeout_seconds=data.timeout_seconds,
        ssl_verify=data.ssl_verify,
        health_check_interval_seconds=data.health_check_interval_seconds,
        event_types=data.event_types,
        is_ordered=data.is_ordered,
        hourly_limit=data.hourly_limit,
    )


@get("/{webhook_id:int}", responses=errors(404), summary="Get a webhook")
async def get_webhook(db: NamedDependency[Database], webhook_id: WebhookNumber) -> Webhook:
    """One webhook; its secrets are not shown."""
    return await db.call_value(Webhook, "get_webhook", webhook_id=webhook_id)


@put("/{webhook_id:int}", responses=errors(404, 409), summary="Change a webhook")
async def update_webhook(
    db: NamedDependency[Database], webhook_id: WebhookNumber, data: JSONBody[WebhookChanges]
) -> Webhook:
    """Changes what is given and nothing else. Switched off, what waits is held among the dead letters."""
    changes = data.given()
    if isinstance(changes.get("url"), str):
        changes["url"] = in_ascii(changes["url"])
    return await db.call_value(Webhook, "update_webhook", webhook_id=webhook_id, changes=changes)


@delete("/{webhook_id:int}", responses=errors(404), summary="Delete a webhook")
async def delete_webhook(db: NamedDependency[Database], webhook_id: WebhookNumber) -> None:
    """With it go its secrets and what waits for it."""
    await db.call_none("delete_webhook", webhook_id=webhook_id)


@get("/{webhook_id:int}/health", responses=errors(404), summary="Show how a webhook fares")
async def get_health(db: NamedDependency[Database], webhook_id: WebhookNumber) -> WebhookHealth:
    """Counts, times, the breaker, and this hour's deliveries."""
    return await db.call_value(WebhookHealth, "get_webhook_health", webhook_id=webhook_id)


@post(
    "/{webhook_id:int}/ping",
    responses=errors(404, 409),
    status_code=HTTP_202_ACCEPTED,
    summary="Send a test event",
)
async def ping_webhook(db: NamedDependency[Database], webhook_id: WebhookNumber) -> Delivery:
    """Queues one `webhook.ping`; the delivery's own address shows how it went."""
    return await db.call_value(Delivery, "ping_webhook", webhook_id=webhook_id)


@post(
    "/{webhook_id:int}/rotate-secret",
    responses=errors(404),
    status_code=HTTP_200_OK,
    summary="Give a webhook a new secret",
)
async def rotate_secret(
    db: NamedDependency[Database],
    webhook_id: WebhookNumber,
    data: JSONBody[NewRotation | None] = None,
) -> Rotation:
    """For a while deliveries carry the signatures of both. The secret is shown in this answer only."""
    given = data or NewRotation()
    return await db.call_value(
        Rotation,
        "rotate_webhook_secret",
        webhook_id=webhook_id,
        overlap_hours=given.overlap_hours,
    )


@get("/{webhook_id:int}/deliveries", responses=errors(404), summary="List deliveries")
async def list_deliveries(
    db: NamedDependency[Database],
    webhook_id: WebhookNumber,
    limit: Limit = 20,
    before: Annotated[
        int | None, QueryParameter(ge=1, le=2**63 - 1, description="next_before of the last page")
    ] = None,
) -> DeliveryPage:
    """Youngest first, with their attempts: what waits, the last week, and dead letters."""
    return await db.call_value(
        DeliveryPage, "list_deliveries", webhook_id=webhook_id, before=before, limit=limit
    )


@get(
    "/{webhook_id:int}/deliveries/{delivery_id:int}",
    responses=errors(404),
    summary="Get a delivery",
)
async def get_delivery(
    db: NamedDependency[Database], webhook_id: WebhookNumber, delivery_id: DeliveryNumber
) -> Delivery:
    """One delivery with its attempts."""
    return await db.call_value(
        Delivery, "get_delivery", webhook_id=webhook_id, delivery_id=delivery_id
    )


@post(
    "/{webhook_id:int}/deliveries/{delivery_id:int}/retry",
    responses=errors(404, 409),
    status_code=HTTP_202_ACCEPTED,
    summary="Send a delivery again",
)
async def retry_delivery(
    db: NamedDependency[Database], webhook_id: WebhookNumber, delivery_id: DeliveryNumber
) -> Delivery:
    """At once if it waits for a retry; else one more attempt under the same message id."""
    return await db.call_value(
        Delivery, "retry_delivery", webhook_id=webhook_id, delivery_id=delivery_id
    )


@post(
    "/{webhook_id:int}/deliveries/{delivery_id:int}/expunge",
    responses=errors(404, 409),
    status_code=HTTP_200_OK,
    summary="Forget what a delivery held",
)
async def expunge_delivery(
    db: NamedDependency[Database], webhook_id: WebhookNumber, delivery_id: DeliveryNumber
) -> Delivery:
    """Takes the content of its event and what receivers answered out of every table; ids and states stay."""
    return await db.call_value(
        Delivery, "expunge_delivery", webhook_id=webhook_id, delivery_id=delivery_id
    )


@get("/{webhook_id:int}/dead-letters", responses=errors(404), summary="List dead letters")
async def list_dead_letters(
    db: NamedDependency[Database],
    webhook_id: WebhookNumber,
    limit: Limit = 20,
    offset: Offset = 0,
) -> DeadLetterPage:
    """What was given up, held back or cancelled, youngest first; kept for thirty days."""
    return await db.call_value(
        DeadLetterPage, "list_dead_letters", webhook_id=webhook_id, limit=limit, offset=offset
    )


@post(
    "/{webhook_id:int}/replay",
    responses=errors(404, 409),
    status_code=HTTP_202_ACCEPTED,
    summary="Send again what was missed",
)
async def replay_deliveries(
    db: NamedDependency[Database],
    webhook_id: WebhookNumber,
    data: JSONBody[NewReplay | None] = None,
) -> Replay:
    """Queues the dead letters of a range of time again, and with `missing_only: false` what was delivered, too."""
    given = data or NewReplay()
    return await db.call_value(
        Replay,
        "replay_deliveries",
        webhook_id=webhook_id,
        since=given.since,
        until=given.until,
        missing_only=given.missing_only,
    )


@post("/github", include_in_schema=False)
async def receive_event(request: Request[Any, Any, Any]) -> Response[ErrorResponse]:
    """Webhooks that come in are not served yet: what nobody checks is refused, signed or not."""
    body = envelope(
        message="inbound webhooks are not configured",
        code=ErrorCode.NOT_CONFIGURED,
        status=HTTP_503_SERVICE_UNAVAILABLE,
        path=request.url.path,
        request_id=request_id.get(),
        retry_after=UNTIL_CONFIGURED,
    )
    headers = {"Retry-After": str(UNTIL_CONFIGURED)}
    return Response(body, status_code=HTTP_503_SERVICE_UNAVAILABLE, headers=headers)


router = Router(
    path="/webhooks",
    tags=["webhooks"],
    route_handlers=[
        list_webhooks,
        create_webhook,
        get_webhook,
        update_webhook,
        delete_webhook,
        get_health,
        ping_webhook,
        rotate_secret,
        list_deliveries,
        get_delivery,
        retry_delivery,
        expunge_delivery,
        list_dead_letters,
        replay_deliveries,
        receive_event,
    ],
)
