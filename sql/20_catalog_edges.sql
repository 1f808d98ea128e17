-- Catalog, edges: the dependencies of a few objects, found from them on by index instead of by reading all of pg_depend.

-- == relations ==

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.with_dependents(p_addresses _pggit.catalog_address[])
RETURNS _pggit.catalog_address[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
BEGIN
    -- Objects whole: a view lists the columns of its tables anew when any of them changes.
    RETURN ARRAY(
        WITH RECURSIVE reached(classid, objid) AS (
            SELECT a.classid, a.objid FROM unnest(p_addresses) AS a
            UNION
            SELECT n.classid, n.objid
            FROM reached AS r
            CROSS JOIN LATERAL (
                SELECT d.classid, d.objid
                FROM pg_depend AS d
                WHERE d.refclassid = r.classid AND d.refobjid = r.objid
                UNION ALL
                -- and up again to what an inner object belongs to: a rule to its view, an index to its constraint
                SELECT d.refclassid, d.refobjid
                FROM pg_depend AS d
                WHERE d.classid = r.classid AND d.objid = r.objid AND d.deptype IN ('i', 'P')
                UNION ALL
                SELECT 'pg_class'::regclass, e.adrelid
                FROM pg_attrdef AS e
                WHERE r.classid = 'pg_attrdef'::regclass AND e.oid = r.objid
            ) AS n
        )
        SELECT ROW(r.classid, r.objid)::_pggit.catalog_address FROM reached AS r);
END;
$$;
COMMENT ON FUNCTION _pggit.with_dependents(_pggit.catalog_address[]) IS $$
Objects with all that depends on them, however indirectly, and so may print otherwise when they change.
$$;

CREATE OR REPLACE FUNCTION _pggit.inner_objects(p_addresses _pggit.catalog_address[])
RETURNS TABLE (classid oid, objid oid, to_classid oid, to_objid oid, to_objsubid integer)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 20
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE relation(oid) AS MATERIALIZED (
        SELECT a.objid FROM unnest(p_addresses) AS a WHERE a.classid = 'pg_class'::regclass
    ), type(oid) AS MATERIALIZED (
        SELECT a.objid FROM unnest(p_addresses) AS a WHERE a.classid = 'pg_type'::regclass
    ), con(oid) AS MATERIALIZED (
        SELECT a.objid FROM unnest(p_addresses) AS a WHERE a.classid = 'pg_constraint'::regclass
    ), copied(conid, root) AS (
        -- OFFSET 0: from the parent on, by index; without statistics all constraints would be held against all of these
        SELECT k.oid, r.oid
        FROM con AS r
        CROSS JOIN LATERAL (
            SELECT x.oid FROM pg_constraint AS x WHERE x.conparentid = r.oid AND x.contype = 'f' OFFSET 0) AS k
        UNION ALL
        SELECT k.oid, c.root
        FROM copied AS c
        CROSS JOIN LATERAL (SELECT x.oid FROM pg_constraint AS x WHERE x.conparentid = c.conid OFFSET 0) AS k
    )
    SELECT 'pg_attrdef'::regclass::oid, d.oid, 'pg_class'::regclass::oid, d.adrelid, d.adnum::integer
    FROM relation AS r
    JOIN pg_attrdef AS d ON d.adrelid = r.oid
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, 'pg_class'::regclass, w.ev_class, 0
    FROM relation AS r
    JOIN pg_rewrite AS w ON w.ev_class = r.oid AND w.rulename = '_RETURN'
    UNION ALL
    SELECT 'pg_class'::regclass, k.conindid, 'pg_constraint'::regclass, k.oid, 0
    FROM con AS r
    JOIN pg_constraint AS k ON k.oid = r.oid AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 'pg_constraint'::regclass, c.conid, 'pg_constraint'::regclass, c.root, 0
    FROM copied AS c
    UNION ALL
    SELECT 'pg_type'::regclass, v.oid, 'pg_class'::regclass, c.oid, 0
    FROM relation AS r
    JOIN pg_class AS c ON c.oid = r.oid AND c.relkind <> 'c'
    JOIN pg_type AS t ON t.oid = c.reltype
    CROSS JOIN LATERAL (VALUES (t.oid), (t.typarray)) AS v(oid)
    UNION ALL
    SELECT v.classid, v.oid, 'pg_type'::regclass, t.oid, 0
    FROM type AS r
    JOIN pg_type AS t ON t.oid = r.oid
    CROSS JOIN LATERAL (VALUES ('pg_class'::regclass, t.typrelid), ('pg_type', t.typarray)) AS v(classid, oid)
    UNION ALL
    SELECT 'pg_type'::regclass, g.rngmultitypid, 'pg_type'::regclass, g.rngtypid, 0
    FROM type AS r
    JOIN pg_range AS g ON g.rngtypid = r.oid
    UNION ALL
    SELECT m.classid, m.objid, m.refclassid, m.refobjid, 0
    FROM unnest(p_addresses) AS a
    JOIN pg_depend AS m ON m.refclassid = a.classid AND m.refobjid = a.objid AND m.deptype = 'e'
    WHERE a.classid = 'pg_extension'::regclass
    UNION ALL
    SELECT m.classid, m.objid, m.refclassid, m.refobjid, 0
    FROM unnest(p_addresses) AS a
    JOIN pg_depend AS m ON m.refclassid = a.classid AND m.refobjid = a.objid
    WHERE a.classid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
      AND m.classid IN ('pg_amop'::regclass, 'pg_amproc'::regclass)
      AND NOT EXISTS (SELECT FROM pg_amop AS o WHERE o.oid = m.objid AND o.amopsortfamily = m.refobjid)
    UNION ALL
    SELECT i.classid, i.objid, i.refclassid, i.refobjid, i.refobjsubid
    FROM relation AS r
    JOIN pg_depend AS i ON i.refclassid = 'pg_class'::regclass AND i.refobjid = r.oid AND i.refobjsubid > 0
    WHERE i.deptype = 'i'
      AND i.classid = 'pg_class'::regclass;
END;
$$;
COMMENT ON FUNCTION _pggit.inner_objects(_pggit.catalog_address[]) IS $$
What _pggit.read_aliases folds into some objects, without what counts as theirs only as what others need.
$$;

CREATE OR REPLACE FUNCTION _pggit.without_key_indexes(p_addresses _pggit.catalog_address[])
RETURNS _pggit.catalog_address[]
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
BEGIN
    RETURN ARRAY(
        SELECT a
        FROM unnest(p_addresses) AS a
        WHERE NOT EXISTS (
            SELECT
            -- OFFSET 0: by what the address itself depends on, not by all that depends on constraints
            FROM (SELECT d.* FROM pg_depend AS d WHERE d.classid = a.classid AND d.objid = a.objid OFFSET 0) AS o
            WHERE a.classid = 'pg_class'::regclass AND o.refclassid = 'pg_constraint'::regclass AND o.deptype = 'i'
        ));
END;
$$;
COMMENT ON FUNCTION _pggit.without_key_indexes(_pggit.catalog_address[]) IS $$
The addresses without indexes of constraints: what such an index needs counts as its constraint's need (_pggit.read_aliases).
$$;

CREATE OR REPLACE FUNCTION _pggit.outer_partitions(p_addresses _pggit.catalog_address[])
RETURNS TABLE (classid oid, objid oid, to_classid oid, to_objid oid, to_objsubid integer)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 20
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE relation(oid) AS MATERIALIZED (
        SELECT a.objid FROM unnest(p_addresses) AS a WHERE a.classid = 'pg_class'::regclass
    ), inherited(indexrelid, root) AS (
        SELECT h.inhrelid, h.inhparent
        FROM relation AS r
        JOIN pg_inherits AS h ON h.inhrelid = r.oid
        JOIN pg_index AS x ON x.indexrelid = h.inhrelid
        UNION ALL
        SELECT u.indexrelid, h.inhparent
        FROM inherited AS u
        JOIN pg_inherits AS h ON h.inhrelid = u.root
    ), copied(conid, root) AS (
        SELECT k.oid, k.conparentid
        FROM unnest(p_addresses) AS a
        JOIN pg_constraint AS k ON k.oid = a.objid AND k.conparentid <> 0
        WHERE a.classid = 'pg_constraint'::regclass
        UNION ALL
        SELECT c.conid, k.conparentid
        FROM copied AS c
        JOIN pg_constraint AS k ON k.oid = c.root AND k.conparentid <> 0
    )
    SELECT 'pg_constraint'::regclass::oid, c.conid, 'pg_constraint'::regclass::oid, c.root, 0
    FROM copied AS c
    UNION ALL
    SELECT
        'pg_class'::regclass, u.indexrelid,
        CASE WHEN k.oid IS NULL THEN 'pg_class'::regclass ELSE 'pg_constraint'::regclass END,
        coalesce(k.oid, u.root), 0
    FROM inherited AS u
    LEFT JOIN pg_depend AS o ON o.classid = 'pg_class'::regclass AND o.objid = u.root
        AND o.refclassid = 'pg_constraint'::regclass AND o.deptype = 'i'
    LEFT JOIN pg_constraint AS k ON k.oid = o.refobjid AND k.conindid = u.root AND k.contype IN ('p', 'u', 'x');
END;
$$;
COMMENT ON FUNCTION _pggit.outer_partitions(_pggit.catalog_address[]) IS $$
The part of _pggit.outer_objects on what partitions have from their parents.
$$;

CREATE OR REPLACE FUNCTION _pggit.outer_objects(p_addresses _pggit.catalog_address[])
RETURNS TABLE (classid oid, objid oid, to_classid oid, to_objid oid, to_objsubid integer)
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 20
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_nestloop = on
SET enable_seqscan = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    WITH relation(oid) AS MATERIALIZED (
        SELECT a.objid FROM unnest(p_addresses) AS a WHERE a.classid = 'pg_class'::regclass
    ), type(oid) AS MATERIALIZED (
        SELECT a.objid FROM unnest(p_addresses) AS a WHERE a.classid = 'pg_type'::regclass
    )
    SELECT 'pg_attrdef'::regclass::oid, d.oid, 'pg_class'::regclass::oid, d.adrelid, d.adnum::integer
    FROM unnest(p_addresses) AS a
    JOIN pg_attrdef AS d ON d.oid = a.objid
    WHERE a.classid = 'pg_attrdef'::regclass
    UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, 'pg_class'::regclass, w.ev_class, 0
    FROM unnest(p_addresses) AS a
    JOIN pg_rewrite AS w ON w.oid = a.objid AND w.rulename = '_RETURN'
    WHERE a.classid = 'pg_rewrite'::regclass
    UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 'pg_constraint'::regclass, k.oid, 0
    FROM relation AS r
    JOIN pg_depend AS o ON o.classid = 'pg_class'::regclass AND o.objid = r.oid
        AND o.refclassid = 'pg_constraint'::regclass AND o.deptype = 'i'
    JOIN pg_constraint AS k ON k.oid = o.refobjid AND k.conindid = r.oid AND k.contype IN ('p', 'u', 'x')
    UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 'pg_class'::regclass, t.typrelid, 0
    FROM type AS r
    JOIN pg_type AS t ON t.oid = r.oid
    JOIN pg_class AS c ON c.oid = t.typrelid
    WHERE c.relkind <> 'c'
    UNION ALL
    SELECT 'pg_class'::regclass, c.oid, 'pg_type'::regclass, c.reltype, 0
    FROM relation AS r
    JOIN pg_class AS c ON c.oid = r.oid
    WHERE c.relkind = 'c'
    UNION ALL
    SELECT
        'pg_type'::regclass, r.oid,
        CASE WHEN c.oid IS NULL THEN 'pg_type'::regclass ELSE 'pg_class'::regclass END, coalesce(c.oid, t.oid), 0
    FROM type AS r
    JOIN pg_type AS l ON l.oid = r.oid
    JOIN pg_type AS t ON t.oid = l.typelem AND t.typarray = l.oid
    LEFT JOIN pg_class AS c ON c.oid = t.typrelid AND c.relkind <> 'c'
    UNION ALL
    SELECT 'pg_type'::regclass, g.rngmultitypid, 'pg_type'::regclass, g.rngtypid, 0
    FROM type AS r
    JOIN pg_range AS g ON g.rngmultitypid = r.oid
    UNION ALL
    SELECT m.classid, m.objid, m.refclassid, m.refobjid, 0
    FROM unnest(p_addresses) AS a
    JOIN pg_depend AS m ON m.classid = a.classid AND m.objid = a.objid AND m.deptype = 'e'
    UNION ALL
    SELECT i.classid, i.objid, i.refclassid, i.refobjid, i.refobjsubid
    FROM relation AS r
    JOIN pg_depend AS i ON i.classid = 'pg_class'::regclass AND i.objid = r.oid
    WHERE i.deptype = 'i'
      AND i.refclassid = 'pg_class'::regclass
      AND i.refobjsubid > 0
    UNION ALL
    SELECT l.classid, l.objid, l.to_classid, l.to_objid, l.to_objsubid FROM _pggit.outer_partitions(p_addresses) AS l;
END;
$$;
COMMENT ON FUNCTION _pggit.outer_objects(_pggit.catalog_address[]) IS $$
What _pggit.read_aliases folds some catalog addresses into.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_few_edges(p_ids _pggit.known_identity[])
RETURNS TABLE (classid oid, objid oid, objsubid integer, deps uuid[])
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
AS $$
DECLARE
    v_addresses _pggit.catalog_address[] := ARRAY(
        SELECT DISTINCT ROW(i.classid, i.objid)::_pggit.catalog_address FROM unnest(p_ids) AS i);
BEGIN
    RETURN QUERY
    WITH known AS MATERIALIZED (
        SELECT i.classid, i.objid, i.objsubid, i.object_id FROM unnest(p_ids) AS i
    ), own AS MATERIALIZED (
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
        JOIN pg_depend AS d ON d.classid = o.classid AND d.objid = o.objid
        LEFT JOIN pg_class AS q ON d.classid = 'pg_class'::regclass AND q.oid = d.objid AND q.relkind = 'S'
        WHERE d.deptype IN ('n', 'a', 'i', 'x')
          AND (d.refclassid <> 'pg_namespace'::regclass OR d.classid = 'pg_extension'::regclass)
          AND NOT (d.deptype = 'a' AND d.refclassid = 'pg_class'::regclass AND d.refobjsubid > 0 AND q.oid IS NOT NULL)
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
    ), anchored AS MATERIALIZED (
        SELECT
            f.classid, f.objid, coalesce(exact.objsubid, 0) AS objsubid,
            f.refclassid, f.refobjid, coalesce(t.objsubid, 0) AS refobjsubid
        FROM folded AS f
        LEFT JOIN known AS exact ON exact.classid = f.classid AND exact.objid = f.objid AND exact.objsubid = f.objsubid
        LEFT JOIN known AS t ON t.classid = f.refclassid AND t.objid = f.refobjid AND t.objsubid = f.refobjsubid
        WHERE (exact.objid IS NOT NULL OR f.objsubid <> 0)
          AND (t.objid IS NOT NULL OR f.refobjsubid <> 0)
    )
    SELECT n.classid, n.objid, n.objsubid, array_agg(DISTINCT t.object_id ORDER BY t.object_id)
    FROM anchored AS n
    JOIN known AS t ON t.classid = n.refclassid AND t.objid = n.refobjid AND t.objsubid = n.refobjsubid
    WHERE (n.classid, n.objid, n.objsubid) <> (n.refclassid, n.refobjid, n.refobjsubid)
    GROUP BY n.classid, n.objid, n.objsubid;
END;
$$;
COMMENT ON FUNCTION _pggit.read_few_edges(_pggit.known_identity[]) IS $$
What each of some objects needs among them, as _pggit.read_edges finds it for all.
$$;
