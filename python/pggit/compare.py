"""The migration between two live databases, neither of which needs pggit.

The engine's SQL is loaded into the temporary schema of both sessions, inside a transaction that is rolled back: what stays
behind is nothing. Reading happens on both sides at once; the plan is made on the side that the migration is for.

Small schemas take no longer than the program takes to start, so this module imports little, sends the engine in parts (see
tools/engine.py) and asks each side no more than it must.
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NamedTuple, TypeVar

from pggit.libpq import Connection, Refused, Row

T = TypeVar("T")

# What is not part of any user's schema. A worktree of pggit is named after the schema it stands for: "app@feature/x".
_SCHEMAS = """
SELECT
    coalesce(array_agg(n.nspname ORDER BY n.nspname), '{}'),
    to_json(array_agg(n.nspname::text) FILTER (WHERE NOT pg_catalog.has_schema_privilege(n.oid, 'USAGE'))),
    current_user
FROM pg_catalog.pg_namespace AS n
WHERE n.nspname !~ '^pg_'
  AND n.nspname NOT IN ('information_schema', 'pggit', '_pggit', 'pggit_analytics', 'pggit_online')
  AND NOT (
      pg_catalog.strpos(n.nspname, '@') > 0
      AND pg_catalog.to_regnamespace('_pggit') IS NOT NULL
      AND EXISTS (
          SELECT
          FROM pg_catalog.pg_namespace AS m
          WHERE pg_catalog.starts_with(n.nspname::text, m.nspname::text || '@')
      )
  )
"""
_BEGIN = """
BEGIN ISOLATION LEVEL REPEATABLE READ READ WRITE;
SET LOCAL check_function_bodies = off;
SET LOCAL client_min_messages = warning;
SET LOCAL search_path = pg_catalog, pg_temp;
"""
# $1: the schemas; $2: whether all that the database has is asked for. Objects go from side to side as PostgreSQL writes them.
_READ = """
SELECT coalesce(array_agg((r).object ORDER BY ((r).object).object_id), '{}')
FROM pg_temp.read_objects($1::name[], $1::name[], '{}', '{}') AS r
WHERE ((r).object).kind <> 'extension' OR $2::boolean OR ((r).object).attrs->>'schema' = ANY ($1::text[])
"""
_READ_RENAMED = """
WITH catalog AS MATERIALIZED (
    SELECT ARRAY(SELECT r FROM pg_temp.read_rows($1::name[], $1::name[]) AS r) AS rows
)
SELECT coalesce(array_agg((r).object ORDER BY ((r).object).object_id), '{}')
FROM catalog AS c
CROSS JOIN LATERAL pg_temp.identify(c.rows, pg_temp.renamed_identities(c.rows, $3::text[], $4::text[]), '{}') AS r
WHERE ((r).object).kind <> 'extension' OR $2::boolean OR ((r).object).attrs->>'schema' = ANY ($1::text[])
"""
# The engine has been tried on these major versions; it would read the catalog of another without what is new there.
_MAJORS = range(15, 19)
# What has no more relations than this is read whole: looking for what differs would take longer.
_SMALL = 100
# The objects, unless there are more than $3 relations.
_READ_SMALL = f"""
SELECT CASE
    WHEN $3::bigint >= (
        SELECT count(*)
        FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY ($1::name[]) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    ) THEN ({_READ})
END
"""  # noqa: S608  texts of this module
# Some relations and routines ($3, as _MARKS names them), beside all objects of the rarer kinds.
_READ_UNITS = """
SELECT coalesce(array_agg(r ORDER BY (r).object_id), '{}')
FROM pg_temp.read_units($1::name[], ARRAY(SELECT u::pg_temp.catalog_unit FROM jsonb_array_elements_text($3::jsonb) AS u)) AS r
WHERE (r).kind <> 'extension' OR $2::boolean OR (r).attrs->>'schema' = ANY ($1::text[])
"""
# A line for each relation and routine: its digest, or nothing where only reading tells, and its name as JSON.
_MARKS = """
SELECT string_agg(
    coalesce(encode(m.mark, 'hex'), '') || ' '
        || to_jsonb(ROW(m.kind, m.schema_name, m.name, m.signature)::pg_temp.catalog_unit::text),
    E'\n')
FROM pg_temp.catalog_marks($1::name[]) AS m
"""
_TIED = """
SELECT string_agg(to_jsonb(u::text)::text, E'\n')
FROM pg_temp.tied_units(
    ARRAY(SELECT u::pg_temp.catalog_unit FROM jsonb_array_elements_text($1::jsonb) AS u), $2::pg_temp.object[]) AS u
"""
_UPROOTED = """
SELECT coalesce(array_agg(u), '{}')
FROM pg_temp.uprooted_objects($1::pg_temp.object[], $2::pg_temp.object[]) AS u
"""
_LIKELY = """
SELECT old_path, new_path FROM pg_temp.likely_renames($1::pg_temp.object[], $2::pg_temp.object[])
"""
# $1 and $2 with the owners ($3) or grants ($4) of $1.
_KEEP = "SELECT pg_temp.keep_rights($1::pg_temp.object[], $2::pg_temp.object[], $3::boolean, $4::boolean)"
_MISSING = "SELECT place, role FROM pg_temp.missing_roles($1::pg_temp.object[], $2::jsonb)"
# What to do where PostgreSQL's own message does not say it, by its code.
_HINTS = {
    "25006": "Comparing makes temporary functions, which a standby refuses: name its primary, or a copy.",
    "42501": "Comparing makes temporary functions and reads the catalog: connect as a role that may.",
}
_STEP = """
step_no, sql, lock_level, array_to_string(hazards, ','), in_transaction, action, kind, identity
"""
_PLAN = f"""
SELECT {_STEP}
FROM pg_temp.plan(
    pg_temp.rename_equal_parts($1::pg_temp.object[], $2::pg_temp.object[]), $2::pg_temp.object[])
ORDER BY step_no
"""  # noqa: S608
_PLAN_ONLINE = f"""
WITH plan AS MATERIALIZED (
    SELECT s FROM pg_temp.plan_online(
        pg_temp.rename_equal_parts($1::pg_temp.object[], $2::pg_temp.object[]), $2::pg_temp.object[]) AS s
), script AS (
    SELECT pg_temp.online_script('Migration from one database to another', array_agg(p.s ORDER BY (p.s).step_no)) AS script
    FROM plan AS p
)
SELECT {_STEP}, is_done, advice, script
FROM (SELECT (p.s).* FROM plan AS p) AS s
CROSS JOIN script
ORDER BY step_no
"""  # noqa: S608


class CompareError(Exception):
    """A database that cannot be compared, with PostgreSQL's reason."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


class Step(NamedTuple):
    """One statement of a migration; of one for a database under load, also how to see that it is done, and advice."""

    step_no: int
    sql: str
    lock_level: str
    hazards: list[str]
    in_transaction: bool
    action: str
    kind: str | None
    identity: str | None
    is_done: str | None = None
    advice: str | None = None


class Rename(NamedTuple):
    """One object under two paths."""

    old_path: str
    new_path: str


class Plan(NamedTuple):
    """A migration: its steps, the script for psql, what may be renames rather than losses, and roles that it lacks."""

    steps: Sequence[Step] = ()
    script: str = ""
    likely_renames: Sequence[Rename] = ()
    missing_roles: Sequence[str] = ()


class Options(NamedTuple):
    """What kind of migration is wanted."""

    is_online: bool = False
    keeps_owners: bool = False
    keeps_grants: bool = False


def engine_sql(part: str) -> str:
    """Take a part of the engine as the build packs it."""
    folder = __file__.removesuffix("compare.py")  # pathlib takes as long as a query to import
    with open(f"{folder}_sql/engine_{part}.sql", encoding="utf-8") as file:  # noqa: PTH123
        return file.read()


def _array(values: Sequence[str]) -> str:
    """An array of texts as PostgreSQL reads it."""
    quoted = (one.replace("\\", "\\\\").replace('"', '\\"') for one in values)
    return "{" + ",".join(f'"{one}"' for one in quoted) + "}"


def _json(values: Sequence[str]) -> str:
    """An array of texts as JSON."""
    import json  # not before there is a difference: it takes a while

    return json.dumps(values)


def _step(row: Row) -> Step:
    step_no, sql, lock_level, hazards, in_transaction, action, kind, identity, *online = row
    return Step(
        int(step_no or 0),
        sql or "",
        lock_level or "",
        hazards.split(",") if hazards else [],
        in_transaction == "t",
        action or "",
        kind,
        identity,
        *online[:2],
    )


class _Side:
    """One of the two databases: a transaction on it that will be rolled back."""

    def __init__(self, url: str, schemas: Sequence[str]) -> None:
        self.connection = Connection(url, 10)
        if self.connection.major not in _MAJORS:
            major = self.connection.major
            self.connection.close()
            raise Refused(
                f"PostgreSQL {major} is not supported",
                f"pggit compares databases of PostgreSQL {_MAJORS[0]} to {_MAJORS[-1]}.",
            )
        self.named = schemas
        self.schemas = _array(schemas)
        self.is_all = not schemas

    def begin(self, *parts: str) -> None:
        """Load what reading needs, and look which schemas there are."""
        whole = "SET LOCAL pggit.whole_database = on;" if self.is_all else ""
        rows = self.connection.run(
            "".join([_BEGIN, *(engine_sql(one) for one in parts), whole, _SCHEMAS])
        )
        found, hidden, role = rows[0]
        if self.is_all:
            self.schemas = found or "{}"
        if hidden:
            self._require_usage(hidden, role or "")

    def _require_usage(self, hidden: str, role: str) -> None:
        """Refuse schemas that are not on the path of a role without USAGE: definitions would print otherwise than elsewhere."""
        import json

        wanted = [one for one in json.loads(hidden) if self.is_all or one in self.named]
        if wanted:
            raise Refused(
                f"schema {min(wanted)!r} cannot be read by role {role!r}",
                "GRANT USAGE ON SCHEMA … TO the role, or compare other schemas alone with --schema.",
            )

    def load_planner(self, is_online: bool) -> None:
        """Load what planning needs beyond reading."""
        parts = ("plan", "online") if is_online else ("plan",)
        self.connection.run("".join(engine_sql(one) for one in parts))

    def _find(self, query: str, *arguments: str | None) -> str | None:
        return self.connection.query(query, *arguments)[0][0]

    def _read(self, query: str, *arguments: str) -> str | None:
        return self._find(query, self.schemas, "t" if self.is_all else "f", *arguments)

    def read_small(self) -> str | None:
        """Every object, or nothing if there are many."""
        self.begin("read")
        return self._read(_READ_SMALL, str(_SMALL))

    def read(self) -> str:
        """Every object."""
        return self._read(_READ) or "{}"

    def read_renamed(self, renames: Sequence[Rename]) -> str:
        """Every object, some under other names."""
        self.begin("read", "rename")
        old, new = (_array(names) for names in zip(*renames, strict=True))
        return self._read(_READ_RENAMED, old, new) or "{}"

    def read_units(self, units: str) -> str:
        """Some relations and routines, and what is read always."""
        return self._read(_READ_UNITS, units) or "{}"

    def marks(self) -> set[str]:
        """Find the digest of every relation and routine."""
        self.connection.run(engine_sql("digest"))
        return set((self._find(_MARKS, self.schemas) or "").split("\n"))

    def tied(self, units: str, needed: str) -> list[str]:
        """Name what a plan for some units has to know besides."""
        found = self._find(_TIED, units, needed)
        return found.split("\n") if found else []

    def uprooted(self, before: str, after: str) -> str:
        """Name the objects of which others may have to be made anew."""
        return self._find(_UPROOTED, before, after) or "{}"

    def plan(self, before: str, after: str, options: Options) -> Plan:
        if options.keeps_owners or options.keeps_grants:
            flags = ("t" if one else "f" for one in options[1:])
            after = self._find(_KEEP, before, after, *flags) or "{}"
        likely = [
            Rename(old or "", new or "")
            for old, new in self.connection.query(_LIKELY, before, after)
        ]
        rows = self.connection.query(_PLAN_ONLINE if options.is_online else _PLAN, before, after)
        steps = [_step(row) for row in rows]
        missing = self.connection.query(_MISSING, after, _json([one.sql for one in steps]))
        places = {int(place or 0) for place, _ in missing}
        steps = [
            one._replace(hazards=[*one.hazards, "missing_role"]) if n in places else one
            for n, one in enumerate(steps, 1)
        ]
        script = ((rows[0][-1] or "") if rows else "") if options.is_online else render(steps)
        return Plan(steps, script, likely, sorted({role or "" for _, role in missing}))

    def close(self) -> None:
        self.connection.close()


def _beside(work: Callable[[], T]) -> Callable[[], T]:
    """Begin something in a thread of its own; the result waits for its end and gives what it gave, or raises what it raised."""
    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            found.append(work())
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()

    def result() -> T:
        thread.join()
        if failed:
            raise failed[0]
        return found[0]

    return result


def _both(one: Callable[[], T], other: Callable[[], T]) -> tuple[T, T]:
    """Do two things at once; both have ended when the first failure is raised."""
    waited = _beside(other)
    try:
        first = one()
    except BaseException:
        with suppress(BaseException):
            waited()
        raise
    return first, waited()


def compare(
    from_url: str,
    to_url: str,
    schemas: Sequence[str] = (),
    *,
    renames: Sequence[Rename] = (),
    options: Options = Options(),  # noqa: B008  it cannot be changed
) -> Plan:
    """Plan the migration of the database at `from_url` to what `to_url` has.

    Without `schemas`, every schema of users is compared, with the extensions. `renames` says which paths of the first
    database are which of the second. Raises `CompareError`.
    """
    # libpq's calls cannot be interrupted, waiting for a thread can.
    return _beside(lambda: _compare(from_url, to_url, schemas, renames, options))()


def _compare(
    from_url: str,
    to_url: str,
    schemas: Sequence[str],
    renames: Sequence[Rename],
    options: Options,
) -> Plan:
    sides: list[_Side] = []

    def connect(url: str) -> _Side:
        side = _Side(url, schemas)
        sides.append(side)
        return side

    try:
        ours, theirs = _both(lambda: connect(from_url), lambda: connect(to_url))
        if renames:
            there = [Rename(one.new_path, one.new_path) for one in renames]
            before, after = _both(
                lambda: ours.read_renamed(renames), lambda: theirs.read_renamed(there)
            )
        else:
            few = _both(ours.read_small, theirs.read_small)
            if None not in few:
                before, after = few[0] or "{}", few[1] or "{}"
            elif ours.connection.major == theirs.connection.major:
                return _compare_marks(ours, theirs, options)
            else:
                before, after = _both(ours.read, theirs.read)
        if before == after:
            return Plan()
        ours.load_planner(options.is_online)
        return ours.plan(before, after, options)
    except Refused as error:
        raise CompareError(str(error).strip(), error.hint or _HINTS.get(error.state)) from error
    finally:
        for side in sides:
            side.close()


def _compare_marks(ours: _Side, theirs: _Side, options: Options) -> Plan:
    """Compare by digests first, and read only what differs and what its plan has to do with."""
    one, other = _both(ours.marks, theirs.marks)
    unsure = (line for line in one & other if line.startswith(" "))
    units = {line.partition(" ")[2] for line in (*(one ^ other), *unsure)} - {""}
    needed = "{}"
    while True:
        # What is taken away may have dependents that are equal on both sides: the plan must know them.
        while True:
            text = f"[{','.join(sorted(units))}]"
            found = set().union(
                *_both(lambda: ours.tied(text, needed), lambda: theirs.tied(text, needed))  # noqa: B023  called at once
            )
            if found <= units:
                break
            units |= found
        before, after = _both(lambda: ours.read_units(text), lambda: theirs.read_units(text))  # noqa: B023  called at once
        if before == after:
            return Plan()
        if needed == "{}":
            ours.load_planner(options.is_online)
        uprooted = ours.uprooted(before, after)
        if uprooted == needed:
            return ours.plan(before, after, options)
        needed = uprooted


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
