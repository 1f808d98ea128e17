"""A real server over HTTP: uvicorn on loopback; and what every error body must look like."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep, time

import httpx
import jwt
import msgspec
import uvicorn

from pggit.app import create_app
from pggit.peers import SOCKETS
from pggit.settings import Settings

# One column that both branches widen differently, one that only the branch adds.
SCHEMA = """
CREATE SCHEMA app;
CREATE TABLE app.users (user_id bigint PRIMARY KEY, email varchar(100) NOT NULL, note text);
INSERT INTO app.users VALUES (1, 'a@example.org', NULL), (2, 'b@example.org', 'x');
"""


@contextmanager
def serve(settings: Settings) -> Iterator[httpx.Client]:
    """The application on a free port, until the block ends."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(settings), log_config=None, access_log=False, **SOCKETS)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    limit = monotonic() + 10
    while not server.started and monotonic() < limit:
        sleep(0.01)
    host, port = listener.getsockname()
    try:
        with httpx.Client(base_url=f"http://{host}:{port}", timeout=60) as client:
            yield client
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()


def settings_for(url: str) -> Settings:
    """Settings of a small service on that database, which raises no alerts about a machine that is slow."""
    return Settings(
        database_url=url,
        database_pool_min=1,
        database_pool_size=4,
        log_level="ERROR",
        health_interval=0,
        rate_limit_enabled=False,
    )


SECRET = "a secret of the tests, long enough for HS256"


def token(
    role: str | None = "reader",
    *,
    name: str = "ada",
    secret: str = SECRET,
    claims: dict[str, object] | None = None,
) -> str:
    """A token as an identity provider would make it; a claim that is None is left out."""
    all_claims: dict[str, object] = {"sub": name, "exp": int(time()) + 600, "role": role}
    all_claims |= claims or {}
    given = {key: value for key, value in all_claims.items() if value is not None}
    return jwt.encode(given, secret, algorithm="HS256")


def bearer(value: str) -> dict[str, str]:
    """The header that carries it."""
    return {"Authorization": f"Bearer {value}"}


def guarded_settings(url: str, **options: object) -> Settings:
    """Settings of a service that asks who comes."""
    return msgspec.structs.replace(settings_for(url), auth_mode="jwt", jwt_secret=SECRET, **options)


def assert_envelope(response: httpx.Response, status: int, code: str) -> dict[str, object]:
    """The body is the one error envelope, with this status and code."""
    body: dict[str, object] = response.json()
    assert response.status_code == status, body
    assert body["error_code"] == code, body
    assert body["status_code"] == status
    assert body["detail"] == body["error"] == body["message"] != ""
    assert body["correlation_id"] == body["request_id"] == response.headers["x-request-id"]
    assert body["path"] == response.request.url.path
    assert str(body["timestamp"]).endswith("Z")
    assert response.headers["content-type"].startswith("application/json")
    return body
