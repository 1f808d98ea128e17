-- Reading again: from an anchor's state to that of now, by deparsing only what changed and what depends on it.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.reread_needs(
    p_worktree_id integer,
    p_old _pggit.identified[],
    p_ids _pggit.known_identity[]
)
RETURNS TABLE (classid oid, objid oid, objsubid integer, deps uuid[])
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
SET enable_mergejoin = off
AS $$
DECLARE
    v_addresses _pggit.catalog_address[] := _pggit.without_key_indexes(ARRAY(
        SELECT DISTINCT ROW(i.classid, i.objid)::_pggit.catalog_address FROM unnest(p_ids) AS i));
BEGIN
    RETURN QUERY
    WITH own AS MATERIALIZED (
        SELECT a.classid, a.objid, NULL::oid AS to_classid, NULL::oid AS to_objid, NULL::integer AS to_objsubid
        FROM unnest(v_addresses) AS a
        UNION ALL
        SELECT l.classid, l.objid, l.to_classid, l.to_objid, l.to_objsubid
        FROM _pggit.inner_objects(v_addresses) AS l
    ), raw AS MATERIALIZED (
        -- as in _pggit.read_edges, from here on
        SELECT
            coalesce(o.to_classid, d.classid) AS classid,
            coalesce(o.to_objid, d.objid) AS objid,
            coalesce(o.to_objsubid, d.objsubid) AS objsubid,
            d.refclassid, d.refobjid, d.refobjsubid
        FROM own AS o
        -- OFFSET 0, here and below: from a few objects on by the index, where the planner would rather scan all that there are
        CROSS JOIN LATERAL (SELECT e.* FROM pg_depend AS e WHERE e.classid = o.classid AND e.objid = o.objid OFFSET 0) AS d
        WHERE d.deptype IN ('n', 'a', 'i', 'x')
          AND (d.refclassid <> 'pg_namespace'::regclass OR d.classid = 'pg_extension'::regclass)
          AND NOT (d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0
              AND d.classid = 'pg_class'::regclass
              AND (SELECT q.relkind FROM pg_class AS q WHERE q.oid = d.objid) IS NOT DISTINCT FROM 'S')
    ), alias AS MATERIALIZED (
        SELECT l.classid, l.objid, l.to_classid, l.to_objid, l.to_objsubid
        FROM _pggit.outer_objects(ARRAY(
            SELECT DISTINCT ROW(r.refclassid, r.refobjid)::_pggit.catalog_address FROM raw AS r)) AS l
    ), folded AS MATERIALIZED (
        SELECT DISTINCT
            w.classid, w.objid, w.objsubid,
            coalesce(r.to_classid, w.refclassid) AS refclassid,
            coalesce(r.to_objid, w.refobjid) AS refobjid,
            coalesce(r.to_objsubid, w.refobjsubid) AS refobjsubid
        FROM raw AS w
        LEFT JOIN alias AS r ON r.classid = w.refclassid AND r.objid = w.refobjid
    ), target AS MATERIALIZED (
        SELECT i.classid, i.objid, i.objsubid, i.object_id FROM unnest(p_ids) AS i
        UNION ALL
        SELECT k.classid, k.objid, k.objsubid, k.object_id
        FROM (SELECT DISTINCT f.refclassid, f.refobjid FROM folded AS f) AS f
        CROSS JOIN LATERAL (
            SELECT w.* FROM _pggit.worktree_objects AS w
            WHERE w.worktree_id = p_worktree_id AND w.classid = f.refclassid AND w.objid = f.refobjid OFFSET 0) AS k
        WHERE (k.classid, k.objid) NOT IN (SELECT o.classid, o.objid FROM unnest(p_old) AS o)
    ), anchored AS MATERIALIZED (
        SELECT
            f.classid, f.objid, coalesce(exact.objsubid, 0) AS objsubid,
            f.refclassid, f.refobjid, coalesce(t.objsubid, 0) AS refobjsubid
        FROM folded AS f
        LEFT JOIN unnest(p_ids) AS exact
            ON exact.classid = f.classid AND exact.objid = f.objid AND exact.objsubid = f.objsubid
        LEFT JOIN target AS t
            ON t.classid = f.refclassid AND t.objid = f.refobjid AND t.objsubid = f.refobjsubid
        WHERE (exact.objid IS NOT NULL OR f.objsubid <> 0)
          AND (t.objid IS NOT NULL OR f.refobjsubid <> 0)
    )
    SELECT n.classid, n.objid, n.objsubid, array_agg(DISTINCT t.object_id ORDER BY t.object_id)
    FROM anchored AS n
    JOIN target AS t ON t.classid = n.refclassid AND t.objid = n.refobjid AND t.objsubid = n.refobjsubid
    WHERE (n.classid, n.objid, n.objsubid) <> (n.refclassid, n.refobjid, n.refobjsubid)
    GROUP BY n.classid, n.objid, n.objsubid;
END;
$$;
COMMENT ON FUNCTION _pggit.reread_needs(integer, _pggit.identified[], _pggit.known_identity[]) IS $$
What the objects that were read again need, as _pggit.read_edges finds it for all.
p_old: what the worktree's known objects are without.
p_ids: the identities of what was read again.
$$;

CREATE OR REPLACE FUNCTION _pggit.known_versions(p_worktree_id integer, p_addresses _pggit.catalog_address[])
RETURNS _pggit.identified[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(k.classid, k.objid, k.objsubid, ROW(
            b.object_id, b.kind, b.parent_id, b.schema_name, b.table_name, b.name, b.signature, b.attrs, b.deps
        )::_pggit.object)::_pggit.identified
        FROM unnest(p_addresses) AS a
        CROSS JOIN LATERAL (
            SELECT o.classid, o.objid, o.objsubid, o.hash
            FROM _pggit.worktree_objects AS o
            WHERE o.worktree_id = p_worktree_id AND o.classid = a.classid AND o.objid = a.objid
            OFFSET 0
        ) AS k
        JOIN _pggit.blobs AS b ON b.hash = k.hash);
END;
$$;
COMMENT ON FUNCTION _pggit.known_versions(integer, _pggit.catalog_address[]) IS $$
Objects and their columns as an anchor's state has them; nothing for those that it lacks.
$$;

CREATE OR REPLACE FUNCTION _pggit.rarer_addresses(p_worktree_id integer)
RETURNS SETOF _pggit.catalog_address
LANGUAGE sql
STABLE
PARALLEL SAFE
ROWS 10
BEGIN ATOMIC
    -- From one catalog to the next along the primary key.
    WITH RECURSIVE class(classid) AS (
        SELECT min(k.classid) FROM _pggit.worktree_objects AS k WHERE k.worktree_id = p_worktree_id
        UNION ALL
        SELECT (
            SELECT min(k.classid)
            FROM _pggit.worktree_objects AS k
            WHERE k.worktree_id = p_worktree_id AND k.classid > c.classid)
        FROM class AS c
        WHERE c.classid IS NOT NULL
    )
    SELECT DISTINCT k.classid, k.objid
    FROM class AS c
    CROSS JOIN LATERAL (
        SELECT o.classid, o.objid
        FROM _pggit.worktree_objects AS o
        WHERE o.worktree_id = p_worktree_id AND o.classid = c.classid
        OFFSET 0
    ) AS k
    WHERE c.classid NOT IN (
        'pg_class'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass,
        'pg_rewrite'::regclass, 'pg_proc'::regclass, 'pg_type'::regclass);
END;
COMMENT ON FUNCTION _pggit.rarer_addresses(integer) IS $$
The known objects of the kinds that _pggit.read_rows reads always.
$$;

CREATE OR REPLACE FUNCTION _pggit.lost_dependents(p_worktree_id integer, p_gone _pggit.catalog_address[])
RETURNS SETOF _pggit.catalog_address
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_ids uuid[] := ARRAY(
        SELECT k.object_id
        FROM unnest(p_gone) AS g
        JOIN _pggit.worktree_objects AS k
            ON k.worktree_id = p_worktree_id AND k.classid = g.classid AND k.objid = g.objid);
BEGIN
    -- A key that lost a partition, say, is no longer where pg_depend could lead to it.
    RETURN QUERY
    SELECT DISTINCT k.classid, k.objid
    FROM _pggit.worktree_objects AS k
    JOIN _pggit.blobs AS b ON b.hash = k.hash
    WHERE k.worktree_id = p_worktree_id
      AND (b.deps && v_ids OR b.kind = 'index' AND b.attrs ? 'holds_keys');
END;
$$;
COMMENT ON FUNCTION _pggit.lost_dependents(integer, _pggit.catalog_address[]) IS $$
The known objects that depended on what is gone.
$$;

CREATE OR REPLACE FUNCTION _pggit.known_identities(p_worktree_id integer, p_addresses _pggit.catalog_address[], p_ids uuid[])
RETURNS _pggit.known_identity[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT ROW(k.classid, k.objid, k.objsubid, k.object_id)::_pggit.known_identity
        FROM unnest(p_addresses) AS a
        -- OFFSET 0: from the address on, by the primary key, whatever the statistics say
        CROSS JOIN LATERAL (
            SELECT o.classid, o.objid, o.objsubid, o.object_id
            FROM _pggit.worktree_objects AS o
            WHERE o.worktree_id = p_worktree_id AND o.classid = a.classid AND o.objid = a.objid AND o.objsubid = 0
            OFFSET 0
        ) AS k
        UNION ALL
        SELECT ROW(k.classid, k.objid, k.objsubid, k.object_id)::_pggit.known_identity
        FROM unnest(p_ids) AS i(object_id)
        CROSS JOIN LATERAL (
            SELECT o.classid, o.objid, o.objsubid, o.object_id
            FROM _pggit.worktree_objects AS o
            WHERE o.worktree_id = p_worktree_id AND o.object_id = i.object_id
            OFFSET 0
        ) AS k);
END;
$$;
COMMENT ON FUNCTION _pggit.known_identities(integer, _pggit.catalog_address[], uuid[]) IS $$
What a worktree knows of some whole objects by address, and of some by identity.
$$;

CREATE OR REPLACE FUNCTION _pggit.reread_identities(
    p_worktree_id integer,
    p_rows _pggit.catalog_row[],
    p_old _pggit.identified[],
    p_expected _pggit.object[]
)
RETURNS _pggit.known_identity[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
    v_known   _pggit.known_identity[];
    v_parents _pggit.known_identity[];
    v_ids     _pggit.known_identity[];
    v_taken   _pggit.known_identity[];
BEGIN
    v_known := ARRAY(
        SELECT ROW(o.classid, o.objid, o.objsubid, (o.object).object_id)::_pggit.known_identity
        FROM unnest(p_old) AS o
        JOIN unnest(p_rows) AS r ON r.classid = o.classid AND r.objid = o.objid AND r.objsubid = o.objsubid);
    v_parents := _pggit.known_identities(p_worktree_id, ARRAY(
        SELECT ROW(r.parent_classid, r.parent_objid)::_pggit.catalog_address FROM unnest(p_rows) AS r
        EXCEPT
        SELECT ROW(r.classid, r.objid)::_pggit.catalog_address FROM unnest(p_rows) AS r
        EXCEPT
        SELECT ROW(o.classid, o.objid)::_pggit.catalog_address FROM unnest(p_old) AS o), NULL);
    LOOP
        v_ids := v_parents;
        FOR v_level IN 1 .. 3 LOOP
            EXIT WHEN cardinality(v_ids) = cardinality(v_parents) + cardinality(p_rows);
            v_ids := _pggit.assign_level(p_rows, v_ids, v_known, p_expected, v_level);
        END LOOP;
        -- A new identity may be that of an object that was not read again: one that was renamed since it got it.
        v_taken := _pggit.known_identities(p_worktree_id, NULL, ARRAY(
            SELECT i.object_id FROM unnest(v_ids) AS i
            EXCEPT
            SELECT k.object_id FROM unnest(v_known || v_parents) AS k
            EXCEPT
            SELECT e.object_id FROM unnest(p_expected) AS e));
        EXIT WHEN v_taken = '{}';
        v_known := v_known || v_taken;
    END LOOP;
    RETURN v_ids;
END;
$$;
COMMENT ON FUNCTION _pggit.reread_identities(
    integer, _pggit.catalog_row[], _pggit.identified[], _pggit.object[]
) IS $$
Identities for rows that were read again and for their parents, as _pggit.identify gives them to all.
p_old: the known objects to which the rows are what became of them.
p_expected: objects that stand nowhere, to pair with by path.
$$;

CREATE OR REPLACE FUNCTION _pggit.reread_objects(
    p_worktree_id integer,
    p_rows _pggit.catalog_row[],
    p_old _pggit.identified[],
    p_expected _pggit.object[]
)
RETURNS _pggit.identified[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = off
SET jit = off
AS $$
DECLARE
    v_all _pggit.known_identity[] := _pggit.reread_identities(p_worktree_id, p_rows, p_old, p_expected);
    v_ids _pggit.known_identity[] := ARRAY(
        SELECT i
        FROM unnest(v_all) AS i
        JOIN unnest(p_rows) AS r ON r.classid = i.classid AND r.objid = i.objid AND r.objsubid = i.objsubid);
BEGIN
    RETURN ARRAY(
        SELECT ROW(r.classid, r.objid, r.objsubid, ROW(
            i.object_id, r.kind, p.object_id, r.schema_name, r.table_name, r.name, r.signature, r.attrs,
            coalesce(array_remove(n.deps, p.object_id), '{}')
        )::_pggit.object)::_pggit.identified
        FROM unnest(p_rows) AS r
        JOIN unnest(v_ids) AS i ON i.classid = r.classid AND i.objid = r.objid AND i.objsubid = r.objsubid
        LEFT JOIN unnest(v_all) AS p
            ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0
        LEFT JOIN _pggit.reread_needs(p_worktree_id, p_old, v_ids) AS n
            ON n.classid = r.classid AND n.objid = r.objid AND n.objsubid = r.objsubid);
END;
$$;
COMMENT ON FUNCTION _pggit.reread_objects(
    integer, _pggit.catalog_row[], _pggit.identified[], _pggit.object[]
) IS $$
Rows that were read again to objects.
p_old, p_expected: as in _pggit.reread_identities.
$$;

CREATE OR REPLACE FUNCTION _pggit.shadowed_addresses(
    p_logical name[],
    p_live name[],
    p_rows _pggit.catalog_row[],
    p_old _pggit.identified[]
)
RETURNS SETOF _pggit.catalog_address
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
    v_names text[] := ARRAY(
        WITH before AS (
            SELECT (o.object).schema_name, (o.object).name, (o.object).signature, (o.object).attrs->'arguments' AS arguments
            FROM unnest(p_old) AS o
            WHERE o.classid = 'pg_proc'::regclass
        ), after AS (
            SELECT r.schema_name, r.name, r.signature, r.attrs->'arguments' AS arguments
            FROM unnest(p_rows) AS r
            WHERE r.classid = 'pg_proc'::regclass
        )
        SELECT c.name
        FROM (
            (SELECT * FROM before EXCEPT SELECT * FROM after) UNION ALL (SELECT * FROM after EXCEPT SELECT * FROM before)
        ) AS c);
BEGIN
    RETURN QUERY
    SELECT 'pg_proc'::regclass::oid, p.oid
    FROM unnest(v_names) AS n(name)
    JOIN pg_proc AS p ON p.proname = n.name::name
    JOIN pg_namespace AS s ON s.oid = p.pronamespace
    WHERE s.nspname = 'pg_catalog' OR s.nspname = ANY (p_logical || p_live);
END;
$$;
COMMENT ON FUNCTION _pggit.shadowed_addresses(name[], name[], _pggit.catalog_row[], _pggit.identified[]) IS $$
The routines that share a name with a changed one: whether a call prints with its schema depends on them all.
$$;

CREATE OR REPLACE FUNCTION _pggit.hides_names(
    p_logical name[],
    p_live name[],
    p_rows _pggit.catalog_row[],
    p_old _pggit.identified[]
)
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    -- Only a worktree whose path leads on to live schemas, for the sake of extensions there, has names that another can hide.
    RETURN EXISTS (
        WITH before AS (
            SELECT (o.object).schema_name, (o.object).name FROM unnest(p_old) AS o WHERE o.objsubid = 0
        ), after AS (
            SELECT r.schema_name, r.name FROM unnest(p_rows) AS r WHERE r.objsubid = 0
        ), changed AS (
            (SELECT * FROM before EXCEPT SELECT * FROM after) UNION ALL (SELECT * FROM after EXCEPT SELECT * FROM before)
        )
        SELECT
        FROM _pggit.read_scope(p_logical, p_live) AS s
        JOIN pg_namespace AS n ON n.nspname = s.logical
        JOIN changed AS c ON c.schema_name = s.logical
        WHERE s.path <> quote_ident(s.live) || ', pg_temp'
          AND (EXISTS (SELECT FROM pg_class AS r WHERE r.relname = c.name::name AND r.relnamespace = n.oid)
              OR EXISTS (SELECT FROM pg_type AS r WHERE r.typname = c.name::name AND r.typnamespace = n.oid)
              OR EXISTS (SELECT FROM pg_proc AS r WHERE r.proname = c.name::name AND r.pronamespace = n.oid)));
END;
$$;
COMMENT ON FUNCTION _pggit.hides_names(name[], name[], _pggit.catalog_row[], _pggit.identified[]) IS $$
Whether a name came or went that hides one of another schema, so that anything may print otherwise.
$$;

CREATE OR REPLACE FUNCTION _pggit.touches_system(p_addresses _pggit.catalog_address[])
RETURNS boolean
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
AS $$
BEGIN
    RETURN EXISTS (
        SELECT
        FROM unnest(p_addresses) AS a
        LEFT JOIN pg_class AS c ON c.oid = a.objid AND a.classid = 'pg_class'::regclass
        LEFT JOIN pg_type AS t ON t.oid = a.objid AND a.classid = 'pg_type'::regclass
        LEFT JOIN pg_proc AS p ON p.oid = a.objid AND a.classid = 'pg_proc'::regclass
        WHERE coalesce(c.relnamespace, t.typnamespace, p.pronamespace) = 'pg_catalog'::regnamespace);
END;
$$;
COMMENT ON FUNCTION _pggit.touches_system(_pggit.catalog_address[]) IS $$
Whether an object of pg_catalog is among some, on which anything may rest without saying so in pg_depend.
$$;

CREATE OR REPLACE FUNCTION _pggit.reread_again(
    p_worktree_id integer,
    p_touched _pggit.catalog_address[],
    p_apart _pggit.object[],
    p_extra uuid[]
)
RETURNS _pggit.rereading
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_logical  name[] := _pggit.tracked_schemas();
    v_live     name[] := _pggit.live_schemas(p_worktree_id);
    v_touched  _pggit.catalog_address[] := p_touched;
    v_shadowed _pggit.catalog_address[];
    v_free     _pggit.object[];
    v_rows     _pggit.catalog_row[];
    v_result   _pggit.rereading;
BEGIN
    LOOP
        v_touched := _pggit.with_dependents(v_touched);
        v_rows := ARRAY(SELECT r FROM _pggit.read_rows(v_logical, v_live, v_touched) AS r);
        v_result.old := _pggit.known_versions(p_worktree_id, ARRAY(
            SELECT t FROM unnest(v_touched) AS t
            UNION
            SELECT ROW(r.classid, r.objid)::_pggit.catalog_address FROM unnest(v_rows) AS r
            UNION
            SELECT a FROM _pggit.rarer_addresses(p_worktree_id) AS a));
        v_shadowed := ARRAY(
            SELECT s FROM _pggit.shadowed_addresses(v_logical, v_live, v_rows, v_result.old) AS s
            EXCEPT
            SELECT t FROM unnest(v_touched) AS t);
        EXIT WHEN v_shadowed = '{}';
        IF _pggit.touches_system(v_shadowed) THEN
            RETURN v_result;
        END IF;
        v_touched := v_touched || v_shadowed;
    END LOOP;
    IF _pggit.hides_names(v_logical, v_live, v_rows, v_result.old) THEN
        RETURN v_result;
    END IF;
    v_free := ARRAY(
        SELECT coalesce(a, o.object)
        FROM unnest(v_result.old) AS o
        LEFT JOIN unnest(p_apart) AS a ON a.object_id = (o.object).object_id
        LEFT JOIN unnest(v_rows) AS r ON r.classid = o.classid AND r.objid = o.objid AND r.objsubid = o.objsubid
        WHERE r.objid IS NULL
          AND (o.object).object_id <> ALL (p_extra)
        UNION ALL
        SELECT a
        FROM unnest(p_apart) AS a
        WHERE NOT EXISTS (SELECT FROM _pggit.worktree_objects AS k
            WHERE k.worktree_id = p_worktree_id AND k.object_id = a.object_id));
    v_result.new := _pggit.with_logical_owners(
        p_worktree_id, _pggit.reread_objects(p_worktree_id, v_rows, v_result.old, v_free), ARRAY(
            SELECT coalesce(a, o.object)
            FROM unnest(v_result.old) AS o
            FULL JOIN unnest(p_apart) AS a ON a.object_id = (o.object).object_id
            WHERE a.object_id IS NOT NULL OR (o.object).object_id <> ALL (p_extra)));
    v_result.tree_hash := (SELECT a.tree_hash FROM _pggit.worktree_anchors AS a WHERE a.worktree_id = p_worktree_id);
    RETURN v_result;
END;
$$;
COMMENT ON FUNCTION _pggit.reread_again(integer, _pggit.catalog_address[], _pggit.object[], uuid[]) IS $$
The second half of _pggit.reread_worktree.
p_touched: the objects that changed.
p_apart, p_extra: what the commit to pair with has otherwise than the anchor, and what it lacks.
$$;

CREATE OR REPLACE FUNCTION _pggit.reread_worktree(p_worktree_id integer, p_commit_id integer)
RETURNS _pggit.rereading
LANGUAGE plpgsql
VOLATILE
PARALLEL UNSAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
AS $$
DECLARE
    -- Beyond so many changed objects a whole reading is the cheaper one.
    c_limit   CONSTANT integer := 3000;
    v_anchor  _pggit.worktree_anchors;
    v_tree    bytea := _pggit.commit_tree(p_commit_id);
    v_gone    _pggit.catalog_address[];
    v_touched _pggit.catalog_address[];
    v_apart   _pggit.object[] := '{}'::_pggit.object[];
    v_extra   uuid[] := '{}'::uuid[];
    v_result  _pggit.rereading;
BEGIN
    SELECT a.* INTO v_anchor FROM _pggit.find_anchor(p_worktree_id) AS a;
    IF v_anchor.tree_hash IS NULL THEN
        RETURN v_result;
    END IF;
    v_gone := ARRAY(SELECT g FROM _pggit.gone_addresses(p_worktree_id) AS g);
    v_touched := v_gone || ARRAY(SELECT c FROM _pggit.changed_addresses(age(v_anchor.horizon::xid)) AS c);
    IF cardinality(v_touched) > c_limit THEN
        v_touched := _pggit.without_other_worktrees(p_worktree_id, v_touched);
    END IF;
    IF cardinality(v_touched) > c_limit OR _pggit.touches_system(v_touched) THEN
        RETURN v_result;
    END IF;
    IF v_gone <> '{}' THEN
        v_touched := v_touched || ARRAY(SELECT l FROM _pggit.lost_dependents(p_worktree_id, v_gone) AS l);
    END IF;
    IF v_tree <> v_anchor.tree_hash THEN
        -- What stands apart between the anchor and the commit pairs by path with what is free, and keeps the commit's owner.
        v_apart := ARRAY(SELECT t.old_object FROM _pggit.tree_changes(v_tree, v_anchor.tree_hash) AS t
            WHERE (t.old_object).object_id IS NOT NULL);
        v_extra := ARRAY(SELECT (t.new_object).object_id FROM _pggit.tree_changes(v_tree, v_anchor.tree_hash) AS t
            WHERE (t.old_object).object_id IS NULL);
        IF EXISTS (SELECT FROM _pggit.worktrees AS w WHERE w.worktree_id = p_worktree_id AND w.owner_name IS NOT NULL) THEN
            v_touched := v_touched || ARRAY(
                SELECT ROW(k.classid, k.objid)::_pggit.catalog_address
                FROM _pggit.tree_changes(v_tree, v_anchor.tree_hash) AS t
                JOIN _pggit.worktree_objects AS k
                    ON k.worktree_id = p_worktree_id AND k.object_id = (t.new_object).object_id);
        END IF;
    END IF;
    RETURN _pggit.reread_again(p_worktree_id, v_touched, v_apart, v_extra);
END;
$$;
COMMENT ON FUNCTION _pggit.reread_worktree(integer, integer) IS $$
What changed in a worktree since the state that its anchor describes; equal to what a whole reading would give.
p_commit_id: the commit with whose objects it pairs by path where no address is known, and whose owners it keeps.
Returns: tree_hash is NULL where there is no valid anchor, or so much changed that a whole reading is better.
$$;
