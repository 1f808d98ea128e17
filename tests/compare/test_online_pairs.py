"""The pairs as `--online` migrates them: killed after every step, and begun again each time."""

import os
import re

import pytest

from compare.costs import faults, observe
from compare.test_own_pairs import PAIRS, Pair, Side, Snapshot, sides
from pggit import compare
from servers import PgServer

__all__ = ["sides"]
SLOW = pytest.mark.skipif("PGGIT_LARGE" not in os.environ, reason="takes minutes: make large")
# The line that stands before each step of a script.
STEP = re.compile(r"^-- step \d+ of \d+\b", re.M)


def prefixes(script: str) -> list[str]:
    """The script as far as it came before it was killed, step by step; the whole is the last."""
    return [*(script[: found.start()] for found in STEP.finditer(script)), script]


def steps_of(script: str) -> str:
    return script[script.index("CALL pg_temp.pggit_begin();") :]


def online_script(side: Side, before: str, after: str) -> str:
    side.engine.run("SET search_path = pg_catalog, pg_temp")
    rows = side.engine.query(compare._PLAN_ONLINE, before, after)
    return (rows[0][-1] or "") if rows else ""


def run(pg: PgServer, database: str, scripts: list[str]) -> None:
    """Each script in a session of its own."""
    text = "\\connect\n".join(f"SET client_min_messages = warning;\n{one}" for one in scripts)
    done = pg.psql(database, text=text, check=False)
    assert done.returncode == 0, f"{done.stderr}\n{steps_of(scripts[-1])}"


@pytest.fixture(scope="session")
def online_sides(sides: tuple[Side, Side, Side]) -> tuple[Side, Side, Side]:
    sides[0].engine.run(compare.engine_sql("online"))
    return sides


# Those that are about load, and some of the others; all of them take many minutes.
OFTEN = [
    pytest.param(
        pair, id=pair.name, marks=[] if pair.name.startswith("load") or not n % 24 else [SLOW]
    )
    for n, pair in enumerate(PAIRS)
]


@pytest.mark.parametrize("pair", OFTEN)
def test_a_migration_that_is_killed_after_any_step_goes_on(
    online_sides: tuple[Side, Side, Side], pair: Pair
) -> None:
    moving, goal, start = online_sides
    if "18" in pair.flags and moving.pg.major < 18:
        pytest.skip("PostgreSQL 18 has it first")
    for side, text in ((moving, pair.before), (goal, pair.after), (start, pair.before)):
        side.run(pair.script(text))
    try:
        first, last = Snapshot.take(start, pair), Snapshot.take(goal, pair)
        for now, then in ((first, last), (last, first)):
            if then is first and "one-way" in pair.flags:
                continue
            script = online_script(moving, now.objects, then.objects)
            run(moving.pg, moving.name, prefixes(script))
            found = Snapshot.take(moving, pair)
            assert found.dump == then.dump, f"differs from the goal after\n{steps_of(script)}"
            assert moving.plan(found.objects, then.objects) == []
    finally:
        for side in online_sides:
            side.conn.execute(f"DROP SCHEMA IF EXISTS {pair.schema} CASCADE")


# PostgreSQL can build these only behind a lock, or cannot take them apart.
LONG = {
    "load: an index and another partition",
    "load: an index and a partition less",
    "load: an index that a partition has already",
    "load: an index on a column that gives its name to another",
}
LOAD = [pair for pair in PAIRS if pair.name.startswith("load") and pair.name not in LONG]


@pytest.mark.parametrize("pair", LOAD, ids=[pair.name for pair in LOAD])
def test_under_load_no_step_scans_or_rewrites_behind_a_lock_that_stops_writers(
    online_sides: tuple[Side, Side, Side], pair: Pair
) -> None:
    moving, goal, _ = online_sides
    for side, text in ((moving, pair.before), (goal, pair.after)):
        side.run(pair.script(text))
    try:
        before, after = (side.read(pair.schema) for side in (moving, goal))
        moving.engine.run("SET search_path = pg_catalog, pg_temp")
        rows = moving.engine.query(compare._PLAN_ONLINE, before, after)
        steps = [compare._step(row[:-1]) for row in rows]
        assert [one.sql for one in steps if {"long_lock", "table_rewrite"} & {*one.hazards}] == []
        found = []
        for step in steps:
            beside = {"SHARE UPDATE EXCLUSIVE", "ROW EXCLUSIVE"}
            seen = faults(step, observe(moving.conn, step))
            found += [
                one for one in seen if not (step.lock_level in beside and one.startswith("scans"))
            ]
        assert found == []
        assert moving.plan(moving.read(pair.schema), after) == []
    finally:
        moving.conn.execute("RESET search_path; SET check_function_bodies = off")
        for side in online_sides:
            side.conn.execute(f"DROP SCHEMA IF EXISTS {pair.schema} CASCADE")
