"""`pggit worker`: what runs beside the API, in a process of its own."""

import os

import click

from pggit.cli_output import Shell, command


@command()
def worker(shell: Shell) -> None:
    """Run the workers until Ctrl-C: the ticker, and the deliverer of webhooks.

    Run as many as you like on one database; `pggit up` runs them by itself.

    \b
    DATABASE_URL=postgresql://me@localhost/shop pggit worker
    """
    import msgspec

    from pggit.dsn import normalize_dsn
    from pggit.settings import load_settings
    from pggit.telemetry import configure_logging
    from pggit.workers.main import serve

    settings = load_settings()
    configure_logging(settings.log_level)
    given = shell.given_dsn or os.environ.get("DATABASE_URL") or shell.dsn
    serve(msgspec.structs.replace(settings, database_url=normalize_dsn(given)))
    click.echo("stopped", err=True)
