"""The deliverer: claims what is due, posts it with nothing open in PostgreSQL, and says what became of it."""

import asyncio
import base64
import email.utils
import functools
import hashlib
import hmac
import logging
import math
import os
import re
import socket
import time
import uuid
from collections import Counter
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
import psycopg

from pggit import __version__
from pggit.settings import Settings
from pggit.workers.addresses import AddressRule, Resolver, parse_networks
from pggit.workers.link import Link, connected
from pggit.workers.outbound import Answer, Client, Failure

_log = logging.getLogger("pggit.deliverer")

CHANNEL = "pggit_events"
BATCH = 100
# How many may be under way in one process, whoever they are for.
PLACES = 1000
POLL = 0.5
# So long results gather before they are told, where fewer than a batch came.
GATHER = 0.003
SWEEP = 60.0
PAYLOAD_LIMIT = 256 * 1024
# Classes of SQLSTATE that say nothing about the call itself.
TRANSIENT = ("08", "40", "53", "55", "57", "58")
LONGEST_PAUSE = 86400.0
TEXT_LIMIT = 1024

_HEAD = (
    f"User-Agent: pggit-webhooks/{__version__}\r\n"
    "Accept: */*\r\nAccept-Encoding: identity\r\nContent-Type: application/json\r\n"
)


class Hook(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook, as far as it takes to send."""

    webhook_id: int
    url: str
    timeout_seconds: int
    ssl_verify: bool
    secrets: list[str] | None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent, to however many."""

    event_id: int
    message_id: str
    body: str


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be sent to one: an event, or a body of its own."""

    delivery_id: int
    webhook_id: int
    attempt: int
    trigger: str
    event_id: int
    body: str | None


class Content(NamedTuple):
    """What is posted, and what receivers tell repeats by."""

    message_id: str
    body: bytes

    @classmethod
    def of(cls, body: str) -> "Content":
        """Of a body that was kept: the id is in it."""
        data = body.encode()
        return cls(msgspec.json.decode(data, type=_Kept).id, data)


class _Kept(msgspec.Struct):
    id: str


class Claimed(msgspec.Struct, frozen=True, kw_only=True):
    """What one claim gave."""

    webhooks: list[Hook]
    events: list[Event]
    deliveries: list[Delivery]


@functools.lru_cache(maxsize=4096)
def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix("whsec_"))


def sign(secrets: list[str], message_id: str, timestamp: int, body: bytes) -> str:
    """The value of webhook-signature: one signature for each live secret."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join(
        "v1," + base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode()
        for secret in secrets
    )


def pause_of(values: list[bytes], now: datetime) -> float | None:
    """Seconds that a Retry-After asks for, at most a day; None where it is not understood, given twice, or not ahead."""
    if len(values) != 1:
        return None
    text = values[0].decode("latin-1").strip()[:64]
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        seconds = math.ceil(min(float(text), LONGEST_PAUSE))
    else:
        try:
            date = email.utils.parsedate_to_datetime(text)
            seconds = math.ceil((date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds())
        except (ValueError, TypeError, OverflowError):
            return None
    return float(min(seconds, LONGEST_PAUSE)) if seconds > 0 else None


def readable(data: bytes) -> str:
    """Bytes as text that PostgreSQL takes: as it is where it is UTF-8, else escaped."""
    return data.decode("utf-8", "backslashreplace").replace("\x00", "\\x00")


def cut(text: str) -> str:
    """At most a kilobyte of it, printable."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)[
        :TEXT_LIMIT
    ]


class Deliverer:
    """Any number of these work side by side; one that dies loses nothing, its leases run out."""

    def __init__(
        self,
        settings: Settings,
        *,
        resolver: Resolver | None = None,
        tls: Any = None,
        grace: float = 10.0,
    ) -> None:
        self._settings = settings
        self._name = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        self._resolver = resolver
        self._options = {} if tls is None else {"tls": tls}
        self._grace = grace
        self._wake = asyncio.Event()
        self._results: list[dict[str, Any]] = []
        self._running: dict[asyncio.Task[None], Delivery] = {}
        self._busy: Counter[int] = Counter()
        self._client: Client | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Deliver until told to stop."""
        dsn = self._settings.database_url
        async with connected(dsn, "pggit deliverer") as link, connected(dsn, "pggit ears") as ears:
            if self._client is None:
                blocked = await link.call_value(list[str], "blocked_networks")
                rule = AddressRule(
                    parse_networks(blocked), parse_networks(self._settings.webhook_allowed_networks)
                )
                self._client = Client(
                    rule,
                    self._resolver or Resolver(),
                    allow_http=self._settings.webhook_allow_http,
                    **self._options,
                )
            listener = asyncio.create_task(ears.listen(CHANNEL, self._wake))
            stopper = asyncio.create_task(self._wake_at(stop))
            try:
                await self._work(link, listener, stop)
            finally:
                for task in (listener, stopper):
                    task.cancel()
                await asyncio.gather(listener, stopper, return_exceptions=True)
        if stop.is_set():
            self._client.close()
            await asyncio.sleep(0.01)  # sockets close in the loop's next turns

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake.set()

    async def _work(self, link: Link, listener: asyncio.Task[None], stop: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()
        swept = loop.time()
        while not stop.is_set():
            self._wake.clear()
            limit = min(BATCH, PLACES - len(self._running))
            claimed = await self._exchange(link, limit)
            if listener.done():
                listener.result()
            if loop.time() - swept > SWEEP:
                swept = loop.time()
                await link.call_value(int, "sweep_deliveries")
            if len(claimed) == limit > 0:
                await asyncio.sleep(0)
                continue
            await self._rest()
        await self._wind_up(link)

    async def _rest(self) -> None:
        """Until there is something to tell or to claim, or a while has gone by."""
        try:
            async with asyncio.timeout(POLL):
                await self._wake.wait()
        except TimeoutError:
            return
        if 0 < len(self._results) < BATCH:
            await asyncio.sleep(GATHER)

    async def _exchange(self, link: Link, limit: int) -> list[Delivery]:
        """Tell what has ended and claim more; what could not be told is told next time."""
        try:
            return await self._exchange_all(link, limit)
        except psycopg.Error as error:
            # Of another kind than "go away" or "again": something is wrong with one of the results.
            if error.sqlstate is None or error.sqlstate[:2] in TRANSIENT or not self._results:
                raise
            _log.error("results are told one by one", exc_info=error)
            await self._tell_each(link)
            return []

    async def _tell_each(self, link: Link) -> None:
        """Tell results singly, and forget the one that PostgreSQL does not take: its lease runs out, and it is sent again."""
        while self._results:
            try:
                await link.call_value(
                    int, "finish_deliveries", worker=self._name, results=self._results[:1]
                )
            except psycopg.Error as error:
                if error.sqlstate is None or error.sqlstate[:2] in TRANSIENT:
                    raise
                lost = self._results[0]["delivery_id"]
                _log.error("the result of delivery %s is lost", lost, exc_info=error)
            del self._results[0]

    async def _exchange_all(self, link: Link, limit: int) -> list[Delivery]:
        told = self._results[: 2 * BATCH]
        claimed = await link.call_value(
            Claimed,
            "exchange_deliveries",
            worker=self._name,
            results=told,
            limit=limit,
            busy={str(webhook): count for webhook, count in self._busy.items() if count},
        )
        del self._results[: len(told)]
        hooks = {hook.webhook_id: hook for hook in claimed.webhooks}
        contents = {
            event.event_id: Content(event.message_id, event.body.encode())
            for event in claimed.events
        }
        for delivery in claimed.deliveries:
            # Without one it was deleted since; its lease runs out, and the sweep takes it.
            if (hook := hooks.get(delivery.webhook_id)) is None:
                continue
            body = delivery.body
            content = contents.get(delivery.event_id) if body is None else Content.of(body)
            task = asyncio.create_task(self._deliver(delivery, hook, content))
            self._running[task] = delivery
            self._busy[delivery.webhook_id] += 1
            task.add_done_callback(self._ended)
        return claimed.deliveries

    def _ended(self, task: asyncio.Task[None]) -> None:
        delivery = self._running.pop(task)
        self._busy[delivery.webhook_id] -= 1
        if not self._busy[delivery.webhook_id]:
            del self._busy[delivery.webhook_id]
        if task.cancelled():
            self._results.append(
                {
                    "delivery_id": delivery.delivery_id,
                    "webhook_id": delivery.webhook_id,
                    "attempt": delivery.attempt,
                    "is_released": True,
                }
            )
        elif (error := task.exception()) is not None:
            _log.error("a delivery broke", exc_info=error)
        self._wake.set()

    async def _deliver(self, delivery: Delivery, hook: Hook, content: Content | None) -> None:
        started = time.perf_counter()
        result: dict[str, Any] = {
            "delivery_id": delivery.delivery_id,
            "webhook_id": delivery.webhook_id,
            "attempt": delivery.attempt,
            "is_manual": delivery.trigger == "manual",
            "is_delivered": False,
        }
        try:
            answer = await self._post(content, hook)
        except Failure as failure:
            result |= {"error_class": failure.error_class, "error": cut(str(failure))}
        except OSError as error:
            result |= {"error_class": "network_error", "error": cut(str(error))}
        else:
            result |= _verdict(answer)
        result["duration_ms"] = round((time.perf_counter() - started) * 1000, 3)
        self._results.append(result)

    async def _post(self, content: Content | None, hook: Hook) -> Answer:
        if content is None:
            raise Failure("payload_gone", "what was to be sent is gone")
        message_id, body = content
        if len(body) > PAYLOAD_LIMIT:
            raise Failure("payload_too_large", f"the payload is larger than {PAYLOAD_LIMIT} bytes")
        timestamp = int(time.time())
        signature = sign(hook.secrets or [], message_id, timestamp, body)
        head = (
            f"{_HEAD}webhook-id: {message_id}\r\nwebhook-timestamp: {timestamp}\r\n"
            f"webhook-signature: {signature}\r\n"
        )
        assert self._client is not None
        return await self._client.post(
            hook.url,
            head.encode("ascii"),
            body,
            is_verified=hook.ssl_verify,
            timeout=hook.timeout_seconds,
        )

    async def _wind_up(self, link: Link) -> None:
        """Claim nothing more, let what is under way end, give the rest back."""
        if self._running:
            await asyncio.wait(self._running, timeout=self._grace)
        for task in list(self._running):
            task.cancel()
        if self._running:
            await asyncio.wait(self._running)
        await asyncio.sleep(0)  # their callbacks
        while self._results:
            await self._exchange(link, 0)


def _verdict(answer: Answer) -> dict[str, Any]:
    is_delivered = 200 <= answer.status < 300
    retry_after = b", ".join(answer.retry_after)
    return {
        "is_delivered": is_delivered,
        "status_code": answer.status,
        "error_class": None if is_delivered else "http_status",
        "error": None if is_delivered else f"the receiver answered {answer.status}",
        "pause_seconds": None if is_delivered else pause_of(answer.retry_after, datetime.now(UTC)),
        "retry_after": cut(readable(retry_after)) if retry_after else None,
        "response_body": readable(answer.body) if answer.body else None,
        "is_truncated": answer.is_truncated,
    }
