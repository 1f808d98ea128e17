"""What lives beside the schemas of a database: `pggit compare` carries it from one to the other and back, judged by pg_dump."""

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
import pytest

from compare.test_own_pairs import entries, make_globals
from pggit import compare
from servers import PgServer

BEFORE = """
CREATE TABLE t (id int PRIMARY KEY, a text, b int); CREATE TABLE u (id int PRIMARY KEY);
CREATE FUNCTION fires() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER e1 ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION fires();
CREATE EVENT TRIGGER e2 ON sql_drop EXECUTE FUNCTION fires(); ALTER EVENT TRIGGER e2 DISABLE;
CREATE FOREIGN DATA WRAPPER w OPTIONS (x '1');
CREATE SERVER s TYPE 't' VERSION '1' FOREIGN DATA WRAPPER w OPTIONS (host 'h', port '1'); COMMENT ON SERVER s IS 's';
CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (remote 'r');
CREATE FOREIGN TABLE f (id int) SERVER s;
CREATE PUBLICATION p FOR TABLE t (id, a) WHERE (id > 1), u; COMMENT ON PUBLICATION p IS 'p';
CREATE PUBLICATION q FOR ALL TABLES WITH (publish = 'insert');
CREATE SUBSCRIPTION n CONNECTION 'host=nowhere dbname=x' PUBLICATION p WITH (connect = false, slot_name = 'n');
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler;
"""
AFTER = """
CREATE TABLE t (id bigint PRIMARY KEY, b int); CREATE TABLE v (id int PRIMARY KEY);
CREATE FUNCTION fires() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER e1 ON ddl_command_end WHEN TAG IN ('DROP TABLE', 'CREATE VIEW') EXECUTE FUNCTION fires();
CREATE EVENT TRIGGER e2 ON sql_drop EXECUTE FUNCTION fires(); COMMENT ON EVENT TRIGGER e2 IS 'e2';
CREATE FOREIGN DATA WRAPPER w OPTIONS (x '2', y '3');
CREATE SERVER s VERSION '2' FOREIGN DATA WRAPPER w OPTIONS (host 'i'); GRANT USAGE ON FOREIGN SERVER s TO pggit_test_alice;
CREATE USER MAPPING FOR pggit_test_alice SERVER s OPTIONS (remote 'q');
CREATE FOREIGN TABLE f (id int) SERVER s; COMMENT ON FOREIGN TABLE f IS 'f';
CREATE PUBLICATION p FOR TABLE t (id, b), v WITH (publish_via_partition_root); ALTER PUBLICATION p OWNER TO pggit_test_bob;
CREATE PUBLICATION q FOR TABLES IN SCHEMA public;
CREATE SUBSCRIPTION n CONNECTION 'host=elsewhere dbname=x' PUBLICATION p, q
    WITH (connect = false, slot_name = 'n', binary = true);
COMMENT ON SUBSCRIPTION n IS 'n';
CREATE ACCESS METHOD heap2 TYPE TABLE HANDLER heap_tableam_handler; COMMENT ON ACCESS METHOD heap2 IS 'a';
"""


@dataclass
class Databases:
    pg: PgServer
    first: str
    last: str
    origin: str

    def run(self, database: str, script: str) -> None:
        self.pg.psql(database, text=f"SET client_min_messages = error;\n{script}")

    def migrate(self, source: str, goal: str) -> str:
        script = compare.compare(self.pg.url(source), self.pg.url(goal)).script
        self.run(source, script)
        return script


@pytest.fixture
def two(pg: PgServer) -> Iterator[Databases]:
    make_globals(pg)
    found = Databases(pg, *(pg.create_database() for _ in range(3)))
    yield found
    for name in (found.first, found.last, found.origin):
        with psycopg.connect(pg.url(name), autocommit=True) as conn:
            for row in conn.execute(
                "SELECT s.subname FROM pg_subscription s JOIN pg_database d ON d.oid = s.subdbid"
                " WHERE d.datname = current_database()"
            ).fetchall():
                conn.execute(f"ALTER SUBSCRIPTION {row[0]} SET (slot_name = NONE)")
                conn.execute(f"DROP SUBSCRIPTION {row[0]}")
        pg.drop_database(name)


def test_all_of_it_goes_there_and_back(two: Databases) -> None:
    two.run(two.first, BEFORE)
    two.run(two.last, AFTER)
    start, goal = entries(two.pg, two.first, True), entries(two.pg, two.last, True)
    there = two.migrate(two.first, two.last)
    assert entries(two.pg, two.first, True) == goal, there
    assert two.migrate(two.first, two.last) == ""
    # and from the goal back to what another database has at the start
    two.run(two.origin, BEFORE)
    back = two.migrate(two.last, two.origin)
    assert entries(two.pg, two.last, True) == start, back


def test_no_secret_is_printed(two: Databases) -> None:
    two.run(
        two.last,
        """
        CREATE FOREIGN DATA WRAPPER w; CREATE SERVER s FOREIGN DATA WRAPPER w;
        CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (name 'n', password 'hush');
        CREATE SUBSCRIPTION n CONNECTION 'host=h password=hush dbname=d' PUBLICATION p WITH (connect = false, slot_name = NONE);
        """,
    )
    script = two.migrate(two.first, two.last)
    assert "hush" not in script
    assert "secret_missing" in script
    # that one is set and the other not is still a difference, which only a person can settle
    assert "hush" not in two.migrate(two.first, two.last)
