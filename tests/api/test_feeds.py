"""The live feeds over real connections: what is said, resuming, bad frames, slow clients, lost listeners."""

import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from time import sleep

import httpx
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed

from api.feeds import hear, here, numbers, open_socket, raise_alert, say, server_sent
from api.service import assert_envelope, serve, settings_for
from pggit import feeds, peers
from servers import ROOT, PgServer
from workers.bench import eventually

API_PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")


@dataclass
class Live:
    """A service that stays for all tests of this file, and a connection to its database."""

    url: str
    api: httpx.Client
    conn: psycopg.Connection


@pytest.fixture(scope="module")
def live(pg: PgServer) -> Iterator[Live]:
    with (
        pg.database(pg.template()) as url,
        serve(settings_for(url)) as api,
        psycopg.connect(url, autocommit=True) as conn,
    ):
        yield Live(url, api, conn)


def cut_listeners(conn: psycopg.Connection) -> set[int]:
    """The processes whose connections were cut, each after it had read; one that is dying already may be among them."""
    rows = conn.execute(
        "WITH hub AS MATERIALIZED (SELECT pid FROM pg_stat_activity "
        "WHERE datname = current_database() AND application_name = 'pggit hub' AND query LIKE '%follow_events%') "
        "SELECT pid FROM hub WHERE pg_terminate_backend(pid)"
    )
    return {int(row[0]) for row in rows}


def test_an_alert_comes_as_the_contract_has_it(live: Live) -> None:
    with open_socket(live.api) as line:
        here(line)
        raise_alert(live.conn, 1)
        frame = hear(line)
    assert frame["type"] == "alert"
    assert set(frame["data"]) == {"id", "operation_type", "severity", "message", "timestamp"}
    assert frame["data"]["id"] == 1
    assert frame["data"]["severity"] == "CRITICAL"
    assert frame["data"]["timestamp"].endswith("Z")
    assert frame["id"]


def test_ping_is_answered_and_a_channel_is_chosen(live: Live) -> None:
    with open_socket(live.api) as line:
        here(line)
        say(line, type="subscribe", channels=["critical_alerts"])
        assert hear(line)["channels"] == ["critical_alerts"]
        raise_alert(live.conn, 10, "WARNING")
        raise_alert(live.conn, 11, "INFO")
        raise_alert(live.conn, 12, "CRITICAL")
        assert numbers(line, 1) == [12]
        say(line, type="subscribe", channels=["critical_alerts", "performance_warnings"])
        assert hear(line)["type"] == "subscribed"
        raise_alert(live.conn, 13, "INFO")
        raise_alert(live.conn, 14, "WARNING")
        raise_alert(live.conn, 15, "CRITICAL", "alert.repeated")
        assert numbers(line, 2) == [14, 15]


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "INVALID_FRAME"),
        ("[]", "INVALID_FRAME"),
        ("17", "INVALID_FRAME"),
        ("", "INVALID_FRAME"),
        (b"\xff\xfe", "INVALID_FRAME"),
        ("[" * 20000, "INVALID_FRAME"),
        ('{"type": 1}', "INVALID_FRAME"),
        ('{"type": "subscribe", "channels": "all"}', "INVALID_FRAME"),
        ('{"type": "subscribe", "channels": ["x"]}', "UNKNOWN_CHANNEL"),
        ('{"type": "shout"}', "UNKNOWN_TYPE"),
    ],
)
def test_a_bad_frame_gets_an_error_and_the_line_stays(
    live: Live, frame: str | bytes, code: str
) -> None:
    with open_socket(live.api) as line:
        line.send(frame)
        answer = hear(line)
        assert (answer["type"], answer["data"]["code"]) == ("error", code)
        assert here(line)


def test_a_frame_that_is_too_large_ends_the_line(live: Live) -> None:
    with open_socket(live.api) as line:
        line.send("x" * 100_000)
        with pytest.raises(ConnectionClosed) as closed:
            hear(line)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1009


def test_the_dashboard_hears_of_everything_and_how_the_system_is(live: Live) -> None:
    with open_socket(live.api, "dashboard") as line:
        here(line)
        raise_alert(live.conn, 20)
        live.conn.execute("""SELECT _pggit.emit_event('merge.completed', 'm', '{"a": 1}')""")
        assert hear(line)["data"]["id"] == 20
        event = hear(line)
        assert event["type"] == "event"
        assert event["data"]["type"] == "merge.completed"
        assert event["data"]["data"] == {"a": 1}


@pytest.mark.parametrize("stream", ["alerts", "dashboard"])
def test_who_comes_later_hears_how_the_system_is_though_nothing_changed(
    live: Live, stream: str
) -> None:
    """What all others have heard already is news to one who just came."""
    with open_socket(live.api, stream) as first:
        while json.loads(first.recv(20))["type"] != "system_status":
            pass
        for _ in range(3):
            with open_socket(live.api, stream) as line:
                # Before the next heartbeat, and before what all are told each half a minute.
                frame = json.loads(line.recv(5))
            assert frame["type"] == "system_status"
            assert set(frame["data"]) == {
                "cache_hit_rate",
                "active_webhooks",
                "pending_deliveries",
            }


def test_a_client_that_comes_back_gets_what_it_missed_once(live: Live) -> None:
    with open_socket(live.api) as line:
        here(line)
        raise_alert(live.conn, 30)
        left = hear(line)["id"]
    for number in range(31, 36):
        raise_alert(live.conn, number)
    with open_socket(live.api, last_event_id=left) as line:
        raise_alert(live.conn, 36)
        assert numbers(line, 6) == [31, 32, 33, 34, 35, 36]
    with open_socket(live.api) as line:
        here(line)
        say(line, type="subscribe", channels=["critical_alerts"], last_event_id=left)
        assert numbers(line, 6) == [31, 32, 33, 34, 35, 36]
        assert hear(line)["type"] == "subscribed"
        raise_alert(live.conn, 37)
        assert numbers(line, 1) == [37]


def test_a_client_can_stop_anywhere_in_a_burst(live: Live) -> None:
    with open_socket(live.api) as line:
        here(line)
        with live.conn.transaction():
            for number in range(40, 50):
                raise_alert(live.conn, number)
        frames = [hear(line) for _ in range(10)]
    assert [frame["data"]["id"] for frame in frames] == list(range(40, 50))
    for number in (0, 4, 8):
        with open_socket(live.api, last_event_id=frames[number]["id"]) as line:
            rest = list(range(41 + number, 50))
            assert numbers(line, len(rest)) == rest


@pytest.mark.parametrize("position", ["nonsense", "abc~1:1:", "0~1:1:~2:2:~1"])
def test_a_position_that_is_not_known_means_to_read_the_state_anew(
    live: Live, position: str
) -> None:
    with open_socket(live.api, last_event_id=position) as line:
        frame = hear(line)
        assert frame["type"] == "resync"
        raise_alert(live.conn, 60)
        assert numbers(line, 1) == [60]


def test_events_are_listed_after_a_position(live: Live) -> None:
    start = live.api.get("/api/v1/events", params={"limit": 100}).json()
    while start["items"]:
        start = live.api.get("/api/v1/events", params={"after": start["position"]}).json()
    for number in range(70, 73):
        raise_alert(live.conn, number)
    live.conn.execute("SELECT _pggit.emit_event('merge.aborted', 'm', '{}')")
    after = {"after": start["position"]}
    page = live.api.get("/api/v1/events", params={**after, "limit": 2}).json()
    assert [item["data"]["id"] for item in page["items"]] == [70, 71]
    rest = live.api.get("/api/v1/events", params={"after": page["position"]}).json()
    assert [item["type"] for item in rest["items"]] == ["alert.raised", "merge.aborted"]
    some = live.api.get("/api/v1/events", params={**after, "types": "merge.*,tag.created"}).json()
    assert [item["type"] for item in some["items"]] == ["merge.aborted"]
    assert_envelope(live.api.get("/api/v1/events", params={"after": "x"}), 400, "VALIDATION_ERROR")
    assert_envelope(
        live.api.get("/api/v1/events", params={"after": "a~1:1:"}), 409, "INVALID_STATE"
    )


def test_the_same_stream_comes_as_server_sent_events(live: Live) -> None:
    with live.api.stream("GET", "/api/v1/events/stream", params={"types": "alert.*"}) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        coming = server_sent(stream)
        # It joins after its headers: what came before it did is not its.
        sleep(0.3)
        live.conn.execute("SELECT _pggit.emit_event('merge.aborted', 'm', '{}')")
        raise_alert(live.conn, 80)
        position, event = next(coming)
        assert (event["type"], event["data"]["id"]) == ("alert.raised", 80)
    raise_alert(live.conn, 81)
    header = {"Last-Event-ID": position}
    with live.api.stream("GET", "/api/v1/events/stream", headers=header) as stream:
        _, event = next(server_sent(stream))
        assert event["data"]["id"] == 81


@pytest.mark.slow
def test_a_listener_that_is_cut_a_hundred_times_under_load_loses_and_repeats_nothing(
    live: Live,
) -> None:
    is_cut = threading.Event()
    cut: set[int] = set()
    written: list[int] = []

    def write() -> None:
        with psycopg.connect(live.url, autocommit=True) as writer:
            while not is_cut.wait(0.002):
                written.append(10_000 + len(written))
                raise_alert(writer, written[-1])
                if len(written) % 10 == 0:
                    writer.execute("NOTIFY pggit_events")

    def cut_often() -> None:
        try:
            with psycopg.connect(live.url, autocommit=True) as conn:
                while len(cut) < 100:
                    cut.update(cut_listeners(conn))
                    sleep(0.01)
        finally:
            is_cut.set()

    def run() -> None:
        with ThreadPoolExecutor(2) as pool:
            for one in [pool.submit(write), pool.submit(cut_often)]:
                one.result()
        # What comes after all that: nothing else follows it, and nothing of that comes later.
        raise_alert(live.conn, 1)

    heard: list[int] = []
    with open_socket(live.api) as line, ThreadPoolExecutor(1) as pool:
        here(line)
        running = pool.submit(run)
        while heard[-1:] != [1]:
            heard += numbers(line, 1)
        running.result()
    assert len(cut) >= 100
    assert heard == [*written, 1]


def test_an_open_transaction_does_not_hold_the_feed_back(live: Live) -> None:
    with psycopg.connect(live.url) as slow, open_socket(live.api) as line:
        here(line)
        raise_alert(slow, 90)
        raise_alert(live.conn, 91)
        assert numbers(line, 1) == [91]
        slow.commit()
        assert numbers(line, 1) == [90]


def test_two_processes_pass_on_the_same_stream(live: Live) -> None:
    with serve(settings_for(live.url)) as other:
        with open_socket(live.api) as one, open_socket(other) as two:
            here(one), here(two)
            for number in range(100, 105):
                raise_alert(live.conn, number)
            assert numbers(one, 5) == [100, 101, 102, 103, 104]
            frames = [hear(two) for _ in range(5)]
        # A client goes on at the other process.
        with open_socket(live.api, last_event_id=frames[2]["id"]) as moved:
            assert numbers(moved, 2) == [103, 104]


def silent_socket(api: httpx.Client) -> socket.socket:
    """A client that says hello and then never reads."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect((api.base_url.host, api.base_url.port))
    client.sendall(
        b"GET /api/v1/ws/alerts HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    assert client.recv(12) == b"HTTP/1.1 101"
    return client


BURST = (
    "SELECT _pggit.emit_event('alert.raised', NULL, jsonb_build_object('id', n, 'message', repeat('x', 10000))) "
    "FROM generate_series(1, %s) AS n"
)


@pytest.mark.parametrize("bursts", [1, 60])
def test_who_does_not_read_is_cut_off_and_costs_the_others_nothing(live: Live, bursts: int) -> None:
    """One burst is cut off when nothing of it was taken for a while, many at once."""
    with open_socket(live.api) as reading, silent_socket(live.api) as stalled:
        here(reading)
        sleep(0.3)  # until the silent one is in, too
        for _ in range(bursts):
            live.conn.execute(BURST, [40])
            live.conn.execute("NOTIFY pggit_events")
            assert numbers(reading, 40) == list(range(1, 41))
        poll = select.poll()
        poll.register(stalled, select.POLLERR | select.POLLHUP)
        assert poll.poll(20_000), "the line is still there"
        raise_alert(live.conn, 110)
        assert numbers(reading, 1) == [110]


def test_who_does_not_read_is_cut_off_though_the_database_does_not_say_how_it_is(
    live: Live,
) -> None:
    waiting = (
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND wait_event_type = 'Lock' AND query LIKE '%%feed_status%%'"
    )
    insert = """
        INSERT INTO _pggit.events (event_id, slot, type, data, actor)
        SELECT nextval('_pggit.events_event_id_seq'), _pggit.ring_slot(clock_timestamp()), 'alert.raised',
            jsonb_build_object('id', n, 'message', repeat('x', 10000)), 'ada'
        FROM generate_series(1, 40) AS n
    """
    with (
        open_socket(live.api) as reading,
        silent_socket(live.api) as stalled,
        psycopg.connect(live.url) as lock,
    ):
        here(reading)
        lock.execute("LOCK TABLE _pggit.webhooks")
        eventually(lambda: live.conn.execute(waiting).fetchone() == (1,), "the question")
        # As emit_event does it, which would wait for the lock, too.
        live.conn.execute(insert)
        assert numbers(reading, 40) == list(range(1, 41))
        poll = select.poll()
        poll.register(stalled, select.POLLERR | select.POLLHUP)
        assert poll.poll(20_000), "the line is still there"


def test_a_stalled_client_is_gone_within_five_seconds() -> None:
    # Nothing taken for so long, seen by the next stroke of the clock, and the time that the reason has to travel.
    assert peers.STALLED + feeds.STROKE + peers.GRACE <= 5


def test_a_server_that_ends_says_so(live: Live) -> None:
    with ExitStack() as service:
        api = service.enter_context(serve(settings_for(live.url)))
        with open_socket(api) as line:
            here(line)
            service.close()
            with pytest.raises(ConnectionClosed) as closed:
                hear(line)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code in (1001, 1012)


def test_under_another_server_frames_go_through_a_queue(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pggit.routes.feeds.writable_socket", lambda _: None)
    with open_socket(live.api, "dashboard") as line:
        here(line)
        raise_alert(live.conn, 200)
        first = hear(line)
        raise_alert(live.conn, 201)
        assert numbers(line, 1) == [201]
        line.send("{")
        assert hear(line)["type"] == "error"
    with open_socket(live.api, last_event_id=first["id"]) as line, silent_socket(live.api):
        assert numbers(line, 1) == [201]
        for _ in range(60):
            live.conn.execute(BURST, [40])
            live.conn.execute("NOTIFY pggit_events")
            assert numbers(line, 40) == list(range(1, 41))


def test_who_does_not_read_server_sent_events_is_cut_off(live: Live) -> None:
    with socket.socket() as stalled, open_socket(live.api) as reading:
        stalled.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stalled.connect((live.api.base_url.host, live.api.base_url.port))
        stalled.sendall(b"GET /api/v1/events/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert stalled.recv(12) == b"HTTP/1.1 200"
        here(reading)
        sleep(0.3)  # until the silent one is in, too
        live.conn.execute(BURST, [60])
        assert len(numbers(reading, 60)) == 60
        poll = select.poll()
        poll.register(stalled, select.POLLERR | select.POLLHUP)
        assert poll.poll(20_000), "the line is still there"
        raise_alert(live.conn, 210)
        assert numbers(reading, 1) == [210]


EXAMPLES = {
    "python": [sys.executable, "-"],
    "js": ["node", "--experimental-websocket", "-"],
    "curl": ["bash"],
}


@pytest.mark.parametrize("language", EXAMPLES)
def test_the_examples_of_the_page_do_what_they_say(live: Live, language: str) -> None:
    if shutil.which(EXAMPLES[language][0]) is None or (
        language == "curl" and shutil.which("curl") is None
    ):
        pytest.skip(f"this machine has nothing that runs {language}")
    found = re.search(rf"^```{language}\n(.*?)^```$", API_PAGE, re.M | re.S)
    assert found
    base = f"{str(live.api.base_url).rstrip('/')}/api/v1"
    with subprocess.Popen(
        EXAMPLES[language],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=dict(os.environ, API=base),
        start_new_session=True,
    ) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        client.stdin.write(found[1])
        client.stdin.close()
        stop = threading.Event()

        def write() -> None:
            with psycopg.connect(live.url, autocommit=True) as writer:
                while not stop.wait(0.2):
                    raise_alert(writer, 300)

        writing = threading.Thread(target=write)
        writing.start()
        try:
            said = next(line for line in client.stdout if "merge took long, 300" in line)
        finally:
            stop.set()
            writing.join()
            os.killpg(client.pid, signal.SIGKILL)
    assert "CRITICAL" in said
