"""Time calls on a long history, and on a repository of many branches, against the same calls on a short one in the same run.

The history is of one change each on a schema of 14 tables, written as `pggit.commit` writes it, without reading the catalog each
time. Each call is the fastest of some.

    make bench
    .venv/bin/python tests/load/bench_history.py --major 15 --commits 2000 --branches 200
"""

import argparse
import sys
import time

import psycopg
from bench import cluster, connect

from pggit import migrate

ROUNDS = 25
TABLES = "".join(
    f"CREATE TABLE shop.t_{number} (id integer PRIMARY KEY, name text NOT NULL, placed date, price numeric, "
    "note text UNIQUE, size integer DEFAULT 1 CHECK (size > 0));"
    for number in range(14)
)
# Commit number n comments on the tables by turns.
GROW = """
DO $do$
DECLARE
    v_branch _pggit.branches := _pggit.get_branch('long');
    v_tree   bytea := _pggit.commit_tree(v_branch.head_commit_id);
    v_from   integer := (SELECT count(*) FROM _pggit.commits);
    v_old    _pggit.object[];
    v_new    _pggit.object[];
    v_commit integer := v_branch.head_commit_id;
BEGIN
    FOR v_number IN v_from .. v_from + {more} - 1 LOOP
        v_old := ARRAY(
            SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(v_tree) AS o
            WHERE o.kind = 'schema' OR o.kind = 'table' AND o.name = 't_' || v_number % 14);
        v_new := ARRAY(
            SELECT ROW(o.object_id, o.kind, o.parent_id, o.schema_name, o.table_name, o.name, o.signature,
                o.attrs || CASE o.kind WHEN 'table' THEN jsonb_build_object('comment', v_number::text) ELSE '{{}}' END,
                o.deps)::_pggit.object
            FROM unnest(v_old) AS o);
        v_tree := _pggit.patch_tree(v_tree, v_old, v_new);
        v_commit := _pggit.write_commit(v_tree, ARRAY[v_commit], 'change ' || v_number);
    END LOOP;
    PERFORM _pggit.move_branch(v_branch.branch_id, v_branch.head_commit_id, v_commit, 'commit');
END;
$do$
"""
CALLS = {
    "log": "SELECT * FROM pggit.log('long')",
    "diff, one change": "SELECT * FROM pggit.diff('long~1', 'long')",
    "diff, fifty changes": "SELECT * FROM pggit.diff('long~50', 'long')",
    "merge base": "SELECT m.* FROM pggit.branches AS l CROSS JOIN pggit.branches AS s "
    "CROSS JOIN LATERAL _pggit.merge_bases(l.head_commit_id, s.head_commit_id) AS m WHERE l.name = 'long' AND s.name = 'side'",
    "blame": "SELECT * FROM pggit.blame('shop.t_3', 'long')",
    "status": "SELECT * FROM pggit.status('main')",
    "preview of a merge": "SELECT pggit.preview_merge('long', 'main')",
}
SIZE = """
SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c
WHERE c.relnamespace = '_pggit'::regnamespace AND c.relkind = 'r'
"""
BRANCH_CALLS = {
    "branches": "SELECT * FROM pggit.branches ORDER BY branch_id LIMIT 10",
    "log": "SELECT * FROM pggit.log('long')",
    "diff": "SELECT * FROM pggit.diff('main', 'b_1')",
    "status": "SELECT * FROM pggit.status('main')",
    "checkout": "SELECT pggit.checkout('main')",
    "commit": "SELECT pggit.commit('nothing', 'main', true)",
    "preview of a merge": "SELECT pggit.preview_merge('b_1', 'main')",
    "create a branch": "BEGIN; SELECT pggit.create_branch('bench_new', 'main'); ROLLBACK",
    "delete a branch": "BEGIN; SELECT pggit.delete_branch('b_2'); ROLLBACK",
}


def measure(conn: psycopg.Connection, calls: dict[str, str]) -> dict[str, float]:
    """Milliseconds of each call: others on the machine only make it slower."""
    conn.execute("ANALYZE")  # as autovacuum does within its minute
    taken = {}
    for name, call in calls.items():
        times = []
        for _ in range(ROUNDS):
            start = time.perf_counter()
            conn.execute(call.encode())
            times.append(time.perf_counter() - start)
        taken[name] = min(times) * 1000
    return taken


def tell(small: dict[str, float], large: dict[str, float]) -> None:
    for name, before in small.items():
        print(f"{name:<24} {before:9.2f} ms {large[name]:9.2f} ms  {large[name] / before:6.2f} x")


def size(conn: psycopg.Connection) -> int:
    row = conn.execute(SIZE.encode()).fetchone()
    assert row is not None
    return int(row[0])


def bench_commits(conn: psycopg.Connection, commits: int) -> None:
    conn.execute(
        "SELECT pggit.create_branch('side', 'main'); SELECT pggit.create_branch('long', 'main')"
    )
    empty = size(conn)
    conn.execute(GROW.format(more=99).encode())
    few = size(conn)
    small = measure(conn, CALLS)
    conn.execute(GROW.format(more=(commits - 100) // 2).encode())
    half = size(conn)
    conn.execute(GROW.format(more=commits - 100 - (commits - 100) // 2).encode())
    many = size(conn)
    print(f"{'':<24} {'100':>9} {commits:>12} commits")
    tell(small, measure(conn, CALLS))
    first, second = (
        (half - few) / ((commits - 100) // 2),
        (many - half) / (commits - 100 - (commits - 100) // 2),
    )
    print(
        f"bytes a commit: {(few - empty) / 99:.0f} of the first 100, {first:.0f} of the first half, {second:.0f} of the second"
    )


def bench_branches(conn: psycopg.Connection, branches: int) -> None:
    conn.execute("SELECT pggit.create_branch('long', 'main')")
    conn.execute(GROW.format(more=60).encode())  # so that a log is full in both
    conn.execute("SELECT pggit.create_branch('b_' || n, 'long') FROM generate_series(1, 8) AS n")
    small = measure(conn, BRANCH_CALLS)
    conn.execute(
        f"SELECT pggit.create_branch('b_' || n, 'main') FROM generate_series(9, {branches - 2}) AS n".encode()
    )
    print(f"{'':<24} {'10':>9} {branches:>12} branches")
    tell(small, measure(conn, BRANCH_CALLS))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--major", type=int, help="of the server; default: the newest found")
    parser.add_argument("--commits", type=int, default=10_000)
    parser.add_argument("--branches", type=int, default=1_000)
    options = parser.parse_args()
    for bench, number in ((bench_commits, options.commits), (bench_branches, options.branches)):
        with cluster(options.major, {}) as (server, _), connect(server.url()) as conn:
            migrate.upgrade(conn)
            conn.execute(("CREATE SCHEMA shop;" + TABLES).encode())
            conn.execute("SELECT pggit.init('shop')")
            bench(conn, number)
    return 0


if __name__ == "__main__":
    sys.exit(main())
