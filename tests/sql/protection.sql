BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(27);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;

CREATE SCHEMA app;
CREATE TABLE app.users (user_id integer PRIMARY KEY);
SELECT pggit.init('app');
SELECT pggit.create_branch('release', 'main');
SELECT pggit.create_branch('work', 'main');
SELECT pggit.create_branch('other', 'main');
GRANT CREATE ON DATABASE :DBNAME TO pggit_writer;
GRANT USAGE ON SCHEMA app TO pggit_writer, pggit_admin;
ALTER TABLE app.users OWNER TO pggit_writer;
SELECT pggit.commit('rights');

SELECT is(pggit.protect_branch('release', 'admin') ->> 'merge_role', 'admin', 'a branch is protected');
SELECT throws_ok($$SELECT pggit.protect_branch('release', 'reader')$$, 'VCV40', NULL, 'readers merge nowhere');
SELECT throws_ok($$SELECT pggit.commit('x', 'release', true)$$, 'VCA01', NULL, 'its owner does not commit to it either');
SELECT throws_ok($$SELECT pggit.delete_branch('release', true)$$, 'VCA01', NULL, 'it cannot be deleted');
SELECT lives_ok($$SELECT pggit.commit('one', 'work', true)$$, 'other branches are as before');
SELECT is((pggit.merge('work', 'release')).status, 'completed', 'a fast-forward is a merge');
SELECT lives_ok($$SELECT pggit.commit('two', 'other', true)$$, 'work goes on elsewhere');
SELECT is((pggit.merge('other', 'release')).status, 'completed', 'a merge commit is one, too');
SELECT throws_ok($$SELECT pggit.reset('release~1', 'release')$$, 'VCA01', NULL, 'its history is not cut off');
SELECT throws_ok(
    $$UPDATE _pggit.branches SET head_commit_id = 1 WHERE name = 'release'$$, 'VCA01', NULL, 'not by an UPDATE either'
);
SELECT throws_ok($$DELETE FROM _pggit.branches WHERE name = 'release'$$, 'VCA01', NULL, 'nor its row');
SELECT lives_ok($$SELECT pggit.commit('three', 'work', true)$$, 'more work');

SET LOCAL ROLE pggit_writer;
SELECT throws_ok($$SELECT pggit.merge('work', 'release')$$, 'VCA01', NULL, 'a writer does not merge where an admin has to');
SELECT throws_ok(
    $$UPDATE _pggit.branches SET head_commit_id = (SELECT head_commit_id FROM pggit.branches WHERE name = 'work')
      WHERE name = 'release'$$,
    'VCA01', NULL, 'not by an UPDATE either'
);
SELECT throws_ok($$SELECT pggit.unprotect_branch('release')$$, '42501', NULL, 'nor lifts the protection');
SELECT throws_ok($$DELETE FROM _pggit.protected_branches$$, '42501', NULL, 'nor behind the call');
RESET ROLE;

SELECT is(pggit.protect_branch('release', 'writer') ->> 'merge_role', 'writer', 'who may merge can be changed');
SET LOCAL ROLE pggit_writer;
SELECT throws_ok(
    $$INSERT INTO _pggit.commits DEFAULT VALUES$$, '42501', NULL, 'who may merge cannot write a merge commit by hand'
);
SELECT throws_ok(
    $$SELECT _pggit.write_commit(c.tree_hash, ARRAY[r.head_commit_id, w.head_commit_id], 'forged')
      FROM pggit.branches AS r, pggit.branches AS w, _pggit.commits AS c
      WHERE r.name = 'release' AND w.name = 'work' AND c.commit_id = w.head_commit_id$$,
    'VCA03', NULL, 'nor by the helper behind the merge'
);
SELECT throws_ok(
    $$UPDATE _pggit.branches SET head_commit_id = (SELECT head_commit_id FROM pggit.branches WHERE name = 'work')
      WHERE name = 'release'$$,
    'VCA01', NULL, 'nor move the branch without a merge'
);
SELECT throws_ok($$UPDATE _pggit.webhooks SET url = 'https://example.org/'$$, '42501', NULL, 'webhooks change by their calls alone');
SELECT throws_ok($$SELECT _pggit.emit_event('merge.completed', 'x', '{}')$$, '42501', NULL, 'events are made by what happens');
SELECT throws_ok($$INSERT INTO _pggit.reflog DEFAULT VALUES$$, '42501', NULL, 'and so are entries of the reflog');
SELECT throws_ok($$SELECT _pggit.requeue(1, '{}', 'manual')$$, '42501', NULL, 'and helpers that run as the owner are for those calls');
SELECT is((pggit.merge('work', 'release')).status, 'completed', 'now a writer merges');
RESET ROLE;
SELECT lives_ok($$SELECT pggit.unprotect_branch('release'); SELECT pggit.commit('x', 'release', true)$$, 'without protection it is as others');
SELECT throws_ok($$SELECT pggit.unprotect_branch('release')$$, 'VCN41', NULL, 'that cannot be done twice');

SELECT * FROM finish();
ROLLBACK;
