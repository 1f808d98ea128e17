"""Time the requests of dashboards with wrk: kept answers against the same handler on FastAPI, percentiles of 50 clients.

The peer is FastAPI + asyncpg + pydantic in an environment of its own: the same SQL function, the same fields, the same
uvicorn. A percentile may take a fifth of what the contract allows; its clients think between two requests.

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
from datetime import datetime
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
"""
# Litestar and psycopg as their documentation has them, around the same SQL function.
LITESTAR = """
import os
from contextlib import asynccontextmanager
from typing import Any
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

app = Litestar([list_webhooks], lifespan=[lifespan])
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


def peer_python(folder: Path) -> Path:
    """An environment with the peer, made once a run."""
    subprocess.run([sys.executable, "-m", "venv", str(folder / "peer")], check=True)
    python = folder / "peer" / "bin" / "python"
    wanted = ["fastapi", "asyncpg", "pydantic", f"uvicorn=={version('uvicorn')}"]
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


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    if shutil.which("wrk") is None:
        print("requests: wrk is not here (Debian: apt-get install wrk)", file=sys.stderr)
        return 2
    failed = False
    folder = Path(tempfile.mkdtemp(prefix="pggit-bench-"))
    data = Path(tempfile.mkdtemp(prefix="pggit-bench-"))
    try:
        with Server(data, find_binaries(), trust=True) as server:
            fill(server.url())
            python = peer_python(folder)
            kept = ["--factory", "pggit.app:create_app"]
            best: dict[str, float] = {}
            for _ in range(options.rounds):
                for name, program, target in (
                    ("FastAPI", python, ["peer_app:app"]),
                    ("Litestar", Path(sys.executable), ["litestar_app:app"]),
                    ("uncached", Path(sys.executable), ["--factory", "uncached_app:create"]),
                    ("kept", Path(sys.executable), kept),
                ):
                    with serving(program, target, folder, server.url()) as base:
                        rate = load(folder, f"{base}/api/v1/webhooks", options.seconds, REPORT)[
                            "rate"
                        ]
                        best[name] = max(best.get(name, 0), rate)
            for name, peer, least in (
                ("uncached", "FastAPI", 1.2),
                ("uncached", "Litestar", 0.8),
                ("kept", "FastAPI", 3.0),
            ):
                ratio = best[name] / best[peer]
                failed |= ratio < least
                print(
                    f"webhooks_list, 50 clients, {name:<8} {best[name]:6.0f}/s: {ratio:5.2f} of {peer} "
                    f"({best[peer]:.0f}/s), at least {least}{'' if ratio >= least else '   MISSED'}"
                )
            bare = ["bare_app:app", "--lifespan", "off"]
            with serving(Path(sys.executable), bare, folder, server.url()) as base:
                got = load(folder, base, options.seconds, THINKING + REPORT)
                print(
                    f"{'nothing at all':<14} P50, P95, P99 in ms: "
                    f"{got['p50']:6.1f}          {got['p95']:6.1f}          {got['p99']:6.1f}"
                )
            with serving(Path(sys.executable), kept, folder, server.url()) as base:
                for name, (path, limits) in LIMITS.items():
                    got = load(folder, base + path, options.seconds, THINKING + REPORT)
                    values = [got["p50"], got["p95"], got["p99"]]
                    is_good = (
                        all(v <= most for v, most in zip(values, limits, strict=True))
                        and not got["errors"]
                    )
                    failed |= not is_good
                    shown = "  ".join(
                        f"{v:6.1f} of {most:4.1f}" for v, most in zip(values, limits, strict=True)
                    )
                    print(
                        f"{name:<14} P50, P95, P99 in ms: {shown}   {got['rate']:6.0f}/s {'' if is_good else 'MISSED'}"
                    )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(data, ignore_errors=True)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
