"""Branches, commits, differences and migrations from the shell."""

import click

from pggit.cli import DIFFERENT
from pggit.cli_output import Shell, clean, command, complete_refs, stop

CHANGES = {
    "action": "CHANGE",
    "kind": "KIND",
    "schema_name": "SCHEMA",
    "table_name": "TABLE",
    "name": "NAME",
    "old_name": "WAS",
    "attributes": "DIFFERS IN",
}
COMMITS = {
    "commit_id": "COMMIT",
    "hash": "HASH",
    "created_at": "TIME",
    "author": "AUTHOR",
    "message": "MESSAGE",
}
BRANCHES = {
    "current": "",
    "name": "BRANCH",
    "branch_id": "ID",
    "head_commit_id": "HEAD",
    "worktree_state": "WORKTREE",
    "created_at": "CREATED",
    "description": "DESCRIPTION",
}

on_branch = click.option(
    "-b",
    "--branch",
    help="The branch; default: the session's, else main.",
    shell_complete=complete_refs,
)


@command(short_help="Put schemas under version control.")
@click.argument("schemas", nargs=-1, required=True, metavar="SCHEMA...")
def init(shell: Shell, schemas: tuple[str, ...]) -> None:
    """Track SCHEMAs. What they hold now becomes the first commit of branch main.

    \b
    pggit init app
    pggit init app billing
    """
    with shell.connect() as db:
        row = db.call_one("init", schemas=list(schemas))
    shell.print_row(row, f"tracking {', '.join(clean(s) for s in schemas)} on branch main")


@command()
@click.argument("name", required=False, shell_complete=complete_refs)
@click.option(
    "--from", "from_ref", metavar="REF", help="Where it starts; default: the current branch."
)
@click.option("-m", "--description", help="What it is for.")
@click.option("-d", "--delete", is_flag=True, help="Delete it, and its worktree.")
@click.option("--force", is_flag=True, help="Delete even work that is on no other branch.")
def branch(
    shell: Shell,
    name: str | None,
    from_ref: str | None,
    description: str | None,
    delete: bool,
    force: bool,
) -> None:
    """List the branches, or create or delete one.

    \b
    pggit branch
    pggit branch feature/email
    pggit branch hotfix --from v1.0
    pggit branch -d feature/email
    """
    with shell.connect() as db:
        if name is None:
            current = db.call_value("current_branch")
            rows = db.call_value("list_branches", limit=None, offset=0)["items"]
            for row in rows:
                row["current"] = "*" if row["name"] == current else ""
            shell.print_rows(rows, BRANCHES, "no branches")
        elif delete:
            db.call_procedure("remove_branch", name=name, force=force)
            shell.print_row({"name": name, "deleted": True}, f"deleted branch {clean(name)}")
        else:
            row = db.call_value(
                "add_branch",
                name=name,
                branch_name=None,
                description=description,
                from_ref=from_ref,
            )
            shell.print_row(
                row,
                f"branch {clean(row['name'])} at commit {row['head_commit_id']}; "
                f"next: pggit checkout {clean(row['name'])}",
            )


@command()
@click.argument("ref", shell_complete=complete_refs)
def checkout(shell: Shell, ref: str) -> None:
    """Build the schemas of branch REF, and say how a session gets there.

    A shell command cannot change the session of your psql: take what it prints.

    \b
    pggit checkout feature/email
    eval "$(pggit env feature/email)"
    """
    with shell.connect() as db:
        db.call_procedure("build_worktree", branch=ref)
        row = db.call_value("find_worktree", branch=ref)
    schemas = ", ".join(f"{clean(k)} is {clean(v)}" for k, v in row["schemas"].items())
    lines = [
        f"branch {clean(ref)} is ready: {schemas}",
        f"in a session:  SELECT pggit.checkout({quoted(ref)});",
        f"in this shell: {export(row['connection_options'])}",
    ]
    shell.print_row(row, "\n".join(lines))


@command()
@click.argument("ref", metavar="BRANCH", shell_complete=complete_refs)
def env(shell: Shell, ref: str) -> None:
    """Print the setting that puts every session started from this shell on BRANCH.

    \b
    eval "$(pggit env feature/email)"
    psql "$DATABASE_URL"
    eval "$(pggit env main)"
    """
    with shell.connect() as db:
        row = db.call_value("find_worktree", branch=ref)
    shell.print_row(row, export(row["connection_options"]))


def quoted(text: str) -> str:
    """An SQL literal, for the person who reads it."""
    return "'" + clean(text).replace("'", "''") + "'"


def export(options: str) -> str:
    """A line for eval."""
    import shlex

    return f"export PGOPTIONS={shlex.quote(options)}"


@command()
@on_branch
def status(shell: Shell, branch: str | None) -> None:
    """Show what the worktree holds beyond the last commit. Exit code 1 if there is something."""
    with shell.connect() as db:
        name = branch or db.call_value("current_branch")
        rows = db.call_list("status", branch=name)
    if not shell.as_json:
        click.echo(f"on branch {clean(name)}" if name else "on no branch (detached)")
    shell.print_rows(rows, CHANGES, "nothing to commit")
    stop(DIFFERENT if rows else 0)


@command()
@click.option("-m", "--message", required=True, help="What changed, and why.")
@click.option("--allow-empty", is_flag=True, help="Commit even if nothing changed.")
@on_branch
def commit(shell: Shell, message: str, allow_empty: bool, branch: str | None) -> None:
    """Record the worktree as it is now.

    \b
    pggit commit -m 'Longer addresses' -b feature/email
    """
    with shell.connect() as db:
        row = db.call_one("commit", message=message, branch=branch, allow_empty=allow_empty)
    shell.print_row(row, f"commit {row['commit_id']} ({row['hash'][:12]}) {clean(row['message'])}")


@command()
@click.argument("ref", required=False, shell_complete=complete_refs)
@click.option("-n", "--limit", default=50, show_default=True, help="How many.")
def log(shell: Shell, ref: str | None, limit: int) -> None:
    """Show the commits of REF, newest first.

    \b
    pggit log
    pggit log feature/email -n 5
    """
    with shell.connect() as db:
        rows = db.call_list("log", ref=ref, limit=limit)
    if shell.as_json:
        shell.print_json(rows)
        return
    short = [row | {"hash": row["hash"][:12], "created_at": row["committed_at"]} for row in rows]
    shell.print_rows(short, COMMITS, "no commits")


@command()
@click.argument("from_ref", metavar="FROM", shell_complete=complete_refs)
@click.argument("to_ref", metavar="[TO]", required=False, shell_complete=complete_refs)
def diff(shell: Shell, from_ref: str, to_ref: str | None) -> None:
    """Show what differs from FROM to TO (default: the worktree). Exit code 1 if something does.

    \b
    pggit diff main feature/email
    pggit diff main~3 main --json
    """
    with shell.connect() as db:
        rows = db.call_value("get_diff", from_ref=from_ref, to_ref=to_ref)["items"]
    shell.print_rows(rows, CHANGES, "no difference")
    stop(DIFFERENT if rows else 0)


@command()
@click.argument("from_ref", metavar="FROM", shell_complete=complete_refs)
@click.argument("to_ref", metavar="TO", shell_complete=complete_refs)
@click.option(
    "--online", is_flag=True, help="For a database under load: nothing long behind a lock."
)
def migration(shell: Shell, from_ref: str, to_ref: str, online: bool) -> None:
    """Print the SQL that leads from FROM to TO, ready for psql. Swapped, it leads back.

    With --online indexes are built concurrently, constraints are added first and validated afterwards, every step
    waits a short while for its lock and tries again, and the script can be run once more after an error.

    \b
    pggit migration v1 main > up.sql
    pggit migration v1 main --online | psql "$PRODUCTION"
    pggit migration main v1 > down.sql
    pggit migration v1 main --json | jq '.items[].hazards'
    """
    with shell.connect() as db:
        if shell.as_json:
            shell.print_json(
                db.call_value("get_migration", from_ref=from_ref, to_ref=to_ref, online=online)
            )
        else:
            click.echo(
                db.call_value("migration_script", from_ref=from_ref, to_ref=to_ref, online=online),
                nl=False,
            )


@command()
@click.argument("name", required=False, shell_complete=complete_refs)
@click.argument("ref", required=False, shell_complete=complete_refs)
def tag(shell: Shell, name: str | None, ref: str | None) -> None:
    """List the tags, or name a commit.

    \b
    pggit tag
    pggit tag v1.0 main
    """
    with shell.connect() as db:
        if name is None:
            rows = db.call_value("list_tags")
            columns = {
                "name": "TAG",
                "commit_id": "COMMIT",
                "hash": "HASH",
                "created_at": "CREATED",
            }
            shell.print_rows(rows, columns, "no tags")
        else:
            row = db.call_one("create_tag", name=name, ref=ref)
            shell.print_row(row, f"tag {clean(row['name'])} at commit {row['commit_id']}")


@command()
@click.argument("name", metavar="OBJECT")
@click.argument("ref", required=False, shell_complete=complete_refs)
def blame(shell: Shell, name: str, ref: str | None) -> None:
    """Show which commit last changed each attribute of OBJECT (schema.table, schema.table.column).

    \b
    pggit blame app.users.email
    """
    with shell.connect() as db:
        rows = db.call_list("blame", object=name, ref=ref)
    shell.print_rows(rows, headings(rows), "no such object")


@command()
@on_branch
def lint(shell: Shell, branch: str | None) -> None:
    """List what pggit cannot vouch for. Exit code 1 if there is something."""
    with shell.connect() as db:
        rows = db.call_list("lint", branch=branch)
    shell.print_rows(rows, headings(rows), "nothing to report")
    stop(DIFFERENT if rows else 0)


@command()
@click.argument("ref", shell_complete=complete_refs)
@on_branch
@click.option("--allow-data-loss", is_flag=True, help="Even if rows are lost.")
def reset(shell: Shell, ref: str, branch: str | None, allow_data_loss: bool) -> None:
    """Move a branch and its worktree to REF.

    \b
    pggit reset main~1 -b feature/email
    """
    with shell.connect() as db:
        row = db.call_one("reset", ref=ref, branch=branch, allow_data_loss=allow_data_loss)
    shell.print_row(row, f"branch {clean(str(row.get('name')))} is at {row.get('head_commit_id')}")


def headings(rows: list[dict[str, object]]) -> dict[str, str]:
    """Every column under its own name."""
    return {name: name.replace("_", " ").upper() for name in (rows[0] if rows else {})}
