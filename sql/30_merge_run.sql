-- Running a merge: prepare, attempt (the same for preview and merge), apply to the target, and the public calls.

-- == relations ==

-- What a merge comes to before anything is changed. steps lead the target's worktree (or its head) from ours to objects; both are
-- the part of the tree that the merge has to do with.
CREATE TYPE _pggit.merge_attempt AS (
    objects   _pggit.object[],
    conflicts _pggit.merge_conflict[],
    notes     text[],
    steps     _pggit.step[],
    ours      _pggit.object[]
);

-- How the last step of a merge ended: with a commit, or with what PostgreSQL refused.
CREATE TYPE _pggit.merge_applied AS (
    commit_id integer,
    conflict  _pggit.merge_conflict
);

-- One row of pggit.preview_merge. item: conflict, step or note.
CREATE TYPE pggit.merge_preview AS (
    item           text,
    "position"     integer,
    conflict_type  text,
    object_kind    text,
    schema_name    text,
    table_name     text,
    column_name    text,
    object_name    text,
    attribute      text,
    base           jsonb,
    source         jsonb,
    target         jsonb,
    description    text,
    sql            text,
    lock_level     text,
    hazards        text[],
    in_transaction boolean
);

-- == routines ==
COMMENT ON TYPE pggit.merge_preview IS 'A conflict that a merge would leave, a step that it would run, or a note.';

CREATE OR REPLACE FUNCTION _pggit.prepare_merge(
    p_source text,
    p_target _pggit.branches,
    p_message text,
    p_strategy text,
    p_base text
)
RETURNS _pggit.merges
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges;
    v_source _pggit.branches;
    v_bases integer[];
BEGIN
    SELECT b.* INTO v_source FROM _pggit.find_branch(p_source) AS b;
    v_merge.operation := 'merge';
    v_merge.merge_strategy := coalesce(p_strategy, 'auto');
    v_merge.source_branch_id := v_source.branch_id;
    v_merge.source_ref := p_source;
    v_merge.target_branch_id := p_target.branch_id;
    v_merge.todo_commit_ids := '{}';
    IF v_merge.merge_strategy NOT IN ('auto', 'three-way', 'fast-forward', 'ours', 'theirs') THEN
        PERFORM _pggit.raise_error('VCV11', format('"%s" is not a merge strategy', p_strategy), NULL,
            'Use auto, three-way, fast-forward, ours or theirs.');
    ELSIF p_source IS NULL THEN
        PERFORM _pggit.raise_error('VCV12', 'no source to merge', 'p_source is NULL.', 'Name a branch, a tag or a commit.');
    ELSIF v_source.branch_id = p_target.branch_id THEN
        PERFORM _pggit.raise_error('VCV10', format('branch "%s" cannot be merged into itself', p_source), NULL,
            'Name another branch as source or as target.');
    ELSIF v_merge.merge_strategy = 'three-way' AND p_base IS NULL THEN
        PERFORM _pggit.raise_error('VCV12', 'the strategy three-way needs a base', 'p_base is NULL.',
            'Name a base, or use the strategy auto, which finds the merge base itself.');
    END IF;
    v_merge.source_commit_id := coalesce(v_source.head_commit_id, _pggit.resolve_ref(p_source, p_target.name));
    v_merge.target_commit_id := p_target.head_commit_id;
    v_merge.ours_commit_id := p_target.head_commit_id;
    v_merge.merge_message := coalesce(_pggit.check_message(coalesce(p_message,
        format('Merge %s into %s', p_source, p_target.name))));
    IF p_base IS NOT NULL THEN
        v_merge.base_commit_id := _pggit.resolve_ref(p_base, p_target.name);
        v_merge.merge_base_branch_id := (SELECT b.branch_id FROM _pggit.find_branch(p_base) AS b);
    ELSE
        v_bases := _pggit.merge_bases(v_merge.ours_commit_id, v_merge.source_commit_id);
        v_merge.base_commit_id := CASE WHEN cardinality(v_bases) = 1 THEN v_bases[1] END;
    END IF;
    IF _pggit.is_ancestor(v_merge.source_commit_id, v_merge.target_commit_id) AND p_base IS NULL THEN
        v_merge.status := 'completed';
        v_merge.message := 'already up to date';
    ELSIF v_merge.merge_strategy = 'fast-forward'
        AND NOT _pggit.is_ancestor(v_merge.target_commit_id, v_merge.source_commit_id)
    THEN
        PERFORM _pggit.raise_error('VCS23', format('branch "%s" cannot be fast-forwarded to "%s"', p_target.name, p_source),
            'Both have commits that the other has not.', 'Use the strategy auto.');
    END IF;
    RETURN v_merge;
END;
$$;
COMMENT ON FUNCTION _pggit.prepare_merge(text, _pggit.branches, text, text, text) IS $$
A merge as it would be recorded, its commits pinned; completed at once where there is nothing to merge.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV02 for an empty message; VCV10 for a branch into itself; VCV11 for an unknown
strategy; VCV12 where the source or the base is missing; VCS23 where no fast-forward is possible.
$$;

CREATE OR REPLACE FUNCTION _pggit.attempt_merge(p_merge _pggit.merges, p_choices _pggit.merge_choice[])
RETURNS _pggit.merge_attempt
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_head_tree bytea := _pggit.commit_tree(p_merge.target_commit_id);
    v_their_tree bytea := _pggit.commit_tree(p_merge.source_commit_id);
    v_base_tree bytea := _pggit.commit_tree(CASE WHEN p_merge.merge_strategy = 'fast-forward'
        THEN p_merge.ours_commit_id ELSE p_merge.base_commit_id END);
    v_is_recursive boolean := p_merge.merge_strategy <> 'fast-forward'
        AND p_merge.base_commit_id IS NULL AND p_merge.operation = 'merge';
    -- Where there is one base and the target is one of the sides, only what the sides changed is taken from the trees, with all
    -- that this has to do with; NULL is everything. What a custom resolution needs may be anywhere.
    v_scope uuid[] := CASE WHEN NOT v_is_recursive AND p_merge.ours_commit_id = p_merge.target_commit_id
        AND NOT EXISTS (SELECT FROM unnest(p_choices) AS c WHERE c.custom IS NOT NULL)
        THEN _pggit.merge_scope(v_base_tree, v_head_tree, v_their_tree) END;
    v_base _pggit.object[];
    v_head _pggit.object[] := _pggit.tree_members(v_head_tree, v_scope);
    v_ours _pggit.object[] := v_head;
    v_theirs _pggit.object[] := _pggit.tree_members(v_their_tree, v_scope);
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_result _pggit.merge_result;
    v_proof _pggit.merge_result;
BEGIN
    IF p_merge.ours_commit_id <> p_merge.target_commit_id THEN
        v_ours := _pggit.tree_array(p_merge.ours_commit_id);
    END IF;
    IF v_is_recursive THEN
        v_base := _pggit.merge_base_objects(p_merge.ours_commit_id, p_merge.source_commit_id);
    ELSE
        v_base := _pggit.tree_members(v_base_tree, v_scope);
    END IF;
    v_result := _pggit.merge_sides(v_base, v_ours, v_theirs, p_choices, p_merge.merge_strategy);
    IF v_worktree_id IS NOT NULL THEN
        v_result.conflicts := v_result.conflicts || ARRAY(
            SELECT d FROM _pggit.data_conflicts(v_worktree_id, v_base, v_head, v_theirs, v_result.objects) AS d);
    END IF;
    IF v_result.conflicts = '{}' THEN
        v_proof := _pggit.prove_merge(v_base, v_head, v_theirs, v_result.objects);
        v_result.objects := v_proof.objects;
        v_result.conflicts := v_proof.conflicts;
        v_result.notes := v_result.notes || v_proof.notes;
    END IF;
    RETURN ROW(v_result.objects, v_result.conflicts, v_result.notes, CASE
        WHEN v_worktree_id IS NOT NULL THEN _pggit.plan_worktree(v_worktree_id, v_head, v_result.objects)
        ELSE ARRAY(SELECT ROW(s.*)::_pggit.step FROM _pggit.plan_transaction(v_head, v_result.objects) AS s ORDER BY s.step_no)
    END, v_head)::_pggit.merge_attempt;
END;
$$;
COMMENT ON FUNCTION _pggit.attempt_merge(_pggit.merges, _pggit.merge_choice[]) IS $$
Everything of a merge but its last step: the merged tree, the open conflicts, the proof, and the plan for the target.
Locks: ACCESS SHARE on the target's tables whose rows are asked.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_read_back(p_merge _pggit.merges, p_changes _pggit.change[])
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_added uuid[] := ARRAY(
        SELECT c.object_id FROM unnest(p_changes) AS c
        EXCEPT
        SELECT o.object_id
        FROM unnest(_pggit.tree_members(_pggit.commit_tree(p_merge.target_commit_id),
            ARRAY(SELECT c.object_id FROM unnest(p_changes) AS c))) AS o);
    v_faults text[];
BEGIN
    IF EXISTS (
        SELECT FROM unnest(p_changes) AS c
        WHERE c.action <> 'modified' OR c.object_id <> ALL (v_added)
            OR EXISTS (SELECT FROM unnest(c.attributes) AS a WHERE a NOT LIKE 'acl:%'))
    THEN
        v_faults := ARRAY(SELECT _pggit.describe_fault(c) FROM unnest(p_changes) AS c);
        RAISE EXCEPTION USING
            ERRCODE = 'VCS09',
            MESSAGE = format('the target differs from the merged tree at %s', v_faults[1]),
            DETAIL = array_to_string(v_faults[1:20], E'\n'),
            HINT = 'Nothing was changed; pggit.lint names what pggit does not cover.',
            -- read by try_apply
            CONSTRAINT = (p_changes[1]).object_id::text;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_read_back(_pggit.merges, _pggit.change[]) IS $$
Raises where a target differs from the merged tree by more than grants that new objects were given.
Errors: VCS09 naming what differs.
$$;

CREATE OR REPLACE FUNCTION _pggit.commit_given_grants(
    p_merge _pggit.merges,
    p_commit_id integer,
    p_changes _pggit.change[],
    p_parents integer[]
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_tree bytea := _pggit.commit_tree(p_commit_id);
    v_parts _pggit.object[] := _pggit.tree_members(v_tree, ARRAY(
        SELECT (c.new).parent_id FROM unnest(p_changes) AS c EXCEPT SELECT c.object_id FROM unnest(p_changes) AS c));
    v_commit_id integer := _pggit.write_commit(
        _pggit.patch_tree(v_tree, v_parts || ARRAY(SELECT c.old FROM unnest(p_changes) AS c),
            v_parts || ARRAY(SELECT c.new FROM unnest(p_changes) AS c)),
        p_parents, p_merge.merge_message);
BEGIN
    PERFORM _pggit.move_branch(p_merge.target_branch_id, p_commit_id, v_commit_id, p_merge.operation);
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.commit_given_grants(_pggit.merges, integer, _pggit.change[], integer[]) IS $$
Commits the merged tree with the grants that default privileges gave to new objects, and moves the target there.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_back(
    p_merge _pggit.merges,
    p_worktree_id integer,
    p_commit_id integer,
    p_parents integer[]
)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_reading _pggit.worktree_anchors := _pggit.begin_reading(p_worktree_id);
    v_again _pggit.rereading := _pggit.reread_worktree(p_worktree_id, p_commit_id);
    v_read _pggit.identified[];
    v_changes _pggit.change[];
    v_commit_id integer := p_commit_id;
BEGIN
    IF v_again.tree_hash IS NOT NULL THEN
        v_changes := ARRAY(SELECT ROW(c.*)::_pggit.change
            FROM _pggit.compare_rereading(v_again, _pggit.commit_tree(p_commit_id)) AS c);
    ELSE
        v_read := _pggit.read_whole_worktree(p_worktree_id, p_commit_id);
        v_changes := ARRAY(SELECT ROW(c.*)::_pggit.change
            FROM _pggit.diff_objects(_pggit.tree_array(p_commit_id), ARRAY(SELECT i.object FROM unnest(v_read) AS i)) AS c);
    END IF;
    IF v_changes <> '{}' THEN
        PERFORM _pggit.check_read_back(p_merge, v_changes);
        IF p_parents IS NOT NULL THEN
            v_commit_id := _pggit.commit_given_grants(p_merge, p_commit_id, v_changes, p_parents);
        END IF;
    END IF;
    IF v_again.tree_hash IS NOT NULL THEN
        PERFORM _pggit.store_rereading(p_worktree_id, v_again, v_reading, _pggit.patch_tree(v_again.tree_hash,
            ARRAY(SELECT o.object FROM unnest(v_again.old) AS o), ARRAY(SELECT n.object FROM unnest(v_again.new) AS n)));
    ELSE
        PERFORM _pggit.store_identities(p_worktree_id, v_read, v_reading);
    END IF;
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.read_back(_pggit.merges, integer, integer, integer[]) IS $$
Reads what changed in the target's worktree since it was read last, compares it with the merged tree, and remembers it.
p_commit_id: the commit of the merged tree, to which the branch has moved.
Returns: the commit that holds what was read; another than p_commit_id where default privileges gave new objects grants.
Errors: VCS09 naming what differs.
$$;

CREATE OR REPLACE FUNCTION _pggit.apply_merge(p_merge _pggit.merges, p_attempt _pggit.merge_attempt, p_is_shipped boolean)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_parents integer[] := CASE WHEN p_merge.operation = 'merge'
        THEN ARRAY[p_merge.ours_commit_id, p_merge.source_commit_id] ELSE ARRAY[p_merge.ours_commit_id] END;
    v_tree bytea := _pggit.patch_tree(_pggit.commit_tree(p_merge.target_commit_id), p_attempt.ours, p_attempt.objects);
    v_commit_id integer;
BEGIN
    IF p_merge.operation = 'merge' AND _pggit.is_ancestor(p_merge.target_commit_id, p_merge.source_commit_id)
        AND (p_merge.merge_strategy = 'fast-forward' OR v_tree = _pggit.commit_tree(p_merge.target_commit_id)
            AND v_tree = _pggit.commit_tree(p_merge.source_commit_id))
    THEN
        v_commit_id := p_merge.source_commit_id;
        v_parents := NULL;
    ELSE
        v_commit_id := _pggit.write_commit(v_tree, v_parents, p_merge.merge_message);
    END IF;
    -- The row first: who comes second waits here, before any lock on a live table, and then loses.
    PERFORM _pggit.move_branch(p_merge.target_branch_id, p_merge.target_commit_id, v_commit_id,
        format('%s %s', p_merge.operation, p_merge.source_ref));
    IF v_worktree_id IS NOT NULL THEN
        IF NOT p_is_shipped THEN
            PERFORM _pggit.execute_steps(p_attempt.steps,
                (SELECT w.owner_name FROM _pggit.worktrees AS w WHERE w.worktree_id = v_worktree_id), true);
        END IF;
        v_commit_id := _pggit.read_back(p_merge, v_worktree_id, v_commit_id, v_parents);
    END IF;
    RETURN v_commit_id;
END;
$$;
COMMENT ON FUNCTION _pggit.apply_merge(_pggit.merges, _pggit.merge_attempt, boolean) IS $$
Commits the merged tree, moves the target to it, leads its worktree there and reads it back.
p_is_shipped: the worktree is at the merged tree already.
Errors: VCC01 where the target moved; VCS09 where PostgreSQL made something else; PostgreSQL's own.
Locks: the target's branch row; on live tables what the plan says.
$$;

CREATE OR REPLACE FUNCTION _pggit.try_apply(
    p_merge _pggit.merges,
    p_attempt _pggit.merge_attempt,
    p_is_shipped boolean
)
RETURNS _pggit.merge_applied
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_state text;
    v_message text;
    v_detail text;
    v_fault text;
    v_object_id uuid;
    v_applied _pggit.merge_applied;
BEGIN
    v_applied.commit_id := _pggit.apply_merge(p_merge, p_attempt, p_is_shipped);
    RETURN v_applied;
EXCEPTION
    WHEN object_in_use THEN
        PERFORM _pggit.raise_error('VCS24', 'a table of the target is in use by this session', SQLERRM,
            'Commit or end the transaction that holds pending trigger events or open cursors, then merge again.');
        RETURN NULL;
    WHEN integrity_constraint_violation OR data_exception OR dependent_objects_still_exist OR feature_not_supported
        OR undefined_object OR undefined_column OR undefined_table OR undefined_function OR datatype_mismatch
        OR duplicate_object OR duplicate_table OR invalid_table_definition OR invalid_object_definition
        OR invalid_foreign_key OR cannot_coerce OR wrong_object_type OR invalid_column_definition OR SQLSTATE 'VCS09'
    THEN
        GET STACKED DIAGNOSTICS
            v_state = RETURNED_SQLSTATE, v_message = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL, v_fault = CONSTRAINT_NAME;
        v_object_id := CASE WHEN v_state = 'VCS09' THEN v_fault::uuid ELSE (SELECT s.object_id FROM unnest(p_attempt.steps) AS s
            WHERE s.step_no = substring(v_detail FROM 'In step ([0-9]+),')::integer) END;
        v_applied.conflict := _pggit.refusal(ARRAY[]::_pggit.object[], _pggit.tree_array(p_merge.ours_commit_id),
            _pggit.tree_array(p_merge.source_commit_id), p_attempt.objects, v_object_id,
            CASE WHEN v_state ~ '^2[23]' THEN 'data_violation' ELSE 'dependency_broken' END,
            concat_ws(': ', v_message, nullif(btrim(split_part(v_detail, 'In step ', 1), E' \n'), '')));
        RETURN v_applied;
END;
$$;
COMMENT ON FUNCTION _pggit.try_apply(_pggit.merges, _pggit.merge_attempt, boolean) IS $$
Applies a merge; what PostgreSQL refuses for the sake of rows or definitions undoes all of it and becomes a conflict.
Errors: VCC01, VCS09, VCS24 where this session itself uses a table, 42501, 55P03.
$$;
