"""Time `pggit compare` on a large schema against a floor and a peer measured in the same run.

The floor reads the index, constraint and column definitions of both databases with plain catalog queries, side by side, each over
a connection of its own. The peer is migra, from the package index, in an environment of its own; without an index it is left out.

    make bench
    .venv/bin/python tests/load/bench_compare.py --major 15 --schema FILE
"""

import resource
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
from bench import FLOOR, STATEMENTS, TABLES, arguments, changes, cluster, connect, load, run_changes
from psycopg import sql

from pggit.embedded import Server

ROUNDS = 5
PEER = ("migra==3.0.1663481299", "psycopg2-binary", "sqlalchemy<2.1", "setuptools<81")
SMALL = """
CREATE SCHEMA shop;
CREATE TABLE shop.people (person_id integer PRIMARY KEY, name text NOT NULL);
CREATE TABLE shop.orders (order_id integer PRIMARY KEY, person_id integer REFERENCES shop.people, placed date);
CREATE TABLE shop.lines (order_id integer REFERENCES shop.orders, place integer, price numeric, PRIMARY KEY (order_id, place));
CREATE INDEX ON shop.orders (person_id);
"""
SMALL_CHANGE = "ALTER TABLE shop.people ADD email text"


def best(step: Callable[[], object]) -> float:
    """Seconds of the fastest of some runs: others on the machine only make it slower."""
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return min(times)


def read_definitions(url: str) -> None:
    with connect(url) as conn:
        rows = conn.execute(
            "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'"
        ).fetchall()
        for text in FLOOR:
            conn.execute(text.encode(), [[row[0] for row in rows]])


def floor(urls: Sequence[str]) -> None:
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(read_definitions, urls))


def run(command: Sequence[str], codes: Sequence[int]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode not in codes:
        raise OSError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else command[0])


def peer(home: Path) -> Path | None:
    """The program of the peer, installed for this run."""
    venv.create(home, with_pip=True)
    installing = [str(home / "bin" / "pip"), "install", "-q", *PEER]
    done = subprocess.run(installing, capture_output=True, text=True, check=False)
    return home / "bin" / "migra" if done.returncode == 0 else None


def bench_large(server: Server, psql: str, schema: Path) -> None:
    urls = [server.url("one"), server.url("other")]
    first = load(psql, urls[0], schema)[0]
    with connect(server.url()) as conn:
        conn.execute("CREATE DATABASE other TEMPLATE one")
    with connect(urls[1]) as conn:
        names = [one[0] for one in conn.execute(TABLES, [first]).fetchall()]
        conn.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(first)))
        run_changes(conn, changes(names, "new"))
    read = best(lambda: floor(urls))
    print(f"{'floor: both catalogs, side by side':<42} {read:8.2f} s")
    program = [sys.executable, "-m", "pggit.cli", "compare"]
    taken = best(lambda: run([*program, *urls], (1,)))
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{f'pggit compare, {STATEMENTS} changes':<42} {taken:8.2f} s  {taken / read:6.2f} x floor, {memory:.0f} MB"
    )
    equal = best(lambda: run([*program, urls[0], urls[0]], (0,)))
    print(f"{'pggit compare, no change':<42} {equal:8.2f} s  {equal / read:6.2f} x floor")
    with tempfile.TemporaryDirectory(prefix="pggit-bench-peer-") as home:
        migra = peer(Path(home))
        if migra is None:
            print("migra: not to be had from the package index")
            return
        theirs = best(lambda: run([str(migra), "--unsafe", *urls], (2,)))
        print(f"{'migra':<42} {theirs:8.2f} s  {theirs / taken:6.2f} x pggit compare")


def bench_small(server: Server) -> None:
    urls = [server.url("small"), server.url("small_other")]
    for url, more in zip(urls, ("", SMALL_CHANGE), strict=True):
        with connect(url) as conn:
            conn.execute((SMALL + more).encode())
    taken = best(lambda: run([sys.executable, "-m", "pggit.cli", "compare", *urls], (1,)))
    start = best(lambda: run([sys.executable, "-c", "import psycopg"], (0,)))
    print(
        f"{'pggit compare, three tables':<42} {taken:8.3f} s  (the driver alone starts in {start:.3f} s)"
    )


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    with cluster(options.major, {}) as (server, binaries):
        for name in ("one", "small", "small_other"):
            with connect(server.url()) as conn:
                conn.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            bench_small(server)
            bench_large(server, binaries.program("psql"), options.schema)
        except (psycopg.Error, subprocess.CalledProcessError, OSError) as error:
            print(f"FAILED  {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
