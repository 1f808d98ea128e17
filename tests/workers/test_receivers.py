"""Hostile receivers, over real sockets: what they send, how slowly, and what becomes of the delivery."""

import asyncio
import contextlib
import socket
import ssl
import subprocess
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from pggit.workers import addresses, outbound
from servers import PgServer
from workers.bench import Bench, bench_on, seconds_to_next, settings_of, working
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


HANGING = """
import asyncio, socket, time
from pggit.workers.addresses import Resolver

socket.getaddrinfo = lambda *_, **__: time.sleep(3600)

async def main():
    resolver = Resolver()
    try:
        async with asyncio.timeout(0.1):
            await resolver.addresses("hole.test", 443)
    except TimeoutError:
        print("gave up")
    resolver.close()

asyncio.run(main())
"""


def test_a_lookup_that_hangs_does_not_hold_up_the_end_of_the_process() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=120, check=True
    )
    assert done.stdout == "gave up\n"


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
