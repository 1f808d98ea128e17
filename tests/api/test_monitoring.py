"""Dashboard, system, metrics: what people and Prometheus see of the service."""

import re
from collections.abc import Callable
from time import monotonic, sleep
from typing import Any

import httpx
import msgspec
import psycopg
import pytest

from api.service import assert_envelope, serve, settings_for


def until(api: httpx.Client, is_so: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Health once it is so; what was read last holds for a second."""
    limit = monotonic() + 20
    while True:
        response = api.get("/health")
        assert response.status_code == 200
        body: dict[str, Any] = response.json()
        if is_so(body) or monotonic() > limit:
            return body
        sleep(0.1)


@pytest.mark.parametrize(
    ("path", "keys"),
    [
        ("", {"overview", "performance", "webhooks", "anomalies", "generated_at"}),
        ("/dashboard", {"overview", "performance", "webhooks", "anomalies", "generated_at"}),
        ("/overview", {"branches", "commits", "merges", "alerts", "webhooks", "workers"}),
        ("/performance", {"operations", "hours"}),
        ("/webhooks?limit=5", {"items", "total", "active_count", "failed_count"}),
        ("/anomalies?days=30", {"days", "slow_hours", "alerts", "total"}),
    ],
)
def test_each_part_of_the_dashboard_is_one_document(
    empty_api: httpx.Client, path: str, keys: set[str]
) -> None:
    response = empty_api.get(f"/api/v1/dashboard{path}")
    assert response.status_code == 200, response.text
    assert keys <= set(response.json())


@pytest.mark.parametrize("path", ["anomalies?days=0", "anomalies?days=31", "webhooks?limit=101"])
def test_the_dashboard_refuses_what_is_out_of_range(empty_api: httpx.Client, path: str) -> None:
    assert_envelope(empty_api.get(f"/api/v1/dashboard/{path}"), 400, "VALIDATION_ERROR")


def test_the_dashboard_counts_what_happened(api: httpx.Client, repository: str) -> None:
    with psycopg.connect(repository, autocommit=True) as conn:
        for _ in range(10):
            conn.execute("SELECT * FROM pggit.diff('main', 'main')")
        conn.execute("SELECT pggit.recalculate_baselines('diff')")
        for _ in range(10):
            job = conn.execute("SELECT pggit.claim_job('here')").fetchone()
            assert job is not None
            if job[0] is None:
                break
            conn.execute("SELECT pggit.run_job(%s)", [job[0]["execution_id"]])
        conn.execute("SELECT pggit.raise_alert('diff', 'WARNING', 'slow')")
    # What psql does shows when its event has come.
    limit = monotonic() + 20
    while (dashboard := api.get("/api/v1/dashboard").json())["overview"]["branches"] == 0:
        assert monotonic() < limit
        sleep(0.05)
    assert dashboard["overview"]["branches"] == 1
    assert dashboard["overview"]["workers"] == {"known": 1, "alive": 1}
    # On a slow machine the database may have taken more than 100 ms, which is one, too.
    assert dashboard["overview"]["alerts"]["warning"] >= 1
    assert not dashboard["overview"]["has_drift"]
    diffs = {one["operation_type"]: one for one in dashboard["performance"]["operations"]}["diff"]
    assert diffs["operations_24h"] == 10
    assert diffs["baseline"]["sample_count"] == 10
    numbers = api.get("/api/v1/metrics").json()
    assert numbers["webhook_events_total"] >= sum(numbers["events_by_type"].values()) > 0
    assert numbers["events_by_type"]["alert.raised"] >= 1
    assert numbers["workflow_tasks_total"] == numbers["task_executions_total"] >= 1
    assert numbers["tasks_by_status"]["completed"] >= 1
    assert {"pending", "running", "failed"} <= set(numbers["tasks_by_status"])
    assert numbers["avg_processing_time_ms"] > 0
    assert {"webhooks_active", "alerts_open", "operation_p95"} <= {
        one["name"] for one in numbers["metrics"]
    }
    assert numbers["start_time"] < numbers["end_time"]
    assert "slow" in [one["message"] for one in dashboard["anomalies"]["alerts"]]
    health = until(api, lambda body: body["checks_summary"]["celery"] == "healthy")
    assert health["status"] == "healthy"


def test_a_worker_that_went_away_degrades_health(api: httpx.Client, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "INSERT INTO _pggit.workers VALUES ('gone', now() - interval '1 hour', now() - interval '2 minutes')"
        )
    health = until(api, lambda body: body["status"] == "degraded")
    assert health["checks"]["celery"]["status"] == "unhealthy"
    assert api.get("/health/ready").status_code == 200


def test_system_info_and_version(empty_api: httpx.Client) -> None:
    info = empty_api.get("/api/v1/system/info").json()
    assert info["service"] == "pggit"
    assert info["version"] == info["database"]["version"]
    assert info["database"]["tracked_schemas"] == []
    assert empty_api.get("/api/v1/system/version").json()["version"] == info["version"]


def sample(text: str, name: str) -> float:
    """The value of one sample."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.M)
    assert found is not None, f"{name} is not among:\n{text}"
    return float(found[1])


def test_metrics_group_requests_by_route(api: httpx.Client) -> None:
    for number in range(1, 4):
        assert api.get(f"/api/v1/alerts/{number}").status_code == 404
    api.get("/nowhere/at/all")
    response = api.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = response.text
    route = 'method="GET",route="/api/v1/alerts/{alert_id}"'
    assert sample(text, f'pggit_http_requests_total{{{route},status="404"}}') == 3
    assert sample(text, f'pggit_http_errors_total{{{route},status="404"}}') == 3
    assert sample(text, f"pggit_http_request_duration_seconds_count{{{route}}}") == 3
    assert "/api/v1/alerts/1" not in text
    assert "/nowhere" not in text
    assert sample(text, "database_connections_active") >= 0
    assert sample(text, "pggit_database_pool_size") >= 1
    assert sample(text, "pggit_cache_hit_ratio") >= 0
    assert sample(text, 'pggit_queue_size{queue_name="deliveries"}') == 0
    assert sample(text, 'celery_queue_size{queue_name="deliveries"}') == 0
    assert sample(text, 'pggit_deliveries_total{outcome="delivered"}') == 0
    assert sample(text, 'pggit_alerts_open{severity="CRITICAL"}') == 0


def test_metrics_answer_without_postgresql(away: httpx.Client) -> None:
    text = away.get("/metrics").text
    assert sample(text, "database_connections_active") == 0
    assert "pggit_alerts_open" not in text


def test_metrics_can_be_switched_off(database: str) -> None:
    settings = msgspec.structs.replace(settings_for(database), enable_metrics=False)
    with serve(settings) as api:
        assert_envelope(api.get("/metrics"), 404, "RESOURCE_NOT_FOUND")
