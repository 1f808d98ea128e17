BEGIN;
SET LOCAL search_path = public, tap;
SET LOCAL client_min_messages = warning;
SELECT plan(24);
GRANT USAGE ON SCHEMA tap TO PUBLIC;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tap TO PUBLIC;

CREATE SCHEMA app;
CREATE TABLE app.users (user_id integer PRIMARY KEY, email text);
CREATE TABLE app.orders (order_id integer PRIMARY KEY);
SELECT pggit.init('app');
GRANT CREATE ON DATABASE :DBNAME TO pggit_writer;
GRANT USAGE, CREATE ON SCHEMA app TO pggit_writer, pggit_admin;
ALTER TABLE app.users OWNER TO pggit_writer;
ALTER TABLE app.orders OWNER TO pggit_writer;
SELECT pggit.commit('rights');
SELECT pggit.create_branch('release', 'main');
SELECT pggit.create_branch('work', 'main');
SELECT pggit.create_branch('evil', 'main');
SELECT pggit.checkout('work');
ALTER TABLE users ADD COLUMN phone text;
SELECT pggit.commit('phone');
SELECT pggit.checkout('evil');
ALTER TABLE users ADD COLUMN phone text;
ALTER TABLE users DROP COLUMN email;
DROP TABLE orders;
CREATE TABLE backdoor (id integer);
SELECT pggit.commit('what nobody asked for');
SET LOCAL search_path = public, tap;
SELECT pggit.protect_branch('release', 'writer');
-- So that no merge is a fast-forward.
CREATE TEMP TABLE head AS SELECT b.name, b.branch_id, b.head_commit_id, c.tree_hash
FROM pggit.branches AS b JOIN _pggit.commits AS c ON c.commit_id = b.head_commit_id;
GRANT SELECT ON head TO PUBLIC;

CREATE FUNCTION public.begun(p_status text DEFAULT NULL) RETURNS _pggit.merges LANGUAGE plpgsql AS $$
DECLARE
    v_merge _pggit.merges;
BEGIN
    v_merge.operation := 'merge';
    v_merge.status := p_status;
    SELECT h.branch_id, h.head_commit_id, h.head_commit_id INTO v_merge.target_branch_id, v_merge.target_commit_id, v_merge.ours_commit_id
    FROM head AS h WHERE h.name = 'release';
    SELECT h.branch_id, h.name, h.head_commit_id INTO v_merge.source_branch_id, v_merge.source_ref, v_merge.source_commit_id
    FROM head AS h WHERE h.name = 'work';
    v_merge.base_commit_id := (SELECT h.head_commit_id FROM head AS h WHERE h.name = 'main');
    v_merge.todo_commit_ids := '{}';
    v_merge.merge_strategy := 'auto';
    v_merge.merge_message := 'forged';
    v_merge.created_by := 'somebody else';
    RETURN v_merge;
END;
$$;
-- A commit of a tree of the caller's choice on top of both heads, and the branch led there.
CREATE FUNCTION public.lead(p_tree text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    UPDATE _pggit.branches SET head_commit_id = _pggit.write_commit(
        (SELECT h.tree_hash FROM head AS h WHERE h.name = p_tree),
        ARRAY[(public.begun()).target_commit_id, (public.begun()).source_commit_id], 'forged')
    WHERE name = 'release';
END;
$$;
GRANT EXECUTE ON FUNCTION public.begun(text), public.lead(text) TO PUBLIC;

SET LOCAL ROLE pggit_writer;
SELECT throws_ok($$INSERT INTO _pggit.merges SELECT (public.begun('in_progress')).*$$, '42501', NULL, 'nobody records a merge by an INSERT');
SELECT throws_ok($$SELECT _pggit.insert_merge(public.begun('completed'))$$, 'VCA03', NULL, 'none is recorded as done that was not');
SELECT throws_ok($$SELECT _pggit.insert_merge(public.begun('aborted'))$$, 'VCA03', NULL, 'nor as aborted');
SELECT throws_ok(
    $$SELECT _pggit.insert_merge(jsonb_populate_record(public.begun(), jsonb_build_object('target_commit_id', 1, 'ours_commit_id', 1)))$$,
    'VCC01', NULL, 'nor into what is not the head of its target'
);
SELECT throws_ok(
    $$SELECT _pggit.insert_merge(jsonb_populate_record(public.begun(), jsonb_build_object('source_commit_id',
        (SELECT head_commit_id FROM head WHERE name = 'evil'))))$$,
    'VCA03', NULL, 'nor from where its source never stood'
);
SELECT is(
    (_pggit.insert_merge(public.begun())).created_by, 'pggit_writer', 'one that could begin is recorded under the name of who began it'
);
SELECT throws_ok($$UPDATE _pggit.merges SET status = 'completed'$$, '42501', NULL, 'its row is not rewritten');
SELECT throws_ok($$DELETE FROM _pggit.merges$$, '42501', NULL, 'nor removed');
SELECT throws_ok(
    $$SELECT _pggit.write_merge(jsonb_populate_record(m, jsonb_build_object('status', 'completed', 'merge_commit_id', source_commit_id)))
      FROM _pggit.merges AS m$$,
    'VCA03', NULL, 'and is not said to be done as long as its target has not moved'
);
SELECT throws_ok($$SELECT public.lead('evil')$$, 'VCA01', NULL, 'a tree of one''s own is no merge, though one is under way');
SELECT throws_ok($$SELECT public.lead('release')$$, 'VCA01', NULL, 'nor is one that leaves out what the source changed');
SELECT is((SELECT head_commit_id FROM pggit.branches WHERE name = 'release'), (public.begun()).target_commit_id, 'the branch stands where it stood');
SELECT lives_ok($$SELECT public.lead('work')$$, 'the tree that the merge gives is one');
RESET ROLE;
SELECT throws_ok($$SELECT pggit.abort_merge('mrg_0000000000000000')$$, 'VCN04', NULL, 'an unknown merge is still unknown');

-- What both sides changed, and what was settled, is the merger's.
SELECT pggit.create_branch('stable', 'main');
SELECT pggit.checkout('stable');
ALTER TABLE users ALTER COLUMN email TYPE varchar(100);
CREATE VIEW addresses AS SELECT user_id, email FROM users;
SELECT pggit.commit('short');
SELECT pggit.create_branch('longer', 'main');
SELECT pggit.checkout('longer');
ALTER TABLE users ALTER COLUMN email TYPE varchar(200);
ALTER TABLE users RENAME COLUMN user_id TO id;
SELECT pggit.commit('long');
SET LOCAL search_path = public, tap;
SELECT pggit.protect_branch('stable', 'writer');
ALTER TABLE app.users OWNER TO pggit_writer;
SET LOCAL ROLE pggit_writer;
SELECT is((pggit.merge('longer', 'stable')).status, 'pending_conflicts', 'a merge into a protected branch may wait');
SELECT lives_ok(
    $$SELECT pggit.resolve_conflicts(merge_id, 'use_source') FROM pggit.merges WHERE status = 'pending_conflicts'$$,
    'its conflicts are settled'
);
SELECT is(
    (SELECT (pggit.complete_merge(merge_id)).status FROM pggit.merges WHERE status = 'in_progress' AND target = 'stable'),
    'completed', 'and it completes, with the view spelled anew'
);
SELECT throws_ok(
    $$SELECT _pggit.write_merge(jsonb_populate_record(m, '{"created_by": "x", "status": "aborted"}'))
      FROM _pggit.merges AS m WHERE status = 'completed' LIMIT 1$$,
    'VCA03', NULL, 'what has ended stays ended'
);
RESET ROLE;

-- The database gives a new table grants that the merged tree has not: it is committed with them.
CREATE FUNCTION public.open_tables() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    v_table text;
BEGIN
    FOR v_table IN SELECT c.object_identity FROM pg_event_trigger_ddl_commands() AS c WHERE c.schema_name = 'app' AND c.object_type = 'table' LOOP
        EXECUTE format('GRANT SELECT ON %s TO pggit_reader', v_table);
    END LOOP;
END;
$$;
CREATE EVENT TRIGGER open_tables ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION public.open_tables();
SELECT pggit.create_branch('more', 'main');
SELECT pggit.checkout('more');
SET LOCAL ROLE pggit_writer;
CREATE TABLE invoices (invoice_id integer PRIMARY KEY);
SELECT pggit.commit('invoices');
RESET ROLE;
SET LOCAL search_path = public, tap;
SELECT pggit.commit('so that it is no fast-forward', 'main', true);
SELECT pggit.protect_branch('main', 'writer');
SET LOCAL ROLE pggit_writer;
SELECT is((pggit.merge('more', 'main')).status, 'completed', 'a merge into a protected branch brings a table with grants of its own');
RESET ROLE;
SELECT ok(has_table_privilege('pggit_reader', 'app.invoices', 'SELECT'), 'the table has them');
SELECT is_empty($$SELECT * FROM pggit.status('main')$$, 'and so has the commit');
SELECT is(
    (SELECT cardinality(_pggit.list_parents(head_commit_id)) FROM pggit.branches WHERE name = 'main'), 2, 'which has both parents'
);

-- Rebase goes through the same rows.
SELECT pggit.create_branch('later', 'work');
SELECT pggit.commit('later', 'later', true);
SET LOCAL ROLE pggit_writer;
SELECT is((pggit.rebase('later', 'main')).status, 'completed', 'a writer rebases a branch of his own');
RESET ROLE;
SELECT is((SELECT count(*)::integer FROM pggit.merges WHERE created_by = 'somebody else'), 0, 'nobody merged in another''s name');

SELECT * FROM finish();
ROLLBACK;
