"""Who may hear the feeds where people are asked who they are: tokens by three ways, none, a bad one, one that expires."""

import json
import time
from collections.abc import Iterator

import httpx
import jwt
import msgspec
import psycopg
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from api.feeds import hear, here, numbers, open_socket, raise_alert, say, server_sent
from api.service import assert_envelope, serve, settings_for
from servers import PgServer

SECRET = "a secret of at least thirty-two bytes"


def token(seconds: float = 60, role: str = "reader", secret: str = SECRET) -> str:
    claims = {"sub": "somebody", "role": role, "exp": time.time() + seconds}
    return jwt.encode(claims, secret, algorithm="HS256")


@pytest.fixture(scope="module")
def url(pg: PgServer) -> Iterator[str]:
    with pg.database(pg.template()) as made:
        yield made


@pytest.fixture(scope="module")
def guarded(url: str) -> Iterator[httpx.Client]:
    settings = msgspec.structs.replace(
        settings_for(url), auth_mode="jwt", jwt_secret=SECRET, rate_limit_enabled=False
    )
    with serve(settings) as client:
        yield client


@pytest.fixture
def conn(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


def with_header(api: httpx.Client, name: str, value: str) -> ClientConnection:
    target = f"{str(api.base_url).rstrip('/').replace('http', 'ws', 1)}/api/v1/ws/alerts"
    return connect(target, additional_headers={name: value}, compression=None)


def ended(line: ClientConnection) -> tuple[int, str]:
    with pytest.raises(ConnectionClosed) as closed:
        list(line)
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


def test_a_token_comes_by_query_header_or_cookie(
    guarded: httpx.Client, conn: psycopg.Connection
) -> None:
    with (
        open_socket(guarded, token=token()) as query,
        with_header(guarded, "Authorization", f"Bearer {token()}") as header,
        with_header(guarded, "Cookie", f"session={token()}") as cookie,
        open_socket(guarded, "dashboard", token=token()) as dashboard,
    ):
        lines = [query, header, cookie, dashboard]
        for line in lines:
            here(line)
        raise_alert(conn, 1)
        assert [numbers(line, 1) for line in lines] == [[1]] * 4


BAD = {
    "nonsense": "nonsense",
    "forged": token(secret="x" * 40),
    "expired": token(-60),
    "unknown role": token(role="emperor"),
}


@pytest.mark.parametrize("bad", BAD)
@pytest.mark.parametrize("stream", ["alerts", "dashboard"])
def test_a_bad_token_is_told_why(guarded: httpx.Client, stream: str, bad: str) -> None:
    with open_socket(guarded, stream, token=BAD[bad]) as line:
        code, reason = ended(line)
    assert code == 1008
    assert "token" in reason


def test_a_dashboard_needs_a_token(guarded: httpx.Client) -> None:
    with open_socket(guarded, "dashboard") as line:
        assert ended(line)[0] == 1008


def test_who_says_nothing_hears_how_the_system_is_and_no_alert(
    guarded: httpx.Client, conn: psycopg.Connection
) -> None:
    before = guarded.get("/api/v1/events", headers={"Authorization": f"Bearer {token()}"}).json()
    with open_socket(guarded, last_event_id=before["position"]) as line:
        here(line)
        say(line, type="subscribe", channels=["critical_alerts"], last_event_id=before["position"])
        assert hear(line)["data"]["code"] == "UNAUTHORIZED"
        raise_alert(conn, 2)
        while (frame := json.loads(line.recv(20)))["type"] != "system_status":
            assert frame["type"] == "heartbeat"


def test_a_feed_ends_when_its_token_does(guarded: httpx.Client) -> None:
    with open_socket(guarded, token=token(2)) as line:
        assert ended(line) == (1008, "the token has expired")
    short = {"Authorization": f"Bearer {token(2)}"}
    with guarded.stream("GET", "/api/v1/events/stream", headers=short) as stream:
        assert stream.status_code == 200
        assert list(server_sent(stream)) == []


def test_a_feed_ends_when_its_key_is_revoked(
    guarded: httpx.Client, conn: psycopg.Connection
) -> None:
    def key(name: str) -> tuple[int, str]:
        made = conn.execute("SELECT pggit.create_api_key(%s)", [name]).fetchone()
        assert made is not None
        return made[0]["key_id"], made[0]["key"]

    (number, value), (_, other) = key("revoked"), key("kept")
    headers = {"X-API-Key": value}
    with (
        open_socket(guarded, token=value) as line,
        open_socket(guarded, "dashboard", token=other) as kept,
        guarded.stream("GET", "/api/v1/events/stream", headers=headers) as stream,
    ):
        for one in (line, kept):
            here(one)
        conn.execute("SELECT pggit.revoke_api_key(%s)", [number])
        assert ended(line) == (1008, "the API key is not valid any more")
        list(server_sent(stream))  # ends, too
        here(kept)
    assert_envelope(guarded.get("/api/v1/me", headers=headers), 401, "UNAUTHORIZED")


def test_pages_and_streams_need_a_token(guarded: httpx.Client) -> None:
    for path in ("/api/v1/events", "/api/v1/events/stream", "/api/v1/cache/stats"):
        assert_envelope(guarded.get(path), 401, "UNAUTHORIZED")


def test_each_role_has_kept_answers_of_its_own(guarded: httpx.Client) -> None:
    """A right that is taken from readers holds for them at once: the writers' answer is not theirs."""

    def get(role: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token(role=role)}"}
        return guarded.get("/api/v1/alerts", params={"limit": 3}, headers=headers)

    for _ in range(100):
        if get("writer").headers["x-cache"] == "HIT":
            break
        time.sleep(0.05)
    assert get("writer").headers["x-cache"] == "HIT"
    assert get("reader").headers["x-cache"] == "MISS"
    assert get("reader").headers["x-cache"] == "HIT"
    assert get("admin").headers["x-cache"] == "MISS"


def test_a_reader_may_not_empty_the_cache(guarded: httpx.Client) -> None:
    for role, status in (("reader", 403), ("writer", 200)):
        headers = {"Authorization": f"Bearer {token(role=role)}"}
        body = {"keys": ["alerts_summary"]}
        assert (
            guarded.post("/api/v1/cache/invalidate", json=body, headers=headers).status_code
            == status
        )
