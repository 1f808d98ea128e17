"""Who asks: tokens, keys, cookies; what they may do is their role's in PostgreSQL."""

import base64
import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, tzinfo
from time import time

import httpx
import jwt
import msgspec
import psycopg
import pytest
import redis
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from websockets.exceptions import ConnectionClosed

from api.feeds import hear, here, open_socket
from api.service import (
    SCHEMA,
    SECRET,
    assert_envelope,
    bearer,
    guarded_settings,
    serve,
    settings_for,
    token,
)
from api.valkey import Valkey
from pggit.settings import Settings, SettingsError, load_settings
from servers import PgServer


@contextmanager
def login(pg: PgServer, options: str) -> Iterator[str]:
    """The name of a role that may log in, for the time of a test."""
    name = f"login_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(pg.maintenance_url, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {name} LOGIN {options}".encode())
    try:
        yield name
    finally:
        with psycopg.connect(pg.maintenance_url, autocommit=True) as conn:
            conn.execute(f"DROP ROLE {name}".encode())


@pytest.fixture(scope="module")
def url(pg: PgServer) -> Iterator[str]:
    """A database with a repository, and a login that is nothing but a member of the three roles."""
    with pg.database(pg.template()) as made, psycopg.connect(made, autocommit=True) as conn:
        conn.execute(SCHEMA)
        conn.execute("SELECT pggit.init('app')")
        with login(pg, "NOINHERIT IN ROLE pggit_reader, pggit_writer, pggit_admin") as name:
            yield pg.url(conn.info.dbname, name)


@pytest.fixture(scope="module")
def guarded(url: str) -> Iterator[httpx.Client]:
    """A client of a service that asks who comes."""
    with serve(guarded_settings(url)) as client:
        yield client


def me(client: httpx.Client, **options: object) -> httpx.Response:
    return client.get("/api/v1/me", **options)  # type: ignore[arg-type]


def without_signature(claims: dict[str, object]) -> str:
    parts = ({"alg": "none", "typ": "JWT"}, claims)
    coded = (base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts)
    return ".".join(coded) + "."


def test_nobody_gets_in_without_saying_who(guarded: httpx.Client) -> None:
    refused = me(guarded)
    assert_envelope(refused, 401, "UNAUTHORIZED")
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert_envelope(guarded.get("/api/v1/nothing"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/docs", "/openapi.json"])
def test_health_and_documentation_ask_nobody(guarded: httpx.Client, path: str) -> None:
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize(
    "make",
    [
        lambda: token(claims={"exp": int(time()) - 1}),
        lambda: token(claims={"nbf": int(time()) + 300}),
        lambda: token(secret="another secret, which is also long enough"),
        lambda: token() + "x",
        lambda: token("owner"),
        lambda: token(claims={"sub": None}),
        lambda: token(claims={"exp": None}),
        lambda: without_signature({"sub": "ada", "role": "admin", "exp": int(time()) + 600}),
        lambda: jwt.encode({"sub": "ada", "exp": int(time()) + 600}, SECRET * 2, algorithm="HS512"),
        lambda: "nonsense",
        lambda: "a.b.c",
        lambda: "pggit_" + "0" * 64,
        lambda: "é",
    ],
    ids=lambda make: None,
)
def test_a_token_that_is_not_good_is_401(guarded: httpx.Client, make: Callable[[], str]) -> None:
    headers = {"Authorization": b"Bearer " + make().encode("latin-1")}
    assert_envelope(me(guarded, headers=headers), 401, "UNAUTHORIZED")


class Clock:
    """The clock of the process, for tokens and feeds, set forward or back by the test."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.by = 0.0
        clock = self

        class Stepped(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> "Stepped":
                return cls.fromtimestamp(clock.time(), tz)

        monkeypatch.setattr("pggit.auth.time", self.time)
        monkeypatch.setattr("pggit.feeds.time", self.time)
        monkeypatch.setattr("jwt.api_jwt.datetime", Stepped)

    def time(self) -> float:
        return time() + self.by


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def test_a_token_ends_by_the_clock_as_it_stands_now(guarded: httpx.Client, clock: Clock) -> None:
    """One that is known, too: neither a step forward nor one back leaves an answer of before behind."""
    known = bearer(token(name="grace"))
    assert me(guarded, headers=known).status_code == 200
    clock.by = 3600
    assert "expired" in str(assert_envelope(me(guarded, headers=known), 401, "UNAUTHORIZED"))
    clock.by = 0
    assert me(guarded, headers=known).status_code == 200
    # Expired an hour ago by the clock that it was made by, which has been set right since.
    late = bearer(token(claims={"exp": int(time()) - 1800}))
    assert_envelope(me(guarded, headers=late), 401, "UNAUTHORIZED")
    clock.by = -3600
    assert me(guarded, headers=late).status_code == 200
    clock.by = 0
    assert_envelope(me(guarded, headers=late), 401, "UNAUTHORIZED")


def test_a_clock_that_was_set_back_refuses_no_fresh_token(
    guarded: httpx.Client, clock: Clock
) -> None:
    """When it was issued ends nothing; what must not be used yet says so with nbf."""
    clock.by = -3600
    issued = {"iat": int(time()), "exp": int(time()) + 600}
    assert me(guarded, headers=bearer(token(claims=issued))).status_code == 200
    early = bearer(token(claims=issued | {"nbf": int(time())}))
    assert "not valid yet" in str(assert_envelope(me(guarded, headers=early), 401, "UNAUTHORIZED"))
    clock.by = 0
    assert me(guarded, headers=early).status_code == 200


def test_a_feed_ends_with_its_token_when_the_clock_is_set_forward(
    guarded: httpx.Client, clock: Clock
) -> None:
    with open_socket(guarded, "dashboard", token=token()) as line:
        here(line)
        clock.by = 3600
        with pytest.raises(ConnectionClosed) as closed:
            hear(line)
    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "the token has expired")


def test_tokens_and_keys_come_by_four_ways(guarded: httpx.Client) -> None:
    value = token("writer", name="grace")
    made = guarded.post("/api/v1/api-keys", json={"name": "by key"}, headers=bearer(token("admin")))
    key = made.json()["key"]
    for way in (
        {"headers": bearer(value)},
        {"params": {"token": value}},
        {"headers": {"Cookie": f"a=b; session={value}"}},
    ):
        known = me(guarded, **way)
        assert known.json() == {"name": "grace", "role": "writer", "kind": "token"}, way
    for headers in ({"X-API-Key": key}, bearer(key)):
        assert me(guarded, headers=headers).json()["kind"] == "key"


@pytest.mark.parametrize(
    ("claims", "role"),
    [
        ({"role": "admin"}, "admin"),
        ({"role": "pggit_writer"}, "writer"),
        ({"scope": "openid writer"}, "writer"),
        ({"roles": ["reader", "admin"]}, "admin"),
        ({}, "reader"),
    ],
)
def test_the_greatest_role_that_is_claimed_counts(
    guarded: httpx.Client, claims: dict[str, object], role: str
) -> None:
    assert me(guarded, headers=bearer(token(None, claims=claims))).json()["role"] == role


def test_what_a_role_may_not_do_is_403(guarded: httpx.Client) -> None:
    reader, writer, admin = (bearer(token(role)) for role in ("reader", "writer", "admin"))
    assert guarded.get("/api/v1/branches", headers=reader).status_code == 200
    refused = guarded.post("/api/v1/branches", json={"name": "r"}, headers=reader)
    assert assert_envelope(refused, 403, "FORBIDDEN")["sqlstate"] == "42501"
    assert guarded.post("/api/v1/branches", json={"name": "w"}, headers=writer).status_code == 201
    for path in ("/api/v1/api-keys", "/api/v1/audit"):
        assert_envelope(guarded.get(path, headers=writer), 403, "FORBIDDEN")
        assert guarded.get(path, headers=admin).status_code == 200


def test_a_key_is_shown_once_and_ends_when_it_is_revoked(guarded: httpx.Client) -> None:
    admin = bearer(token("admin", name="root"))
    made = guarded.post(
        "/api/v1/api-keys", json={"name": "ci", "role": "writer", "tier": "premium"}, headers=admin
    )
    assert made.status_code == 201
    key = made.json()["key"]
    assert made.json()["created_by"] == "root"
    assert me(guarded, headers={"X-API-Key": key}).json()["role"] == "writer"
    assert key not in guarded.get("/api/v1/api-keys", headers=admin).text
    again = guarded.post("/api/v1/api-keys", json={"name": "ci"}, headers=admin)
    assert_envelope(again, 409, "RESOURCE_CONFLICT")
    path = f"/api/v1/api-keys/{made.json()['key_id']}"
    assert guarded.delete(path, headers=admin).status_code == 204
    assert_envelope(me(guarded, headers={"X-API-Key": key}), 401, "UNAUTHORIZED")
    assert_envelope(guarded.delete(path, headers=admin), 404, "RESOURCE_NOT_FOUND")


def test_the_commit_and_the_audit_log_name_the_person_and_the_request(
    guarded: httpx.Client,
) -> None:
    headers = bearer(token("writer", name="grace")) | {"X-Request-ID": "order-17"}
    made = guarded.post("/api/v1/branches", json={"name": "named"}, headers=headers)
    assert made.status_code == 201, made.text
    log = guarded.get("/api/v1/audit?author=grace", headers=bearer(token("admin"))).json()["items"]
    entry = next(one for one in log if one["action"] == "branch.created")
    assert entry["subject"] == "named"
    assert entry["role_name"] == "pggit_writer"
    assert entry["session_name"].startswith("login_")
    assert entry["request_id"] == "order-17"


def test_a_session_keeps_the_token_out_of_reach_of_scripts(guarded: httpx.Client) -> None:
    opened = guarded.post("/api/v1/session", headers=bearer(token("writer", name="grace")))
    assert opened.status_code == 204
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert me(guarded).json()["name"] == "grace"
    foreign = guarded.post(
        "/api/v1/branches", json={"name": "csrf"}, headers={"Origin": "https://evil.example"}
    )
    assert_envelope(foreign, 401, "UNAUTHORIZED")
    own = {"Origin": "http://localhost:3000"}
    assert guarded.post("/api/v1/branches", json={"name": "own"}, headers=own).status_code == 201
    guarded.delete("/api/v1/session")
    assert_envelope(me(guarded), 401, "UNAUTHORIZED")


def test_with_valkey_a_cookie_names_a_session_that_ends_everywhere_at_once(url: str) -> None:
    valkey = Valkey()
    try:
        settings = guarded_settings(url, valkey_url=valkey.url)
        with serve(settings) as one, serve(settings) as two:
            value = token("writer", name="grace")
            opened = one.post("/api/v1/session", headers=bearer(value))
            cookie = opened.cookies["session"]
            assert value not in opened.headers["set-cookie"]
            with redis.Redis.from_url(valkey.url) as client:
                (kept,) = client.keys("pggit:session:*")
                assert cookie.encode() not in kept
                assert 0 < client.ttl(kept) <= 600
            session = {"Cookie": f"session={cookie}"}
            assert me(two, headers=session).json()["name"] == "grace"
            foreign = session | {"Origin": "https://evil.example"}
            refused = two.post("/api/v1/branches", json={"name": "csrf"}, headers=foreign)
            assert_envelope(refused, 401, "UNAUTHORIZED")
            # Opened again by its own cookie, it is the same session.
            assert one.post("/api/v1/session").cookies["session"] == cookie
            one.cookies.clear()
            assert two.delete("/api/v1/session", headers=session).status_code == 204
            for client in (one, two):
                assert_envelope(me(client, headers=session), 401, "UNAUTHORIZED")
                # The token was nobody else's to end.
                assert me(client, headers=bearer(value)).status_code == 200
                assert_envelope(
                    me(client, headers={"Cookie": "session=ses_guessed"}), 401, "UNAUTHORIZED"
                )
    finally:
        valkey.kill()


def test_a_session_goes_on_where_it_is_known_while_valkey_is_away(url: str) -> None:
    valkey = Valkey()
    try:
        settings = guarded_settings(url, valkey_url=valkey.url)
        with serve(settings) as one, serve(settings) as two:
            value = token("writer", name="grace")
            opened = one.post("/api/v1/session", headers=bearer(value))
            session = {"Cookie": f"session={opened.cookies['session']}"}
            one.cookies.clear()
            assert me(one, headers=session).status_code == 200
            valkey.kill()
            assert me(one, headers=session).json()["name"] == "grace"
            assert_envelope(me(two, headers=session), 401, "UNAUTHORIZED")
            # A new one holds the token, as without Valkey.
            again = one.post("/api/v1/session", headers=bearer(value))
            assert again.cookies["session"] == value
            # What could not be done is not said to be done.
            refused = one.delete("/api/v1/session", headers=session)
            assert_envelope(refused, 503, "SERVICE_UNAVAILABLE")
            assert int(refused.headers["Retry-After"]) > 0
    finally:
        valkey.kill()


def test_a_page_of_another_origin_may_read_the_refusal(guarded: httpx.Client) -> None:
    refused = me(guarded, headers={"Origin": "http://localhost:3000"})
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == "http://localhost:3000"


def test_a_protected_branch_moves_by_merges_only(guarded: httpx.Client) -> None:
    writer, admin = bearer(token("writer")), bearer(token("admin"))
    number = guarded.post("/api/v1/branches", json={"name": "release"}, headers=writer).json()[
        "branch_id"
    ]
    path = f"/api/v1/branches/{number}"
    assert_envelope(guarded.put(f"{path}/protection", json={}, headers=writer), 403, "FORBIDDEN")
    made = guarded.put(f"{path}/protection", json={"merge_role": "admin"}, headers=admin)
    assert made.json()["merge_role"] == "admin", made.text
    assert guarded.get("/api/v1/protected-branches", headers=writer).json()["total"] == 1
    body = {"message": "direct", "allow_empty": True}
    refused = guarded.post(f"{path}/commits", json=body, headers=admin)
    assert refused.status_code in (403, 404), refused.text
    gone = guarded.delete(f"{path}?force=true", headers=admin)
    assert assert_envelope(gone, 403, "FORBIDDEN")["sqlstate"] == "VCA01"
    assert guarded.delete(f"{path}/protection", headers=admin).status_code == 204
    assert guarded.delete(path, headers=admin).status_code == 204


def test_an_audience_and_an_issuer_are_checked_where_they_are_set(url: str) -> None:
    settings = guarded_settings(url, jwt_audience="pggit", jwt_issuer="https://id.example")
    good = {"aud": "pggit", "iss": "https://id.example"}
    with serve(settings) as client:
        assert me(client, headers=bearer(token(claims=good))).status_code == 200
        for wrong in ({}, good | {"aud": "other"}, good | {"iss": "https://evil.example"}):
            assert_envelope(me(client, headers=bearer(token(claims=wrong))), 401, "UNAUTHORIZED")


def test_a_public_key_checks_rs256_and_is_no_secret_of_hs256(url: str) -> None:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    settings = guarded_settings(url, jwt_algorithm="RS256", jwt_public_key=pem.decode())
    claims = {"sub": "ada", "role": "writer", "exp": int(time()) + 600}
    with serve(settings) as client:
        assert (
            me(client, headers=bearer(jwt.encode(claims, private, "RS256"))).json()["role"]
            == "writer"
        )
        assert_envelope(me(client, headers=bearer(token("admin"))), 401, "UNAUTHORIZED")
        # The classic: signed with the public key as if it were a shared secret.
        head, body, _ = jwt.encode(claims, SECRET, "HS256").split(".")
        forged = jwt.get_algorithm_by_name("HS256").sign(f"{head}.{body}".encode(), pem)
        value = f"{head}.{body}.{base64.urlsafe_b64encode(forged).rstrip(b'=').decode()}"
        assert_envelope(me(client, headers=bearer(value)), 401, "UNAUTHORIZED")


def test_a_login_that_may_not_act_for_its_users_is_503_and_never_more_than_they_are(
    url: str, pg: PgServer
) -> None:
    with psycopg.connect(url) as conn, login(pg, "") as alone:
        there = pg.url(conn.info.dbname, alone)
        with serve(guarded_settings(there)) as client:
            answer = client.get("/api/v1/branches", headers=bearer(token("admin")))
            assert_envelope(answer, 503, "DATABASE_UNAVAILABLE")


def test_the_next_request_on_a_connection_has_none_of_the_last_one_s_rights(url: str) -> None:
    one = msgspec.structs.replace(
        guarded_settings(url), database_pool_size=1, database_max_overflow=0
    )
    with serve(one) as client:
        for _ in range(3):
            made = client.post(
                "/api/v1/branches", json={"name": "first"}, headers=bearer(token("writer"))
            )
            assert made.status_code == 201
            # A procedure acts as the session, not within one transaction.
            gone = client.delete(
                f"/api/v1/branches/{made.json()['branch_id']}", headers=bearer(token("writer"))
            )
            assert gone.status_code == 204, gone.text
            refused = client.post(
                "/api/v1/branches", json={"name": "x"}, headers=bearer(token("reader"))
            )
            assert_envelope(refused, 403, "FORBIDDEN")


def test_without_authentication_everybody_is_the_connection_s_login(
    empty_api: httpx.Client,
) -> None:
    assert me(empty_api).json() == {"name": "", "role": "admin", "kind": "none"}


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"ENVIRONMENT": "production"}, "AUTH_MODE"),
        ({"AUTH_MODE": "jwt"}, "JWT_SECRET"),
        ({"AUTH_MODE": "jwt", "SECRET_KEY": "short", "ENVIRONMENT": "production"}, "JWT_SECRET"),
        ({"AUTH_MODE": "jwt", "JWT_ALGORITHM": "RS256"}, "JWT_PUBLIC_KEY"),
        ({"JWT_ALGORITHM": "none"}, "JWT_ALGORITHM"),
    ],
)
def test_settings_that_would_let_anybody_in_are_refused_at_the_start(
    environment: dict[str, str], named: str
) -> None:
    with pytest.raises(SettingsError, match=named):
        load_settings(environment)


def test_the_secret_falls_back_and_never_shows() -> None:
    settings = load_settings({"AUTH_MODE": "jwt", "SECRET_KEY": SECRET})
    assert settings.jwt_secret == SECRET
    assert SECRET not in repr(settings)
    assert isinstance(settings, Settings)
    assert settings_for("postgresql:///x").auth_mode == "none"


def test_each_role_may_call_what_is_listed_for_it_and_nothing_else(
    guarded: httpx.Client, url: str
) -> None:
    roles = ["pggit_reader", "pggit_writer", "pggit_admin"]
    with psycopg.connect(f"{url}?options=-c%20role%3Dpggit_reader") as conn:
        found = conn.execute(
            """
            SELECT p.oid::regprocedure::text, c.role::text, r.name::text,
                has_function_privilege(r.name, p.oid, 'EXECUTE')
            FROM pg_proc AS p
            LEFT JOIN _pggit.callers() AS c ON c.routine = p.proname
            CROSS JOIN unnest(%s::name[]) AS r(name)
            WHERE p.pronamespace = 'pggit'::regnamespace
            """,
            [roles],
        ).fetchall()
    wrong = [
        (routine, role)
        for routine, least, role, may in found
        if may != (least is not None and roles.index(role) >= roles.index(least))
    ]
    assert wrong == []
    assert len(found) > 200


def test_webhooks_that_come_in_are_refused_as_long_as_nobody_checks_them(
    guarded: httpx.Client, empty_api: httpx.Client
) -> None:
    """Signed or not, with a token or without: 503, never accepted."""
    for client in (guarded, empty_api):
        for headers in ({}, {"X-Hub-Signature-256": "sha256=00", "X-GitHub-Event": "ping"}):
            refused = client.post("/api/v1/webhooks/github", json={"zen": "x"}, headers=headers)
            assert_envelope(refused, 503, "NOT_CONFIGURED")
            assert int(refused.headers["retry-after"]) > 0
