"""Load of real clients on the API: webhooks made, changed and removed; alerts raised and acknowledged; the cache; all mixed.

    make load                                                          50 clients for 30 s on a service of its own
    .venv-load/bin/locust -f tests/load/locustfile.py --host URL       in the browser, on a service that runs
    .venv-load/bin/locust -f tests/load/locustfile.py --host URL --headless -u 50 -t 30s --tags alerts

Locust prints requests, failures, requests a second, and the minimum, average, maximum and percentiles of each route.
"""

import itertools
import os
from typing import Any

from locust import HttpUser, constant_throughput, tag, task

API = "/api/v1"
NUMBERS = itertools.count()


class Client(HttpUser):
    """One client with a request or so every 50 ms; what it makes it removes."""

    wait_time = constant_throughput(20)

    def json(self, method: str, path: str, *, name: str | None = None, **body: Any) -> Any:
        """The answer as JSON; None where there is none."""
        answer = self.client.request(
            method, f"{API}{path}", name=f"{method} {name or path}", json=body or None
        )
        return answer.json() if answer.ok and answer.content else None

    @tag("webhooks", "mixed")
    @task(4)
    def list_webhooks(self) -> None:
        self.json("GET", "/webhooks")

    @tag("webhooks")
    @task
    def make_change_and_remove_a_webhook(self) -> None:
        name = f"load {os.getpid()} {next(NUMBERS)}"
        made = self.client.post(
            f"{API}/webhooks",
            name="POST /webhooks",
            json={"name": name, "url": "https://hooks.example.com/load", "is_active": False},
        )
        if not made.ok:
            return
        path = f"/webhooks/{made.json()['id']}"
        self.json("GET", path, name="/webhooks/{id}")
        self.json("PUT", path, name="/webhooks/{id}", description="changed")
        self.json("DELETE", path, name="/webhooks/{id}")

    @tag("alerts", "mixed")
    @task(4)
    def list_alerts(self) -> None:
        self.json("GET", "/alerts")

    @tag("alerts")
    @task
    def raise_and_acknowledge_an_alert(self) -> None:
        raised = self.json(
            "POST",
            "/alerts",
            operation_type="load",
            severity="INFO",
            message=f"load {next(NUMBERS)}",
            dedupe_key=f"load {os.getpid()} {next(NUMBERS)}",
        )
        if raised:
            self.json("POST", "/alerts/acknowledge", alert_ids=[raised["id"]])
            self.json("POST", f"/alerts/{raised['id']}/resolve", name="/alerts/{id}/resolve")

    @tag("cache", "mixed")
    @task(2)
    def ask_the_cache(self) -> None:
        self.json("GET", "/cache/stats")

    @tag("cache")
    @task
    def invalidate(self) -> None:
        self.json("POST", "/cache/invalidate", keys=["webhooks_list"])

    @tag("mixed")
    @task(4)
    def ask_for_health(self) -> None:
        self.client.get("/health")
