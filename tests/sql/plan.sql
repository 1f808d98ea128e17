BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(23);

CREATE FUNCTION pg_temp.tree() RETURNS _pggit.object[] LANGUAGE sql SET search_path = pg_catalog, pg_temp AS $$
    SELECT array_agg(i.object) FROM _pggit.read_objects('{plan_a,plan_b}', '{plan_a,plan_b}', '{}', '{}') AS i
    WHERE (i.object).kind <> 'extension'
$$;
CREATE FUNCTION pg_temp.run(p_sql text) RETURNS void LANGUAGE plpgsql SET search_path = plan_a, pg_temp
SET client_min_messages = warning SET check_function_bodies = off AS $$ BEGIN EXECUTE p_sql; END $$;
CREATE FUNCTION pg_temp.state(p_sql text) RETURNS _pggit.object[] LANGUAGE plpgsql SET client_min_messages = warning AS $$
BEGIN
    DROP SCHEMA IF EXISTS plan_a CASCADE;
    DROP SCHEMA IF EXISTS plan_b CASCADE;
    CREATE SCHEMA plan_a;
    CREATE SCHEMA plan_b;
    PERFORM pg_temp.run(p_sql);
    RETURN pg_temp.tree();
END $$;
CREATE FUNCTION pg_temp.steps(p_from _pggit.object[], p_to _pggit.object[]) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(s.sql, '; ' ORDER BY s.step_no), '') FROM _pggit.plan(p_from, p_to) AS s WHERE s.action <> 'set'
$$;
CREATE FUNCTION pg_temp.apply(p_from _pggit.object[], p_to _pggit.object[]) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_sql text := (
        -- SET would outlive the function
        SELECT coalesce(string_agg(regexp_replace(s.sql, '^SET ', 'SET LOCAL '), '; ' ORDER BY s.step_no), '')
        FROM _pggit.plan(p_from, p_to) AS s WHERE s.action <> 'set' OR s.sql LIKE 'SET %');
BEGIN
    PERFORM pg_temp.run(v_sql);
    RETURN coalesce(
        (SELECT string_agg(concat_ws(' ', d.action, d.kind, d.name), ', ') FROM _pggit.diff_objects(pg_temp.tree(), p_to) AS d),
        CASE WHEN v_sql ~ 'DROP TABLE|DROP COLUMN' THEN 'dropped' ELSE 'kept' END);
END $$;
-- forth and back between two schemas, each time from what the first script really made
CREATE FUNCTION pg_temp.turn(p_before text, p_after text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    v_after  _pggit.object[] := pg_temp.state(p_after);
    v_before _pggit.object[] := pg_temp.state(p_before);
BEGIN
    RETURN pg_temp.apply(v_before, v_after) || ', back: ' || pg_temp.apply(v_after, v_before);
END $$;

SELECT is(pg_temp.steps(t.tree, t.tree), '', 'equal trees need no steps')
FROM (SELECT pg_temp.state('CREATE TABLE t (id serial PRIMARY KEY); CREATE VIEW v AS SELECT * FROM t')) AS t(tree);
SELECT is(pg_temp.turn('', $$
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE DOMAIN plan_b."Po.st" AS text DEFAULT 'x' NOT NULL CONSTRAINT "le n" CHECK (length(VALUE) < 9);
    CREATE TYPE pair AS (a mood, b plan_b."Po.st"[]);
    CREATE TYPE span AS RANGE (subtype = integer);
    CREATE TABLE t (id serial PRIMARY KEY, m mood DEFAULT 'ok', p pair, s span, "q""x" plan_b."Po.st");
    CREATE TABLE plan_b.u (id integer REFERENCES t, g integer GENERATED ALWAYS AS (id * 2) STORED);
    CREATE VIEW v AS SELECT t.id, u.g FROM t JOIN plan_b.u USING (id);
    CREATE MATERIALIZED VIEW mv AS SELECT * FROM v;
    CREATE INDEX ON mv (id);
    CREATE FUNCTION f(x t, y integer DEFAULT 3, OUT z mood) LANGUAGE sql SET search_path = plan_a, "$user" AS 'SELECT NULL::mood';
    CREATE PROCEDURE p(a integer) LANGUAGE plpgsql AS 'BEGIN /* $function$ */ END';
    CREATE AGGREGATE total(integer) (sfunc = int4pl, stype = integer, initcond = '0');
    COMMENT ON COLUMN v.g IS 'it''s';
    COMMENT ON CONSTRAINT "le n" ON DOMAIN plan_b."Po.st" IS 'short';
    GRANT SELECT (id) ON t TO PUBLIC;
    REVOKE EXECUTE ON FUNCTION f FROM PUBLIC;
$$), 'kept, back: dropped', 'everything can be made from nothing, and goes again');
SELECT is(pg_temp.turn(
    $$CREATE TYPE e AS ENUM ('a', 'b', 'c'); CREATE DOMAIN d AS e CHECK (VALUE <> 'b'); CREATE TYPE c AS (x e);
      CREATE TABLE t (id integer, e e DEFAULT 'a' CHECK (e <> 'b'), l e[], d d, c c); INSERT INTO t VALUES (1, 'c', '{a,c}', 'c', '(a)');
      CREATE INDEX ON t (e) WHERE e = 'a'; CREATE VIEW v AS SELECT e FROM t; COMMENT ON VIEW v IS 'kept'; GRANT SELECT ON v TO PUBLIC;
      CREATE FUNCTION f(e) RETURNS e LANGUAGE sql BEGIN ATOMIC SELECT $1; END;
      CREATE POLICY p ON t USING (e = 'a')$$,
    $$CREATE TYPE e AS ENUM ('a', 'c', 'z'); CREATE DOMAIN d AS e CHECK (VALUE <> 'z'); CREATE TYPE c AS (x e);
      CREATE TABLE t (id integer, e e DEFAULT 'a' CHECK (e <> 'z'), l e[], d d, c c);
      CREATE INDEX ON t (e) WHERE e = 'a'; CREATE VIEW v AS SELECT e FROM t; COMMENT ON VIEW v IS 'kept'; GRANT SELECT ON v TO PUBLIC;
      CREATE FUNCTION f(e) RETURNS e LANGUAGE sql BEGIN ATOMIC SELECT $1; END;
      CREATE POLICY p ON t USING (e = 'a')$$
), 'kept, back: kept', 'an enum loses a label: columns move to the new type with their rows, all that uses it is made again');
SELECT is(pg_temp.turn(
    $$CREATE TYPE e AS ENUM ('b', 'd'); CREATE TABLE t (e e)$$,
    $$CREATE TYPE e AS ENUM ('a', 'b', 'c', 'd', 'f'); CREATE TABLE t (e e DEFAULT 'd')$$
), 'kept, back: kept', 'labels are added in their places');
SELECT is(
    (SELECT array_agg(s.in_transaction::text ORDER BY s.step_no) FROM _pggit.plan(
        pg_temp.state($$CREATE TYPE e AS ENUM ('b'); CREATE TYPE k AS ENUM ('b'); CREATE TABLE t (e e)$$),
        pg_temp.state($$CREATE TYPE e AS ENUM ('b', 'c'); CREATE TYPE k AS ENUM ('b', 'c'); CREATE TABLE t (e e DEFAULT 'c')$$)
    ) AS s WHERE s.action <> 'set'),
    '{false,true,true}', 'a label that the plan uses, too, is added outside of its transaction'
);
SELECT is(pg_temp.turn(
    $$CREATE FUNCTION f(x integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
      CREATE TABLE t (a integer DEFAULT f(1) CHECK (f(a) > 0)); CREATE INDEX ON t (f(a)); CREATE VIEW v AS SELECT f(a) FROM t$$,
    $$CREATE FUNCTION f(y integer) RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 1::bigint';
      CREATE TABLE t (a integer DEFAULT f(1) CHECK (f(a) > 0)); CREATE INDEX ON t (f(a)); CREATE VIEW v AS SELECT f(a) FROM t$$
), 'kept, back: kept', 'a function is made again under the defaults, checks, indexes and views that call it');
SELECT is(pg_temp.turn(
    $$CREATE TABLE p (id integer PRIMARY KEY); CREATE TABLE c (id integer REFERENCES p); CREATE VIEW v AS SELECT c.id FROM c;
      CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'; CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING$$,
    $$CREATE TABLE p (id text PRIMARY KEY); CREATE TABLE c (id text REFERENCES p); CREATE VIEW v AS SELECT c.id FROM c;
      CREATE FUNCTION f() RETURNS SETOF v LANGUAGE sql AS 'SELECT * FROM v'; CREATE RULE r AS ON INSERT TO v DO INSTEAD NOTHING$$
), 'kept, back: kept', 'a key changes its type at both ends, views above it and what uses them follow');
SELECT is(pg_temp.turn('', $$
    CREATE TABLE t (id integer, n integer); CREATE TABLE k (id integer PRIMARY KEY, t integer);
    CREATE FUNCTION f() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END;
    ALTER TABLE t ALTER n SET DEFAULT f(), ADD PRIMARY KEY (id), ADD FOREIGN KEY (n) REFERENCES k;
    ALTER TABLE k ADD FOREIGN KEY (t) REFERENCES t$$
), 'kept, back: dropped', 'circles of defaults and of foreign keys are opened, both ways');
SELECT is(pg_temp.turn(
    $$CREATE TABLE x (id integer); CREATE VIEW y AS SELECT * FROM x; CREATE TYPE k AS ENUM ('a'); CREATE TABLE t (k k DEFAULT 'a');
      CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'$$,
    $$CREATE TABLE z (id integer); CREATE VIEW x AS SELECT * FROM z; CREATE VIEW y AS SELECT * FROM x; CREATE DOMAIN k AS text;
      CREATE TABLE t (k k DEFAULT 'a'); CREATE PROCEDURE f(integer) LANGUAGE sql AS 'SELECT 1'$$
), 'dropped, back: dropped', 'a name passes from one kind to another');
SELECT is(pg_temp.turn(
    $$CREATE TYPE c AS (a integer, b text, d date); CREATE TABLE t (c c); COMMENT ON COLUMN c.a IS 'x';
      CREATE COLLATION l (locale = 'C'); CREATE TABLE u (a text COLLATE l)$$,
    $$CREATE TYPE c AS (a integer, d date, e integer); CREATE TABLE t (c c);
      CREATE COLLATION l (locale = 'POSIX'); CREATE TABLE u (a text COLLATE l)$$
), 'kept, back: kept', 'composite types and collations change beneath the columns that use them');
SELECT is(pg_temp.turn(
    $$CREATE TABLE t (a serial, b integer); CREATE SEQUENCE s; CREATE TABLE u (a integer DEFAULT nextval('s'))$$,
    $$CREATE TABLE t (a integer, b serial); CREATE SEQUENCE s; CREATE TABLE u (a integer DEFAULT nextval('s'), b integer);
      ALTER SEQUENCE s OWNED BY u.b$$
), 'kept, back: dropped', 'a sequence passes to another column and outlives the first');

-- renames: the tree of one moment, and the identities that lead to the next
CREATE FUNCTION pg_temp.later(p_sql text, OUT first _pggit.object[], OUT next _pggit.object[]) LANGUAGE plpgsql AS $$
DECLARE
    v_known _pggit.known_identity[];
BEGIN
    SELECT array_agg(i.object), array_agg((i.classid, i.objid, i.objsubid, (i.object).object_id)::_pggit.known_identity)
    INTO first, v_known
    FROM _pggit.read_objects('{plan_a,plan_b}', '{plan_a,plan_b}', '{}', '{}') AS i WHERE (i.object).kind <> 'extension';
    PERFORM pg_temp.run(p_sql);
    SELECT array_agg(i.object) INTO next
    FROM _pggit.read_objects('{plan_a,plan_b}', '{plan_a,plan_b}', v_known, '{}') AS i WHERE (i.object).kind <> 'extension';
END $$;
SELECT pg_temp.state($$CREATE TABLE t (a integer CHECK (a > 0), b integer); CREATE INDEX i ON t (a) WHERE a > 1; CREATE VIEW v AS SELECT a FROM t$$) IS NOT NULL AS made \gset
SELECT * FROM pg_temp.later('ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME a TO z') \gset one_
SELECT unalike(pg_temp.steps(:'one_first', :'one_next'), '%DROP%', 'renames drop nothing');
SELECT matches(
    pg_temp.steps(:'one_first', :'one_next'),
    '^ALTER TABLE plan_a.t RENAME TO u; ALTER TABLE plan_a.u RENAME COLUMN a TO z', 'a table is renamed, then its column'
);
SELECT unalike(pg_temp.steps(:'one_first', :'one_next'), '%INDEX%', 'an index that PostgreSQL rewrites itself is left alone');
SELECT is(pg_temp.apply(:'one_next', :'one_first'), 'kept', 'renames lead back');

SELECT pg_temp.state('CREATE TABLE t (a integer, b text); CREATE TABLE u (c integer)') IS NOT NULL AS made \gset
SELECT * FROM pg_temp.later('ALTER TABLE t RENAME TO x; ALTER TABLE u RENAME TO t; ALTER TABLE x RENAME TO u;
    ALTER TABLE u RENAME a TO x; ALTER TABLE u RENAME b TO a; ALTER TABLE u RENAME x TO b') \gset two_
SELECT is(pg_temp.apply(:'two_next', :'two_first'), 'kept', 'names are exchanged');

SELECT pg_temp.state('CREATE TABLE t (a serial PRIMARY KEY); CREATE FUNCTION f(t) RETURNS integer LANGUAGE sql AS ''SELECT 1''') IS NOT NULL AS made \gset
SELECT * FROM pg_temp.later('ALTER TABLE t SET SCHEMA plan_b; ALTER FUNCTION f RENAME TO g') \gset three_
SELECT is(pg_temp.apply(:'three_next', :'three_first'), 'kept', 'a table moves to another schema with its sequence');

SELECT is(
    (SELECT array_agg(s.sql ORDER BY s.step_no) FROM _pggit.plan(pg_temp.state(''), pg_temp.state('CREATE VIEW v AS SELECT 1 AS a; CREATE VIEW plan_b.v AS SELECT 1 AS a')) AS s),
    ARRAY['SET search_path = plan_a, pg_temp', E'CREATE VIEW plan_a.v AS\n SELECT 1 AS a',
        'SET search_path = plan_b, pg_temp', E'CREATE VIEW plan_b.v AS\n SELECT 1 AS a', 'RESET search_path'],
    'each definition is read back under the path it was printed under'
);
SELECT is(
    (SELECT s.sql FROM _pggit.plan(pg_temp.state(''), pg_temp.state('CREATE VIEW v AS SELECT 1 AS a'), '{"plan_a": ["Other"]}') AS s WHERE s.step_no = 1),
    'SET search_path = plan_a, "Other", pg_temp', 'schemas of extensions join that path'
);
SELECT is(
    pg_temp.steps(pg_temp.state('CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a FROM t'), pg_temp.state('CREATE TABLE t (a integer); CREATE VIEW v AS SELECT a, 1 AS b FROM t')) LIKE 'CREATE OR REPLACE VIEW%',
    true, 'a view that only gains columns is replaced in place'
);
SELECT is(
    (SELECT array_agg(s.hazards::text) FROM _pggit.plan(pg_temp.state('CREATE TABLE t (a integer, b integer)'), pg_temp.state('CREATE TABLE t (a integer)')) AS s WHERE s.action = 'drop'),
    ARRAY['{data_loss}'], 'a dropped column is marked as loss of data'
);
SELECT is(
    pg_temp.steps(
        pg_temp.state('CREATE TABLE t (a integer); GRANT SELECT, INSERT ON t TO PUBLIC; GRANT UPDATE ON t TO pg_monitor WITH GRANT OPTION'),
        pg_temp.state('CREATE TABLE t (a integer); GRANT SELECT, DELETE ON t TO PUBLIC; GRANT UPDATE ON t TO pg_monitor')),
    'REVOKE GRANT OPTION FOR UPDATE ON TABLE plan_a.t FROM pg_monitor; REVOKE INSERT ON TABLE plan_a.t FROM PUBLIC; '
        'GRANT DELETE ON TABLE plan_a.t TO PUBLIC',
    'grants change one by one'
);
SELECT is(pg_temp.turn(
    'CREATE VIEW v AS SELECT 1 AS a',
    'ALTER DEFAULT PRIVILEGES IN SCHEMA plan_a GRANT SELECT ON TABLES TO pg_monitor; CREATE VIEW v AS SELECT 1 AS a; CREATE TABLE t ()'
) LIKE 'kept%', true, 'what default privileges add to a new object is counted on');

SELECT * FROM finish();
ROLLBACK;
