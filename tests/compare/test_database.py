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


def test_grants_on_members_of_extensions_go_there_and_back(two: Databases) -> None:
    with psycopg.connect(two.pg.maintenance_url) as conn:
        row = conn.execute(
            "SELECT min(name) FROM pg_available_extensions WHERE name IN ('citext', 'vector')"
        ).fetchone()
    assert row is not None
    name = row[0]
    if name is None:
        pytest.skip("this server has no extension with a type")
    two.run(two.first, f"CREATE EXTENSION {name}")
    granted = f"""
        CREATE EXTENSION {name};
        REVOKE EXECUTE ON FUNCTION {name}_eq({name}, {name}) FROM PUBLIC;
        GRANT EXECUTE ON FUNCTION {name}_eq({name}, {name}) TO pggit_test_alice;
        GRANT USAGE ON TYPE {name} TO pggit_test_bob WITH GRANT OPTION
        """
    two.run(two.last, granted)
    start, goal = entries(two.pg, two.first, True), entries(two.pg, two.last, True)
    assert start != goal
    there = two.migrate(two.first, two.last)
    assert entries(two.pg, two.first, True) == goal, there
    assert two.migrate(two.first, two.last) == ""
    new = two.migrate(two.origin, two.last)
    assert entries(two.pg, two.origin, True) == goal, new
    two.run(two.origin, f"DROP EXTENSION {name}; CREATE EXTENSION {name}")
    back = two.migrate(two.last, two.origin)
    assert entries(two.pg, two.last, True) == start, back


def test_an_extension_that_cannot_go_back_is_made_again_or_says_why(two: Databases) -> None:
    with psycopg.connect(two.pg.url(two.first)) as conn:
        found = conn.execute(
            "SELECT u.source, u.target, u.name FROM (SELECT v.name, p.source, p.target, p.path"
            " FROM (SELECT DISTINCT name FROM pg_available_extension_versions WHERE name IN ('citext', 'vector')) AS v"
            " CROSS JOIN LATERAL pg_extension_update_paths(v.name) AS p) AS u"
            " JOIN pg_available_extension_versions AS o ON o.name = u.name AND o.version = u.source"
            " JOIN pg_available_extension_versions AS n ON n.name = u.name AND n.version = u.target"
            " WHERE u.path IS NULL ORDER BY u.name, u.source, u.target LIMIT 1"
        ).fetchone()
    if found is None:
        pytest.skip("this server can update every extension both ways")
    later, earlier, name = found
    two.run(two.first, f"CREATE EXTENSION {name} VERSION '{later}'")
    two.run(two.last, f"CREATE EXTENSION {name} VERSION '{earlier}'")
    script = two.migrate(two.first, two.last)
    assert "no_update_path" not in script
    assert two.migrate(two.first, two.last) == ""
    used = (
        f"DROP EXTENSION {name}; CREATE EXTENSION {name} VERSION '{{}}'; CREATE TABLE t (v {name})"
    )
    two.run(two.first, used.format(later))
    two.run(two.last, used.format(earlier))
    plan = compare.compare(two.pg.url(two.first), two.pg.url(two.last))
    assert [one.hazards for one in plan.steps if one.kind == "extension"] == [["no_update_path"]]


def test_an_index_that_is_invalid_at_the_goal_says_so(two: Databases) -> None:
    table = "CREATE TABLE t (a int); INSERT INTO t VALUES (1), (1);"
    two.run(two.first, table)
    two.run(two.last, table)
    with (
        psycopg.connect(two.pg.url(two.last), autocommit=True) as conn,
        pytest.raises(psycopg.errors.UniqueViolation),
    ):
        conn.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a)")
    plan = compare.compare(two.pg.url(two.first), two.pg.url(two.last))
    hazards = [one.hazards for one in plan.steps if one.kind == "index"]
    assert hazards == [["may_fail", "long_lock", "invalid_at_goal"]]
