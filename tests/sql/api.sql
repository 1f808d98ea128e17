BEGIN;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, label varchar(10));
SET LOCAL search_path = shop, public, tap;
SELECT plan(43);
-- The ids below are those of a new repository, whatever was begun and rolled back before.
ALTER TABLE _pggit.branches ALTER COLUMN branch_id RESTART;

SELECT throws_ok($$SELECT pggit.get_branch(1)$$, 'VCS01', NULL, 'before init a branch id says that there is no repository');
SELECT throws_ok($$SELECT pggit.list_conflicts('mrg_0')$$, 'VCS01', NULL, 'before init so does a merge id');
SELECT is(pggit.list_branches(), '{"items": [], "total": 0}', 'before init there are no branches to list');
SELECT lives_ok($$SELECT pggit.init('shop')$$, 'init');

SELECT throws_ok($$SELECT pggit.get_branch(99)$$, 'VCN01', 'branch 99 does not exist', 'an unknown branch id is named');
SELECT throws_ok($$SELECT pggit.get_branch(9999999999)$$, 'VCN01', NULL, 'an id beyond integer is unknown, not an overflow');
SELECT throws_ok($$SELECT pggit.get_commit(99)$$, 'VCN03', 'commit 99 does not exist', 'an unknown commit id is named');
SELECT throws_ok($$SELECT pggit.add_branch('a', 'b')$$, 'VCV01', NULL, 'two names for one branch are refused');
SELECT throws_ok($$SELECT pggit.add_branch(NULL)$$, 'VCV01', NULL, 'no name for a branch is refused');
SELECT is(pggit.add_branch(NULL, 'side', 'why', 'main') ->> 'description', 'why', 'a branch has a description');
SELECT is(pggit.add_branch('bare', p_description => '') ->> 'description', NULL, 'an empty description is none');
SELECT is(pggit.list_branches(1, 1) #>> '{items,0,name}', 'side', 'a page of branches is in the order of ids');
SELECT is(pggit.list_branches(1, 99), '{"items": [], "total": 3}', 'the total does not depend on the page');
SELECT throws_ok($$SELECT pggit.get_worktree(2)$$, 'VCN11', '"side" has no worktree', 'a worktree that is not built is named');
SELECT throws_ok($$SELECT pggit.find_worktree('nowhere')$$, 'VCN03', NULL, 'the worktree of an unknown ref is refused');

SELECT lives_ok($$SELECT pggit.checkout('side')$$, 'checkout');
SELECT is(pggit.get_worktree(2) -> 'schemas', '{"shop": "shop@side"}', 'a worktree tells its schemas');
SELECT matches(pggit.find_worktree('side') ->> 'connection_options', '^-c search_path="shop@side",\\ public,\\ tap$',
    'the connection options protect their spaces');
SELECT is(pggit.find_worktree('main') ->> 'search_path', 'shop, public, tap',
    'from one branch the options lead back to another');
ALTER TABLE item ALTER label TYPE varchar(20);
ALTER TABLE item ADD price numeric;
SELECT is(pggit.branch_status(2) -> 'total', '2', 'the status of a branch counts its changes');
SELECT is(pggit.branch_status(1) -> 'is_clean', 'true', 'the status of another branch is its own');
SELECT is(pggit.branch_status(3) -> 'items', '[]', 'a branch without worktree is clean');
SELECT is(pggit.commit_branch(2, 'wider') ->> 'message', 'wider', 'a branch is committed by id');
SELECT throws_ok($$SELECT pggit.commit_branch(2, 'again')$$, 'VCS03', NULL, 'nothing to commit is refused');
SELECT is(pggit.branch_log(2, 1) #>> '{items,0,message}', 'wider', 'the log begins with the newest');
SELECT is(pggit.branch_log(2, 1) -> 'total', '2', 'the log counts all');
SELECT is(pggit.get_diff('main', 'side') -> 'total', '2', 'a diff is one document');
SELECT matches(pggit.migration_script('main', 'side'), '^-- Migration from main to side\nBEGIN;\n.*COMMIT;\n$',
    'a script is one transaction');
SELECT matches(pggit.migration_script('main', 'main'), 'Nothing to do', 'a script of nothing says so');
SELECT is(
    _pggit.script_of_steps(E'a\nb', ARRAY[
        (1, 'SELECT 1;', '', '{}', true, NULL, NULL, NULL),
        (2, 'SELECT 2', '', '{slow}', false, NULL, NULL, E'index x\n; DROP TABLE y'),
        (3, 'SELECT 3', '', '{}', true, NULL, NULL, NULL)]::pggit.migration_step[]),
    E'-- a b\nBEGIN;\nSELECT 1;\nCOMMIT;\n-- index x ; DROP TABLE y: slow\nSELECT 2;\nBEGIN;\nSELECT 3;\nCOMMIT;\n',
    'what cannot run in a transaction stands between two, and no name ends its comment'
);

SELECT lives_ok($$SELECT pggit.checkout('main')$$, 'back to main');
ALTER TABLE item ALTER label TYPE varchar(30);
SELECT is(pggit.commit_branch(1, 'wider still') ->> 'message', 'wider still', 'main went on');
SELECT throws_ok($$SELECT pggit.merge_branch(1, 99, 'x')$$, 'VCN01', NULL, 'merging an unknown branch is refused');
SELECT is(pggit.preview_branch_merge(1, 2) #>> '{conflicts,0,conflict_type}', 'schema_mismatch', 'a preview shows the conflict');
CREATE TEMPORARY TABLE merged AS SELECT pggit.merge_branch(1, 2, 'both') AS doc;
SELECT is((SELECT doc ->> 'status' FROM merged), 'pending_conflicts', 'a merge with conflicts waits');
SELECT is((SELECT jsonb_array_length(doc -> 'conflicts') FROM merged), 1, 'its document holds them');
SELECT is(jsonb_array_length(pggit.open_conflicts()), 1, 'it is among the open conflicts');
SELECT throws_ok($$SELECT pggit.get_conflict((SELECT doc ->> 'merge_id' FROM merged), 0)$$, 'VCN07', NULL,
    'an unknown conflict is refused');
SELECT is(
    pggit.settle_conflict((SELECT doc ->> 'merge_id' FROM merged),
        (SELECT (doc #>> '{conflicts,0,conflict_id}')::bigint FROM merged), 'use_source') ->> 'resolution_strategy',
    'use_source', 'a conflict is settled');
SELECT is(pggit.open_conflicts(), '[]', 'a settled conflict is not open');
SELECT is(pggit.finish_merge((SELECT doc ->> 'merge_id' FROM merged), 'both, settled') ->> 'status', 'completed',
    'the merge completes');
SELECT is(pggit.list_merges('completed') -> 'total', '1', 'merges are counted by state');
SELECT throws_ok($$SELECT pggit.give_up_merge((SELECT doc ->> 'merge_id' FROM merged))$$, 'VCS20', NULL,
    'a completed merge cannot be given up');

SELECT * FROM finish();
ROLLBACK;
