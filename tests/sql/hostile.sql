BEGIN;
SET LOCAL search_path = public, tap;
SET LOCAL client_min_messages = warning;
SELECT plan(25);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;

CREATE SCHEMA app;
CREATE TABLE app.users (user_id integer PRIMARY KEY);
SELECT pggit.init('app');
ALTER TABLE app.users OWNER TO pggit_writer;
GRANT USAGE, CREATE ON SCHEMA app TO pggit_writer;
SELECT pggit.commit('rights');
GRANT CREATE ON DATABASE :DBNAME TO pggit_writer;

CREATE VIEW public.hooks AS SELECT webhook_id::bigint AS id FROM _pggit.webhooks;
CREATE VIEW public.raised AS SELECT alert_id AS id FROM _pggit.alerts;
GRANT SELECT ON public.hooks, public.raised TO PUBLIC;
-- The call with the caller's own words first.
CREATE FUNCTION public.tried(p_call text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM set_config('search_path', 'evil, pg_temp, pg_catalog', true);
    EXECUTE p_call;
    PERFORM pg_catalog.set_config('search_path', 'public, tap', true);
    RETURN 'done';
EXCEPTION
    WHEN OTHERS THEN
        RETURN SQLERRM;
END;
$$;

-- A writer who puts words of his own before those of PostgreSQL: whatever runs as the owner must not take them.
SET LOCAL ROLE pggit_writer;
CREATE SCHEMA evil;
CREATE FUNCTION evil.taken(text, text) RETURNS boolean LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'taken as %', current_user; END$$;
CREATE OPERATOR evil.= (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.taken);
CREATE OPERATOR evil.<> (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.taken);
CREATE OPERATOR evil.~ (LEFTARG = text, RIGHTARG = text, FUNCTION = evil.taken);
CREATE FUNCTION evil.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS $$BEGIN RAISE EXCEPTION 'taken as %', current_user; END$$;
CREATE TEMP TABLE webhooks (webhook_id integer);
CREATE TEMP TABLE merges (merge_id text);
CREATE TEMP TABLE alerts (alert_id bigint);
CREATE TEMP TABLE events (event_id bigint);
CREATE TEMP TABLE branches (branch_id integer);
SELECT is(public.tried($$SELECT pggit.create_webhook('hook', 'https://example.org/')$$), 'done', 'webhooks are made as ever');
SELECT is(public.tried($$SELECT pggit.update_webhook((SELECT max(id) FROM public.hooks), '{"description": "d"}')$$), 'done', 'and changed');
SELECT is(public.tried($$SELECT pggit.rotate_webhook_secret((SELECT max(id) FROM public.hooks))$$), 'done', 'and get secrets');
SELECT is(public.tried($$SELECT pggit.ping_webhook((SELECT max(id) FROM public.hooks))$$), 'done', 'and are pinged');
SELECT is(public.tried($$SELECT pggit.publish_event('custom.x', '{}')$$), 'done', 'events are published as ever');
SELECT is(public.tried($$SELECT pggit.raise_alert('commit', 'INFO', 'm')$$), 'done', 'alerts are raised as ever');
SELECT is(public.tried($$SELECT pggit.acknowledge_alerts(ARRAY(SELECT id FROM public.raised))$$), 'done', 'and acknowledged');
SELECT is(public.tried($$SELECT pggit.commit('empty', 'main', true)$$), 'done', 'commits are made as ever');
SELECT is(public.tried($$SELECT pggit.create_branch('b', 'main')$$), 'done', 'and branches');
RESET ROLE;
SET LOCAL search_path = public, tap;
SELECT is(
    (SELECT count(*)::integer FROM pg_temp.webhooks) + (SELECT count(*)::integer FROM pg_temp.events)
        + (SELECT count(*)::integer FROM pg_temp.alerts) + (SELECT count(*)::integer FROM pg_temp.branches), 0,
    'nothing went into tables of the caller''s that have the names of pggit''s'
);

-- What the owner does by trigger nobody else lets loose on a table of his own.
SELECT is_empty($$
    SELECT p.oid::regprocedure, r.name
    FROM pg_proc AS p
    CROSS JOIN unnest('{pggit_reader,pggit_writer,pggit_admin}'::name[]) AS r(name)
    WHERE p.pronamespace IN ('pggit'::regnamespace, '_pggit'::regnamespace) AND p.prosecdef AND p.prorettype = 'trigger'::regtype
        AND has_function_privilege(r.name, p.oid, 'EXECUTE')$$,
    'triggers that run as the owner are the owner''s'
);
SELECT is_empty($$
    SELECT p.oid::regprocedure
    FROM pg_proc AS p
    WHERE p.pronamespace IN ('pggit'::regnamespace, '_pggit'::regnamespace) AND p.prosecdef
        AND NOT p.proconfig @> ARRAY['search_path=pg_catalog, pggit, _pggit, pg_temp']$$,
    'whatever runs as the owner has a search_path of its own, the caller''s temporary schema last'
);

-- A version under a hash that is not its own would stand there before those who make it.
SET LOCAL ROLE pggit_writer;
SELECT throws_ok(
    $$INSERT INTO _pggit.blobs (hash, object_id, kind, name, attrs, deps)
      VALUES (sha256('x'), gen_random_uuid(), 'table', 'x', '{}', '{}')$$,
    '42501', NULL, 'no writer says what a hash stands for'
);
SELECT throws_ok(
    $$INSERT INTO _pggit.trees SELECT sha256('x'), page_hashes, object_count FROM _pggit.trees LIMIT 1$$, '42501', NULL, 'nor of a tree'
);
SELECT throws_ok(
    $$INSERT INTO _pggit.pages SELECT sha256('x'), blob_hashes FROM _pggit.pages LIMIT 1$$, '42501', NULL, 'nor of a page'
);
RESET ROLE;

-- Whoever drops a worktree drops the schemas that its rows name.
SELECT pggit.create_branch('trap', 'main');
SELECT pggit.checkout('trap');
SET LOCAL search_path = public, tap;
CREATE SCHEMA victim;
SET LOCAL ROLE pggit_writer;
SELECT throws_ok($$UPDATE _pggit.worktree_schemas SET live_name = 'victim' WHERE live_name LIKE '%trap'$$, 'VCA04', NULL,
    'a worktree is not said to be another schema');
SELECT throws_ok($$INSERT INTO _pggit.worktree_schemas
    SELECT worktree_id, 9, 'x', 'victim' FROM _pggit.worktree_schemas WHERE live_name LIKE '%trap'$$, 'VCA04', NULL, 'nor to be one more');
SELECT throws_ok($$UPDATE _pggit.worktrees SET branch_id = (SELECT branch_id FROM pggit.branches WHERE name = 'b')
    WHERE worktree_id = _pggit.main_worktree_id()$$, 'VCA04', NULL, 'the live schemas do not become the worktree of another branch');
SELECT throws_ok($$UPDATE _pggit.worktrees SET owner_name = session_user$$, 'VCA04', NULL, 'nor does a worktree get another owner');
SELECT throws_ok($$DELETE FROM _pggit.worktrees WHERE worktree_id = _pggit.main_worktree_id()$$, 'VCA04', NULL,
    'the worktree of main does not go');
SELECT throws_ok($$DELETE FROM _pggit.worktree_schemas WHERE schema_name = live_name$$, 'VCA04', NULL, 'nor do its schemas');
SELECT throws_ok($$INSERT INTO _pggit.worktree_schemas SELECT worktree_id, 9, 'victim', 'victim' FROM _pggit.worktrees
    WHERE worktree_id = _pggit.main_worktree_id()$$, 'VCA04', NULL, 'what is tracked, no writer says');
SELECT lives_ok($$SELECT pggit.delete_branch('trap')$$, 'a writer drops a worktree as ever');
RESET ROLE;

-- How long something took is told by whoever did it, who may not make a year of it.
SET LOCAL ROLE pggit_reader;
SELECT lives_ok($$SELECT _pggit.record_timing('commit', '2000-01-01')$$, 'a reader''s operation is measured');
RESET ROLE;
SELECT ok(
    (SELECT max(duration_ms) FROM _pggit.operation_timings) <= extract(epoch FROM clock_timestamp() - transaction_timestamp()) * 1000,
    'as long as the transaction has taken, at most'
);

SELECT * FROM finish();
ROLLBACK;
