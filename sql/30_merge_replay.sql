-- Cherry-pick, revert and rebase: the merge function over another base.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.first_parent(p_commit_id integer)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT p.parent_commit_id
    FROM _pggit.commit_parents AS p
    WHERE p.commit_id = p_commit_id AND p.ordinality = 1
);
COMMENT ON FUNCTION _pggit.first_parent(integer) IS 'The first parent of a commit; NULL for the first commit.';

CREATE OR REPLACE FUNCTION _pggit.replay(
    p_operation text,
    p_commit text,
    p_target text,
    p_allow_data_loss boolean,
    p_path name[]
)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_target _pggit.branches := _pggit.session_branch(p_target, p_path);
    v_commit _pggit.commits;
    v_parent integer;
    v_merge _pggit.merges;
BEGIN
    IF p_commit IS NULL THEN
        PERFORM _pggit.raise_error('VCV12', 'no commit to ' || replace(p_operation, '_', '-'), 'p_commit is NULL.',
            'Name a commit.');
    END IF;
    SELECT c.* INTO STRICT v_commit FROM _pggit.commits AS c WHERE c.commit_id = _pggit.resolve_ref(p_commit, v_target.name);
    v_parent := _pggit.first_parent(v_commit.commit_id);
    IF v_parent IS NULL THEN
        PERFORM _pggit.raise_error('VCV14', format('commit %s has no parent', v_commit.commit_id),
            'It is the first commit of the repository.', 'Name a later commit.');
    END IF;
    v_merge.operation := p_operation;
    v_merge.merge_strategy := 'auto';
    v_merge.source_ref := p_commit;
    v_merge.target_branch_id := v_target.branch_id;
    v_merge.target_commit_id := v_target.head_commit_id;
    v_merge.ours_commit_id := v_target.head_commit_id;
    v_merge.todo_commit_ids := '{}';
    v_merge.base_commit_id := CASE p_operation WHEN 'revert' THEN v_commit.commit_id ELSE v_parent END;
    v_merge.source_commit_id := CASE p_operation WHEN 'revert' THEN v_parent ELSE v_commit.commit_id END;
    v_merge.merge_message := CASE p_operation WHEN 'revert' THEN format('Revert "%s"', v_commit.message) ELSE v_commit.message END;
    PERFORM _pggit.check_live_dependencies(v_target.branch_id);
    RETURN _pggit.run_merge(_pggit.insert_merge(v_merge), p_allow_data_loss);
END;
$$;
COMMENT ON FUNCTION _pggit.replay(text, text, text, boolean, name[]) IS $$
Behind pggit.cherry_pick and pggit.revert. A merge commit counts as what it brought to its first parent.
$$;

CREATE OR REPLACE FUNCTION pggit.cherry_pick(
    p_commit text,
    p_target text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS pggit.merges
LANGUAGE sql
VOLATILE
RETURN _pggit.replay('cherry_pick', p_commit, p_target, p_allow_data_loss, current_schemas(false));
COMMENT ON FUNCTION pggit.cherry_pick(text, text, boolean) IS $$
Applies to a branch what one commit changed: a merge over that commit's parent.
p_commit: any ref.
p_target: a branch; NULL for the session's.
p_allow_data_loss: whether tables and columns that hold data may be dropped.
Returns: the merge; may wait for conflicts as any other.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV12 without a commit; VCV14 for the first commit; else as pggit.merge.
$$;

CREATE OR REPLACE FUNCTION pggit.revert(
    p_commit text,
    p_target text DEFAULT NULL,
    p_allow_data_loss boolean DEFAULT false
)
RETURNS pggit.merges
LANGUAGE sql
VOLATILE
RETURN _pggit.replay('revert', p_commit, p_target, p_allow_data_loss, current_schemas(false));
COMMENT ON FUNCTION pggit.revert(text, text, boolean) IS $$
Takes back on a branch what one commit changed: a merge of that commit's parent over the commit.
p_commit: any ref.
p_target: a branch; NULL for the session's.
p_allow_data_loss: whether tables and columns that hold data may be dropped.
Returns: the merge; may wait for conflicts as any other.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV12 without a commit; VCV14 for the first commit; else as pggit.merge.
$$;

CREATE OR REPLACE FUNCTION _pggit.commits_to_replay(p_head integer, p_onto integer)
RETURNS integer[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    WITH RECURSIVE line (commit_id) AS (
        SELECT p_head
        UNION ALL
        SELECT p.parent_commit_id
        FROM line AS l
        JOIN _pggit.commit_parents AS p ON p.commit_id = l.commit_id AND p.ordinality = 1
    )
    SELECT coalesce(array_agg(c.commit_id ORDER BY c.generation), '{}')
    FROM line AS l
    JOIN _pggit.commits AS c ON c.commit_id = l.commit_id
    WHERE c.commit_id NOT IN (SELECT a FROM _pggit.list_ancestors(ARRAY[p_onto]) AS a)
);
COMMENT ON FUNCTION _pggit.commits_to_replay(integer, integer) IS $$
The commits on a branch's own line that another commit does not have, oldest first; a merge commit counts as one.
$$;

CREATE OR REPLACE FUNCTION _pggit.run_rebase(p_merge _pggit.merges, p_allow_data_loss boolean)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    -- Resolutions speak of the commit that they were asked for; the same question of a later commit is asked anew.
    v_choices _pggit.merge_choice[] := _pggit.merge_choices(p_merge.merge_id);
    v_todo integer[] := p_merge.source_commit_id || p_merge.todo_commit_ids;
    v_result _pggit.merge_result;
    v_ours _pggit.object[];
    v_message text;
    v_ours_id integer := p_merge.ours_commit_id;
    v_last integer := p_merge.source_commit_id;
BEGIN
    -- Commit by commit, in the store only: the worktree is led to the end in one go.
    WHILE v_todo <> '{}' LOOP
        v_last := v_todo[1];
        v_ours := _pggit.tree_array(v_ours_id);
        v_result := _pggit.merge_sides(_pggit.tree_array(_pggit.first_parent(v_last)), v_ours,
            _pggit.tree_array(v_last), v_choices, 'auto');
        IF v_result.conflicts <> '{}' THEN
            PERFORM _pggit.pause_rebase(p_merge, v_ours_id, v_last, v_todo[2:], v_result.conflicts, v_result.notes);
            RETURN _pggit.merge_row(p_merge.merge_id);
        END IF;
        IF EXISTS (SELECT FROM _pggit.diff_objects(v_ours, v_result.objects)) THEN
            v_message := (SELECT c.message FROM _pggit.commits AS c WHERE c.commit_id = v_last);
            v_ours_id := _pggit.write_commit(_pggit.write_tree(v_result.objects), ARRAY[v_ours_id], v_message);
        END IF;
        v_todo := v_todo[2:];
        v_choices := ARRAY[]::_pggit.merge_choice[];
    END LOOP;
    RETURN _pggit.finish_rebase(p_merge, v_ours_id, v_last, p_allow_data_loss);
END;
$$;
COMMENT ON FUNCTION _pggit.run_rebase(_pggit.merges, boolean) IS $$
Replays what a rebase has left, up to the first conflict or to the end.
$$;

CREATE OR REPLACE FUNCTION _pggit.pause_rebase(
    p_merge _pggit.merges,
    p_ours_id integer,
    p_commit_id integer,
    p_todo integer[],
    p_conflicts _pggit.merge_conflict[],
    p_notes text[]
)
RETURNS void
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    p_merge.ours_commit_id := p_ours_id;
    p_merge.source_commit_id := p_commit_id;
    p_merge.base_commit_id := _pggit.first_parent(p_commit_id);
    p_merge.todo_commit_ids := p_todo;
    PERFORM _pggit.leave_conflicts(p_merge, p_conflicts, format('stopped at commit %s (%s), %s to follow', p_commit_id,
        (SELECT c.message FROM _pggit.commits AS c WHERE c.commit_id = p_commit_id), cardinality(p_todo)) || p_notes);
END;
$$;
COMMENT ON FUNCTION _pggit.pause_rebase(
    _pggit.merges, integer, integer, integer[], _pggit.merge_conflict[], text[]) IS $$
Records where a rebase stopped, and the conflicts that it waits for.
p_ours_id: the last commit that was replayed.
p_commit_id: the one that conflicts.
$$;

CREATE OR REPLACE FUNCTION _pggit.finish_rebase(
    p_merge _pggit.merges,
    p_commit_id integer,
    p_last integer,
    p_allow_data_loss boolean
)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_head _pggit.object[] := _pggit.tree_array(p_merge.target_commit_id);
    v_replayed _pggit.object[] := _pggit.tree_array(p_commit_id);
    v_worktree_id integer := _pggit.find_worktree(p_merge.target_branch_id);
    v_attempt _pggit.merge_attempt;
    v_proof _pggit.merge_result;
    v_commit_id integer := p_commit_id;
BEGIN
    v_attempt.ours := v_head;
    -- What PostgreSQL or the rows refused last time was settled by choices that no single commit knows.
    v_attempt.objects := _pggit.settle_paths(_pggit.overrule(_pggit.merge_pairs(v_head, v_head, v_replayed), v_replayed,
        _pggit.merge_choices(p_merge.merge_id)), ARRAY[]::_pggit.object[]);
    v_attempt.conflicts := ARRAY[]::_pggit.merge_conflict[];
    IF v_worktree_id IS NOT NULL THEN
        v_attempt.conflicts := ARRAY(
            SELECT d FROM _pggit.data_conflicts(v_worktree_id, v_head, v_head, v_replayed, v_attempt.objects) AS d);
    END IF;
    IF v_attempt.conflicts = '{}' THEN
        v_proof := _pggit.prove_merge(v_head, v_head, v_replayed, v_attempt.objects);
        v_attempt.objects := v_proof.objects;
        v_attempt.conflicts := v_proof.conflicts;
    END IF;
    IF v_attempt.conflicts <> '{}' THEN
        PERFORM _pggit.pause_rebase(p_merge, p_commit_id, p_last, '{}', v_attempt.conflicts, ARRAY[]::text[]);
        RETURN _pggit.merge_row(p_merge.merge_id);
    END IF;
    IF EXISTS (SELECT FROM _pggit.diff_objects(v_replayed, v_attempt.objects)) THEN
        v_commit_id := _pggit.write_commit(_pggit.write_tree(v_attempt.objects), ARRAY[p_commit_id], p_merge.merge_message);
    END IF;
    IF v_worktree_id IS NOT NULL THEN
        v_attempt.steps := _pggit.plan_worktree(v_worktree_id, v_head, v_attempt.objects);
    END IF;
    IF NOT _pggit.is_shipped(p_merge, v_attempt, false) THEN
        PERFORM _pggit.check_rights(p_merge, v_attempt);
        PERFORM _pggit.check_losses(p_merge, v_attempt, p_allow_data_loss);
        v_attempt.steps := coalesce(v_attempt.steps, '{}');
    ELSE
        v_attempt.steps := '{}';
    END IF;
    PERFORM _pggit.move_branch(p_merge.target_branch_id, p_merge.target_commit_id, v_commit_id,
        format('rebase onto %s', p_merge.source_ref));
    IF v_worktree_id IS NOT NULL THEN
        PERFORM _pggit.execute_steps(v_attempt.steps,
            (SELECT w.owner_name FROM _pggit.worktrees AS w WHERE w.worktree_id = v_worktree_id), true);
        v_commit_id := _pggit.read_back(p_merge, v_worktree_id, v_commit_id, ARRAY[v_commit_id]);
    END IF;
    PERFORM _pggit.store_conflicts(p_merge.merge_id, ARRAY[]::_pggit.merge_conflict[]);
    p_merge.status := 'completed';
    p_merge.merge_commit_id := v_commit_id;
    p_merge.message := format('rebased %s onto %s', (SELECT b.name FROM _pggit.branches AS b
        WHERE b.branch_id = p_merge.target_branch_id), p_merge.source_ref);
    PERFORM _pggit.write_merge(p_merge);
    RETURN _pggit.merge_row(p_merge.merge_id);
END;
$$;
COMMENT ON FUNCTION _pggit.finish_rebase(_pggit.merges, integer, integer, boolean) IS $$
Moves a rebased branch to its last replayed commit and leads its worktree there; what the rows or PostgreSQL refuse is a conflict.
p_commit_id: the last commit as replayed.
p_last: the same as it was on the branch.
Errors: VCS09 where PostgreSQL made something else; VCS11, VCS12, VCC01, 42501, 55P03.
$$;

CREATE OR REPLACE FUNCTION pggit.rebase(p_branch text, p_onto text, p_allow_data_loss boolean DEFAULT false)
RETURNS pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch _pggit.branches := _pggit.get_branch(p_branch);
    v_onto integer;
    v_todo integer[];
    v_merge _pggit.merges;
BEGIN
    IF p_onto IS NULL THEN
        PERFORM _pggit.raise_error('VCV12', format('nothing to rebase "%s" onto', p_branch), 'p_onto is NULL.',
            'Name a branch, a tag or a commit.');
    ELSIF p_branch = p_onto THEN
        PERFORM _pggit.raise_error('VCV10', format('branch "%s" cannot be rebased onto itself', p_branch), NULL,
            'Name another branch, tag or commit.');
    END IF;
    v_onto := _pggit.resolve_ref(p_onto, p_branch);
    v_todo := _pggit.commits_to_replay(v_branch.head_commit_id, v_onto);
    v_merge.operation := 'rebase';
    v_merge.merge_strategy := 'auto';
    v_merge.source_ref := p_onto;
    v_merge.source_branch_id := (SELECT b.branch_id FROM _pggit.find_branch(p_onto) AS b);
    v_merge.target_branch_id := v_branch.branch_id;
    v_merge.target_commit_id := v_branch.head_commit_id;
    v_merge.ours_commit_id := v_onto;
    v_merge.source_commit_id := coalesce(v_todo[1], v_branch.head_commit_id);
    v_merge.base_commit_id := _pggit.first_parent(v_todo[1]);
    v_merge.todo_commit_ids := coalesce(v_todo[2:], '{}');
    v_merge.merge_message := format('Rebase %s onto %s', p_branch, p_onto);
    IF _pggit.is_ancestor(v_onto, v_branch.head_commit_id) THEN
        v_merge.status := 'completed';
        v_merge.message := 'already up to date';
        v_merge := _pggit.insert_merge(v_merge);
        RETURN _pggit.merge_row(v_merge.merge_id);
    END IF;
    PERFORM _pggit.check_live_dependencies(v_branch.branch_id);
    v_merge := _pggit.insert_merge(v_merge);
    -- Refused before the first commit is replayed, not after the last.
    PERFORM _pggit.is_shipped(v_merge, ROW('{}', ARRAY[NULL::_pggit.merge_conflict], '{}', '{}', '{}')::_pggit.merge_attempt, false);
    IF v_todo = '{}' THEN
        RETURN _pggit.finish_rebase(v_merge, v_onto, v_branch.head_commit_id, p_allow_data_loss);
    END IF;
    RETURN _pggit.run_rebase(v_merge, p_allow_data_loss);
END;
$$;
COMMENT ON FUNCTION pggit.rebase(text, text, boolean) IS $$
Replays a branch's own commits on another commit and moves the branch there, its worktree with it.
p_onto: any ref.
p_allow_data_loss: whether tables and columns that hold data may be dropped.
Returns: the merge; waits for conflicts at the first commit that has some, and pggit.complete_merge goes on from there.
Errors: VCN01, VCN03, VCN06 for unknown refs; VCV10 for a branch onto itself; VCV12 without a ref; VCS25 for a branch that uses
live objects; VCS11, VCS12, VCC01, VCS09, 42501, 55P03.
$$;
