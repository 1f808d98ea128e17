BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(17);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;

CREATE SCHEMA app;
CREATE TABLE app.users (user_id integer PRIMARY KEY);
SELECT pggit.init('app');

SET LOCAL ROLE pggit_writer;
SELECT set_config('pggit.author', 'ada', true), set_config('application_name', 'req-17', true);
SELECT pggit.create_branch('b', 'main');
RESET ROLE;
SELECT results_eq(
    $$SELECT role_name, author, request_id, action, subject FROM pggit.audit_log ORDER BY audit_id DESC LIMIT 1$$,
    $$VALUES ('pggit_writer', 'ada', 'req-17', 'branch.created', 'b')$$,
    'an entry says who, as which role, in which request, did what'
);
SELECT is((SELECT session_name FROM pggit.audit_log ORDER BY audit_id DESC LIMIT 1), session_user::text, 'and by which login');
SELECT pggit.commit('x', 'b', true);
SELECT is(
    (SELECT details #>> '{head_commit_id,1}' FROM pggit.audit_log WHERE action = 'branch.changed' ORDER BY audit_id DESC LIMIT 1),
    (SELECT head_commit_id::text FROM pggit.branches WHERE name = 'b'),
    'a change says the old and the new value'
);
SELECT pggit.create_tag('t', 'b');
SELECT pggit.protect_branch('b');
SELECT pggit.unprotect_branch('b');
SELECT pggit.create_api_key('k');
SELECT pggit.merge('b', 'main');
SELECT pggit.delete_branch('b');
SELECT set_has(
    $$SELECT action FROM pggit.audit_log$$,
    $$VALUES ('repository.created'), ('tag.created'), ('protection.created'), ('protection.deleted'), ('api_key.created'),
        ('merge.created'), ('branch.changed')$$,
    'whatever changes the state stands in it'
);
SELECT is_empty($$SELECT FROM pggit.audit_log WHERE details::text LIKE '%key_hash%'$$, 'but no secret does');
SELECT pggit.authenticate_key(encode(sha256('nothing'), 'hex'));
SELECT is(pggit.list_audit(1, NULL, 'api_key.created') #>> '{items,0,subject}', 'k', 'an admin reads it by action');
SELECT is(pggit.list_audit(1, NULL, NULL, 'ada') #>> '{items,0,author}', 'ada', 'and by author');
SELECT is(jsonb_array_length(pggit.list_audit(10, 1) -> 'items'), 0, 'and page by page');

SELECT throws_ok($$UPDATE _pggit.audit_log SET author = 'x'$$, 'VCA02', NULL, 'not even the owner changes it');
SELECT throws_ok($$DELETE FROM _pggit.audit_log$$, 'VCA02', NULL, 'or removes from it');
SELECT throws_ok($$TRUNCATE _pggit.audit_log$$, 'VCA02', NULL, 'or empties it');

SET LOCAL ROLE pggit_admin;
SELECT throws_ok($$UPDATE _pggit.audit_log SET author = 'x'$$, '42501', NULL, 'an admin may not change it');
SELECT throws_ok($$INSERT INTO _pggit.audit_log (role_name) VALUES ('x')$$, '42501', NULL, 'or write into it');
SELECT throws_ok(
    $$CREATE TEMPORARY TABLE mine (name text);
      CREATE TRIGGER forge AFTER INSERT ON mine FOR EACH ROW EXECUTE FUNCTION _pggit.record_change('branch', 'name')$$,
    '42501', NULL, 'or let its trigger write what was not'
);
SELECT throws_ok($$ALTER TABLE _pggit.audit_log DISABLE TRIGGER ALL$$, '42501', NULL, 'or switch off what protects it');
RESET ROLE;
SET LOCAL ROLE pggit_writer;
SET LOCAL check_function_bodies = off;
SELECT pggit.create_branch('unseen', 'main');
SET LOCAL check_function_bodies = on;
SELECT throws_ok($$SELECT * FROM pggit.audit_log$$, '42501', NULL, 'a writer does not read it');
RESET ROLE;

SELECT isnt_empty(
    $$SELECT FROM pggit.audit_log WHERE subject = 'unseen'$$, 'the sign by which a restore is known hides nothing of a writer''s'
);

SELECT * FROM finish();
ROLLBACK;
