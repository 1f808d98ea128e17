"""The documentation: it works without internet, and shows an example of every error."""

import os
import re

import httpx
import pytest

OUTSIDE = re.compile(r"""(?:src|href)=['"](https?:)?//""")


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_pages_load_nothing_from_outside(empty_api: httpx.Client, path: str) -> None:
    page = empty_api.get(path)
    assert page.status_code == 200
    if "/static/" not in page.text and "PGGIT_REQUIRE" not in os.environ:
        pytest.skip("the package was built without its documentation assets (tools/docs_ui.py)")
    assert "/static/" in page.text
    assert not OUTSIDE.search(page.text)
    for asset in re.findall(r"""(?:src|href)=['"](/static/[^'"]+)""", page.text):
        assert empty_api.get(asset).status_code == 200, asset


def test_every_operation_is_described_and_shows_its_errors(empty_api: httpx.Client) -> None:
    document = empty_api.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    for path, item in document["paths"].items():
        for method, operation in item.items():
            where = f"{method} {path}"
            assert operation["summary"], where
            assert operation["description"], where
            if not path.startswith("/api/v1"):
                continue
            for status in ("400", "401", "403", "429", "500", "503"):
                content = operation["responses"][status]["content"]["application/json"]
                example = next(iter(content["examples"].values()))["value"]
                assert example["error_code"], where
                assert example["status_code"] == int(status), where


def test_every_route_of_the_contract_is_there(empty_api: httpx.Client) -> None:
    document = empty_api.get("/openapi.json").json()
    found = {(method.upper(), path) for path, item in document["paths"].items() for method in item}
    expected = {
        ("GET", "/health"),
        ("GET", "/health/live"),
        ("GET", "/health/ready"),
        ("GET", "/health/deep"),
        ("GET", "/metrics"),
        ("GET", "/api/v1/alerts"),
        ("POST", "/api/v1/alerts"),
        ("GET", "/api/v1/alerts/{alert_id}"),
        ("POST", "/api/v1/alerts/acknowledge"),
        ("POST", "/api/v1/alerts/acknowledge-batch"),
        ("POST", "/api/v1/alerts/{alert_id}/acknowledge"),
        ("POST", "/api/v1/alerts/{alert_id}/resolve"),
        ("GET", "/api/v1/dashboard"),
        ("GET", "/api/v1/dashboard/overview"),
        ("GET", "/api/v1/dashboard/performance"),
        ("GET", "/api/v1/dashboard/webhooks"),
        ("GET", "/api/v1/dashboard/anomalies"),
        ("GET", "/api/v1/system/info"),
        ("GET", "/api/v1/system/version"),
        ("GET", "/api/v1/metrics"),
        ("GET", "/api/v1/branches"),
        ("POST", "/api/v1/branches"),
        ("GET", "/api/v1/branches/{branch_id}"),
        ("DELETE", "/api/v1/branches/{branch_id}"),
        ("GET", "/api/v1/branches/{branch_id}/status"),
        ("GET", "/api/v1/branches/{branch_id}/log"),
        ("GET", "/api/v1/branches/{branch_id}/commits"),
        ("POST", "/api/v1/branches/{branch_id}/commits"),
        ("GET", "/api/v1/commits/{commit_id}"),
        ("GET", "/api/v1/diff"),
        ("GET", "/api/v1/migration"),
        ("POST", "/api/v1/merge/{target_branch_id}/merge"),
        ("GET", "/api/v1/merge"),
        ("GET", "/api/v1/merge/{merge_id}"),
        ("GET", "/api/v1/merge/{merge_id}/conflicts"),
        ("GET", "/api/v1/merge/{merge_id}/conflicts/{conflict_id}"),
        ("POST", "/api/v1/merge/{merge_id}/conflicts/{conflict_id}/resolve"),
        ("POST", "/api/v1/merge/{merge_id}/complete"),
        ("POST", "/api/v1/merge/{merge_id}/abort"),
    }
    assert expected <= found
