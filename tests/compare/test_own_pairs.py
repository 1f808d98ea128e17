"""Pairs of schemas: what `pggit compare` plans turns the one into the other and back, judged by pg_dump alone.

The pairs stand in pairs/*.sql. `--# words` opens a group, followed by SQL for both sides; `--= words` a pair, followed by what
only the first side has; `-->` what only the second has. Flags of a pair: `--! order` (columns may come in another order),
`--! lossy` (a column is made anew, as PostgreSQL has no other way), `--! recreates` (the same for a relation),
`--! one-way` (rows refuse the way back), `--! 18` (older servers do not have it),
`--! beside` (it is of what pg_dump writes only for whole databases),
`--! reindexes` (an index over an expression is built anew with its column, which the step does not say).
SELF is the pair's schema.
"""

import re
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors
from psycopg.rows import dict_row

from compare.costs import faults, observe
from pggit import compare
from pggit.libpq import Connection
from servers import PgServer

ROLES = ("pggit_test_alice", "pggit_test_bob")


@dataclass
class Pair:
    name: str
    schema: str
    common: str
    before: str = ""
    after: str = ""
    flags: set[str] = field(default_factory=set)

    def script(self, text: str, *, settings: str = "") -> str:
        body = re.sub(r"\bSELF\b", self.schema, self.common + text)
        return f"{settings}CREATE SCHEMA {self.schema}; SET search_path = {self.schema};\n{body}"


def read_pairs() -> list[Pair]:
    pairs: list[Pair] = []
    for path in sorted(Path(__file__).parent.joinpath("pairs").glob("*.sql")):
        common, is_after = "", False
        for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
            if line.startswith("--# "):
                common, is_group = "", True
            elif line.startswith("--= "):
                pairs.append(Pair(f"{path.stem}: {line[4:].strip()}", f"c{len(pairs)}", common))
                is_group = is_after = False
            elif line.startswith("-->"):
                is_after = True
            elif line.startswith("--! "):
                pairs[-1].flags |= set(line[4:].split())
            elif is_group:
                common += line
            elif is_after:
                pairs[-1].after += line
            else:
                pairs[-1].before += line
    return pairs


PAIRS = read_pairs()


class Side:
    """A database, and a session with the engine in its temporary schema."""

    def __init__(self, pg: PgServer) -> None:
        self.pg = pg
        self.name = pg.create_database()
        self.conn: psycopg.Connection[dict[str, Any]] = psycopg.connect(
            pg.url(self.name), autocommit=True, row_factory=dict_row
        )
        self.conn.execute("SET client_min_messages = warning")
        self.engine = Connection(pg.url(self.name), 60)
        self.engine.run(
            "SET client_min_messages = warning; SET check_function_bodies = off; SET pggit.whole_database = on; "
            "SET search_path = pg_catalog, pg_temp;"
            + compare.engine_sql("read")
            + compare.engine_sql("plan")
        )

    def close(self) -> None:
        self.engine.close()
        self.conn.close()
        self.pg.drop_database(self.name)

    def run(self, script: str) -> None:
        self.pg.psql(self.name, text=f"SET client_min_messages = warning;\n{script}")

    def read(self, schema: str) -> str:
        self.conn.execute("SET search_path = pg_catalog, pg_temp")
        return str(self.engine.query(compare._READ, compare._array([schema]), "f")[0][0])

    def plan(self, before: str, after: str) -> list[compare.Step]:
        if before == after:
            return []
        return [compare._step(row) for row in self.engine.query(compare._PLAN, before, after)]

    def dump(self, pair: Pair) -> list[str]:
        return entries(self.pg, self.name, "order" in pair.flags, f"--schema={pair.schema}")

    def identities(self, pair: Pair) -> dict[tuple[str, ...], tuple[int, ...]]:
        """What must survive: relations by kind and name, columns by name."""
        found: dict[tuple[str, ...], tuple[int, ...]] = {}
        rows = self.conn.execute(
            "SELECT c.relname, c.relkind::text, c.oid, a.attname, a.attnum FROM pg_class c"
            " LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND relkind <> 'S'"
            " WHERE c.relnamespace = %s::regnamespace AND c.relkind IN ('r', 'p', 'S', 'm', 'f')",
            [pair.schema],
        )
        for row in rows:
            if "recreates" not in pair.flags:
                found[row["relname"], row["relkind"]] = (row["oid"],)
            if "lossy" not in pair.flags and row["attname"] and row["relkind"] in "rp":
                found[row["relname"], row["relkind"], row["attname"]] = (row["oid"], row["attnum"])
        return found


def entries(pg: PgServer, database: str, is_order_free: bool, *options: str) -> list[str]:
    """What pg_dump writes, entry by entry, without what has no meaning: the order of grants and of storage options."""
    found = []
    for one in re.split(r"\n--\n(?=-- Name: )", dump_schema(pg, database, *options))[1:]:
        lines = [
            re.sub(
                r"\bWITH \(([a-z_.]+=.*)\)", lambda m: str(sorted(m[1].split(", "))), line.rstrip()
            )
            for line in one.splitlines()
            if line and not re.match(r"SET default_|\\|--\s*$|-- PostgreSQL", line)
        ]
        kind = lines[0].partition("; Type: ")[2]
        if kind.startswith(("ACL", "DEFAULT ACL")) or (is_order_free and kind.startswith("TABLE;")):
            lines[1:] = sorted(line.rstrip(",") for line in lines[1:])
        found.append("\n".join(lines))
    return sorted(found)


def dump_schema(pg: PgServer, database: str, *options: str) -> str:
    command = [pg.bin / "pg_dump", "--schema-only", "-d", pg.url(database), *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def make_globals(pg: PgServer) -> None:
    """Roles and a tablespace that pairs name."""
    with psycopg.connect(pg.maintenance_url, autocommit=True) as conn:
        for role in ROLES:
            with suppress(errors.DuplicateObject, errors.UniqueViolation):
                conn.execute(f"CREATE ROLE {role}")
        conn.execute("SET allow_in_place_tablespaces = on")
        with suppress(errors.DuplicateObject, errors.UniqueViolation):
            conn.execute("CREATE TABLESPACE pggit_test_space LOCATION ''")


@pytest.fixture(scope="session")
def sides(pg: PgServer) -> Iterator[tuple[Side, Side, Side]]:
    """Three databases: one that migrates, one at the goal, one that stays at the start."""
    make_globals(pg)
    found = Side(pg), Side(pg), Side(pg)
    yield found
    for side in found:
        side.close()


@dataclass
class Snapshot:
    """All that is to be known about a side: as the engine reads it, as pg_dump writes it, and who is who."""

    objects: str
    dump: list[str]
    identities: dict[tuple[str, ...], tuple[int, ...]]

    @classmethod
    def take(cls, side: Side, pair: Pair) -> "Snapshot":
        return cls(side.read(pair.schema), side.dump(pair), side.identities(pair))


def run_in_one_session(side: Side, steps: list[compare.Step]) -> None:
    script = compare.render(steps)
    done = side.pg.psql(
        side.name, text=f"SET client_min_messages = warning;\n{script}", check=False
    )
    assert done.returncode == 0, f"{done.stderr}\n{script}"


def run_step_by_step(side: Side, steps: list[compare.Step]) -> None:
    """Each step in a transaction of its own, which must take the lock and do the work that the step names."""
    side.conn.execute("SET timezone = 'Europe/Berlin'")  # in UTC PostgreSQL skips some rewrites
    found = [fault for step in steps for fault in faults(step, observe(side.conn, step))]
    side.conn.execute("RESET search_path; RESET timezone; SET check_function_bodies = off")
    assert found == []


def migrate(
    side: Side,
    now: Snapshot,
    goal: Snapshot,
    pair: Pair,
    run: Callable[[Side, list[compare.Step]], None] = run_in_one_session,
) -> Snapshot:
    steps = side.plan(now.objects, goal.objects)
    script = compare.render(steps)
    run(side, steps)
    then = Snapshot.take(side, pair)
    assert then.dump == goal.dump, f"differs from the goal after\n{script}"
    again = compare.render(side.plan(then.objects, goal.objects))
    assert again == "", f"not empty the second time:\n{again}\nafter\n{script}"
    anew = [
        key
        for key, identity in now.identities.items()
        if key in goal.identities and then.identities[key] != identity
    ]
    assert anew == [], f"made anew by\n{script}"
    return then


@pytest.mark.parametrize("pair", PAIRS, ids=[pair.name for pair in PAIRS])
def test_pair_there_and_back(sides: tuple[Side, Side, Side], pair: Pair) -> None:
    moving, goal, start = sides
    if "18" in pair.flags and moving.pg.major < 18:
        pytest.skip("PostgreSQL 18 has it first")
    for side, text in ((moving, pair.before), (goal, pair.after), (start, pair.before)):
        side.run(pair.script(text))
    try:
        first, last = Snapshot.take(start, pair), Snapshot.take(goal, pair)
        now = Snapshot(first.objects, first.dump, moving.identities(pair))
        assert "beside" in pair.flags or now.dump != last.dump, "the pair is no pair"
        try:
            now = migrate(moving, now, last, pair)
        except AssertionError as failed:
            try:  # from the goal itself, so that one failure does not hide another
                migrate(goal, last, first, pair)
            except AssertionError as failed_too:
                raise AssertionError(f"{failed}\n\nand back: {failed_too}") from None
            raise
        if "one-way" not in pair.flags:
            run = run_in_one_session if "reindexes" in pair.flags else run_step_by_step
            migrate(moving, now, first, pair, run)
    finally:
        for side in sides:
            side.conn.execute(f"DROP SCHEMA IF EXISTS {pair.schema} CASCADE")


@pytest.mark.slow
def test_all_pairs_in_one_migration_leave_no_trace(pg: PgServer) -> None:
    make_globals(pg)
    names = pg.create_database(), pg.create_database()
    try:
        for name, side in zip(names, ("before", "after"), strict=True):
            script = "\n".join(
                pair.script(getattr(pair, side))
                for pair in PAIRS
                if "18" not in pair.flags or pg.major >= 18
            )
            pg.psql(name, text=f"SET client_min_messages = warning;\n{script}")
        goal = entries(pg, names[1], True)
        urls = [pg.url(name) for name in names]
        plan = compare.compare(*urls)
        assert entries(pg, names[1], True) == goal
        pg.psql(names[0], text=f"SET client_min_messages = warning;\n{plan.script}")
        assert entries(pg, names[0], True) == goal
        assert compare.compare(*urls).script == ""
    finally:
        for name in names:
            pg.drop_database(name)
