BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(23);

GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;
CREATE ROLE stranger_of_pggit;
CREATE ROLE member_of_writer;
GRANT pggit_writer TO member_of_writer;

CREATE SCHEMA app;
CREATE TABLE app.users (user_id integer PRIMARY KEY);
SET LOCAL ROLE pggit_admin;
SELECT throws_ok(
    $$SELECT pggit.init('app')$$, '42501', 'schema app cannot be read by role pggit_admin',
    'a schema without the right of usage is not tracked under names that print otherwise'
);
RESET ROLE;
SELECT pggit.init('app');
CREATE VIEW app.seen AS SELECT user_id FROM app.users;
SET LOCAL ROLE pggit_reader;
SELECT throws_ok(
    $$SELECT * FROM pggit.status('main')$$, '42501', 'schema app cannot be read by role pggit_reader',
    'what has changed in a schema without the right of usage is not told wrongly'
);
SET LOCAL ROLE pggit_writer;
SELECT throws_ok($$SELECT pggit.commit('seen', 'main')$$, '42501', NULL, 'nor committed');
RESET ROLE;
DROP VIEW app.seen;
GRANT USAGE ON SCHEMA app TO pggit_reader, pggit_writer;

SET LOCAL ROLE stranger_of_pggit;
SELECT throws_ok($$SELECT pggit.version()$$, '42501', NULL, 'a role without membership may call nothing');
SELECT throws_ok($$SELECT * FROM pggit.branches$$, '42501', NULL, 'a role without membership may read nothing');
RESET ROLE;

SET LOCAL ROLE pggit_reader;
SELECT is(pggit.version(), (SELECT max(version) FROM _pggit.versions), 'a reader may ask for the version');
SELECT isnt_empty($$SELECT * FROM pggit.branches$$, 'a reader may list branches');
SELECT lives_ok($$SELECT * FROM pggit.log('main')$$, 'a reader may read the log');
SELECT throws_ok($$SELECT pggit.create_branch('b')$$, '42501', NULL, 'a reader may not create a branch');
SELECT throws_ok($$DELETE FROM _pggit.commits$$, '42501', NULL, 'a reader may not write the tables behind the calls');
SELECT throws_ok($$SELECT pggit.init('other')$$, '42501', NULL, 'a reader may not start a repository');
RESET ROLE;

SET LOCAL ROLE member_of_writer;
SELECT lives_ok($$SELECT pggit.create_branch('b', 'main')$$, 'a member of pggit_writer may create a branch');
SELECT throws_ok(
    $$UPDATE _pggit.versions SET version = '99.0.0'$$, '42501', NULL, 'a writer may not change which version is installed'
);
SELECT throws_ok($$SELECT pggit.setup_roles()$$, '42501', NULL, 'a writer may not grant rights');
RESET ROLE;

SELECT is_empty($$SELECT pggit.setup_roles()$$, 'setup_roles has nothing to make where the roles exist');
SELECT bag_eq(
    $$SELECT privilege_type::text
      FROM information_schema.role_table_grants
      WHERE table_schema = '_pggit' AND table_name = 'commits' AND grantee = 'pggit_reader'$$,
    ARRAY['SELECT'],
    'setup_roles grants a reader no more than SELECT'
);

SELECT ok(pggit.setup_login('api_writer_of_pggit', 'writer', 'x'), 'a login for a role is made');
SELECT ok(NOT pggit.setup_login('api_writer_of_pggit', 'writer', 'y'), 'made again, it gets another password');
SELECT throws_ok($$SELECT pggit.setup_login('member_of_writer', 'writer', 'x')$$, '42710', NULL, 'a role of another kind is not taken over');
SELECT throws_ok($$SELECT pggit.setup_login('other_of_pggit', 'owner', 'x')$$, 'VCV40', NULL, 'a login is for one of the three roles');
SELECT throws_ok($$SELECT pggit.check_login('reader')$$, '42501', NULL, 'a superuser is more than a reader');
SET LOCAL SESSION AUTHORIZATION api_writer_of_pggit;
SET LOCAL ROLE pggit_writer;
SELECT lives_ok($$SELECT pggit.check_login('writer')$$, 'a login that may become a writer alone is fit for writers');
RESET SESSION AUTHORIZATION;
GRANT pggit_admin TO api_writer_of_pggit;
SET LOCAL SESSION AUTHORIZATION api_writer_of_pggit;
SET LOCAL ROLE pggit_writer;
SELECT throws_ok(
    $$SELECT pggit.check_login('writer')$$, '42501', 'login "api_writer_of_pggit" is more than pggit_writer',
    'one that may become an admin, too, is not'
);
RESET SESSION AUTHORIZATION;

SELECT * FROM finish();
ROLLBACK;
