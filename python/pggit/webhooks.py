"""What the API takes and gives of webhooks; every field is described here, and OpenAPI is made from it."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pggit.structs import Answer, Request

Name = Annotated[
    str, Meta(min_length=1, max_length=200, description="Unique", examples=["Deploy notifier"])
]
Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2048,
        description="Public https address of the receiver",
        examples=["https://hooks.example.org/pggit"],
    ),
]
Description = Annotated[str, Meta(max_length=2000)]
Timeout = Annotated[
    int, Meta(ge=1, le=120, description="Limit of a whole attempt, from name look-up to last byte")
]
Interval = Annotated[
    int, Meta(ge=10, le=86400, description="How often an unhealthy, silent receiver is pinged")
]
EventTypes = Annotated[
    list[str],
    Meta(
        min_length=1,
        max_length=100,
        description="What is sent: types, groups as in merge.*, or * for all but webhook.* and delivery.*",
        examples=[["merge.completed", "alert.*"]],
    ),
]
HourlyLimit = Annotated[
    int, Meta(ge=1, le=100_000_000, description="More attempts an hour are delayed, never dropped")
]
HealthStatus = Literal["healthy", "degraded", "unavailable", "unknown"]
DeliveryStatus = Literal[
    "pending", "sending", "retrying", "delivered", "failed", "held", "cancelled"
]


class NewRetryPolicy(Request, frozen=True, kw_only=True):
    """After the n-th failure the next attempt follows in backoff_base to the n seconds, give or take a fifth."""

    max_retries: Annotated[int, Meta(ge=0, le=50)] | UnsetType = UNSET
    backoff_base: Annotated[float, Meta(ge=1, le=3600)] | UnsetType = UNSET
    max_backoff: (
        Annotated[int, Meta(ge=1, le=86400, description="Longest wait, in seconds")] | UnsetType
    ) = UNSET

    def given(self) -> dict[str, Any]:
        """What was said; the rest keeps its value or its default."""
        return {k: v for k, v in msgspec.structs.asdict(self).items() if v is not UNSET}


class RetryPolicy(Answer, frozen=True, kw_only=True):
    """After the n-th failure the next attempt follows in backoff_base to the n seconds, give or take a fifth."""

    max_retries: int
    backoff_base: float
    max_backoff: Annotated[int, Meta(description="Longest wait, in seconds")]


class NewWebhook(Request, frozen=True, kw_only=True):
    """A receiver of events; name and url are all it takes."""

    name: Name
    url: Url
    description: Description | None = None
    is_active: bool = True
    retry_policy: NewRetryPolicy = NewRetryPolicy()
    timeout_seconds: Timeout = 30
    ssl_verify: Annotated[bool, Meta(description="Check the receiver's certificate")] = True
    health_check_interval_seconds: Interval = 300
    event_types: EventTypes = msgspec.field(default_factory=lambda: ["*"])
    is_ordered: Annotated[
        bool, Meta(description="One after the other; a failing one holds up those after it")
    ] = False
    hourly_limit: HourlyLimit = 1000


class WebhookChanges(Request, frozen=True, kw_only=True):
    """What is to change of a webhook; what is not given stays."""

    name: Name | UnsetType = UNSET
    url: Url | UnsetType = UNSET
    description: Description | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    retry_policy: NewRetryPolicy | UnsetType = UNSET
    timeout_seconds: Timeout | UnsetType = UNSET
    ssl_verify: bool | UnsetType = UNSET
    health_check_interval_seconds: Interval | UnsetType = UNSET
    event_types: EventTypes | UnsetType = UNSET
    is_ordered: bool | UnsetType = UNSET
    hourly_limit: HourlyLimit | UnsetType = UNSET

    def given(self) -> dict[str, Any]:
        """The keys that were given."""
        changes = {k: v for k, v in msgspec.structs.asdict(self).items() if v is not UNSET}
        if isinstance(self.retry_policy, NewRetryPolicy):
            changes["retry_policy"] = self.retry_policy.given()
        return changes


class Webhook(Answer, frozen=True, kw_only=True):
    """A receiver of events."""

    id: int
    name: str
    url: Annotated[str, Meta(description="As it is dialled, the host in its xn-- form")]
    description: str | None
    is_active: bool
    event_types: list[str]
    is_ordered: bool
    retry_policy: RetryPolicy
    timeout_seconds: int
    ssl_verify: bool
    health_check_interval_seconds: int
    hourly_limit: int
    disabled_reason: Annotated[
        str | None,
        Meta(description="Why pggit switched it off: gone (410) or failing (for five days)"),
    ]
    created_at: datetime
    updated_at: datetime
    last_used_at: Annotated[datetime | None, Meta(description="Its last attempt")]
    health_status: HealthStatus


class WebhookWithSecret(Webhook, frozen=True, kw_only=True):
    """A webhook that was just made."""

    secret: Annotated[
        str,
        Meta(description="What deliveries are signed with; not shown again", examples=["whsec_…"]),
    ]


class WebhookPage(Answer, frozen=True, kw_only=True):
    """One page of webhooks."""

    items: list[Webhook]
    total: Annotated[int, Meta(description="Webhooks there are, on all pages")]


class WebhookHealth(Answer, frozen=True, kw_only=True):
    """How a webhook fares."""

    webhook_id: int
    health_status: HealthStatus
    is_active: bool
    total_deliveries: Annotated[int, Meta(description="Delivered or given up")]
    successful_deliveries: int
    failed_deliveries: int
    total_attempts: int
    avg_response_time_ms: float | None
    max_response_time_ms: float | None
    min_response_time_ms: float | None
    last_attempt_at: datetime | None
    last_success_at: datetime | None
    last_failure_at: datetime | None
    consecutive_failures: int
    failing_since: datetime | None
    breaker: Literal["closed", "open", "half_open"]
    blocked_until: Annotated[datetime | None, Meta(description="Nothing is sent before")]
    sent_this_hour: int
    hourly_limit: int
    waiting: Annotated[int, Meta(description="Deliveries that are to be sent")]
    dead_letters: int


class Attempt(Answer, frozen=True, kw_only=True):
    """One attempt, and what the receiver said."""

    attempt: int
    trigger: str
    outcome: Literal["delivered", "failed"]
    status_code: int | None
    error_class: Annotated[str | None, Meta(examples=["connect_refused", "timeout", "tls_error"])]
    error: str | None
    duration_ms: float
    retry_after: str | None
    response_body: Annotated[str | None, Meta(description="At most its first 16 KiB")]
    is_truncated: bool
    worker: str
    created_at: datetime


class Delivery(Answer, frozen=True, kw_only=True):
    """One event for one webhook."""

    id: int
    webhook_id: int
    event_id: int
    message_id: Annotated[str | None, Meta(description="The header webhook-id of every attempt")]
    event_type: str | None
    trigger: Literal["event", "ping", "manual", "replay"]
    status: DeliveryStatus
    attempt_count: int
    next_attempt_at: datetime | None
    created_at: datetime
    attempts: list[Attempt]


class DeliveryPage(Answer, frozen=True, kw_only=True):
    """Some deliveries, youngest first."""

    items: list[Delivery]
    total: int
    next_before: Annotated[int | None, Meta(description="`before` of the next page; null: the end")]


class DeadLetter(Answer, frozen=True, kw_only=True):
    """A delivery that was given up, held back because the webhook is off, or cancelled because it is gone."""

    id: int
    webhook_id: int
    event_id: int
    message_id: str | None
    event_type: str | None
    reason: Literal["exhausted", "held", "cancelled"]
    attempt_count: int
    error: str | None
    body: Annotated[str | None, Meta(description="What was to be sent; null once it is expunged")]
    created_at: datetime
    died_at: datetime


class DeadLetterPage(Answer, frozen=True, kw_only=True):
    """Some dead letters, youngest first."""

    items: list[DeadLetter]
    total: int


class NewRotation(Request, frozen=True, kw_only=True):
    """How long the secret before is signed with beside the new one."""

    overlap_hours: Annotated[int, Meta(ge=0, le=720)] = 24


class Rotation(Answer, frozen=True, kw_only=True):
    """A new secret."""

    id: int
    secret: Annotated[str, Meta(description="Not shown again", examples=["whsec_…"])]
    previous_expires_at: datetime


class NewReplay(Request, frozen=True, kw_only=True):
    """Which deliveries to send again."""

    since: Annotated[datetime | None, Meta(description="Made then or later")] = None
    until: Annotated[datetime | None, Meta(description="Made then or earlier")] = None
    missing_only: Annotated[
        bool, Meta(description="False: also what was delivered, of the last week")
    ] = True


class Replay(Answer, frozen=True, kw_only=True):
    """What is queued again."""

    webhook_id: int
    queued: int
