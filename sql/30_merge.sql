-- Merges: the rows that record them, the common ancestor they start from, and the public view.

-- == relations ==

-- One attempt to bring a source into a target. Every commit it speaks of is pinned here.
CREATE TABLE _pggit.merges (
    merge_id             text PRIMARY KEY
        DEFAULT 'mrg_' || left(replace(gen_random_uuid()::text, '-', ''), 16)
        CHECK (merge_id ~ '^mrg_[0-9a-f]{16}$'),
    operation            text NOT NULL DEFAULT 'merge'
        CHECK (operation IN ('merge', 'cherry_pick', 'revert', 'rebase')),
    -- NULL where the source is a tag or a commit.
    source_branch_id     integer REFERENCES _pggit.branches,
    source_ref           text NOT NULL,
    target_branch_id     integer NOT NULL REFERENCES _pggit.branches,
    merge_base_branch_id integer REFERENCES _pggit.branches,
    -- NULL where several best ancestors were merged first, and for a commit without parent.
    base_commit_id       integer REFERENCES _pggit.commits,
    source_commit_id     integer NOT NULL REFERENCES _pggit.commits,
    -- The target's head, which must still stand when the merge completes.
    target_commit_id     integer NOT NULL REFERENCES _pggit.commits,
    -- What the source is merged into: the target's head, in a rebase the last commit that was replayed.
    ours_commit_id       integer NOT NULL REFERENCES _pggit.commits,
    -- What a rebase still has to replay after source_commit_id.
    todo_commit_ids      integer[] NOT NULL DEFAULT '{}',
    merge_strategy       text NOT NULL DEFAULT 'auto'
        CHECK (merge_strategy IN ('auto', 'three-way', 'fast-forward', 'ours', 'theirs')),
    merge_message        text NOT NULL CHECK (merge_message <> ''),
    status               text NOT NULL
        CHECK (status IN ('pending_conflicts', 'in_progress', 'completed', 'aborted', 'failed')),
    conflicts_detected   boolean NOT NULL DEFAULT false,
    message              text NOT NULL DEFAULT '',
    -- NULL while it is open, and where there was nothing to do.
    merge_commit_id      integer REFERENCES _pggit.commits,
    created_by           text NOT NULL,
    created_at           timestamptz NOT NULL DEFAULT clock_timestamp(),
    completed_at         timestamptz,
    aborted_at           timestamptz
);
CREATE INDEX merges_source_branch_id_idx ON _pggit.merges (source_branch_id);
CREATE INDEX merges_target_branch_id_idx ON _pggit.merges (target_branch_id);
CREATE INDEX merges_merge_base_branch_id_idx ON _pggit.merges (merge_base_branch_id);
CREATE INDEX merges_base_commit_id_idx ON _pggit.merges (base_commit_id);
CREATE INDEX merges_source_commit_id_idx ON _pggit.merges (source_commit_id);
CREATE INDEX merges_target_commit_id_idx ON _pggit.merges (target_commit_id);
CREATE INDEX merges_ours_commit_id_idx ON _pggit.merges (ours_commit_id);
CREATE INDEX merges_merge_commit_id_idx ON _pggit.merges (merge_commit_id);
CREATE INDEX merges_created_at_idx ON _pggit.merges (created_at, merge_id);

-- == routines ==
COMMENT ON TABLE _pggit.merges IS 'Merges, cherry-picks, reverts and rebases: what was asked, and how it stands.';

CREATE OR REPLACE FUNCTION _pggit.emit_merge()
RETURNS trigger
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SECURITY DEFINER
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
BEGIN
    IF _pggit.is_restoring() OR TG_OP = 'UPDATE' AND OLD.status = NEW.status THEN
        RETURN NULL;
    END IF;
    PERFORM _pggit.emit_event(
        'merge.' || CASE NEW.status WHEN 'pending_conflicts' THEN 'conflicted' ELSE NEW.status END,
        NEW.merge_id,
        jsonb_build_object(
            'merge_id', NEW.merge_id, 'operation', NEW.operation, 'status', NEW.status, 'source_ref', NEW.source_ref,
            'source_branch_id', NEW.source_branch_id, 'target_branch_id', NEW.target_branch_id,
            'target', (SELECT b.name FROM _pggit.branches AS b WHERE b.branch_id = NEW.target_branch_id),
            'conflicts', (
                SELECT count(*) FROM _pggit.conflicts AS c
                WHERE c.merge_id = NEW.merge_id AND NEW.status = 'pending_conflicts'),
            'merge_commit_id', NEW.merge_commit_id, 'message', left(NEW.message, 1000)));
    RETURN NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.emit_merge() IS 'Makes an event of a merge that completes, stops at conflicts, is aborted or fails.';
CREATE OR REPLACE TRIGGER merges_emit
    AFTER INSERT OR UPDATE OF status ON _pggit.merges
    FOR EACH ROW
    WHEN (NEW.status <> 'in_progress')
    EXECUTE FUNCTION _pggit.emit_merge();

CREATE OR REPLACE VIEW pggit.merges AS
SELECT
    m.merge_id,
    m.operation,
    m.status,
    m.conflicts_detected,
    m.merge_commit_id,
    m.message,
    m.source_branch_id,
    m.target_branch_id,
    m.merge_base_branch_id,
    coalesce(s.name, m.source_ref) AS source,
    t.name AS target,
    m.merge_strategy,
    m.merge_message,
    m.base_commit_id,
    m.source_commit_id,
    m.target_commit_id,
    (SELECT count(*)::integer FROM _pggit.conflicts AS c WHERE c.merge_id = m.merge_id) AS total_conflicts,
    (
        SELECT count(*)::integer
        FROM _pggit.conflicts AS c
        JOIN _pggit.resolutions AS r USING (conflict_id)
        WHERE c.merge_id = m.merge_id
    ) AS conflicts_resolved,
    m.created_by,
    m.created_at,
    m.completed_at,
    m.aborted_at
FROM _pggit.merges AS m
JOIN _pggit.branches AS t ON t.branch_id = m.target_branch_id
LEFT JOIN _pggit.branches AS s ON s.branch_id = m.source_branch_id;
COMMENT ON VIEW pggit.merges IS 'Every merge, cherry-pick, revert and rebase with its state.';

CREATE OR REPLACE FUNCTION _pggit.get_merge(p_merge_id text, p_is_locked boolean DEFAULT false)
RETURNS _pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges;
BEGIN
    IF p_is_locked THEN
        PERFORM _pggit.lock_merge(p_merge_id);
    END IF;
    SELECT m.* INTO v_merge FROM _pggit.merges AS m WHERE m.merge_id = p_merge_id;
    IF v_merge.merge_id IS NULL THEN
        PERFORM _pggit.check_initialised();
        PERFORM _pggit.raise_error('VCN04', format('merge "%s" does not exist', p_merge_id), NULL,
            'SELECT merge_id, status FROM pggit.merges lists the merges.');
    END IF;
    RETURN v_merge;
END;
$$;
COMMENT ON FUNCTION _pggit.get_merge(text, boolean) IS $$
The merge of that id.
p_is_locked: hold its row until the end of the transaction.
Errors: VCN04 if there is none.
Locks: the merge's row, if asked.
$$;

CREATE OR REPLACE FUNCTION _pggit.get_open_merge(p_merge_id text)
RETURNS _pggit.merges
LANGUAGE plpgsql
VOLATILE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_merge _pggit.merges := _pggit.get_merge(p_merge_id, true);
BEGIN
    IF v_merge.status NOT IN ('pending_conflicts', 'in_progress') THEN
        PERFORM _pggit.raise_error('VCS20', format('merge "%s" is %s', p_merge_id, v_merge.status),
            'Only a merge that waits for its conflicts can be resolved, completed or aborted.',
            CASE v_merge.status
                WHEN 'completed' THEN 'pggit.revert takes a commit back.'
                ELSE 'Start again with pggit.merge.'
            END);
    END IF;
    RETURN v_merge;
END;
$$;
COMMENT ON FUNCTION _pggit.get_open_merge(text) IS $$
The merge of that id, its row locked, if it can still be worked on.
Errors: VCN04 if there is none, VCS20 if it has ended.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_base_objects(p_left integer, p_right integer)
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_bases integer[] := _pggit.merge_bases(p_left, p_right);
    v_objects _pggit.object[] := _pggit.tree_array(v_bases[1]);
    v_result _pggit.merge_result;
BEGIN
    -- As git's recursive strategy: the bases are merged two by two, over their own base. What they disagree on is taken from
    -- that base, so that it is a change on both sides and no side wins unseen.
    FOR v_i IN 2 .. cardinality(v_bases) LOOP
        v_result := _pggit.merge_trees(
            _pggit.merge_base_objects(v_bases[1], v_bases[v_i]),
            v_objects, _pggit.tree_array(v_bases[v_i]), ARRAY[]::_pggit.merge_choice[], 'base');
        v_objects := v_result.objects;
    END LOOP;
    RETURN v_objects;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_base_objects(integer, integer) IS $$
The objects to merge over: those of the best common ancestor, or of the merge of several.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_trees(
    p_base _pggit.object[],
    p_ours _pggit.object[],
    p_theirs _pggit.object[],
    p_choices _pggit.merge_choice[],
    p_strategy text,
    p_is_spelled boolean DEFAULT false
)
RETURNS _pggit.merge_result
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_changed uuid[];
    v_context _pggit.object[];
    v_result _pggit.merge_result;
BEGIN
    v_changed := ARRAY(
        SELECT coalesce(b.object_id, o.object_id, t.object_id)
        FROM unnest(p_base) AS b
        FULL JOIN unnest(p_ours) AS o ON o.object_id = b.object_id
        FULL JOIN unnest(p_theirs) AS t ON t.object_id = coalesce(b.object_id, o.object_id)
        WHERE b IS DISTINCT FROM o OR b IS DISTINCT FROM t);
    v_context := ARRAY(
        SELECT o FROM unnest(p_ours) AS o
        LEFT JOIN unnest(v_changed) AS c(object_id) ON c.object_id = o.object_id
        WHERE c.object_id IS NULL);
    v_result := _pggit.merge_objects(
        ARRAY(SELECT b FROM unnest(p_base) AS b JOIN unnest(v_changed) AS c(object_id) ON c.object_id = b.object_id),
        ARRAY(SELECT o FROM unnest(p_ours) AS o JOIN unnest(v_changed) AS c(object_id) ON c.object_id = o.object_id),
        ARRAY(SELECT t FROM unnest(p_theirs) AS t JOIN unnest(v_changed) AS c(object_id) ON c.object_id = t.object_id),
        p_choices, p_strategy, v_context, p_is_spelled);
    v_result.objects := v_result.objects || v_context;
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.merge_trees(
    _pggit.object[], _pggit.object[], _pggit.object[], _pggit.merge_choice[], text, boolean) IS $$
Merges whole trees; only what a side changed is looked at one by one.
p_is_spelled: the definitions hold the merged names already.
$$;
