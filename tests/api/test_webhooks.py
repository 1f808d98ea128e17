"""Webhooks over HTTP: the contract's shapes and codes, and an event that arrives signed at a receiver."""

import base64
import hashlib
import hmac
from collections.abc import Iterator

import httpx
import psycopg
import pytest

from api.service import assert_envelope, serve
from servers import PgServer
from workers.bench import eventually, settings_of, working
from workers.receiver import Exchange, receiving

URL = "https://hooks.example.org/pggit"


@pytest.fixture(scope="module")
def hooked(pg: PgServer) -> Iterator[tuple[str, httpx.Client]]:
    """A service whose webhooks may go to loopback, with its database."""
    with pg.database(pg.template()) as url, serve(settings_of(url)) as client:
        yield url, client


@pytest.fixture
def client(hooked: tuple[str, httpx.Client]) -> Iterator[httpx.Client]:
    yield hooked[1]
    for item in hooked[1].get("/api/v1/webhooks").json()["items"]:
        hooked[1].delete(f"/api/v1/webhooks/{item['id']}")


def test_the_list_of_nothing_is_empty(client: httpx.Client) -> None:
    response = client.get("/api/v1/webhooks")
    assert response.status_code == 200
    assert response.json() == {"items": [], "total": 0}


def test_name_and_url_are_all_it_takes(client: httpx.Client) -> None:
    response = client.post("/api/v1/webhooks", json={"name": "Deploys", "url": URL})
    assert response.status_code == 201
    made = response.json()
    assert made["secret"].startswith("whsec_")
    assert {k: made[k] for k in ("name", "url", "is_active")} == {
        "name": "Deploys",
        "url": URL,
        "is_active": True,
    }
    assert made["retry_policy"] == {"max_retries": 3, "backoff_base": 2, "max_backoff": 3600}
    assert (made["timeout_seconds"], made["ssl_verify"]) == (30, True)
    assert (made["health_check_interval_seconds"], made["health_status"]) == (300, "unknown")
    shown = client.get(f"/api/v1/webhooks/{made['id']}").json()
    assert {"id", "name", "url", "description", "is_active", "created_at", "last_used_at"} <= set(
        shown
    )
    assert "secret" not in shown
    listed = client.get("/api/v1/webhooks").json()
    assert listed["total"] == 1
    assert {"id", "name", "url", "is_active", "created_at"} <= set(listed["items"][0])


def test_put_changes_what_is_given_and_nothing_else(client: httpx.Client) -> None:
    made = client.post(
        "/api/v1/webhooks", json={"name": "a", "url": URL, "timeout_seconds": 7}
    ).json()
    path = f"/api/v1/webhooks/{made['id']}"
    changed = client.put(path, json={"description": "new", "is_active": False})
    assert changed.status_code == 200
    kept = set(made) - {"secret", "description", "is_active", "updated_at"}
    assert {k: changed.json()[k] for k in kept} == {k: made[k] for k in kept}
    assert (changed.json()["description"], changed.json()["is_active"]) == ("new", False)
    policy = client.put(path, json={"retry_policy": {"max_retries": 9}}).json()["retry_policy"]
    assert policy == {"max_retries": 9, "backoff_base": 2, "max_backoff": 3600}
    assert client.put(path, json={"description": None}).json()["description"] is None


def test_delete_answers_204_without_a_body(client: httpx.Client) -> None:
    made = client.post("/api/v1/webhooks", json={"name": "a", "url": URL}).json()
    response = client.delete(f"/api/v1/webhooks/{made['id']}")
    assert (response.status_code, response.content) == (204, b"")
    assert_envelope(client.get(f"/api/v1/webhooks/{made['id']}"), 404, "RESOURCE_NOT_FOUND")


def test_a_taken_name_is_a_conflict(client: httpx.Client) -> None:
    client.post("/api/v1/webhooks", json={"name": "a", "url": URL})
    assert_envelope(
        client.post("/api/v1/webhooks", json={"name": "a", "url": URL}), 409, "RESOURCE_CONFLICT"
    )
    other = client.post("/api/v1/webhooks", json={"name": "b", "url": URL}).json()
    assert_envelope(
        client.put(f"/api/v1/webhooks/{other['id']}", json={"name": "a"}), 409, "RESOURCE_CONFLICT"
    )


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_what_does_not_exist_is_not_found(client: httpx.Client, method: str) -> None:
    body = {"json": {}} if method == "PUT" else {}
    assert_envelope(
        client.request(method, "/api/v1/webhooks/99999", **body), 404, "RESOURCE_NOT_FOUND"
    )


@pytest.mark.parametrize(
    "suffix", ["/health", "/deliveries", "/deliveries/1", "/dead-letters", "/ping", "/rotate-secret", "/replay",
               "/deliveries/1/retry", "/deliveries/1/expunge"],
)  # fmt: skip
def test_so_is_what_belongs_to_it(client: httpx.Client, suffix: str) -> None:
    method = (
        "GET" if suffix in ("/health", "/deliveries", "/deliveries/1", "/dead-letters") else "POST"
    )
    assert_envelope(
        client.request(method, f"/api/v1/webhooks/99999{suffix}"), 404, "RESOURCE_NOT_FOUND"
    )


@pytest.mark.parametrize(
    "url",
    [
        "http://10.0.0.1/", "https://[::1]/", "https://100.64.0.1/", "https://127.1.1/", "https://[64:ff9b::7f00:1]/",
        "https://example.org/\r\nX-Evil: 1", "https://a..b/", "https://example.org/" + "a" * 2048, "gopher://example.org/",
        "https://xn--\u00fc.example/", "https://192.0.2.1/",
    ],
)  # fmt: skip
def test_an_address_that_cannot_be_used_is_an_error_of_its_field(
    client: httpx.Client, url: str
) -> None:
    body = assert_envelope(
        client.post("/api/v1/webhooks", json={"name": "a", "url": url}), 400, "VALIDATION_ERROR"
    )
    assert "url" in str(body["details"])
    made = client.post("/api/v1/webhooks", json={"name": "good", "url": URL}).json()
    assert_envelope(
        client.put(f"/api/v1/webhooks/{made['id']}", json={"url": url}), 400, "VALIDATION_ERROR"
    )
    listed = client.get("/api/v1/webhooks").json()["items"]
    assert [item["url"] for item in listed] == [URL], "nothing is stored"


def test_hosts_have_one_spelling(client: httpx.Client) -> None:  # out-url-007, out-url-008
    for given, stored in (
        ("https://bücher.example/ok", "https://xn--bcher-kva.example/ok"),
        ("https://EXAMPLE.com./", "https://example.com/"),
        ("https://example.com:8443", "https://example.com:8443/"),
        ("https://172.32.0.1/", "https://172.32.0.1/"),
    ):
        assert (
            client.post("/api/v1/webhooks", json={"name": given, "url": given}).json()["url"]
            == stored
        )


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": "a"}, {"url": URL}, {"name": "", "url": URL}, {"name": "a", "url": URL, "timeout_seconds": 0},
        {"name": "a", "url": URL, "retry_policy": {"tries": 1}}, {"name": "a", "url": URL, "event_types": []},
        {"name": "a", "url": URL, "event_types": ["No Type"]}, {"name": "a", "url": URL, "unknown": 1},
        {"name": "a\u0000", "url": URL}, {"name": "a", "url": URL, "is_active": "yes"},
    ],
)  # fmt: skip
def test_a_wrong_body_is_a_validation_error(client: httpx.Client, body: dict[str, object]) -> None:
    assert_envelope(client.post("/api/v1/webhooks", json=body), 400, "VALIDATION_ERROR")


def test_https_alone_is_allowed_by_default(pg: PgServer) -> None:  # out-url-004
    from api.service import settings_for

    with pg.database(pg.template()) as url, serve(settings_for(url)) as plain:
        response = plain.post(
            "/api/v1/webhooks", json={"name": "a", "url": "http://hooks.example.org/"}
        )
        assert_envelope(response, 400, "VALIDATION_ERROR")
        assert plain.get("/api/v1/webhooks").json()["total"] == 0


def test_an_event_arrives_signed_and_its_delivery_is_shown(
    hooked: tuple[str, httpx.Client], client: httpx.Client
) -> None:
    url, _ = hooked
    with receiving() as receiver, working(settings_of(url)):
        made = client.post(
            "/api/v1/webhooks",
            json={"name": "a", "url": receiver.url("/a"), "event_types": ["custom.*"]},
        ).json()
        path = f"/api/v1/webhooks/{made['id']}"
        with psycopg.connect(url) as conn:
            conn.execute("SELECT pggit.publish_event('custom.hello', '{\"n\": 1}', 'someone')")
        one: Exchange = eventually(lambda: receiver.at("/a"))[0]
        signed = (
            f"{one.headers['webhook-id']}.{one.headers['webhook-timestamp']}.".encode() + one.body
        )
        key = base64.b64decode(made["secret"].removeprefix("whsec_"))
        assert (
            one.headers["webhook-signature"]
            == "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
        )
        item = eventually(
            lambda: [
                d
                for d in client.get(f"{path}/deliveries").json()["items"]
                if d["status"] == "delivered"
            ]
        )[0]
        assert item["event_type"] == "custom.hello"
        assert item["attempts"][0]["response_body"] == "ok"
        assert client.get(f"{path}/deliveries/{item['id']}").json() == item
        assert client.get(path).json()["last_used_at"] is not None
        health = client.get(f"{path}/health").json()
        assert (health["health_status"], health["successful_deliveries"]) == ("healthy", 1)
        pinged = client.post(f"{path}/ping")
        assert (pinged.status_code, pinged.json()["event_type"]) == (202, "webhook.ping")
        eventually(lambda: len(receiver.at("/a")) == 2)
        eventually(lambda: client.get(f"{path}/health").json()["waiting"] == 0)
        again = client.post(f"{path}/deliveries/{item['id']}/retry")
        assert (again.status_code, again.json()["trigger"]) == (202, "manual")
        eventually(lambda: len(receiver.at("/a")) == 3)
        eventually(lambda: client.get(f"{path}/health").json()["waiting"] == 0)
        turned = client.post(f"{path}/rotate-secret", json={"overlap_hours": 1})
        assert turned.status_code == 200
        assert turned.json()["secret"] != made["secret"]
        replayed = client.post(f"{path}/replay", json={"missing_only": False})
        assert (replayed.status_code, replayed.json()["queued"]) == (202, 2)
        eventually(lambda: len(receiver.at("/a")) == 5)
        eventually(lambda: client.get(f"{path}/health").json()["waiting"] == 0)
        assert client.get(f"{path}/dead-letters").json() == {"items": [], "total": 0}
        gone = client.post(f"{path}/deliveries/{item['id']}/expunge")
        assert gone.status_code == 200
        assert_envelope(client.post(f"{path}/deliveries/{item['id']}/retry"), 409, "INVALID_STATE")
        client.put(path, json={"is_active": False})
        assert_envelope(client.post(f"{path}/ping"), 409, "INVALID_STATE")
