"""Install, upgrade and remove pggit in a database: `pggit db upgrade|downgrade|current|history`.

Plain scripts (for servers where no extension can be installed) run in one transaction under an advisory lock, so that any
number of concurrent upgrades end in one. A database that has the extension is upgraded as an extension.
"""

import functools
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

logger = logging.getLogger(__name__)

# The same key stands in every plain script (tools/build.py), for those who run them with psql.
LOCK = b"SELECT pg_advisory_xact_lock(8244711560462187)"
VERSION = r"\d+\.\d+\.\d+"


class MigrationError(Exception):
    """The database cannot be brought to that version; `hint` says what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True)
class Installed:
    """One row of the history, newest first; the first is the current version."""

    version: str
    installed_at: datetime
    installed_by: str


def _key(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


@functools.cache
def _scripts() -> dict[str, str]:
    folder = resources.files("pggit") / "_sql"
    found = {}
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.name.startswith("pggit--"):
                found[entry.name] = entry.read_text(encoding="utf-8")
    if not found:
        raise MigrationError(
            "this pggit was installed without its SQL scripts", "In a source tree, run: make build"
        )
    return found


def available() -> list[str]:
    """The versions that this package can install, oldest first."""
    found = (re.fullmatch(rf"pggit--({VERSION})\.sql", name) for name in _scripts())
    return sorted((one.group(1) for one in found if one), key=_key)


def _body(name: str) -> bytes:
    """A plain script without its own BEGIN and COMMIT."""
    script = _scripts()[name]
    inner = script.removeprefix("BEGIN;\n").removesuffix("COMMIT;\n")
    if len(inner) != len(script) - len("BEGIN;\nCOMMIT;\n"):
        raise MigrationError(f"{name} is not one transaction")
    return inner.encode()


def _path(start: str | None, target: str) -> list[tuple[str, str]]:
    """(script, version that it leads to) from a version, None for nothing, to the target."""
    if start is None:
        name = f"pggit--{target}.sql"
        if name not in _scripts():
            raise MigrationError(
                f"version {target} does not exist", f"Known versions: {', '.join(available())}"
            )
        return [(name, target)]
    steps: list[tuple[str, str]] = []
    while _key(start) < _key(target):
        found = [
            re.fullmatch(rf"pggit--{re.escape(start)}--({VERSION})\.sql", name)
            for name in _scripts()
        ]
        reached = [one.group(1) for one in found if one and _key(one.group(1)) <= _key(target)]
        if not reached:
            raise MigrationError(f"there is no step from version {start} to {target}")
        version = max(reached, key=_key)
        steps.append((f"pggit--{start}--{version}.sql", version))
        start = version
    return steps


def _is_extension(conn: psycopg.Connection[Any]) -> bool:
    return conn.execute("SELECT 1 FROM pg_extension WHERE extname = 'pggit'").fetchone() is not None


def _version(conn: psycopg.Connection[Any]) -> str | None:
    # A database without an encoding: psycopg would give bytes for text.
    if conn.info.encoding == "ascii":
        conn.execute("SET client_encoding = 'UTF8'")
    rows = conn.execute(
        "SELECT to_regprocedure('pggit.version()') IS NOT NULL AS is_installed"
    ).fetchall()
    if not _values(rows)[0]:
        return None
    return str(_values(conn.execute("SELECT pggit.version() AS version").fetchall())[0])


def _values(rows: Sequence[Any]) -> list[Any]:
    """The first column, whatever the connection's row factory."""
    return [next(iter(row.values())) if isinstance(row, dict) else row[0] for row in rows]


def current(conn: psycopg.Connection[Any]) -> str | None:
    """The installed version, None without pggit."""
    with conn.transaction():
        return _version(conn)


def history(conn: psycopg.Connection[Any]) -> list[Installed]:
    """Every version that the database has had, newest first."""
    with conn.transaction(), conn.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        if _version(conn) is None:
            return []
        cursor.execute("SELECT version, installed_at, installed_by FROM _pggit.versions")
        rows = [Installed(*row) for row in cursor.fetchall()]
    return sorted(rows, key=lambda one: _key(one.version), reverse=True)


def upgrade(conn: psycopg.Connection[Any], target: str | None = None) -> list[str]:
    """Bring the database to a version (None, "head": the newest); returns the versions passed, [] if it was there already."""
    wanted = available()[-1] if target in (None, "head") else str(target)
    if not re.fullmatch(VERSION, wanted):
        raise MigrationError(
            f'"{wanted}" is not a version', f"Known versions: {', '.join(available())}"
        )
    with conn.transaction():
        conn.execute(LOCK)
        start = _version(conn)
        if start is not None and _key(start) > _key(wanted):
            raise MigrationError(
                f"the database has version {start}, which is later than {wanted}",
                "Use the pggit command of that version or a later one.",
            )
        if start == wanted:
            return []
        if start is not None and _is_extension(conn):
            conn.execute(sql.SQL("ALTER EXTENSION pggit UPDATE TO {}").format(sql.Literal(wanted)))
            logger.info("upgraded the extension from %s to %s", start, wanted)
            return [wanted]
        passed = []
        for name, version in _path(start, wanted):
            conn.execute(_body(name))
            logger.info("ran %s", name)
            passed.append(version)
    return passed


# Objects outside pggit that removing it would take along: views over pggit.branches, columns of its types, …
DEPENDENTS = b"""
WITH ours AS (
    SELECT n.oid AS schema_oid FROM pg_namespace AS n
    WHERE n.nspname IN ('pggit', '_pggit', 'pggit_analytics')
), member AS (
    SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid FROM pg_class AS c JOIN ours ON ours.schema_oid = c.relnamespace
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid FROM pg_proc AS p JOIN ours ON ours.schema_oid = p.pronamespace
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid FROM pg_type AS t JOIN ours ON ours.schema_oid = t.typnamespace
), dependent AS (
    SELECT DISTINCT coalesce(r.ev_class, a.adrelid, con.conrelid, t.tgrelid, d.objid) AS objid,
        CASE WHEN coalesce(r.ev_class, a.adrelid, con.conrelid, t.tgrelid) IS NOT NULL
            THEN 'pg_class'::regclass ELSE d.classid::regclass END AS classid
    FROM pg_depend AS d
    JOIN member AS m ON m.classid = d.refclassid AND m.objid = d.refobjid
    LEFT JOIN pg_rewrite AS r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    LEFT JOIN pg_attrdef AS a ON d.classid = 'pg_attrdef'::regclass AND a.oid = d.objid
    LEFT JOIN pg_constraint AS con ON d.classid = 'pg_constraint'::regclass AND con.oid = d.objid AND con.conrelid <> 0
    LEFT JOIN pg_trigger AS t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
    WHERE d.deptype = 'n'
)
SELECT DISTINCT pg_describe_object(x.classid, x.objid, 0)
FROM dependent AS x
LEFT JOIN pg_class AS c ON x.classid = 'pg_class'::regclass AND c.oid = x.objid
LEFT JOIN pg_proc AS p ON x.classid = 'pg_proc'::regclass AND p.oid = x.objid
LEFT JOIN pg_type AS t ON x.classid = 'pg_type'::regclass AND t.oid = x.objid
WHERE x.classid IN ('pg_class'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass)
  AND coalesce(c.relnamespace, p.pronamespace, t.typnamespace) NOT IN (SELECT schema_oid FROM ours)
  AND (c.relkind IS NULL OR c.relkind <> 't')
ORDER BY 1
"""

WORKTREES = b"""
SELECT s.live_name::text
FROM _pggit.worktree_schemas AS s
WHERE s.live_name <> s.schema_name
  AND EXISTS (SELECT FROM pg_namespace AS n WHERE n.nspname = s.live_name)
ORDER BY 1
"""

# A whole large schema holds more locks than the server has (each table with its indexes, sequences and toast).
BATCH = 50
RELATIONS = """
SELECT c.relname::text, c.relkind::text
FROM pg_class AS c
WHERE c.relnamespace = (SELECT n.oid FROM pg_namespace AS n WHERE n.nspname = %s)
  AND c.relkind IN ('v', 'm', 'r', 'p', 'f')
ORDER BY position(c.relkind::text IN 'vmrpf'), c.relname
LIMIT %s
"""
KINDS = {"v": "VIEW", "m": "MATERIALIZED VIEW", "r": "TABLE", "p": "TABLE", "f": "FOREIGN TABLE"}


def _drop_worktree_schema(conn: psycopg.Connection[Any], schema: str) -> None:
    """Drop a schema in batches that commit; a second call goes on where a killed one stopped."""
    with conn.cursor(row_factory=psycopg.rows.tuple_row) as cursor:
        while True:
            with conn.transaction():
                rows = cursor.execute(RELATIONS, [schema, BATCH]).fetchall()
                for name, kind in rows:
                    drop = sql.SQL("DROP {} IF EXISTS {} CASCADE").format(
                        sql.SQL(KINDS[kind]), sql.Identifier(schema, name)
                    )
                    cursor.execute(drop)
                if not rows:
                    cursor.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
                    return


def downgrade(conn: psycopg.Connection[Any], target: str = "-1") -> list[str]:
    """Go back: "base" removes pggit and its worktrees; the tracked schemas, their data and the roles stay.

    The connection must be in autocommit: large worktrees go in several transactions.
    """
    start = current(conn)
    if start is None:
        return []
    known = [row.version for row in history(conn)]
    earlier = [version for version in available() if _key(version) < _key(start)]
    if target == "-1":
        target = known[1] if len(known) > 1 else "base"
    if target != "base":
        if not re.fullmatch(VERSION, target):
            raise MigrationError(f'"{target}" is not a version', "Use -1, base or a version.")
        raise MigrationError(
            f"there is no step back from version {start} to {target}",
            "Restore a dump from before the upgrade"
            + (
                ", or run the earlier pggit command: later releases keep what it calls."
                if target in earlier
                else "."
            ),
        )
    with conn.transaction():
        dependents = _values(conn.execute(DEPENDENTS).fetchall())
        worktrees = _values(conn.execute(WORKTREES).fetchall())
    if dependents:
        raise MigrationError(
            "objects outside pggit depend on it: " + ", ".join(dependents[:20]),
            "Drop them first; nothing was changed.",
        )
    for schema in worktrees:
        _drop_worktree_schema(conn, schema)
    with conn.transaction():
        conn.execute(LOCK)
        if _is_extension(conn):
            conn.execute("DROP EXTENSION pggit")
        else:
            conn.execute("DROP SCHEMA IF EXISTS pggit_analytics, pggit, _pggit CASCADE")
    logger.info("removed pggit %s", start)
    return ["base"]
