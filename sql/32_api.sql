-- The API's calls: the public ones by id instead of by name, each giving one document, so that a request is one call.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.branch_of_id(p_branch_id bigint)
RETURNS _pggit.branches
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.branches AS b WHERE b.branch_id = p_branch_id;
    IF v_branch.branch_id IS NULL THEN
        PERFORM _pggit.check_initialised();
        PERFORM _pggit.raise_error('VCN01', format('branch %s does not exist', p_branch_id), NULL,
            'The list of branches shows their ids.');
    ELSIF NOT v_branch.is_active THEN
        PERFORM _pggit.raise_error('VCN06', format('branch %s ("%s") has been deleted', p_branch_id, v_branch.name),
            format('Its last commit was %s.', v_branch.head_commit_id),
            format('A new branch from %s brings it back.', v_branch.head_commit_id));
    END IF;
    RETURN v_branch;
END;
$$;
COMMENT ON FUNCTION _pggit.branch_of_id(bigint) IS $$
The branch of that id.
Errors: VCN01 if there never was one, VCN06 if it was deleted, VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.branch_document(p_branch pggit.branches)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN to_jsonb(p_branch) || jsonb_build_object('branch_name', (p_branch).name);
COMMENT ON FUNCTION _pggit.branch_document(pggit.branches) IS 'A branch as the API shows it.';

CREATE OR REPLACE FUNCTION pggit.list_branches(p_limit integer DEFAULT NULL, p_offset integer DEFAULT 0)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(_pggit.branch_document(p.branch) ORDER BY p.branch_id), '[]'),
        'total', (SELECT count(*) FROM pggit.branches))
    FROM (
        SELECT b.branch_id, ROW(b.*)::pggit.branches AS branch
        FROM pggit.branches AS b
        ORDER BY b.branch_id
        LIMIT p_limit OFFSET p_offset
    ) AS p;
END;
COMMENT ON FUNCTION pggit.list_branches(integer, integer) IS $$
A page of the branches, oldest first, as a document.
p_limit: NULL for all.
Returns: {items, total}.
$$;

CREATE OR REPLACE FUNCTION pggit.get_branch(p_branch_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    -- Not joined with the row: a plan that finds no rows first never asks whether there is such a branch.
    v_branch _pggit.branches := _pggit.branch_of_id(p_branch_id);
BEGIN
    RETURN (SELECT _pggit.branch_document(ROW(r.*)::pggit.branches) FROM _pggit.branch_row(v_branch.branch_id) AS r);
END;
$$;
COMMENT ON FUNCTION pggit.get_branch(bigint) IS $$
One branch as a document.
Errors: VCN01, VCN06 for an unknown branch.
$$;

CREATE OR REPLACE FUNCTION _pggit.describe_new_branch(
    p_name text,
    p_other_name text,
    p_description text,
    p_from text,
    p_path name[]
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch pggit.branches;
BEGIN
    IF p_name <> p_other_name THEN
        PERFORM _pggit.raise_error('VCV01', format('"%s" and "%s" are two names', p_name, p_other_name), NULL,
            'Give name or branch_name, not both.');
    END IF;
    v_branch := _pggit.create_branch(coalesce(p_name, p_other_name), p_from, p_path);
    UPDATE _pggit.branches AS b
    SET description = nullif(p_description, '')
    WHERE b.branch_id = v_branch.branch_id;
    v_branch.description := nullif(p_description, '');
    RETURN _pggit.branch_document(v_branch);
END;
$$;
COMMENT ON FUNCTION _pggit.describe_new_branch(text, text, text, text, name[]) IS 'Behind pggit.add_branch.';

CREATE OR REPLACE FUNCTION pggit.add_branch(
    p_name text,
    p_branch_name text DEFAULT NULL,
    p_description text DEFAULT NULL,
    p_from_ref text DEFAULT NULL
)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.describe_new_branch(p_name, p_branch_name, p_description, p_from_ref, current_schemas(false));
COMMENT ON FUNCTION pggit.add_branch(text, text, text, text) IS $$
pggit.create_branch with a description, as a document.
p_branch_name: another spelling of p_name; one of both is given.
p_from_ref: where it begins; NULL for where the session stands.
Errors: VCV01 for a bad name or two of them, VCC02 for a taken one, VCN03 or VCN06 for an unknown ref, VCS01 before pggit.init.
$$;

CREATE OR REPLACE PROCEDURE pggit.remove_branch(p_name text, p_force boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
BEGIN
    -- What delete_branch would refuse is refused before the worktree goes, and for the same reason.
    IF p_name IN ('main', pggit.current_branch()) THEN
        PERFORM pggit.delete_branch(p_name, p_force);
    END IF;
    PERFORM _pggit.check_unprotected((_pggit.get_branch(p_name)).branch_id, 'It cannot be deleted.');
    IF NOT p_force THEN
        PERFORM _pggit.check_merged(_pggit.get_branch(p_name));
    END IF;
    CALL pggit.drop_worktree(p_name, p_force);
    PERFORM pggit.delete_branch(p_name, p_force);
END;
$$;
COMMENT ON PROCEDURE pggit.remove_branch(text, boolean) IS $$
pggit.delete_branch for worktrees of any size: drops the worktree in batches that commit, then deletes the branch.
p_force: also where that leaves commits that no other branch or tag reaches, or loses uncommitted changes.
Errors: as pggit.delete_branch.
$$;

CREATE OR REPLACE FUNCTION _pggit.worktree_document(p_worktree_id integer, p_setting text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT jsonb_build_object(
        'branch_id', w.branch_id,
        'name', coalesce(b.name, w.commit_id::text),
        'commit_id', coalesce(b.head_commit_id, w.commit_id),
        'worktree_state', w.state,
        'schemas', (
            SELECT jsonb_object_agg(s.schema_name, s.live_name)
            FROM _pggit.worktree_schemas AS s
            WHERE s.worktree_id = w.worktree_id),
        'search_path', p.path,
        -- In libpq's options a backslash protects a space.
        'connection_options', '-c search_path=' || regexp_replace(p.path, '([\\ ])', '\\\1', 'g'))
    FROM _pggit.worktrees AS w
    LEFT JOIN _pggit.branches AS b USING (branch_id)
    CROSS JOIN LATERAL _pggit.worktree_path(w.worktree_id, p_setting) AS p(path)
    WHERE w.worktree_id = p_worktree_id);
COMMENT ON FUNCTION _pggit.worktree_document(integer, text) IS $$
A worktree as the API shows it, with the connection options that lead to it.
p_setting: the search_path in which the tracked schemas are to be replaced.
$$;

CREATE OR REPLACE FUNCTION _pggit.worktree_of_ref(p_ref text)
RETURNS integer
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch      _pggit.branches;
    v_commit_id   integer;
    v_worktree_id integer;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.find_branch(p_ref) AS b;
    v_commit_id := coalesce(v_branch.head_commit_id, _pggit.resolve_ref(p_ref));
    SELECT w.worktree_id INTO v_worktree_id
    FROM _pggit.worktrees AS w
    WHERE w.branch_id = v_branch.branch_id
        OR v_branch.branch_id IS NULL AND w.branch_id IS NULL AND w.commit_id = v_commit_id;
    IF v_worktree_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN11', format('"%s" has no worktree', p_ref), 'It has not been built.',
            format('CALL pggit.build_worktree(%L) builds it.', p_ref));
    END IF;
    RETURN v_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.worktree_of_ref(text) IS $$
The worktree of a branch, or the detached one of another ref.
Errors: VCN03, VCN06 for an unknown ref; VCN11 if it has none.
$$;

CREATE OR REPLACE FUNCTION pggit.find_worktree(p_branch text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.worktree_document(_pggit.worktree_of_ref(p_branch), current_setting('search_path'));
COMMENT ON FUNCTION pggit.find_worktree(text) IS $$
A worktree as a document: its schemas, and how a session gets there.
p_branch: a branch; or another ref, for a detached worktree.
Errors: VCN03, VCN06 for an unknown ref; VCN11 if it has no worktree.
$$;

CREATE OR REPLACE FUNCTION pggit.get_worktree(p_branch_id bigint)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN _pggit.worktree_document(
    _pggit.worktree_of_ref((_pggit.branch_of_id(p_branch_id)).name), current_setting('search_path'));
COMMENT ON FUNCTION pggit.get_worktree(bigint) IS $$
The worktree of a branch as a document.
Errors: VCN01, VCN06 for an unknown branch; VCN11 if it has no worktree.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit_document(p_commit pggit.commits)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN jsonb_build_object(
    'commit_id', (p_commit).commit_id,
    'hash', (p_commit).hash,
    'tree_hash', (p_commit).tree_hash,
    'parent_ids', (p_commit).parents,
    'author', (p_commit).author,
    'message', (p_commit).message,
    'created_at', (p_commit).committed_at);
COMMENT ON FUNCTION _pggit.commit_document(pggit.commits) IS 'A commit as the API shows it.';

CREATE OR REPLACE FUNCTION pggit.get_commit(p_commit_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit pggit.commits;
BEGIN
    SELECT c.* INTO v_commit FROM pggit.commits AS c WHERE c.commit_id = p_commit_id;
    IF v_commit.commit_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN03', format('commit %s does not exist', p_commit_id), NULL,
            'The log of a branch shows the ids of its commits.');
    END IF;
    RETURN _pggit.commit_document(v_commit);
END;
$$;
COMMENT ON FUNCTION pggit.get_commit(bigint) IS $$
One commit as a document.
Errors: VCN03 if there is none of that id.
$$;

CREATE OR REPLACE FUNCTION pggit.branch_log(p_branch_id bigint, p_limit integer DEFAULT 50, p_offset integer DEFAULT 0)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH head AS MATERIALIZED (
        SELECT b.head_commit_id AS commit_id FROM _pggit.branch_of_id(p_branch_id) AS b
    ), page AS (
        SELECT ROW(c.*)::pggit.commits AS commit, c.commit_id
        FROM (
            SELECT n.commit_id
            FROM head AS h
            CROSS JOIN LATERAL _pggit.newest_ancestors(h.commit_id, p_offset + p_limit) AS n(commit_id)
            ORDER BY n.commit_id DESC
            OFFSET p_offset
        ) AS r
        JOIN pggit.commits AS c ON c.commit_id = r.commit_id
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(_pggit.commit_document(p.commit) ORDER BY p.commit_id DESC), '[]'),
        'total', (SELECT _pggit.count_ancestors(h.commit_id) FROM head AS h))
    FROM page AS p;
END;
COMMENT ON FUNCTION pggit.branch_log(bigint, integer, integer) IS $$
A page of the commits of a branch, newest first, as a document.
Returns: {items, total}.
Errors: VCN01, VCN06 for an unknown branch.
$$;

CREATE OR REPLACE FUNCTION pggit.list_tags()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (SELECT coalesce(jsonb_agg(to_jsonb(t) ORDER BY t.name), '[]') FROM pggit.tags AS t);
COMMENT ON FUNCTION pggit.list_tags() IS 'Every tag, by name, as a document.';

CREATE OR REPLACE FUNCTION pggit.branch_status(p_branch_id bigint)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    WITH changes AS MATERIALIZED (
        SELECT b.name AS branch_name, s.action, to_jsonb(s) AS change
        FROM _pggit.branch_of_id(p_branch_id) AS b
        LEFT JOIN LATERAL _pggit.list_status(b.name, '{}') AS s ON true
    )
    SELECT jsonb_build_object(
        'branch_id', p_branch_id,
        'name', max(c.branch_name),
        'is_clean', count(c.action) = 0,
        'items', coalesce(jsonb_agg(c.change) FILTER (WHERE c.action IS NOT NULL), '[]'),
        'total', count(c.action))
    FROM changes AS c;
END;
COMMENT ON FUNCTION pggit.branch_status(bigint) IS $$
pggit.status of a branch, as a document.
Returns: {branch_id, name, is_clean, items, total}.
Errors: VCN01, VCN06 for an unknown branch.
$$;

CREATE OR REPLACE FUNCTION pggit.commit_branch(p_branch_id bigint, p_message text, p_allow_empty boolean DEFAULT false)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.commit_document(
    _pggit.commit(p_message, (_pggit.branch_of_id(p_branch_id)).name, p_allow_empty, '{}'));
COMMENT ON FUNCTION pggit.commit_branch(bigint, text, boolean) IS $$
pggit.commit of a branch, as a document.
Errors: VCN01, VCN06 for an unknown branch; VCV02 for an empty message; VCS03 where nothing changed; VCC01 where another session
was first.
$$;

CREATE OR REPLACE FUNCTION pggit.get_diff(p_from_ref text, p_to_ref text DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'from_ref', p_from_ref,
        'to_ref', p_to_ref,
        'items', coalesce(jsonb_agg(to_jsonb(d)), '[]'),
        'total', count(*))
    FROM _pggit.list_diff(p_from_ref, p_to_ref, current_schemas(false)) AS d;
END;
COMMENT ON FUNCTION pggit.get_diff(text, text) IS $$
pggit.diff as a document.
Returns: {from_ref, to_ref, items, total}.
Errors: as pggit.diff.
$$;

CREATE OR REPLACE FUNCTION pggit.get_migration(p_from_ref text, p_to_ref text, p_online boolean DEFAULT false)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'from_ref', p_from_ref,
        'to_ref', p_to_ref,
        'items', coalesce(jsonb_agg(m.step ORDER BY m.position), '[]'),
        'total', count(*))
    FROM (
        SELECT o.position, to_jsonb(o) AS step
        FROM _pggit.list_online_migration(p_from_ref, p_to_ref, current_schemas(false)) AS o
        WHERE p_online
        UNION ALL
        SELECT i.position, to_jsonb(i)
        FROM _pggit.list_migration(p_from_ref, p_to_ref, current_schemas(false)) AS i
        WHERE NOT p_online
    ) AS m;
END;
COMMENT ON FUNCTION pggit.get_migration(text, text, boolean) IS $$
pggit.migration, or with p_online pggit.online_migration, as a document.
Returns: {from_ref, to_ref, items, total}.
Errors: as pggit.migration.
$$;

CREATE OR REPLACE FUNCTION _pggit.comment_line(p_text text)
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
-- A name may hold a line feed, and what follows it would be run.
RETURN '-- ' || regexp_replace(p_text, '[\n\r]+', ' ', 'g');
COMMENT ON FUNCTION _pggit.comment_line(text) IS 'A text as one line of SQL comment.';

CREATE OR REPLACE FUNCTION _pggit.script_of_steps(p_title text, p_steps pggit.migration_step[])
RETURNS text
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH steps AS (
        SELECT s.*,
            lag(s.in_transaction) OVER w AS was_in_transaction,
            lead(s.in_transaction) OVER w AS is_next_in_transaction
        FROM unnest(p_steps) AS s
        WINDOW w AS (ORDER BY s.position)
    )
    SELECT concat_ws(E'\n',
        _pggit.comment_line(p_title),
        coalesce(
            string_agg(concat_ws(E'\n',
                CASE WHEN s.in_transaction AND s.was_in_transaction IS NOT TRUE THEN 'BEGIN;' END,
                CASE WHEN s.hazards <> '{}'
                    THEN _pggit.comment_line(format('%s: %s', s.identity, array_to_string(s.hazards, ', '))) END,
                rtrim(s.sql, E'; \n\t') || ';',
                CASE WHEN s.in_transaction AND s.is_next_in_transaction IS NOT TRUE THEN 'COMMIT;' END
            ), E'\n' ORDER BY s.position),
            '-- Nothing to do.')) || E'\n'
    FROM steps AS s;
END;
COMMENT ON FUNCTION _pggit.script_of_steps(text, pggit.migration_step[]) IS $$
Steps as a script for psql: in transactions, except for what PostgreSQL refuses there; hazards as comments.
$$;

CREATE OR REPLACE FUNCTION pggit.migration_script(p_from_ref text, p_to_ref text, p_online boolean DEFAULT false)
RETURNS text
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN CASE
    WHEN p_online THEN _pggit.online_script(
        format('Migration from %s to %s', p_from_ref, p_to_ref),
        ARRAY(
            SELECT (m.position, m.sql, m.is_done, m.lock_level, m.hazards, m.in_transaction, m.action, m.kind, NULL, m.identity,
                m.advice)::_pggit.online_step
            FROM _pggit.list_online_migration(p_from_ref, p_to_ref, current_schemas(false)) AS m))
    ELSE _pggit.script_of_steps(
        format('Migration from %s to %s', p_from_ref, p_to_ref),
        ARRAY(
            SELECT ROW(m.*)::pggit.migration_step
            FROM _pggit.list_migration(p_from_ref, p_to_ref, current_schemas(false)) AS m))
END;
COMMENT ON FUNCTION pggit.migration_script(text, text, boolean) IS $$
pggit.migration, or with p_online pggit.online_migration, as a script for psql.
Errors: as pggit.migration.
$$;

CREATE OR REPLACE FUNCTION _pggit.conflict_document(p_conflict pggit.conflicts)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN to_jsonb(p_conflict) - ARRAY['base', 'source', 'target'] || jsonb_build_object(
    'base_schema', (p_conflict).base,
    'source_schema', (p_conflict).source,
    'target_schema', (p_conflict).target);
COMMENT ON FUNCTION _pggit.conflict_document(pggit.conflicts) IS 'A conflict as the API shows it.';

CREATE OR REPLACE FUNCTION _pggit.conflict_documents(p_merge_id text)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(jsonb_agg(_pggit.conflict_document(ROW(c.*)::pggit.conflicts) ORDER BY c.conflict_id), '[]')
    FROM pggit.conflicts AS c
    WHERE c.merge_id = p_merge_id);
COMMENT ON FUNCTION _pggit.conflict_documents(text) IS 'The conflicts of a merge as the API shows them.';

CREATE OR REPLACE FUNCTION pggit.merge_branch(
    p_target_branch_id bigint,
    p_source_branch_id bigint,
    p_message text,
    p_strategy text DEFAULT 'auto',
    p_base_branch_id bigint DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_target _pggit.branches := _pggit.branch_of_id(p_target_branch_id);
    v_source _pggit.branches := _pggit.branch_of_id(p_source_branch_id);
    v_base   text;
    v_merge  pggit.merges;
BEGIN
    IF p_base_branch_id IS NOT NULL THEN
        v_base := (_pggit.branch_of_id(p_base_branch_id)).name;
    END IF;
    v_merge := pggit.merge(v_source.name, v_target.name, p_message, p_strategy, v_base, p_allow_data_loss);
    RETURN to_jsonb(v_merge) || jsonb_build_object('conflicts', _pggit.conflict_documents(v_merge.merge_id));
END;
$$;
COMMENT ON FUNCTION pggit.merge_branch(bigint, bigint, text, text, bigint, boolean) IS $$
pggit.merge of branches by id, as a document with its conflicts.
Errors: VCN01, VCN06 for an unknown branch; else as pggit.merge.
$$;

CREATE OR REPLACE FUNCTION pggit.preview_branch_merge(
    p_target_branch_id bigint,
    p_source_branch_id bigint,
    p_strategy text DEFAULT 'auto',
    p_base_branch_id bigint DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_target _pggit.branches := _pggit.branch_of_id(p_target_branch_id);
    v_source _pggit.branches := _pggit.branch_of_id(p_source_branch_id);
    v_base   text;
BEGIN
    IF p_base_branch_id IS NOT NULL THEN
        v_base := (_pggit.branch_of_id(p_base_branch_id)).name;
    END IF;
    RETURN pggit.get_preview(v_source.name, v_target.name, NULL, p_strategy, v_base, p_allow_data_loss);
END;
$$;
COMMENT ON FUNCTION pggit.preview_branch_merge(bigint, bigint, text, bigint, boolean) IS $$
pggit.preview_merge of branches by id, as a document.
Errors: VCN01, VCN06 for an unknown branch; else as pggit.preview_merge.
$$;

CREATE OR REPLACE FUNCTION pggit.get_merge(p_merge_id text)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge pggit.merges;
BEGIN
    PERFORM _pggit.get_merge(p_merge_id, false);
    SELECT m.* INTO v_merge FROM pggit.merges AS m WHERE m.merge_id = p_merge_id;
    RETURN to_jsonb(v_merge);
END;
$$;
COMMENT ON FUNCTION pggit.get_merge(text) IS $$
One merge as a document.
Errors: VCN04 if there is none of that id.
$$;

CREATE OR REPLACE FUNCTION pggit.list_merges(
    p_status text DEFAULT NULL,
    p_source_branch_id bigint DEFAULT NULL,
    p_target_branch_id bigint DEFAULT NULL,
    p_limit integer DEFAULT 20,
    p_offset integer DEFAULT 0
)
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH found AS (
        SELECT m.merge_id, m.created_at
        FROM _pggit.merges AS m
        WHERE (p_status IS NULL OR m.status = p_status)
            AND (p_source_branch_id IS NULL OR m.source_branch_id = p_source_branch_id)
            AND (p_target_branch_id IS NULL OR m.target_branch_id = p_target_branch_id)
    ), page AS (
        SELECT f.merge_id, f.created_at
        FROM found AS f
        ORDER BY f.created_at DESC, f.merge_id DESC
        LIMIT p_limit OFFSET p_offset
    )
    SELECT jsonb_build_object(
        'items', coalesce(jsonb_agg(to_jsonb(m) ORDER BY p.created_at DESC, p.merge_id DESC), '[]'),
        'total', (SELECT count(*) FROM found))
    FROM page AS p
    JOIN pggit.merges AS m ON m.merge_id = p.merge_id;
END;
COMMENT ON FUNCTION pggit.list_merges(text, bigint, bigint, integer, integer) IS $$
A page of the merges, newest first, as a document.
p_status, p_source_branch_id, p_target_branch_id: only those; NULL for all.
Returns: {items, total}.
$$;

CREATE OR REPLACE FUNCTION pggit.list_conflicts(p_merge_id text)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_conflicts jsonb;
BEGIN
    PERFORM _pggit.get_merge(p_merge_id, false);
    v_conflicts := _pggit.conflict_documents(p_merge_id);
    RETURN jsonb_build_object(
        'merge_id', p_merge_id,
        'conflicts', v_conflicts,
        'total_conflicts', jsonb_array_length(v_conflicts));
END;
$$;
COMMENT ON FUNCTION pggit.list_conflicts(text) IS $$
Every conflict of a merge, as a document.
Returns: {merge_id, conflicts, total_conflicts}.
Errors: VCN04 for an unknown merge.
$$;

CREATE OR REPLACE FUNCTION pggit.open_conflicts()
RETURNS jsonb
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(
        jsonb_agg(_pggit.conflict_document(ROW(c.*)::pggit.conflicts) ORDER BY m.created_at, c.conflict_id), '[]')
    FROM pggit.conflicts AS c
    JOIN _pggit.merges AS m ON m.merge_id = c.merge_id
    WHERE m.status = 'pending_conflicts' AND c.resolution_status = 'pending');
COMMENT ON FUNCTION pggit.open_conflicts() IS 'Every conflict that waits for a resolution, as a document.';

CREATE OR REPLACE FUNCTION pggit.get_conflict(p_merge_id text, p_conflict_id bigint)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_conflict pggit.conflicts;
BEGIN
    PERFORM _pggit.get_merge(p_merge_id, false);
    SELECT c.* INTO v_conflict
    FROM pggit.conflicts AS c
    WHERE c.merge_id = p_merge_id AND c.conflict_id = p_conflict_id;
    IF v_conflict.conflict_id IS NULL THEN
        PERFORM _pggit.raise_error('VCN07', format('conflict %s of merge "%s" does not exist', p_conflict_id, p_merge_id),
            NULL, 'pggit.conflicts lists the conflicts.');
    END IF;
    RETURN _pggit.conflict_document(v_conflict);
END;
$$;
COMMENT ON FUNCTION pggit.get_conflict(text, bigint) IS $$
One conflict as a document.
Errors: VCN04 for an unknown merge, VCN07 for an unknown conflict.
$$;

CREATE OR REPLACE FUNCTION pggit.settle_conflict(
    p_merge_id text,
    p_conflict_id bigint,
    p_strategy text,
    p_custom jsonb DEFAULT NULL,
    p_notes text DEFAULT NULL
)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM pggit.resolve_conflict(p_merge_id, p_conflict_id, p_strategy, p_custom, p_notes);
    RETURN pggit.get_conflict(p_merge_id, p_conflict_id);
END;
$$;
COMMENT ON FUNCTION pggit.settle_conflict(text, bigint, text, jsonb, text) IS $$
pggit.resolve_conflict; gives the conflict with its resolution as a document.
Errors: as pggit.resolve_conflict.
$$;

CREATE OR REPLACE FUNCTION pggit.finish_merge(p_merge_id text, p_message text, p_allow_data_loss boolean DEFAULT false)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge pggit.merges := pggit.complete_merge(p_merge_id, p_message, p_allow_data_loss);
BEGIN
    RETURN to_jsonb(v_merge) || jsonb_build_object('conflicts', _pggit.conflict_documents(v_merge.merge_id));
END;
$$;
COMMENT ON FUNCTION pggit.finish_merge(text, text, boolean) IS $$
pggit.complete_merge as a document with its conflicts.
Errors: as pggit.complete_merge.
$$;

CREATE OR REPLACE FUNCTION pggit.give_up_merge(p_merge_id text)
RETURNS jsonb
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge pggit.merges := pggit.abort_merge(p_merge_id);
BEGIN
    RETURN to_jsonb(v_merge);
END;
$$;
COMMENT ON FUNCTION pggit.give_up_merge(text) IS $$
pggit.abort_merge as a document.
Errors: as pggit.abort_merge.
$$;

CREATE OR REPLACE FUNCTION pggit.get_preview(
    p_source text,
    p_target text DEFAULT NULL,
    p_message text DEFAULT NULL,
    p_strategy text DEFAULT 'auto',
    p_base text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS jsonb
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT jsonb_build_object(
        'conflicts_detected', count(*) FILTER (WHERE p.item = 'conflict') > 0,
        'conflicts', coalesce(jsonb_agg(jsonb_build_object(
            'conflict_type', p.conflict_type,
            'object_kind', p.object_kind,
            'schema_name', p.schema_name,
            'table_name', p.table_name,
            'column_name', p.column_name,
            'object_name', p.object_name,
            'attribute', p.attribute,
            'base_schema', p.base,
            'source_schema', p.source,
            'target_schema', p.target,
            'description', p.description) ORDER BY p.position) FILTER (WHERE p.item = 'conflict'), '[]'),
        'steps', coalesce(jsonb_agg(jsonb_build_object(
            'position', p.position,
            'sql', p.sql,
            'lock_level', p.lock_level,
            'hazards', p.hazards,
            'in_transaction', p.in_transaction,
            'action', p.description,
            'kind', p.object_kind,
            'identity', p.object_name) ORDER BY p.position) FILTER (WHERE p.item = 'step'), '[]'),
        'notes', coalesce(jsonb_agg(p.description ORDER BY p.position) FILTER (WHERE p.item = 'note'), '[]'))
    FROM _pggit.preview_merge(
        p_source, p_target, p_message, p_strategy, p_base, p_allow_data_loss, current_schemas(false)) AS p;
END;
COMMENT ON FUNCTION pggit.get_preview(text, text, text, text, text, boolean) IS $$
pggit.preview_merge as a document.
Returns: {conflicts_detected, conflicts, steps, notes}.
Errors: as pggit.preview_merge.
$$;
