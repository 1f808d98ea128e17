"""A database, a receiver on loopback and a deliverer between them, for tests that look at what goes over the wire."""

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from pggit.settings import Settings
from pggit.workers import run_workers
from pggit.workers.addresses import Resolver
from pggit.workers.deliverer import Deliverer
from pggit.workers.ticker import Ticker
from workers.receiver import Receiver, receiving

LIMIT = 60.0


def eventually(look: Callable[[], Any], what: str = "it") -> Any:
    """What look gives, once it gives something; how long that takes is nothing that a test judges."""
    end = time.monotonic() + LIMIT
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.01)
    raise AssertionError(f"{what} did not happen")


def seconds_to_next(attempt: dict[str, Any]) -> float:
    """How long after an attempt the next one may be made."""
    made = datetime.fromisoformat(attempt["created_at"])
    return (datetime.fromisoformat(attempt["next_at"]) - made).total_seconds()


def settings_of(url: str, **more: Any) -> Settings:
    return Settings(
        database_url=url,
        database_pool_min=1,
        database_pool_size=4,
        log_level="CRITICAL",
        rate_limit_enabled=False,
        webhook_allowed_networks=["127.0.0.0/8"],
        webhook_allow_http=True,
        **more,
    )


def open_loopback(conn: psycopg.Connection) -> None:
    """Let this session write URLs of loopback, as the API does where its settings say so."""
    conn.execute("SET pggit.webhook_allowed_networks = '127.0.0.0/8'")
    conn.execute("SET pggit.webhook_allow_http = 'on'")


@contextmanager
def working(
    settings: Settings, resolver: Resolver | None = None, tls: Any = None
) -> Iterator[None]:
    """A ticker and a deliverer in a thread of their own."""
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()
    deliverer = Deliverer(settings, resolver=resolver, tls=tls, grace=1)
    workers = {"ticker": Ticker(settings.database_url).run, "deliverer": deliverer.run}

    def run() -> None:
        with asyncio.Runner(loop_factory=lambda: loop) as runner:
            runner.run(run_workers(workers, stop))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)


class Bench:
    """Makes webhooks whose events are theirs alone, publishes, and looks at what became of it."""

    numbers = itertools.count(1)

    def __init__(self, url: str, conn: psycopg.Connection, receiver: Receiver) -> None:
        self.url = url
        self.conn = conn
        self.receiver = receiver

    def value(self, query: str, *arguments: Any) -> Any:
        row = self.conn.execute(query.encode(), arguments).fetchone()
        return None if row is None else row[0]

    def hook(self, target: str | None = None, **options: Any) -> "Hook":
        """A webhook at a path of the receiver (or any URL), for events of its own type."""
        number = next(self.numbers)
        path = target or f"/{number}"
        url = path if "://" in path else self.receiver.url(path)
        given = {"retry_policy": {"max_retries": 0}, **options}
        given.setdefault("event_types", [f"custom.n{number}"])
        made = self.value(
            "SELECT pggit.create_webhook(%s, %s, p_retry_policy => %s, p_event_types => %s, p_timeout_seconds => %s, "
            "p_is_ordered => %s, p_hourly_limit => %s, p_ssl_verify => %s)",
            f"hook {number}",
            url,
            Jsonb(given["retry_policy"]),
            given["event_types"],
            given.get("timeout_seconds", 10),
            given.get("is_ordered", False),
            given.get("hourly_limit", 100_000),
            given.get("ssl_verify", True),
        )
        return Hook(self, made["id"], path, f"custom.n{number}", made["secret"])

    def publish(self, kind: str, data: Any = None, message_id: str | None = None) -> Any:
        return self.value(
            "SELECT pggit.publish_event(%s, %s, NULL, %s)", kind, Jsonb(data or {}), message_id
        )

    def wake(self) -> None:
        """Wake deliverers, as the ticker would."""
        self.conn.execute("NOTIFY pggit_events")


class Hook:
    """One webhook of a test."""

    def __init__(self, bench: Bench, id_: int, path: str, kind: str, secret: str) -> None:
        self.bench, self.id, self.path, self.kind, self.secret = bench, id_, path, kind, secret

    def publish(self, data: Any = None, message_id: str | None = None) -> Any:
        return self.bench.publish(self.kind, data, message_id)

    @property
    def seen(self) -> list[Any]:
        return self.bench.receiver.at(self.path)

    def attempts(self, count: int = 1) -> list[dict[str, Any]]:
        """The attempts at this webhook, oldest first, once there are that many."""

        def look() -> list[dict[str, Any]] | None:
            found = self.bench.value(
                "SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY a.created_at, a.attempt), '[]') "
                "FROM _pggit.attempts AS a WHERE webhook_id = %s",
                self.id,
            )
            return found if len(found) >= count else None

        found: list[dict[str, Any]] = eventually(look, f"attempt {count} at {self.path}")
        return found

    def attempt(self) -> dict[str, Any]:
        """Its one attempt, after one event."""
        self.publish()
        return self.attempts()[0]

    def hasten(self) -> None:
        """Let time pass: what waits is due, and nothing is blocked."""
        self.bench.conn.execute(
            "UPDATE _pggit.deliveries SET due_at = clock_timestamp() WHERE webhook_id = %s AND leased_by IS NULL",
            [self.id],
        )
        self.bench.conn.execute(
            "UPDATE _pggit.webhook_health_metrics SET blocked_until = '-infinity' WHERE webhook_id = %s",
            [self.id],
        )
        self.bench.wake()

    def deliveries(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.bench.value(
            "SELECT pggit.list_deliveries(%s, NULL, 100)->'items'", self.id
        )
        return found

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self.bench.value("SELECT pggit.get_webhook_health(%s)", self.id)
        return found

    def dead(self, count: int = 1) -> list[dict[str, Any]]:
        """Its dead letters, once there are that many."""

        def look() -> list[dict[str, Any]] | None:
            found = self.bench.value("SELECT pggit.list_dead_letters(%s)->'items'", self.id)
            return found if len(found) >= count else None

        found: list[dict[str, Any]] = eventually(look, f"dead letter {count} of {self.path}")
        return found

    def change(self, **changes: Any) -> Any:
        return self.bench.value("SELECT pggit.update_webhook(%s, %s)", self.id, Jsonb(changes))


@contextmanager
def bench_on(url: str) -> Iterator[Bench]:
    with psycopg.connect(url, autocommit=True) as conn, receiving() as receiver:
        open_loopback(conn)
        yield Bench(url, conn, receiver)
