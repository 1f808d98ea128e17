"""Hostile receivers, over real sockets: what they send, how slowly, and what becomes of the delivery."""

import asyncio
import base64
import contextlib
import hashlib
import hmac
import os
import socket
import ssl
import subprocess
import time
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pggit.workers import addresses, outbound
from servers import PgServer
from workers.bench import Bench, bench_on, eventually, settings_of, working
from workers.receiver import Behaviour, Exchange, good, receiving

HOSTS: dict[str, list[str]] = {
    "mixed.test": ["10.0.0.1", "127.0.0.1"],
    "private.test": ["10.0.0.1", "fd00::1", "169.254.169.254"],
    "moving.test": ["127.0.0.1"],
    "good.test": ["127.0.0.1"],
    "secure.test": ["127.0.0.1"],
}


async def resolve(host: str, _: int) -> list[str]:
    if host == "hole.test":
        await asyncio.sleep(3600)
    if host not in HOSTS:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return HOSTS[host]


@pytest.fixture(scope="module")
def bench(pg: PgServer) -> Iterator[Bench]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(addresses, "KEPT", 0.0)
        patch.setattr(outbound, "CONNECT_TIMEOUT", 0.5)
        with (
            pg.database(pg.template()) as url,
            bench_on(url) as made,
            working(settings_of(url), addresses.Resolver(resolve), tls=client_tls),
        ):
            yield made


# -- TLS --------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=secure.test", "-addext", "subjectAltName=DNS:secure.test", "-keyout", path, "-out", f"{path}.crt",
        ],
        check=True,
        capture_output=True,
    )  # fmt: skip
    path.write_bytes(path.read_bytes() + Path(f"{path}.crt").read_bytes())
    TRUSTED.append(path)
    return path


TRUSTED: list[Path] = []


def client_tls(is_verified: bool) -> ssl.SSLContext:
    """The deliverer's own context, which trusts the receiver of this test as well."""
    context = outbound._tls(is_verified)
    if is_verified and TRUSTED:
        context.load_verify_locations(TRUSTED[-1])
    return context


def server_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def test_https_is_delivered_to_the_name_of_the_certificate(bench: Bench, certificate: Path) -> None:
    with receiving(server_tls(certificate)) as secure:
        hook = bench.hook(secure.url("/", host="secure.test", scheme="https"))
        assert hook.attempt()["outcome"] == "delivered"
        assert secure.seen[0].headers["host"] == f"secure.test:{secure.port}"
        # A name that the certificate does not have: no byte of the payload leaves.
        other = bench.hook(secure.url("/other", host="good.test", scheme="https"))
        assert other.attempt()["error_class"] == "tls_error"
        assert secure.at("/other") == []
        open_one = bench.hook(
            secure.url("/open", host="good.test", scheme="https"), ssl_verify=False
        )
        assert open_one.attempt()["outcome"] == "delivered"


def test_tls_below_1_2_is_refused(bench: Bench, certificate: Path) -> None:  # out-net-006
    context = server_tls(certificate)
    context.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.socket() as old:
        old.bind(("127.0.0.1", 0))
        old.listen()
        old.settimeout(30)
        hook = bench.hook(f"https://secure.test:{old.getsockname()[1]}/")
        hook.publish()
        taken, _ = old.accept()
        with taken, pytest.raises(ssl.SSLError):
            context.wrap_socket(taken, server_side=True)
        attempt = hook.attempts()[0]
    assert (attempt["error_class"], attempt["status_code"]) == ("tls_error", None)


def test_http_2_only_is_a_clean_failure(bench: Bench) -> None:  # out-net-009
    async def settings_frame(exchange: Exchange) -> None:
        await exchange.send(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18))

    hook = bench.hook()
    bench.receiver.on(hook.path, settings_frame)
    attempt = hook.attempt()
    assert attempt["error_class"] == "protocol_error"
    assert attempt["response_body"] is None


# -- names and addresses ----------------------------------------------------------------------------------------------------


def test_of_several_addresses_the_private_ones_are_never_dialled(
    bench: Bench,
) -> None:  # out-ssrf-020
    port = bench.receiver.port
    mixed = bench.hook(f"http://mixed.test:{port}/mixed")
    assert mixed.attempt()["outcome"] == "delivered"
    private = bench.hook(f"http://private.test:{port}/private")
    attempt = private.attempt()
    assert attempt["error_class"] == "blocked_address"
    assert "10.0.0.1" not in attempt["error"]
    assert "169.254" not in attempt["error"]
    assert bench.receiver.at("/private") == []


def test_a_kept_connection_is_no_way_around_the_check(bench: Bench) -> None:  # out-ssrf-025
    hook = bench.hook(f"http://moving.test:{bench.receiver.port}/moving")
    hook.publish()
    hook.attempts(1)
    hook.publish()
    hook.attempts(2)
    first, second = bench.receiver.at("/moving")
    assert first.connection == second.connection, "the connection is kept"
    # Another host at the same address has a connection of its own.
    other = bench.hook(f"http://good.test:{bench.receiver.port}/other-host")
    other.attempt()
    assert bench.receiver.at("/other-host")[0].connection != first.connection
    HOSTS["moving.test"] = ["10.0.0.1"]
    try:
        hook.publish()
        assert hook.attempts(3)[2]["error_class"] == "blocked_address"
    finally:
        HOSTS["moving.test"] = ["127.0.0.1"]
    assert len(bench.receiver.at("/moving")) == 2


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/", "http://172.16.0.1/", "http://172.31.255.254/", "http://192.168.1.1/", "http://100.64.0.1/",
        "http://100.127.255.254/", "http://192.0.0.8/", "http://192.88.99.1/", "http://198.18.0.1/", "http://203.0.113.9/",
        "http://[::1]/", "http://[::]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b:1::1]/", "http://[2002:7f00:1::]/",
        "http://[2001:0:7f00:1::]/", "http://[fd00:ec2::254]/", "http://[fe80::1]/", "http://[fec0::1]/", "http://[ff02::1]/",
        "http://[::ffff:10.0.0.1]/", "http://[::127.0.0.1]/", "http://0x0a.1/", "http://167772161/", "http://224.0.0.1/",
    ],
)  # fmt: skip
def test_the_address_is_checked_again_when_it_is_sent(
    bench: Bench, url: str
) -> None:  # out-ssrf-003 … 013
    HOSTS.update({"0x0a.1": ["10.0.0.1"], "167772161": ["10.0.0.1"]})
    hook = bench.hook()
    bench.conn.execute("UPDATE _pggit.webhooks SET url = %s WHERE webhook_id = %s", [url, hook.id])
    assert hook.attempt()["error_class"] == "blocked_address"


def test_a_name_that_does_not_resolve_is_tried_again(bench: Bench) -> None:  # out-net-001
    hook = bench.hook("http://nowhere.test/", retry_policy={"max_retries": 1})
    attempt = hook.attempt()
    assert attempt["error_class"] == "dns_error"
    assert attempt["next_at"] is not None
    assert bench.value("SELECT pggit.get_webhook(%s)->'is_active'", hook.id)


def test_a_resolver_that_never_answers_holds_up_nobody(bench: Bench) -> None:  # out-net-002
    hole = bench.hook("http://hole.test/", timeout_seconds=2)
    hole.publish()
    assert bench.hook().attempt()["outcome"] == "delivered"
    attempt = hole.attempts()[0]
    assert attempt["error_class"] == "timeout"
    assert "phase=connect" in attempt["error"]


# -- connections ------------------------------------------------------------------------------------------------------------


def test_failures_of_the_network_have_names_of_their_own(bench: Bench) -> None:  # out-net-003
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        refused = bench.hook(f"http://127.0.0.1:{closed.getsockname()[1]}/").attempt()
    assert refused["error_class"] == "connect_refused"
    assert refused["duration_ms"] > 0
    with socket.socket() as rude:
        rude.bind(("127.0.0.1", 0))
        rude.listen()
        rude.settimeout(30)
        hook = bench.hook(f"https://127.0.0.1:{rude.getsockname()[1]}/")
        hook.publish()
        taken, _ = rude.accept()
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
        taken.close()
        assert hook.attempts()[0]["error_class"] == "connect_reset"
    # What is an error of routing is not to be had on loopback.
    assert outbound._network_failure(OSError(101, "x")).error_class == "unreachable"
    assert outbound._network_failure(OSError(113, "x")).error_class == "unreachable"


def test_a_connection_that_is_never_taken_ends_at_the_limit_of_connecting(
    bench: Bench,
) -> None:  # out-net-004
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(3):  # the queue of connections that nobody takes
            one = stack.enter_context(socket.socket())
            one.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                one.connect(full.getsockname())
        hook = bench.hook(
            f"http://127.0.0.1:{full.getsockname()[1]}/", retry_policy={"max_retries": 1}
        )
        attempt = hook.attempt()
    assert attempt["error_class"] == "connect_timeout"
    assert attempt["next_at"] is not None


def test_a_kept_connection_that_had_ended_is_replaced_once(bench: Bench) -> None:  # out-net-012
    hook = bench.hook()
    hook.publish()
    hook.attempts(1)

    async def hang_up_then_answer(exchange: Exchange) -> None:
        bench.receiver.on(hook.path, good)
        exchange.reset()

    bench.receiver.on(hook.path, hang_up_then_answer)
    hook.publish()
    assert hook.attempts(2)[1]["outcome"] == "delivered"
    first, second, third = hook.seen
    assert first.connection == second.connection != third.connection
    assert second.headers["webhook-id"] == third.headers["webhook-id"]

    async def hang_up(exchange: Exchange) -> None:
        exchange.reset()

    bench.receiver.on(hook.path, hang_up)
    hook.publish()
    assert hook.attempts(3)[2]["error_class"] == "connect_reset"
    assert len(hook.seen) == 5, "never more than once"


# -- slow, endless, malformed -----------------------------------------------------------------------------------------------


def test_one_deadline_covers_the_whole_exchange(bench: Bench) -> None:  # out-time-001
    async def drip(exchange: Exchange) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: ":
            await exchange.send(bytes([byte]))
            await asyncio.sleep(0.1)
        await asyncio.sleep(30)

    async def drip_body(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _ in range(100):
            await exchange.send(b"x")
            await asyncio.sleep(0.1)

    slow, late = bench.hook(timeout_seconds=1), bench.hook(timeout_seconds=1)
    bench.receiver.on(slow.path, drip)
    bench.receiver.on(late.path, drip_body)
    slow.publish()
    late.publish()
    assert "phase=headers" in slow.attempts()[0]["error"]
    assert "phase=body" in late.attempts()[0]["error"]
    assert slow.attempts()[0]["error_class"] == late.attempts()[0]["error_class"] == "timeout"


def test_a_dead_receiver_with_a_backlog_delays_nobody(bench: Bench) -> None:  # out-time-005
    async def hang(_: Exchange) -> None:
        await asyncio.sleep(60)

    dead = bench.hook(timeout_seconds=120)
    bench.receiver.on(dead.path, hang)
    bench.conn.execute(
        "SELECT pggit.publish_event(%s, '{}') FROM generate_series(1, 2000)", [dead.kind]
    )
    healthy = [bench.hook() for _ in range(20)]
    for hook in healthy:
        bench.conn.execute(
            "SELECT pggit.publish_event(%s, '{}') FROM generate_series(1, 5)", [hook.kind]
        )
    for hook in healthy:
        assert all(one["outcome"] == "delivered" for one in hook.attempts(5))
    assert dead.health()["waiting"] == 2000
    assert len(dead.seen) <= 10, "no more are under way than a webhook has places"
    bench.conn.execute("SELECT pggit.delete_webhook(%s)", [dead.id])


def test_endless_headers_end(bench: Bench) -> None:  # out-resp-001
    async def endless_lines(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\n")
        with contextlib.suppress(OSError):
            while True:
                await exchange.send(b"X-More: y\r\n" * 10)

    async def endless_line(exchange: Exchange) -> None:
        await exchange.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with contextlib.suppress(OSError):
            while True:
                await exchange.send(b"y" * 4096)

    for behaviour in (endless_lines, endless_line):
        hook = bench.hook()
        bench.receiver.on(hook.path, behaviour)
        assert hook.attempt()["error_class"] == "response_too_large"


def test_an_endless_body_is_cut_and_the_status_decides(bench: Bench) -> None:  # out-resp-002
    sent = {"/fast": 0, "/chunked": 0}

    def pouring(head: bytes, piece: bytes) -> Behaviour:
        async def pour(exchange: Exchange) -> None:
            await exchange.send(head)
            with contextlib.suppress(OSError):
                while True:
                    await exchange.send(piece)
                    sent[exchange.path] += len(piece)

        return pour

    fast, chunked = bench.hook("/fast"), bench.hook("/chunked")
    bench.receiver.on(
        "/fast", pouring(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n", b"z" * 65536)
    )
    bench.receiver.on(
        "/chunked",
        pouring(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Encoding: gzip\r\n\r\n",
                b"1000\r\n" + b"z" * 4096 + b"\r\n"),
    )  # fmt: skip
    for hook in (fast, chunked):
        attempt = hook.attempt()
        assert attempt["outcome"] == "delivered"
        assert attempt["is_truncated"]
        assert attempt["response_body"] == "z" * 16384
        assert sent[hook.path] < 64 * 1024 * 1024, "the connection is closed, not drained"


@pytest.mark.parametrize(
    "raw",
    [
        b"<html>It works!</html>", b"HTTP/0.9 200 OK\r\n\r\n", b"HTTP/1.1 999 X\r\n\r\n", b"HTTP/1.1 099 X\r\n\r\n",
        b"HTTP/1.1 2OO OK\r\n\r\n", b"HTTP/1.1 -200 OK\r\n\r\n", b"\x16\x03\x01\x00", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
        b"Content-Length: 2\r\n\r\nok", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n",
    ],
)  # fmt: skip
def test_what_is_no_clean_http_is_a_protocol_error(
    bench: Bench, raw: bytes
) -> None:  # out-resp-007, -012, -017
    async def send_raw(exchange: Exchange) -> None:
        await exchange.send(raw)
        exchange.writer.close()

    hook = bench.hook()
    bench.receiver.on(hook.path, send_raw)
    attempt = hook.attempt()
    assert (attempt["error_class"], attempt["status_code"]) == ("protocol_error", None)
    if not raw.startswith(b"HTTP/1.1 200") and not raw.startswith(b"HTTP/1.1 101"):
        shown = raw.decode("latin-1").encode("unicode_escape").decode()
        assert shown in attempt["error"], "what came first is kept, escaped"
    bench.receiver.on(hook.path, good)
    hook.publish()
    hook.attempts(2)
    assert hook.seen[0].connection != hook.seen[1].connection, "the connection is not used again"


def test_only_the_status_decides(bench: Bench) -> None:  # out-resp-008, -009, -011
    bodies = [b"<html>Error</html>", b'{"error": true}', b"<script>alert(1)</script>", b"\x1b[31mred", b"=cmd|'/C calc'!A0",
              b"'; DROP TABLE _pggit.webhooks; --"]  # fmt: skip
    for body in bodies:
        hook = bench.hook()

        async def answer(exchange: Exchange, body: bytes = body) -> None:
            await exchange.answer(200, body)

        bench.receiver.on(hook.path, answer)
        attempt = hook.attempt()
        assert attempt["outcome"] == "delivered"
        assert attempt["response_body"] == body.decode()
    for status in (201, 202, 204, 206, 226, 299):
        hook = bench.hook()

        async def say(exchange: Exchange, status: int = status) -> None:
            if status == 204:
                await exchange.send(b"HTTP/1.1 204 No Content\r\n\r\n")
            else:
                await exchange.answer(status)

        bench.receiver.on(hook.path, say)
        attempt = hook.attempt()
        assert (attempt["outcome"], attempt["status_code"]) == ("delivered", status)


def test_bytes_that_are_no_text_are_stored_escaped(bench: Bench) -> None:
    async def binary(exchange: Exchange) -> None:
        await exchange.answer(500, b"a\x00b\xff\xc3\xa9")

    hook = bench.hook()
    bench.receiver.on(hook.path, binary)
    assert hook.attempt()["response_body"] == "a\\x00b\\xffé"


def test_redirects_are_not_followed(bench: Bench) -> None:
    async def redirect(exchange: Exchange) -> None:
        await exchange.answer(307, b"", f"Location: {bench.receiver.url('/inside')}")

    hook = bench.hook()
    bench.receiver.on(hook.path, redirect)
    attempt = hook.attempt()
    assert (attempt["outcome"], attempt["status_code"]) == ("failed", 307)
    assert bench.receiver.at("/inside") == []


def test_long_and_strange_headers_do_no_harm(bench: Bench) -> None:  # out-resp-018
    long = "a\xe9" * 15000

    async def talk(exchange: Exchange) -> None:
        await exchange.send(
            f"HTTP/1.1 503 {long}\r\nRetry-After: {long}\r\nContent-Length: 0\r\n\r\n".encode(
                "latin-1"
            )
        )

    hook = bench.hook(retry_policy={"max_retries": 1})
    bench.receiver.on(hook.path, talk)
    attempt = hook.attempt()
    assert attempt["status_code"] == 503
    assert len(attempt["retry_after"]) <= 1024
    assert seconds_to_next(attempt) < 5


# -- retries ----------------------------------------------------------------------------------------------------------------


def seconds_to_next(attempt: dict[str, Any]) -> float:
    made = datetime.fromisoformat(attempt["created_at"])
    return (datetime.fromisoformat(attempt["next_at"]) - made).total_seconds()


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
        client = Client(rule, addresses.Resolver(resolve), allow_http=False)
        await client.post(bench.receiver.url("/insecure"), b"", b"{}", is_verified=True, timeout=5)

    with pytest.raises(Failure) as caught:
        asyncio.run(post())
    assert caught.value.error_class == "insecure_scheme"
    assert bench.receiver.at("/insecure") == []


def test_the_worker_reports_from_where_it_runs(bench: Bench) -> None:
    assert f"-{os.getpid()}-" in bench.hook().attempt()["worker"]
