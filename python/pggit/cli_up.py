"""`pggit up`: PostgreSQL, pggit in it, a sample, and the API over it, until Ctrl-C."""

import contextlib
import os
import shlex
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Never

import click

from pggit.cli_output import Shell, command

SAMPLE = Path(__file__).with_name("sample.sql")


def running_server() -> str | None:
    """URL of the server that `pggit up` keeps, if it runs."""
    from pggit.embedded import EmbeddedError, Server, data_home, find_binaries

    with contextlib.suppress(EmbeddedError, OSError, ValueError):
        home = data_home()
        for ready in sorted(home.glob("pg*.port"), reverse=True):
            port = int(ready.read_text(encoding="ascii"))
            server = Server(home, find_binaries(int(ready.stem[2:])), port=port)
            with socket.create_connection(("127.0.0.1", port), timeout=0.5):
                return server.url()
    return None


@contextlib.contextmanager
def database(dsn: str | None) -> Iterator[str]:
    """The database to serve: the one that is named, else one of our own, which ends with us."""
    if dsn is not None:
        yield dsn
        return
    from pggit.embedded import Server, data_home, find_binaries

    with Server(data_home(), find_binaries()) as server:
        yield server.url()


def prepare(dsn: str, sample: bool) -> None:
    """Install or upgrade pggit; load the sample where nothing is tracked yet."""
    import psycopg

    from pggit.migrate import upgrade
    from pggit.session import session

    with psycopg.connect(dsn, autocommit=True) as connection:
        try:
            upgrade(connection)
        except psycopg.errors.InsufficientPrivilege:
            _check_installed(dsn)
            return
    if sample:
        with session(dsn) as db:
            db.run_once(SAMPLE.read_text(encoding="utf-8"))


def _check_installed(dsn: str) -> None:
    """A login that may only act for others upgrades nothing: somebody else must have done so."""
    import psycopg

    from pggit.logins import url_as
    from pggit.migrate import available, current
    from pggit.principal import Role

    with psycopg.connect(url_as(dsn, Role.READER), autocommit=True) as connection:
        version = current(connection)
    if version != available()[-1]:
        raise click.ClickException(
            f"the database has pggit {version}, not {available()[-1]}, and this login may not upgrade it: "
            "let its owner run pggit db upgrade"
        )


def free_socket(host: str, port: int) -> socket.socket:
    """The listening socket, bound before anything is started."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio turns Nagle's delay off (40 ms an answer) only where the protocol is named.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise click.ClickException(
            f"port {port} of {host} cannot be used ({error.strerror}): stop what holds it, or say --port"
        ) from None
    return listener


def banner(host: str, port: int, dsn: str, embedded: bool) -> str:
    """What there is, and what to try."""
    shown = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104  compared, not bound
    base = f"http://{shown}:{port}"
    path = sys.argv[0]
    is_on_path = "/" not in path or path.endswith(".py") or which("pggit") == path
    program = "pggit" if is_on_path else shlex.quote(os.path.relpath(path))
    if not embedded:
        program = f"DATABASE_URL={shlex.quote(dsn)} {program}"
    lines = [
        "",
        click.style("pggit is up", bold=True) + "  (Ctrl-C stops it)",
        f"  API        {base}/api/v1/branches",
        f"  Reference  {base}/docs and {base}/redoc",
        f"  Health     {base}/health",
        f"  Database   {dsn}",
        "",
        "Try next, in another terminal:",
        f"  {program} branch",
        f"  {program} merge feature/long-email --into main",
        f"  {program} conflicts",
        f"What happens, as signed webhooks deliver it:  {program} listen",
        f"What asks for attention:                       curl {base}/api/v1/alerts",
        "",
    ]
    return "\n".join(lines)


def _interrupt(*_: object) -> Never:
    raise KeyboardInterrupt


@command()
@click.option(
    "--host", default="127.0.0.1", envvar="HOST", show_default=True, help="Where to listen."
)
@click.option("--port", default=8000, envvar="PORT", show_default=True, help="Where to listen.")
@click.option("--sample", is_flag=True, help="Load a sample with two branches in conflict, once.")
@click.option(
    "--workers/--no-workers", default=True, help="Whether to run what `pggit worker` runs, too."
)
def up(shell: Shell, host: str, port: int, sample: bool, workers: bool) -> None:
    """Start the API on port 8000, and PostgreSQL under it unless DATABASE_URL names one.

    What the embedded server holds is kept for the next start. Ctrl-C stops both. With --sample, webhooks may be sent
    to this machine, so that `pggit listen` shows them.

    \b
    pggit up --sample
    DATABASE_URL=postgresql://me@localhost/shop pggit up --port 8080
    """
    import msgspec
    import uvicorn

    from pggit.app import create_app
    from pggit.dsn import normalize_dsn
    from pggit.logins import with_logins
    from pggit.peers import SOCKETS
    from pggit.settings import load_settings
    from pggit.telemetry import configure_logging
    from pggit.workers.main import beside

    # A SIGTERM or a closed terminal ends as Ctrl-C does: the API first, PostgreSQL after it.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    given = shell.given_dsn or os.environ.get("DATABASE_URL")
    settings = load_settings()
    configure_logging(settings.log_level)
    listener = free_socket(host, port)
    with contextlib.closing(listener), database(given and normalize_dsn(given)) as dsn:
        prepare(dsn, sample)
        served = msgspec.structs.replace(
            settings,
            database_url=dsn,
            webhook_allowed_networks=settings.webhook_allowed_networks
            or (["127.0.0.0/8"] if sample else []),
            webhook_allow_http=settings.webhook_allow_http or sample,
        )
        served = with_logins(served)
        app = create_app(served)
        text = banner(host, listener.getsockname()[1], dsn, embedded=not given)

        class Server(uvicorn.Server):
            async def startup(self, sockets: list[socket.socket] | None = None) -> None:
                await super().startup(sockets=sockets)
                click.echo(text)

            async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
                # Streams would otherwise be waited for.
                app.state.live.feed.stop()
                await super().shutdown(sockets=sockets)

        config = uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            timeout_graceful_shutdown=5,
            lifespan="on",
            **SOCKETS,
            # TRUSTED_PROXIES says whom to believe, and whom not.
            proxy_headers=False,
        )
        server = Server(config)
        beside_it = beside(served) if workers else contextlib.nullcontext()
        with beside_it, contextlib.suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
        click.echo("stopped" if server.started else "the API did not start", err=True)
