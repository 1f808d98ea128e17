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
SELECT coalesce(array_agg((r).object ORDER BY ((r).object).object_id), '{}')::text AS found
FROM pg_temp.read_objects(%(schemas)s::name[], %(schemas)s::name[], '{}', '{}') AS r
WHERE ((r).object).kind <> 'extension' OR %(is_all)s OR ((r).object).attrs->>'schema' = ANY (%(schemas)s::text[])
"""
_READ_RENAMED = """
WITH catalog AS MATERIALIZED (
    SELECT ARRAY(SELECT r FROM pg_temp.read_rows(%(schemas)s::name[], %(schemas)s::name[]) AS r) AS rows
)
SELECT coalesce(array_agg((r).object ORDER BY ((r).object).object_id), '{}')::text AS found
FROM catalog AS c
CROSS JOIN LATERAL pg_temp.identify(c.rows, pg_temp.renamed_identities(c.rows, %(old)s::text[], %(new)s::text[]), '{}') AS r
WHERE ((r).object).kind <> 'extension' OR %(is_all)s OR ((r).object).attrs->>'schema' = ANY (%(schemas)s::text[])
"""
# Some relations and routines, beside all objects of the rarer kinds.
_READ_UNITS = """
SELECT coalesce(array_agg(r ORDER BY (r).object_id), '{}')::text AS found
FROM pg_temp.read_units(%(schemas)s::name[], %(units)s::pg_temp.catalog_unit[]) AS r
WHERE (r).kind <> 'extension' OR %(is_all)s OR (r).attrs->>'schema' = ANY (%(schemas)s::text[])
"""
_MARKS = """
SELECT ROW(m.kind, m.schema_name, m.name, m.signature)::pg_temp.catalog_unit::text AS unit, encode(m.mark, 'hex') AS mark
FROM pg_temp.catalog_marks(%(schemas)s::name[]) AS m
"""
_TIED = """
SELECT u::text AS unit
FROM pg_temp.tied_units(%(units)s::pg_temp.catalog_unit[], %(needed)s::pg_temp.object[]) AS u
"""
_UPROOTED = """
SELECT coalesce(array_agg(u), '{}')::text AS found
FROM pg_temp.uprooted_objects(%(before)s::pg_temp.object[], %(after)s::pg_temp.object[]) AS u
"""
# What has no more relations than this is read whole: looking for what differs would take longer.
_SMALL = 100
_COUNT = """
SELECT count(*) AS found
FROM pg_catalog.pg_class AS c
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = ANY (%(schemas)s::name[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
"""
_LIKELY = """
SELECT old_path, new_path FROM pg_temp.likely_renames(%(before)s::pg_temp.object[], %(after)s::pg_temp.object[])
"""
_PLAN_ONLINE = """
WITH plan AS MATERIALIZED (
    SELECT s FROM pg_temp.plan_online(
        pg_temp.rename_equal_parts(%(before)s::pg_temp.object[], %(after)s::pg_temp.object[]),
        %(after)s::pg_temp.object[]) AS s
)
SELECT coalesce(jsonb_agg(to_jsonb(p.s) - 'object_id' ORDER BY (p.s).step_no), '[]') AS steps,
    pg_temp.online_script('Migration from one database to another', array_agg(p.s ORDER BY (p.s).step_no)) AS script
FROM plan AS p
"""
_PLAN = """
SELECT step_no, sql, lock_level, hazards, in_transaction, action, kind, identity
FROM pg_temp.plan(
    pg_temp.rename_equal_parts(%(before)s::pg_temp.object[], %(after)s::pg_temp.object[]), %(after)s::pg_temp.object[])
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

    def begin(self, script: str, schemas: Sequence[str]) -> int:
        """Load what reading needs; say how many relations there are."""
        self.schemas = list(schemas) or [
            row["nspname"] for row in self.connection.execute(_SCHEMAS)
        ]
        self.is_all = not schemas
        self.load(script)
        self.connection.execute("SET LOCAL search_path = pg_catalog, pg_temp")
        if self.is_all:
            self.connection.execute("SET LOCAL pggit.whole_database = on")
        return int(self._find(_COUNT, schemas=self.schemas))

    def _find(self, query: str, **parameters: Any) -> Any:
        row = self.connection.execute(query.encode(), parameters).fetchone()
        assert row is not None
        return row["found"]

    def read(self, renames: Sequence[Rename] = ()) -> str:
        """Every object."""
        found = self._find(
            _READ_RENAMED if renames else _READ,
            schemas=self.schemas,
            is_all=self.is_all,
            old=[one.old_path for one in renames],
            new=[one.new_path for one in renames],
        )
        return str(found)

    def read_units(self, units: Sequence[str]) -> str:
        """Some relations and routines, and what is read always."""
        return str(
            self._find(_READ_UNITS, schemas=self.schemas, is_all=self.is_all, units=list(units))
        )

    def marks(self) -> dict[str, str | None]:
        """The digest of every relation and routine, by its path."""
        rows = self.connection.execute(_MARKS, {"schemas": self.schemas})
        return {row["unit"]: row["mark"] for row in rows}

    def tied(self, units: Sequence[str], needed: str) -> set[str]:
        """Name what a plan for some units has to know besides."""
        rows = self.connection.execute(_TIED, {"units": list(units), "needed": needed})
        return {row["unit"] for row in rows}

    def uprooted(self, before: str, after: str) -> str:
        """Name the objects of which others may have to be made anew."""
        return str(self._find(_UPROOTED, before=before, after=after))

    def plan(self, before: str, after: str, is_online: bool) -> Plan:
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
            sizes = list(pool.map(lambda side: side.begin(reading, schemas), sides))
            majors = {side.connection.info.server_version // 10000 for side in sides}
            if max(sizes) > _SMALL and len(majors) == 1 and not renames:
                return _compare_marks(sides, pool, planning, is_online)
            before, after = pool.map(_Side.read, sides, (renames, there))
            if before == after:
                return Plan()
            sides[0].load(planning)
            return sides[0].plan(before, after, is_online)
        except psycopg.Error as error:
            raise CompareError(str(error).strip()) from error
        finally:
            for side in sides:
                side.close()


def _compare_marks(
    sides: list[_Side], pool: ThreadPoolExecutor, planning: str, is_online: bool
) -> Plan:
    """Compare by digests first, and read only what differs and what its plan has to do with."""
    ours, theirs = pool.map(_Side.marks, sides)
    units = {
        unit
        for unit in ours.keys() | theirs.keys()
        if ours.get(unit) is None or ours.get(unit) != theirs.get(unit)
    }
    needed = "{}"
    while True:
        # What is taken away may have dependents that are equal on both sides: the plan must know them.
        while tied := _tied(sides, pool, sorted(units), needed):
            units |= tied
        before, after = pool.map(_Side.read_units, sides, itertools.repeat(sorted(units)))
        if before == after:
            return Plan()
        if needed == "{}":
            sides[0].load(planning)
        uprooted = sides[0].uprooted(before, after)
        if uprooted == needed:
            return sides[0].plan(before, after, is_online)
        needed = uprooted


def _tied(sides: list[_Side], pool: ThreadPoolExecutor, units: list[str], needed: str) -> set[str]:
    return set().union(*pool.map(lambda side: side.tied(units, needed), sides))


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
