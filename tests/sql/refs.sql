BEGIN;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA shop;
CREATE TABLE shop.item (id integer PRIMARY KEY, label text);
SET LOCAL search_path = shop, public, tap;
SELECT plan(56);

SELECT throws_ok($$SELECT pggit.current_branch()$$, 'VCS01', NULL, 'before init there is no branch');
SELECT throws_ok($$SELECT pggit.create_branch('x')$$, 'VCS01', NULL, 'before init no branch can be made');
SELECT throws_ok($$SELECT pggit.log()$$, 'VCS01', NULL, 'before init there is no history');
SELECT throws_ok($$SELECT pggit.init()$$, '42883', NULL, 'init needs a schema');
SELECT throws_ok($$SELECT pggit.init(VARIADIC '{}')$$, 'VCV05', NULL, 'init of no schema is refused');
SELECT throws_ok($$SELECT pggit.init('nowhere')$$, 'VCN02', 'schema "nowhere" does not exist',
    'init of an unknown schema names it');
SELECT throws_ok($$SELECT pggit.init('pg_catalog')$$, 'VCV04', NULL, 'init of a system schema is refused');
SELECT throws_ok($$SELECT pggit.init('_pggit')$$, 'VCV04', NULL, 'init of pggit itself is refused');
SELECT throws_ok($$SELECT pggit.init('shop', 'shop')$$, 'VCV04', NULL, 'init of one schema twice is refused');
SELECT is((pggit.init('shop')).name, 'main', 'init makes the branch main');
SELECT throws_ok($$SELECT pggit.init('shop')$$, 'VCS02', NULL, 'init works once');
SELECT is(pggit.current_branch(), 'main', 'a session begins on main');

SELECT is((SELECT count(*)::integer FROM unnest(ARRAY[
    'a', 'feature/x', 'a-b', 'Ü', 'a@b', 'a{', '1', 'a"b', 'a''b', 'a;b', 'x.locks', 'a.b', '(x)', 'heads/x'
    ]) AS n(name) WHERE _pggit.find_name_fault(n.name) IS NOT NULL), 0, 'names that git takes are taken');
SELECT is((SELECT count(*)::integer FROM unnest(ARRAY[
    '', ' ', 'a b', 'a..b', '.a', 'a/.b', 'a.lock', 'a.lock/b', '/a', 'a/', 'a//b', 'a.', 'a~', 'a^b', 'a:b', 'a?', 'a*',
    'a[', E'a\\b', 'a@{b', '@', 'HEAD', '-a', E'a\tb', E'a\x7f', repeat('a', 251)
    ]) AS n(name) WHERE _pggit.find_name_fault(n.name) IS NULL), 0, 'names that git refuses are refused');
SELECT throws_ok($$SELECT pggit.create_branch('a..b')$$, 'VCV01', '"a..b" is not a valid branch name',
    'a bad branch name is named');
SELECT throws_ok($$SELECT pggit.create_branch(NULL)$$, 'VCV01', NULL, 'a branch needs a name');

SELECT is((pggit.create_branch('side')).head_commit_id, (SELECT head_commit_id FROM pggit.branches WHERE name = 'main'),
    'a branch begins where the session stands');
SELECT throws_ok($$SELECT pggit.create_branch('side')$$, 'VCC02', 'branch "side" already exists', 'a name is taken once');
SELECT throws_ok($$SELECT pggit.create_branch('other', 'nowhere')$$, 'VCN03', 'ref "nowhere" does not exist',
    'an unknown ref is named');
SELECT is((SELECT worktree_state FROM pggit.branches WHERE name = 'side'), NULL, 'a new branch has no worktree');
SELECT is((SELECT count(*)::integer FROM pggit.status('side')), 0, 'a branch without worktree has no changes');

ALTER TABLE shop.item ADD COLUMN price numeric;
SELECT lives_ok($$SELECT pggit.commit('price')$$, 'commit on main');
ALTER TABLE shop.item ADD COLUMN stock integer;
SELECT lives_ok($$SELECT pggit.commit('stock')$$, 'and once more');
CREATE FUNCTION pg_temp.message(p_ref text) RETURNS text LANGUAGE sql
RETURN (SELECT message FROM pggit.commits WHERE commit_id = _pggit.resolve_ref(p_ref, pggit.current_branch()));
SELECT is(pg_temp.message('main'), 'stock', 'a branch is a ref');
SELECT is(pg_temp.message('HEAD'), 'stock', 'HEAD is where the session stands');
SELECT is(pg_temp.message('@~1'), 'price', '~1 is the parent');
SELECT is(pg_temp.message('main^'), 'price', '^ is the first parent');
SELECT is(pg_temp.message('main~2'), 'Track shop', '~2 is the grandparent');
SELECT is(pg_temp.message('HEAD^^'), 'Track shop', 'suffixes add up');
SELECT is(pg_temp.message('main^0'), 'stock', '^0 is the commit itself');
SELECT is(pg_temp.message('refs/heads/main'), 'stock', 'a branch may be given in full');
SELECT is(pg_temp.message((SELECT head_commit_id::text FROM pggit.branches WHERE name = 'main')), 'stock',
    'a commit id is a ref');
SELECT is(pg_temp.message((SELECT left(head_hash, 10) FROM pggit.branches WHERE name = 'main')), 'stock',
    'the beginning of a hash is a ref');
SELECT is(pg_temp.message((SELECT upper(head_hash) FROM pggit.branches WHERE name = 'main')), 'stock',
    'a hash in upper case is a ref');
SELECT throws_ok($$SELECT pggit.log('main~3')$$, 'VCN03', 'ref "main~3" does not exist', 'there is nothing before the first commit');
SELECT throws_ok($$SELECT pggit.log('main~x')$$, 'VCN03', NULL, 'a suffix that is none names nothing');
SELECT throws_ok($$SELECT pggit.log('99999999999999999999')$$, 'VCN03', NULL, 'a number too large for an id names nothing');
SELECT throws_ok($$SELECT pggit.log('main', -1)$$, '22023', NULL, 'a negative limit is refused');

SELECT is((pggit.create_tag('v1', 'main~1')).name, 'v1', 'a tag names a commit');
SELECT is(pg_temp.message('v1'), 'price', 'a tag is a ref');
SELECT throws_ok($$SELECT pggit.create_tag('v1')$$, 'VCC03', 'tag "v1" already exists', 'a tag does not move');
SELECT throws_ok($$SELECT pggit.create_tag('a b')$$, 'VCV01', '"a b" is not a valid tag name', 'tag names follow git''s rules');

INSERT INTO _pggit.commits (
    hash, tree_hash, message, author, committed_at, server_major, generation, chain_commit_id, jump_commit_id)
SELECT decode(prefix || repeat('00', 30), 'hex'), c.tree_hash, 'twin', 'me', now(), 15, 1, c.commit_id, c.commit_id
FROM _pggit.commits AS c, unnest(ARRAY['ffab', 'ffac']) AS p(prefix)
WHERE c.message = 'stock';
SELECT throws_ok($$SELECT pggit.log('ffa')$$, 'VCN03', NULL, 'three digits of a hash are too few');
UPDATE _pggit.commits SET hash = decode('ffab' || repeat('11', 30), 'hex') WHERE encode(hash, 'hex') LIKE 'ffac%';
SELECT throws_ok($$SELECT pggit.log('ffab')$$, 'VCV03', '"ffab" is ambiguous', 'a prefix of two hashes is ambiguous');

SELECT throws_ok($$SELECT _pggit.move_branch(branch_id, head_commit_id - 1, head_commit_id, 'test')
    FROM pggit.branches WHERE name = 'main'$$, 'VCC01', 'branch "main" has moved', 'a stale head loses');
SELECT throws_ok($$SELECT pggit.delete_branch('main')$$, 'VCS04', NULL, 'main cannot be deleted');
SELECT throws_ok($$SELECT pggit.delete_branch('nowhere')$$, 'VCN01', 'branch "nowhere" does not exist',
    'an unknown branch is named');
SELECT is((pggit.delete_branch('side')).is_active, false, 'a branch whose commits main has can be deleted');
SELECT is((SELECT count(*)::integer FROM pggit.branches WHERE name = 'side'), 0, 'and is gone');
SELECT throws_ok($$SELECT pggit.checkout('side')$$, 'VCN06', 'branch "side" has been deleted',
    'checkout of a deleted branch says so');
SELECT is((pggit.create_branch('side', 'v1')).name, 'side', 'its name is free again');
SELECT isnt((SELECT branch_id FROM pggit.branches WHERE name = 'side'),
    (SELECT min(branch_id) FROM _pggit.branches WHERE name = 'side'), 'and it is another branch');
SELECT results_eq(
    $$SELECT reason FROM pggit.reflog WHERE branch = 'main' ORDER BY reflog_id$$, ARRAY['init', 'commit', 'commit'],
    'the reflog has every move');
SELECT lives_ok($$SELECT pggit.commit('nothing', NULL, true)$$, 'an empty commit may be asked for');
SELECT throws_ok($$SELECT pggit.commit('nothing')$$, 'VCS03', 'nothing to commit on branch "main"',
    'and is refused otherwise');
SELECT throws_ok($$SELECT pggit.commit(E' \n')$$, 'VCV02', 'the commit message is empty', 'a commit needs a message');

SELECT * FROM finish();
ROLLBACK;
