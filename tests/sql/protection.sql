BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(20);
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
SELECT is((pggit.merge('work', 'release')).status, 'completed', 'now a writer merges');
RESET ROLE;
SELECT lives_ok($$SELECT pggit.unprotect_branch('release'); SELECT pggit.commit('x', 'release', true)$$, 'without protection it is as others');
SELECT throws_ok($$SELECT pggit.unprotect_branch('release')$$, 'VCN41', NULL, 'that cannot be done twice');

SELECT * FROM finish();
ROLLBACK;
