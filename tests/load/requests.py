"""Time the requests of dashboards with wrk: against the same handlers of FastAPI and Litestar, and percentiles of 50 clients.

The peers are FastAPI + asyncpg + pydantic in an environment of its own, and Litestar + psycopg as its documentation has it: the
same SQL function, the same fields, the same uvicorn, and neither rights nor limits. Their health asks PostgreSQL each time, which
ours does not; their counters of a cache are a constant. A percentile may take a fifth of what the contract allows; its clients
think between two requests.

    make bench, or .venv/bin/python tests/load/requests.py --seconds 5
"""

import argparse
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import httpx
import psycopg

from pggit import migrate
from pggit.embedded import Server, find_binaries

PEER = """
import json, os
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from time import monotonic
import asyncpg
from fastapi import FastAPI
from pydantic import BaseModel

class Webhook(BaseModel):
    id: int
    name: str
    url: str
    description: str | None
    is_active: bool
    event_types: list[str]
    timeout_seconds: int
    ssl_verify: bool
    created_at: datetime
    updated_at: datetime
    last_used_at: datetime | None

class Page(BaseModel):
    items: list[Webhook]
    total: int

class Alert(BaseModel):
    id: int
    operation_type: str
    severity: str
    message: str
    status: str
    created_at: datetime
    last_raised_at: datetime
    occurrences: int

class AlertPage(BaseModel):
    items: list[Alert]
    total: int

class CacheStats(BaseModel):
    hit_rate: float
    total_requests: int
    cache_hits: int
    cache_misses: int
    evicted_entries: int
    current_size_bytes: int
    max_size_bytes: int

class Check(BaseModel):
    status: str
    timestamp: datetime
    response_time_ms: float | None = None

class Health(BaseModel):
    status: str
    service: str
    version: str
    timestamp: datetime
    uptime: float
    checks: dict[str, Check]

@asynccontextmanager
async def lifespan(app):
    async def prepare(conn):
        await conn.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")
    async with asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=10, max_size=20, init=prepare) as app.state.pool:
        yield

app = FastAPI(lifespan=lifespan)

@app.get("/api/v1/webhooks")
async def list_webhooks(limit: int = 100, offset: int = 0) -> Page:
    async with app.state.pool.acquire() as conn:
        return await conn.fetchval("SELECT pggit.list_webhooks($1, $2)", limit, offset)

@app.get("/api/v1/alerts")
async def list_alerts(status: str | None = None, severity: str | None = None, limit: int = 20, offset: int = 0) -> AlertPage:
    async with app.state.pool.acquire() as conn:
        return await conn.fetchval("SELECT pggit.list_alerts($1, $2, $3, $4)", status, severity, limit, offset)

@app.get("/api/v1/cache/stats")
async def get_stats() -> CacheStats:
    return CacheStats(hit_rate=0.5, total_requests=2, cache_hits=1, cache_misses=1, evicted_entries=0, current_size_bytes=512,
        max_size_bytes=104857600)

@app.get("/health")
async def get_health() -> Health:
    started = monotonic()
    async with app.state.pool.acquire() as conn:
        await conn.fetchval("SELECT 1")
    now = datetime.now(timezone.utc)
    took = Check(status="healthy", timestamp=now, response_time_ms=round((monotonic() - started) * 1000, 1))
    return Health(status="healthy", service="peer", version="1", timestamp=now, uptime=started,
        checks={"database": took, "cache": Check(status="not_configured", timestamp=now)})
"""
# Litestar and psycopg as their documentation has them, around the same SQL function.
LITESTAR = """
import os
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from time import monotonic
from typing import Any
import msgspec
from litestar import Litestar, get
from litestar.datastructures import State
from psycopg_pool import AsyncConnectionPool

@asynccontextmanager
async def lifespan(app):
    pool = AsyncConnectionPool(os.environ["DATABASE_URL"], min_size=10, max_size=20, open=False, kwargs={"autocommit": True})
    async with pool:
        app.state.pool = pool
        yield

@get("/api/v1/webhooks")
async def list_webhooks(state: State, limit: int = 100, offset: int = 0) -> dict[str, Any]:
    async with state.pool.connection() as conn:
        cursor = await conn.execute("SELECT pggit.list_webhooks(%s, %s)", [limit, offset])
        return (await cursor.fetchone())[0]

@get("/api/v1/alerts")
async def list_alerts(state: State, status: str | None = None, severity: str | None = None, limit: int = 20,
        offset: int = 0) -> dict[str, Any]:
    async with state.pool.connection() as conn:
        cursor = await conn.execute("SELECT pggit.list_alerts(%s, %s, %s, %s)", [status, severity, limit, offset])
        return (await cursor.fetchone())[0]

class CacheStats(msgspec.Struct):
    hit_rate: float
    total_requests: int
    cache_hits: int
    cache_misses: int
    evicted_entries: int
    current_size_bytes: int
    max_size_bytes: int

@get("/api/v1/cache/stats")
async def get_stats() -> CacheStats:
    return CacheStats(0.5, 2, 1, 1, 0, 512, 104857600)

class Check(msgspec.Struct):
    status: str
    timestamp: datetime
    response_time_ms: float | None = None

class Health(msgspec.Struct):
    status: str
    service: str
    version: str
    timestamp: datetime
    uptime: float
    checks: dict[str, Check]

@get("/health")
async def get_health(state: State) -> Health:
    started = monotonic()
    async with state.pool.connection() as conn:
        await conn.execute("SELECT 1")
    now = datetime.now(timezone.utc)
    took = Check("healthy", now, round((monotonic() - started) * 1000, 1))
    return Health("healthy", "peer", "1", now, started, {"database": took, "cache": Check("not_configured", now)})

app = Litestar([list_webhooks, list_alerts, get_stats, get_health], lifespan=[lifespan])
"""
# The service with nothing kept, and no two requests answered by one reading.
UNCACHED = """
import msgspec
from pggit.app import create_app

def create():
    app = create_app()
    async def read(key, arguments, fill, *, ttl=None):
        return msgspec.json.encode((await fill())[0]), False
    app.state.live.cache.read = read
    return app
"""
# What this machine can do at all: an application that does nothing.
BARE = """
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"{}"})
"""
REPORT = """
function done(summary, latency, requests)
    io.write(string.format('{"rate": %f, "p50": %f, "p95": %f, "p99": %f, "errors": %d}\\n',
        summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(95) / 1000,
        latency:percentile(99) / 1000,
        summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.timeout))
end
"""
# A client that thinks between two requests, a tenth of a second on average.
THINKING = "function delay() return math.random(50, 150) end\n"
# A fifth of the contract's milliseconds, at the 50th, 95th and 99th percentile.
LIMITS = {
    "health_check": ("/health", (2.0, 5.0, 10.0)),
    "webhooks_list": ("/api/v1/webhooks", (10.0, 30.0, 60.0)),
    "alerts_list": ("/api/v1/alerts", (15.0, 40.0, 80.0)),
    "cache_stats": ("/api/v1/cache/stats", (6.0, 15.0, 30.0)),
}
# What is kept, and at least how many times the requests of which peer are wanted.
LISTS = ("webhooks_list", "alerts_list")
WANTED = (("uncached", "FastAPI", 1.2), ("uncached", "Litestar", 0.8), ("kept", "FastAPI", 3.0))
PEERS = ("fastapi==0.165.0", "asyncpg==0.32.0", "pydantic==2.14.4")
KEPT = ["--factory", "pggit.app:create_app"]


def peer_python(folder: Path) -> Path:
    """An environment with the peer, made once a run."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "peer")], check=True)
    python = folder / "peer" / "bin" / "python"
    wanted = [*PEERS, f"uvicorn=={version('uvicorn')}"]
    subprocess.run([str(python), "-m", "pip", "install", "-q", *wanted], check=True)
    (folder / "peer_app.py").write_text(PEER)
    (folder / "bare_app.py").write_text(BARE)
    (folder / "litestar_app.py").write_text(LITESTAR)
    (folder / "uncached_app.py").write_text(UNCACHED)
    return python


@contextlib.contextmanager
def serving(python: Path, target: list[str], folder: Path, url: str) -> Iterator[str]:
    """Base URL of an application under uvicorn."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = dict(
        os.environ,
        DATABASE_URL=url,
        RATE_LIMIT_ENABLED="false",
        LOG_LEVEL="ERROR",
        AUTH_MODE="none",
    )
    command = [
        str(python),
        "-m",
        "uvicorn",
        *target,
        "--port",
        str(port),
        "--no-access-log",
        "--log-level",
        "error",
    ]
    with subprocess.Popen(command, cwd=folder, env=environment) as process:
        try:
            base = f"http://127.0.0.1:{port}"
            for _ in range(300):
                with contextlib.suppress(httpx.HTTPError):
                    httpx.get(f"{base}/api/v1/webhooks", timeout=2)
                    break
                time.sleep(0.1)
            yield base
        finally:
            process.terminate()


def load(folder: Path, url: str, seconds: int, script: str, clients: int = 50) -> dict[str, float]:
    """What wrk measured."""
    path = folder / "script.lua"
    path.write_text(script)
    command = ["wrk", "-t1", f"-c{clients}", f"-d{seconds}s", "-s", str(path), url]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def fill(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        migrate.upgrade(conn)
        for number in range(20):
            conn.execute(
                "SELECT pggit.create_webhook(p_name => %s, p_url => 'https://hooks.example.org/x')",
                [f"hook {number}"],
            )
            conn.execute("SELECT pggit.raise_alert('merge', 'WARNING', %s)", [f"slow {number}"])


def compare(folder: Path, python: Path, url: str, options: argparse.Namespace) -> bool:
    """Print the best rate of each handler against its peers; whether all were reached."""
    here = Path(sys.executable)
    programs = (
        ("FastAPI", python, ["peer_app:app"]),
        ("Litestar", here, ["litestar_app:app"]),
        ("uncached", here, ["--factory", "uncached_app:create"]),
        ("kept", here, KEPT),
    )
    best: dict[tuple[str, str], float] = {}
    for _ in range(options.rounds):
        for kind, program, target in programs:
            with serving(program, target, folder, url) as base:
                for name, (path, _) in LIMITS.items():
                    if name in options.handlers and (kind != "kept" or name in LISTS):
                        rate = load(folder, base + path, options.seconds, REPORT)["rate"]
                        best[name, kind] = max(best.get((name, kind), 0), rate)
    is_good = True
    for name in LIMITS:
        for kind, peer, least in WANTED:
            if (name, kind) in best:
                ours, theirs = best[name, kind], best[name, peer]
                is_good &= ours / theirs >= least
                print(
                    f"{name:<14} 50 clients, {kind:<8} {ours:6.0f}/s: {ours / theirs:5.2f} of {peer} "
                    f"({theirs:.0f}/s), at least {least}{'' if ours / theirs >= least else '   MISSED'}"
                )
    return is_good


def time_percentiles(folder: Path, url: str, seconds: int) -> bool:
    """Print the percentiles of clients that think, and of an application that does nothing; whether all are low enough."""
    bare = ["bare_app:app", "--lifespan", "off"]
    with serving(Path(sys.executable), bare, folder, url) as base:
        got = load(folder, base, seconds, THINKING + REPORT)
        print(
            f"{'nothing at all':<14} P50, P95, P99 in ms: "
            f"{got['p50']:6.1f}          {got['p95']:6.1f}          {got['p99']:6.1f}"
        )
    is_good = True
    with serving(Path(sys.executable), KEPT, folder, url) as base:
        for name, (path, limits) in LIMITS.items():
            got = load(folder, base + path, seconds, THINKING + REPORT)
            pairs = list(zip([got["p50"], got["p95"], got["p99"]], limits, strict=True))
            is_met = all(value <= most for value, most in pairs) and not got["errors"]
            is_good &= is_met
            shown = "  ".join(f"{value:6.1f} of {most:4.1f}" for value, most in pairs)
            print(
                f"{name:<14} P50, P95, P99 in ms: {shown}   {got['rate']:6.0f}/s {'' if is_met else 'MISSED'}"
            )
    return is_good


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("handlers", nargs="*", default=list(LIMITS), help=", ".join(LIMITS))
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("requests: wrk is not here (Debian: apt-get install wrk)", file=sys.stderr)
        return 2
    folder = Path(tempfile.mkdtemp(prefix="pggit-bench-"))
    data = Path(tempfile.mkdtemp(prefix="pggit-bench-"))
    try:
        with Server(data, find_binaries(), trust=True) as server:
            fill(server.url())
            python = peer_python(folder)
            is_ahead = compare(folder, python, server.url(), options)
            is_quick = time_percentiles(folder, server.url(), options.seconds)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
    return 0 if is_ahead and is_quick else 1


if __name__ == "__main__":
    sys.exit(main())
