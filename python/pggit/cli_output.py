"""What the shell prints: tables for people, JSON for programs, errors for both."""

import os
import re
import sys
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import update_wrapper
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pggit.session import Session

Row = Mapping[str, Any]

COLOURS = {
    "added": "green",
    "dropped": "red",
    "renamed": "cyan",
    "modified": "yellow",
    "pending": "yellow",
    "resolved": "green",
    "completed": "green",
    "pending_conflicts": "yellow",
    "aborted": "red",
    "failed": "red",
}

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


class Shell:
    """One command's surroundings: where to connect, how to print."""

    def __init__(self, dsn: str | None, as_json: bool) -> None:
        self.given_dsn = dsn
        self.as_json = as_json

    @property
    def asks(self) -> bool:
        """Whether a person is there to answer."""
        return not self.as_json and sys.stdin.isatty() and sys.stderr.isatty()

    @property
    def dsn(self) -> str:
        """--dsn, DATABASE_URL, libpq's own environment, the server of `pggit up`."""
        from pggit.dsn import normalize_dsn

        given = self.given_dsn or os.environ.get("DATABASE_URL")
        if given:
            return normalize_dsn(given)
        if any(name in os.environ for name in ("PGHOST", "PGSERVICE", "PGDATABASE", "PGPORT")):
            return ""
        from pggit.cli_up import running_server

        return running_server() or ""

    @contextmanager
    def connect(self) -> Iterator["Session"]:
        """A session; PostgreSQL's notices go to stderr."""
        from pggit.session import session

        with session(self.dsn) as opened:
            opened.on_notice(lambda text: click.secho(clean(text), err=True, dim=True))
            yield opened

    def print_json(self, value: Any) -> None:
        """JSON in two-space indentation."""
        import msgspec

        encoded = msgspec.json.encode(value, enc_hook=str)
        click.echo(msgspec.json.format(encoded, indent=2).decode())

    def print_rows(self, rows: Sequence[Row], columns: Mapping[str, str], empty: str) -> None:
        """Rows as JSON, or as a table of some columns (name: heading), or a word for none."""
        if self.as_json:
            self.print_json(rows)
        elif rows:
            click.echo("\n".join(table(rows, columns)))
        else:
            click.echo(empty)

    def print_row(self, row: Row, sentence: str) -> None:
        """A row as JSON, or what it means as a sentence."""
        if self.as_json:
            self.print_json(row)
        else:
            click.echo(sentence)


def clean(text: str) -> str:
    """Text that cannot drive the terminal: control characters are shown, not sent."""
    return "".join(
        char if char.isprintable() or char in "\n\t" else char.encode("unicode_escape").decode()
        for char in text
    )


def cell(value: Any) -> str:
    """One value in one line."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(cell(one) for one in value)
    if isinstance(value, dict):
        import msgspec

        return clean(msgspec.json.encode(value, enc_hook=str).decode())
    text = value.strftime("%Y-%m-%d %H:%M") if hasattr(value, "strftime") else str(value)
    if _TIME.match(text):
        text = text[:16].replace("T", " ")
    return clean(" ".join(text.split("\n")))


def _width(text: str) -> int:
    return sum(
        0 if unicodedata.combining(char) else 1 + (unicodedata.east_asian_width(char) in "WF")
        for char in text
    )


def table(rows: Sequence[Row], columns: Mapping[str, str]) -> list[str]:
    """Aligned lines; columns that are empty in every row are left out."""
    cells = [{name: cell(row.get(name)) for name in columns} for row in rows]
    shown = [name for name in columns if any(line[name] for line in cells)]
    widths = {
        name: max(_width(columns[name]), *(_width(line[name]) for line in cells)) for name in shown
    }

    def padded(name: str, text: str) -> str:
        return text + " " * (widths[name] - _width(text))

    head = "  ".join(padded(name, columns[name]) for name in shown).rstrip()
    lines = [click.style(head, bold=True)]
    for line in cells:
        parts = []
        for name in shown:
            text = padded(name, line[name])
            colour = COLOURS.get(line[name])
            parts.append(click.style(text, fg=colour) if colour else text)
        lines.append("  ".join(parts).rstrip())
    return lines


def show_error(error: Exception, as_json: bool) -> bool:
    """Say what PostgreSQL or the environment refused, on stderr; False: a defect of ours."""
    import psycopg

    known = isinstance(error, psycopg.Error | OSError) or type(error).__module__.startswith(
        "pggit."
    )
    if not known:
        return False
    diagnosis = error.diag if isinstance(error, psycopg.Error) else None
    said = {
        "error": (diagnosis and diagnosis.message_primary) or str(error).strip(),
        "sqlstate": error.sqlstate if isinstance(error, psycopg.Error) else None,
        "detail": (diagnosis and diagnosis.message_detail) or None,
        "hint": (diagnosis and diagnosis.message_hint) or _hint(error),
    }
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(said).decode(), err=True)
        return True
    lines = [click.style("error: ", fg="red", bold=True) + clean(str(said["error"]))]
    if said["detail"]:
        lines.append(clean(f"  {said['detail']}"))
    if said["hint"]:
        lines.append(click.style("hint: ", fg="cyan") + clean(str(said["hint"])))
    click.echo("\n".join(lines), err=True, color=False if os.environ.get("NO_COLOR") else None)
    return True


def _hint(error: Exception) -> str | None:
    import psycopg

    given = getattr(error, "hint", None)
    if isinstance(given, str) and given:
        return given
    if isinstance(error, psycopg.errors.InvalidSchemaName):
        return "pggit is not installed in this database: run `pggit db upgrade`."
    if isinstance(error, psycopg.errors.UndefinedFunction):
        return "pggit in this database may be older than this command: run `pggit db upgrade`."
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        return "Set DATABASE_URL or --dsn to a database that answers, or start one with `pggit up`."
    return None


def command(
    name: str | None = None, **attributes: Any
) -> Callable[[Callable[..., Any]], click.Command]:
    """A click command that takes --dsn and --json behind its name, too, and gets a Shell first."""

    def wrap(function: Callable[..., Any]) -> click.Command:
        @click.pass_context
        def run(ctx: click.Context, /, dsn: str | None, as_json: bool, **arguments: Any) -> Any:
            given = ctx.find_root().obj or {}
            shell = Shell(dsn or given.get("dsn"), as_json or given.get("as_json", False))
            return function(shell, **arguments)

        wrapped: Callable[..., Any] = update_wrapper(run, function)
        for option in (
            click.option("--json", "as_json", is_flag=True, help="Print JSON."),
            click.option("--dsn", help="Connection URL; default: DATABASE_URL."),
        ):
            wrapped = option(wrapped)
        # click.command is typed for a literal class only
        made: click.Command = click.command(name, cls=click.Command, **attributes)(wrapped)
        return made

    return wrap


def complete_refs(ctx: click.Context, _: click.Parameter, incomplete: str) -> list[str]:
    """Branches and tags for the shell's completion; none where no database answers at once."""
    given = ctx.find_root().params.get("dsn") or ctx.params.get("dsn")
    try:
        with Shell(given, as_json=False).connect() as db:
            refs = [*db.call_value("list_branches")["items"], *db.call_value("list_tags")]
    except Exception:  # a completion that fails must not write into the prompt
        return []
    return [clean(ref["name"]) for ref in refs if ref["name"].startswith(incomplete)]


def stop(code: int) -> None:
    """End with an exit code."""
    sys.stdout.flush()
    raise click.exceptions.Exit(code)
