BEGIN;
SET LOCAL search_path = public, tap;
SET LOCAL client_min_messages = warning;
SELECT plan(32);

-- A conflict of every kind at once, each resolved by a definition of the shape that it shows.
CREATE SCHEMA cus;
SET LOCAL search_path = cus, public, tap;
CREATE TABLE t (id integer PRIMARY KEY, a integer, b text);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE DOMAIN d AS text;
CREATE SEQUENCE sq;
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
CREATE TABLE gone (id integer PRIMARY KEY, z integer);
CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION g();
CREATE POLICY po ON t USING (id > 0);
CREATE INDEX ix ON t (a);
CREATE TABLE fk (id integer);
CREATE MATERIALIZED VIEW mv AS SELECT 1 AS x;
ALTER TABLE t ADD CONSTRAINT ck CHECK (a > 0);
SELECT pggit.init('cus');
SELECT pggit.create_branch('s');
CREATE FUNCTION pg_temp.change(p_n text, p_name text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format($ddl$
        CREATE OR REPLACE VIEW v AS SELECT id, a FROM t WHERE a > %1$s;
        ALTER DOMAIN d SET DEFAULT '%1$s';
        ALTER SEQUENCE sq INCREMENT %1$s;
        CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT %1$s';
        CREATE TABLE nw (id integer PRIMARY KEY, p varchar(%1$s0), UNIQUE (p));
        DROP TRIGGER tr ON t;
        CREATE TRIGGER tr AFTER UPDATE ON t FOR EACH ROW WHEN (NEW.a > %1$s) EXECUTE FUNCTION g();
        ALTER POLICY po ON t USING (id > %1$s);
        DROP INDEX ix;
        CREATE INDEX ix ON t ((a + %1$s));
        ALTER TABLE t DROP CONSTRAINT ck, ADD CONSTRAINT ck CHECK (a > %1$s);
        ALTER TABLE t RENAME b TO b%1$s;
    $ddl$, p_n);
END
$$;
SELECT pggit.checkout('s');
SELECT pg_temp.change('2', 's');
CREATE VIEW broken AS SELECT z FROM gone;
ALTER TABLE fk ADD CONSTRAINT r FOREIGN KEY (id) REFERENCES gone ON DELETE CASCADE;
CREATE INDEX ON mv (x);
CREATE TABLE one (x integer);
SELECT pggit.commit('s');
SELECT pggit.checkout('main');
SELECT pg_temp.change('3', 'm');
ALTER TABLE gone DROP z;
ALTER TABLE fk ADD CONSTRAINT r FOREIGN KEY (id) REFERENCES t ON UPDATE CASCADE;
DROP MATERIALIZED VIEW mv;
CREATE VIEW one AS SELECT 1 AS x;
SELECT pggit.commit('m');
CREATE TEMP TABLE m AS SELECT merge_id FROM pggit.merge('s', 'main');
SELECT is((SELECT string_agg(concat_ws(' ', conflict_type, object_kind, attribute), ', ' ORDER BY object_kind, object_name) FROM pggit.conflicts),
    'rename_rename column name, schema_mismatch constraint expression, both_added constraint, schema_mismatch domain default, schema_mismatch function body, '
    'schema_mismatch index keys, modify_delete materialized_view, schema_mismatch policy using, schema_mismatch sequence increment, both_added table, '
    'schema_mismatch trigger when, dependency_broken view, name_collision view, schema_mismatch view query', 'every kind of conflict');
CREATE FUNCTION pg_temp.resolve(p_kind text, p_name text, p_custom jsonb) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(r.resolution_status, ' ')
    FROM pggit.conflicts AS c
    CROSS JOIN LATERAL pggit.resolve_conflict(c.merge_id, c.conflict_id, 'custom', p_custom) AS r
    WHERE c.object_kind = p_kind AND c.object_name = p_name
$$;
-- What does not build is refused, each kind in its own words.
SELECT throws_ok($$SELECT pg_temp.resolve('view', 'v', '{"query": "SELECT nothing FROM nowhere"}')$$, 'VCV13', NULL, 'a query that does not build');
SELECT throws_ok($$SELECT pg_temp.resolve('view', 'broken', '{"query": "SELECT z FROM gone"}')$$, 'VCV13', NULL, 'a query that needs what is gone');
SELECT throws_ok($$SELECT pg_temp.resolve('table', 'nw', '{"columns": [{"column_name": "id", "data_type": "no_such"}]}')$$, 'VCV13', NULL, 'a table of an unknown type');
SELECT throws_ok($$SELECT pg_temp.resolve('table', 'nw', '{"columns": []}')$$, 'VCV13', NULL, 'a table without columns');
SELECT throws_ok($$SELECT pg_temp.resolve('index', 'ix', '{"keys": "(nothing)"}')$$, 'VCV13', NULL, 'an index on nothing');
SELECT throws_ok($$SELECT pg_temp.resolve('policy', 'po', '{"using": "id >"}')$$, 'VCV13', NULL, 'a policy with half an expression');
SELECT throws_ok($$SELECT pg_temp.resolve('constraint', 'ck', '{"ddl": "ALTER TABLE t ADD CONSTRAINT other CHECK (a > 1)"}')$$, 'VCV13', NULL,
    'DDL of another constraint');
SELECT throws_ok($$SELECT pg_temp.resolve('column', 'b', '{"type": "text"}')$$, 'VCV13', NULL, 'a rename without a name');
SELECT throws_ok($$SELECT pg_temp.resolve('view', 'one', '{}')$$, 'VCV13', NULL, 'an empty definition');
SELECT throws_ok($$SELECT pg_temp.resolve('view', 'one', '{"name": "t"}')$$, 'VCV13', NULL, 'a name that something else has');
SELECT is((SELECT count(*) FROM pggit.conflicts WHERE resolution_status = 'resolved'), 0::bigint, 'and none of it is kept');
SELECT is(pg_temp.resolve('view', 'v', '{"query": " SELECT id,\n    a\n   FROM t\n  WHERE (a > 9)"}'), 'resolved', 'a view''s query');
SELECT is(pg_temp.resolve('view', 'broken', '{"query": "SELECT id AS z FROM gone WHERE id > 5"}'), 'resolved', 'a broken view without what it needed');
SELECT is(pg_temp.resolve('view', 'one', '{"name": "two"}'), 'resolved', 'another name for one that collides');
SELECT is(pg_temp.resolve('domain', 'd', '{"default": "''c''::text"}'), 'resolved', 'a domain''s default');
SELECT is(pg_temp.resolve('sequence', 'sq', '{"increment": 7}'), 'resolved', 'a sequence''s increment');
SELECT is(pg_temp.resolve('function', 'f()', '{"body": "SELECT 9"}'), 'resolved', 'a function''s body');
SELECT is(pg_temp.resolve('table', 'nw', '{"columns": [{"column_name": "id", "data_type": "integer", "nullable": false},
    {"column_name": "p", "data_type": "character varying", "max_length": 44}, {"column_name": "q", "data_type": "date", "default": "now()"}]}'),
    'resolved', 'a table''s columns');
SELECT is(pg_temp.resolve('trigger', 'tr', '{"ddl": "CREATE TRIGGER tr AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION g()"}'), 'resolved',
    'a trigger''s statement');
SELECT is(pg_temp.resolve('policy', 'po', '{"using": "(id > 9)"}'), 'resolved', 'a policy''s expression');
SELECT is(pg_temp.resolve('index', 'ix', '{"keys": "(a, id)"}'), 'resolved', 'an index'' keys');
SELECT is(pg_temp.resolve('constraint', 'ck', '{"expression": "(a > 9)"}'), 'resolved', 'a check''s expression');
SELECT is(pg_temp.resolve('column', 'b', '{"name": "c"}'), 'resolved', 'a third name');
SELECT is((SELECT string_agg(r.resolution_status, ' ') FROM pggit.conflicts AS c
    CROSS JOIN LATERAL pggit.resolve_conflict(c.merge_id, c.conflict_id, 'custom', c.source) AS r WHERE c.object_name IN ('r', 'mv')),
    'resolved resolved', 'what the other side has, as it is shown: a foreign key to another table, a view that the target dropped');
SELECT is((SELECT status || message FROM m CROSS JOIN LATERAL pggit.complete_merge(m.merge_id)), 'completedmerged s into main', 'all of it builds together');
SELECT is((SELECT string_agg(a.attname || ' ' || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum) FROM pg_attribute AS a
    WHERE a.attrelid = 'nw'::regclass AND a.attnum > 0 AND NOT a.attisdropped), 'id integer, p character varying(44), q date', 'the table is as given');
SELECT is((SELECT string_agg(conname, ' ' ORDER BY conname) FROM pg_constraint WHERE conrelid = 'nw'::regclass AND contype IN ('p', 'u')),
    'nw_p_key nw_pkey', 'and keeps its keys');
-- before 16 the names of columns come with their table's
SELECT is((SELECT string_agg(btrim(regexp_replace(pg_get_viewdef(c.oid, true), '\m(gone|t)\.', '', 'g'), ' ;'), '|' ORDER BY c.relname) FROM pg_class AS c
    WHERE c.relnamespace = 'cus'::regnamespace AND c.relname IN ('broken', 'v')),
    E'SELECT id AS z\n   FROM gone\n  WHERE id > 5|SELECT id,\n    a\n   FROM t\n  WHERE a > 9', 'the views are as given');
SELECT is((SELECT string_agg(concat_ws(' ', pg_get_constraintdef(k.oid, true), pg_get_indexdef('ix'::regclass), pg_get_triggerdef(r.oid, true)), '')
    FROM pg_constraint AS k, pg_trigger AS r WHERE k.conname = 'ck' AND k.conrelid = 't'::regclass AND r.tgrelid = 't'::regclass),
    'CHECK (a > 9) CREATE INDEX ix ON cus.t USING btree (a, id) CREATE TRIGGER tr AFTER DELETE ON t FOR EACH ROW EXECUTE FUNCTION g()',
    'and so are check, index and trigger');
SELECT is((SELECT pg_get_constraintdef(k.oid) || (SELECT ' and ' || count(*) FROM pg_index WHERE indrelid = 'mv'::regclass)
    FROM pg_constraint AS k WHERE k.conrelid = 'fk'::regclass), 'FOREIGN KEY (id) REFERENCES gone(id) ON DELETE CASCADE and 1',
    'the key leaves out what the definition did, and the view comes with its index');
SELECT is((SELECT count(*) FROM pggit.status('main')), 0::bigint, 'the target equals its head');
SELECT * FROM finish();
ROLLBACK;
