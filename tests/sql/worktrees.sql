BEGIN;
SET LOCAL client_min_messages = warning;
CREATE SCHEMA shop;
CREATE SCHEMA "We""ird.Näme";
CREATE TYPE shop."order" AS ENUM ('a', 'b''c');
CREATE TABLE shop."select" (
    "from" integer PRIMARY KEY, "Ünï ""code" text DEFAULT 'x''y', "where.dot" shop."order"[],
    state shop."order" DEFAULT 'a');
CREATE TABLE "We""ird.Näme"."T.1" (
    id integer REFERENCES shop."select" ON DELETE CASCADE, v shop."order" DEFAULT 'b''c', CHECK (id > 0));
CREATE VIEW "We""ird.Näme".v AS
    SELECT s.*, t.v FROM shop."select" AS s JOIN "We""ird.Näme"."T.1" AS t ON t.id = s."from";
CREATE TABLE shop.shop (shop integer);
CREATE VIEW shop.alias AS SELECT shop.shop FROM shop.shop AS shop;
CREATE FUNCTION shop.count_all() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM shop."select"; END;
CREATE FUNCTION shop.literal() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM shop.shop';
INSERT INTO shop."select" VALUES (1);
SET LOCAL search_path = shop, "We""ird.Näme", public, tap;
SELECT plan(53);
SELECT lives_ok($$SELECT pggit.init('shop', 'We"ird.Näme')$$, 'init of two schemas, one with a hostile name');

SELECT lives_ok($$SELECT pggit.create_branch('Feature/"Ü''x.y;--')$$, 'a branch with a hostile name');
SELECT lives_ok($$SELECT pggit.checkout('Feature/"Ü''x.y;--')$$, 'can be checked out');
SELECT is(pggit.current_branch(), 'Feature/"Ü''x.y;--', 'the session is on it');
SELECT is(current_schemas(false)::text[], ARRAY[
    'shop@Feature/"Ü''x.y;--', 'We"ird.Näme@Feature/"Ü''x.y;--', 'public', 'tap'],
    'each tracked schema gave way to its worktree, place by place');
SELECT is_empty($$SELECT * FROM pggit.status()$$, 'nothing differs after a checkout');
SELECT is((SELECT count(*)::integer FROM "select"), 0, 'a worktree has no rows');
SELECT is((SELECT count(*)::integer FROM shop."select"), 1, 'main keeps its own');
SELECT lives_ok($$ALTER TABLE "select" RENAME TO "SELECT"$$, 'unqualified DDL');
SELECT is(to_regclass('shop."select"') IS NOT NULL, true, 'changes the branch and not main');
SELECT is_empty($$SELECT * FROM pggit.status('main')$$, 'main has no changes');
ALTER TABLE "T.1" ADD COLUMN "new "";DROP TABLE x;--" integer;
SELECT results_eq(
    $$SELECT action, kind, name, old_name FROM pggit.status() WHERE action <> 'modified'$$,
    $$VALUES ('added'::text, 'column'::text, 'new ";DROP TABLE x;--'::text, NULL::text),
        ('renamed', 'table', 'SELECT', 'select')$$,
    'status sees both changes under main''s schema names');
SELECT lives_ok($$SELECT pggit.commit('It''s a "change"')$$, 'they can be committed');
SELECT isnt_empty(
    $$SELECT sql FROM pggit.migration('main', 'HEAD') WHERE sql LIKE '%ALTER TABLE shop."select" RENAME TO "SELECT"%'$$,
    'the migration speaks of the live schema');
SELECT is_empty($$SELECT sql FROM pggit.migration('main', 'HEAD') WHERE sql LIKE '%@Feature%'$$,
    'and of no worktree');
SELECT isnt_empty(
    $$SELECT identity FROM pggit.lint() WHERE rule = 'schema_in_text' AND identity LIKE 'shop.literal%'$$,
    'lint names a string body that names a tracked schema');
CREATE VIEW live_one AS SELECT * FROM shop.shop;
SELECT isnt_empty($$SELECT identity FROM pggit.lint() WHERE rule = 'depends_on_live'$$,
    'lint names what depends on the live schema');
SELECT throws_ok($$SELECT pggit.delete_branch('Feature/"Ü''x.y;--', true)$$, 'VCS06', NULL,
    'the branch of the session cannot be deleted');
SELECT is((pggit.checkout('main')).branch, 'main', 'back to main');
SELECT is(current_setting('search_path'), 'shop, "We""ird.Näme", public, tap', 'with the search_path of before');
SELECT throws_ok($$SELECT pggit.delete_branch('Feature/"Ü''x.y;--')$$, 'VCS05', NULL, 'unmerged work needs force');
CREATE SCHEMA outside;
CREATE VIEW outside.v AS SELECT * FROM "shop@Feature/""Ü'x.y;--".shop;
SELECT throws_ok($$SELECT pggit.delete_branch('Feature/"Ü''x.y;--', true)$$, 'VCS10', NULL,
    'and no force drops what lies outside');
DROP SCHEMA outside CASCADE;
SELECT is((pggit.delete_branch('Feature/"Ü''x.y;--', true)).is_active, false, 'forced, it goes');
SELECT is_empty($$SELECT nspname FROM pg_namespace WHERE nspname LIKE '%@Feature%'$$, 'with its schemas');

SELECT is((pggit.create_branch(repeat('long/', 20) || 'name')).name, repeat('long/', 20) || 'name', 'a long branch name');
SELECT is((SELECT max(octet_length(s::text)) FROM unnest((pggit.checkout(repeat('long/', 20) || 'name')).schemas) AS s), 63,
    'is cut to 63 bytes in its schemas');
SELECT is(pggit.current_branch(), repeat('long/', 20) || 'name', 'and still found');

SELECT lives_ok($$SELECT pggit.create_tag('v1', 'main')$$, 'a tag');
SELECT is((pggit.checkout('v1')).branch, NULL, 'its checkout is detached');
SELECT is(pggit.current_branch(), NULL, 'no branch is current then');
SELECT is_empty($$SELECT * FROM pggit.status()$$, 'status works there');
SELECT is((SELECT count(*)::integer FROM pggit.log()), 1, 'and so does log');
SELECT throws_ok($$SELECT pggit.commit('x')$$, 'VCS08', NULL, 'commit does not');
SELECT throws_ok($$SELECT pggit.lint()$$, 'VCS08', NULL, 'nor does lint');
SELECT is((pggit.create_branch('rescue')).head_commit_id, (SELECT commit_id FROM pggit.tags WHERE name = 'v1'),
    'a branch can begin there');

SELECT is((pggit.use('rescue')).branch, 'rescue', 'use does it for the transaction');
SELECT is(pggit.current_branch(), 'rescue', 'in which the branch is current');
SELECT lives_ok($$ALTER TABLE "T.1" ADD COLUMN extra integer; CREATE TABLE fresh (a integer)$$, 'changes on it');
SELECT throws_ok($$SELECT pggit.checkout('main'); SELECT pggit.delete_branch('rescue')$$, 'VCS11', NULL,
    'uncommitted changes keep a branch from being deleted');
SELECT lives_ok($$SELECT pggit.checkout('rescue')$$, 'back on it');
SELECT lives_ok($$SELECT pggit.commit('extra')$$, 'committed');
INSERT INTO fresh VALUES (1);
SELECT throws_ok($$SELECT pggit.reset('HEAD~1')$$, 'VCS12', NULL, 'a reset that would lose rows needs consent');
SELECT is((pggit.reset('HEAD~1', NULL, true)).head_commit_id, (SELECT commit_id FROM pggit.tags WHERE name = 'v1'),
    'with consent the branch moves');
SELECT is(to_regclass('fresh'), NULL, 'and its worktree, too');
SELECT is_empty($$SELECT * FROM pggit.status()$$, 'which then equals the commit');
DROP VIEW v;
DROP TABLE "T.1";
SELECT lives_ok($$SELECT pggit.reset('HEAD')$$, 'a reset to HEAD undoes uncommitted changes');
SELECT is(to_regclass('"T.1"') IS NOT NULL, true, 'and brings back what was dropped');
SELECT is_empty($$SELECT * FROM pggit.status()$$, 'as it was');

CREATE SCHEMA "shop@clash";
SELECT lives_ok($$SELECT pggit.create_branch('clash')$$, 'a branch whose schema exists already');
SELECT throws_ok($$SELECT pggit.checkout('clash')$$, 'VCC04', 'schema "shop@clash" already exists',
    'is not checked out over it');
SELECT throws_ok($$SELECT pggit.checkout('nowhere')$$, 'VCN03', 'ref "nowhere" does not exist', 'nor is an unknown ref');
SELECT is(_pggit.split_path('"$user", "a""b,c", Public ,x'), '{$user,"a\"b,c",public,x}'::text[],
    'a search_path is read as PostgreSQL reads it');
UPDATE _pggit.worktrees SET oid_origin = 'elsewhere';
SELECT is_empty($$SELECT * FROM pggit.status('main')$$, 'without the map of OIDs, as after a restore, objects pair by path');

SELECT * FROM finish();
ROLLBACK;
