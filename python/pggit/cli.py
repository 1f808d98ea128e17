"""The shell command `pggit`: a table of commands, each imported only when it is called."""

import importlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import click

DONE, DIFFERENT, FAILED = 0, 1, 2

# name: where it stands, and its help in one line (so that `pggit --help` imports none of them).
COMMANDS: dict[str, tuple[str, str]] = {
    "up": ("pggit.cli_up:up", "Start the API, and PostgreSQL if there is no DATABASE_URL."),
    "worker": ("pggit.cli_worker:worker", "Run what works beside the API: it delivers webhooks."),
    "listen": ("pggit.cli_listen:listen", "Print events as signed webhooks deliver them."),
    "init": ("pggit.cli_repository:init", "Put schemas under version control."),
    "branch": ("pggit.cli_repository:branch", "List, create or delete branches."),
    "checkout": (
        "pggit.cli_repository:checkout",
        "Build a branch's schemas and say how to connect.",
    ),
    "env": ("pggit.cli_repository:env", "Print the setting that puts psql on a branch."),
    "status": ("pggit.cli_repository:status", "Show what is not committed."),
    "commit": ("pggit.cli_repository:commit", "Record the worktree as it is."),
    "log": ("pggit.cli_repository:log", "Show the commits of a ref, newest first."),
    "diff": ("pggit.cli_repository:diff", "Show what differs between two refs."),
    "migration": ("pggit.cli_repository:migration", "Print the SQL from one ref to another."),
    "tag": ("pggit.cli_repository:tag", "List tags, or name a commit."),
    "blame": ("pggit.cli_repository:blame", "Show who last changed each attribute of an object."),
    "lint": ("pggit.cli_repository:lint", "List what pggit cannot vouch for."),
    "reset": ("pggit.cli_repository:reset", "Move a branch and its worktree to a ref."),
    "merge": ("pggit.cli_merge:merge", "Merge a branch into another."),
    "conflicts": ("pggit.cli_merge:conflicts", "List conflicts and their three versions."),
    "resolve": ("pggit.cli_merge:resolve", "Settle a conflict."),
    "complete": ("pggit.cli_merge:complete", "Complete a merge whose conflicts are settled."),
    "abort": ("pggit.cli_merge:abort", "Give a merge up."),
    "cherry-pick": ("pggit.cli_merge:cherry_pick", "Apply one commit to a branch."),
    "revert": ("pggit.cli_merge:revert", "Undo one commit on a branch."),
    "rebase": ("pggit.cli_merge:rebase", "Put a branch's commits onto another ref."),
    "compare": ("pggit.cli_database:compare", "Print the migration between two live databases."),
    "db": ("pggit.cli_database:db", "Install, upgrade and remove pggit itself."),
    "completion": ("pggit.cli_database:completion", "Print the completion script of your shell."),
}

HELP = """Git for PostgreSQL schemas.

\b
Start with a database of yours:
  export DATABASE_URL=postgresql://me@localhost/shop
  pggit db upgrade                    # installs pggit
  pggit init app                      # tracks the schema app, as branch main
\b
Branch, change, commit:
  pggit branch feature/email
  pggit checkout feature/email        # builds its schemas
  eval "$(pggit env feature/email)"   # psql and pggit are on the branch now
  psql -c 'ALTER TABLE users ALTER email TYPE varchar(320)' "$DATABASE_URL"
  pggit commit -m 'Longer addresses'
\b
Merge, and ship:
  pggit merge feature/email --into main
  pggit conflicts; pggit resolve mrg_… 1 --source; pggit complete mrg_…
  pggit migration v1 main > migration.sql

Exit codes: 0 done, 1 conflicts or differences, 2 error.
"""


class Commands(click.Group):
    """Finds a command by name and imports its module then."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every name, in the order of the work."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command."""
        if cmd_name not in COMMANDS:
            return None
        module, _, attribute = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The table of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> Any:
        """Names and help without an import."""
        from click.shell_completion import CompletionItem

        found = [
            CompletionItem(name, help=text)
            for name, (_, text) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return found or super().shell_complete(ctx, incomplete)


def show_version(ctx: click.Context, _: click.Parameter, is_asked: bool) -> None:
    """Print the version and end."""
    if is_asked and not ctx.resilient_parsing:
        from pggit import __version__

        click.echo(f"pggit, version {__version__}")
        ctx.exit()


@click.group(cls=Commands, help=HELP, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--dsn", help="Connection URL; default: DATABASE_URL, then the server of `pggit up`.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=show_version,
    help="Show the version and exit.",
)
@click.pass_context
def cli(ctx: click.Context, dsn: str | None, as_json: bool) -> None:
    """Keep what is said before the command's name, for the command."""
    ctx.obj = {"dsn": dsn, "as_json": as_json}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, and turn what goes wrong into an exit code."""
    try:
        code = cli.main(
            args=arguments,
            prog_name="pggit",
            standalone_mode=False,
            color=False if os.environ.get("NO_COLOR") else None,
        )
    except click.exceptions.Exit as stop:
        code = stop.exit_code
    except click.UsageError as error:
        error.show()
        code = FAILED
    except click.ClickException as error:
        error.show()
        code = FAILED
    except (click.Abort, KeyboardInterrupt):
        code = 130
    except BrokenPipeError:
        # The reader (head, less) went away: that is its right.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = DONE
    except Exception as error:
        from pggit.cli_output import show_error

        if not show_error(error, as_json="--json" in (arguments or sys.argv)):
            raise
        code = FAILED
    sys.exit(code if isinstance(code, int) else DONE)


if __name__ == "__main__":
    main()
