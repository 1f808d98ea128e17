BEGIN;
SET LOCAL search_path = public, tap;
SET LOCAL client_min_messages = warning;
SELECT plan(34);

CREATE SCHEMA cfl;
SET LOCAL search_path = cfl, public, tap;
CREATE TABLE t (id integer PRIMARY KEY, a integer, b varchar(20), c integer);
INSERT INTO t VALUES (1, 1, 'one', NULL), (2, 2, 'two', 7);
CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1';
SELECT pggit.init('cfl');
SELECT pggit.create_branch('side');
CREATE FUNCTION pg_temp.both(p_ours text, p_theirs text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pggit.checkout('side');
    EXECUTE p_theirs;
    PERFORM pggit.commit('theirs', 'side', true);
    PERFORM pggit.checkout('main');
    EXECUTE p_ours;
    PERFORM pggit.commit('ours', 'main', true);
END
$$;
CREATE TEMP TABLE m (merge_id text);
CREATE FUNCTION pg_temp.m() RETURNS text LANGUAGE sql AS 'SELECT merge_id FROM m';
CREATE FUNCTION pg_temp.c(p_n integer DEFAULT 1) RETURNS bigint LANGUAGE sql AS
    'SELECT conflict_id FROM pggit.conflicts WHERE merge_id = (SELECT merge_id FROM m) ORDER BY conflict_id OFFSET p_n - 1 LIMIT 1';

SELECT pg_temp.both('ALTER TABLE t ALTER b TYPE text, ALTER a SET DEFAULT 1', 'ALTER TABLE t ALTER b TYPE varchar(50), ALTER a SET DEFAULT 2');
INSERT INTO m SELECT merge_id FROM pggit.merge('side', 'main');
SELECT is((SELECT status FROM pggit.merges WHERE merge_id = pg_temp.m()), 'pending_conflicts', 'conflicts leave a merge pending');
SELECT matches(pg_temp.m(), '^mrg_[0-9a-f]+$', 'a merge id begins with mrg_');
SELECT is((SELECT array_agg(conflict_type || '/' || column_name || '/' || attribute ORDER BY column_name) FROM pggit.conflicts
    WHERE merge_id = pg_temp.m()), '{schema_mismatch/a/default,schema_mismatch/b/type}', 'each attribute that differs is a conflict');
SELECT is((SELECT (source ->> 'data_type', source ->> 'max_length', target ->> 'data_type', base ->> 'max_length')::text
    FROM pggit.conflicts WHERE merge_id = pg_temp.m() AND column_name = 'b'),
    '("character varying",50,text,20)', 'a conflict shows base, source and target');
SELECT is((SELECT count(*) FROM pggit.status('main')), 0::bigint, 'a conflict leaves the target untouched');
SELECT throws_ok(format('SELECT pggit.complete_merge(%L)', pg_temp.m()), 'VCS21', NULL, 'open conflicts hold the merge');
SELECT throws_ok($$SELECT pggit.complete_merge('mrg_0')$$, 'VCN04', NULL, 'an unknown merge is refused');
SELECT throws_ok(format('SELECT pggit.resolve_conflict(%L, 0, %L)', pg_temp.m(), 'use_source'), 'VCN07', NULL, 'an unknown conflict is refused');
SELECT throws_ok(format('SELECT pggit.resolve_conflict(%L, %s, %L)', pg_temp.m(), pg_temp.c(), 'toss'), 'VCV11', NULL,
    'an unknown way to resolve is refused');
SELECT throws_ok(format('SELECT pggit.resolve_conflict(%L, %s, %L)', pg_temp.m(), pg_temp.c(), 'custom'), 'VCV13', NULL,
    'a custom resolution needs a definition');
SELECT throws_ok(format('SELECT pggit.resolve_conflict(%L, %s, %L, %L)', pg_temp.m(), pg_temp.c(2), 'custom',
    '{"data_type": "no_such_type"}'), 'VCV13', NULL, 'a definition that does not build is refused');
SELECT is((SELECT resolution_status FROM pggit.conflicts WHERE conflict_id = pg_temp.c(2)), 'pending', 'and leaves no trace');
SELECT is((SELECT resolution_status FROM pggit.resolve_conflict(pg_temp.m(), pg_temp.c(), 'use_source')), 'resolved', 'a side is chosen');
SELECT throws_ok(format('SELECT pggit.resolve_conflict(%L, %s, %L)', pg_temp.m(), pg_temp.c(), 'use_source'), 'VCS22', NULL,
    'the same resolution again is refused');
SELECT is((SELECT resolution_strategy FROM pggit.resolve_conflict(pg_temp.m(), pg_temp.c(), 'use_target')), 'use_target',
    'another resolution replaces the first');
SELECT matches((SELECT resolution_id FROM pggit.resolve_conflict(pg_temp.m(), pg_temp.c(2), 'custom',
    '{"data_type": "character varying", "max_length": 33}', 'a compromise')), '^res_[0-9a-f]+$', 'a definition of the conflict''s shape is taken');
SELECT is((SELECT status FROM pggit.merges WHERE merge_id = pg_temp.m()), 'in_progress', 'with all resolved the merge is in progress');
SELECT is((SELECT status || conflicts_resolved FROM pggit.complete_merge(pg_temp.m(), 'done')), 'completed2', 'it completes');
SELECT col_type_is('cfl', 't', 'b', 'character varying(33)', 'the custom type stands in the live table');
SELECT col_default_is('cfl', 't', 'a', '1', 'the chosen default stands, too');
SELECT throws_ok(format('SELECT pggit.abort_merge(%L)', pg_temp.m()), 'VCS20', NULL, 'a completed merge cannot be aborted');

SELECT pg_temp.both('CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS ''SELECT 2''',
    'CREATE OR REPLACE FUNCTION f() RETURNS integer LANGUAGE sql AS ''SELECT 3''');
UPDATE m SET merge_id = (SELECT merge_id FROM pggit.merge('side', 'main'));
SELECT throws_ok(format('SELECT pggit.resolve_conflict(%L, %s, %L, %L)', pg_temp.m(), pg_temp.c(), 'custom',
    '{"ddl": "CREATE FUNCTION g() RETURNS integer LANGUAGE sql AS ''SELECT 9''"}'), 'VCV13', NULL, 'DDL of another object is refused');
SELECT lives_ok(format('SELECT pggit.resolve_conflict(%L, %s, %L, %L)', pg_temp.m(), pg_temp.c(), 'custom',
    '{"ddl": "CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS ''SELECT 9''"}'), 'DDL of the object is taken');
SELECT is((SELECT status || cfl.f() FROM pggit.complete_merge(pg_temp.m())), 'completed2', 'it completes with the DDL''s object');
SELECT is(cfl.f(), 9, 'the function is the custom one');

SELECT pg_temp.both('ALTER TABLE t ADD x integer', 'UPDATE t SET c = 1; ALTER TABLE t ALTER c SET NOT NULL');
UPDATE m SET merge_id = (SELECT merge_id FROM pggit.merge('side', 'main'));
SELECT is((SELECT conflict_type || '/' || attribute FROM pggit.conflicts WHERE merge_id = pg_temp.m()), 'data_violation/not_null',
    'rows that refuse a constraint are a conflict');
SELECT matches((SELECT description FROM pggit.conflicts WHERE merge_id = pg_temp.m()), '1 rows?.*"id": 1', 'which counts and names them');
SELECT pggit.resolve_conflicts(pg_temp.m(), 'use_source');
SELECT matches((SELECT status || ': ' || message FROM pggit.complete_merge(pg_temp.m())),
    '^pending_conflicts: 1 conflict to resolve; use source was refused again: .*"id": 1', 'use_source asks the rows again, and says so');
UPDATE t SET c = 3 WHERE c IS NULL;
SELECT pggit.resolve_conflicts(pg_temp.m(), 'use_source');
SELECT is((SELECT status FROM pggit.complete_merge(pg_temp.m())), 'completed', 'and completes once they agree');

SELECT pg_temp.both('ALTER TABLE t DROP x', 'ALTER TABLE t ALTER a TYPE bigint');
SELECT pg_temp.both('ALTER TABLE t ALTER a TYPE numeric', 'COMMENT ON TABLE t IS ''x''');
UPDATE m SET merge_id = (SELECT merge_id FROM pggit.merge('side', 'main'));
SELECT is((SELECT status FROM pggit.abort_merge(pg_temp.m())), 'aborted', 'a merge is given up');
UPDATE m SET merge_id = (SELECT merge_id FROM pggit.merge('side', 'main'));
SELECT pggit.resolve_conflicts(pg_temp.m(), 'use_target');
ALTER TABLE t ADD z integer;
SELECT pggit.commit('z', 'main');
SELECT throws_ok(format('SELECT pggit.complete_merge(%L)', pg_temp.m()), 'VCC01', NULL, 'a target that moved meanwhile is not touched');

-- Pending trigger events of this very session.
SELECT pggit.merge('side', 'main', p_strategy => 'ours');
CREATE TABLE u (id integer REFERENCES t DEFERRABLE INITIALLY DEFERRED);
SELECT pggit.commit('u', 'main');
SELECT pggit.merge('main', 'side', p_strategy => 'fast-forward');
SELECT pg_temp.both('SELECT 1', 'ALTER TABLE u ADD y integer NOT NULL DEFAULT 1');
INSERT INTO u VALUES (1);
SELECT throws_ok($$SELECT pggit.merge('side', 'main')$$, 'VCS24', NULL, 'pending trigger events of the session are named');
SET CONSTRAINTS ALL IMMEDIATE;
SELECT is((SELECT status FROM pggit.merge('side', 'main')), 'completed', 'and without them it merges');
SELECT pg_temp.both('SELECT 1', 'CREATE VIEW v AS SELECT id FROM cfl.t');
SELECT throws_ok($$SELECT pggit.merge('side', 'main')$$, 'VCS25', NULL, 'a branch that uses a live table is not merged');
SELECT * FROM finish();
ROLLBACK;
