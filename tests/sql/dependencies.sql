BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(7);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;

SET LOCAL ROLE pggit_writer;
SELECT lives_ok($$
    INSERT INTO _pggit.organizations (name) VALUES ('acme');
    INSERT INTO _pggit.repositories (organization_id, name) SELECT organization_id, 'shop' FROM _pggit.organizations;
    INSERT INTO _pggit.packages (ecosystem, name, sponsorship_url) VALUES ('postgresql', 'pgtap', 'https://example.org/sponsor');
    INSERT INTO _pggit.dependencies (repository_id, package_id, version_range)
    SELECT r.repository_id, p.package_id, '>= 1.2' FROM _pggit.repositories AS r, _pggit.packages AS p
$$, 'a writer records who depends on what');
SELECT throws_ok($$INSERT INTO _pggit.packages (ecosystem, name) VALUES ('postgresql', 'pgtap')$$, '23505', NULL, 'a package is known once');
SELECT throws_ok($$INSERT INTO _pggit.packages (ecosystem, name) VALUES ('Post gres', 'x')$$, '23514', NULL, 'an ecosystem has a plain name');
SELECT throws_ok(
    $$INSERT INTO _pggit.dependencies (repository_id, package_id) SELECT repository_id, 0 FROM _pggit.repositories$$, '23503', NULL,
    'a dependency is on a package that is known'
);
SET LOCAL ROLE pggit_reader;
SELECT results_eq(
    $$SELECT package, organization, repository, version_range, sponsorship_url FROM pggit.dependents$$,
    $$VALUES ('pgtap', 'acme', 'shop', '>= 1.2', 'https://example.org/sponsor')$$, 'a reader sees who depends on a package'
);
SELECT throws_ok($$DELETE FROM _pggit.dependencies$$, '42501', NULL, 'and changes nothing');
RESET ROLE;
DELETE FROM _pggit.organizations;
SELECT is((SELECT count(*) FROM _pggit.dependencies), 0::bigint, 'what an organization needed goes with it');

SELECT * FROM finish();
ROLLBACK;
