"""Time what is read after one small change of a large schema, against two floors measured between the same calls.

The definitions: bench.py's floor, every index, constraint and column definition with plain catalog queries. The row versions:
one plain scan of the catalogs that definitions stand in, counting the versions that are newer than a transaction. Where the
system tells the CPU time of the backend (Linux), it is that; elsewhere the time that passes.

    make bench                          schemas/large.sql of $PGGIT_SCHEMAS, PostgreSQL of the wheel
    .venv/bin/python tests/load/bench_reading.py --major 15 --schema FILE
"""

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from bench import FLOOR, arguments, cluster, connect, load
from psycopg import sql

from pggit import migrate

ROUNDS = 9
CATALOGS = [
    "pg_class",
    "pg_attribute",
    "pg_attrdef",
    "pg_constraint",
    "pg_index",
    "pg_inherits",
    "pg_sequence",
    "pg_trigger",
    "pg_policy",
    "pg_rewrite",
    "pg_proc",
    "pg_aggregate",
    "pg_type",
    "pg_enum",
    "pg_range",
    "pg_description",
    "pg_foreign_table",
    "pg_operator",
    "pg_opclass",
    "pg_opfamily",
    "pg_collation",
    "pg_ts_config",
    "pg_ts_dict",
    "pg_language",
    "pg_am",
    "pg_extension",
    "pg_depend",
]
SCAN = " UNION ALL ".join(
    f"SELECT count(*) FROM {catalog} WHERE age(xmin) <= 1" for catalog in CATALOGS
)
DEFINITIONS, SCANNED = "floor: the definitions", "floor: the row versions"
UNCHANGED, STATUS, COMMIT = "status, nothing changed", "status, one column", "commit, one column"


def clock(pid: int) -> float:
    """Seconds of CPU that a process has used, or that have passed."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except FileNotFoundError:
        return time.perf_counter()


def track(url: str, schemas: list[str]) -> None:
    with connect(url) as conn:
        migrate.upgrade(conn)
        named = sql.SQL(", ").join(map(sql.Literal, schemas))
        conn.execute(sql.SQL("SELECT pggit.init({})").format(named))
        conn.execute("VACUUM ANALYZE")


def bench(conn: psycopg.Connection, schemas: list[str]) -> tuple[dict[str, list[float]], int]:
    """The seconds of each step, round by round, and the most bytes of WAL that a commit took."""
    taken: dict[str, list[float]] = {}
    wal = 0
    pid = conn.info.backend_pid

    def timed(name: str, step: Callable[[], object]) -> None:
        start = clock(pid)
        step()
        taken.setdefault(name, []).append(clock(pid) - start)

    def read_definitions() -> None:
        for text in FLOOR:
            conn.execute(text.encode(), [schemas])

    def position() -> int:
        row = conn.execute("SELECT pg_current_wal_insert_lsn() - '0/0'").fetchone()
        return int(row[0]) if row else 0

    for number in range(ROUNDS):
        timed(DEFINITIONS, read_definitions)
        timed(SCANNED, lambda: conn.execute(SCAN.encode()).fetchall())
        timed(UNCHANGED, lambda: conn.execute("SELECT * FROM pggit.status('main')").fetchall())
        conn.execute(f"ALTER TABLE ai_settings ADD COLUMN bench_{number} integer".encode())
        timed(STATUS, lambda: conn.execute("SELECT * FROM pggit.status('main')").fetchall())
        before = position()
        timed(COMMIT, lambda: conn.execute("SELECT pggit.commit('one column', 'main')").fetchall())
        wal = max(wal, position() - before)
    return taken, wal


def report(taken: dict[str, list[float]], wal: int) -> None:
    print(
        f"{'the least of ' + str(ROUNDS) + ' (the median)':<28} {'ms':>15} {'definitions':>13} {'row versions':>13}"
    )
    for name, seconds in taken.items():
        least, median = min(seconds), statistics.median(seconds)
        ratios = [
            f"{least / min(taken[floor]):.2f} ({median / statistics.median(taken[floor]):.2f})"
            for floor in (DEFINITIONS, SCANNED)
        ]
        print(
            f"{name:<28} {least * 1000:6.1f} ({median * 1000:6.1f}) {ratios[0]:>13} {ratios[1]:>13}"
        )
    print(f"WAL of a commit, full-page images off: {wal / 1000:.0f} kB at most", flush=True)


def main() -> int:
    options = arguments(__doc__ or "").parse_args()
    with cluster(options.major, {"full_page_writes": "off"}) as (server, binaries):
        with connect(server.url()) as conn:
            conn.execute("CREATE DATABASE bench")
        schemas = load(binaries.program("psql"), server.url("bench"), options.schema)
        track(server.url("bench"), schemas)
        with connect(server.url("bench")) as conn:
            report(*bench(conn, schemas))
    return 0


if __name__ == "__main__":
    sys.exit(main())
