"""What becomes of deliveries: retries, the breaker, switching off, order, limits, filters, and taking content out."""

import asyncio
import base64
import hashlib
import hmac
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import psycopg
import pytest

from pggit.workers import addresses
from servers import PgServer
from workers.bench import Bench, bench_on, eventually, seconds_to_next, settings_of, working
from workers.receiver import Exchange, good


@pytest.fixture(scope="module")
def bench(pg: PgServer) -> Iterator[Bench]:
    with (
        pg.database(pg.template()) as url,
        bench_on(url) as made,
        working(settings_of(url)),
    ):
        yield made


def answering(bench: Bench, path: str, *statuses: int, headers: tuple[str, ...] = ()) -> None:
    """Answer with these, one after the other, and 200 when they are used up."""
    left = list(statuses)

    async def answer(exchange: Exchange) -> None:
        await exchange.answer(left.pop(0), b"", *headers) if left else await good(exchange)

    bench.receiver.on(path, answer)


def test_retries_follow_the_policy_of_the_webhook(bench: Bench) -> None:  # out-retry-001
    hook = bench.hook(retry_policy={"max_retries": 5, "backoff_base": 5, "max_backoff": 2000})
    answering(bench, hook.path, 500, 500, 500, 500, 500)
    hook.publish()
    for count in range(1, 6):
        attempts = hook.attempts(count)
        assert attempts[-1]["status_code"] == 500
        wanted = min(5**count, 2000)
        assert wanted * 0.79 <= seconds_to_next(attempts[-1]) <= wanted * 1.21
        hook.hasten()
    attempts = hook.attempts(6)
    assert [one["outcome"] for one in attempts] == ["failed"] * 5 + ["delivered"]
    assert len({one.headers["webhook-id"] for one in hook.seen}) == 1
    for one in hook.seen:
        signed = (
            f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
        )
        key = base64.b64decode(hook.secret.removeprefix("whsec_"))
        expected = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        assert one.headers["webhook-signature"] == f"v1,{expected}"
        assert abs(int(one.headers["webhook-timestamp"]) - one.at) <= 2
    assert hook.deliveries()[0]["status"] == "delivered"
    assert hook.deliveries()[0]["attempt_count"] == 6


def test_retry_after_holds_for_all_that_waits(bench: Bench) -> None:  # out-retry-003, -004
    hook = bench.hook(retry_policy={"max_retries": 3})
    answering(bench, hook.path, 429, headers=("Retry-After: 120",))
    hook.publish()
    assert seconds_to_next(hook.attempts()[0]) >= 119
    assert hook.health()["breaker"] == "closed"
    hook.publish()
    bench.wake()
    assert bench.hook().attempt()["outcome"] == "delivered"
    assert len(hook.seen) == 1, "the other message waits, too"
    assert hook.health()["waiting"] == 2
    at = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)
    dated = bench.hook(retry_policy={"max_retries": 3})
    answering(bench, dated.path, 503, headers=(f"Retry-After: {at}",))
    assert seconds_to_next(dated.attempt()) >= 590


@pytest.mark.parametrize(
    "value",
    ["-5", "0", "soon", "1e309", "Thu, 01 Jan 1970 00:00:00 GMT", "Wed, 99 Nov 2094 08:49:37 GMT"],
)
def test_a_retry_after_that_means_nothing_is_ignored(
    bench: Bench, value: str
) -> None:  # out-retry-006
    hook = bench.hook(retry_policy={"max_retries": 3})
    answering(bench, hook.path, 503, headers=(f"Retry-After: {value}",))
    assert seconds_to_next(hook.attempt()) < 3
    twice = bench.hook(retry_policy={"max_retries": 3})
    answering(bench, twice.path, 503, headers=("Retry-After: 100", "Retry-After: 200"))
    assert seconds_to_next(twice.attempt()) < 3


def test_a_fraction_is_rounded_up_and_a_day_is_the_most(bench: Bench) -> None:  # out-retry-006
    for value, least, most in (("120.5", 120.9, 122), ("99999999999", 86399, 86401)):
        hook = bench.hook(retry_policy={"max_retries": 3})
        answering(bench, hook.path, 503, headers=(f"Retry-After: {value}",))
        assert least <= seconds_to_next(hook.attempt()) <= most


def test_410_switches_the_webhook_off(bench: Bench) -> None:  # out-retry-008
    hook = bench.hook(retry_policy={"max_retries": 3})
    answering(bench, hook.path, 500, 410)
    hook.publish({"n": 1})
    hook.attempts(1)
    hook.publish({"n": 2})
    hook.attempts(2)
    dead = hook.dead(2)
    assert {one["reason"] for one in dead} == {"cancelled"}
    shown = bench.value("SELECT pggit.get_webhook(%s)", hook.id)
    assert (shown["is_active"], shown["disabled_reason"]) == (False, "gone")
    told = "SELECT count(*) FROM _pggit.events WHERE type = 'webhook.disabled' AND subject = %s"
    assert bench.value(told, str(hook.id)) == 1
    assert hook.change(is_active=True)["disabled_reason"] is None
    bench.wake()
    assert bench.hook().attempt()["outcome"] == "delivered"
    assert len(hook.seen) == 2, "switched on again, nothing older is sent by itself"


@pytest.mark.parametrize("status", [408, 425, 502, 504, 507, 520, 527])
def test_an_overloaded_receiver_gets_half_as_much(
    bench: Bench, status: int
) -> None:  # out-retry-010
    hook = bench.hook(retry_policy={"max_retries": 5})
    answering(bench, hook.path, status)
    hook.attempt()
    places = "SELECT concurrency FROM _pggit.webhook_health_metrics WHERE webhook_id = %s"
    assert bench.value(places, hook.id) == 5
    hook.hasten()
    assert [one["status_code"] for one in hook.attempts(2)] == [status, 200]
    assert bench.value(places, hook.id) >= 10


def test_every_second_failure_opens_no_breaker(bench: Bench) -> None:  # out-retry-011
    hook = bench.hook(retry_policy={"max_retries": 5})
    answering(bench, hook.path, *([500, 200] * 6))
    for count in range(1, 13):
        hook.publish()
        hook.hasten()
        hook.attempts(count)
    health = hook.health()
    assert health["breaker"] == "closed"
    assert health["consecutive_failures"] < 5
    for _ in range(10):
        hook.hasten()
        time.sleep(0.02)
    eventually(lambda: hook.health()["waiting"] == 0)
    assert {one["status"] for one in hook.deliveries()} == {"delivered"}


def test_five_failures_in_a_row_open_the_breaker(bench: Bench) -> None:
    hook = bench.hook(retry_policy={"max_retries": 9})
    answering(bench, hook.path, *([500] * 5))
    for count in range(1, 6):
        hook.publish()
        hook.attempts(count)
    assert hook.health()["breaker"] == "open"
    assert hook.health()["health_status"] == "unavailable"
    hook.hasten()
    eventually(lambda: hook.health()["breaker"] == "closed", "a probe that closes the breaker")
    hook.hasten()
    eventually(lambda: hook.health()["waiting"] == 0)


def failing(bench: Bench, **options: Any) -> Any:
    hook = bench.hook(**options)

    async def fail(exchange: Exchange) -> None:
        await exchange.answer(500)

    bench.receiver.on(hook.path, fail)
    return hook


def test_a_webhook_that_fails_for_days_is_switched_off(bench: Bench) -> None:  # out-retry-012
    hook = failing(bench, retry_policy={"max_retries": 0})
    for count in range(1, 11):
        hook.publish()
        hook.hasten()
        hook.attempts(count)
    assert bench.value("SELECT pggit.get_webhook(%s)->'is_active'", hook.id)
    bench.conn.execute(
        "UPDATE _pggit.webhook_health_metrics SET failing_since = now() - interval '5 days' WHERE webhook_id = %s",
        [hook.id],
    )
    bench.conn.execute("BEGIN")
    hook.publish()
    hook.publish()
    bench.conn.execute("COMMIT")
    hook.hasten()
    hook.attempts(11)
    shown = eventually(
        lambda: (
            (w := bench.value("SELECT pggit.get_webhook(%s)", hook.id))["is_active"] is False and w
        )
    )
    assert shown["disabled_reason"] == "failing"
    assert {one["reason"] for one in hook.dead(12)} == {"exhausted", "held"}
    told = bench.conn.execute(
        "SELECT data FROM _pggit.events WHERE type = 'webhook.disabled' AND subject = %s",
        [str(hook.id)],
    ).fetchall()
    assert len(told) == 1
    assert told[0][0]["consecutive_failures"] >= 11
    assert told[0][0]["failing_since"] is not None
    alert = "SELECT severity::text FROM _pggit.alerts WHERE context->>'webhook_id' = %s"
    assert bench.value(alert, str(hook.id)) == "CRITICAL"
    hook.change(is_active=True)
    answering(bench, hook.path)
    assert bench.value("SELECT pggit.replay_deliveries(%s)->'queued'", hook.id) == 12
    bench.wake()
    eventually(lambda: hook.health()["waiting"] == 0)


def test_one_message_alone_switches_nothing_off(bench: Bench) -> None:  # out-retry-013
    hook = failing(bench, retry_policy={"max_retries": 10})
    hook.publish()
    for count in range(1, 12):
        hook.attempts(count)
        bench.conn.execute(
            "UPDATE _pggit.webhook_health_metrics SET failing_since = now() - interval '6 days' WHERE webhook_id = %s",
            [hook.id],
        )
        hook.hasten()
    assert hook.dead()[0]["reason"] == "exhausted"
    assert bench.value("SELECT pggit.get_webhook(%s)->'is_active'", hook.id)
    told = "SELECT count(*) FROM _pggit.events WHERE type = 'delivery.failed' AND subject = %s"
    assert bench.value(told, str(hook.id)) == 1


def test_switched_off_a_retry_is_held(bench: Bench) -> None:  # out-retry-015
    hook = bench.hook(retry_policy={"max_retries": 3})
    answering(bench, hook.path, 500)
    hook.attempt()
    hook.change(is_active=False)
    assert hook.dead()[0]["reason"] == "held"
    hook.change(is_active=True)
    bench.wake()
    assert bench.hook().attempt()["outcome"] == "delivered"
    assert len(hook.seen) == 1
    bench.conn.execute("SELECT pggit.replay_deliveries(%s)", [hook.id])
    bench.wake()
    assert hook.attempts(2)[1]["outcome"] == "delivered"


def test_a_webhook_deleted_under_way_leaves_no_trace(bench: Bench) -> None:  # out-retry-017
    release = asyncio.Event()

    async def wait(exchange: Exchange) -> None:
        await release.wait()
        await exchange.answer(500)

    hook = bench.hook(retry_policy={"max_retries": 3})
    bench.receiver.on(hook.path, wait)
    hook.publish()
    eventually(lambda: hook.seen)
    bench.conn.execute("SELECT pggit.delete_webhook(%s)", [hook.id])
    assert bench.receiver.loop is not None
    bench.receiver.loop.call_soon_threadsafe(release.set)
    assert bench.hook().attempt()["outcome"] == "delivered"
    left = "SELECT count(*) FROM _pggit.deliveries WHERE webhook_id = %s"
    assert bench.value(left, hook.id) == 0
    assert (
        bench.value("SELECT count(*) FROM _pggit.dead_letters WHERE webhook_id = %s", hook.id) == 0
    )


def test_a_delivery_may_be_sent_again_by_hand(bench: Bench) -> None:  # out-retry-018
    hook = bench.hook(retry_policy={"max_retries": 3})
    hook.publish({"n": 1})
    hook.attempts(1)
    delivery = eventually(lambda: [d for d in hook.deliveries() if d["status"] == "delivered"])[0]
    before = hook.health()["successful_deliveries"]
    bench.conn.execute("SELECT pggit.retry_delivery(%s, %s)", [hook.id, delivery["id"]])
    bench.wake()
    attempts = hook.attempts(2)
    assert attempts[1]["trigger"] == "manual"
    assert hook.seen[0].headers["webhook-id"] == hook.seen[1].headers["webhook-id"]
    assert hook.seen[0].body == hook.seen[1].body
    assert hook.health()["successful_deliveries"] == before
    # By hand, one attempt: a failure does not begin the schedule anew.
    answering(bench, hook.path, 500)
    bench.conn.execute("SELECT pggit.retry_delivery(%s, %s)", [hook.id, delivery["id"]])
    bench.wake()
    assert hook.attempts(3)[2]["next_at"] is None
    assert hook.dead()[0]["reason"] == "exhausted"


# -- order, limits, filters, content ----------------------------------------------------------------------------------------


def test_in_order_means_in_order_even_across_failures(bench: Bench) -> None:
    hook = bench.hook(is_ordered=True, retry_policy={"max_retries": 5})
    answering(bench, hook.path, 200, 200, 500, 200)
    for n in range(8):
        hook.publish({"n": n})
    hook.attempts(3)
    hook.hasten()
    hook.attempts(9)
    delivered = [one["delivery_id"] for one in hook.attempts(9) if one["outcome"] == "delivered"]
    assert delivered == sorted(delivered)
    assert len(delivered) == 8


def test_beyond_the_limit_of_an_hour_deliveries_wait_and_none_is_dropped(bench: Bench) -> None:
    hook = bench.hook(hourly_limit=5)
    bench.conn.execute(
        "SELECT pggit.publish_event(%s, '{}') FROM generate_series(1, 12)", [hook.kind]
    )
    hook.attempts(5)
    bench.wake()
    assert bench.hook().attempt()["outcome"] == "delivered"
    health = hook.health()
    assert (health["sent_this_hour"], health["waiting"], len(hook.seen)) == (5, 7, 5)
    assert health["blocked_until"] is not None
    for count in (10, 12):
        bench.conn.execute(
            "UPDATE _pggit.webhook_health_metrics SET hour_started_at = hour_started_at - interval '1 hour', "
            "blocked_until = '-infinity' WHERE webhook_id = %s",
            [hook.id],
        )
        bench.wake()
        assert len(hook.attempts(count)) == count


def test_both_live_secrets_sign(bench: Bench) -> None:
    hook = bench.hook()
    turned = bench.value("SELECT pggit.rotate_webhook_secret(%s)", hook.id)
    hook.attempt()
    one = hook.seen[0]
    signed = f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
    expected = [
        "v1," + base64.b64encode(
            hmac.digest(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256)).decode()
        for secret in (turned["secret"], hook.secret)
    ]  # fmt: skip
    assert one.headers["webhook-signature"].split(" ") == expected


def test_a_filter_takes_types_groups_and_all(bench: Bench) -> None:  # out-ten-008
    exact = bench.hook(event_types=["custom.filter.one"])
    group = bench.hook(event_types=["custom.*"])
    other = bench.hook(event_types=["merge.*"])
    bench.publish("custom.filter.one")
    bench.publish("custom.filter.two")
    exact.attempts(1)
    group.attempts(2)
    assert len(exact.seen) == 1
    assert other.seen == []
    with pytest.raises(psycopg.Error) as caught:
        bench.hook(event_types=["Not a type"])
    assert caught.value.sqlstate == "VCV32"
    for hook in (exact, group, other):
        bench.conn.execute("SELECT pggit.delete_webhook(%s)", [hook.id])


def test_one_key_makes_one_event(bench: Bench) -> None:  # out-tx-011, out-sig-005
    hook = bench.hook()
    first = hook.publish({"a": 1}, "key-1")
    assert hook.publish({"a": 1}, "key-1") == first | {"is_new": False}
    with pytest.raises(psycopg.Error) as caught:
        hook.publish({"a": 2}, "key-1")
    assert caught.value.sqlstate == "VCC31"
    assert len(hook.attempts(1)) == 1
    assert hook.seen[0].headers["webhook-id"] == "key-1"
    for bad in ("a.b", "é", "a\r\nX-Evil: 1", "", "x" * 65):
        with pytest.raises(psycopg.Error) as caught:
            hook.publish({}, bad)
        assert caught.value.sqlstate == "VCV38"


def test_an_event_that_nobody_wants_is_kept_and_queues_nothing(bench: Bench) -> None:  # out-tx-012
    queued = "SELECT count(*) FROM _pggit.deliveries WHERE event_id = %s"
    event = bench.publish("custom.unheard.of")
    assert event["is_new"]
    assert bench.value(queued, event["event_id"]) == 0
    assert (
        bench.value("SELECT type FROM _pggit.events WHERE event_id = %s", event["event_id"])
        == "custom.unheard.of"
    )


def test_content_can_be_taken_out(bench: Bench) -> None:  # out-ten-006
    async def echo(exchange: Exchange) -> None:
        await exchange.answer(200, exchange.body)

    hook = bench.hook()
    bench.receiver.on(hook.path, echo)
    event = hook.publish({"name": "Grace Hopper"})
    hook.attempts()
    delivery = hook.deliveries()[0]
    assert "Grace" in str(delivery)
    bench.conn.execute("SELECT pggit.expunge_delivery(%s, %s)", [hook.id, delivery["id"]])
    assert hook.deliveries()[0]["status"] == "delivered"
    assert "Grace" not in str(hook.deliveries())
    assert (
        bench.value("SELECT data FROM _pggit.events WHERE event_id = %s", event["event_id"]) == {}
    )
    with pytest.raises(psycopg.Error) as caught:
        bench.conn.execute("SELECT pggit.retry_delivery(%s, %s)", [hook.id, delivery["id"]])
    assert caught.value.sqlstate == "VCS33"


def test_a_path_is_sent_as_it_is_written(bench: Bench) -> None:  # out-url-006
    hook = bench.hook("/%0d%0aX-Evil:%201?q=%0a")
    hook.attempt()
    seen = bench.receiver.at("/%0d%0aX-Evil:%201")[0]
    assert seen.head.split(b"\r\n")[0] == b"POST /%0d%0aX-Evil:%201?q=%0a HTTP/1.1"
    assert "x-evil" not in seen.headers


def test_a_payload_beyond_the_limit_is_not_sent(bench: Bench) -> None:
    hook = bench.hook(retry_policy={"max_retries": 3})
    hook.publish({"x": "\x7f" + "\x01" * 60_000})
    attempt = hook.attempts()[0]
    assert (attempt["error_class"], attempt["next_at"]) == ("payload_too_large", None)
    assert hook.seen == []


def test_http_is_refused_where_only_https_is_allowed(bench: Bench) -> None:  # out-url-004
    from pggit.workers.outbound import Client, Failure

    async def post() -> None:
        rule = addresses.AddressRule([], [])
        client = Client(rule, addresses.Resolver(), allow_http=False)
        await client.post(bench.receiver.url("/insecure"), b"", b"{}", is_verified=True, timeout=5)

    with pytest.raises(Failure) as caught:
        asyncio.run(post())
    assert caught.value.error_class == "insecure_scheme"
    assert bench.receiver.at("/insecure") == []


def test_the_worker_reports_from_where_it_runs(bench: Bench) -> None:
    assert f"-{os.getpid()}-" in bench.hook().attempt()["worker"]
