"""Whole schemas of real systems: a branch of one is the same to `pggit compare`, and it migrates from empty and back to empty."""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from compare.test_own_pairs import entries
from servers import PgServer

FOLDER = os.environ.get("PGGIT_SCHEMAS", "")
SCHEMAS = ("sakila", "bytebase", "employee")
# 1,400 tables take minutes.
LARGE = pytest.param(
    "large",
    marks=pytest.mark.skipif("PGGIT_LARGE" not in os.environ, reason="takes minutes: make large"),
)
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="PGGIT_SCHEMAS names the folder of the real schemas"
)
TRACK = """
SELECT pggit.init(VARIADIC ARRAY(
    SELECT n.nspname FROM pg_namespace AS n
    WHERE n.nspname !~ '^(pg_|information_schema|_?pggit)' ORDER BY n.nspname));
SELECT pggit.create_branch('copy');
CALL pggit.build_worktree('copy');
"""
# The worktree takes the place of the live schemas. What is no part of it, as it is a matter of who made it and where, is told
# again: its owner, and what initdb gives to the schema public.
SWAP = """
REASSIGN OWNED BY pggit_writer TO CURRENT_USER;
SELECT format('DROP SCHEMA %I CASCADE', left(n.nspname, -5)) FROM pg_namespace AS n WHERE n.nspname ~ '@copy$' \\gexec
SELECT format('ALTER SCHEMA %I RENAME TO %I', n.nspname, left(n.nspname, -5))
FROM pg_namespace AS n WHERE n.nspname ~ '@copy$' \\gexec
ALTER SCHEMA public OWNER TO pg_database_owner;
COMMENT ON SCHEMA public IS 'standard public schema';
"""


@pytest.fixture
def schema(request: pytest.FixtureRequest) -> str:
    return str(Path(FOLDER) / f"{request.param}.sql")


@pytest.fixture
def full(pg: PgServer, schema: str) -> Iterator[str]:
    """Name of a database that has the schema, without pggit."""
    name = pg.create_database()
    pg.psql(name, "-f", schema)
    yield name
    pg.drop_database(name)


def described(pg: PgServer, database: str) -> list[str]:
    """What pg_dump writes, without the names of those indexes of partitions that PostgreSQL counts, because several would have
    the same name: the numbers tell the order in which they were made."""
    whole = entries(pg, database, False)
    names = {
        name
        for entry in whole
        for name in re.findall(r"ATTACH PARTITION \w+\.(\w+_idx\d*);", entry)
    }
    # the number takes the place of the last letters of a long name
    stems = {name: re.sub(r"_idx\d*$", "", name)[:56] for name in names}
    counts = Counter(stems.values())
    counted = {name for name in names if counts[stems[name]] > 1}
    return sorted(
        re.sub(r"\w+_idx\d*", lambda m: "#" if m[0] in counted else m[0], entry) for entry in whole
    )


def compare(from_url: str, to_url: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "pggit.cli", "compare", from_url, to_url]
    return subprocess.run(command, capture_output=True, text=True, check=False)


# Not the large one: to drop that, and to give it another owner, takes more locks than a server has by default.
@pytest.mark.parametrize("schema", SCHEMAS, indirect=True)
def test_a_checkout_is_the_schema_again(pg: PgServer, full: str, schema: str) -> None:
    goal = pg.url(full)
    with pg.database(pg.template()) as url:
        name = url.rpartition("/")[2]
        pg.psql(name, "-f", schema)
        pg.psql(name, text=TRACK)
        with psycopg.connect(url) as conn:
            assert conn.execute("SELECT * FROM pggit.status('copy')").fetchall() == []
        pg.psql(name, text=f"SET client_min_messages = warning;\n{SWAP}")
        done = compare(url, goal)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("schema", [*SCHEMAS, LARGE], indirect=True)
def test_it_migrates_from_empty_and_back_to_empty(pg: PgServer, full: str) -> None:
    start, goal = pg.create_database(), pg.create_database()
    try:
        bare = described(pg, goal)
        for there, wanted in ((full, described(pg, full)), (goal, bare)):
            plan = compare(pg.url(start), pg.url(there))
            assert plan.returncode == 1, plan.stderr
            pg.psql(start, text=f"SET client_min_messages = warning;\n{plan.stdout}")
            assert described(pg, start) == wanted
            again = compare(pg.url(start), pg.url(there))
            assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    finally:
        for name in (start, goal):
            pg.drop_database(name)
