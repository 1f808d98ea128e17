-- History: what changed in a worktree and between commits, commit, log, and the migration from one ref to another.

-- == relations ==

-- One row of pggit.status and pggit.diff. old and new hold the attributes that differ; the whole object where it is added or dropped.
CREATE TYPE pggit.change AS (
    action      text,     -- added, dropped, renamed, modified
    kind        text,
    schema_name text,
    table_name  text,
    name        text,
    old_name    text,
    attributes  text[],
    old         jsonb,
    new         jsonb,
    object_id   uuid
);

-- One row of pggit.migration.
CREATE TYPE pggit.migration_step AS (
    "position"     integer,
    sql            text,
    lock_level     text,
    hazards        text[],
    in_transaction boolean,
    action         text,
    kind           text,
    identity       text
);

-- == routines ==
COMMENT ON TYPE pggit.change IS 'One object that differs between two states.';
COMMENT ON TYPE pggit.migration_step IS 'One statement of a migration, with what it costs.';

CREATE OR REPLACE FUNCTION _pggit.shown_attrs(p_object _pggit.object, p_attributes text[], p_action text)
RETURNS jsonb
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN CASE
    WHEN (p_object).object_id IS NULL THEN NULL
    WHEN p_action IN ('added', 'dropped') THEN (p_object).attrs
    ELSE (
        SELECT coalesce(jsonb_object_agg(a.name, CASE a.name
            WHEN 'name' THEN to_jsonb((p_object).name)
            WHEN 'schema' THEN to_jsonb(coalesce((p_object).table_name, (p_object).schema_name))
            WHEN 'signature' THEN to_jsonb((p_object).signature)
            ELSE (p_object).attrs->a.name
        END), '{}')
        FROM unnest(p_attributes) AS a(name))
END;
COMMENT ON FUNCTION _pggit.shown_attrs(_pggit.object, text[], text) IS $$
One side of a change as people see it.
$$;

CREATE OR REPLACE FUNCTION _pggit.shown_change(p_change _pggit.change)
RETURNS pggit.change
LANGUAGE sql
IMMUTABLE
PARALLEL SAFE
RETURN ROW(
    (p_change).action, (p_change).kind, (p_change).schema_name, (p_change).table_name, (p_change).name,
    (p_change).old_name, (p_change).attributes,
    _pggit.shown_attrs((p_change).old, (p_change).attributes, (p_change).action),
    _pggit.shown_attrs((p_change).new, (p_change).attributes, (p_change).action),
    (p_change).object_id)::pggit.change;
COMMENT ON FUNCTION _pggit.shown_change(_pggit.change) IS 'A difference in its public form.';

CREATE OR REPLACE FUNCTION _pggit.worktree_head(p_worktree_id integer)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT coalesce(b.head_commit_id, w.commit_id)
    FROM _pggit.worktrees AS w
    LEFT JOIN _pggit.branches AS b USING (branch_id)
    WHERE w.worktree_id = p_worktree_id);
COMMENT ON FUNCTION _pggit.worktree_head(integer) IS 'The commit against which a worktree is compared.';

CREATE OR REPLACE FUNCTION _pggit.tree_array(p_commit_id integer)
RETURNS _pggit.object[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(_pggit.commit_tree(p_commit_id)) AS o);
COMMENT ON FUNCTION _pggit.tree_array(integer) IS 'The objects of a commit.';

CREATE OR REPLACE FUNCTION _pggit.compare_rereading(p_again _pggit.rereading, p_head_tree bytea)
RETURNS SETOF _pggit.change
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_old   _pggit.object[] := ARRAY(SELECT o.object FROM unnest(p_again.old) AS o);
    v_new   _pggit.object[] := ARRAY(SELECT n.object FROM unnest(p_again.new) AS n);
    v_ids   uuid[];
BEGIN
    IF p_head_tree <> p_again.tree_hash THEN
        -- Beside what was read again there is what stands apart between the head and the anchor.
        v_ids := ARRAY(SELECT o.object_id FROM unnest(v_old || v_new) AS o);
        SELECT
            ARRAY(SELECT o FROM unnest(v_old) AS o WHERE NOT EXISTS (
                SELECT FROM _pggit.tree_changes(p_head_tree, p_again.tree_hash) AS x
                WHERE (x.new_object).object_id = o.object_id OR (x.old_object).object_id = o.object_id))
            || coalesce(array_agg(t.old_object) FILTER (WHERE (t.old_object).object_id IS NOT NULL), '{}'),
            v_new || coalesce(array_agg(t.new_object) FILTER (WHERE (t.new_object).object_id <> ALL (v_ids)), '{}')
        INTO v_old, v_new
        FROM _pggit.tree_changes(p_head_tree, p_again.tree_hash) AS t;
    END IF;
    RETURN QUERY SELECT d.* FROM _pggit.diff_objects(v_old, v_new) AS d;
END;
$$;
COMMENT ON FUNCTION _pggit.compare_rereading(_pggit.rereading, bytea) IS $$
What differs from a tree in a worktree that was read again.
$$;

CREATE OR REPLACE FUNCTION _pggit.worktree_changes(p_worktree_id integer)
RETURNS SETOF _pggit.change
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_head  integer := _pggit.worktree_head(p_worktree_id);
    v_again _pggit.rereading := _pggit.reread_worktree(p_worktree_id, v_head);
BEGIN
    IF v_again.tree_hash IS NOT NULL THEN
        RETURN QUERY SELECT c.* FROM _pggit.compare_rereading(v_again, _pggit.commit_tree(v_head)) AS c;
    ELSE
        RETURN QUERY
        SELECT d.*
        FROM _pggit.diff_objects(
            _pggit.tree_array(v_head),
            ARRAY(SELECT i.object FROM unnest(_pggit.read_whole_worktree(p_worktree_id, v_head)) AS i)) AS d;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.worktree_changes(integer) IS 'What differs in a worktree from its head.';

CREATE OR REPLACE FUNCTION _pggit.list_status(p_branch text, p_path name[])
RETURNS SETOF pggit.change
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree_id integer;
BEGIN
    IF p_branch IS NULL THEN
        v_worktree_id := (_pggit.session_worktree(p_path)).worktree_id;
    ELSE
        v_worktree_id := _pggit.find_worktree((_pggit.get_branch(p_branch)).branch_id);
    END IF;
    IF v_worktree_id IS NOT NULL THEN
        RETURN QUERY
        SELECT s.*
        FROM _pggit.worktree_changes(v_worktree_id) AS c
        CROSS JOIN LATERAL _pggit.shown_change(c) AS s;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.list_status(text, name[]) IS 'Behind pggit.status.';

CREATE OR REPLACE FUNCTION pggit.status(p_branch text DEFAULT NULL)
RETURNS SETOF pggit.change
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT s.* FROM _pggit.list_status(p_branch, current_schemas(false)) AS s;
END;
COMMENT ON FUNCTION pggit.status(text) IS $$
What differs in a branch's worktree from its last commit; nothing where the worktree is not built.
p_branch: NULL for where the session stands.
Errors: VCN01, VCN06 for an unknown branch; VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit_worktree(
    p_branch _pggit.branches,
    p_message text,
    p_allow_empty boolean
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_branch.branch_id);
    v_old_tree    bytea := _pggit.commit_tree(p_branch.head_commit_id);
    v_tree        bytea := v_old_tree;
    v_reading     _pggit.worktree_anchors;
    v_again       _pggit.rereading;
    v_read        _pggit.identified[];
    v_is_changed  boolean := false;
    v_commit_id   integer;
BEGIN
    IF v_worktree_id IS NOT NULL THEN
        v_reading := _pggit.begin_reading(v_worktree_id);
        v_again := _pggit.reread_worktree(v_worktree_id, p_branch.head_commit_id);
        IF v_again.tree_hash IS NOT NULL THEN
            v_tree := _pggit.patch_tree(v_again.tree_hash,
                ARRAY(SELECT o.object FROM unnest(v_again.old) AS o), ARRAY(SELECT n.object FROM unnest(v_again.new) AS n));
        ELSE
            v_read := _pggit.read_whole_worktree(v_worktree_id, p_branch.head_commit_id);
            v_tree := _pggit.write_tree(ARRAY(SELECT i.object FROM unnest(v_read) AS i));
        END IF;
        IF v_tree <> v_old_tree THEN
            v_is_changed := EXISTS (
                SELECT
                FROM _pggit.diff_objects(
                    ARRAY(SELECT t.old_object FROM _pggit.tree_changes(v_old_tree, v_tree) AS t
                        WHERE (t.old_object).object_id IS NOT NULL),
                    ARRAY(SELECT t.new_object FROM _pggit.tree_changes(v_old_tree, v_tree) AS t
                        WHERE (t.new_object).object_id IS NOT NULL)));
        END IF;
    END IF;
    IF NOT v_is_changed AND NOT coalesce(p_allow_empty, false) THEN
        PERFORM _pggit.raise_error('VCS03', format('nothing to commit on branch "%s"', p_branch.name),
            CASE
                WHEN v_worktree_id IS NULL THEN 'Its worktree is not built.'
                ELSE format('Its worktree equals commit %s.', p_branch.head_commit_id)
            END,
            'Change it first, or pass p_allow_empty => true.');
    END IF;
    v_commit_id := _pggit.write_commit(v_tree, ARRAY[p_branch.head_commit_id], p_message);
    PERFORM _pggit.move_branch(p_branch.branch_id, p_branch.head_commit_id, v_commit_id, 'commit');
    IF v_again.tree_hash IS NOT NULL THEN
        PERFORM _pggit.store_rereading(v_worktree_id, v_again, v_reading, v_tree);
    ELSIF v_worktree_id IS NOT NULL THEN
        PERFORM _pggit.store_identities(v_worktree_id, v_read, v_reading);
    END IF;
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.commit_worktree(_pggit.branches, text, boolean) IS $$
Commits a branch's worktree as it is now and gives the commit's id.
p_branch: the branch as the caller saw it; if it moved since, the commit fails.
Errors: VCS03 where nothing changed, VCC01 where another session was first, VCV02 for an empty message.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit(p_message text, p_branch text, p_allow_empty boolean, p_path name[])
RETURNS pggit.commits
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_started   timestamptz := clock_timestamp();
    v_commit_id integer;
    v_commit    pggit.commits;
BEGIN
    PERFORM _pggit.check_message(p_message);
    v_commit_id := _pggit.commit_worktree(_pggit.session_branch(p_branch, p_path), p_message, p_allow_empty);
    SELECT c.* INTO v_commit FROM pggit.commits AS c WHERE c.commit_id = v_commit_id;
    PERFORM _pggit.record_timing('commit', v_started);
    RETURN v_commit;
END;
$$;
COMMENT ON FUNCTION _pggit.commit(text, text, boolean, name[]) IS 'Behind pggit.commit.';

CREATE OR REPLACE FUNCTION pggit.commit(
    p_message text,
    p_branch text DEFAULT NULL,
    p_allow_empty boolean DEFAULT false
)
RETURNS pggit.commits
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
RETURN _pggit.commit(p_message, p_branch, p_allow_empty, current_schemas(false));
COMMENT ON FUNCTION pggit.commit(text, text, boolean) IS $$
Records a branch's worktree as it is now.
p_branch: NULL for the session's.
p_allow_empty: also where nothing changed.
Errors: VCV02 for an empty message; VCS03 where nothing changed; VCC01 where another session committed meanwhile; VCS08 where the
session is detached; VCN01, VCN06 for an unknown branch.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_log(p_ref text, p_limit integer, p_path name[])
RETURNS SETOF pggit.commits
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_commit_id integer;
BEGIN
    IF p_limit < 0 THEN
        PERFORM _pggit.raise_error('22023', format('a limit of %s makes no sense', p_limit), 'It is negative.',
            'Give a number from 0, or NULL for all commits.');
    END IF;
    v_commit_id := _pggit.resolve_ref(p_ref, _pggit.session_ref(p_path));
    IF p_limit IS NULL THEN
        RETURN QUERY
        SELECT c.*
        FROM _pggit.list_ancestors(ARRAY[v_commit_id]) AS a(commit_id)
        JOIN pggit.commits AS c USING (commit_id)
        ORDER BY c.commit_id DESC;
    ELSE
        RETURN QUERY
        SELECT c.*
        FROM unnest(ARRAY(SELECT n FROM _pggit.newest_ancestors(v_commit_id, p_limit) AS n)) AS a(commit_id)
        JOIN pggit.commits AS c USING (commit_id)
        ORDER BY c.commit_id DESC;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.list_log(text, integer, name[]) IS 'Behind pggit.log.';

CREATE OR REPLACE FUNCTION pggit.log(p_ref text DEFAULT NULL, p_limit integer DEFAULT 50)
RETURNS SETOF pggit.commits
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.* FROM _pggit.list_log(p_ref, p_limit, current_schemas(false)) AS c;
END;
COMMENT ON FUNCTION pggit.log(text, integer) IS $$
The commits that a ref reaches, newest first.
p_ref: NULL for where the session stands.
p_limit: how many at most; NULL for all.
Errors: VCN03, VCN06 for an unknown ref; VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.state_objects(p_ref text, p_path name[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree _pggit.worktrees := _pggit.session_worktree(p_path);
BEGIN
    IF p_ref IS NOT NULL THEN
        RETURN _pggit.tree_array(_pggit.resolve_ref(p_ref, _pggit.session_ref(p_path)));
    END IF;
    RETURN ARRAY(
        SELECT i.object
        FROM _pggit.read_worktree(v_worktree.worktree_id, _pggit.worktree_head(v_worktree.worktree_id)) AS i);
END;
$$;
COMMENT ON FUNCTION _pggit.state_objects(text, name[]) IS $$
The objects of a ref; for NULL, of the session's worktree as it is now.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_diff(p_from text, p_to text, p_path name[])
RETURNS SETOF pggit.change
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_started timestamptz := clock_timestamp();
    v_head text := _pggit.session_ref(p_path);
    v_from bytea;
    v_to   bytea;
    v_old  _pggit.object[];
    v_new  _pggit.object[];
BEGIN
    IF p_from IS NULL OR p_to IS NULL THEN
        RETURN QUERY
        SELECT s.*
        FROM _pggit.diff_objects(_pggit.state_objects(p_from, p_path), _pggit.state_objects(p_to, p_path)) AS c
        CROSS JOIN LATERAL _pggit.shown_change(c) AS s;
        PERFORM _pggit.record_timing('diff', v_started);
        RETURN;
    END IF;
    v_from := _pggit.commit_tree(_pggit.resolve_ref(p_from, v_head));
    v_to := _pggit.commit_tree(_pggit.resolve_ref(p_to, v_head));
    SELECT
        coalesce(array_agg(t.old_object) FILTER (WHERE (t.old_object).object_id IS NOT NULL), '{}'),
        coalesce(array_agg(t.new_object) FILTER (WHERE (t.new_object).object_id IS NOT NULL), '{}')
    INTO v_old, v_new
    FROM _pggit.tree_changes(v_from, v_to) AS t;
    RETURN QUERY
    SELECT s.*
    FROM _pggit.diff_objects(v_old, v_new) AS c
    CROSS JOIN LATERAL _pggit.shown_change(c) AS s;
    PERFORM _pggit.record_timing('diff', v_started);
END;
$$;
COMMENT ON FUNCTION _pggit.list_diff(text, text, name[]) IS 'Behind pggit.diff.';

CREATE OR REPLACE FUNCTION pggit.diff(p_from text, p_to text DEFAULT NULL)
RETURNS SETOF pggit.change
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT d.* FROM _pggit.list_diff(p_from, p_to, current_schemas(false)) AS d;
END;
COMMENT ON FUNCTION pggit.diff(text, text) IS $$
What changes from one ref to another, one row per object.
p_from, p_to: refs; NULL for the session's worktree as it is now.
Errors: VCN03, VCN06 for an unknown ref; VCS01 before pggit.init.
$$;

CREATE OR REPLACE FUNCTION _pggit.migration_sides(p_from text, p_to text, p_path name[])
RETURNS TABLE (before_objects _pggit.object[], after_objects _pggit.object[])
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
ROWS 1
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_head  text := _pggit.session_ref(p_path);
    v_from  bytea;
    v_to    bytea;
    v_scope uuid[];
BEGIN
    IF p_from IS NULL OR p_to IS NULL THEN
        RETURN QUERY SELECT _pggit.state_objects(p_from, p_path), _pggit.state_objects(p_to, p_path);
        RETURN;
    END IF;
    v_from := _pggit.commit_tree(_pggit.resolve_ref(p_from, v_head));
    v_to := _pggit.commit_tree(_pggit.resolve_ref(p_to, v_head));
    IF v_from = v_to THEN
        RETURN QUERY SELECT '{}'::_pggit.object[], '{}'::_pggit.object[];
        RETURN;
    END IF;
    -- A merge whose target has not moved: the plan takes only what lies in the scope of the changes.
    v_scope := _pggit.merge_scope(v_from, v_from, v_to);
    RETURN QUERY SELECT _pggit.tree_members(v_from, v_scope), _pggit.tree_members(v_to, v_scope);
END;
$$;
COMMENT ON FUNCTION _pggit.migration_sides(text, text, name[]) IS $$
The two states between which a migration leads, as far as it has to know them.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_migration(p_from text, p_to text, p_path name[])
RETURNS SETOF pggit.migration_step
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_started timestamptz := clock_timestamp();
    v_from    _pggit.object[];
    v_to      _pggit.object[];
BEGIN
    SELECT m.before_objects, m.after_objects INTO v_from, v_to FROM _pggit.migration_sides(p_from, p_to, p_path) AS m;
    RETURN QUERY
    SELECT s.step_no, s.sql, s.lock_level, s.hazards, s.in_transaction, s.action, s.kind, s.identity
    FROM _pggit.plan_known(_pggit.rename_equal_parts(v_from, v_to), v_to) AS s
    ORDER BY s.step_no;
    PERFORM _pggit.record_timing('migration', v_started);
END;
$$;
COMMENT ON FUNCTION _pggit.list_migration(text, text, name[]) IS 'Behind pggit.migration.';

CREATE OR REPLACE FUNCTION pggit.migration(p_from text, p_to text)
RETURNS SETOF pggit.migration_step
LANGUAGE sql
VOLATILE
PARALLEL UNSAFE
BEGIN ATOMIC
    SELECT m.* FROM _pggit.list_migration(p_from, p_to, current_schemas(false)) AS m;
END;
COMMENT ON FUNCTION pggit.migration(text, text) IS $$
The DDL that leads the live schemas from one ref to another, in execution order.
p_from, p_to: refs; NULL for the session's worktree as it is now.
Errors: VCN03, VCN06 for an unknown ref; VCS01 before pggit.init.
$$;
