"""`pggit listen`: a receiver of webhooks on this machine, for as long as it runs."""

import hmac
import signal
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Never

import click

from pggit.cli_output import Shell, command

LARGEST = 256 * 1024
LOOPBACK = "127.0.0.0/8"


class Receiver(ThreadingHTTPServer):
    """Checks the signature of what arrives, and hands it on."""

    daemon_threads = True

    def __init__(self, shell: Shell) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.shell = shell
        self.secret = ""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    """One delivery: 204 where the signature is ours, else 401."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Take a delivery."""
        from pggit.workers.deliverer import sign

        receiver = self.server
        assert isinstance(receiver, Receiver)
        body = self.rfile.read(min(int(self.headers.get("content-length", 0)), LARGEST))
        message_id = self.headers.get("webhook-id", "")
        stamp = self.headers.get("webhook-timestamp", "")
        wanted = sign([receiver.secret], message_id, int(stamp), body) if stamp.isdigit() else ""
        given = self.headers.get("webhook-signature", "").split()
        is_ours = any(hmac.compare_digest(one, wanted) for one in given)
        if is_ours:
            show(receiver.shell, body)
        self.send_response(204 if is_ours else 401)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing of each request."""


def show(shell: Shell, body: bytes) -> None:
    """One line an event: as it came, or its time, type and data."""
    import msgspec

    event = msgspec.json.decode(body)
    line = (
        f"{event['timestamp']}  {event['type']:<20}  {msgspec.json.encode(event['data']).decode()}"
    )
    click.echo(body.decode() if shell.as_json else line)


def _interrupt(*_: object) -> Never:
    raise KeyboardInterrupt


@command()
@click.option(
    "--events", "event_types", multiple=True, help='Only these, as "merge.*"; repeatable.'
)
def listen(shell: Shell, event_types: tuple[str, ...]) -> None:
    """Print the events of the repository as signed webhooks deliver them, until Ctrl-C.

    It registers a webhook to this machine and removes it at the end. The service must allow this:
    WEBHOOK_ALLOWED_NETWORKS=127.0.0.0/8 and WEBHOOK_ALLOW_HTTP=true, as `pggit up --sample` sets them.

    \b
    pggit listen
    pggit listen --events 'merge.*' --events 'alert.*'
    """
    # SIGINT, too: who starts us in the background may have told us to ignore it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _interrupt)
    with Receiver(shell) as receiver, shell.connect() as db:
        db.allow_receivers(LOOPBACK)
        webhook = db.call_value(
            "create_webhook",
            name=f"pggit listen {receiver.server_port}",
            url=receiver.url,
            event_types=list(event_types) or ["*"],
        )
        receiver.secret = webhook["secret"]
        threading.Thread(target=receiver.serve_forever, daemon=True).start()
        click.echo(f"listening as webhook {webhook['id']} on {receiver.url}", err=True)
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            click.echo("stopped", err=True)
        finally:
            db.call_value("delete_webhook", webhook_id=webhook["id"])
            receiver.shutdown()
