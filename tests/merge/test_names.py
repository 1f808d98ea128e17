"""Names that would break what does not quote them: schemas, tables, columns, constraints, branches, roles."""

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from servers import PgServer

NAMES = {
    "quotes": "a\"b'c",
    "dots": "app.users.x",
    "upper case": "Users",
    "reserved": "select",
    "unicode": "Ünï日本🐘",
    "space and sign": " $1; DROP TABLE t; -- %s {0} \\",
    "63 bytes": "n" * 63,
    "at": "a@b@~1.2",
}
BRANCHES = {
    "quotes": "f/a\"b'c",
    "dots": "v1.2.x",
    "upper case": "Feature/UPPER",
    "reserved": "select",
    "unicode": "Ünï日本",
    "space and sign": "a;DROP_TABLE_t;--%s{0}$1",
    "63 bytes": "b" * 63,
    "at": "a@b",
}
SHOW = (
    "SELECT string_agg(concat_ws(' ', c.relname, a.attname, format_type(a.atttypid, a.atttypmod)), '|'"
    " ORDER BY c.relname, a.attname) FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid"
    " WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = %s) AND c.relkind = 'r' AND a.attnum > 0"
    " AND NOT a.attisdropped"
)


@pytest.mark.parametrize("kind", NAMES)
def test_any_name_goes_through_everything(
    pg: PgServer, conn: psycopg.Connection, database: str, kind: str
) -> None:
    name, branch = NAMES[kind], BRANCHES[kind]
    other = ("z" + name)[:63] if kind == "63 bytes" else "z" + name
    role = ("pggit_test_" + name)[:60]
    names = {
        "n": sql.Identifier(name),
        "o": sql.Identifier(other),
        "r": sql.Identifier(role),
        "l": sql.Literal(name),
    }

    def run(*statements: str) -> None:
        for statement in statements:
            conn.execute(sql.SQL(statement).format(**names))  # type: ignore[arg-type]

    if conn.execute("SELECT to_regrole(quote_ident(%s))", [role]).fetchone() == (None,):
        run("CREATE ROLE {r}")
    run(
        "SET client_min_messages = warning",
        "CREATE SCHEMA {n}; SET search_path = {n}",
        "CREATE TYPE {o} AS ENUM ('x', {l})",
        "CREATE TABLE {n} (id integer PRIMARY KEY, {n} text DEFAULT {l}, e {o} DEFAULT {l}, CONSTRAINT {o} CHECK ({n} <> {l}))",
        "CREATE FUNCTION {n}({n} integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "GRANT SELECT ({n}) ON {n} TO {r}",
        "COMMENT ON COLUMN {n}.{n} IS {l}",
    )
    conn.execute("SELECT pggit.init(%s)", [name])
    conn.execute("SELECT pggit.create_branch(%s)", [branch])
    conn.execute("SELECT pggit.checkout(%s)", [branch])
    assert conn.execute("SELECT pggit.current_branch()").fetchone() == (branch,)
    run(
        "ALTER TABLE {n} RENAME {n} TO {o}",
        "ALTER TABLE {n} ADD {n} integer REFERENCES {n}",
        "CREATE INDEX {r} ON {n} ({o}) WHERE {o} <> {l}",
        "CREATE POLICY {n} ON {n} TO {r} USING ({o} <> {l})",
        "CREATE VIEW v AS SELECT {n}, {o} FROM {n} WHERE {n}({n}) > 0",
    )
    conn.execute("SELECT pggit.commit(%s)", [f"{name}\n{name}"])
    conn.execute("SELECT pggit.checkout('main')")
    run("SET search_path = {n}", "GRANT INSERT ON {n} TO {r}", "COMMENT ON TABLE {n} IS {l}")
    conn.execute("SELECT pggit.commit(%s)", [name])
    steps = conn.execute(
        "SELECT sql FROM pggit.migration('main', %s) ORDER BY position", [branch]
    ).fetchall()
    merged = conn.execute(
        "SELECT status, message FROM pggit.merge(%s, 'main')", [branch]
    ).fetchone()
    assert merged == ("completed", f"merged {branch} into main")
    assert conn.execute("SELECT count(*) FROM pggit.status('main')").fetchone() == (0,)
    assert conn.execute(
        "SELECT message FROM pggit.blame(%s) WHERE attribute = 'name'",
        [sql.Identifier(name, name, other).as_string(conn)],
    ).fetchone() == (f"{name}\n{name}",)
    live = conn.execute(SHOW, [name]).fetchone()
    assert live is not None
    assert other in live[0]
    assert steps
    conn.execute("SELECT pggit.delete_branch(%s)", [branch])
    assert conn.execute(
        "SELECT count(*) FROM pg_namespace WHERE nspname LIKE %s",
        ["%@%" if "@" not in name else "%@%@%@%"],
    ).fetchone() == (0,)
    if kind not in ("quotes", "unicode", "space and sign"):
        return
    # A comparison with an empty database gives a script that psql turns into the same.
    with pg.database() as empty:
        compared = [
            str(Path(sys.executable).with_name("pggit")),
            "compare",
            empty,
            database,
            "--schema",
            name,
        ]
        script = subprocess.run(compared, capture_output=True, text=True, check=False)
        assert script.returncode == 1, script.stderr
        pg.psql(empty.rpartition("/")[2], text=script.stdout)
        with psycopg.connect(empty) as there:
            there.execute(sql.SQL("SET search_path = {}").format(sql.Identifier(name)))
            assert there.execute(SHOW, [name]).fetchone() == live
        again = subprocess.run(compared, capture_output=True, text=True, check=False)
        assert again.returncode == 0, again.stdout
