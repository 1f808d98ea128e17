BEGIN;
SET LOCAL search_path = public, tap;
SET LOCAL client_min_messages = warning;
SELECT plan(60);

CREATE SCHEMA hst;
SET LOCAL search_path = hst, public, tap;
CREATE TABLE t (id integer PRIMARY KEY, a integer, b text);
INSERT INTO t VALUES (1, 1, 'one'), (2, 2, 'two');
SELECT pggit.init('hst');
CREATE FUNCTION pg_temp.on_branch(p_branch text, p_ddl text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    v_id integer;
BEGIN
    PERFORM pggit.checkout(p_branch);
    EXECUTE p_ddl;
    SELECT commit_id INTO v_id FROM pggit.commit(p_ddl, p_branch);
    PERFORM pggit.checkout('main');
    RETURN v_id;
END
$$;
CREATE FUNCTION pg_temp.type(p_schema text, p_column text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute AS a
    WHERE a.attrelid = format('%I.t', p_schema)::regclass AND a.attname = p_column AND NOT a.attisdropped
$$;
CREATE TEMP TABLE m (name text PRIMARY KEY, merge_id text);
CREATE FUNCTION pg_temp.open(p_name text) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT string_agg(c.conflict_type || '/' || coalesce(c.column_name, c.object_name) || coalesce('/' || c.attribute, ''), ' ' ORDER BY 1)
    FROM pggit.conflicts AS c JOIN m USING (merge_id) WHERE m.name = p_name AND c.resolution_status = 'pending'
$$;
CREATE FUNCTION pg_temp.clean() RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM pggit.branches AS b CROSS JOIN LATERAL pggit.status(b.name) AS s
$$;

-- Cherry-pick.
SELECT pggit.create_branch('pick', 'main');
CREATE TEMP TABLE c AS SELECT 'wide' AS name, pg_temp.on_branch('pick', 'ALTER TABLE t ALTER a TYPE bigint') AS id;
INSERT INTO c SELECT 'index', pg_temp.on_branch('pick', 'CREATE INDEX t_a_idx ON t (a)');
INSERT INTO c SELECT 'rename', pg_temp.on_branch('pick', 'ALTER TABLE t RENAME b TO label');
CREATE FUNCTION pg_temp.c(p_name text) RETURNS text LANGUAGE sql STABLE AS 'SELECT id::text FROM c WHERE name = p_name';
SELECT is((SELECT status || operation FROM pggit.cherry_pick(pg_temp.c('rename'), 'main')), 'completedcherry_pick', 'a rename is picked alone');
SELECT is(pg_temp.type('hst', 'label') || pg_temp.type('hst', 'a'), 'textinteger', 'and nothing of the commits before it');
SELECT is((SELECT string_agg(label, ' ' ORDER BY id) FROM hst.t), 'one two', 'with its data');
SELECT is((SELECT message FROM pggit.log('main', 1)), 'ALTER TABLE t RENAME b TO label', 'the new commit has the message of the picked one');
SELECT is((SELECT cardinality(l.parents) FROM pggit.log('main', 1) AS l), 1, 'and one parent');
SELECT is((SELECT message FROM pggit.cherry_pick(pg_temp.c('rename'), 'main')), 'already up to date', 'picked twice it changes nothing');
SELECT pg_temp.on_branch('main', 'ALTER TABLE t ALTER a TYPE numeric');
INSERT INTO m SELECT 'pick', merge_id FROM pggit.cherry_pick(pg_temp.c('wide'), 'main');
SELECT is(pg_temp.open('pick'), 'schema_mismatch/a/type', 'a picked commit may conflict');
SELECT is(pg_temp.type('hst', 'a'), 'numeric', 'which touches nothing');
SELECT throws_ok(format('SELECT pggit.complete_merge(%L)', (SELECT merge_id FROM m WHERE name = 'pick')), 'VCS21', NULL,
    'and waits for its resolution');
SELECT pggit.resolve_conflicts((SELECT merge_id FROM m WHERE name = 'pick'), 'use_source');
SELECT is((SELECT status FROM pggit.complete_merge((SELECT merge_id FROM m WHERE name = 'pick'))), 'completed', 'then it completes');
SELECT is(pg_temp.type('hst', 'a'), 'bigint', 'as resolved');
SELECT is((SELECT status FROM pggit.cherry_pick('pick~1', 'main')), 'completed', 'a commit is named in any way a ref is');
SELECT has_index('hst', 't', 't_a_idx', 'its index stands');
SELECT throws_ok($$SELECT pggit.cherry_pick('nothing', 'main')$$, 'VCN03', NULL, 'an unknown commit is refused');
SELECT throws_ok($$SELECT pggit.cherry_pick('pick', 'nowhere')$$, 'VCN01', NULL, 'an unknown target is refused');
SELECT throws_ok($$SELECT pggit.cherry_pick(NULL, 'main')$$, 'VCV12', NULL, 'no commit is refused');
INSERT INTO c SELECT 'drop', pg_temp.on_branch('pick', 'ALTER TABLE t DROP label');
SELECT throws_ok(format('SELECT pggit.cherry_pick(%L, %L)', pg_temp.c('drop'), 'main'), 'VCS12', NULL,
    'a picked commit that loses data needs consent');
SELECT is((SELECT status FROM pggit.cherry_pick(pg_temp.c('drop'), 'main', true)), 'completed', 'with consent it is picked');
SELECT is(pg_temp.clean(), 0::bigint, 'every worktree equals its head');

-- Revert, of a plain commit and of a merge.
SELECT is((SELECT status FROM pggit.revert('HEAD', 'main')), 'completed', 'a commit is taken back');
SELECT has_column('hst', 't', 'label', 'its column is there again');
SELECT is((SELECT message FROM pggit.log('main', 1)), 'Revert "ALTER TABLE t DROP label"', 'the message says what was reverted');
SELECT pggit.create_branch('two', 'main');
SELECT pg_temp.on_branch('two', 'ALTER TABLE t ADD x integer');
SELECT pg_temp.on_branch('two', 'CREATE VIEW v AS SELECT id, x FROM t');
SELECT pg_temp.on_branch('main', 'CREATE TABLE u (id integer)');
INSERT INTO c SELECT 'merge', merge_commit_id FROM pggit.merge('two', 'main');
SELECT pg_temp.on_branch('main', 'ALTER TABLE u ADD y integer');
SELECT is((SELECT status FROM pggit.revert(pg_temp.c('merge'), 'main')), 'completed', 'a merge is taken back as a whole');
SELECT hasnt_column('hst', 't', 'x', 'what it brought is gone');
SELECT has_column('hst', 'u', 'y', 'what the target had stays');
SELECT is((SELECT status FROM pggit.revert('HEAD', 'main')), 'completed', 'a revert is reverted');
SELECT has_view('hst', 'v', 'and all is there again');
SELECT pg_temp.on_branch('main', 'COMMENT ON COLUMN t.x IS ''the x''');
SELECT is((SELECT status FROM pggit.revert('HEAD~1', 'main')), 'pending_conflicts', 'a revert of what was changed since conflicts');
SELECT is((SELECT string_agg(conflict_type, ' ') FROM pggit.conflicts WHERE merge_id = (SELECT max(merge_id) FROM pggit.merges
    WHERE operation = 'revert' AND status = 'pending_conflicts')), 'modify_delete', 'it dropped what was changed');
SELECT is((SELECT status FROM pggit.abort_merge((SELECT max(merge_id) FROM pggit.merges WHERE status = 'pending_conflicts'))), 'aborted',
    'it can be given up');
SELECT is(pg_temp.clean(), 0::bigint, 'every worktree equals its head');

-- Rebase with a conflict in the middle.
SELECT pggit.create_branch('topic', 'main');
SELECT pg_temp.on_branch('topic', 'CREATE TABLE topic_1 (id integer)');
SELECT pg_temp.on_branch('topic', 'ALTER TABLE u ALTER y SET DEFAULT 1');
SELECT pg_temp.on_branch('topic', 'ALTER TABLE topic_1 ADD v text');
SELECT pg_temp.on_branch('topic', 'ALTER TABLE u ALTER y SET DEFAULT 2');
SELECT pg_temp.on_branch('topic', 'ALTER TABLE topic_1 RENAME TO topic_2');
SELECT pg_temp.on_branch('main', 'ALTER TABLE u ALTER y SET DEFAULT 3');
INSERT INTO m SELECT 'rebase', merge_id FROM pggit.rebase('topic', 'main');
SELECT is(pg_temp.open('rebase'), 'schema_mismatch/y/default', 'a rebase stops at the commit that conflicts');
SELECT matches((SELECT message FROM pggit.merges JOIN m USING (merge_id) WHERE name = 'rebase'), 'SET DEFAULT 1\), 3 to follow', 'and says which');
SELECT is((SELECT message FROM pggit.log('topic', 1)), 'ALTER TABLE topic_1 RENAME TO topic_2', 'the branch has not moved');
SELECT is(pg_temp.clean(), 0::bigint, 'nor has its worktree');
SELECT pggit.resolve_conflicts((SELECT merge_id FROM m WHERE name = 'rebase'), 'use_source');
SELECT is((SELECT status FROM pggit.complete_merge((SELECT merge_id FROM m WHERE name = 'rebase'))), 'completed',
    'resolved for its own version, the later change of it is no conflict any more');
SELECT is((SELECT string_agg(message, ', ' ORDER BY commit_id) FROM pggit.log('topic', 5)),
    'CREATE TABLE topic_1 (id integer), ALTER TABLE u ALTER y SET DEFAULT 1, ALTER TABLE topic_1 ADD v text, '
    'ALTER TABLE u ALTER y SET DEFAULT 2, ALTER TABLE topic_1 RENAME TO topic_2', 'every commit is replayed, in order');
SELECT is((SELECT head_commit_id FROM pggit.branches WHERE name = 'main'), _pggit.resolve_ref('topic~5', 'main'), 'on the commit asked for');
SELECT is((SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = '"hst@topic".u'::regclass), '2', 'the worktree follows');
SELECT has_table('hst@topic', 'topic_2', 'with the renamed table');
SELECT is(pg_temp.clean(), 0::bigint, 'every worktree equals its head');
SELECT is((SELECT message FROM pggit.merge('topic', 'main', p_strategy => 'fast-forward')), 'merged topic into main',
    'a rebased branch fast-forwards its base');

-- The same question again is asked again.
SELECT pg_temp.on_branch('topic', 'ALTER TABLE u ALTER y SET DEFAULT 10');
SELECT pg_temp.on_branch('topic', 'ALTER TABLE u ALTER y SET DEFAULT 11');
SELECT pg_temp.on_branch('main', 'ALTER TABLE u ALTER y SET DEFAULT 20');
INSERT INTO m SELECT 'again', merge_id FROM pggit.rebase('topic', 'main');
SELECT pggit.resolve_conflicts((SELECT merge_id FROM m WHERE name = 'again'), 'use_target');
SELECT is((SELECT status FROM pggit.complete_merge((SELECT merge_id FROM m WHERE name = 'again'))), 'pending_conflicts',
    'a resolution speaks of one commit only: the next one conflicts anew');
SELECT pggit.resolve_conflicts((SELECT merge_id FROM m WHERE name = 'again'), 'use_source');
SELECT is((SELECT status FROM pggit.complete_merge((SELECT merge_id FROM m WHERE name = 'again'))), 'completed', 'and then the rebase ends');
SELECT is((SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = '"hst@topic".u'::regclass), '11', 'with the last answer');
SELECT throws_ok($$SELECT pggit.rebase('topic', 'topic')$$, 'VCV10', NULL, 'a branch is not rebased onto itself');
SELECT throws_ok($$SELECT pggit.rebase('topic', NULL)$$, 'VCV12', NULL, 'nor onto nothing');

-- Rows refuse what was replayed.
SELECT pg_temp.on_branch('main', 'ALTER TABLE t ADD z integer');
SELECT pggit.checkout('topic');
INSERT INTO u VALUES (7, NULL);
SELECT pggit.checkout('main');
UPDATE u SET y = 1;
SELECT pg_temp.on_branch('main', 'ALTER TABLE u ALTER y SET NOT NULL');
INSERT INTO m SELECT 'rows', merge_id FROM pggit.rebase('topic', 'main');
SELECT is(pg_temp.open('rows'), 'data_violation/y/not_null', 'rows of the branch that refuse the new base are a conflict');
SELECT throws_ok($$UPDATE "hst@topic".u SET y = 5; SELECT pggit.resolve_conflicts(merge_id, 'nonsense') FROM m WHERE name = 'rows'$$,
    'VCV11', NULL, 'which takes no other answer than a side');
UPDATE "hst@topic".u SET y = 5;
SELECT pggit.resolve_conflicts((SELECT merge_id FROM m WHERE name = 'rows'), 'use_source');
SELECT is((SELECT status FROM pggit.complete_merge((SELECT merge_id FROM m WHERE name = 'rows'))), 'completed', 'once the rows are mended it completes');
SELECT is(pg_temp.clean(), 0::bigint, 'every worktree equals its head');

-- Blame through renames and merges.
CREATE FUNCTION pg_temp.blame(p_object text, p_attribute text, p_ref text DEFAULT 'main') RETURNS text LANGUAGE sql STABLE AS $$
    SELECT message FROM pggit.blame(p_object, p_ref) WHERE attribute = p_attribute
$$;
SELECT is(pg_temp.blame('hst.topic_2.v', 'type'), 'ALTER TABLE topic_1 ADD v text', 'blame finds the origin behind the table''s later rename');
SELECT is(pg_temp.blame('hst.topic_2', 'name'), 'ALTER TABLE topic_1 RENAME TO topic_2', 'and the rename itself');
SELECT is(pg_temp.blame('hst.t.a', 'name'), 'Track hst', 'what nobody changed stems from the first commit');
SELECT is(pg_temp.blame('hst.u.y', 'default', 'topic'), 'ALTER TABLE u ALTER y SET DEFAULT 11', 'a rebased commit is its own origin');
SELECT pggit.create_branch('late', 'main');
SELECT pg_temp.on_branch('late', 'ALTER TABLE t RENAME a TO amount');
SELECT pg_temp.on_branch('late', 'COMMENT ON COLUMN t.amount IS ''how much''');
SELECT pg_temp.on_branch('main', 'ALTER TABLE t ALTER a SET DEFAULT 0');
SELECT pggit.merge('late', 'main');
SELECT is(pg_temp.blame('hst.t.amount', 'comment') || '; ' || pg_temp.blame('hst.t.amount', 'default'),
    'COMMENT ON COLUMN t.amount IS ''how much''; ALTER TABLE t ALTER a SET DEFAULT 0', 'through a merge blame goes to the side that changed it');

-- Reset.
INSERT INTO u VALUES (1, 1);
SELECT throws_ok($$SELECT pggit.reset('HEAD~99', 'main')$$, 'VCN03', NULL, 'a reset to nowhere is refused');
SELECT throws_ok($$SELECT pggit.reset('pick~1', 'main')$$, 'VCS12', NULL, 'a reset that loses rows needs consent');
SELECT is((SELECT message FROM pggit.reset('pick~1', 'main', true) AS b JOIN pggit.commits AS c ON c.commit_id = b.head_commit_id),
    'ALTER TABLE t RENAME b TO label', 'with consent it goes anywhere, even to another branch''s commit');
SELECT is(pg_temp.clean(), 0::bigint, 'every worktree equals its head');

SELECT * FROM finish();
ROLLBACK;
