"""Clients of the feeds, and what happens for them to hear of."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import psycopg
from psycopg.types.json import Jsonb
from websockets.sync.client import ClientConnection, connect

Frame = dict[str, Any]
NOISE = ("heartbeat", "system_status")


def open_socket(api: httpx.Client, stream: str = "alerts", **query: str) -> ClientConnection:
    """A WebSocket to the service."""
    base = str(api.base_url).rstrip("/").replace("http", "ws", 1)
    target = f"{base}/api/v1/ws/{stream}" + (f"?{urlencode(query)}" if query else "")
    return connect(target, compression=None, close_timeout=2, max_size=None)


def say(socket: ClientConnection, **frame: Any) -> None:
    socket.send(json.dumps(frame))


def hear(socket: ClientConnection, timeout: float = 20) -> Frame:
    """The next frame that is no noise."""
    while True:
        frame: Frame = json.loads(socket.recv(timeout))
        if frame["type"] not in NOISE:
            return frame


def here(socket: ClientConnection) -> str:
    """Where the client stands; from here on it hears everything."""
    say(socket, type="ping")
    frame = hear(socket)
    assert frame["type"] == "pong"
    return str(frame["id"])


def raise_alert(
    conn: psycopg.Connection,
    number: int,
    severity: str = "CRITICAL",
    event_type: str = "alert.raised",
) -> None:
    """The event that an alert makes."""
    data = {
        "id": number,
        "operation_type": "merge",
        "severity": severity,
        "message": f"merge took long, {number}",
        "context": {"p99_ms": 1},
    }
    conn.execute("SELECT _pggit.emit_event(%s, %s, %s)", [event_type, str(number), Jsonb(data)])


def numbers(socket: ClientConnection, count: int) -> list[int]:
    """Ids of the next alerts."""
    return [hear(socket)["data"]["id"] for _ in range(count)]


def server_sent(response: httpx.Response) -> Iterator[tuple[str, Any]]:
    """(id, data) of each server-sent event."""
    position = ""
    for line in response.iter_lines():
        if line.startswith("id: "):
            position = line[4:]
        elif line.startswith("data: "):
            yield position, json.loads(line[6:])
