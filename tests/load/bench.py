"""Time the main job on a large schema, against a floor measured in the same run.

The floor reads every index, constraint and column definition of the same schema with plain catalog queries: no tool that
knows the whole schema can do with less. Each step prints its time and how many floors that is.

    make bench                                    schemas/large.sql of $PGGIT_SCHEMAS, PostgreSQL of the wheel
    .venv/bin/python tests/load/bench.py --major 15 --set max_connections=20 --schema FILE
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from pggit import migrate
from pggit.embedded import Binaries, Server, find_binaries

FLOOR = (
    "SELECT count(pg_get_indexdef(i.indexrelid)) FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indexrelid "
    "WHERE c.relnamespace = ANY (%s::regnamespace[])",
    "SELECT count(pg_get_constraintdef(k.oid)) FROM pg_constraint AS k WHERE k.connamespace = ANY (%s::regnamespace[])",
    "SELECT count(format_type(a.atttypid, a.atttypmod)), count(pg_get_expr(d.adbin, d.adrelid)) FROM pg_attribute AS a "
    "JOIN pg_class AS c ON c.oid = a.attrelid LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum "
    "WHERE c.relnamespace = ANY (%s::regnamespace[]) AND a.attnum > 0",
)
SHAPE = (
    "SELECT count(*) FILTER (WHERE c.relkind IN ('r', 'p')), count(*) FILTER (WHERE c.relkind IN ('i', 'I')) "
    "FROM pg_class AS c WHERE c.relnamespace = ANY (%s::regnamespace[])"
)
TABLES = (
    "SELECT c.relname FROM pg_class AS c WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' "
    'AND NOT c.relispartition ORDER BY c.relname COLLATE "C" LIMIT 40'
)
STATEMENTS = 20


class Timer:
    """Prints a line for each step."""

    def __init__(self) -> None:
        self.floor = 0.0
        self.ddl = 0.0
        self.failed = 0
        self.taken: dict[str, float] = {}

    def compare(self, name: str, base: str, seconds: float) -> None:
        """Print what a step took in terms of another."""
        if name in self.taken and seconds:
            print(f"  {name}: {self.taken[name] / seconds:.2f} x {base}", flush=True)

    def run(self, name: str, step: Callable[[], object]) -> object:
        start = time.perf_counter()
        try:
            result = step()
        except (psycopg.Error, subprocess.CalledProcessError, OSError) as error:
            self.failed += 1
            print(f"{name:<34} FAILED  {str(error).splitlines()[0]}", flush=True)
            return None
        seconds = self.taken[name] = time.perf_counter() - start
        ratio = f"{seconds / self.floor:6.1f} x floor" if self.floor else ""
        print(f"{name:<34} {seconds:8.2f} s  {ratio}", flush=True)
        return result


@contextmanager
def cluster(major: int | None, settings: dict[str, str]) -> Iterator[tuple[Server, Binaries]]:
    binaries = find_binaries(major)
    home = Path(tempfile.mkdtemp(prefix="pggit-bench-"))
    try:
        with Server(home, binaries, settings=settings, trust=True) as server:
            yield server, binaries
    finally:
        shutil.rmtree(home, ignore_errors=True)


def connect(url: str) -> psycopg.Connection:
    return psycopg.connect(url, autocommit=True)


def arguments(description: str) -> argparse.ArgumentParser:
    """The options of every benchmark on a schema."""
    parser = argparse.ArgumentParser(description=description.splitlines()[0])
    folder = os.environ.get("PGGIT_SCHEMAS")
    parser.add_argument(
        "--schema",
        type=Path,
        default=Path(folder) / "large.sql" if folder else None,
        required=not folder,
        help="default: large.sql in the folder PGGIT_SCHEMAS",
    )
    parser.add_argument("--major", type=int, help="of the server; default: the newest found")
    return parser


def load(psql: str, url: str, schema: Path) -> list[str]:
    """Run a schema's own DDL in one transaction; the names of its schemas, public first."""
    loading = [psql, "-Xq", "-v", "ON_ERROR_STOP=1", "-1", "-d", url, "-f", str(schema)]
    subprocess.run(loading, check=True, stdout=subprocess.DEVNULL)
    with connect(url) as conn:
        rows = conn.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)' ORDER BY nspname = 'public' DESC, 1"
        ).fetchall()
    return [row[0] for row in rows]


def changes(tables: list[str], tag: str) -> list[sql.Composed]:
    """Ordinary DDL, all kinds of it, unqualified."""
    texts = (
        "ALTER TABLE {t} ADD COLUMN {n} integer",
        "CREATE INDEX {i} ON {t} ((1))",
        "COMMENT ON TABLE {t} IS 'changed'",
        "ALTER TABLE {t} ADD CONSTRAINT {n} CHECK (true)",
        "CREATE TABLE {i} (LIKE {t})",
    )
    made = []
    for number in range(STATEMENTS):
        names = {"t": tables[number], "n": f"{tag}_{number}", "i": f"bench_{tag}_{number}"}
        made.append(
            sql.SQL(texts[number % len(texts)]).format(
                **{key: sql.Identifier(name) for key, name in names.items()}
            )
        )
    return made


def run_changes(conn: psycopg.Connection, statements: list[sql.Composed]) -> None:
    for statement in statements:
        conn.execute(statement)


def compare(one: str, other: str) -> None:
    program = [sys.executable, "-m", "pggit.cli", "compare", one, other]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        raise OSError(done.stderr.strip() or "pggit compare failed")


def query(conn: psycopg.Connection, text: str) -> int:
    return len(conn.execute(text.encode()).fetchall())


def bench(url: str, schema: Path, psql: str, timer: Timer) -> None:
    start = time.perf_counter()
    schemas = load(psql, url, schema)
    timer.ddl = time.perf_counter() - start
    with connect(url) as conn:
        tables, indexes = conn.execute(SHAPE, [schemas]).fetchone() or (0, 0)
        print(
            f"{schema.name}: {len(schemas)} schemas, {tables} tables, {indexes} indexes; server {conn.info.server_version}"
        )
        for text in FLOOR:
            conn.execute(
                text.encode(), [schemas]
            )  # once to warm the caches, as every later step finds them
        start = time.perf_counter()
        for text in FLOOR:
            conn.execute(text.encode(), [schemas])
        timer.floor = time.perf_counter() - start
        print(f"{'floor: plain catalog queries':<34} {timer.floor:8.2f} s")
        print(f"{'floor: its own DDL, psql -1':<34} {timer.ddl:8.2f} s")
        migrate.upgrade(conn)
        named = sql.SQL(", ").join(sql.Literal(name) for name in schemas)
        timer.run("init", lambda: conn.execute(sql.SQL("SELECT pggit.init({})").format(named)))
        timer.run("create_branch", lambda: query(conn, "SELECT pggit.create_branch('bench')"))
        timer.run("build_worktree", lambda: conn.execute(b"CALL pggit.build_worktree('bench')"))
        timer.compare("build_worktree", "its own DDL", timer.ddl)
        names = [row[0] for row in conn.execute(TABLES, [schemas[0]]).fetchall()]
        if timer.failed:
            return
        with connect(url) as session:
            timer.run("checkout", lambda: query(session, "SELECT pggit.checkout('bench')"))
            run_changes(session, changes(names[:20], "theirs"))
            timer.run(
                "status, 20 statements", lambda: query(session, "SELECT * FROM pggit.status()")
            )
            timer.run(
                "commit on the branch", lambda: query(session, "SELECT pggit.commit('theirs')")
            )
            timer.run("status, clean", lambda: query(session, "SELECT * FROM pggit.status()"))
        conn.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(schemas[0])))
        run_changes(conn, changes(names[20:], "ours"))
        timer.run("commit on main", lambda: query(conn, "SELECT pggit.commit('ours', 'main')"))
        timer.run(
            "diff of the branches", lambda: query(conn, "SELECT * FROM pggit.diff('main', 'bench')")
        )
        timer.run(
            "migration of the branches",
            lambda: query(conn, "SELECT * FROM pggit.migration('main', 'bench')"),
        )
        timer.run(
            "preview_merge", lambda: query(conn, "SELECT pggit.preview_merge('bench', 'main')")
        )
        timer.compare("preview_merge", "build_worktree", timer.taken.get("build_worktree", 0.0))
        timer.run("merge", lambda: query(conn, "SELECT pggit.merge('bench', 'main', 'bench')"))
        timer.compare("merge", "build_worktree", timer.taken.get("build_worktree", 0.0))
        timer.run("log", lambda: query(conn, "SELECT * FROM pggit.log('main')"))


def main() -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a server setting"
    )
    options = parser.parse_args()
    timer = Timer()
    with cluster(options.major, dict(item.split("=", 1) for item in options.set)) as (
        server,
        binaries,
    ):
        for name in ("bench", "other"):
            with connect(server.url()) as conn:
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        psql = binaries.program("psql")
        bench(server.url("bench"), options.schema, psql, timer)
        if timer.failed:
            return 1
        load(psql, server.url("other"), options.schema)
        timer.run(
            "compare with another database",
            lambda: compare(server.url("other"), server.url("bench")),
        )
        with connect(server.url("bench")) as conn:
            timer.run("drop_worktree", lambda: conn.execute(b"CALL pggit.drop_worktree('bench')"))
            timer.compare("drop_worktree", "its own DDL", timer.ddl)
    return 1 if timer.failed else 0


if __name__ == "__main__":
    sys.exit(main())
