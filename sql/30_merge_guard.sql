-- What stands between a writer and the record of merges: rows that the owner alone writes, and the question whether a tree is a merge's.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.base_trees(p_merge _pggit.merges)
RETURNS bytea[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT _pggit.commit_tree(b.commit_id)
    FROM unnest(CASE WHEN p_merge.base_commit_id IS NOT NULL THEN ARRAY[p_merge.base_commit_id]
        ELSE _pggit.merge_bases(p_merge.ours_commit_id, p_merge.source_commit_id) END) AS b(commit_id));
COMMENT ON FUNCTION _pggit.base_trees(_pggit.merges) IS 'The trees that a merge starts from: that of its base, or of each of several.';

CREATE OR REPLACE FUNCTION _pggit.side_changes(p_bases bytea[], p_side bytea)
RETURNS SETOF uuid
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    -- Of several merge bases each counts: what one of them has otherwise may have changed.
    SELECT DISTINCT coalesce((c.new_object).object_id, (c.old_object).object_id)
    FROM unnest(p_bases) AS b(hash)
    CROSS JOIN LATERAL _pggit.tree_changes(b.hash, p_side) AS c;
END;
COMMENT ON FUNCTION _pggit.side_changes(bytea[], bytea) IS 'The objects that one side of a merge has otherwise than its base.';

CREATE OR REPLACE FUNCTION _pggit.hanging_on(p_ids uuid[], p_sides bytea[], p_made bytea, p_and_above boolean)
RETURNS SETOF uuid
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE known AS MATERIALIZED (
        SELECT DISTINCT o.object_id, o.kind, o.parent_id, o.deps
        FROM unnest(p_sides) AS t(hash)
        CROSS JOIN LATERAL _pggit.tree_objects(t.hash) AS o
    ), part AS MATERIALIZED (
        SELECT k.* FROM known AS k
        UNION ALL
        SELECT o.object_id, o.kind, o.parent_id, o.deps
        FROM _pggit.tree_objects(p_made) AS o
        WHERE o.object_id NOT IN (SELECT k.object_id FROM known AS k)
    ), edge AS MATERIALIZED (
        SELECT DISTINCT p.object_id, n.needed_id, n.needed_id IS NOT DISTINCT FROM p.parent_id AS is_part
        FROM part AS p
        CROSS JOIN LATERAL unnest(p.deps || p.parent_id) AS n(needed_id)
        -- What lies in a schema does not hang on all else that lies there.
        WHERE n.needed_id NOT IN (SELECT s.object_id FROM part AS s WHERE s.kind = 'schema')
    ), whole AS MATERIALIZED (
        -- a table with all its parts
        SELECT i.object_id FROM unnest(p_ids) AS i(object_id)
        UNION
        SELECT e.needed_id FROM unnest(p_ids) AS i(object_id) JOIN edge AS e USING (object_id) WHERE e.is_part
        UNION
        SELECT s.object_id
        FROM unnest(p_ids) AS i(object_id)
        JOIN edge AS e USING (object_id)
        JOIN edge AS s ON s.needed_id = e.needed_id AND s.is_part
        WHERE e.is_part
    ), below AS (
        SELECT w.object_id FROM whole AS w
        UNION
        SELECT e.object_id FROM below AS b JOIN edge AS e ON e.needed_id = b.object_id
    ), above AS (
        SELECT w.object_id FROM whole AS w WHERE p_and_above
        UNION
        SELECT n.object_id
        FROM above AS a
        JOIN edge AS e ON e.object_id = a.object_id
        -- what is brought back comes with its parts
        CROSS JOIN LATERAL (
            SELECT e.needed_id UNION ALL SELECT s.object_id FROM edge AS s WHERE s.needed_id = e.needed_id AND s.is_part
        ) AS n(object_id)
    )
    SELECT b.object_id FROM below AS b
    UNION
    SELECT a.object_id FROM above AS a;
END;
$$;
COMMENT ON FUNCTION _pggit.hanging_on(uuid[], bytea[], bytea, boolean) IS $$
Objects, the tables that they are parts of with all their parts, and what depends on these, directly or not.
p_sides: the trees that say so.
p_made: a tree that says so of objects that none of these has, and of no others; NULL for none.
p_and_above: also what they need.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_otherwise(p_old _pggit.object, p_new _pggit.object)
RETURNS boolean
LANGUAGE sql
STABLE
PARALLEL SAFE
-- Grants on new objects are what default privileges made of them.
RETURN (p_old).object_id IS NULL OR (p_new).object_id IS NULL OR EXISTS (
    SELECT FROM unnest(_pggit.object_attributes_changed(p_old, p_new)) AS a WHERE a NOT LIKE 'acl:%');
COMMENT ON FUNCTION _pggit.is_otherwise(_pggit.object, _pggit.object) IS 'Whether two versions of an object differ by more than grants.';

CREATE OR REPLACE FUNCTION _pggit.is_merged_tree(p_merge _pggit.merges, p_tree bytea)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_head   bytea := _pggit.commit_tree(p_merge.ours_commit_id);
    v_their  bytea := _pggit.commit_tree(p_merge.source_commit_id);
    v_bases  bytea[] := _pggit.base_trees(p_merge);
    v_ours   uuid[] := ARRAY(SELECT _pggit.side_changes(v_bases, v_head));
    v_theirs uuid[] := ARRAY(SELECT _pggit.side_changes(v_bases, v_their));
    v_settled uuid[] := ARRAY(
        SELECT u.object_id
        FROM _pggit.conflicts AS k
        JOIN _pggit.resolutions AS r USING (conflict_id)
        CROSS JOIN LATERAL unnest(ARRAY[k.object_id, k.other_id]) AS u(object_id)
        WHERE k.merge_id = p_merge.merge_id AND u.object_id IS NOT NULL);
    -- Nothing comes from neither side, but what a heir gets in the place of its own, and what a custom resolution defines.
    v_is_custom boolean := EXISTS (
        SELECT
        FROM _pggit.conflicts AS k
        JOIN _pggit.resolutions AS r USING (conflict_id)
        WHERE k.merge_id = p_merge.merge_id AND r.strategy = 'custom');
    v_new    boolean;
    -- Otherwise than in the target, though the source did not change it.
    v_alien  uuid[] := ARRAY(
        SELECT coalesce((c.new_object).object_id, (c.old_object).object_id)
        FROM _pggit.tree_changes(v_head, p_tree) AS c
        WHERE coalesce((c.new_object).object_id, (c.old_object).object_id) <> ALL (v_theirs)
            AND _pggit.is_otherwise(c.old_object, c.new_object));
    -- Of these, what the source has just so: the target dropped or changed it, and it is taken back.
    v_back   uuid[] := ARRAY(
        SELECT a.object_id
        FROM unnest(v_alien) AS a(object_id)
        JOIN unnest(_pggit.tree_members(v_their, v_alien)) AS t ON t.object_id = a.object_id
        JOIN unnest(_pggit.tree_members(p_tree, v_alien)) AS m ON m.object_id = a.object_id
        WHERE NOT _pggit.is_otherwise(t, m));
    -- Otherwise than in the source, though it alone changed it.
    v_bent   uuid[] := ARRAY(
        SELECT coalesce((c.new_object).object_id, (c.old_object).object_id)
        FROM _pggit.tree_changes(v_their, p_tree) AS c
        WHERE coalesce((c.new_object).object_id, (c.old_object).object_id) = ANY (v_theirs)
            AND coalesce((c.new_object).object_id, (c.old_object).object_id) <> ALL (v_ours)
            AND _pggit.is_otherwise(c.old_object, c.new_object));
BEGIN
    IF v_alien = '{}' AND v_bent = '{}' THEN
        RETURN true;
    END IF;
    v_alien := ARRAY(SELECT a FROM unnest(v_alien) AS a EXCEPT SELECT b FROM unnest(v_back) AS b);
    -- The trees are read whole only where something is to be explained.
    v_new := NOT v_is_custom AND EXISTS (
        SELECT
        FROM _pggit.tree_objects(p_tree) AS n
        WHERE n.object_id = ANY (v_alien)
            AND n.parent_id <> ALL (_pggit.heir_ids(ARRAY(SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(p_tree) AS o)))
            AND n.object_id NOT IN (SELECT o.object_id FROM _pggit.tree_objects(v_head) AS o));
    RETURN NOT v_new AND NOT EXISTS (
        SELECT a FROM unnest(v_alien) AS a
        EXCEPT
        SELECT h FROM _pggit.hanging_on(v_theirs, v_bases || ARRAY[v_head, v_their], p_tree, false) AS h)
    AND (v_back = '{}' OR NOT EXISTS (
        SELECT b FROM unnest(v_back) AS b
        EXCEPT
        SELECT h FROM _pggit.hanging_on(v_theirs || v_settled, v_bases || ARRAY[v_head, v_their], NULL, true) AS h))
    AND (v_bent = '{}' OR NOT EXISTS (
        SELECT b FROM unnest(v_bent) AS b
        EXCEPT
        SELECT h FROM _pggit.hanging_on(v_ours || v_settled, v_bases || ARRAY[v_head, v_their], NULL, true) AS h));
END;
$$;
COMMENT ON FUNCTION _pggit.is_merged_tree(_pggit.merges, bytea) IS $$
Whether a tree can be what a merge makes: what the source changed is as it has it, everything else as in the target, save for what both
changed, what a conflict was settled about, and what hangs on what the other side changed, which PostgreSQL may print otherwise.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_merge(p_branch_id integer, p_from integer, p_to integer)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge   _pggit.merges;
    v_parents integer[] := _pggit.list_parents(p_to);
BEGIN
    -- It is a merge that has been recorded, and so audited, before it moves the branch.
    FOR v_merge IN
        SELECT m.*
        FROM _pggit.merges AS m
        WHERE m.target_branch_id = p_branch_id
            AND m.operation = 'merge'
            AND m.status IN ('in_progress', 'pending_conflicts')
    LOOP
        -- A fast-forward: to where another branch stands or stood.
        IF v_merge.target_commit_id = p_from AND v_merge.source_commit_id = p_to AND _pggit.is_ancestor(p_from, p_to)
            AND EXISTS (SELECT FROM _pggit.reflog AS r WHERE r.new_commit_id = p_to AND r.branch_id <> p_branch_id)
        THEN
            RETURN true;
        END IF;
        -- A commit with both as parents; or another of the same, which has the grants that new objects were given.
        IF v_parents = ARRAY[v_merge.target_commit_id, v_merge.source_commit_id]
            AND (p_from = v_merge.target_commit_id OR _pggit.list_parents(p_from) = v_parents)
            AND _pggit.is_merged_tree(v_merge, _pggit.commit_tree(p_to))
        THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END;
$$;
COMMENT ON FUNCTION _pggit.is_merge(integer, integer, integer) IS $$
Whether moving a branch from one commit to another is what a merge does.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_parents(p_commit_id integer)
RETURNS integer[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT p.parent_commit_id FROM _pggit.commit_parents AS p WHERE p.commit_id = p_commit_id ORDER BY p.ordinality);
COMMENT ON FUNCTION _pggit.list_parents(integer) IS 'The parents of a commit, in order.';

CREATE OR REPLACE FUNCTION _pggit.check_merge_facts(p_merge _pggit.merges)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_target _pggit.branches;
    v_fault  text;
BEGIN
    SELECT b.* INTO v_target FROM _pggit.branches AS b WHERE b.branch_id = p_merge.target_branch_id;
    IF NOT v_target.is_active OR v_target.head_commit_id <> p_merge.target_commit_id THEN
        PERFORM _pggit.raise_error('VCC01', format('branch "%s" has moved', v_target.name),
            format('Its head was commit %s and is now %s.', p_merge.target_commit_id, v_target.head_commit_id),
            'Look at the new head with pggit.log and try again.');
    END IF;
    v_fault := CASE
        WHEN p_merge.status NOT IN ('in_progress', 'completed') THEN 'it begins in no other state than in_progress'
        WHEN p_merge.status = 'completed' AND NOT _pggit.is_ancestor(
            CASE p_merge.operation WHEN 'rebase' THEN p_merge.ours_commit_id ELSE p_merge.source_commit_id END, p_merge.target_commit_id)
            THEN 'it is not up to date already'
        WHEN p_merge.operation <> 'rebase' AND p_merge.ours_commit_id <> p_merge.target_commit_id
            THEN 'it goes into the head of its target'
        WHEN p_merge.operation = 'merge' AND p_merge.source_branch_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM _pggit.reflog AS r
            WHERE r.branch_id = p_merge.source_branch_id AND r.new_commit_id = p_merge.source_commit_id)
            THEN 'its source never stood at that commit'
    END;
    IF v_fault IS NOT NULL THEN
        PERFORM _pggit.raise_error('VCA03', 'this is no merge that pggit began', initcap(left(v_fault, 1)) || substr(v_fault, 2) || '.',
            'Call pggit.merge.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_merge_facts(_pggit.merges) IS $$
Raises where a merge that is to be recorded is not as one begins.
Errors: VCC01 where the target moved, VCA03.
$$;

CREATE OR REPLACE FUNCTION _pggit.insert_merge(p_merge _pggit.merges)
RETURNS _pggit.merges
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges;
BEGIN
    p_merge.status := coalesce(p_merge.status, 'in_progress');
    PERFORM _pggit.check_merge_facts(p_merge);
    INSERT INTO _pggit.merges (
        operation, source_branch_id, source_ref, target_branch_id, merge_base_branch_id, base_commit_id,
        source_commit_id, target_commit_id, ours_commit_id, todo_commit_ids, merge_strategy, merge_message, status,
        message, created_by, completed_at)
    VALUES (
        p_merge.operation, p_merge.source_branch_id, p_merge.source_ref, p_merge.target_branch_id,
        p_merge.merge_base_branch_id, p_merge.base_commit_id, p_merge.source_commit_id, p_merge.target_commit_id,
        p_merge.ours_commit_id, p_merge.todo_commit_ids, p_merge.merge_strategy, p_merge.merge_message,
        p_merge.status, coalesce(p_merge.message, ''), _pggit.current_author(),
        CASE WHEN p_merge.status = 'completed' THEN clock_timestamp() END)
    RETURNING * INTO v_merge;
    RETURN v_merge;
END;
$$;
COMMENT ON FUNCTION _pggit.insert_merge(_pggit.merges) IS $$
Records a prepared merge. It runs as the owner: whoever merges says what is merged, not who did it, when, or that it is done.
Errors: VCC01 where the target moved; VCA03 where it is not as a merge begins.
$$;

CREATE OR REPLACE FUNCTION _pggit.lock_merge(p_merge_id text)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    PERFORM FROM _pggit.merges AS m WHERE m.merge_id = p_merge_id FOR UPDATE;
END;
$$;
COMMENT ON FUNCTION _pggit.lock_merge(text) IS $$
Holds a merge until the end of the transaction; as the owner, since others do not write the row.
Locks: the merge's row.
$$;

CREATE OR REPLACE FUNCTION _pggit.is_done(p_merge _pggit.merges)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF p_merge.merge_commit_id IS NULL THEN
        RETURN p_merge.operation IN ('cherry_pick', 'revert');
    ELSIF NOT EXISTS (SELECT FROM _pggit.branches AS b
        WHERE b.branch_id = p_merge.target_branch_id AND b.head_commit_id = p_merge.merge_commit_id)
    THEN
        RETURN false;
    END IF;
    RETURN CASE p_merge.operation
        WHEN 'rebase' THEN _pggit.is_ancestor(p_merge.ours_commit_id, p_merge.merge_commit_id)
        WHEN 'merge' THEN p_merge.merge_commit_id = p_merge.source_commit_id
            OR _pggit.list_parents(p_merge.merge_commit_id) = ARRAY[p_merge.ours_commit_id, p_merge.source_commit_id]
        ELSE _pggit.list_parents(p_merge.merge_commit_id) = ARRAY[p_merge.ours_commit_id]
    END;
END;
$$;
COMMENT ON FUNCTION _pggit.is_done(_pggit.merges) IS $$
Whether the target stands where a merge that names its commit has led it; without a commit, whether there may have been nothing to do.
$$;

CREATE OR REPLACE FUNCTION _pggit.write_merge(p_merge _pggit.merges)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_old _pggit.merges;
BEGIN
    PERFORM _pggit.lock_merge(p_merge.merge_id);
    SELECT m.* INTO STRICT v_old FROM _pggit.merges AS m WHERE m.merge_id = p_merge.merge_id;
    -- What it is about stays, but for a rebase, which goes on from commit to commit.
    p_merge.operation := v_old.operation;
    p_merge.target_branch_id := v_old.target_branch_id;
    p_merge.target_commit_id := v_old.target_commit_id;
    IF v_old.operation <> 'rebase' THEN
        p_merge.ours_commit_id := v_old.ours_commit_id;
        p_merge.source_commit_id := v_old.source_commit_id;
        p_merge.base_commit_id := v_old.base_commit_id;
        p_merge.todo_commit_ids := v_old.todo_commit_ids;
    END IF;
    IF v_old.status NOT IN ('in_progress', 'pending_conflicts')
        OR p_merge.status = 'completed' AND NOT _pggit.is_done(p_merge)
    THEN
        PERFORM _pggit.raise_error('VCA03', format('merge "%s" is %s', p_merge.merge_id, v_old.status),
            format('It cannot be said to be %s.', p_merge.status), 'Call pggit.complete_merge or pggit.abort_merge.');
    END IF;
    UPDATE _pggit.merges AS m
    SET status = p_merge.status,
        conflicts_detected = m.conflicts_detected OR p_merge.conflicts_detected,
        message = p_merge.message,
        merge_message = p_merge.merge_message,
        merge_commit_id = CASE WHEN p_merge.status = 'completed' THEN p_merge.merge_commit_id END,
        ours_commit_id = p_merge.ours_commit_id,
        source_commit_id = p_merge.source_commit_id,
        base_commit_id = p_merge.base_commit_id,
        todo_commit_ids = p_merge.todo_commit_ids,
        completed_at = CASE WHEN p_merge.status = 'completed' THEN clock_timestamp() END,
        aborted_at = CASE WHEN p_merge.status = 'aborted' THEN clock_timestamp() END
    WHERE m.merge_id = p_merge.merge_id;
END;
$$;
COMMENT ON FUNCTION _pggit.write_merge(_pggit.merges) IS $$
Records how a merge stands now. It runs as the owner: nobody else rewrites what a merge was about, who began it, or how it ended.
Errors: VCA03 for a merge that has ended, and for one that has not led its target where it says.
Locks: the merge's row.
$$;
