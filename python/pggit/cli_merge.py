"""Merges and their conflicts from the shell."""

from pathlib import Path
from typing import Any

import click

from pggit.cli import DIFFERENT
from pggit.cli_output import Shell, clean, command, complete_refs, stop, table

CONFLICTS = {
    "merge_id": "MERGE",
    "conflict_id": "ID",
    "conflict_type": "CONFLICT",
    "object_kind": "KIND",
    "schema_name": "SCHEMA",
    "table_name": "TABLE",
    "object_name": "NAME",
    "attribute": "ATTRIBUTE",
    "resolution_status": "STATE",
    "description": "DESCRIPTION",
}
MERGES = {
    "merge_id": "MERGE",
    "status": "STATUS",
    "source": "SOURCE",
    "target": "TARGET",
    "total_conflicts": "CONFLICTS",
    "conflicts_resolved": "RESOLVED",
    "created_at": "CREATED",
    "message": "MESSAGE",
}
STEPS = {"position": "STEP", "lock_level": "LOCK", "hazards": "HAZARDS", "sql": "SQL"}
STRATEGIES = click.Choice(["auto", "three-way", "fast-forward", "ours", "theirs"])

into = click.option(
    "--into",
    "target",
    metavar="BRANCH",
    help="Default: the session's branch.",
    shell_complete=complete_refs,
)
data_loss = click.option(
    "--allow-data-loss", is_flag=True, help="Consent to steps that lose columns or rows."
)


def report(shell: Shell, row: dict[str, Any], conflicts: list[dict[str, Any]]) -> None:
    """Print a merge, and end with 1 where it waits for resolutions."""
    waits = row["status"] == "pending_conflicts"
    if shell.as_json:
        shell.print_json(row | {"conflicts": conflicts})
    else:
        click.echo(f"{row['merge_id']} {row['status']}: {clean(row.get('message') or '')}")
        if waits:
            columns = {k: v for k, v in CONFLICTS.items() if k != "merge_id"}
            click.echo("\n".join(table(conflicts, columns)))
            merge_id = row["merge_id"]
            click.echo(
                f"next: pggit resolve {merge_id} ID --source|--target|--custom JSON, "
                f"then pggit complete {merge_id}"
            )
    stop(DIFFERENT if waits else 0)


def outcome(shell: Shell, db: Any, row: dict[str, Any]) -> None:
    """Report a merge with the conflicts it left."""
    conflicts = db.call_value("list_conflicts", merge_id=row["merge_id"])["conflicts"]
    report(shell, row, conflicts)


@command()
@click.argument("source", required=False, shell_complete=complete_refs)
@into
@click.option("-m", "--message", help="Message of the merge commit.")
@click.option("-s", "--strategy", type=STRATEGIES, default="auto", show_default=True)
@click.option("--base", metavar="REF", help="Common ancestor; required for three-way.")
@data_loss
@click.option("--preview", is_flag=True, help="Say what would happen; leave no trace.")
def merge(
    shell: Shell,
    source: str | None,
    target: str | None,
    message: str | None,
    strategy: str,
    base: str | None,
    allow_data_loss: bool,
    preview: bool,
) -> None:
    """Merge branch SOURCE, or list the merges. Exit code 1 if conflicts were found.

    \b
    pggit merge
    pggit merge feature/email --into main
    pggit merge feature/email --into main --preview
    pggit merge feature/email --into main -s theirs
    """
    with shell.connect() as db:
        if source is None:
            shell.print_rows(db.call_value("list_merges")["items"], MERGES, "no merges")
            return
        if preview:
            found = db.call_value(
                "get_preview",
                source=source,
                target=target,
                message=message,
                strategy=strategy,
                base=base,
                allow_data_loss=allow_data_loss,
            )
            show_preview(shell, found)
        row = db.call_one(
            "merge",
            source=source,
            target=target,
            message=message,
            strategy=strategy,
            base=base,
            allow_data_loss=allow_data_loss,
        )
        outcome(shell, db, row)


def show_preview(shell: Shell, found: dict[str, Any]) -> None:
    """Print conflicts, plan and notes of a merge that was not made; end with 1 for conflicts."""
    if shell.as_json:
        shell.print_json(found)
    else:
        for rows, columns in ((found["conflicts"], CONFLICTS), (found["steps"], STEPS)):
            if rows:
                click.echo("\n".join(table(rows, columns)))
        for note in found["notes"]:
            click.echo(f"note: {clean(note)}")
    stop(DIFFERENT if found["conflicts"] else 0)


@command()
@click.argument("merge_id", required=False)
@click.argument("conflict_id", type=int, required=False)
def conflicts(shell: Shell, merge_id: str | None, conflict_id: int | None) -> None:
    """List conflicts: the open ones, or those of one merge, or one with its versions.

    Exit code 1 if one is open.

    \b
    pggit conflicts
    pggit conflicts mrg_3f2a9c1d
    pggit conflicts mrg_3f2a9c1d 1
    """
    with shell.connect() as db:
        if merge_id is None:
            rows = db.call_value("open_conflicts")
        elif conflict_id is None:
            rows = db.call_value("list_conflicts", merge_id=merge_id)["conflicts"]
        else:
            rows = [db.call_value("get_conflict", merge_id=merge_id, conflict_id=conflict_id)]
    if conflict_id is not None and not shell.as_json:
        show_conflict(rows[0])
    else:
        shell.print_rows(rows, CONFLICTS, "no conflicts")
    stop(DIFFERENT if any(row["resolution_status"] == "pending" for row in rows) else 0)


def show_conflict(row: dict[str, Any]) -> None:
    """One conflict, attribute by attribute."""
    click.echo(f"{row['conflict_type']}: {clean(row['description'])} ({row['resolution_status']})")
    sides = {side: row[f"{side}_schema"] or {} for side in ("base", "source", "target")}
    names = sorted({name for definition in sides.values() for name in definition})
    rows = [{"attribute": name} | {s: d.get(name) for s, d in sides.items()} for name in names]
    rows = [row for row in rows if not row["base"] == row["source"] == row["target"]]
    columns = {"attribute": "ATTRIBUTE", "base": "BASE", "source": "SOURCE", "target": "TARGET"}
    if rows:
        click.echo("\n".join(table(rows, columns)))


def custom_value(text: str | None) -> Any:
    """JSON given on the line, or in a file as @file."""
    import msgspec

    if text is None:
        return None
    try:
        raw = Path(text[1:]).read_bytes() if text.startswith("@") else text.encode()
        value = msgspec.json.decode(raw)
    except (OSError, msgspec.DecodeError) as error:
        raise click.BadParameter(str(error), param_hint="--custom") from None
    if not isinstance(value, dict):
        raise click.BadParameter("a JSON object is required", param_hint="--custom")
    return value


@command()
@click.argument("merge_id")
@click.argument("conflict_id", type=int, required=False)
@click.option("--source", "strategy", flag_value="use_source", help="Take the source's version.")
@click.option("--target", "strategy", flag_value="use_target", help="Take the target's version.")
@click.option("--custom", metavar="JSON", help="A definition of your own; @file reads a file.")
@click.option("--all", "every", is_flag=True, help="Settle every open conflict so.")
@click.option("--notes", help="Why.")
def resolve(
    shell: Shell,
    merge_id: str,
    conflict_id: int | None,
    strategy: str | None,
    custom: str | None,
    every: bool,
    notes: str | None,
) -> None:
    """Settle conflict CONFLICT_ID of merge MERGE_ID, or all of them.

    \b
    pggit resolve mrg_3f2a9c1d 1 --source
    pggit resolve mrg_3f2a9c1d 2 --custom '{"data_type": "varchar", "max_length": 320}'
    pggit resolve mrg_3f2a9c1d --all --target
    """
    definition = custom_value(custom)
    if (strategy is None) == (definition is None):
        raise click.UsageError("give one of --source, --target and --custom")
    if every == (conflict_id is not None):
        raise click.UsageError("give a CONFLICT_ID or --all")
    with shell.connect() as db:
        if every:
            if strategy is None:
                raise click.UsageError("--all takes --source or --target")
            rows = db.call_list("resolve_conflicts", merge_id=merge_id, strategy=strategy)
            shell.print_rows(rows, CONFLICTS, "no open conflicts")
            return
        row = db.call_value(
            "settle_conflict",
            merge_id=merge_id,
            conflict_id=conflict_id,
            strategy=strategy or "custom",
            custom=definition,
            notes=notes,
        )
    shell.print_row(row, f"conflict {row['conflict_id']} resolved: {row['resolution_strategy']}")


@command()
@click.argument("merge_id")
@click.option("-m", "--message", help="Message of the merge commit.")
@data_loss
def complete(shell: Shell, merge_id: str, message: str | None, allow_data_loss: bool) -> None:
    """Apply merge MERGE_ID to its target, once its conflicts are settled.

    \b
    pggit complete mrg_3f2a9c1d -m 'Merge feature/email'
    """
    with shell.connect() as db:
        row = db.call_one(
            "complete_merge", merge_id=merge_id, message=message, allow_data_loss=allow_data_loss
        )
        outcome(shell, db, row)


@command()
@click.argument("merge_id")
def abort(shell: Shell, merge_id: str) -> None:
    """Give merge MERGE_ID up; its target is as before."""
    with shell.connect() as db:
        row = db.call_one("abort_merge", merge_id=merge_id)
    shell.print_row(row, f"{row['merge_id']} {row['status']}")


@command("cherry-pick")
@click.argument("ref", metavar="COMMIT", shell_complete=complete_refs)
@into
@data_loss
def cherry_pick(shell: Shell, ref: str, target: str | None, allow_data_loss: bool) -> None:
    """Apply what one commit changed to a branch."""
    with shell.connect() as db:
        row = db.call_one("cherry_pick", commit=ref, target=target, allow_data_loss=allow_data_loss)
        outcome(shell, db, row)


@command()
@click.argument("ref", metavar="COMMIT", shell_complete=complete_refs)
@into
@data_loss
def revert(shell: Shell, ref: str, target: str | None, allow_data_loss: bool) -> None:
    """Undo what one commit changed, with a commit that changes it back."""
    with shell.connect() as db:
        row = db.call_one("revert", commit=ref, target=target, allow_data_loss=allow_data_loss)
        outcome(shell, db, row)


@command()
@click.argument("branch", shell_complete=complete_refs)
@click.argument("onto", shell_complete=complete_refs)
@data_loss
def rebase(shell: Shell, branch: str, onto: str, allow_data_loss: bool) -> None:
    """Put the commits of BRANCH onto ONTO, one by one.

    \b
    pggit rebase feature/email main
    """
    with shell.connect() as db:
        row = db.call_one("rebase", branch=branch, onto=onto, allow_data_loss=allow_data_loss)
        outcome(shell, db, row)
