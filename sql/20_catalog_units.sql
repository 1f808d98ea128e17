-- Catalog, units: reads some relations and routines with their parts, for a comparison that knows where two databases differ.

-- == relations ==

-- A relation or a routine by its path: kind is relation or routine.
CREATE TYPE _pggit.catalog_unit AS (
    kind        text,
    schema_name text,
    name        text,
    signature   text
);

-- == routines ==
CREATE OR REPLACE FUNCTION _pggit.find_units(p_units _pggit.catalog_unit[])
RETURNS SETOF _pggit.catalog_address
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
AS $$
BEGIN
    RETURN QUERY
    SELECT 'pg_class'::regclass::oid, c.oid
    FROM unnest(p_units) AS u
    JOIN pg_namespace AS n ON n.nspname = u.schema_name::name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = u.name::name
    WHERE u.kind = 'relation'
    UNION ALL
    SELECT 'pg_proc'::regclass, p.oid
    FROM unnest(p_units) AS u
    JOIN pg_namespace AS n ON n.nspname = u.schema_name::name
    JOIN pg_proc AS p ON p.pronamespace = n.oid AND p.proname = u.name::name
    WHERE u.kind = 'routine' AND pg_get_function_identity_arguments(p.oid) = u.signature;
END;
$$;
COMMENT ON FUNCTION _pggit.find_units(_pggit.catalog_unit[]) IS $$
Where the catalog keeps some relations and routines, as far as there are such.
$$;

CREATE OR REPLACE FUNCTION _pggit.units_of(p_addresses _pggit.catalog_address[])
RETURNS SETOF _pggit.catalog_unit
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET plan_cache_mode = force_generic_plan
SET jit = off
SET enable_seqscan = off
AS $$
BEGIN
    RETURN QUERY
    WITH relation AS (
        SELECT coalesce(i.indrelid, c.oid) AS oid
        FROM unnest(p_addresses) AS a
        JOIN pg_class AS c ON c.oid = a.objid
        LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
        WHERE a.classid = 'pg_class'::regclass
        UNION
        SELECT k.conrelid
        FROM unnest(p_addresses) AS a JOIN pg_constraint AS k ON k.oid = a.objid WHERE a.classid = 'pg_constraint'::regclass
        UNION
        SELECT d.adrelid
        FROM unnest(p_addresses) AS a JOIN pg_attrdef AS d ON d.oid = a.objid WHERE a.classid = 'pg_attrdef'::regclass
        UNION
        SELECT w.ev_class
        FROM unnest(p_addresses) AS a JOIN pg_rewrite AS w ON w.oid = a.objid WHERE a.classid = 'pg_rewrite'::regclass
        UNION
        SELECT t.tgrelid
        FROM unnest(p_addresses) AS a JOIN pg_trigger AS t ON t.oid = a.objid WHERE a.classid = 'pg_trigger'::regclass
        UNION
        SELECT p.polrelid
        FROM unnest(p_addresses) AS a JOIN pg_policy AS p ON p.oid = a.objid WHERE a.classid = 'pg_policy'::regclass
    )
    SELECT 'relation', n.nspname::text, c.relname::text, NULL::text
    FROM relation AS r
    JOIN pg_class AS c ON c.oid = r.oid
    JOIN pg_namespace AS n ON n.oid = c.relnamespace
    UNION
    SELECT 'routine', n.nspname::text, p.proname::text, pg_get_function_identity_arguments(p.oid)
    FROM unnest(p_addresses) AS a
    JOIN pg_proc AS p ON p.oid = a.objid
    JOIN pg_namespace AS n ON n.oid = p.pronamespace
    WHERE a.classid = 'pg_proc'::regclass;
END;
$$;
COMMENT ON FUNCTION _pggit.units_of(_pggit.catalog_address[]) IS $$
The relations and routines that some objects are or lie in.
$$;

CREATE OR REPLACE FUNCTION _pggit.tied_units(p_units _pggit.catalog_unit[], p_needed _pggit.object[])
RETURNS SETOF _pggit.catalog_unit
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
    v_addresses  _pggit.catalog_address[] := ARRAY(SELECT f FROM _pggit.find_units(p_units) AS f);
    v_dependents _pggit.catalog_address[];
BEGIN
    v_dependents := ARRAY(SELECT a FROM _pggit.find_objects(p_needed) AS a);
    IF v_dependents <> '{}' THEN
        v_dependents := _pggit.with_dependents(v_dependents);
    END IF;
    RETURN QUERY
    WITH RECURSIVE above(oid) AS (
        SELECT a.objid FROM unnest(v_addresses) AS a WHERE a.classid = 'pg_class'::regclass
        UNION
        SELECT h.inhparent FROM above AS v JOIN pg_inherits AS h ON h.inhrelid = v.oid
    ), below(oid) AS (
        SELECT a.objid FROM unnest(v_addresses) AS a WHERE a.classid = 'pg_class'::regclass
        UNION
        SELECT h.inhrelid FROM below AS v JOIN pg_inherits AS h ON h.inhparent = v.oid
    ), tied AS (
        SELECT 'pg_class'::regclass::oid AS classid, v.oid AS objid FROM above AS v
        UNION
        SELECT 'pg_class'::regclass, v.oid FROM below AS v
        UNION
        -- a sequence and the table of the column that owns it
        SELECT 'pg_class'::regclass, o.objid
        FROM unnest(v_addresses) AS a
        JOIN pg_depend AS d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = a.objid
            AND d.classid = 'pg_class'::regclass AND d.deptype = 'a'
        CROSS JOIN LATERAL (VALUES (d.objid)) AS o(objid)
        WHERE a.classid = 'pg_class'::regclass
        UNION
        SELECT 'pg_class'::regclass, d.refobjid
        FROM unnest(v_addresses) AS a
        JOIN pg_depend AS d ON d.classid = 'pg_class'::regclass AND d.objid = a.objid
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        WHERE a.classid = 'pg_class'::regclass
        UNION
        SELECT v.classid, v.objid FROM unnest(v_dependents) AS v
        UNION
        -- PostgreSQL gives another name to a NOT NULL when the one it would give is taken in the schema
        SELECT 'pg_class'::regclass, o.conrelid
        FROM unnest(v_addresses) AS a
        JOIN pg_constraint AS k ON k.conrelid = a.objid AND k.contype = 'n'
        JOIN pg_constraint AS o ON o.conname = k.conname AND o.connamespace = k.connamespace AND o.conrelid <> k.conrelid
        WHERE a.classid = 'pg_class'::regclass AND o.contype = 'n'
    )
    SELECT u.* FROM _pggit.units_of(ARRAY(
        SELECT ROW(t.classid, t.objid)::_pggit.catalog_address FROM tied AS t WHERE t.objid <> 0)) AS u
    EXCEPT
    SELECT u.* FROM unnest(p_units) AS u;
END;
$$;
COMMENT ON FUNCTION _pggit.tied_units(_pggit.catalog_unit[], _pggit.object[]) IS $$
What a plan for some units has to know besides: their heirs and the tables they inherit from, sequences and their owners, and what
depends on the objects that the plan takes away or makes anew.
$$;

CREATE OR REPLACE FUNCTION _pggit.find_objects(p_objects _pggit.object[])
RETURNS SETOF _pggit.catalog_address
LANGUAGE plpgsql
STABLE
PARALLEL SAFE
ROWS 100
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
BEGIN
    RETURN QUERY
    WITH wanted AS MATERIALIZED (
        SELECT o.kind, o.name::name AS name, n.oid AS nspoid, c.oid AS relid, t.oid AS typid, o.signature
        FROM unnest(p_objects) AS o
        JOIN pg_namespace AS n ON n.nspname = o.schema_name::name
        LEFT JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = coalesce(o.table_name, o.name)::name
        LEFT JOIN pg_type AS t ON t.typnamespace = n.oid AND t.typname = coalesce(o.table_name, o.name)::name
    )
    -- of a column that goes or changes, all that depends on its table: more than needed, not less
    SELECT 'pg_class'::regclass::oid, w.relid FROM wanted AS w
    WHERE w.relid IS NOT NULL AND w.kind NOT IN ('constraint', 'index', 'trigger', 'policy', 'rule')
    UNION
    SELECT 'pg_type'::regclass, w.typid FROM wanted AS w WHERE w.typid IS NOT NULL
    UNION
    SELECT v.classid, v.objid
    FROM wanted AS w
    JOIN pg_constraint AS k ON k.conrelid = w.relid AND k.conname = w.name
    CROSS JOIN LATERAL (VALUES ('pg_constraint'::regclass, k.oid), ('pg_class', k.conindid)) AS v(classid, objid)
    WHERE w.kind = 'constraint' AND v.objid <> 0
    UNION
    SELECT 'pg_class'::regclass, c.oid
    FROM wanted AS w
    JOIN pg_class AS c ON c.relnamespace = w.nspoid AND c.relname = w.name
    WHERE w.kind = 'index'
    UNION
    SELECT 'pg_proc'::regclass, p.oid
    FROM wanted AS w
    JOIN pg_proc AS p ON p.pronamespace = w.nspoid AND p.proname = w.name
    WHERE w.kind IN ('function', 'procedure', 'aggregate')
    UNION
    SELECT 'pg_collation'::regclass, c.oid
    FROM wanted AS w
    JOIN pg_collation AS c ON c.collnamespace = w.nspoid AND c.collname = w.name
    WHERE w.kind = 'collation'
    UNION
    SELECT 'pg_operator'::regclass, o.oid
    FROM wanted AS w
    JOIN pg_operator AS o ON o.oprnamespace = w.nspoid AND o.oprname = w.name
    WHERE w.kind = 'operator'
    UNION
    SELECT 'pg_opclass'::regclass, o.oid
    FROM wanted AS w
    JOIN pg_opclass AS o ON o.opcnamespace = w.nspoid AND o.opcname = w.name
    WHERE w.kind = 'operator_class'
    UNION
    SELECT 'pg_opfamily'::regclass, o.oid
    FROM wanted AS w
    JOIN pg_opfamily AS o ON o.opfnamespace = w.nspoid AND o.opfname = w.name
    WHERE w.kind = 'operator_family'
    UNION
    SELECT 'pg_ts_config'::regclass, t.oid
    FROM wanted AS w
    JOIN pg_ts_config AS t ON t.cfgnamespace = w.nspoid AND t.cfgname = w.name
    WHERE w.kind = 'text_search_configuration';
END;
$$;
COMMENT ON FUNCTION _pggit.find_objects(_pggit.object[]) IS $$
Where the catalog keeps some objects, as far as it has them; for a part of a table that much may depend on, the table.
$$;

CREATE OR REPLACE FUNCTION _pggit.read_units(p_schemas name[], p_units _pggit.catalog_unit[])
RETURNS SETOF _pggit.object
LANGUAGE plpgsql
VOLATILE
ROWS 1000
SET search_path = pg_catalog, pggit, _pggit, pg_temp
SET jit = off
AS $$
DECLARE
    v_units _pggit.catalog_address[] := ARRAY(SELECT f FROM _pggit.find_units(p_units) AS f);
    v_parts _pggit.catalog_address[];
    v_rows  _pggit.catalog_row[];
    v_ids   _pggit.known_identity[] := '{}'::_pggit.known_identity[];
BEGIN
    v_parts := ARRAY(
        SELECT ROW(p.classid, p.objid)::_pggit.catalog_address
        FROM unnest(v_units) AS u
        CROSS JOIN LATERAL (
            SELECT 'pg_constraint'::regclass::oid AS classid, k.oid AS objid FROM pg_constraint AS k WHERE k.conrelid = u.objid
            UNION ALL
            SELECT 'pg_class'::regclass, i.indexrelid FROM pg_index AS i WHERE i.indrelid = u.objid
            UNION ALL
            SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger AS t WHERE t.tgrelid = u.objid
            UNION ALL
            SELECT 'pg_policy'::regclass, y.oid FROM pg_policy AS y WHERE y.polrelid = u.objid
            UNION ALL
            SELECT 'pg_rewrite'::regclass, w.oid FROM pg_rewrite AS w WHERE w.ev_class = u.objid
        ) AS p
        WHERE u.classid = 'pg_class'::regclass
        UNION ALL
        -- types are few, and columns everywhere may need them
        SELECT ROW('pg_type'::regclass, t.oid)::_pggit.catalog_address
        FROM pg_namespace AS n
        JOIN pg_type AS t ON t.typnamespace = n.oid AND t.typtype IN ('e', 'd', 'r', 'c')
        WHERE n.nspname = ANY (p_schemas)
        UNION ALL
        SELECT ROW('pg_constraint'::regclass, k.oid)::_pggit.catalog_address
        FROM pg_namespace AS n
        JOIN pg_constraint AS k ON k.connamespace = n.oid AND k.contypid <> 0
        WHERE n.nspname = ANY (p_schemas));
    v_rows := ARRAY(SELECT r FROM _pggit.read_rows(p_schemas, p_schemas, v_units || v_parts) AS r);
    FOR v_level IN 1 .. 3 LOOP
        v_ids := _pggit.assign_level(v_rows, v_ids, ARRAY[]::_pggit.known_identity[], ARRAY[]::_pggit.object[], v_level);
    END LOOP;
    RETURN QUERY
    SELECT i.object_id, r.kind, p.object_id, r.schema_name, r.table_name, r.name, r.signature, r.attrs,
        coalesce(array_remove(n.deps, p.object_id), '{}')
    FROM unnest(v_rows) AS r
    JOIN unnest(v_ids) AS i ON i.classid = r.classid AND i.objid = r.objid AND i.objsubid = r.objsubid
    LEFT JOIN unnest(v_ids) AS p ON p.classid = r.parent_classid AND p.objid = r.parent_objid AND p.objsubid = 0
    LEFT JOIN _pggit.read_few_edges(v_ids) AS n ON n.classid = r.classid AND n.objid = r.objid AND n.objsubid = r.objsubid;
END;
$$;
COMMENT ON FUNCTION _pggit.read_units(name[], _pggit.catalog_unit[]) IS $$
Some relations and routines with their parts, and all types and objects of the rarer kinds, as objects paired by path.
$$;
