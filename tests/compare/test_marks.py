"""A comparison that reads only where digests differ plans what one that reads everything plans."""

from collections.abc import Iterator

import psycopg
import pytest

from pggit import compare
from servers import PgServer

BASE = """
CREATE SCHEMA app;
SET search_path = app;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE DOMAIN code AS text CHECK (VALUE <> '');
CREATE TABLE parents (parent_id serial PRIMARY KEY, name varchar(20) NOT NULL, mood mood DEFAULT 'good', codes code[]);
CREATE TABLE children (child_id integer PRIMARY KEY, parent_id integer REFERENCES parents, name varchar(20));
CREATE TABLE grandchildren (child_id integer REFERENCES children, note text);
CREATE TABLE heirs (extra integer DEFAULT 7) INHERITS (parents);
ALTER TABLE heirs ALTER name SET DEFAULT 'heir';
CREATE TABLE days (day date, value integer) PARTITION BY RANGE (day);
CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
CREATE VIEW names AS SELECT parent_id, name FROM parents;
CREATE VIEW longer AS SELECT name || '!' AS name FROM names;
CREATE FUNCTION shout(text) RETURNS text LANGUAGE sql RETURN upper($1);
CREATE INDEX children_shout_idx ON children (lower(name));
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER touch BEFORE UPDATE ON children FOR EACH ROW EXECUTE FUNCTION touch();
CREATE AGGREGATE total(integer) (SFUNC = int4pl, STYPE = integer);
COMMENT ON COLUMN children.name IS 'theirs';
"""
# What one side has that the other has not: one line each, so that each is seen alone.
CHANGES = (
    "DROP VIEW longer; DROP VIEW names; ALTER TABLE parents ALTER name TYPE text; "
    "CREATE VIEW names AS SELECT parent_id, name FROM parents; CREATE VIEW longer AS SELECT name || '!' AS name FROM names",
    "ALTER TABLE parents ALTER name SET DEFAULT 'x'; ALTER TABLE heirs ALTER name SET DEFAULT 'heir'",
    "ALTER TABLE grandchildren DROP CONSTRAINT grandchildren_child_id_fkey; "
    "ALTER TABLE children DROP CONSTRAINT children_pkey; "
    "ALTER TABLE children ADD CONSTRAINT children_pkey PRIMARY KEY (child_id) INCLUDE (name); "
    "ALTER TABLE grandchildren ADD FOREIGN KEY (child_id) REFERENCES children",
    "DROP TABLE grandchildren; CREATE TABLE grandchildren_2 (LIKE children INCLUDING ALL)",
    "ALTER TABLE parents ALTER codes TYPE text[]; ALTER DOMAIN code ADD CHECK (VALUE <> 'x'); "
    "ALTER TABLE parents ALTER codes TYPE code[] USING codes::code[]",
    "ALTER TYPE mood RENAME VALUE 'bad' TO 'worse'",
    "CREATE INDEX ON days (value); COMMENT ON INDEX children_shout_idx IS 'lower'; ALTER TABLE parents ADD born date",
    "GRANT SELECT (name) ON children TO PUBLIC; ALTER TABLE children ENABLE ROW LEVEL SECURITY; "
    "CREATE POLICY one ON children USING (true); ALTER TABLE children DISABLE TRIGGER touch; "
    "ALTER INDEX children_pkey SET (fillfactor = 70)",
    "ALTER SEQUENCE parents_parent_id_seq INCREMENT 2; "
    "CREATE OR REPLACE FUNCTION shout(text) RETURNS text LANGUAGE sql RETURN $1",
    "ALTER TABLE children ALTER name SET STATISTICS 77, ALTER name SET STORAGE external; "
    "ALTER TABLE children CLUSTER ON children_pkey",
)


@pytest.fixture(scope="module")
def template(pg: PgServer) -> Iterator[str]:
    name = pg.create_database()
    pg.psql(name, text=BASE)
    yield name
    pg.drop_database(name)


@pytest.mark.parametrize("number", range(len(CHANGES)))
def test_digests_find_what_reading_everything_finds(
    pg: PgServer, template: str, number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pg.database(template) as one, pg.database(template) as other:
        with psycopg.connect(other, autocommit=True) as conn:
            conn.execute("SET search_path = app")
            conn.execute(CHANGES[number].encode())
        for urls in ((one, other), (other, one)):
            monkeypatch.setattr(compare, "_SMALL", 1000)
            whole = compare.compare(*urls)
            monkeypatch.setattr(compare, "_SMALL", 0)
            assert compare.compare(*urls).steps == whole.steps
            assert whole.steps


def test_digests_of_equal_databases_are_equal(
    pg: PgServer, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "_SMALL", 0)
    # Made by another way, with columns in other places and other OIDs.
    made = BASE.replace(
        "(child_id integer PRIMARY KEY, parent_id",
        "(gone text, child_id integer PRIMARY KEY, parent_id",
    )
    with pg.database(template) as one, pg.database() as other:
        with psycopg.connect(other, autocommit=True) as conn:
            conn.execute(
                "CREATE SCHEMA before; CREATE TABLE before.it (a serial); DROP SCHEMA before CASCADE"
            )
            conn.execute(made.encode())
            conn.execute("ALTER TABLE children DROP COLUMN gone")
        assert compare.compare(one, other).steps == ()
        assert compare.compare(other, one).steps == ()


def test_every_part_of_the_engine_can_be_made_as_it_is_sent(pg: PgServer) -> None:
    with pg.database() as url, psycopg.connect(url) as conn:
        conn.execute("SET LOCAL search_path = pg_catalog, pg_temp")
        # SQL bodies are parsed at once here, so that none of them can be cut in the wrong place
        for part in ("read", "digest", "rename", "plan", "online"):
            conn.execute(compare.engine_sql(part).encode())
        conn.rollback()
