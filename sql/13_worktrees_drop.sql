-- Removing worktrees, and what stands in the way: dependencies that cross from one worktree into another.

-- == relations ==

-- An object that needs one of another worktree. Both are named as PostgreSQL names them.
CREATE TYPE _pggit.crossing AS (
    kind            text,
    identity        text,
    referenced_kind text,
    referenced      text
);

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.list_crossings(p_from name[], p_to name[])
RETURNS SETOF _pggit.crossing
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
AS $$
BEGIN
    RETURN QUERY
    WITH owned AS MATERIALIZED (
        -- Every address with the schema it lies in; parts lie in the schema of their table.
        SELECT 'pg_class'::regclass::oid AS classid, c.oid AS objid, c.relnamespace AS nspoid FROM pg_class AS c
        UNION ALL
        SELECT 'pg_proc'::regclass, p.oid, p.pronamespace FROM pg_proc AS p
        UNION ALL
        SELECT 'pg_type'::regclass, t.oid, t.typnamespace FROM pg_type AS t
        UNION ALL
        SELECT 'pg_operator'::regclass, o.oid, o.oprnamespace FROM pg_operator AS o
        UNION ALL
        SELECT 'pg_constraint'::regclass, k.oid, k.connamespace FROM pg_constraint AS k
        UNION ALL
        SELECT 'pg_attrdef'::regclass, a.oid, c.relnamespace
        FROM pg_attrdef AS a
        JOIN pg_class AS c ON c.oid = a.adrelid
        UNION ALL
        SELECT 'pg_rewrite'::regclass, w.oid, c.relnamespace
        FROM pg_rewrite AS w
        JOIN pg_class AS c ON c.oid = w.ev_class
        UNION ALL
        SELECT 'pg_trigger'::regclass, g.oid, c.relnamespace
        FROM pg_trigger AS g
        JOIN pg_class AS c ON c.oid = g.tgrelid
        UNION ALL
        SELECT 'pg_policy'::regclass, y.oid, c.relnamespace
        FROM pg_policy AS y
        JOIN pg_class AS c ON c.oid = y.polrelid
        UNION ALL
        SELECT 'pg_statistic_ext'::regclass, e.oid, e.stxnamespace FROM pg_statistic_ext AS e
    ), target AS MATERIALIZED (
        SELECT o.classid, o.objid
        FROM owned AS o
        JOIN pg_namespace AS n ON n.oid = o.nspoid
        WHERE n.nspname = ANY (p_to)
    ), source AS MATERIALIZED (
        SELECT o.classid, o.objid
        FROM owned AS o
        JOIN pg_namespace AS n ON n.oid = o.nspoid
        WHERE CASE WHEN p_from IS NULL THEN n.nspname <> ALL (p_to) ELSE n.nspname = ANY (p_from) END
    )
    SELECT DISTINCT f.type, f.identity, t.type, t.identity
    FROM pg_depend AS d
    JOIN source AS s ON s.classid = d.classid AND s.objid = d.objid
    JOIN target AS r ON r.classid = d.refclassid AND r.objid = d.refobjid
    -- A view's query is a rule: name the view.
    LEFT JOIN pg_rewrite AS w ON d.classid = 'pg_rewrite'::regclass AND w.oid = d.objid AND w.rulename = '_RETURN'
    CROSS JOIN LATERAL pg_identify_object(
        CASE WHEN w.oid IS NULL THEN d.classid ELSE 'pg_class'::regclass END, coalesce(w.ev_class, d.objid),
        d.objsubid) AS f
    CROSS JOIN LATERAL pg_identify_object(d.refclassid, d.refobjid, d.refobjsubid) AS t
    WHERE d.deptype IN ('n', 'a')
        AND f.schema IS DISTINCT FROM 'pg_toast'
        AND NOT EXISTS (
            SELECT
            FROM pg_depend AS x
            WHERE x.classid = d.refclassid AND x.objid = d.refobjid AND x.deptype = 'e')
    ORDER BY 1, 2, 3, 4;
END;
$$;
COMMENT ON FUNCTION _pggit.list_crossings(name[], name[]) IS $$
What in some schemas depends on objects of others; members of extensions are nobody's.
p_from: the schemas of the dependents; NULL for all but p_to.
p_to: the schemas of what they need.
$$;

CREATE OR REPLACE FUNCTION _pggit.list_live_dependencies(p_branch_id integer)
RETURNS SETOF _pggit.crossing
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_worktree_id integer := _pggit.find_worktree(p_branch_id);
BEGIN
    IF v_worktree_id IS NOT NULL AND v_worktree_id <> _pggit.main_worktree_id() THEN
        RETURN QUERY
        SELECT c.* FROM _pggit.list_crossings(_pggit.live_schemas(v_worktree_id), _pggit.tracked_schemas()) AS c;
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.list_live_dependencies(integer) IS $$
What in a branch's worktree depends on a live tracked object, which no merge can take over; nothing for main.
$$;

CREATE OR REPLACE FUNCTION _pggit.check_droppable(p_worktree_id integer)
RETURNS void
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_crossings text[] := ARRAY(
        SELECT format('%s %s needs %s %s', c.kind, c.identity, c.referenced_kind, c.referenced)
        FROM _pggit.list_crossings(NULL, _pggit.live_schemas(p_worktree_id)) AS c);
BEGIN
    IF v_crossings <> '{}' THEN
        PERFORM _pggit.raise_error('VCS10',
            format('objects outside depend on the worktree %s', array_to_string(_pggit.live_schemas(p_worktree_id), ', ')),
            array_to_string(v_crossings[1:20], E'\n'),
            'Drop or change these objects first; pggit drops nothing outside of a worktree.');
    END IF;
END;
$$;
COMMENT ON FUNCTION _pggit.check_droppable(integer) IS $$
Raises where removing a worktree would take along something outside of it.
Errors: VCS10 naming the dependents.
$$;

CREATE OR REPLACE FUNCTION _pggit.drop_schemas(p_worktree_id integer)
RETURNS void
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_schema name;
BEGIN
    FOREACH v_schema IN ARRAY _pggit.live_schemas(p_worktree_id) LOOP
        EXECUTE format('DROP SCHEMA IF EXISTS %I CASCADE', v_schema);
    END LOOP;
    DELETE FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.drop_schemas(integer) IS $$
Drops the schemas of a worktree with all that is in them, and its row. _pggit.check_droppable comes first.
$$;

CREATE OR REPLACE FUNCTION _pggit.live_locks(p_worktree_id integer)
RETURNS integer
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN (
    SELECT count(*)::integer
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN _pggit.worktree_schemas AS s ON s.live_name = n.nspname
    WHERE s.worktree_id = p_worktree_id)
    + (
    -- Types, TOAST tables and their indexes are locked as well when they go.
    SELECT 4 * count(*)::integer
    FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    JOIN _pggit.worktree_schemas AS s ON s.live_name = n.nspname
    WHERE s.worktree_id = p_worktree_id AND c.relkind IN ('r', 'm'));
COMMENT ON FUNCTION _pggit.live_locks(integer) IS 'About how many locks dropping a worktree takes.';

CREATE OR REPLACE FUNCTION _pggit.begin_drop(p_branch text, p_force boolean)
RETURNS integer
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_branch    _pggit.branches;
    v_commit_id integer;
    v_worktree  _pggit.worktrees;
BEGIN
    SELECT b.* INTO v_branch FROM _pggit.find_branch(p_branch) AS b;
    v_commit_id := coalesce(v_branch.head_commit_id, _pggit.resolve_ref(p_branch));
    IF v_branch.name = 'main' THEN
        PERFORM _pggit.raise_error('VCS04', 'the worktree of branch "main" cannot be dropped',
            'It is the live schemas.', 'Only worktrees of other branches can be dropped.');
    END IF;
    SELECT w.* INTO v_worktree
    FROM _pggit.worktrees AS w
    WHERE w.branch_id = v_branch.branch_id
        OR v_branch.branch_id IS NULL AND w.branch_id IS NULL AND w.commit_id = v_commit_id
    FOR UPDATE;
    IF v_worktree.state = 'ready' THEN
        IF NOT p_force THEN
            PERFORM _pggit.check_clean(v_worktree.worktree_id);
        END IF;
        PERFORM _pggit.check_droppable(v_worktree.worktree_id);
    END IF;
    UPDATE _pggit.worktrees AS w
    SET state = 'dropping'
    WHERE w.worktree_id = v_worktree.worktree_id;
    RETURN v_worktree.worktree_id;
END;
$$;
COMMENT ON FUNCTION _pggit.begin_drop(text, boolean) IS $$
Marks a worktree as going; gives its id, NULL where there is none.
Errors: VCN03, VCN06 for an unknown branch; VCS04 for main; VCS11 for uncommitted changes without force; VCS10 for dependents.
$$;

CREATE OR REPLACE FUNCTION _pggit.advance_drop(p_worktree_id integer)
RETURNS boolean
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET client_min_messages = warning
AS $$
DECLARE
    v_state  text;
    v_tables text[];
    v_limit  integer := greatest(5, _pggit.lock_limit() / 60);
BEGIN
    SELECT w.state INTO v_state FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id FOR UPDATE;
    IF v_state IS DISTINCT FROM 'dropping' THEN
        RETURN false;
    END IF;
    -- Partitions before their parents: a parent takes all of its partitions along.
    v_tables := ARRAY(
        SELECT format('%I.%I', n.nspname, c.relname)
        FROM pg_class AS c
        JOIN pg_namespace AS n ON n.oid = c.relnamespace
        JOIN _pggit.worktree_schemas AS s ON s.live_name = n.nspname
        WHERE s.worktree_id = p_worktree_id AND c.relkind IN ('r', 'p')
            AND NOT EXISTS (SELECT FROM pg_inherits AS h WHERE h.inhparent = c.oid)
        ORDER BY c.oid DESC
        LIMIT v_limit);
    IF v_tables = '{}' THEN
        PERFORM _pggit.drop_schemas(p_worktree_id);
        RETURN false;
    END IF;
    EXECUTE 'DROP TABLE ' || array_to_string(v_tables, ', ') || ' CASCADE';
    RETURN true;
END;
$$;
COMMENT ON FUNCTION _pggit.advance_drop(integer) IS $$
Drops the next batch of a worktree's tables; false when nothing is left of it.
$$;

CREATE OR REPLACE PROCEDURE pggit.drop_worktree(p_branch text, p_force boolean DEFAULT false)
LANGUAGE plpgsql
AS $$
DECLARE
    v_worktree_id integer;
BEGIN
    v_worktree_id := _pggit.begin_drop(p_branch, p_force);
    COMMIT;
    WHILE _pggit.advance_drop(v_worktree_id) LOOP
        COMMIT;
    END LOOP;
END;
$$;
COMMENT ON PROCEDURE pggit.drop_worktree(text, boolean) IS $$
Drops the worktree of a branch in batches that commit; the branch and its commits stay. Does nothing where there is none.
p_branch: a branch; or a tag or commit, for a detached worktree.
p_force: also where that loses uncommitted changes.
Errors: VCN03, VCN06 for an unknown branch; VCS04 for main; VCS11 for uncommitted changes; VCS10 for dependents elsewhere.
$$;
