"""pggit itself (install, upgrade, remove), the comparison of two databases, and shell completion."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

from pggit.cli import DIFFERENT
from pggit.cli_output import Shell, command, stop

RENAME = re.compile(r'((?:"(?:[^"]|"")*"|[^"=])+)=(.+)')


@contextmanager
def connection(shell: Shell) -> Iterator[Any]:
    """A plain connection in autocommit: installing comes before there is any function to call."""
    import psycopg

    with psycopg.connect(shell.dsn, autocommit=True, fallback_application_name="pggit") as opened:
        yield opened


@click.group(short_help="Install, upgrade and remove pggit itself.")
def db() -> None:
    """Install, upgrade and remove pggit itself. Your own schemas stay as they are.

    \b
    pggit db upgrade --dsn postgresql://owner@db.example/shop
    pggit db current
    pggit db history
    pggit db downgrade base
    """


def add(wrapped: click.Command) -> click.Command:
    """Put a command into the group."""
    db.add_command(wrapped)
    return wrapped


@add
@command()
@click.argument("target", default="head")
def upgrade(shell: Shell, target: str) -> None:
    """Install pggit, or bring it to version TARGET (default: head, the newest).

    Any number of clients may do so at once. Needs the rights of a database owner, no superuser.
    """
    from pggit import migrate

    with connection(shell) as opened:
        passed = migrate.upgrade(opened, target)
        version = migrate.current(opened)
    shell.print_row(
        {"version": version, "passed": passed},
        f"pggit {version} is installed" if passed else f"pggit {version} was installed already",
    )


@add
@command(context_settings={"ignore_unknown_options": True})
@click.argument("target", default="-1")
def downgrade(shell: Shell, target: str) -> None:
    """Go back to version TARGET: -1 for the one before, base to remove pggit and its worktrees.

    The tracked schemas and their data stay; the history goes.
    """
    from pggit import migrate

    with connection(shell) as opened:
        passed = migrate.downgrade(opened, target)
        version = migrate.current(opened)
    shell.print_row(
        {"version": version, "passed": passed},
        f"pggit {version} is installed" if version else "pggit is not installed",
    )


@add
@command()
def current(shell: Shell) -> None:
    """Print the installed version. Exit code 1 if there is none."""
    from pggit import migrate

    with connection(shell) as opened:
        version = migrate.current(opened)
    shell.print_row({"version": version}, version or "pggit is not installed")
    stop(0 if version else DIFFERENT)


@add
@command()
def history(shell: Shell) -> None:
    """List the versions that this database has had, newest first."""
    from dataclasses import asdict

    from pggit import migrate

    with connection(shell) as opened:
        rows = [asdict(row) for row in migrate.history(opened)]
    columns = {"version": "VERSION", "installed_at": "INSTALLED", "installed_by": "BY"}
    shell.print_rows(rows, columns, "pggit is not installed")


@command()
@click.argument("from_url")
@click.argument("to_url")
@click.option("--schema", "schemas", multiple=True, help="Only this schema; may be repeated.")
@click.option(
    "--rename",
    "renames",
    metavar="OLD=NEW",
    multiple=True,
    help="What FROM calls OLD is what TO calls NEW; may be repeated.",
)
@click.option(
    "--online", is_flag=True, help="For a database under load: nothing long behind a lock."
)
@click.option("--no-owner", is_flag=True, help="Leave owners as they are.")
@click.option("--no-privileges", is_flag=True, help="Leave grants as they are.")
def compare(
    shell: Shell,
    from_url: str,
    to_url: str,
    schemas: tuple[str, ...],
    renames: tuple[str, ...],
    online: bool,
    no_owner: bool,
    no_privileges: bool,
) -> None:
    """Print the migration from one live database to another, for psql.

    Neither needs pggit, and nothing is left behind in either. Exit code 1 if they differ. Nobody can know of two foreign
    databases what was renamed: say it, or answer when you are asked on a terminal. A role that FROM's server does not have is
    named at the head: make it before, or leave it out with --no-owner and --no-privileges, as with pg_dump.

    \b
    pggit compare postgresql://localhost/prod postgresql://localhost/dev
    pggit compare "$PROD" "$DEV" --rename app.users=app.people --rename app.users.mail=app.people.email
    pggit compare "$PROD" "$DEV" --schema app --schema billing --json
    pggit compare "$PROD" "$DEV" --online > migration.sql
    """
    from pggit.compare import Options, Rename, Step
    from pggit.compare import compare as plan_between
    from pggit.dsn import normalize_dsn

    urls = normalize_dsn(from_url), normalize_dsn(to_url)
    told = [Rename(*parse_rename(one)) for one in renames]
    options = Options(online, no_owner, no_privileges)
    plan = plan_between(*urls, schemas, renames=told, options=options)
    if plan.likely_renames and shell.asks:
        confirmed = [
            one
            for one in plan.likely_renames
            if click.confirm(f"Was {one.old_path} renamed to {one.new_path}?", err=True)
        ]
        if confirmed:
            plan = plan_between(*urls, schemas, renames=[*told, *confirmed], options=options)
    if shell.as_json:
        names = Step._fields if online else Step._fields[:-2]
        shell.print_json([dict(zip(names, one, strict=False)) for one in plan.steps])
    else:
        for one in plan.likely_renames:
            click.echo(f"-- perhaps a rename: --rename {one.old_path}={one.new_path}")
        for role in plan.missing_roles:
            named = f"missing role: {role!r} must be there first; or use --no-owner --no-privileges"
            click.echo(f"-- {named}")
        click.echo(plan.script, nl=False)
    stop(DIFFERENT if plan.steps else 0)


def parse_rename(text: str) -> tuple[str, str]:
    """OLD=NEW; an equals sign inside of quotes belongs to a name."""
    found = RENAME.fullmatch(text)
    if found is None:
        raise click.BadParameter(
            f"{text!r} is not OLD=NEW, such as app.users.mail=app.users.email",
            param_hint="--rename",
        )
    return found[1], found[2]


@command()
@click.argument("shell_name", metavar="SHELL", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: Shell, shell_name: str) -> None:
    """Print the completion script of your shell.

    \b
    eval "$(pggit completion bash)"                       # in ~/.bashrc
    eval "$(pggit completion zsh)"                        # in ~/.zshrc
    pggit completion fish > ~/.config/fish/completions/pggit.fish
    """
    from click.shell_completion import get_completion_class

    from pggit.cli import cli

    found = get_completion_class(shell_name)
    if found is not None:
        click.echo(found(cli, {}, "pggit", "_PGGIT_COMPLETE").source())
