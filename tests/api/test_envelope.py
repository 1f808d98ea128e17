"""Every error has one body, whoever refuses: the router, the parser, PostgreSQL."""

import httpx
import pytest

from api.service import assert_envelope


def test_an_unknown_route_is_404(empty_api: httpx.Client) -> None:
    assert_envelope(empty_api.get("/nothing"), 404, "RESOURCE_NOT_FOUND")
    assert_envelope(empty_api.get("/api/v1/nothing/at/all"), 404, "RESOURCE_NOT_FOUND")


def test_a_wrong_method_is_405_and_says_which_are_right(empty_api: httpx.Client) -> None:
    response = empty_api.put("/api/v1/branches", json={})
    assert_envelope(response, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in response.headers["allow"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"source_branch_id": 2, "merge_message": "x", "surprise": 1}, None),
        ({"merge_message": "x"}, None),
        ({"source_branch_id": "two", "merge_message": "x"}, "source_branch_id"),
        ({"source_branch_id": 2, "merge_message": ""}, "merge_message"),
        ({"source_branch_id": 2, "merge_message": "x" * 501}, "merge_message"),
        ({"source_branch_id": 2, "merge_message": "x", "merge_strategy": "best"}, "merge_strategy"),
        ([], None),
    ],
)
def test_a_bad_body_is_400_and_names_the_field(
    empty_api: httpx.Client, body: object, field: str | None
) -> None:
    response = empty_api.post("/api/v1/merge/1/merge", json=body)
    details = assert_envelope(response, 400, "VALIDATION_ERROR")["details"]
    assert isinstance(details, list)
    assert details[0]["field"] == field
    assert details[0]["message"]
    assert details[0]["code"]


def test_an_unknown_field_is_named(empty_api: httpx.Client) -> None:
    response = empty_api.post("/api/v1/branches", json={"name": "x", "colour": "red"})
    assert "colour" in str(assert_envelope(response, 400, "VALIDATION_ERROR")["message"])


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"",
        b"\xff",
        b"nul",
        b'{"name": "\\ud800"}',
        b'{"name": 1e400}',
        b'{"name": NaN}',
        b'{"name": ' + b"[" * 100_000,
        b'{"name": ' + b'{"a": ' * 5000 + b"1" + b"}" * 5001,
    ],
    ids=lambda _: None,
)
def test_a_body_that_is_no_json_is_400(empty_api: httpx.Client, content: bytes) -> None:
    response = empty_api.post(
        "/api/v1/branches", content=content, headers={"content-type": "application/json"}
    )
    assert_envelope(response, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "offset=-1"])
def test_a_bad_page_is_400(empty_api: httpx.Client, query: str) -> None:
    response = empty_api.get(f"/api/v1/branches?{query}")
    assert_envelope(response, 400, "VALIDATION_ERROR")


def test_a_target_that_is_no_number_is_404(empty_api: httpx.Client) -> None:
    response = empty_api.post("/api/v1/merge/main/merge", json={})
    assert_envelope(response, 404, "RESOURCE_NOT_FOUND")


def test_a_body_that_is_too_large_is_413(empty_api: httpx.Client) -> None:
    response = empty_api.post("/api/v1/branches", json={"name": "x" * 2_000_000})
    assert_envelope(response, 413, "PAYLOAD_TOO_LARGE")


def test_a_nul_byte_is_400(api: httpx.Client, repository: str) -> None:
    response = api.post("/api/v1/branches", json={"name": "a\0b"})
    assert_envelope(response, 400, "VALIDATION_ERROR")


def test_postgresql_s_message_detail_hint_and_code_reach_the_caller(
    api: httpx.Client, repository: str
) -> None:
    body = assert_envelope(
        api.post("/api/v1/branches", json={"name": "a b"}), 400, "VALIDATION_ERROR"
    )
    assert "a b" in str(body["message"])
    assert body["sqlstate"] == "VCV01"
    assert body["hint"]
    assert body["details"]


def test_a_caller_s_request_id_comes_back(empty_api: httpx.Client) -> None:
    response = empty_api.get("/health/live", headers={"X-Request-ID": "order-17"})
    assert response.headers["x-request-id"] == "order-17"
    assert response.headers["x-response-time"].endswith("ms")


def test_a_request_id_that_is_unsafe_to_log_is_replaced(empty_api: httpx.Client) -> None:
    response = empty_api.get("/health/live", headers={"X-Request-ID": "a b;c"})
    assert response.headers["x-request-id"] != "a b;c"


def test_a_database_without_a_repository_says_so(api: httpx.Client) -> None:
    body = assert_envelope(api.get("/api/v1/branches/1"), 409, "INVALID_STATE")
    assert body["sqlstate"] == "VCS01"


def test_cors_lets_the_configured_origin_in(empty_api: httpx.Client) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": "POST"}
    response = empty_api.options("/api/v1/branches", headers=headers)
    assert response.headers["access-control-allow-origin"] == "http://localhost:3000"
    other = empty_api.options(
        "/api/v1/branches", headers=headers | {"Origin": "http://evil.example"}
    )
    assert "access-control-allow-origin" not in other.headers
