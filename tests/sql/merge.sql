BEGIN;
SET LOCAL search_path = public, tap;
SET LOCAL client_min_messages = warning;
SELECT plan(44);

-- Hand-made objects: one table t with columns a and b.
CREATE FUNCTION pg_temp.o(
    p_kind text, p_parent text, p_name text, p_attrs jsonb DEFAULT '{}', p_deps text[] DEFAULT '{}', p_id text DEFAULT NULL
) RETURNS _pggit.object LANGUAGE sql AS $$
    SELECT ROW(md5(coalesce(p_id, p_kind || p_parent || p_name))::uuid, p_kind, md5(p_parent)::uuid, 'app',
        CASE WHEN p_parent <> 's' THEN 't' END, p_name, NULL, p_attrs,
        ARRAY(SELECT md5(d)::uuid FROM unnest(p_deps) AS d ORDER BY 1))::_pggit.object
$$;
CREATE TEMP TABLE base AS SELECT ARRAY[
    ROW(md5('s')::uuid, 'schema', NULL, 'app', NULL, 'app', NULL, '{}', '{}')::_pggit.object,
    pg_temp.o('table', 's', 't', p_id => 't'),
    pg_temp.o('column', 't', 'a', '{"type": "integer", "position": 1}', p_id => 'a'),
    pg_temp.o('column', 't', 'b', '{"type": "integer", "position": 2}', p_id => 'b')] AS x;
CREATE FUNCTION pg_temp.names(p_result _pggit.merge_result) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(o.name || CASE WHEN o.attrs ? 'keys' THEN o.attrs ->> 'keys' ELSE '' END, ' ' ORDER BY o.name)
    FROM unnest(p_result.objects) AS o
$$;
CREATE FUNCTION pg_temp.types(p_result _pggit.merge_result) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(c.conflict_type || coalesce('/' || c.attribute, ''), ' ' ORDER BY 1) FROM unnest(p_result.conflicts) AS c
$$;

SELECT is(pg_temp.types(_pggit.merge_objects(x,
        x[1:3] || pg_temp.o('column', 't', 'b', '{"type": "text"}', p_id => 'b'),
        x[1:3] || pg_temp.o('column', 't', 'b', '{"type": "bigint", "default": "1"}', p_id => 'b'))),
    'schema_mismatch/type', 'both retyped a column, one gave it a default: only the type conflicts') FROM base;
SELECT is(pg_temp.names(_pggit.merge_objects(x,
        x[1:3] || pg_temp.o('column', 't', 'c', '{"type": "integer"}', p_id => 'b'),
        x || pg_temp.o('index', 't', 'i', '{"keys": "(b)"}', '{t,b}'))),
    'a app c i(c) t', 'an index on a column that the other side renamed follows the rename') FROM base;
SELECT is(pg_temp.types(_pggit.merge_objects(x,
        x[1:3] || pg_temp.o('column', 't', 'c', '{"type": "integer"}', p_id => 'b'),
        x[1:3] || pg_temp.o('column', 't', 'd', '{"type": "integer"}', p_id => 'b'))),
    'rename_rename/name', 'one column renamed two ways conflicts') FROM base;
SELECT is(pg_temp.types(_pggit.merge_objects(x,
        x[1:3] || pg_temp.o('column', 't', 'c', '{"type": "integer"}', p_id => 'b'),
        x[1:2] || pg_temp.o('column', 't', 'c', '{"type": "integer"}', p_id => 'a') || x[4])),
    'name_collision', 'two columns renamed to one name collide') FROM base;
SELECT is(pg_temp.types(_pggit.merge_objects(x, x[1:3], x[1:1])),
    'modify_delete', 'a table dropped here and changed there is one conflict, not one per part') FROM base;
SELECT is(pg_temp.names(_pggit.merge_objects(x, x[1:3], x[1:1], '{}', 'theirs')),
    'app', 'the strategy theirs takes the source''s deletion') FROM base;
SELECT is(pg_temp.types(_pggit.merge_objects(x, x || pg_temp.o('constraint', 't', 'k', '{"type": "check"}', '{t,a,b}'), x[1:3], '{}', 'ours')),
    'dependency_broken', 'no strategy settles a broken dependency') FROM base;
SELECT is(pg_temp.names(_pggit.merge_objects(x,
        x || pg_temp.o('index', 't', 'i2', '{"keys": "(b)"}', '{t,b}'), x || pg_temp.o('index', 't', 'i1', '{"keys": "(b)"}', '{t,b}'))),
    'a app b i1(b) t', 'the same index under two names is kept once') FROM base;
SELECT is(_pggit.merge_lists('["a", "b"]', '["a", "b", "z"]', '["a", "b", "c"]'), '["a", "b", "c", "z"]'::jsonb,
    'labels appended on both sides both come, in an order that does not depend on the direction');
SELECT is(_pggit.merge_lists('["a", "b"]', '["a", "x"]', '["a", "y"]'), NULL, 'a label replaced in two ways cannot be merged');
SELECT is(_pggit.merge_lists('["a", "b"]', '["b", "a"]', '["a", "b", "c"]'), NULL, 'labels in contradicting order cannot be merged');
SELECT is(_pggit.key_list('(a, lower((b)::text) DESC NULLS LAST, "x,y" text_pattern_ops)'),
    ARRAY['a', 'lower((b)::text)', '"x,y"'], 'the keys of an index are told apart');

-- Real branches.
CREATE SCHEMA mrg;
SET LOCAL search_path = mrg, public, tap;
CREATE TABLE t (id integer PRIMARY KEY, a integer, b text);
INSERT INTO t VALUES (1, 1, 'one'), (2, 2, 'two');
SELECT lives_ok($$SELECT pggit.init('mrg')$$, 'a repository to merge in');
CREATE FUNCTION pg_temp.on_branch(p_branch text, p_ddl text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pggit.checkout(p_branch);
    EXECUTE p_ddl;
    PERFORM pggit.commit(p_ddl, p_branch);
    PERFORM pggit.checkout('main');
END
$$;
SELECT throws_ok($$SELECT pggit.merge('none', 'main')$$, 'VCN03', NULL, 'an unknown source is refused');
SELECT throws_ok($$SELECT pggit.merge('main', 'none')$$, 'VCN01', NULL, 'an unknown target is refused');
SELECT throws_ok($$SELECT pggit.merge('main', 'main')$$, 'VCV10', NULL, 'a branch cannot be merged into itself');
SELECT pggit.create_branch('side');
SELECT is((SELECT message FROM pggit.merge('side', 'main')), 'already up to date', 'nothing to merge says so');
SELECT throws_ok($$SELECT pggit.merge('side', 'main', p_strategy => 'octopus')$$, 'VCV11', NULL, 'an unknown strategy is refused');
SELECT throws_ok($$SELECT pggit.merge('side', 'main', p_strategy => 'three-way')$$, 'VCV12', NULL, 'three-way needs a base');
SELECT throws_ok($$SELECT pggit.merge('side', 'main', ' ')$$, 'VCV02', NULL, 'an empty message is refused');
SELECT pg_temp.on_branch('side', 'ALTER TABLE t ADD c integer DEFAULT 5');
SELECT is((SELECT count(*) FROM pggit.preview_merge('side', 'main') WHERE item = 'step' AND sql LIKE 'ALTER TABLE%'), 1::bigint,
    'a preview shows the plan');
SELECT hasnt_column('mrg', 't', 'c', 'a preview changes nothing');
SELECT is((SELECT count(*) FROM pggit.merges), 1::bigint, 'a preview leaves no row');
SELECT is((SELECT status FROM pggit.merge('side', 'main', 'first')), 'completed', 'changes of one side merge');
SELECT is((SELECT cardinality(c.parents) FROM pggit.log('main', 1) AS l JOIN pggit.commits AS c USING (commit_id)), 2,
    'a merge commit has two parents');
SELECT is((SELECT sum(c) FROM t), 10::bigint, 'the live table has the new column');
SELECT is((SELECT count(*) FROM pggit.status('main')), 0::bigint, 'the target''s worktree equals its head');
SELECT is((SELECT message FROM pggit.merge('side', 'main')), 'already up to date', 'merging twice changes nothing');
SELECT is((SELECT status FROM pggit.merge('main', 'side', p_strategy => 'fast-forward')), 'completed', 'a branch behind fast-forwards');
SELECT is((SELECT count(DISTINCT head_commit_id) FROM pggit.branches), 1::bigint, 'a fast-forward makes no commit');
SELECT pg_temp.on_branch('side', 'ALTER TABLE t ADD d integer');
ALTER TABLE t ADD e integer;
SELECT throws_ok($$SELECT pggit.merge('side', 'main')$$, 'VCS11', NULL, 'a target with uncommitted changes refuses');
SELECT pggit.commit('e', 'main');
SELECT throws_ok($$SELECT pggit.merge('side', 'main', p_strategy => 'fast-forward')$$, 'VCS23', NULL, 'diverged branches do not fast-forward');
-- What the merge would do was shipped by another way.
ALTER TABLE t ADD d integer;
SELECT is((SELECT status FROM pggit.merge('side', 'main', 'shipped')), 'completed', 'a target that equals the merged tree already completes');
SELECT pg_temp.on_branch('side', 'ALTER TABLE t DROP b');
SELECT throws_ok($$SELECT pggit.merge('side', 'main')$$, 'VCS12', NULL, 'data is not lost without consent');
SELECT is((SELECT status FROM pggit.merge('side', 'main', p_allow_data_loss => true)), 'completed', 'with consent it is');
SELECT is((SELECT status FROM pggit.revert('HEAD', 'main')), 'completed', 'a merge commit is reverted against its first parent');
SELECT has_column('mrg', 't', 'b', 'a revert brings the column back');
SELECT throws_ok(format('SELECT pggit.revert(%L)', (SELECT min(commit_id) FROM pggit.commits)), 'VCV14', NULL,
    'the first commit cannot be reverted');

-- Criss-cross: both branches merge the other's older head, then change one thing each.
SELECT pggit.create_branch('left', 'main');
SELECT pggit.create_branch('right', 'main');
SELECT pg_temp.on_branch('left', 'ALTER TABLE t ADD l integer');
SELECT pg_temp.on_branch('right', 'ALTER TABLE t ADD r integer');
SELECT pggit.create_tag('l1', 'left');
SELECT pggit.create_tag('r1', 'right');
SELECT pggit.merge('r1', 'left');
SELECT pggit.merge('l1', 'right');
SELECT is(cardinality(_pggit.merge_bases(_pggit.resolve_ref('left', 'main'), _pggit.resolve_ref('right', 'main'))), 2,
    'a criss-cross has two best ancestors');
SELECT pg_temp.on_branch('left', 'ALTER TABLE t DROP l');
SELECT is((SELECT status FROM pggit.merge('left', 'right', p_allow_data_loss => true)), 'completed', 'over two bases a merge finds who changed what');
SELECT is((SELECT array_agg(a.attname ORDER BY a.attname) FROM pg_attribute AS a
        WHERE a.attrelid = '"mrg@right".t'::regclass AND a.attname IN ('l', 'r') AND NOT a.attisdropped), '{r}'::name[],
    'the column dropped on one side is gone, the other side''s stays');

-- Cherry-pick and rebase.
SELECT pggit.create_branch('pick', 'main');
SELECT pg_temp.on_branch('pick', 'CREATE TABLE p1 (id integer)');
SELECT pg_temp.on_branch('pick', 'CREATE TABLE p2 (id integer)');
SELECT is((SELECT status || (to_regclass('mrg.p2') IS NOT NULL) || (to_regclass('mrg.p1') IS NULL)
    FROM pggit.cherry_pick('pick', 'main')), 'completedtruetrue', 'a cherry-pick brings one commit only');
SELECT is((SELECT status FROM pggit.rebase('pick', 'main')), 'completed', 'a branch is rebased');
SELECT is((SELECT message FROM pggit.rebase('pick', 'main')), 'already up to date', 'a rebased branch is up to date');
SELECT * FROM finish();
ROLLBACK;
