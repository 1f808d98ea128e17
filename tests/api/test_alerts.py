"""Alerts over REST: listed, raised, acknowledged by each of the three routes, resolved."""

from typing import Any

import httpx
import psycopg
import pytest

from api.service import assert_envelope

ALERTS = "/api/v1/alerts"


def raised(api: httpx.Client, **fields: Any) -> dict[str, Any]:
    body = {"operation_type": "merge", "severity": "WARNING", "message": "slow"} | fields
    response = api.post(ALERTS, json=body)
    assert response.status_code == 201, response.text
    alert: dict[str, Any] = response.json()
    return alert


def test_an_empty_list(empty_api: httpx.Client) -> None:
    assert empty_api.get(ALERTS).json() == {"items": [], "total": 0}


def test_an_alert_from_its_raising_to_its_end(api: httpx.Client) -> None:
    context = {"p99_ms": 812.5, "baseline_ms": 120.0, "affected_operations": 7}
    alert = raised(api, context=context)
    path = f"{ALERTS}/{alert['id']}"
    detail = api.get(path).json()
    assert detail["context"] == context
    item = api.get(ALERTS).json()["items"][0]
    assert set(item) >= {"id", "operation_type", "severity", "message", "status", "created_at"}
    assert item.items() <= detail.items()

    assert raised(api)["occurrences"] == 2
    seen = api.post(f"{path}/acknowledge")
    assert seen.status_code == 200
    assert (
        seen.json().items()
        >= {
            "id": alert["id"],
            "status": "acknowledged",
            "acknowledged": 1,
            "failed": 0,
        }.items()
    )
    assert api.post(f"{path}/acknowledge").json()["acknowledged"] == 1
    done = api.post(f"{path}/resolve", json={"note": "an index"}).json()
    assert (done["status"], done["note"]) == ("resolved", "an index")
    assert_envelope(api.post(f"{path}/resolve"), 409, "INVALID_STATE")
    assert_envelope(api.post(f"{path}/acknowledge"), 409, "INVALID_STATE")
    assert raised(api)["id"] != alert["id"]


@pytest.mark.parametrize("route", ["acknowledge", "acknowledge-batch"])
def test_a_batch_counts_what_it_could_not_acknowledge(api: httpx.Client, route: str) -> None:
    ids = [raised(api, message=str(n))["id"] for n in range(3)]
    api.post(f"{ALERTS}/{ids[0]}/resolve")
    answer = api.post(f"{ALERTS}/{route}", json={"alert_ids": [*ids, 10**12]})
    assert answer.status_code == 200
    assert answer.json() == {"acknowledged": 2, "failed": 2}
    assert api.get(ALERTS, params={"status": "acknowledged"}).json()["total"] == 2
    empty = api.post(f"{ALERTS}/{route}", json={"alert_ids": []})
    assert empty.json() == {"acknowledged": 0, "failed": 0}


def test_filters_and_pages(api: httpx.Client) -> None:
    for n in range(25):
        severity = "CRITICAL" if n % 5 == 0 else "INFO"
        raised(api, message=str(n), severity=severity)
    first = api.get(ALERTS).json()
    assert (len(first["items"]), first["total"]) == (20, 25)
    assert first["items"][0]["message"] == "24"
    rest = api.get(ALERTS, params={"offset": 20, "limit": 100}).json()
    assert len(rest["items"]) == 5
    critical = api.get(ALERTS, params={"severity": "CRITICAL", "status": "pending"}).json()
    assert critical["total"] == 5
    assert api.get(ALERTS, params={"operation_type": "commit"}).json()["total"] == 0


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "?limit=101", None),
        ("GET", "?limit=0", None),
        ("GET", "?offset=-1", None),
        ("GET", "?status=open", None),
        ("GET", "?severity=warning", None),
        ("POST", "", {"operation_type": "merge", "severity": "FATAL", "message": "x"}),
        ("POST", "", {"operation_type": "merge", "severity": "INFO", "message": "  "}),
        ("POST", "", {"operation_type": "", "severity": "INFO", "message": "x"}),
        ("POST", "", {"operation_type": "a\x00", "severity": "INFO", "message": "x"}),
        ("POST", "", {"operation_type": "a", "severity": "INFO", "message": "x", "more": 1}),
        ("POST", "", {"operation_type": "a", "severity": "INFO", "message": "x", "context": []}),
        ("POST", "/acknowledge", {"alert_ids": "1"}),
        ("POST", "/acknowledge", {"alert_ids": [0]}),
        ("POST", "/acknowledge", {}),
        ("POST", "/acknowledge-batch", None),
    ],
)
def test_what_is_not_valid_is_400(
    empty_api: httpx.Client, method: str, path: str, body: dict[str, Any] | None
) -> None:
    response = empty_api.request(method, f"{ALERTS}{path}", json=body)
    assert_envelope(response, 400, "VALIDATION_ERROR")


def test_an_unknown_alert_is_404(empty_api: httpx.Client) -> None:
    assert_envelope(empty_api.get(f"{ALERTS}/9"), 404, "RESOURCE_NOT_FOUND")
    assert_envelope(empty_api.post(f"{ALERTS}/9/acknowledge"), 404, "RESOURCE_NOT_FOUND")
    assert_envelope(empty_api.post(f"{ALERTS}/9/resolve"), 404, "RESOURCE_NOT_FOUND")
    assert empty_api.get(f"{ALERTS}/x").status_code == 404


def test_an_alert_raised_in_sql_is_seen_over_rest(api: httpx.Client, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("SELECT pggit.raise_alert('deploy', 'CRITICAL', 'disk full', '{\"free\": 0}')")
    found = api.get(ALERTS, params={"severity": "CRITICAL"}).json()["items"]
    assert [one["message"] for one in found] == ["disk full"]
