"""`docs/objects.md` says what pggit does with each class of objects: here it is tried, and the page must say the same.

PGGIT_UPDATE_OBJECTS=1 writes the table anew (on the newest server).
"""

# ruff: noqa: E501  a class a line reads like the table that it makes

import os
from dataclasses import dataclass

import psycopg
import pytest

from compare.test_own_pairs import make_globals
from pggit import compare
from servers import ROOT, PgServer

PAGE = ROOT / "docs" / "objects.md"
MARKS = ("<!-- table -->\n", "<!-- end of table -->\n")
HEAD = "| class | kind | tracked | diffed | merged | compared | since |\n|---|---|---|---|---|---|---|\n"


@dataclass(frozen=True)
class Class:
    """A class of objects: what makes one of that name, and what changes it."""

    title: str
    kind: str
    name: str
    create: str
    change: str
    since: int = 15

    def row(self, *facts: bool) -> str:
        cells = [self.title, f"`{self.kind}`", *("yes" if one else "no" for one in facts)]
        return f"| {' | '.join(cells)} | {self.since} |"


IN_SCHEMA = [
    Class("tables", "table", "t1", "CREATE TABLE t1 (a int)", "ALTER TABLE t1 SET (fillfactor = 70)"),
    Class("columns", "column", "c2", "CREATE TABLE t2 (c2 int)", "ALTER TABLE t2 ALTER c2 TYPE bigint"),
    Class("generated columns", "column", "c3", "CREATE TABLE t3 (a int, c3 int GENERATED ALWAYS AS (a) STORED)", "ALTER TABLE t3 ALTER c3 DROP EXPRESSION"),
    Class("virtual generated columns", "column", "c4", "CREATE TABLE t4 (a int, c4 int GENERATED ALWAYS AS (a) VIRTUAL)", "ALTER TABLE t4 ALTER c4 SET EXPRESSION AS (a + 1)", 18),
    Class("identity columns", "column", "c5", "CREATE TABLE t5 (c5 int GENERATED ALWAYS AS IDENTITY)", "ALTER TABLE t5 ALTER c5 SET INCREMENT BY 5"),
    Class("names of NOT NULL", "column", "c6", "CREATE TABLE t6 (c6 int CONSTRAINT n6 NOT NULL)", "ALTER TABLE t6 RENAME CONSTRAINT n6 TO m6", 18),
    Class("column options, storage, statistics", "column", "c7", "CREATE TABLE t7 (c7 text)", "ALTER TABLE t7 ALTER c7 SET STORAGE main, ALTER c7 SET STATISTICS 9, ALTER c7 SET (n_distinct = 5)"),
    Class("column privileges", "column", "c8", "CREATE TABLE t8 (c8 int)", "GRANT SELECT (c8) ON t8 TO pggit_test_alice"),
    Class("primary, unique, foreign keys, checks, exclusions", "constraint", "k9", "CREATE TABLE t9 (a int, CONSTRAINT k9 CHECK (a > 0))", "ALTER TABLE t9 DROP CONSTRAINT k9, ADD CONSTRAINT k9 CHECK (a > 1)"),
    Class("NULLS NOT DISTINCT", "constraint", "k10", "CREATE TABLE t10 (a int, CONSTRAINT k10 UNIQUE (a))", "ALTER TABLE t10 DROP CONSTRAINT k10, ADD CONSTRAINT k10 UNIQUE NULLS NOT DISTINCT (a)"),
    Class("NOT ENFORCED", "constraint", "k11", "CREATE TABLE t11 (a int, CONSTRAINT k11 CHECK (a > 0))", "ALTER TABLE t11 DROP CONSTRAINT k11, ADD CONSTRAINT k11 CHECK (a > 0) NOT ENFORCED", 18),
    Class("WITHOUT OVERLAPS, PERIOD", "constraint", "k12", "CREATE TABLE t12 (a int4range, b int4range, CONSTRAINT k12 UNIQUE (a, b))", "ALTER TABLE t12 DROP CONSTRAINT k12, ADD CONSTRAINT k12 UNIQUE (a, b WITHOUT OVERLAPS)", 18),
    Class("indexes", "index", "i13", "CREATE TABLE t13 (a int); CREATE INDEX i13 ON t13 (a)", "DROP INDEX i13; CREATE INDEX i13 ON t13 (a DESC)"),
    Class("clustering", "index", "i14", "CREATE TABLE t14 (a int); CREATE INDEX i14 ON t14 (a)", "ALTER TABLE t14 CLUSTER ON i14"),
    Class("replica identity", "table", "t15", "CREATE TABLE t15 (a int)", "ALTER TABLE t15 REPLICA IDENTITY FULL"),
    Class("partitions", "table", "p16", "CREATE TABLE t16 (a int) PARTITION BY RANGE (a); CREATE TABLE p16 PARTITION OF t16 FOR VALUES FROM (1) TO (2)", "ALTER TABLE t16 DETACH PARTITION p16; ALTER TABLE t16 ATTACH PARTITION p16 FOR VALUES FROM (1) TO (3)"),
    Class("names of partitions' indexes", "partition_index", "i17", "CREATE TABLE t17 (a int) PARTITION BY RANGE (a); CREATE TABLE p17 PARTITION OF t17 DEFAULT; CREATE INDEX i17 ON t17 (a); ALTER INDEX p17_a_idx RENAME TO j17", "ALTER INDEX j17 RENAME TO l17"),
    Class("foreign tables", "table", "f18", "CREATE FOREIGN TABLE f18 (a int) SERVER pggit_objects OPTIONS (x '1')", "ALTER FOREIGN TABLE f18 OPTIONS (SET x '2')"),
    Class("sequences", "sequence", "s19", "CREATE SEQUENCE s19", "ALTER SEQUENCE s19 INCREMENT BY 2"),
    Class("views", "view", "v20", "CREATE VIEW v20 AS SELECT 1 AS a", "CREATE OR REPLACE VIEW v20 AS SELECT 2 AS a"),
    Class("materialized views", "materialized_view", "m21", "CREATE MATERIALIZED VIEW m21 AS SELECT 1 AS a", "ALTER MATERIALIZED VIEW m21 SET (fillfactor = 60)"),
    Class("functions", "function", "g22", "CREATE FUNCTION g22() RETURNS int LANGUAGE sql AS 'SELECT 1'", "ALTER FUNCTION g22() IMMUTABLE"),
    Class("procedures", "procedure", "g23", "CREATE PROCEDURE g23() LANGUAGE sql AS 'SELECT 1'", "ALTER PROCEDURE g23() SECURITY DEFINER"),
    Class("aggregates", "aggregate", "g24", "CREATE AGGREGATE g24(int) (SFUNC = int4pl, STYPE = int)", "COMMENT ON AGGREGATE g24(int) IS 'g'"),
    Class("triggers", "trigger", "r25", "CREATE TABLE t25 (a int); CREATE FUNCTION g25() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE TRIGGER r25 AFTER INSERT ON t25 EXECUTE FUNCTION g25()", "ALTER TABLE t25 DISABLE TRIGGER r25"),
    Class("rules", "rule", "r26", "CREATE TABLE t26 (a int); CREATE RULE r26 AS ON DELETE TO t26 DO INSTEAD NOTHING", "ALTER TABLE t26 DISABLE RULE r26"),
    Class("policies", "policy", "y27", "CREATE TABLE t27 (a int); CREATE POLICY y27 ON t27 USING (a > 0)", "ALTER POLICY y27 ON t27 USING (a > 1)"),
    Class("enums", "enum", "e28", "CREATE TYPE e28 AS ENUM ('a')", "ALTER TYPE e28 ADD VALUE 'b'"),
    Class("domains", "domain", "d29", "CREATE DOMAIN d29 AS int", "ALTER DOMAIN d29 SET DEFAULT 1"),
    Class("composite types", "composite", "c30", "CREATE TYPE c30 AS (a int)", "ALTER TYPE c30 ADD ATTRIBUTE b int"),
    Class("range types", "range", "r31", "CREATE TYPE r31 AS RANGE (SUBTYPE = int)", "COMMENT ON TYPE r31 IS 'r'"),
    Class("collations", "collation", "c32", "CREATE COLLATION c32 FROM \"C\"", "COMMENT ON COLLATION c32 IS 'c'"),
    Class("operators", "operator", "<#", "CREATE OPERATOR <# (FUNCTION = int4lt, LEFTARG = int, RIGHTARG = int)", "ALTER OPERATOR <# (int, int) SET (RESTRICT = scalarltsel)"),
    Class("operator families", "operator_family", "f34", "CREATE OPERATOR FAMILY f34 USING btree", "ALTER OPERATOR FAMILY f34 USING btree ADD OPERATOR 1 < (int, bigint)"),
    Class("operator classes", "operator_class", "o35", "CREATE OPERATOR FAMILY o35 USING btree; CREATE OPERATOR CLASS o35 FOR TYPE int USING btree FAMILY o35 AS OPERATOR 1 <, FUNCTION 1 btint4cmp(int, int)", "COMMENT ON OPERATOR CLASS o35 USING btree IS 'o'"),
    Class("casts", "cast", "e36 as int4", "CREATE TYPE e36 AS ENUM ('a'); CREATE FUNCTION g36(e36) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT 1'; CREATE CAST (e36 AS int) WITH FUNCTION g36(e36)", "COMMENT ON CAST (e36 AS int) IS 'c'"),
    Class("conversions", "conversion", "n37", "CREATE CONVERSION n37 FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8", "COMMENT ON CONVERSION n37 IS 'c'"),
    Class("text search configurations", "text_search_configuration", "x38", "CREATE TEXT SEARCH CONFIGURATION x38 (PARSER = default)", "ALTER TEXT SEARCH CONFIGURATION x38 ADD MAPPING FOR word WITH simple"),
    Class("text search dictionaries", "text_search_dictionary", "x39", "CREATE TEXT SEARCH DICTIONARY x39 (TEMPLATE = simple)", "ALTER TEXT SEARCH DICTIONARY x39 (ACCEPT = false)"),
    Class("text search parsers", "text_search_parser", "x40", "CREATE TEXT SEARCH PARSER x40 (START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype)", "COMMENT ON TEXT SEARCH PARSER x40 IS 'x'"),
    Class("text search templates", "text_search_template", "x41", "CREATE TEXT SEARCH TEMPLATE x41 (LEXIZE = dsimple_lexize, INIT = dsimple_init)", "COMMENT ON TEXT SEARCH TEMPLATE x41 IS 'x'"),
    Class("extended statistics", "statistics", "x42", "CREATE TABLE t42 (a int, b int); CREATE STATISTICS x42 ON a, b FROM t42", "ALTER STATISTICS x42 SET STATISTICS 50"),
]  # fmt: skip
BESIDE = [
    Class("default privileges", "default_privilege", "", "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pggit_test_alice", ""),
    Class("foreign data wrappers", "foreign_data_wrapper", "pggit_w2", "CREATE FOREIGN DATA WRAPPER pggit_w2", ""),
    Class("foreign servers", "server", "pggit_s2", "CREATE SERVER pggit_s2 FOREIGN DATA WRAPPER pggit_w2", ""),
    Class("user mappings", "user_mapping", "PUBLIC", "CREATE USER MAPPING FOR PUBLIC SERVER pggit_s2", ""),
    Class("publications", "publication", "p45", "CREATE PUBLICATION p45 FOR ALL TABLES", ""),
    Class("tables of publications", "publication_table", "public.t46", "CREATE TABLE t46 (a int); CREATE PUBLICATION p46 FOR TABLE t46", ""),
    Class("schemas of publications", "publication_schema", "public", "CREATE PUBLICATION p47 FOR TABLES IN SCHEMA public", ""),
    Class("subscriptions", "subscription", "n48", "CREATE SUBSCRIPTION n48 CONNECTION 'host=h' PUBLICATION p WITH (connect = false, slot_name = NONE)", ""),
    Class("event triggers", "event_trigger", "e49", "CREATE FUNCTION g49() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; CREATE EVENT TRIGGER e49 ON sql_drop EXECUTE FUNCTION g49()", ""),
    Class("access methods", "access_method", "a50", "CREATE ACCESS METHOD a50 TYPE TABLE HANDLER heap_tableam_handler", ""),
]  # fmt: skip


def make_zoo(conn: psycopg.Connection, classes: list[Class]) -> None:
    conn.execute("SET client_min_messages = error")
    conn.execute("CREATE FOREIGN DATA WRAPPER pggit_objects")
    conn.execute("CREATE SERVER pggit_objects FOREIGN DATA WRAPPER pggit_objects")
    conn.execute("CREATE SCHEMA zoo; SET LOCAL search_path = zoo")
    for one in classes:
        conn.execute(one.create.encode())


def branch_and_merge(pg: PgServer, url: str, classes: list[Class]) -> list[str]:
    """Track one of each, change each on a branch, and merge: rows with what came of it."""
    with psycopg.connect(url) as conn:
        make_zoo(conn, classes)
        conn.execute("GRANT USAGE ON FOREIGN SERVER pggit_objects TO pggit_writer")
        conn.execute("SELECT pggit.init('zoo'), pggit.create_branch('change')")
        # what the tree of main's only commit holds
        tracked = set(
            conn.execute(
                "SELECT o.kind, o.name FROM _pggit.tree_objects(_pggit.commit_tree(1)) AS o"
            ).fetchall()
        )
        conn.commit()
        conn.execute("SELECT pggit.checkout('change')")
        for one in classes:
            conn.execute(one.change.encode())
        conn.execute("SELECT pggit.commit('all of it')")
        diffed = set(conn.execute("SELECT kind, name FROM pggit.diff('main', 'change')").fetchall())
        conn.commit()
        conn.execute("SELECT pggit.checkout('main')")
        conn.execute("SELECT pggit.merge('change', p_allow_data_loss => true)")
        apart = set(
            conn.execute(
                "SELECT kind, name FROM pggit.diff('change', 'main')"
                " UNION ALL SELECT kind, name FROM pggit.status('main')"
            ).fetchall()
        )
        conn.commit()
    rows = []
    for one in classes:
        key = (one.kind, one.name)
        is_diffed = key in diffed
        rows.append(one.row(key in tracked, is_diffed, is_diffed and key not in apart, True))
    return rows


def test_the_page_says_what_happens_to_each_class(pg: PgServer) -> None:
    make_globals(pg)
    classes = [one for one in IN_SCHEMA if one.since <= pg.major]
    with pg.database(pg.template()) as url:
        rows = branch_and_merge(pg, url, classes)
        with pg.database() as start:
            with psycopg.connect(start) as conn:
                make_zoo(conn, classes)
            planned = {step.kind for step in compare.compare(start, url, ["zoo"]).steps}
    assert [one.title for one in classes if one.kind not in planned] == []
    with (
        pg.database() as empty,
        pg.database() as full,
        psycopg.connect(full, autocommit=True) as conn,
    ):
        conn.execute("SET client_min_messages = error")
        for one in BESIDE:
            for statement in one.create.split("; "):
                conn.execute(statement.encode())
        found = {step.kind for step in compare.compare(empty, full).steps}
        conn.execute("DROP SUBSCRIPTION n48")
    rows += [one.row(False, False, False, one.kind in found) for one in BESIDE]
    page = PAGE.read_text(encoding="utf-8")
    start, end = (page.index(mark) for mark in MARKS)
    table = page[start + len(MARKS[0]) : end]
    if os.environ.get("PGGIT_UPDATE_OBJECTS") and pg.major >= 18:
        PAGE.write_text(page[: start + len(MARKS[0])] + HEAD + "\n".join(rows) + "\n" + page[end:], encoding="utf-8")  # fmt: skip
        pytest.skip("the page was written")
    said = table.removeprefix(HEAD).splitlines()
    assert [row for row in rows if row not in said] == []
    titles = {one.title for one in IN_SCHEMA + BESIDE}
    assert {row.split(" | ")[0].removeprefix("| ") for row in said} == titles
