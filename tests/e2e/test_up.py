"""`pggit up`: everything from nothing, kept for the next start, and gone without a trace on Ctrl-C."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

PGGIT = [sys.executable, "-m", "pggit.cli"]
URL = re.compile(r"http://127\.0\.0\.1:\d+")


@pytest.fixture
def home() -> Iterator[Path]:
    """A data directory that a server running as another user can reach."""
    path = Path(tempfile.mkdtemp(prefix="pggit-up-"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PG") and k != "DATABASE_URL"}
    return kept | {"PGGIT_DATA": str(home), "PYTHONUNBUFFERED": "1", "LOG_LEVEL": "ERROR"}


def start(environment: dict[str, str]) -> tuple["subprocess.Popen[str]", str]:
    """The running command, and the URL that it printed."""
    process = subprocess.Popen(
        [*PGGIT, "up", "--sample", "--port", "0"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Try next" in line:
            break
    found = URL.search("".join(said))
    assert found, "".join(said)
    return process, found.group()


def stop(process: "subprocess.Popen[str]", number: int = signal.SIGINT) -> int:
    process.send_signal(number)
    process.communicate(timeout=30)
    return process.returncode


def postmasters(home: Path) -> list[str]:
    """Servers that still run on the data."""
    listed = subprocess.run(
        ["ps", "-eo", "args"], capture_output=True, text=True, check=True
    ).stdout
    return [line for line in listed.splitlines() if str(home) in line and "postgres -D" in line]


def names(base: str) -> list[Any]:
    return [item["name"] for item in httpx.get(f"{base}/api/v1/branches").json()["items"]]


def test_up_serves_the_sample_keeps_it_and_stops_cleanly(
    home: Path, environment: dict[str, str]
) -> None:
    process, base = start(environment)
    try:
        assert httpx.get(f"{base}/health").json()["status"] == "healthy"
        assert httpx.get(f"{base}/docs").status_code == 200
        assert "main" in names(base)
        assert len(names(base)) >= 3
        httpx.post(f"{base}/api/v1/branches", json={"name": "kept"})
        shell = subprocess.run(
            [*PGGIT, "branch", "--json"],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert "kept" in shell.stdout
    finally:
        code = stop(process)
    assert code == 0
    assert postmasters(home) == []

    process, base = start(environment)
    try:
        assert "kept" in names(base)
    finally:
        assert stop(process, signal.SIGTERM) == 0
    assert postmasters(home) == []


def test_listen_shows_events_as_signed_webhooks_deliver_them(environment: dict[str, str]) -> None:
    process, base = start(environment)
    listener = subprocess.Popen(
        [*PGGIT, "listen", "--events", "branch.*", "--json"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert listener.stdout is not None
        assert listener.stderr is not None
        assert "listening as webhook" in listener.stderr.readline()
        httpx.post(f"{base}/api/v1/branches", json={"name": "announced"})
        seen = [json.loads(listener.stdout.readline())]
        while seen[-1]["data"]["name"] != "announced":  # the sample's own branches come first
            seen.append(json.loads(listener.stdout.readline()))
        assert {event["type"] for event in seen} == {"branch.created"}
        assert httpx.get(f"{base}/api/v1/webhooks").json()["total"] == 1
        assert stop(listener) == 0
        assert httpx.get(f"{base}/api/v1/webhooks").json()["total"] == 0
    finally:
        listener.kill()
        listener.communicate()
        assert stop(process) == 0


def test_a_killed_one_leaves_nothing_that_blocks_the_next_start(
    home: Path, environment: dict[str, str]
) -> None:
    process, base = start(environment)
    httpx.post(f"{base}/api/v1/branches", json={"name": "kept"})
    stop(process, signal.SIGKILL)
    process, base = start(environment)
    try:
        assert "kept" in names(base)
    finally:
        assert stop(process) == 0
    assert postmasters(home) == []


def test_a_port_in_use_is_said_before_anything_starts(environment: dict[str, str]) -> None:
    process, base = start(environment)
    try:
        port = base.rsplit(":", 1)[1]
        second = subprocess.run(
            [*PGGIT, "up", "--port", port],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert second.returncode == 2
        assert f"port {port}" in second.stderr
    finally:
        assert stop(process) == 0
