-- The calls of merging: merge, preview_merge, complete_merge, abort_merge.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.merge_row(p_merge_id text)
RETURNS pggit.merges
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_row pggit.merges;
BEGIN
    SELECT m.* INTO v_row FROM pggit.merges AS m WHERE m.merge_id = p_merge_id;
    RETURN v_row;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_row(text) IS 'The public row of a merge, as just written.';

CREATE OR REPLACE FUNCTION _pggit.merged_tree(p_target_commit_id integer, p_attempt _pggit.merge_attempt)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    RETURN p_attempt.objects || ARRAY(
        SELECT ROW(o.*)::_pggit.object
        FROM _pggit.tree_objects(_pggit.commit_tree(p_target_commit_id)) AS o
        WHERE o.object_id NOT IN (SELECT u.object_id FROM unnest(p_attempt.ours || p_attempt.objects) AS u));
END;
$$;
COMMENT ON FUNCTION _pggit.merged_tree(integer, _pggit.merge_attempt) IS $$
All objects of the merged tree, those that the merge has nothing to do with included.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_shipped(
    p_merge _pggit.merges,
    p_attempt _pggit.merge_attempt,
    p_is_preview boolean
)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_changes _pggit.change[];
    v_now _pggit.object[];
BEGIN
    IF v_worktree_id IS NULL THEN
        RETURN false;
    END IF;
    v_changes := ARRAY(SELECT ROW(c.*)::_pggit.change FROM _pggit.worktree_changes(v_worktree_id) AS c);
    IF v_changes = '{}' THEN
        RETURN false;
    END IF;
    -- What another way shipped has the same paths, so the same identities, unless the branch made and then renamed it.
    IF p_attempt.conflicts = '{}' THEN
        v_now := ARRAY(SELECT i.object FROM _pggit.read_worktree(v_worktree_id, p_merge.source_commit_id) AS i);
        IF NOT EXISTS (SELECT FROM _pggit.diff_objects(_pggit.merged_tree(p_merge.target_commit_id, p_attempt), v_now)) THEN
            RETURN true;
        END IF;
    END IF;
    IF p_is_preview THEN
        RETURN NULL;
    END IF;
    PERFORM _pggit.raise_error('VCS11',
        format('branch "%s" has uncommitted changes', (SELECT b.name FROM _pggit.branches AS b
            WHERE b.branch_id = p_merge.target_branch_id)),
        (SELECT string_agg(format('%s %s %s', c.action, c.kind, concat_ws('.', c.schema_name, c.table_name, c.name)),
            E'\n' ORDER BY c.schema_name, c.table_name, c.name) FROM unnest(v_changes) AS c),
        'Commit or undo them, then merge again.');
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.is_shipped(_pggit.merges, _pggit.merge_attempt, boolean) IS $$
Whether the target's worktree already is what the merge would make of it; false where it is just its head.
p_is_preview: NULL instead of an error for other uncommitted changes.
Errors: VCS11 naming uncommitted changes.
$$;

CREATE OR REPLACE FUNCTION _pggit.source_note(p_merge _pggit.merges)
RETURNS text[]
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_merge.source_branch_id);
    v_names text[];
BEGIN
    IF v_worktree_id IS NULL THEN
        RETURN ARRAY[]::text[];
    END IF;
    v_names := ARRAY(
        SELECT format('%s %s', c.kind, concat_ws('.', c.schema_name, c.table_name, c.name))
        FROM _pggit.worktree_changes(v_worktree_id) AS c);
    RETURN CASE WHEN v_names = '{}' THEN '{}' ELSE ARRAY[format(
        'not merged: %s uncommitted change%s of the source (%s%s)', cardinality(v_names),
        CASE WHEN cardinality(v_names) = 1 THEN '' ELSE 's' END, array_to_string(v_names[1:5], ', '),
        CASE WHEN cardinality(v_names) > 5 THEN ', …' ELSE '' END)] END;
END;
$$;
COMMENT ON FUNCTION _pggit.source_note(_pggit.merges) IS $$
A note about the source's uncommitted changes, or none.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_losses(
    p_merge _pggit.merges,
    p_attempt _pggit.merge_attempt,
    p_allow_data_loss boolean
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_losses text[];
BEGIN
    IF v_worktree_id IS NULL OR coalesce(p_allow_data_loss, false) THEN
        RETURN;
    END IF;
    v_losses := _pggit.list_losses(p_attempt.steps, _pggit.live_objects(p_attempt.ours, v_worktree_id));
    IF v_losses <> '{}' THEN
        PERFORM _pggit.raise_error('VCS12', format('the merge would lose the data of %s', v_losses[1]),
            array_to_string(v_losses, E'\n'), 'Save the data, or pass p_allow_data_loss => true.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_losses(_pggit.merges, _pggit.merge_attempt, boolean) IS $$
Raises where a merge would drop tables or columns that hold data, without consent.
Errors: VCS12 listing them.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_rights(p_merge _pggit.merges, p_attempt _pggit.merge_attempt)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_worktree _pggit.worktrees;
    v_missing text[];
BEGIN
    SELECT w.* INTO v_worktree FROM _pggit.worktrees AS w WHERE w.worktree_id = _pggit.find_worktree(p_merge.target_branch_id);
    -- Other worktrees belong to one role, as which the steps run.
    IF v_worktree.worktree_id IS NULL OR v_worktree.owner_name IS NOT NULL THEN
        RETURN;
    END IF;
    WITH head AS (
        SELECT o.* FROM unnest(p_attempt.ours) AS o
    ), wanted AS (
        SELECT DISTINCT coalesce(o.parent_id, m.parent_id) AS parent_id, s.object_id, o.object_id IS NULL AS is_new, m.schema_name
        FROM unnest(p_attempt.steps) AS s
        LEFT JOIN head AS o ON o.object_id = s.object_id
        LEFT JOIN unnest(p_attempt.objects) AS m ON m.object_id = s.object_id
        WHERE s.object_id IS NOT NULL
    )
    SELECT array_agg(DISTINCT r.missing ORDER BY r.missing)
    INTO v_missing
    FROM (
        SELECT format('the rights of %s, who owns %s', h.attrs ->> 'owner', concat_ws('.', h.schema_name, h.name)) AS missing
        FROM wanted AS w
        JOIN head AS h ON h.object_id = w.object_id OR h.object_id = w.parent_id AND h.kind <> 'schema'
        JOIN pg_roles AS r ON r.rolname = h.attrs ->> 'owner'
        WHERE h.kind <> 'schema' AND NOT pg_has_role(r.oid, 'USAGE')
        UNION ALL
        SELECT format('CREATE on schema %s', n.nspname)
        FROM wanted AS w
        JOIN head AS h ON h.object_id = w.parent_id AND h.kind = 'schema'
        JOIN pg_namespace AS n ON n.nspname = h.name
        WHERE w.is_new AND NOT has_schema_privilege(n.oid, 'CREATE')
    ) AS r;
    IF v_missing IS NOT NULL THEN
        PERFORM _pggit.raise_error('42501', format('role "%s" may not do what the merge needs', current_user),
            'It lacks ' || array_to_string(v_missing, '; ') || '.',
            'Grant what is missing, or let a role merge that has it.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_rights(_pggit.merges, _pggit.merge_attempt) IS $$
Raises where the caller lacks rights on the live schemas that the plan needs, before any effect.
Errors: 42501 listing all of them.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_live_dependencies(p_branch_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_found text[];
BEGIN
    IF _pggit.find_worktree(p_branch_id) IS NULL THEN
        RETURN;
    END IF;
    v_found := ARRAY(
        SELECT format('%s %s needs %s %s', d.kind, d.identity, d.referenced_kind, d.referenced)
        FROM _pggit.list_live_dependencies(p_branch_id) AS d);
    IF v_found <> '{}' THEN
        PERFORM _pggit.raise_error('VCS25',
            format('branch "%s" uses objects of the live schema', (SELECT b.name FROM _pggit.branches AS b
                WHERE b.branch_id = p_branch_id)),
            array_to_string(v_found, E'\n'), 'Make these objects again with unqualified names, commit, and merge.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_live_dependencies(integer) IS $$
Raises where objects of a branch's worktree use tracked objects of the live schemas: what they mean on the branch is not what
they would mean after the merge.
Errors: VCS25 naming them.
$$;

CREATE OR REPLACE FUNCTION _pggit.leave_conflicts(
    p_merge _pggit.merges,
    p_conflicts _pggit.merge_conflict[],
    p_notes text[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_count integer;
    v_refused text[] := ARRAY(
        SELECT format('%s was refused again: %s', replace(r.strategy, '_', ' '), n.description)
        FROM _pggit.conflicts AS c
        JOIN _pggit.resolutions AS r ON r.conflict_id = c.conflict_id
        JOIN unnest(p_conflicts) AS n ON (n.conflict_type, n.object_id, n.other_id, n.attribute)
            IS NOT DISTINCT FROM (c.conflict_type, c.object_id, c.other_id, c.attribute)
        WHERE c.merge_id = p_merge.merge_id
        ORDER BY c.conflict_id);
BEGIN
    PERFORM _pggit.store_conflicts(p_merge.merge_id, p_conflicts);
    v_count := _pggit.count_open_conflicts(p_merge.merge_id);
    p_merge.status := 'pending_conflicts';
    p_merge.conflicts_detected := true;
    p_merge.message := array_to_string(format('%s conflict%s to resolve', v_count, CASE WHEN v_count = 1 THEN '' ELSE 's' END)
        || v_refused || p_notes, '; ');
    PERFORM _pggit.write_merge(p_merge);
END;
$$;
COMMENT ON FUNCTION _pggit.leave_conflicts(_pggit.merges, _pggit.merge_conflict[], text[]) IS $$
Records the open conflicts of a merge, which now waits for them; its message says which resolutions did not help.
$$;

CREATE OR REPLACE FUNCTION _pggit.run_merge(p_merge _pggit.merges, p_allow_data_loss boolean)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_attempt _pggit.merge_attempt := _pggit.attempt_merge(p_merge, _pggit.merge_choices(p_merge.merge_id));
    v_is_shipped boolean := _pggit.is_shipped(p_merge, v_attempt, false);
    v_notes text[] := v_attempt.notes || _pggit.source_note(p_merge);
    v_applied _pggit.merge_applied;
BEGIN
    IF v_attempt.conflicts = '{}' THEN
        IF NOT v_is_shipped THEN
            PERFORM _pggit.check_rights(p_merge, v_attempt);
            PERFORM _pggit.check_losses(p_merge, v_attempt, p_allow_data_loss);
        END IF;
        IF p_merge.operation IN ('cherry_pick', 'revert') AND v_attempt.steps = '{}'
            AND NOT EXISTS (SELECT FROM _pggit.diff_objects(v_attempt.ours, v_attempt.objects))
        THEN
            p_merge.status := 'completed';
            p_merge.message := 'already up to date';
            PERFORM _pggit.write_merge(p_merge);
            RETURN _pggit.merge_row(p_merge.merge_id);
        END IF;
        v_applied := _pggit.try_apply(p_merge, v_attempt, v_is_shipped);
        IF v_applied.commit_id IS NULL THEN
            v_attempt.conflicts := ARRAY[v_applied.conflict];
        END IF;
    END IF;
    IF v_attempt.conflicts <> '{}' THEN
        PERFORM _pggit.leave_conflicts(p_merge, v_attempt.conflicts, v_notes);
        RETURN _pggit.merge_row(p_merge.merge_id);
    END IF;
    -- conflicts that the resolutions of others made pointless
    PERFORM _pggit.store_conflicts(p_merge.merge_id, ARRAY[]::_pggit.merge_conflict[]);
    p_merge.status := 'completed';
    p_merge.merge_commit_id := v_applied.commit_id;
    p_merge.message := array_to_string(ARRAY[format('%s %s %s %s',
        CASE p_merge.operation WHEN 'cherry_pick' THEN 'picked' WHEN 'revert' THEN 'reverted' ELSE 'merged' END,
        p_merge.source_ref, CASE p_merge.operation WHEN 'revert' THEN 'on' ELSE 'into' END,
        (SELECT b.name FROM _pggit.branches AS b WHERE b.branch_id = p_merge.target_branch_id))] || v_notes, '; ');
    PERFORM _pggit.write_merge(p_merge);
    RETURN _pggit.merge_row(p_merge.merge_id);
END;
$$;
COMMENT ON FUNCTION _pggit.run_merge(_pggit.merges, boolean) IS $$
Attempts a recorded merge with the resolutions that it has, and completes it or records the open conflicts.
Errors: VCS11, VCS12, VCC01, VCS09, VCS24, 42501, 55P03.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge(
    p_source text,
    p_target text,
    p_message text,
    p_strategy text,
    p_base text,
    p_allow_data_loss boolean,
    p_path name[]
)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_started timestamptz := clock_timestamp();
    v_target _pggit.branches := _pggit.session_branch(p_target, p_path);
    v_merge _pggit.merges := _pggit.prepare_merge(p_source, v_target, p_message, p_strategy, p_base);
    v_result pggit.merges;
BEGIN
    PERFORM _pggit.check_live_dependencies(v_merge.source_branch_id);
    PERFORM _pggit.check_live_dependencies(v_merge.target_branch_id);
    IF v_merge.status = 'completed' THEN
        v_merge.message := array_to_string(v_merge.message || _pggit.source_note(v_merge), '; ');
    END IF;
    v_merge := _pggit.insert_merge(v_merge);
    IF v_merge.status = 'completed' THEN
        PERFORM _pggit.record_timing('merge', v_started);
        RETURN _pggit.merge_row(v_merge.merge_id);
    END IF;
    v_result := _pggit.run_merge(v_merge, p_allow_data_loss);
    PERFORM _pggit.record_timing('merge', v_started);
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge(text, text, text, text, text, boolean, name[]) IS 'Behind pggit.merge.';

CREATE OR REPLACE FUNCTION pggit.merge(
    p_source text,
    p_target text DEFAULT NULL,
    p_message text DEFAULT NULL,
    p_strategy text DEFAULT 'auto',
    p_base text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS pggit.merges
LANGUAGE sql
VOLATILE
RETURN _pggit.merge(p_source, p_target, p_message, p_strategy, p_base, p_allow_data_loss, current_schemas(false));
COMMENT ON FUNCTION pggit.merge(text, text, text, text, text, boolean) IS $$
Brings the commits of a source into a branch; leaves the merge pending where conflicts need a decision.
p_source: a branch, tag or commit.
p_target: a branch; NULL for the session's.
p_message: of the merge commit.
p_strategy: auto, three-way (over p_base), fast-forward, ours or theirs (which settle conflicts).
p_base: the ancestor to merge over; NULL to find it.
p_allow_data_loss: whether tables and columns that hold data may be dropped.
Returns: the merge; status completed, or pending_conflicts with its rows in pggit.conflicts.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV02, VCV10, VCV11, VCV12 for bad arguments; VCS23 where no fast-forward is
possible; VCS25 for a branch that uses live objects; VCS11 for uncommitted changes of the target; VCS12 for data that would be
lost; VCC01 where the target moved; VCS09,
VCS24, 42501, 55P03.
Locks: as the DDL of the merge, each waited for no longer than the setting pggit.lock_timeout.
$$;

CREATE OR REPLACE FUNCTION _pggit.preview_merge(
    p_source text,
    p_target text,
    p_message text,
    p_strategy text,
    p_base text,
    p_allow_data_loss boolean,
    p_path name[]
)
RETURNS SETOF pggit.merge_preview
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_target _pggit.branches := _pggit.session_branch(p_target, p_path);
    v_merge _pggit.merges := _pggit.prepare_merge(p_source, v_target, p_message, p_strategy, p_base);
    v_attempt _pggit.merge_attempt;
    v_notes text[] := _pggit.source_note(v_merge);
    v_losses text[];
    v_worktree_id integer := _pggit.find_worktree(v_target.branch_id);
BEGIN
    PERFORM _pggit.check_live_dependencies(v_merge.source_branch_id);
    PERFORM _pggit.check_live_dependencies(v_merge.target_branch_id);
    IF v_merge.status = 'completed' THEN
        v_notes := v_merge.message || v_notes;
    ELSE
        v_attempt := _pggit.attempt_merge(v_merge, ARRAY[]::_pggit.merge_choice[]);
        v_notes := v_attempt.notes || v_notes;
        IF _pggit.is_shipped(v_merge, v_attempt, true) IS NULL THEN
            v_notes := v_notes || format('branch "%s" has uncommitted changes: the merge would refuse', v_target.name);
        END IF;
        IF v_worktree_id IS NOT NULL AND NOT coalesce(p_allow_data_loss, false) THEN
            v_losses := _pggit.list_losses(v_attempt.steps, _pggit.live_objects(v_attempt.ours, v_worktree_id));
            v_notes := v_notes || ARRAY(SELECT 'needs consent to lose the data of ' || l FROM unnest(v_losses) AS l);
        END IF;
    END IF;
    RETURN QUERY
    SELECT 'conflict', c.n::integer, c.conflict_type, c.object_kind, c.schema_name, c.table_name, c.column_name, c.object_name,
        c.attribute, c.base, c.source, c.target, c.description, NULL::text, NULL::text, NULL::text[], NULL::boolean
    FROM unnest(v_attempt.conflicts) WITH ORDINALITY AS c(
        conflict_type, object_id, other_id, attribute, object_kind, schema_name, table_name, column_name, object_name,
        base, source, target, description, n);
    RETURN QUERY
    SELECT 'step', s.step_no, NULL::text, s.kind, NULL::text, NULL::text, NULL::text, s.identity, NULL::text, NULL::jsonb,
        NULL::jsonb, NULL::jsonb, s.action, s.sql, s.lock_level, s.hazards, s.in_transaction
    FROM unnest(v_attempt.steps) AS s;
    RETURN QUERY
    SELECT 'note', n.n::integer, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::text, NULL::jsonb,
        NULL::jsonb, NULL::jsonb, n.note, NULL::text, NULL::text, NULL::text[], NULL::boolean
    FROM unnest(v_notes) WITH ORDINALITY AS n(note, n);
END;
$$;
COMMENT ON FUNCTION _pggit.preview_merge(text, text, text, text, text, boolean, name[]) IS 'Behind pggit.preview_merge.';

CREATE OR REPLACE FUNCTION pggit.preview_merge(
    p_source text,
    p_target text DEFAULT NULL,
    p_message text DEFAULT NULL,
    p_strategy text DEFAULT 'auto',
    p_base text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS SETOF pggit.merge_preview
LANGUAGE sql
VOLATILE
BEGIN ATOMIC
    SELECT p.*
    FROM _pggit.preview_merge(
        p_source, p_target, p_message, p_strategy, p_base, p_allow_data_loss, current_schemas(false)) AS p;
END;
COMMENT ON FUNCTION pggit.preview_merge(text, text, text, text, text, boolean) IS $$
Says what pggit.merge would do, by the same code without its last step: its conflicts, its plan, and notes. Leaves no trace.
Parameters: as of pggit.merge.
Errors: as pggit.merge, save those of the last step.
Locks: ACCESS SHARE on the tables whose rows it asks.
$$;

CREATE OR REPLACE FUNCTION pggit.complete_merge(
    p_merge_id text,
    p_message text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_started timestamptz := clock_timestamp();
    v_merge _pggit.merges := _pggit.get_open_merge(p_merge_id);
    v_open integer := _pggit.count_open_conflicts(p_merge_id);
    v_target _pggit.branches;
    v_result pggit.merges;
BEGIN
    IF v_open > 0 THEN
        PERFORM _pggit.raise_error('VCS21', format('merge "%s" has %s open conflict%s', p_merge_id, v_open,
                CASE WHEN v_open = 1 THEN '' ELSE 's' END),
            (SELECT string_agg(format('%s: %s', c.conflict_id, c.description), E'\n' ORDER BY c.conflict_id)
                FROM pggit.conflicts AS c WHERE c.merge_id = p_merge_id AND c.resolution_status = 'pending'),
            'Resolve them with pggit.resolve_conflict or pggit.resolve_conflicts.');
    END IF;
    SELECT b.* INTO v_target FROM _pggit.branches AS b WHERE b.branch_id = v_merge.target_branch_id;
    IF v_target.head_commit_id <> v_merge.target_commit_id OR NOT v_target.is_active THEN
        PERFORM _pggit.raise_error('VCC01', format('branch "%s" has moved', v_target.name),
            format('Its head was commit %s when the merge began and is now %s.',
                v_merge.target_commit_id, v_target.head_commit_id),
            format('pggit.abort_merge(%L), then merge again.', p_merge_id));
    END IF;
    v_merge.merge_message := coalesce(_pggit.check_message(coalesce(p_message, v_merge.merge_message)));
    IF v_merge.operation = 'rebase' THEN
        RETURN _pggit.run_rebase(v_merge, p_allow_data_loss);
    END IF;
    v_result := _pggit.run_merge(v_merge, p_allow_data_loss);
    PERFORM _pggit.record_timing('merge', v_started);
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION pggit.complete_merge(text, text, boolean) IS $$
Completes a merge whose conflicts are resolved: proves it, changes the target, reads it back, commits.
p_message: of the merge commit; NULL for the one given to pggit.merge.
p_allow_data_loss: whether tables and columns that hold data may be dropped.
Returns: the merge; pending_conflicts again where the resolutions brought new conflicts to light.
Errors: VCN04 for an unknown merge; VCS20 for one that has ended; VCS21 while conflicts are open; VCC01 where the target
moved; VCV02 for an empty message; else as pggit.merge.
$$;

CREATE OR REPLACE FUNCTION pggit.abort_merge(p_merge_id text)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges := _pggit.get_open_merge(p_merge_id);
BEGIN
    v_merge.status := 'aborted';
    v_merge.message := 'aborted; nothing was changed';
    PERFORM _pggit.write_merge(v_merge);
    RETURN _pggit.merge_row(p_merge_id);
END;
$$;
COMMENT ON FUNCTION pggit.abort_merge(text) IS $$
Gives up a merge that waits for its conflicts. The target was never touched.
Errors: VCN04 for an unknown merge, VCS20 for one that has ended.
$$;
