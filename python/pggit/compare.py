"""The migration between two live databases, neither of which needs pggit.

The engine's SQL is loaded into the temporary schema of both sessions, inside a transaction that is rolled back: what stays
behind is nothing. Reading happens on both sides at once; the plan is made on the side that the migration is for.
"""

import itertools
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib import resources
from typing import Any

import msgspec
import psycopg
from psycopg.rows import dict_row

# What is not part of any user's schema. A worktree of pggit is named after the schema it stands for: "app@feature/x".
_SCHEMAS = """
SELECT n.nspname
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'pggit', '_pggit', 'pggit_analytics')
  AND NOT (
      pg_catalog.strpos(n.nspname, '@') > 0
      AND pg_catalog.to_regnamespace('_pggit') IS NOT NULL
      AND EXISTS (
          SELECT
          FROM pg_catalog.pg_namespace AS m
          WHERE pg_catalog.starts_with(n.nspname::text, m.nspname::text || '@')
      )
  )
ORDER BY n.nspname
"""
_READ = """
SELECT coalesce(array_agg((r).object ORDER BY ((r).object).object_id), '{}')::text
FROM pg_temp.read_objects(%(schemas)s::name[], %(schemas)s::name[], '{}', '{}') AS r
WHERE ((r).object).kind <> 'extension' OR %(is_all)s OR ((r).object).attrs->>'schema' = ANY (%(schemas)s::text[])
"""
_READ_RENAMED = """
WITH catalog AS MATERIALIZED (
    SELECT ARRAY(SELECT r FROM pg_temp.read_rows(%(schemas)s::name[], %(schemas)s::name[]) AS r) AS rows
)
SELECT coalesce(array_agg((r).object ORDER BY ((r).object).object_id), '{}')::text
FROM catalog AS c
CROSS JOIN LATERAL pg_temp.identify(c.rows, pg_temp.renamed_identities(c.rows, %(old)s::text[], %(new)s::text[]), '{}') AS r
WHERE ((r).object).kind <> 'extension' OR %(is_all)s OR ((r).object).attrs->>'schema' = ANY (%(schemas)s::text[])
"""
_LIKELY = """
SELECT old_path, new_path FROM pg_temp.likely_renames(%(before)s::pg_temp.object[], %(after)s::pg_temp.object[])
"""
_PLAN_ONLINE = """
WITH plan AS MATERIALIZED (
    SELECT s FROM pg_temp.plan_online(%(before)s::pg_temp.object[], %(after)s::pg_temp.object[]) AS s
)
SELECT coalesce(jsonb_agg(to_jsonb(p.s) - 'object_id' ORDER BY (p.s).step_no), '[]') AS steps,
    pg_temp.online_script('Migration from one database to another', array_agg(p.s ORDER BY (p.s).step_no)) AS script
FROM plan AS p
"""
_PLAN = """
SELECT step_no, sql, lock_level, hazards, in_transaction, action, kind, identity
FROM pg_temp.plan(%(before)s::pg_temp.object[], %(after)s::pg_temp.object[])
ORDER BY step_no
"""
_COMMENT = re.compile(r"^COMMENT ON [^$']*? IS \$\$.*?\$\$;\n", re.M | re.S)
_MODULE = re.compile(r"^-- (\d\d_\w+)\.sql$", re.M)


class CompareError(Exception):
    """A database that cannot be compared, with PostgreSQL's reason."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One statement of a migration."""

    step_no: int
    sql: str
    lock_level: str
    hazards: list[str]
    in_transaction: bool
    action: str
    kind: str | None
    identity: str | None


class OnlineStep(Step, frozen=True, kw_only=True):
    """One statement of a migration for a database under load."""

    is_done: str | None
    advice: str | None


class Rename(msgspec.Struct, frozen=True):
    """One object under two paths."""

    old_path: str
    new_path: str


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A migration: its steps, the script for psql, and what may be renames rather than losses."""

    steps: Sequence[Step] = ()
    script: str = ""
    likely_renames: Sequence[Rename] = ()


def engine_sql() -> str:
    """Take the engine as the build packs it."""
    return (resources.files("pggit") / "_sql" / "engine.sql").read_text(encoding="utf-8")


def _split(engine: str) -> tuple[str, str]:
    """Give (what reading needs, what planning needs beyond it), made for a temporary schema."""
    text = _COMMENT.sub("", engine).replace("_pggit.", "pg_temp.")
    cuts = [match.start() for match in _MODULE.finditer(text)] + [len(text)]
    reading: list[str] = []
    planning: list[str] = []
    for start, end in itertools.pairwise(cuts):
        module = text[start:end]
        (planning if module.startswith(("-- 21_", "-- 22_")) else reading).append(module)
    return "".join(reading), "".join(planning)


class _Side:
    """One of the two databases: a transaction on it that will be rolled back."""

    def __init__(self, url: str) -> None:
        self.connection: psycopg.Connection[dict[str, Any]] = psycopg.connect(
            url, row_factory=dict_row, connect_timeout=10, prepare_threshold=None
        )
        self.connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ

    def load(self, script: str) -> None:
        self.connection.execute(
            "SET LOCAL check_function_bodies = off; SET LOCAL client_min_messages = warning"
        )
        self.connection.execute(script.encode())

    def read(self, script: str, schemas: Sequence[str], renames: Sequence[Rename] = ()) -> str:
        names = list(schemas) or [row["nspname"] for row in self.connection.execute(_SCHEMAS)]
        self.load(script)
        self.connection.execute("SET LOCAL search_path = pg_catalog, pg_temp")
        if not schemas:
            self.connection.execute("SET LOCAL pggit.whole_database = on")
        arguments = {
            "schemas": names,
            "is_all": not schemas,
            "old": [one.old_path for one in renames],
            "new": [one.new_path for one in renames],
        }
        query = _READ_RENAMED if renames else _READ
        row = self.connection.execute(query.encode(), arguments).fetchone()
        assert row is not None
        return str(next(iter(row.values())))

    def plan(self, script: str, before: str, after: str, is_online: bool) -> Plan:
        self.load(script)
        sides = {"before": before, "after": after}
        likely = [Rename(**row) for row in self.connection.execute(_LIKELY, sides)]
        if is_online:
            row = self.connection.execute(_PLAN_ONLINE, sides).fetchone()
            assert row is not None
            steps = msgspec.convert(row["steps"], list[OnlineStep])
            return Plan(steps=steps, script=row["script"], likely_renames=likely)
        found = [Step(**row) for row in self.connection.execute(_PLAN, sides)]
        return Plan(steps=found, script=render(found), likely_renames=likely)

    def close(self) -> None:
        self.connection.close()


def compare(
    from_url: str,
    to_url: str,
    schemas: Sequence[str] = (),
    *,
    renames: Sequence[Rename] = (),
    is_online: bool = False,
    engine: str | None = None,
) -> Plan:
    """Plan the migration of the database at `from_url` to what `to_url` has.

    Without `schemas`, every schema of users is compared, with the extensions. `renames` says which paths of the first
    database are which of the second. Raises `CompareError`.
    """
    reading, planning = _split(engine or engine_sql())
    if renames:  # they are found with what the planner has
        reading, planning = reading + planning, ""
    there = [Rename(one.new_path, one.new_path) for one in renames]
    sides: list[_Side] = []
    with ThreadPoolExecutor(2) as pool:
        try:
            for side in pool.map(_Side, (from_url, to_url)):
                sides.append(side)
            before, after = pool.map(
                lambda side, known: side.read(reading, schemas, known), sides, (renames, there)
            )
            return Plan() if before == after else sides[0].plan(planning, before, after, is_online)
        except psycopg.Error as error:
            raise CompareError(str(error).strip()) from error
        finally:
            for side in sides:
                side.close()


def render(steps: Sequence[Step]) -> str:
    """Write the steps as a script for psql, which runs it statement by statement."""
    lines = []
    for step in steps:
        if step.hazards:
            lines.append(
                f"-- {step.identity or step.kind}: {', '.join(step.hazards)}".replace("\n", " ")
            )
        if not step.in_transaction:
            lines.append("-- not inside a transaction block")
        lines.append(step.sql + ";")
    return "".join(line + "\n" for line in lines)
