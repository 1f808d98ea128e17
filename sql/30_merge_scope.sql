-- The scope of a merge: the part of the trees that a change can have to do with, so that a merge costs what its changes do.

-- == relations ==

-- == routines ==

CREATE OR REPLACE FUNCTION _pggit.tree_members(p_tree bytea, p_ids uuid[])
RETURNS _pggit.object[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = on
AS $$
BEGIN
    IF p_ids IS NULL THEN
        RETURN ARRAY(SELECT ROW(o.*)::_pggit.object FROM _pggit.tree_objects(p_tree) AS o);
    END IF;
    RETURN ARRAY(
        WITH version AS MATERIALIZED (
            SELECT b.* FROM unnest(p_ids) AS i(object_id) JOIN _pggit.blobs AS b ON b.object_id = i.object_id
        ), member AS MATERIALIZED (
            SELECT m.hash
            FROM _pggit.trees AS t
            CROSS JOIN LATERAL unnest(t.page_hashes) AS h(hash)
            JOIN _pggit.pages AS p ON p.hash = h.hash
            CROSS JOIN LATERAL unnest(p.blob_hashes) AS m(hash)
            WHERE t.hash = p_tree
        )
        SELECT ROW(v.object_id, v.kind, v.parent_id, v.schema_name, v.table_name, v.name, v.signature, v.attrs, v.deps
            )::_pggit.object
        FROM version AS v
        WHERE v.hash IN (SELECT m.hash FROM member AS m));
END;
$$;
COMMENT ON FUNCTION _pggit.tree_members(bytea, uuid[]) IS $$
Some objects of a tree, as far as it has them; for NULL all of them.
$$;

CREATE OR REPLACE FUNCTION _pggit.scope_changes(p_base bytea, p_ours bytea, p_theirs bytea)
RETURNS TABLE (object _pggit.object, is_spreading boolean)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
-- a few blobs by their hashes, whatever the caller's setting
SET enable_nestloop = on
SET enable_seqscan = off
AS $$
BEGIN
    RETURN QUERY
    WITH change AS MATERIALIZED (
        SELECT c.old_object, c.new_object FROM _pggit.tree_changes(p_base, p_ours) AS c
        UNION ALL
        SELECT c.old_object, c.new_object FROM _pggit.tree_changes(p_base, p_theirs) AS c
    ), weighed AS MATERIALIZED (
        SELECT c.old_object, c.new_object,
            (c.old_object).object_id IS NULL OR (c.new_object).object_id IS NULL OR EXISTS (
                SELECT
                FROM unnest(_pggit.object_attributes_changed(c.old_object, c.new_object)) AS a
                WHERE a NOT IN ('comment', 'owner') AND a NOT LIKE 'acl:%') AS is_spreading
        FROM change AS c
    )
    SELECT w.old_object, w.is_spreading FROM weighed AS w WHERE (w.old_object).object_id IS NOT NULL
    UNION ALL
    SELECT w.new_object, w.is_spreading FROM weighed AS w WHERE (w.new_object).object_id IS NOT NULL;
END;
$$;
COMMENT ON FUNCTION _pggit.scope_changes(bytea, bytea, bytea) IS $$
Every version of what either side changed. is_spreading: more than its comment, owner or grants differ.
$$;

CREATE OR REPLACE FUNCTION _pggit.scope_nodes(p_tree bytea, p_changed _pggit.object[])
RETURNS TABLE (
    object_id uuid, kind text, parent_id uuid, name text, deps uuid[], owner_path text, column_path text, not_null_name text,
    parent_ids uuid[], is_mark boolean
)
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 20000
BEGIN ATOMIC
    SELECT o.object_id, o.kind, o.parent_id, o.name, o.deps,
        CASE WHEN o.kind = 'sequence' THEN
            substring(o.attrs ->> 'owned_by' FROM '(?:"(?:[^"]|"")*"|[^".]+)\.(?:"(?:[^"]|"")*"|[^".]+)$') END,
        CASE WHEN o.kind = 'column' THEN quote_ident(o.table_name) || '.' || quote_ident(o.name) END,
        CASE WHEN o.kind = 'column' THEN o.attrs ->> 'not_null_name' END,
        CASE WHEN o.kind = 'table' AND o.attrs ? 'bound' THEN o.deps END,
        o.kind IN ('index', 'constraint') AND (o.attrs ?| '{clustered,replica_identity}' OR o.attrs ->> 'type' = 'primary_key')
    FROM (
        SELECT t.* FROM _pggit.tree_objects(p_tree) AS t
        UNION ALL
        SELECT c.* FROM unnest(p_changed) AS c
    ) AS o;
END;
COMMENT ON FUNCTION _pggit.scope_nodes(bytea, _pggit.object[]) IS $$
A tree and further versions of its objects, with what ties them together beside their dependencies.
$$;

CREATE OR REPLACE FUNCTION _pggit.scope_names(p_changed _pggit.object[])
RETURNS text[]
LANGUAGE sql
STABLE
PARALLEL SAFE
RETURN ARRAY(
    SELECT c.name FROM unnest(p_changed) AS c WHERE c.kind <> 'column'
    UNION
    SELECT n.name
    FROM unnest(p_changed) AS c
    -- a name that PostgreSQL gives when it is told none depends on those that are taken
    CROSS JOIN LATERAL (VALUES
        (c.attrs ->> 'not_null_name'), (c.attrs ->> 'identity:sequence'),
        (_pggit.default_name(c.table_name, c.name, 'seq')), (_pggit.default_name(c.table_name, c.name, 'not_null'))
    ) AS n(name)
    WHERE c.kind = 'column' AND n.name IS NOT NULL);
COMMENT ON FUNCTION _pggit.scope_names(_pggit.object[]) IS $$
The names that changed objects have or take.
$$;

CREATE OR REPLACE FUNCTION _pggit.scope_closure(p_tree bytea, p_changed _pggit.object[], p_spreading uuid[], p_names text[])
RETURNS uuid[]
LANGUAGE sql
STABLE
PARALLEL SAFE
BEGIN ATOMIC
    WITH RECURSIVE whole AS MATERIALIZED (
        SELECT n.* FROM _pggit.scope_nodes(p_tree, p_changed) AS n
    ), above AS MATERIALIZED (
        SELECT w.object_id FROM whole AS w WHERE w.kind = 'schema'
    ), edge AS MATERIALIZED (
        SELECT w.object_id, d.needed_id, d.needed_id IN (SELECT a.object_id FROM above AS a) AS is_above
        FROM whole AS w
        CROSS JOIN LATERAL unnest(w.deps || w.parent_id) AS d(needed_id)
        WHERE d.needed_id IS NOT NULL
    ), owned AS MATERIALIZED (
        -- a sequence's owner is no dependency of its own: it would close a circle with the default
        SELECT s.object_id, c.object_id AS column_id
        FROM (SELECT w.object_id, w.owner_path FROM whole AS w WHERE w.owner_path IS NOT NULL) AS s
        JOIN (SELECT w.object_id, w.column_path FROM whole AS w WHERE w.column_path IS NOT NULL) AS c
            ON c.column_path = s.owner_path
    ), dependent AS (
        SELECT s.object_id FROM unnest(p_spreading) AS s(object_id)
        UNION
        SELECT e.object_id FROM dependent AS d JOIN edge AS e ON e.needed_id = d.object_id AND NOT e.is_above
    ), container AS MATERIALIZED (
        SELECT c.object_id FROM unnest(p_changed) AS c WHERE c.kind <> 'schema'
        UNION
        SELECT c.parent_id FROM unnest(p_changed) AS c WHERE c.parent_id NOT IN (SELECT a.object_id FROM above AS a)
    ), supply AS MATERIALIZED (
        SELECT e.object_id, e.needed_id FROM edge AS e
        UNION ALL
        -- a table is built with its columns, and with the index by which it is clustered or replicated; its rows are named by its key
        SELECT w.parent_id, w.object_id FROM whole AS w WHERE w.kind = 'column' OR w.is_mark
        UNION ALL
        SELECT o.object_id, o.column_id FROM owned AS o
        UNION ALL
        SELECT o.column_id, o.object_id FROM owned AS o
        UNION ALL
        -- an index of a partition comes with its parent's
        SELECT x.object_id, i.object_id
        FROM (SELECT w.object_id, w.parent_id, w.name FROM whole AS w WHERE w.kind = 'partition_index') AS x
        JOIN whole AS h ON h.object_id = x.parent_id
        CROSS JOIN LATERAL unnest(h.deps) AS d(object_id)
        JOIN whole AS i ON i.parent_id = d.object_id AND i.name = x.name AND i.kind IN ('index', 'constraint')
    ), beginning AS MATERIALIZED (
        SELECT c.object_id FROM unnest(p_changed) AS c
        UNION
        -- no more than there are: the planner guesses ten times as many at each step of a recursion, and would hash all edges instead
        (SELECT d.object_id FROM dependent AS d LIMIT (SELECT count(*) FROM whole))
        UNION
        SELECT c.object_id FROM container AS c
        UNION
        SELECT w.object_id FROM whole AS w JOIN container AS c ON c.object_id = w.parent_id
        UNION
        -- what may stand in the way of a name
        SELECT w.object_id
        FROM whole AS w
        WHERE w.name IN (SELECT unnest(p_names)) AND w.kind <> 'column' OR w.not_null_name IN (SELECT unnest(p_names))
        UNION
        -- the bounds of partitions stand against each other
        SELECT w.object_id
        FROM (SELECT DISTINCT unnest(c.deps) AS object_id FROM unnest(p_changed) AS c WHERE c.kind = 'table' AND c.attrs ? 'bound') AS d
        JOIN (SELECT w.object_id, unnest(w.parent_ids) AS parent_id FROM whole AS w) AS w ON w.parent_id = d.object_id
    ), needed AS (
        SELECT b.object_id FROM beginning AS b
        UNION
        SELECT s.needed_id FROM needed AS n JOIN supply AS s ON s.object_id = n.object_id
    )
    SELECT coalesce(array_agg(n.object_id), '{}') FROM needed AS n;
END;
COMMENT ON FUNCTION _pggit.scope_closure(bytea, _pggit.object[], uuid[], text[]) IS $$
The changed objects with the tables they lie in and all parts of these, what depends on the spreading ones, what has one of the
names, and whatever all of these need.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_scope(p_base bytea, p_ours bytea, p_theirs bytea)
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
SET enable_nestloop = off
-- a closure takes few steps from few objects: to sort all edges for each of them would take longer than the rest
SET enable_mergejoin = off
SET work_mem = '64MB'
AS $$
DECLARE
    v_changed   _pggit.object[];
    v_spreading uuid[];
BEGIN
    SELECT array_agg(c.object), array_agg((c.object).object_id) FILTER (WHERE c.is_spreading)
    INTO v_changed, v_spreading
    FROM _pggit.scope_changes(p_base, p_ours, p_theirs) AS c;
    -- A schema that comes, goes or moves has to do with all that is in it.
    IF p_base IS NULL OR EXISTS (
        SELECT FROM unnest(v_changed) AS c WHERE c.kind = 'schema' AND c.object_id = ANY (v_spreading))
    THEN
        RETURN NULL;
    END IF;
    RETURN _pggit.scope_closure(p_ours, v_changed, v_spreading, _pggit.scope_names(v_changed));
END;
$$;
COMMENT ON FUNCTION _pggit.merge_scope(bytea, bytea, bytea) IS $$
The objects that a merge has to look at: what either side changed with the tables it lies in and all parts of these, what depends on
it, what stands in the way of its names, and whatever all of these need. What is left out is equal in the merged tree and the target,
and no statement of the plan can touch it.
Returns: NULL for all of them.
$$;
