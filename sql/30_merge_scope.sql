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

CREATE OR REPLACE FUNCTION _pggit.scope_dependents(p_ids uuid[], p_above uuid[])
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
-- from object to object along the indexes
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    RETURN ARRAY(
        WITH RECURSIVE dependent AS (
            SELECT s.object_id FROM unnest(p_ids) AS s(object_id)
            UNION
            SELECT e.object_id
            FROM dependent AS d
            CROSS JOIN LATERAL (
                SELECT b.object_id FROM _pggit.blobs AS b WHERE b.deps @> ARRAY[d.object_id]
                UNION ALL
                SELECT b.object_id FROM _pggit.blobs AS b WHERE b.parent_id = d.object_id
                OFFSET 0
            ) AS e
            WHERE d.object_id <> ALL (p_above)
        )
        SELECT d.object_id FROM dependent AS d);
END;
$$;
COMMENT ON FUNCTION _pggit.scope_dependents(uuid[], uuid[]) IS $$
Objects with all that depends on them in any version, directly or not.
p_above: the schemas; what lies in one does not depend on it.
$$;

CREATE OR REPLACE FUNCTION _pggit.scope_needs(p_ids uuid[], p_above uuid[])
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    RETURN ARRAY(
        WITH RECURSIVE needed AS (
            SELECT b.object_id FROM unnest(p_ids) AS b(object_id)
            UNION
            SELECT s.object_id
            FROM needed AS n
            CROSS JOIN LATERAL (
                SELECT d.object_id
                FROM _pggit.blobs AS b
                CROSS JOIN LATERAL unnest(b.deps || b.parent_id) AS d(object_id)
                WHERE b.object_id = n.object_id AND d.object_id IS NOT NULL
                UNION ALL
                -- a table is built with its columns, and with the index by which it is clustered or replicated; its rows are named
                -- by its key
                SELECT p.object_id
                FROM _pggit.blobs AS p
                WHERE p.parent_id = n.object_id
                  AND n.object_id <> ALL (p_above)
                  AND (p.kind = 'column' OR p.kind IN ('index', 'constraint')
                      AND (p.attrs ?| '{clustered,replica_identity}' OR p.attrs ->> 'type' = 'primary_key'))
                UNION ALL
                -- an index of a partition comes with its parent's
                SELECT i.object_id
                FROM _pggit.blobs AS x
                JOIN _pggit.blobs AS h ON h.object_id = x.parent_id
                CROSS JOIN LATERAL unnest(h.deps) AS d(object_id)
                JOIN _pggit.blobs AS i ON i.parent_id = d.object_id AND i.name = x.name AND i.kind IN ('index', 'constraint')
                WHERE x.object_id = n.object_id AND x.kind = 'partition_index'
                OFFSET 0
            ) AS s
        )
        SELECT n.object_id FROM needed AS n);
END;
$$;
COMMENT ON FUNCTION _pggit.scope_needs(uuid[], uuid[]) IS $$
Objects with all that they need in any version, directly or not, but for what ownership ties to them.
p_above: as in _pggit.scope_dependents.
$$;

CREATE OR REPLACE FUNCTION _pggit.scope_owned(p_ids uuid[])
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_nestloop = off
AS $$
DECLARE
    v_ids       uuid[];
    v_paths     text[];
    v_columns   uuid[];
    v_sequences uuid[];
BEGIN
    -- A sequence's owner is no dependency of its own: it would close a circle with the default.
    SELECT array_agg(b.object_id),
        -- table and column; the expression takes long, and few names have quotes
        array_agg(CASE WHEN b.attrs ->> 'owned_by' ~ '^[^".]+\.[^".]+$' THEN b.attrs ->> 'owned_by' ELSE
            substring(b.attrs ->> 'owned_by' FROM '(?:"(?:[^"]|"")*"|[^".]+)\.(?:"(?:[^"]|"")*"|[^".]+)$') END)
    INTO v_ids, v_paths
    FROM _pggit.blobs AS b
    WHERE b.kind = 'sequence' AND b.attrs ? 'owned_by';
    v_sequences := ARRAY(
        SELECT o.object_id
        FROM unnest(v_ids, v_paths) AS o(object_id, path)
        JOIN _pggit.blobs AS c ON o.path = quote_ident(c.table_name) || '.' || quote_ident(c.name)
        WHERE c.kind = 'column' AND c.object_id IN (SELECT unnest(p_ids)));
    v_paths := ARRAY(
        SELECT o.path
        FROM unnest(v_ids, v_paths) AS o(object_id, path)
        WHERE o.object_id IN (SELECT unnest(p_ids) EXCEPT SELECT unnest(v_sequences)));
    IF v_paths <> '{}' THEN
        v_columns := ARRAY(
            SELECT c.object_id
            FROM _pggit.blobs AS c
            WHERE c.kind = 'column' AND quote_ident(c.table_name) || '.' || quote_ident(c.name) IN (SELECT unnest(v_paths)));
    END IF;
    RETURN ARRAY(SELECT unnest(v_sequences || v_columns) EXCEPT SELECT unnest(p_ids));
END;
$$;
COMMENT ON FUNCTION _pggit.scope_owned(uuid[]) IS $$
The columns that own some of the sequences given, and the sequences that some of the columns given own, beyond those given.
$$;

CREATE OR REPLACE FUNCTION _pggit.scope_beginning(
    p_changed _pggit.object[],
    p_spreading uuid[],
    p_names text[],
    p_above uuid[]
)
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_mergejoin = off
AS $$
DECLARE
    v_containers uuid[] := ARRAY(
        SELECT c.object_id FROM unnest(p_changed) AS c WHERE c.kind <> 'schema'
        UNION
        SELECT c.parent_id FROM unnest(p_changed) AS c WHERE c.parent_id <> ALL (p_above));
BEGIN
    RETURN ARRAY(
        SELECT c.object_id FROM unnest(p_changed) AS c
        UNION
        SELECT unnest(_pggit.scope_dependents(p_spreading, p_above))
        UNION
        SELECT unnest(v_containers)
        UNION
        -- OFFSET 0: along the index, whatever the statistics say
        SELECT b.object_id
        FROM unnest(v_containers) AS c(object_id)
        CROSS JOIN LATERAL (
            SELECT p.object_id FROM _pggit.blobs AS p WHERE p.parent_id = c.object_id OFFSET 0
        ) AS b
        UNION
        -- what may stand in the way of a name
        SELECT b.object_id
        FROM _pggit.blobs AS b
        WHERE CASE WHEN b.kind = 'column' THEN b.attrs ->> 'not_null_name' ELSE b.name END IN (SELECT unnest(p_names))
        UNION
        -- the bounds of partitions stand against each other
        SELECT b.object_id
        FROM (SELECT DISTINCT unnest(c.deps) AS parent_id FROM unnest(p_changed) AS c WHERE c.kind = 'table' AND c.attrs ? 'bound') AS d
        CROSS JOIN LATERAL (
            SELECT h.object_id
            FROM _pggit.blobs AS h
            WHERE h.deps @> ARRAY[d.parent_id] AND h.kind = 'table' AND h.attrs ? 'bound'
            OFFSET 0
        ) AS b);
END;
$$;
COMMENT ON FUNCTION _pggit.scope_beginning(_pggit.object[], uuid[], text[], uuid[]) IS $$
The changed objects with the tables they lie in and all parts of these, what depends on the spreading ones, what has one of the names.
$$;

CREATE OR REPLACE FUNCTION _pggit.scope_closure(p_changed _pggit.object[], p_spreading uuid[], p_names text[])
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
AS $$
DECLARE
    v_above uuid[] := ARRAY(SELECT DISTINCT b.object_id FROM _pggit.blobs AS b WHERE b.kind = 'schema');
    v_ids   uuid[] := _pggit.scope_beginning(p_changed, p_spreading, p_names, v_above);
    v_owned uuid[];
BEGIN
    LOOP
        v_ids := _pggit.scope_needs(v_ids, v_above);
        v_owned := _pggit.scope_owned(v_ids);
        EXIT WHEN v_owned = '{}';
        v_ids := v_ids || v_owned;
    END LOOP;
    RETURN v_ids;
END;
$$;
COMMENT ON FUNCTION _pggit.scope_closure(_pggit.object[], uuid[], text[]) IS $$
The changed objects with the tables they lie in and all parts of these, what depends on the spreading ones, what has one of the
names, and whatever all of these need. It follows every version of an object that is stored, whichever tree holds it: what it finds
too much does no harm, and to ask the tree would take longer than all the rest.
$$;

CREATE OR REPLACE FUNCTION _pggit.merge_scope(p_base bytea, p_ours bytea, p_theirs bytea)
RETURNS uuid[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
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
    RETURN _pggit.scope_closure(v_changed, v_spreading, _pggit.scope_names(v_changed));
END;
$$;
COMMENT ON FUNCTION _pggit.merge_scope(bytea, bytea, bytea) IS $$
The objects that a merge has to look at: what either side changed with the tables it lies in and all parts of these, what depends on
it, what stands in the way of its names, and whatever all of these need. What is left out is equal in the merged tree and the target,
and no statement of the plan can touch it.
Returns: NULL for all of them.
$$;
