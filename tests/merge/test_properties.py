"""What holds of every base and every two edits of it, tried on generated ones.

A script is a list of statements from a small world of names; what PostgreSQL refuses is left out, so that every script is
valid and shrinks well. A plain run tries a few fixed examples, `make properties` as many as PGGIT_EXAMPLES says, always new ones.
"""

import json
import os
from collections.abc import Iterator

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from psycopg import sql

from servers import PgServer

EXAMPLES = int(os.environ.get("PGGIT_EXAMPLES", "0"))
SETTINGS = settings(
    max_examples=EXAMPLES or 6,
    derandomize=not EXAMPLES,
    database=None,
    deadline=None,
    phases=(Phase.generate, Phase.shrink) if EXAMPLES else (Phase.generate,),
    suppress_health_check=list(HealthCheck),
    print_blob=False,
)

tables = st.sampled_from(["a", "b", "T c"])
columns = st.sampled_from(["x", "y", "Z", "id"])
types = st.sampled_from(
    ["integer", "bigint", "text", "varchar(20)", "numeric(8,2)", "boolean", "mood", "positive"]
)
values = st.sampled_from(["NULL", "1", "7", "'q'", "true", "'ok'", "now()", "f(2)"])
names = st.sampled_from(["k", "l"])
actions = st.sampled_from(["", " ON DELETE CASCADE", " ON UPDATE SET NULL", " DEFERRABLE"])


def statement(form: str, **parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """A form with {placeholders}; names among them are quoted."""

    def fill(found: dict[str, str]) -> str:
        return form.format(
            **{key: f'"{word}"' if key[0] in "tckn" else word for key, word in found.items()}
        )

    return st.fixed_dictionaries(parts).map(fill)


t = {"t": tables}
tc = {"t": tables, "c": columns}
create = statement(
    "CREATE TABLE {t} (id integer PRIMARY KEY, {c} {y} DEFAULT {v})", **tc, y=types, v=values
) | statement("CREATE TABLE {t} (id integer, x integer, y text)", **t)
column_edits = st.one_of(
    statement("ALTER TABLE {t} ADD {c} {y}", **tc, y=types),
    statement("ALTER TABLE {t} ADD {c} {y} NOT NULL DEFAULT {v}", **tc, y=types, v=values),
    statement("ALTER TABLE {t} ADD {c} integer GENERATED ALWAYS AS IDENTITY", **tc),
    statement("ALTER TABLE {t} ADD {c} integer GENERATED ALWAYS AS (id + 1) STORED", **tc),
    statement("ALTER TABLE {t} DROP {c} CASCADE", **tc),
    statement("ALTER TABLE {t} RENAME {c} TO {n}", **tc, n=columns),
    statement("ALTER TABLE {t} ALTER {c} TYPE {y} USING {c}::text::{y}", **tc, y=types),
    statement("ALTER TABLE {t} ALTER {c} SET DEFAULT {v}", **tc, v=values),
    statement("ALTER TABLE {t} ALTER {c} DROP DEFAULT", **tc),
    statement("ALTER TABLE {t} ALTER {c} SET NOT NULL", **tc),
    statement("ALTER TABLE {t} ALTER {c} DROP NOT NULL", **tc),
    statement("ALTER TABLE {t} ALTER {c} SET STORAGE EXTERNAL", **tc),
    statement(
        "COMMENT ON COLUMN {t}.{c} IS {v}", **tc, v=st.sampled_from(["NULL", "'one'", "'two'"])
    ),
)
part_edits = st.one_of(
    statement("ALTER TABLE {t} ADD CONSTRAINT {k} CHECK ({c} IS NOT NULL)", **tc, k=names),
    statement(
        "ALTER TABLE {t} ADD CONSTRAINT {k} CHECK (id > {v})", **t, k=names, v=st.sampled_from("12")
    ),
    statement("ALTER TABLE {t} ADD CONSTRAINT {k} UNIQUE ({c})", **tc, k=names),
    statement(
        "ALTER TABLE {t} ADD CONSTRAINT {k} FOREIGN KEY ({c}) REFERENCES {n}{s}",
        **tc,
        k=names,
        n=tables,
        s=actions,
    ),
    statement("ALTER TABLE {t} DROP CONSTRAINT {k} CASCADE", **t, k=names),
    statement("ALTER TABLE {t} RENAME CONSTRAINT {k} TO {n}", **t, k=names, n=names),
    statement("CREATE INDEX {k} ON {t} ({c})", **tc, k=st.sampled_from(["i", "j"])),
    statement(
        "CREATE UNIQUE INDEX {k} ON {t} ({c}) WHERE id > 0", **tc, k=st.sampled_from(["i", "j"])
    ),
    statement("DROP INDEX {k}", k=st.sampled_from(["i", "j"])),
    statement(
        "ALTER INDEX {k} RENAME TO {n}",
        k=st.sampled_from(["i", "j"]),
        n=st.sampled_from(["i", "j"]),
    ),
    statement(
        "CREATE TRIGGER {k} BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION g()", **t, k=names
    ),
    statement("DROP TRIGGER {k} ON {t}", **t, k=names),
    statement("CREATE POLICY {k} ON {t} USING ({c} IS NOT NULL)", **tc, k=names),
    statement("DROP POLICY {k} ON {t}", **t, k=names),
)
table_edits = st.one_of(
    create,
    statement("DROP TABLE {t} CASCADE", **t),
    statement("ALTER TABLE {t} RENAME TO {n}", **t, n=tables),
    statement("COMMENT ON TABLE {t} IS {v}", **t, v=st.sampled_from(["NULL", "'one'", "'two'"])),
    statement("ALTER TABLE {t} SET (fillfactor = {v})", **t, v=st.sampled_from(["70", "80"])),
    statement(
        "ALTER TABLE {t} {v} ROW LEVEL SECURITY",
        **t,
        v=st.sampled_from(["ENABLE", "DISABLE", "FORCE"]),
    ),
    statement(
        "GRANT {v} ON {t} TO pggit_test_alice", **t, v=st.sampled_from(["SELECT", "INSERT", "ALL"])
    ),
    statement("REVOKE ALL ON {t} FROM pggit_test_alice", **t),
)
other_edits = st.one_of(
    statement("CREATE VIEW {k} AS SELECT id, {c} FROM {t}", **tc, k=st.sampled_from(["v", "w"])),
    statement(
        "CREATE OR REPLACE VIEW {k} AS SELECT id, {c} FROM {t} WHERE id > 3",
        **tc,
        k=st.sampled_from(["v", "w"]),
    ),
    statement("CREATE VIEW w AS SELECT * FROM v"),
    statement("DROP VIEW {k} CASCADE", k=st.sampled_from(["v", "w"])),
    statement(
        "ALTER TYPE mood ADD VALUE {v}", v=st.sampled_from(["'new'", "'old' BEFORE 'ok'", "'odd'"])
    ),
    statement(
        "ALTER TYPE mood RENAME VALUE {v}", v=st.sampled_from(["'sad' TO 'blue'", "'sad' TO 'low'"])
    ),
    statement("ALTER DOMAIN positive SET DEFAULT {v}", v=st.sampled_from("12")),
    statement(
        "ALTER DOMAIN positive ADD CONSTRAINT {k} CHECK (VALUE < {v}00)",
        k=names,
        v=st.sampled_from("12"),
    ),
    statement(
        "CREATE OR REPLACE FUNCTION f(i integer) RETURNS integer LANGUAGE sql AS 'SELECT i + {v}'",
        v=st.sampled_from("123"),
    ),
    statement(
        "ALTER FUNCTION f(integer) {v}",
        v=st.sampled_from(["STABLE", "STRICT", "COST 5", "SET work_mem = '1MB'", "RENAME TO h"]),
    ),
    statement("CREATE SEQUENCE {k}", k=st.sampled_from(["s1", "s2"])),
    statement(
        "ALTER SEQUENCE {k} INCREMENT {v}", k=st.sampled_from(["s1", "s2"]), v=st.sampled_from("23")
    ),
    statement("DROP SEQUENCE {k} CASCADE", k=st.sampled_from(["s1", "s2"])),
)
scripts = st.lists(column_edits | part_edits | table_edits | other_edits, max_size=5)
bases = st.tuples(
    create,
    st.lists(create, max_size=2),
    st.lists(column_edits | part_edits | other_edits, max_size=6),
).map(lambda found: [found[0], *found[1], *found[2]])
WORLD = (
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
    "CREATE FUNCTION f(i integer) RETURNS integer LANGUAGE sql AS 'SELECT i'",
    "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
)


@pytest.fixture(scope="module")
def world(pg: PgServer, merge_template: str) -> Iterator[psycopg.Connection]:
    with pg.database(merge_template) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute("SET client_min_messages = error")
        yield conn


@pytest.fixture(scope="module")
def twin(pg: PgServer, merge_template: str) -> Iterator[psycopg.Connection]:
    """Another database, where every OID is another."""
    with pg.database(merge_template) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            "CREATE TABLE filler (id integer); DROP TABLE filler; SET client_min_messages = error"
        )
        yield conn


def run(conn: psycopg.Connection, script: list[str]) -> list[str]:
    """What of a script PostgreSQL takes."""
    done = []
    for one in script:
        try:
            with conn.transaction():
                conn.execute(one)  # type: ignore[call-overload]
        except psycopg.Error:
            continue
        done.append(one)
    return done


def track(conn: psycopg.Connection, base: list[str]) -> str:
    """A repository with a base; gives the hash of its tree."""
    conn.execute("CREATE SCHEMA s; SET search_path = s")
    note(json.dumps(run(conn, [*WORLD, *base]), indent=1))
    conn.execute("SELECT pggit.init('s')")
    row = conn.execute("SELECT tree_hash FROM pggit.log('main', 1)").fetchone()
    assert row is not None
    return str(row[0])


def branch(conn: psycopg.Connection, name: str, script: list[str]) -> list[str]:
    """A branch of main with what PostgreSQL takes of a script."""
    conn.execute("SELECT pggit.create_branch(%s, 'main')", [name])
    conn.execute("SELECT pggit.checkout(%s)", [name])
    done = run(conn, script)
    note(f"{name}: {json.dumps(done, indent=1)}")
    conn.execute("SELECT pggit.commit(%s, %s, true)", [name, name])
    conn.execute("SELECT pggit.checkout('main'); SET search_path = s")
    return done


def tree(conn: psycopg.Connection, ref: str) -> list[str]:
    """A commit's objects but for owners and the order of columns, which no direction shares."""
    row = conn.execute(
        "SELECT array_agg(concat_ws(' ', o.kind, o.table_name, o.name, o.signature, o.attrs - '{owner,position,columns}'::text[])"
        " ORDER BY o.kind, o.table_name, o.name, o.signature) FROM pggit.log(%s, 1) AS l"
        " JOIN _pggit.commits AS c USING (commit_id) CROSS JOIN _pggit.tree_objects(c.tree_hash) AS o",
        [ref],
    ).fetchone()
    assert row is not None
    return list(row[0])


def merge(conn: psycopg.Connection, source: str, target: str) -> tuple[str, list[str]]:
    """How a merge ends, undone afterwards: with a tree, or with its conflicts."""
    with conn.transaction(force_rollback=True):
        row = conn.execute(
            "SELECT merge_id, status FROM pggit.merge(%s, %s, p_allow_data_loss => true)",
            [source, target],
        ).fetchone()
        assert row is not None
        if row[1] == "completed":
            assert conn.execute("SELECT count(*) FROM pggit.status(%s)", [target]).fetchone() == (
                0,
            )
            again = conn.execute(
                "SELECT message FROM pggit.merge(%s, %s)", [source, target]
            ).fetchone()
            assert again is not None
            assert again[0].startswith("already up to date")
            return "merged", tree(conn, target)
        assert row[1] == "pending_conflicts"
        assert conn.execute("SELECT count(*) FROM pggit.status(%s)", [target]).fetchone() == (0,)
        found = conn.execute(
            "SELECT concat_ws(' ', conflict_type, attribute, object_kind) FROM pggit.conflicts"
            " WHERE merge_id = %s ORDER BY 1",
            [row[0]],
        ).fetchall()
        return "conflict", [one for (one,) in found]


@SETTINGS
@given(base=bases, ours=scripts, theirs=scripts)
def test_both_directions_of_a_merge_agree(
    world: psycopg.Connection, base: list[str], ours: list[str], theirs: list[str]
) -> None:
    with world.transaction(force_rollback=True):
        track(world, base)
        branch(world, "ours", ours)
        branch(world, "theirs", theirs)
        assert merge(world, "ours", "theirs") == merge(world, "theirs", "ours")


def one_after_the_other(conn: psycopg.Connection, name: str, script: list[str]) -> list[str] | None:
    """The tree of a branch with a further script; None where PostgreSQL refuses some of it there. Undone afterwards."""
    with conn.transaction(force_rollback=True):
        conn.execute("SELECT pggit.checkout(%s)", [name])
        if len(run(conn, script)) < len(script):
            return None
        conn.execute("SELECT pggit.commit(%s, %s, true)", [name, name])
        return tree(conn, name)


@SETTINGS
@given(base=bases, ours=scripts, theirs=scripts)
def test_what_commutes_merges_to_what_both_orders_give(
    world: psycopg.Connection, base: list[str], ours: list[str], theirs: list[str]
) -> None:
    with world.transaction(force_rollback=True):
        track(world, base)
        done = branch(world, "ours", ours), branch(world, "theirs", theirs)
        goal = one_after_the_other(world, "ours", done[1])
        if goal is None or goal != one_after_the_other(world, "theirs", done[0]):
            return
        row = world.execute(
            "SELECT status, message FROM pggit.merge('ours', 'theirs', p_allow_data_loss => true)"
        ).fetchone()
        assert row is not None
        # One thing that both sides made under two names is kept once.
        if row[0] == "completed" and "are the same" not in row[1]:
            assert tree(world, "theirs") == goal


@SETTINGS
@given(base=bases, script=scripts)
def test_an_unchanged_side_takes_the_other_and_hashes_are_everywhere_the_same(
    world: psycopg.Connection, twin: psycopg.Connection, base: list[str], script: list[str]
) -> None:
    with world.transaction(force_rollback=True), twin.transaction(force_rollback=True):
        assert track(world, base) == track(twin, base)
        branch(world, "side", script)
        assert merge(world, "side", "main") == ("merged", tree(world, "side"))


@SETTINGS
@given(base=bases, script=scripts)
def test_a_migration_leads_there_and_back(
    world: psycopg.Connection, base: list[str], script: list[str]
) -> None:
    with world.transaction(force_rollback=True):
        track(world, base)
        branch(world, "side", script)
        for origin, goal in (("main", "side"), ("side", "main")):
            steps = world.execute(
                "SELECT sql, in_transaction FROM pggit.migration(%s, %s) ORDER BY position",
                [origin, goal],
            ).fetchall()
            if not all(row[1] for row in steps):
                return
            note(f"{origin} to {goal}: {json.dumps([row[0] for row in steps], indent=1)}")
            world.execute("SET search_path = s")
            for row in steps:
                world.execute(row[0])
            world.execute("SET search_path = s")
            left = world.execute(
                "SELECT action, kind, name, attributes FROM pggit.diff(%s) WHERE attributes IS DISTINCT FROM '{owner}'",
                [goal],
            ).fetchall()
            assert left == []


def replay(conn: psycopg.Connection, call: str, commit: int, target: str) -> str:
    row = conn.execute(
        sql.SQL("SELECT status FROM pggit.{}(%s, %s, true)").format(sql.Identifier(call)),
        [str(commit), target],
    ).fetchone()
    assert row is not None
    return str(row[0])


def commits_of(conn: psycopg.Connection, name: str) -> list[int]:
    """A branch's own commits, oldest first."""
    rows = conn.execute(
        "SELECT commit_id FROM pggit.log(%s, 100) WHERE commit_id NOT IN (SELECT commit_id FROM pggit.log('main', 100))"
        " ORDER BY commit_id",
        [name],
    ).fetchall()
    return [row[0] for row in rows]


@SETTINGS
@given(base=bases, first=scripts, second=scripts)
def test_commits_picked_one_by_one_give_their_branch_and_reverted_the_base(
    world: psycopg.Connection, base: list[str], first: list[str], second: list[str]
) -> None:
    with world.transaction(force_rollback=True):
        track(world, base)
        branch(world, "side", first)
        world.execute("SELECT pggit.checkout('side')")
        note(f"then: {json.dumps(run(world, second), indent=1)}")
        world.execute("SELECT pggit.commit('then', 'side', true)")
        world.execute("SELECT pggit.checkout('main'); SET search_path = s")
        world.execute("SELECT pggit.create_branch('copy', 'main')")
        for commit in commits_of(world, "side"):
            assert replay(world, "cherry_pick", commit, "copy") == "completed"
        assert tree(world, "copy") == tree(world, "side")
        for commit in reversed(commits_of(world, "copy")):
            assert replay(world, "revert", commit, "copy") == "completed"
        assert tree(world, "copy") == tree(world, "main")


@SETTINGS
@given(base=bases, ours=scripts, theirs=scripts)
def test_a_rebased_branch_is_a_fast_forward(
    world: psycopg.Connection, base: list[str], ours: list[str], theirs: list[str]
) -> None:
    with world.transaction(force_rollback=True):
        track(world, base)
        branch(world, "ours", ours)
        branch(world, "theirs", theirs)
        row = world.execute("SELECT status FROM pggit.rebase('ours', 'theirs', true)").fetchone()
        assert row is not None
        if row[0] != "completed":
            return
        assert world.execute("SELECT count(*) FROM pggit.status('ours')").fetchone() == (0,)
        goal = tree(world, "ours")
        world.execute(
            "SELECT pggit.merge('ours', 'theirs', p_strategy => 'fast-forward', p_allow_data_loss => true)"
        )
        assert tree(world, "theirs") == goal
        again = world.execute("SELECT message FROM pggit.rebase('ours', 'theirs')").fetchone()
        assert again is not None
        assert again[0].startswith("already up to date")
