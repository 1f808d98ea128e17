BEGIN;
SET LOCAL search_path = public, tap;
SELECT plan(29);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;

CREATE FUNCTION pg_temp.hash_of(p_key text)
RETURNS text
LANGUAGE sql
RETURN encode(sha256(convert_to(p_key, 'UTF8')), 'hex');

-- Keys
CREATE TEMPORARY TABLE made AS SELECT pggit.create_api_key('build server', 'writer', 'premium') AS doc;
GRANT SELECT ON made TO PUBLIC;
SELECT matches((SELECT doc ->> 'key' FROM made), '^pggit_[0-9a-f]{64}$', 'a new key is shown');
SELECT is_empty(
    $$SELECT k FROM _pggit.api_keys AS k, made AS m WHERE k::text LIKE '%' || (m.doc ->> 'key') || '%'$$,
    'the key itself is stored nowhere'
);
SELECT ok(NOT (pggit.list_api_keys() #> '{items,0}' ?| ARRAY['key', 'key_hash']), 'the list shows neither key nor hash');
SELECT is(
    pggit.authenticate_key(pg_temp.hash_of((SELECT doc ->> 'key' FROM made))) ->> 'role', 'writer',
    'a key authenticates with its role'
);
SELECT isnt((SELECT last_used_at FROM _pggit.api_keys), NULL, 'its use is noted');
CREATE TEMPORARY TABLE first_use AS SELECT xmin::text AS version FROM _pggit.api_keys;
SELECT lives_ok(
    format('SELECT pggit.authenticate_key(%L)', pg_temp.hash_of((SELECT doc ->> 'key' FROM made))), 'and it goes on to work'
);
SELECT is((SELECT count(*)::integer FROM _pggit.api_keys WHERE xmin::text = (SELECT version FROM first_use)), 1,
    'a second use within the minute writes nothing');
SELECT is(pggit.authenticate_key(pg_temp.hash_of('pggit_wrong')), NULL, 'a wrong key is nobody');
SELECT throws_ok($$SELECT pggit.create_api_key('build server')$$, 'VCC40', NULL, 'two keys of one name are refused');
SELECT throws_ok($$SELECT pggit.create_api_key('x', 'owner')$$, 'VCV40', NULL, 'a role that does not exist is refused');
SELECT throws_ok(
    $$SELECT pggit.create_api_key('x', 'reader', 'standard', now() - interval '1 day')$$, 'VCV40', NULL,
    'a key that has expired already is refused'
);
SELECT pggit.create_api_key('short', 'reader', 'standard', clock_timestamp() + interval '1 hour');
UPDATE _pggit.api_keys SET expires_at = clock_timestamp() - interval '1 second', key_hash = sha256('old') WHERE name = 'short';
SELECT is(pggit.authenticate_key(encode(sha256('old'), 'hex')), NULL, 'an expired key is nobody');
SELECT lives_ok($$SELECT pggit.revoke_api_key(key_id) FROM _pggit.api_keys WHERE name = 'build server'$$, 'a key is revoked');
SELECT is(
    pggit.authenticate_key(pg_temp.hash_of((SELECT doc ->> 'key' FROM made))), NULL, 'a revoked key is nobody at once'
);
SELECT throws_ok(
    $$SELECT pggit.revoke_api_key(key_id) FROM _pggit.api_keys WHERE name = 'build server'$$, 'VCN40', NULL,
    'it cannot be revoked twice'
);
SELECT lives_ok($$SELECT pggit.create_api_key('build server')$$, 'its name is free again');

-- Limits
SELECT results_eq(
    $$SELECT (pggit.take_request('ip:a', 2, 60) ->> 'remaining')::integer FROM generate_series(1, 3)$$,
    ARRAY[1, 0, 0],
    'what remains counts down to nothing'
);
SELECT is((pggit.take_request('ip:a', 2, 60) ->> 'is_allowed')::boolean, false, 'who has used up the window is refused');
SELECT is((pggit.take_request('ip:b', 2, 60) ->> 'is_allowed')::boolean, true, 'another is not');
UPDATE _pggit.rate_limits SET window_ends_at = clock_timestamp() - interval '1 second' WHERE principal = 'ip:a';
SELECT is(pggit.take_request('ip:a', 2, 60) ->> 'remaining', '1', 'the next window is a new one');
UPDATE _pggit.rate_limits SET window_ends_at = clock_timestamp() + interval '1 hour', used = 2 WHERE principal = 'ip:a';
SELECT is(
    (pggit.take_request('ip:a', 2, 60) ->> 'is_allowed')::boolean, true, 'a clock that was set back locks nobody out for longer'
);
SELECT is(
    pggit.admit_key(pg_temp.hash_of('pggit_wrong'), 'c', 1, 60) -> 'admission' ->> 'remaining', '0',
    'a wrong key counts for its address'
);
SELECT is(
    (pggit.admit_key(pg_temp.hash_of('pggit_other'), 'c', 1, 60) -> 'admission' ->> 'is_allowed')::boolean, false,
    'whatever key it is'
);
CREATE TEMPORARY TABLE others AS
SELECT pggit.create_api_key('fast', 'reader', 'premium') ->> 'key' AS fast,
    pggit.create_api_key('free', 'reader', 'unlimited') ->> 'key' AS free,
    pggit.create_api_key('own', 'reader', 'standard', NULL, 7) ->> 'key' AS own;
SELECT is(
    pggit.admit_key(pg_temp.hash_of((SELECT fast FROM others)), 'c', 1, 60) -> 'admission' ->> 'limit', '10',
    'a premium key has ten times the limit, and its own count'
);
SELECT is(
    pggit.admit_key(pg_temp.hash_of((SELECT free FROM others)), 'c', 1, 60) -> 'admission', 'null'::jsonb,
    'an unlimited key has none'
);
SELECT is(
    pggit.admit_key(pg_temp.hash_of((SELECT own FROM others)), 'c', 1, 60) -> 'admission' ->> 'limit', '7',
    'a key''s own number goes before its tier'
);
UPDATE _pggit.rate_limits SET window_ends_at = clock_timestamp() - interval '1 second';
SELECT cmp_ok(_pggit.forget_rate_limits(1000)::integer, '>=', 3, 'what is over is forgotten');
SELECT is_empty($$SELECT FROM _pggit.rate_limits$$, 'so that the table stays small');

SET LOCAL ROLE pggit_writer;
SELECT throws_ok($$SELECT * FROM _pggit.api_keys$$, '42501', NULL, 'a writer does not see the keys');
RESET ROLE;
SELECT * FROM finish();
ROLLBACK;
